/* web/portal/coverage_list.c - how much of each source is read: all of them, a programme's, one
 * company's; those that need somebody first. */
#include <stdlib.h>

#include "web/portal/cover_view.h"
#include "web/portal/facts.h"
#include "web/portal/feature.h"
#include "web/portal/pages.h"

enum { LIST_PAGE = 50, WEEK = 7 };

/* One source with what is known of its lines. */
struct row {
    uint32_t company, source;
    struct mm_slice company_name, name, format, device;
    const struct mm_cover_source *days; /* NULL: no line came */
    struct mm_cover_sum month;
    int64_t permille, week_permille; /* -1: none came */
    bool fell;
};

struct rows {
    struct row *row;
    size_t n, fell, quiet;
    struct mm_cover_sum month;
};

/* What fell, then what is read least; sources without lines last. */
static int by_need(const void *pa, const void *pb)
{
    const struct row *a = pa, *b = pb;

    if (a->fell != b->fell)
        return a->fell ? -1 : 1;
    if ((a->permille < 0) != (b->permille < 0))
        return a->permille < 0 ? 1 : -1;
    if (a->permille != b->permille)
        return a->permille < b->permille ? -1 : 1;
    if (a->month.unparsed != b->month.unparsed)
        return a->month.unparsed > b->month.unparsed ? -1 : 1;
    return a->source < b->source ? -1 : a->source > b->source;
}

static void judge(struct rows *all, struct row *r, int64_t today)
{
    struct mm_cover_sum week, before;

    r->permille = r->week_permille = -1;
    if (r->days == NULL) {
        all->quiet++;
        return;
    }
    r->month = mm_cover_sum(r->days->days, r->days->n, today - MM_COVER_DAYS_SHOWN + 1, today + 1);
    week = mm_cover_sum(r->days->days, r->days->n, today - WEEK + 1, today + 1);
    before =
        mm_cover_sum(r->days->days, r->days->n, today - MM_COVER_DAYS_SHOWN + 1, today - WEEK + 1);
    r->permille = mm_cover_permille(&r->month);
    r->week_permille = mm_cover_permille(&week);
    r->fell = mm_cover_fell(&before, &week);
    all->fell += r->fell ? 1 : 0;
    all->quiet += r->permille < 0 ? 1 : 0;
    all->month.parsed += r->month.parsed; /* counted one by one: far below 2^63 */
    all->month.unparsed += r->month.unparsed;
}

/* The sources by company and number, with the days that stand in the same order. */
static enum mm_code read_rows(struct mm_page *p, struct rows *ret)
{
    int64_t today = mm_cover_day_of(p->now_us);
    struct mm_cover_source *days = NULL;
    size_t days_n = 0, at = 0;
    struct mm_q q;
    enum mm_code code = mm_cover_all(p->tx, p->arena, today - MM_COVER_DAYS_SHOWN + 1,
                                     MM_COVER_DAYS_SHOWN, &days, &days_n);

    *ret = (struct rows){.row = mm_arena_array(p->arena, MM_COVER_SOURCES, sizeof(struct row))};
    if (code != MM_OK || ret->row == NULL)
        return code != MM_OK ? code : MM_E_NOMEM;
    mm_q_begin(&q, p->tx, &mm_portal_stmts[MM_P_COVERAGE]);
    mm_q_text(&q, ":programme", mm_input_get(&p->in, "programme"));
    mm_q_int(&q, ":max", MM_COVER_SOURCES);
    while (ret->n < MM_COVER_SOURCES && mm_q_row(&q)) {
        struct row *r = &ret->row[ret->n++];

        *r = (struct row){.company = mm_q_col_u32(&q, 0),
                          .company_name = mm_q_col_dup(&q, 1, p->arena),
                          .source = mm_q_col_u32(&q, 2),
                          .name = mm_q_col_dup(&q, 3, p->arena),
                          .format = mm_q_col_dup(&q, 4, p->arena),
                          .device = mm_q_col_dup(&q, 5, p->arena)};
        while (at < days_n && (days[at].company < r->company ||
                               (days[at].company == r->company && days[at].source < r->source)))
            at++;
        if (at < days_n && days[at].company == r->company && days[at].source == r->source)
            r->days = &days[at];
        judge(ret, r, today);
    }
    code = mm_q_end(&q);
    if (code == MM_OK && ret->n > 0)
        qsort(ret->row, ret->n, sizeof(*ret->row), by_need);
    return code;
}

static void write_known(struct mm_doc *o, const char *key, int64_t v)
{
    if (v >= 0)
        mm_doc_measured(o, key, v);
    else
        mm_doc_none(o, key, "no_lines");
}

static void write_row(struct mm_page *p, const struct row *r, struct mm_doc *o)
{
    mm_doc_int(o, "company", r->company);
    mm_doc_text(o, "company_name", r->company_name);
    mm_doc_int(o, "source", r->source);
    mm_doc_text(o, "name", r->name);
    mm_doc_text(o, "device", r->device);
    mm_facts_write_format(p, r->format, o);
    /* Of a source without a line nothing is known: that is not 0. Numbers are the database's. */
    write_known(o, "parsed", r->permille < 0 ? -1 : (int64_t)r->month.parsed);
    write_known(o, "unparsed", r->permille < 0 ? -1 : (int64_t)r->month.unparsed);
    write_known(o, "coverage_permille", r->permille);
    write_known(o, "week_permille", r->week_permille);
    mm_doc_bool(o, "fell", r->fell);
    mm_cover_write_trend(mm_doc_array(o, "trend"), r->days == NULL ? NULL : r->days->days,
                         r->days == NULL ? 0 : r->days->n, mm_cover_day_of(p->now_us));
}

static enum mm_code write_list(struct mm_page *p)
{
    struct mm_doc *counts, *list;
    struct rows all;
    uint64_t from = 0;
    size_t at;
    enum mm_code code;

    if (mm_input_has(&p->in, "from") && !mm_slice_u64(mm_input_get(&p->in, "from"), &from))
        return MM_E_RANGE;
    code = read_rows(p, &all);
    if (code != MM_OK)
        return code;
    counts = mm_doc_object(p->doc, "counts");
    mm_doc_int(counts, "n", (int64_t)all.n);
    mm_doc_int(counts, "fell", (int64_t)all.fell);
    mm_doc_int(counts, "quiet", (int64_t)all.quiet);
    mm_doc_measured(counts, "parsed", (int64_t)all.month.parsed); /* of database integers */
    mm_doc_measured(counts, "unparsed", (int64_t)all.month.unparsed);
    write_known(counts, "coverage_permille", mm_cover_permille(&all.month));
    mm_doc_text(p->doc, "programme", mm_input_get(&p->in, "programme"));
    list = mm_doc_array(p->doc, "sources");
    for (at = from < all.n ? (size_t)from : all.n; at < all.n && list->n < LIST_PAGE; at++)
        write_row(p, &all.row[at], mm_doc_object(list, NULL));
    if (at < all.n)
        mm_doc_int(p->doc, "next", (int64_t)at);
    return MM_OK;
}

enum mm_code mm_page_coverage(struct mm_page *p)
{
    enum mm_code code = mm_page_read(p);

    mm_doc_bool(p->doc, "all_companies", true);
    return code == MM_OK ? write_list(p) : code;
}

enum mm_code mm_page_company_coverage(struct mm_page *p)
{
    enum mm_code code = mm_page_company(p);

    p->template = "coverage";
    mm_doc_bool(p->doc, "all_companies", false);
    return code == MM_OK ? write_list(p) : code;
}
