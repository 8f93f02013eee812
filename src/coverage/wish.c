/* coverage/wish.c - see wish.h for the contract. */
#include "coverage/wish.h"

#include "coverage/coverage_priv.h"
#include "job/job.h"

static const struct {
    const char *name;
    enum mm_job_kind job;
} whats[MM_WISH_WHATS] = {
    [MM_WISH_FORMAT] = {"format", MM_JOB_FORMAT},
    [MM_WISH_RULE] = {"rule", MM_JOB_RULE},
    [MM_WISH_SET] = {"set", MM_JOB_RULE},
};

const char *mm_wish_what_name(enum mm_wish_what what)
{
    MM_ASSERT(what < MM_WISH_WHATS);
    return whats[what].name;
}

bool mm_wish_rule_name_ok(struct mm_slice id)
{
    for (size_t i = 0; i < id.n; i++) {
        uint8_t c = id.p[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            !(i > 0 && (c == '-' || c == '_')))
            return false;
    }
    return id.n > 0 && id.n <= MM_WISH_RULE_NAME;
}

enum mm_code mm_wish_add(struct mm_tx *tx, const struct mm_wish *w, int64_t now_us)
{
    struct mm_q q;
    enum mm_code code;
    int64_t wish;

    MM_ASSERT(w->what < MM_WISH_WHATS);
    if (w->yaml.n > MM_WISH_YAML || w->test.n > MM_WISH_YAML)
        return MM_E_LIMIT;
    mm_q_begin(&q, tx, &mm_coverage_stmts[MM_COVERAGE_WISH_ADD]);
    mm_q_text(&q, ":what", mm_slice_str(whats[w->what].name));
    mm_q_text(&q, ":verb", w->remove ? MM_S("remove") : MM_S("add"));
    mm_q_text(&q, ":name", w->name);
    mm_q_text(&q, ":yaml", w->yaml);
    mm_q_text(&q, ":test", w->test);
    mm_q_int(&q, ":user", w->user);
    mm_q_text(&q, ":who", w->who);
    mm_q_int(&q, ":now", now_us);
    code = mm_q_end(&q);
    if (code != MM_OK)
        return code;
    wish = mm_tx_last_id(tx);
    mm_q_begin(&q, tx, &mm_coverage_stmts[MM_COVERAGE_WISH_FORGET]);
    mm_q_text(&q, ":what", mm_slice_str(whats[w->what].name));
    mm_q_int(&q, ":keep", MM_WISH_KEEP - 1);
    code = mm_q_end(&q);
    return code == MM_OK ? mm_job_add(tx, whats[w->what].job, wish, now_us, now_us) : code;
}

/* Of a damaged table: a format, whose name and text are checked again. */
static enum mm_wish_what what_of(struct mm_slice name)
{
    for (int i = 0; i < MM_WISH_WHATS; i++) {
        if (mm_slice_eq(name, mm_slice_str(whats[i].name)))
            return (enum mm_wish_what)i;
    }
    return MM_WISH_FORMAT;
}

static void read_row(struct mm_q *q, struct mm_arena *a, struct mm_wish *ret)
{
    *ret = (struct mm_wish){.wish = mm_q_col_int(q, 0),
                            .remove = mm_slice_eq(mm_q_col_text(q, 1), MM_S("remove")),
                            .name = mm_q_col_dup(q, 2, a),
                            .user = mm_q_col_u32(q, 3),
                            .who = mm_q_col_dup(q, 4, a),
                            .state = mm_q_col_dup(q, 5, a),
                            .why = mm_q_col_dup(q, 6, a),
                            .wished_us = mm_q_col_int(q, 7),
                            .what = what_of(mm_q_col_text(q, 8))};
}

enum mm_code mm_wish_get(struct mm_tx *tx, int64_t wish, struct mm_arena *a, struct mm_wish *ret)
{
    struct mm_wish w = {.wish = 0};
    struct mm_q q;
    bool found = false;
    enum mm_code code;

    mm_q_begin(&q, tx, &mm_coverage_stmts[MM_COVERAGE_WISH_GET]);
    mm_q_int(&q, ":wish", wish);
    if (mm_q_row(&q)) {
        found = true;
        read_row(&q, a, &w);
        w.yaml = mm_q_col_dup(&q, 9, a);
        w.test = mm_q_col_dup(&q, 10, a);
    }
    code = mm_q_end(&q);
    if (code == MM_OK && found)
        *ret = w;
    return code != MM_OK || found ? code : MM_E_NOTFOUND;
}

enum mm_code mm_wish_end(struct mm_tx *tx, int64_t wish, enum mm_code how)
{
    struct mm_q q;

    mm_q_begin(&q, tx, &mm_coverage_stmts[MM_COVERAGE_WISH_END]);
    mm_q_int(&q, ":wish", wish);
    mm_q_text(&q, ":state", how == MM_OK ? MM_S("done") : MM_S("refused"));
    mm_q_text(&q, ":why", how == MM_OK ? MM_S("") : mm_slice_str(mm_code_key(how)));
    return mm_q_end(&q);
}

enum mm_code mm_wish_list(struct mm_tx *tx, enum mm_wish_what what, struct mm_arena *a,
                          struct mm_wish **ret, size_t *ret_n)
{
    struct mm_wish *list = mm_arena_array(a, MM_WISH_KEEP, sizeof(*list));
    struct mm_q q;
    size_t n = 0;
    enum mm_code code;

    if (list == NULL)
        return MM_E_NOMEM;
    mm_q_begin(&q, tx, &mm_coverage_stmts[MM_COVERAGE_WISH_LIST]);
    mm_q_text(&q, ":what", mm_slice_str(mm_wish_what_name(what)));
    mm_q_int(&q, ":max", MM_WISH_KEEP);
    while (n < MM_WISH_KEEP && mm_q_row(&q))
        read_row(&q, a, &list[n++]);
    code = mm_q_end(&q);
    if (code != MM_OK)
        return code;
    *ret = list;
    *ret_n = n;
    return MM_OK;
}
