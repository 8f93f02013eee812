/* app/exception.c - `mimamori exception list|show|end`: what rules find without telling anybody. */
#include <stdio.h>
#include <unistd.h>

#include "app/exceptions.h"
#include "app/language.h"
#include "app/nouns.h"
#include "app/say.h"
#include "app/tables.h"
#include "base/time.h"
#include "base/utf8.h"
#include "store/records/system_scope.h"

enum { LIST_DEFAULT = 500 };

static int usage(void)
{
    mm_say_line(stderr, mm_app_language(), "cli.exception.usage");
    return MM_NOUNS_USAGE;
}

static void add_text(struct mm_buf *out, const struct mm_doc *d, const char *key)
{
    const struct mm_doc *v = mm_doc_get(d, mm_slice_str(key));

    /* A foreign text on a terminal: quoted, controls escaped. */
    if (v != NULL)
        mm_utf8_json(out, v->text);
}

static void add_day(const struct mm_noun *n, struct mm_buf *out, const struct mm_doc *d,
                    const char *key)
{
    const struct mm_doc *v = mm_doc_get(d, mm_slice_str(key));

    if (v != NULL && v->type == MM_DOC_TIME)
        mm_lang_time(out, n->lang, MM_TIME_DAY, v->i, n->now_us, 9 * 3600);
}

static int64_t number_of(const struct mm_doc *d, const char *key)
{
    const struct mm_doc *v = mm_doc_get(d, mm_slice_str(key));

    return v == NULL ? 0 : v->i;
}

static void print_row(const struct mm_noun *n, const struct mm_doc *d)
{
    struct mm_buf out;

    mm_buf_init(&out, 65536);
    mm_buf_fmt(&out, "%lld\t%lld\t", (long long)number_of(d, "exception"),
               (long long)number_of(d, "company"));
    mm_buf_add(&out, mm_noun_words(n, "exception.state.", mm_doc_get(d, MM_S("state"))->text));
    mm_buf_byte(&out, '\t');
    add_day(n, &out, d, "until");
    mm_buf_byte(&out, '\t');
    add_text(&out, d, "rule_title");
    mm_buf_byte(&out, '\t');
    add_text(&out, d, "reason");
    printf("%.*s\n", MM_S_ARG(mm_buf_slice(&out)));
    mm_buf_done(&out);
}

/* The line of the list, then the filter: quoted YAML, safe on a terminal. */
static void print_one(const struct mm_noun *n, const struct mm_doc *d)
{
    print_row(n, d);
    printf("%.*s", MM_S_ARG(mm_doc_get(d, MM_S("filter"))->text));
}

static bool fail(struct mm_noun *n, enum mm_code code)
{
    mm_noun_word(n, "why", mm_code_key(code));
    mm_noun_word(n, "value", n->id == NULL ? "" : n->id);
    return mm_noun_complain(n, code == MM_E_NOTFOUND ? "cli.exception.none" : "cli.failed");
}

/* ---- the verbs ---- */

static bool list(struct mm_noun *n)
{
    struct mm_doc *items = mm_doc_array(n->doc, "items");
    struct mm_scope_hold hold;
    struct mm_tx *tx = NULL;
    enum mm_code code;

    if (!mm_noun_see(n, &hold, &tx))
        return false;
    code = mm_exceptions_write(tx, n->ended, n->limit == 0 ? LIST_DEFAULT : n->limit, items);
    mm_records_read_done(&tx);
    if (code != MM_OK)
        return fail(n, code);
    for (const struct mm_doc *d = items->first; d != NULL && !n->json; d = d->next)
        print_row(n, d);
    return true;
}

static bool number(struct mm_noun *n, int64_t *ret)
{
    uint64_t id = 0;

    if (n->id == NULL || !mm_slice_u64(mm_slice_str(n->id), &id) || id > INT64_MAX)
        return fail(n, MM_E_NOTFOUND);
    *ret = (int64_t)id;
    return true;
}

static bool show(struct mm_noun *n)
{
    struct mm_tx *tx = NULL;
    int64_t id;
    enum mm_code code;

    if (!number(n, &id))
        return false;
    code = mm_records_read(n->records, mm_system_scope(), &tx);
    if (code == MM_OK)
        code = mm_exceptions_write_one(tx, id, n->doc);
    mm_records_read_done(&tx);
    if (code != MM_OK)
        return fail(n, code);
    if (!n->json)
        print_one(n, n->doc);
    return true;
}

struct ending {
    int64_t id, now_us;
};

static enum mm_code work_end(struct mm_tx *tx, void *arg)
{
    const struct ending *e = arg;
    char actor[32];

    (void)snprintf(actor, sizeof(actor), "uid %u", (unsigned)getuid());
    return mm_exceptions_end(tx, e->id, mm_slice_str(actor), e->now_us);
}

static bool end(struct mm_noun *n)
{
    struct ending e = {.now_us = n->now_us};
    enum mm_code code;

    if (!number(n, &e.id))
        return false;
    code = mm_records_write(n->records, mm_system_scope(), work_end, &e);
    if (code != MM_OK)
        return fail(n, code);
    mm_doc_int(n->doc, "exception", e.id);
    mm_noun_word(n, "value", n->id);
    mm_noun_tell(n, "cli.exception.ended");
    return true;
}

int main(int argc, char **argv)
{
    static const struct mm_noun_own own = {
        .verb = "end", .usage = usage, .list = list, .show = show, .act = end};

    return mm_noun_own_main(&own, argc, argv);
}
