/* web/portal/ask.c - see ask.h for the contract. */
#include "web/portal/ask.h"

#include "base/time.h"
#include "codec/ext/json.h"
#include "os/child.h"

enum { ANSWER_MAX = 4 * 1024 * 1024 };

/* {"v": number}, {"v": null, "why": "..."} and moments, as text/doc.h writes them. False: none. */
static bool put_typed(struct mm_page *p, struct mm_doc *at, const struct mm_json_doc *json,
                      const struct mm_json_item *it)
{
    const char *key = mm_arena_cstr(p->arena, it->key);
    const struct mm_json_item *value, *why;
    uint64_t v = 0;
    int64_t us;
    bool zone;

    if (it->type == MM_JSON_NULL) {
        mm_doc_null(at, key);
        return true;
    }
    if (it->type == MM_JSON_STRING) {
        if (it->text.n < MM_TIME_TEXT - 8 || !mm_slice_ends(it->text, MM_S("Z")) ||
            !mm_time_parse(it->text, 0, &us, &zone))
            return false;
        mm_doc_time(at, key, us);
        return true;
    }
    if (it->type != MM_JSON_OBJECT)
        return false;
    value = mm_json_get(json, mm_json_index(json, it), MM_S("v"));
    why = mm_json_get(json, mm_json_index(json, it), MM_S("why"));
    if (value == NULL)
        return false;
    if (value->type == MM_JSON_NUMBER && mm_slice_u64(value->text, &v) && v <= INT64_MAX)
        mm_doc_measured(at, key, (int64_t)v);
    else
        mm_doc_none(at, key,
                    why != NULL && mm_slice_eq(why->text, MM_S("not_measured")) ? "not_measured"
                                                                                : "unknown");
    return true;
}

static struct mm_doc *put_value(struct mm_page *p, struct mm_doc *at, const struct mm_json_item *it)
{
    const char *key = mm_arena_cstr(p->arena, it->key);
    uint64_t v = 0;

    switch ((enum mm_json_type)it->type) {
    case MM_JSON_OBJECT:
        return mm_doc_object(at, key);
    case MM_JSON_ARRAY:
        return mm_doc_array(at, key);
    case MM_JSON_NUMBER:
        if (mm_slice_u64(it->text, &v) && v <= INT64_MAX)
            mm_doc_int(at, key, (int64_t)v);
        break;
    case MM_JSON_STRING:
        mm_doc_text(at, key, it->text);
        break;
    case MM_JSON_TRUE:
    case MM_JSON_FALSE:
        mm_doc_bool(at, key, it->type == MM_JSON_TRUE);
        break;
    case MM_JSON_NULL:
        break;
    }
    return NULL;
}

/* A JSON document as one of ours; the parser bounds its depth and its items. */
static void put_answer(struct mm_page *p, struct mm_doc *root, const struct mm_json_doc *json,
                       bool typed)
{
    struct {
        struct mm_doc *at;
        size_t end;
    } open[MM_JSON_MAX_DEPTH + 1] = {{root, json->n}};
    size_t depth = 1;

    for (size_t i = 1; i < json->n; i++) {
        const struct mm_json_item *it = &json->item[i];
        struct mm_doc *in;

        while (depth > 1 && i >= open[depth - 1].end)
            depth--;
        if (typed && put_typed(p, open[depth - 1].at, json, it)) {
            i = it->end - 1; /* with all that it holds */
            continue;
        }
        in = put_value(p, open[depth - 1].at, it);
        if (in == NULL)
            continue;
        MM_ASSERT(depth < MM_COUNT(open));
        open[depth].at = in;
        open[depth++].end = it->end;
    }
}

/* key: NULL puts the members of the document into `at` itself. */
static enum mm_code put_json(struct mm_page *p, struct mm_slice text, struct mm_doc *at,
                             const char *key, bool typed)
{
    struct mm_json *parser = mm_json_new(ANSWER_MAX);
    struct mm_json_doc json;
    enum mm_code code;

    if (parser == NULL)
        return MM_E_NOMEM;
    code = mm_json_parse(parser, text, p->arena, &json, NULL);
    if (code == MM_OK && json.item[0].type != MM_JSON_OBJECT)
        code = MM_E_SYNTAX;
    if (code == MM_OK)
        put_answer(p, key == NULL ? at : mm_doc_object(at, key), &json, typed);
    mm_json_free(&parser);
    return code == MM_OK ? MM_OK : MM_E_IO;
}

enum mm_code mm_page_json(struct mm_page *p, struct mm_slice text, struct mm_doc *at,
                          const char *key)
{
    MM_ASSERT(key != NULL);
    return put_json(p, text, at, key, false);
}

enum mm_code mm_page_typed(struct mm_page *p, struct mm_slice text, struct mm_doc *at)
{
    return put_json(p, text, at, NULL, true);
}

enum mm_code mm_page_ask_bytes(struct mm_page *p, enum mm_ask_lane lane, const char *const *argv,
                               struct mm_slice question, int wait_ms, struct mm_doc *at,
                               const char *key)
{
    struct mm_buf answer;
    int status = 0;
    enum mm_code code;

    MM_ASSERT(lane < MM_ASK_LANES);
    mm_buf_init(&answer, ANSWER_MAX);
    (void)pthread_mutex_lock(&p->portal->ask_lock[lane]);
    code = mm_child_ask(argv, question, wait_ms, &answer, &status);
    (void)pthread_mutex_unlock(&p->portal->ask_lock[lane]);
    if (code == MM_OK)
        code = status != 0 ? MM_E_IO : mm_page_json(p, mm_buf_slice(&answer), at, key);
    mm_buf_done(&answer);
    return code;
}

enum mm_code mm_page_ask(struct mm_page *p, enum mm_ask_lane lane, const char *const *argv,
                         const struct mm_doc *question, int wait_ms, struct mm_doc *at,
                         const char *key)
{
    struct mm_buf in;
    enum mm_code code;

    mm_buf_init(&in, ANSWER_MAX);
    mm_doc_json(&in, question);
    code = mm_buf_ok(&in) && mm_doc_ok(question)
               ? mm_page_ask_bytes(p, lane, argv, mm_buf_slice(&in), wait_ms, at, key)
               : MM_E_NOMEM;
    mm_buf_done(&in);
    return code;
}

const struct mm_doc *mm_answer_member(const struct mm_doc *at, const char *key,
                                      enum mm_doc_type type)
{
    const struct mm_doc *d = at == NULL ? NULL : mm_doc_get(at, mm_slice_str(key));

    return d != NULL && d->type == type ? d : NULL;
}

struct mm_slice mm_answer_text(const struct mm_doc *at, const char *key)
{
    const struct mm_doc *d = mm_answer_member(at, key, MM_DOC_TEXT);

    return d == NULL ? (struct mm_slice){0} : d->text;
}

int64_t mm_answer_number(const struct mm_doc *at, const char *key)
{
    const struct mm_doc *d = mm_answer_member(at, key, MM_DOC_INT);

    return d == NULL ? 0 : d->i;
}

const struct mm_doc *mm_answer_first(const struct mm_doc *at, const char *key)
{
    const struct mm_doc *d = mm_answer_member(at, key, MM_DOC_ARRAY);

    return d == NULL ? NULL : d->first;
}
