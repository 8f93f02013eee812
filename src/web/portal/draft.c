/* web/portal/draft.c - see draft.h for the contract. */
#include "web/portal/draft.h"

#include "codec/ext/json.h"
#include "os/child.h"

enum {
    ANSWER_MAX = 4 * 1024 * 1024,
    WAIT_MS = 10 * 1000, /* it takes a tenth of a second */
    NAME_MAX_BYTES = 64,
};

/* ---- the question ---- */

static void put_line(struct mm_page *p, struct mm_doc *list, struct mm_slice line)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t *hex = mm_arena_bytes(p->arena, line.n * 2 + 1); /* lines have MM_UNREAD_LINE bytes */

    if (hex == NULL)
        return;
    for (size_t i = 0; i < line.n; i++) {
        hex[2 * i] = (uint8_t)digits[line.p[i] >> 4];
        hex[2 * i + 1] = (uint8_t)digits[line.p[i] & 15];
    }
    mm_doc_text(list, NULL, mm_slice_of(hex, line.n * 2));
}

static void put_question(struct mm_page *p, const struct mm_draft_ask *ask, struct mm_buf *out)
{
    struct mm_doc *d = mm_doc_new(p->arena), *list;

    mm_doc_text(d, "shape", ask->line->shape);
    mm_doc_text(d, "title", ask->title);
    mm_doc_text(d, "category", ask->category);
    mm_doc_text(d, "outcome", ask->outcome);
    mm_doc_text(d, "yaml", ask->yaml);
    mm_doc_text(d, "test", ask->test);
    list = mm_doc_array(d, "lines");
    for (size_t i = 0; i < ask->line->lines; i++)
        put_line(p, list, ask->line->line[i]);
    for (size_t i = 0; i < ask->others; i++)
        put_line(p, list, ask->other[i].line[0]);
    list = mm_doc_array(d, "marks");
    for (size_t i = 0; i < ask->marks; i++) {
        struct mm_doc *o = mm_doc_object(list, NULL);

        mm_doc_int(o, "from", (int64_t)(ask->mark[i].from & INT32_MAX));
        mm_doc_int(o, "n", (int64_t)(ask->mark[i].n & INT32_MAX));
        mm_doc_text(o, "field", ask->mark[i].field);
    }
    mm_doc_json(out, d);
}

/* ---- the answer ---- */

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
static void put_answer(struct mm_page *p, struct mm_doc *root, const struct mm_json_doc *json)
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
        in = put_value(p, open[depth - 1].at, it);
        if (in == NULL)
            continue;
        MM_ASSERT(depth < MM_COUNT(open));
        open[depth].at = in;
        open[depth++].end = it->end;
    }
}

static enum mm_code read_answer(struct mm_page *p, struct mm_slice text, struct mm_doc *at,
                                const char *key)
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
        put_answer(p, mm_doc_object(at, key), &json);
    mm_json_free(&parser);
    return code == MM_OK ? MM_OK : MM_E_IO;
}

enum mm_code mm_draft_ask(struct mm_page *p, const struct mm_draft_ask *ask, struct mm_doc *at,
                          const char *key)
{
    char name[NAME_MAX_BYTES];
    const char *argv[] = {p->portal->cfg.format_program,
                          "draft",
                          "--state",
                          p->portal->cfg.state_dir,
                          "--name",
                          name,
                          NULL};
    struct mm_buf question, answer;
    int status = 0;
    enum mm_code code;

    if (argv[0] == NULL)
        return MM_E_NOTFOUND;
    MM_ASSERT(ask->name.n < sizeof(name) && ask->line->lines > 0);
    (void)snprintf(name, sizeof(name), "%.*s", MM_S_ARG(ask->name));
    if (ask->name.n == 0)
        argv[4] = NULL;
    mm_buf_init(&question, ANSWER_MAX);
    mm_buf_init(&answer, ANSWER_MAX);
    put_question(p, ask, &question);
    code = mm_buf_ok(&question) ? MM_OK : MM_E_NOMEM;
    if (code == MM_OK) {
        (void)pthread_mutex_lock(&p->portal->draft_lock);
        code = mm_child_ask(argv, mm_buf_slice(&question), WAIT_MS, &answer, &status);
        (void)pthread_mutex_unlock(&p->portal->draft_lock);
    }
    if (code == MM_OK)
        code = status != 0 ? MM_E_IO : read_answer(p, mm_buf_slice(&answer), at, key);
    mm_buf_done(&question);
    mm_buf_done(&answer);
    return code;
}
