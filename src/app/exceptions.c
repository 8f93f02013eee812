/* app/exceptions.c - see exceptions.h for the contract. */
#include "app/exceptions.h"

#include "exception/exception.h"
#include "register/audit.h"

enum {
    ARENA_MAX = 64 * 1024 * 1024, /* MM_EXCEPTION_LIST_MAX of the longest */
    FILTER_MAX = 64 * 1024,       /* one as YAML: eight long values, escaped */
};

static void write_one(struct mm_doc *d, const struct mm_exception *e)
{
    struct mm_doc *terms;

    mm_doc_int(d, "exception", e->exception);
    mm_doc_int(d, "company", e->company);
    mm_doc_str(d, "state", mm_exception_state_name(e->state));
    mm_doc_text(d, "rule", e->rule);
    mm_doc_text(d, "rule_title", e->title);
    terms = mm_doc_array(d, "terms");
    for (size_t i = 0; i < e->term_n; i++) {
        struct mm_doc *t = mm_doc_object(terms, NULL);

        mm_doc_text(t, "name", e->term[i].field);
        mm_doc_str(t, "how", mm_exception_how_name(e->term[i].how));
        mm_doc_text(t, "value", e->term[i].value);
    }
    mm_doc_text(d, "reason", e->reason);
    mm_doc_int(d, "tried", (int64_t)e->hides);
    mm_doc_int(d, "tried_critical", (int64_t)e->hides_critical);
    mm_doc_time(d, "made", e->made_us);
    mm_doc_int(d, "made_by", e->made_by);
    mm_doc_int(d, "agreed_by", e->agreed_by);
    mm_doc_time(d, "until", e->until_us);
    mm_doc_time(d, "ended", e->ended_us);
}

enum mm_code mm_exceptions_write(struct mm_tx *tx, bool ended_too, size_t max, struct mm_doc *items)
{
    const struct mm_exception_which which = {.ended_too = ended_too,
                                             .max = mm_min_size(max, MM_EXCEPTION_LIST_MAX)};
    struct mm_exception *list = NULL;
    struct mm_arena a;
    size_t n = 0;
    enum mm_code code;

    MM_ASSERT(max > 0);
    mm_arena_init(&a, ARENA_MAX);
    code = mm_exception_list(tx, &which, &a, &list, &n);
    for (size_t i = 0; i < n && code == MM_OK; i++)
        write_one(mm_doc_object(items, NULL), &list[i]);
    mm_arena_done(&a);
    return code;
}

enum mm_code mm_exceptions_write_one(struct mm_tx *tx, int64_t exception, struct mm_doc *d)
{
    struct mm_exception e;
    struct mm_arena a;
    struct mm_buf yaml;
    enum mm_code code;

    mm_arena_init(&a, ARENA_MAX);
    mm_buf_init(&yaml, FILTER_MAX);
    code = mm_exception_get(tx, exception, &a, &e);
    if (code == MM_OK)
        code = mm_exception_filter(&e, &yaml, NULL);
    if (code == MM_OK) {
        write_one(d, &e);
        mm_doc_text(d, "filter", mm_buf_slice(&yaml));
    }
    mm_buf_done(&yaml);
    mm_arena_done(&a);
    return code;
}

enum mm_code mm_exceptions_end(struct mm_tx *tx, int64_t exception, struct mm_slice actor,
                               int64_t now_us)
{
    char object[32];
    struct mm_exception e;
    struct mm_arena a;
    enum mm_code code;

    mm_arena_init(&a, ARENA_MAX);
    code = mm_exception_get(tx, exception, &a, &e);
    mm_arena_done(&a);
    if (code == MM_OK)
        code = mm_tx_narrow(tx, e.company);
    if (code != MM_OK)
        return code;
    (void)snprintf(object, sizeof(object), "exception %lld", (long long)exception);
    code = mm_exception_end(tx, exception, 0, now_us);
    if (code == MM_OK)
        code = mm_audit_add(tx, &(struct mm_audit){.time_us = now_us,
                                                   .actor = actor,
                                                   .action = MM_S("exception.end"),
                                                   .object = mm_slice_str(object)});
    mm_tx_widen(tx);
    return code;
}
