/* coverage/coverage.c - lines by day and by format; see coverage.h for the contract. */
#include "coverage/coverage.h"

#include "base/time.h"
#include "base/vec.h"
#include "coverage/coverage_priv.h"

#define JST_US (INT64_C(9) * 3600 * MM_US_PER_S)

enum mm_code mm_coverage_enter(struct mm_tx *tx, uint32_t company, bool *ret)
{
    struct mm_q q;
    int64_t is = 0;
    enum mm_code code = mm_tx_narrow(tx, company);

    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_coverage_stmts[MM_COVERAGE_COMPANY_IS]);
    code = mm_q_end_int(&q, &is);
    if (code != MM_OK) {
        mm_tx_widen(tx);
        return code;
    }
    *ret = is > 0;
    return MM_OK;
}

int64_t mm_cover_day_of(int64_t us)
{
    /* Moments of records lie behind 1970: the quotient rounds down. */
    return (us + JST_US) / MM_US_PER_DAY;
}

static void begin_day(struct mm_q *q, struct mm_tx *tx, enum mm_coverage_stmt st, uint32_t source,
                      const struct mm_cover_day *d)
{
    mm_q_begin(q, tx, &mm_coverage_stmts[st]);
    mm_q_int(q, ":source", source);
    mm_q_int(q, ":day", d->day);
    mm_q_int(q, ":parsed", (int64_t)d->parsed); /* differences: far below 2^63 */
    mm_q_int(q, ":unparsed", (int64_t)d->unparsed);
    mm_q_int(q, ":bytes", (int64_t)d->bytes);
    mm_q_int(q, ":topics", d->topics);
}

static enum mm_code add_day(struct mm_tx *tx, uint32_t source, const struct mm_cover_day *d)
{
    struct mm_q q;
    enum mm_code code;

    begin_day(&q, tx, MM_COVERAGE_DAY_ADD, source, d);
    code = mm_q_end_touch(&q);
    if (code != MM_E_NOTFOUND)
        return code;
    begin_day(&q, tx, MM_COVERAGE_DAY_NEW, source, d);
    code = mm_q_end(&q);
    if (code != MM_OK)
        return code;
    /* With a new day the oldest one goes. */
    mm_q_begin(&q, tx, &mm_coverage_stmts[MM_COVERAGE_DAY_OLD]);
    mm_q_int(&q, ":source", source);
    mm_q_int(&q, ":before", d->day - MM_COVERAGE_DAYS + 1);
    return mm_q_end(&q);
}

enum mm_code mm_cover_day_add(struct mm_tx *tx, uint32_t company, uint32_t source,
                              const struct mm_cover_day *d)
{
    bool is = false;
    enum mm_code code = mm_coverage_enter(tx, company, &is);

    if (code != MM_OK)
        return code;
    if (is)
        code = add_day(tx, source, d);
    mm_tx_widen(tx);
    return code;
}

enum mm_code mm_cover_days(struct mm_tx *tx, struct mm_arena *a, uint32_t source, int64_t from,
                           struct mm_cover_day **ret, size_t *ret_n)
{
    struct mm_cover_day *list = mm_arena_array(a, MM_COVERAGE_DAYS, sizeof(*list));
    struct mm_q q;
    size_t n = 0;
    enum mm_code code;

    if (list == NULL)
        return MM_E_NOMEM;
    mm_q_begin(&q, tx, &mm_coverage_stmts[MM_COVERAGE_DAY_LIST]);
    mm_q_int(&q, ":source", source);
    mm_q_int(&q, ":from", from);
    mm_q_int(&q, ":max", MM_COVERAGE_DAYS);
    while (n < MM_COVERAGE_DAYS && mm_q_row(&q))
        list[n++] = (struct mm_cover_day){.day = mm_q_col_int(&q, 0),
                                          .parsed = (uint64_t)mm_q_col_int(&q, 1),
                                          .unparsed = (uint64_t)mm_q_col_int(&q, 2),
                                          .topics = mm_q_col_u32(&q, 3),
                                          .bytes = (uint64_t)mm_q_col_int(&q, 4)};
    code = mm_q_end(&q);
    if (code != MM_OK)
        return code;
    *ret = list;
    *ret_n = n;
    return MM_OK;
}

/* What has been read of a list that grows in an arena. */
struct growing {
    struct mm_arena *arena;
    struct mm_cover_source *list;
    size_t n, cap, days;
};

/* The entry of this source: the last one, or a new one behind it; NULL without memory. */
static struct mm_cover_source *source_of(struct growing *g, uint32_t company, uint32_t source)
{
    struct mm_cover_source *last = g->n == 0 ? NULL : &g->list[g->n - 1];

    if (last != NULL && last->company == company && last->source == source)
        return last;
    if (!MM_VEC_ROOM_IN(g->arena, g->list, g->n, g->cap))
        return NULL;
    last = &g->list[g->n++];
    *last =
        (struct mm_cover_source){.company = company,
                                 .source = source,
                                 .days = mm_arena_array(g->arena, g->days, sizeof(*last->days))};
    return last->days == NULL ? NULL : last;
}

enum mm_code mm_cover_all(struct mm_tx *tx, struct mm_arena *a, int64_t from, size_t days,
                          struct mm_cover_source **ret, size_t *ret_n)
{
    struct growing g = {.arena = a, .days = days};
    struct mm_q q;
    enum mm_code code;
    bool full = false;

    MM_ASSERT(days >= 1 && days <= MM_COVERAGE_DAYS);
    mm_q_begin(&q, tx, &mm_coverage_stmts[MM_COVERAGE_DAY_ALL]);
    mm_q_int(&q, ":from", from);
    mm_q_int(&q, ":to", from + (int64_t)days);
    mm_q_int(&q, ":max", (int64_t)MM_COVER_SOURCES * MM_COVERAGE_DAYS);
    while (!full && mm_q_row(&q)) {
        struct mm_cover_source *s = source_of(&g, mm_q_col_u32(&q, 0), mm_q_col_u32(&q, 1));

        full = s == NULL || g.n > MM_COVER_SOURCES || s->n == days;
        if (!full)
            s->days[s->n++] = (struct mm_cover_day){.day = mm_q_col_int(&q, 2),
                                                    .parsed = (uint64_t)mm_q_col_int(&q, 3),
                                                    .unparsed = (uint64_t)mm_q_col_int(&q, 4)};
    }
    code = mm_q_end(&q);
    if (code == MM_OK && full)
        code = g.n > MM_COVER_SOURCES ? MM_E_LIMIT : MM_E_NOMEM;
    if (code != MM_OK)
        return code;
    *ret = g.list;
    *ret_n = g.n;
    return MM_OK;
}

enum mm_code mm_source_format_add(struct mm_tx *tx, const struct mm_source_format *f)
{
    struct mm_q q;
    bool is = false;
    enum mm_code code = mm_coverage_enter(tx, f->company, &is);

    if (code != MM_OK)
        return code;
    if (is) {
        mm_q_begin(&q, tx, &mm_coverage_stmts[MM_COVERAGE_FORMAT_ADD]);
        mm_q_int(&q, ":source", f->source);
        mm_q_text(&q, ":format", f->format);
        mm_q_int(&q, ":parsed", (int64_t)f->parsed); /* differences: far below 2^63 */
        mm_q_int(&q, ":unparsed", (int64_t)f->unparsed);
        mm_q_int(&q, ":topics", f->topics);
        mm_q_int(&q, ":first", f->first_us);
        mm_q_int(&q, ":last", f->last_us);
        code = mm_q_end(&q);
    }
    mm_tx_widen(tx);
    return code;
}

enum mm_code mm_source_formats(struct mm_tx *tx, struct mm_arena *a, uint32_t source,
                               struct mm_source_format **ret, size_t *ret_n)
{
    struct mm_source_format *list = NULL;
    size_t n = 0, cap = 0;
    struct mm_q q;
    enum mm_code code;

    mm_q_begin(&q, tx, &mm_coverage_stmts[MM_COVERAGE_FORMAT_LIST]);
    mm_q_int(&q, ":source", source);
    mm_q_int(&q, ":max", MM_COVERAGE_ROWS);
    while (mm_q_row(&q) && n < MM_COVERAGE_ROWS) {
        if (!MM_VEC_ROOM_IN(a, list, n, cap))
            break;
        list[n++] = (struct mm_source_format){.company = mm_q_col_u32(&q, 0),
                                              .source = mm_q_col_u32(&q, 1),
                                              .format = mm_q_col_dup(&q, 2, a),
                                              .parsed = (uint64_t)mm_q_col_int(&q, 3),
                                              .unparsed = (uint64_t)mm_q_col_int(&q, 4),
                                              .topics = mm_q_col_u32(&q, 5),
                                              .first_us = mm_q_col_int(&q, 6),
                                              .last_us = mm_q_col_int(&q, 7)};
    }
    code = mm_q_end(&q);
    if (code != MM_OK)
        return code;
    *ret = list;
    *ret_n = n;
    return MM_OK;
}
