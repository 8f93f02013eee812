/* web/portal/programme_page.c - programmes: the two tables of a report for the operator, sums over
 * at least MM_SCOPE_COHORT_MIN companies for the programme's owner. */
#include "base/time.h"
#include "register/cohort.h"
#include "register/entity.h"
#include "report/report.h"
#include "web/portal/cover_view.h"
#include "web/portal/feature.h"
#include "web/portal/pages.h"

enum {
    LIST_MAX = 500,  /* programmes on one page */
    GROUPS_MAX = 64, /* of one kind: prefectures and a few; the rest is left out and counted so */
    DAY_TEXT = 10,   /* 2026-08-21 */
};

/* Who sees sums only. */
static bool aggregates(const struct mm_page *p)
{
    return mm_scope_kind(p->me.scope) == MM_SCOPE_PROGRAMME;
}

/* ---- which programmes there are ---- */

/* Columns: companies, code, name, name_en, owner, since, until. */
static void write_programme(struct mm_page *p, struct mm_q *q, struct mm_doc *d)
{
    struct mm_slice en = mm_q_col_text(q, 3);

    mm_doc_text(d, "code", mm_q_col_text(q, 1));
    mm_doc_text(d, "name", p->lang == MM_LANG_EN && en.n > 0 ? en : mm_q_col_text(q, 2));
    mm_doc_text(d, "owner", mm_q_col_text(q, 4));
    mm_doc_text(d, "since", mm_q_col_text(q, 5));
    mm_doc_text(d, "until", mm_q_col_text(q, 6));
    mm_doc_int(d, "companies", mm_q_col_int(q, 0));
}

/*
 * An owner's own programme; an operator's all, or the one it is bound to. For an owner the records
 * leave a programme of too few companies out, name and all.
 */
static void begin_list(struct mm_page *p, struct mm_q *q)
{
    uint32_t own = mm_scope_programme(p->me.scope);

    if (aggregates(p)) {
        mm_q_begin(q, p->tx, &mm_portal_stmts[MM_P_PROGRAMME_OWN]);
        mm_q_int(q, ":programme", own);
        return;
    }
    mm_q_begin(q, p->tx, &mm_portal_stmts[MM_P_PROGRAMMES]);
    mm_q_int(q, ":only", own);
    mm_q_int(q, ":max", LIST_MAX);
}

enum mm_code mm_page_programmes(struct mm_page *p)
{
    struct mm_doc *list;
    struct mm_q q;
    enum mm_code code;

    /* A company's person has pages of its own; this one is for who sees many. */
    if (mm_scope_kind(p->me.scope) == MM_SCOPE_COMPANY)
        return MM_E_DENIED;
    code = mm_page_read(p);
    if (code != MM_OK)
        return code;
    list = mm_doc_array(p->doc, "programmes");
    begin_list(p, &q);
    while (mm_q_row(&q))
        write_programme(p, &q, mm_doc_object(list, NULL));
    code = mm_q_end(&q);
    mm_doc_bool(p->doc, "aggregates", aggregates(p));
    mm_doc_bool(p->doc, "too_few", aggregates(p) && list->n == 0);
    mm_doc_int(p->doc, "n", MM_SCOPE_COHORT_MIN);
    return code;
}

struct found {
    struct mm_slice since, until;
    uint32_t programme;
};

/* The programme of the path, written into the document. */
static enum mm_code find_programme(struct mm_page *p, struct found *ret)
{
    struct mm_slice code_text = p->match->param[0];
    enum mm_code code = MM_E_NOTFOUND;
    struct mm_q q;

    *ret = (struct found){.programme = mm_scope_programme(p->me.scope)};
    begin_list(p, &q);
    while (mm_q_row(&q)) {
        if (!mm_slice_eq(mm_q_col_text(&q, 1), code_text))
            continue;
        write_programme(p, &q, mm_doc_object(p->doc, "programme"));
        ret->since = mm_q_col_dup(&q, 5, p->arena);
        ret->until = mm_q_col_dup(&q, 6, p->arena);
        if (!aggregates(p))
            ret->programme = mm_q_col_u32(&q, 7);
        code = MM_OK;
    }
    return mm_q_end(&q) != MM_OK ? MM_E_IO : code;
}

/* ---- the period ---- */

/* Midnight in Japan of a day; days_on moves it. */
static bool read_day(struct mm_slice day, int64_t days_on, int64_t *ret_us)
{
    char text[MM_TIME_TEXT];
    bool zone;
    int n;

    if (day.n != DAY_TEXT)
        return false;
    n = snprintf(text, sizeof(text), "%.*sT00:00:00", MM_S_ARG(day));
    if (!mm_time_parse(mm_slice_of(text, (size_t)n), MM_PAGE_OFFSET_S, ret_us, &zone))
        return false;
    *ret_us += days_on * MM_US_PER_DAY;
    return true;
}

static bool read_end(struct mm_page *p, const char *name, struct mm_slice otherwise,
                     int64_t days_on, int64_t *us)
{
    struct mm_slice day = mm_input_has(&p->in, name) ? mm_input_get(&p->in, name) : otherwise;
    bool ok = day.n == 0 || read_day(day, days_on, us);

    mm_doc_text(p->doc, name, ok ? day : MM_S(""));
    if (!ok)
        mm_page_refuse(p, name, "programme.day");
    return ok;
}

/* From one day to another, both included; without them that of the programme, or all time. */
static void read_period(struct mm_page *p, const struct found *f, struct mm_report_period *ret)
{
    *ret = (struct mm_report_period){.from_us = 0, .to_us = MM_REPORT_EVER};
    (void)read_end(p, "first", f->since, 0, &ret->from_us);
    (void)read_end(p, "last", f->until, 1, &ret->to_us);
    if (!mm_page_refused(p) && ret->from_us >= ret->to_us)
        mm_page_refuse(p, "last", "programme.order");
}

/* ---- the tables ---- */

static enum mm_code make_report(struct mm_page *p, const struct found *f,
                                struct mm_events_client *client,
                                const struct mm_report_period *period, struct mm_doc *ret)
{
    if (aggregates(p))
        return mm_report_cohort(p->tx, client, period, ret);
    return mm_report_programme(p->tx, client, f->programme, period, p->lang, ret);
}

static enum mm_code write_report(struct mm_page *p, const struct found *f,
                                 const struct mm_report_period *period)
{
    struct mm_doc *report = mm_doc_object(p->doc, "report");
    struct mm_events_client *client = NULL;
    enum mm_code code = mm_page_events_client(p, &client);

    if (code == MM_OK)
        code = make_report(p, f, client, period, report);
    mm_events_free(&client);
    /* The store of events rests: cases are there all the same, and counts say so. */
    return code == MM_E_IO ? make_report(p, f, NULL, period, report) : code;
}

/* How many cases all companies together had; no word of any of them. */
static enum mm_code write_case_sums(struct mm_page *p, const struct mm_report_period *period)
{
    static const char *const names[] = {"all", "detected", "reported", "closed", "nothing_found"};
    struct mm_doc *d = mm_doc_object(p->doc, "case_sums");
    struct mm_q q;

    mm_q_begin(&q, p->tx, &mm_portal_stmts[MM_P_CASE_SUMS]);
    mm_q_int(&q, ":from", period->from_us);
    mm_q_int(&q, ":to", period->to_us);
    if (mm_q_row(&q)) {
        for (size_t i = 0; i < MM_COUNT(names); i++)
            mm_doc_measured(d, names[i], mm_q_col_int(&q, (int)i + 1));
    } else {
        for (size_t i = 0; i < MM_COUNT(names); i++)
            mm_doc_none(d, names[i], "too_few");
    }
    return mm_q_end(&q);
}

/* How much of all companies' logs is read in 30 days. */
static enum mm_code write_coverage(struct mm_page *p)
{
    struct mm_doc *d = mm_doc_object(p->doc, "coverage");
    struct mm_cover_sum sum;
    struct mm_q q;

    mm_q_begin(&q, p->tx, &mm_portal_stmts[MM_P_COVERAGE_SUMS]);
    mm_q_int(&q, ":from", mm_cover_day_of(p->now_us) - MM_COVER_DAYS_SHOWN + 1);
    if (mm_q_row(&q)) {
        sum = (struct mm_cover_sum){.parsed = (uint64_t)mm_q_col_int(&q, 1),
                                    .unparsed = (uint64_t)mm_q_col_int(&q, 2)};
        mm_cover_write_counts(d, &sum);
    } else {
        mm_doc_none(d, "parsed", "too_few");
        mm_doc_none(d, "unparsed", "too_few");
        mm_doc_none(d, "coverage_permille", "too_few");
    }
    return mm_q_end(&q);
}

/* ---- cohorts ---- */

struct group {
    struct mm_slice what;
    int64_t n;
};

struct groups {
    struct mm_page *p;
    struct group list[GROUPS_MAX];
    size_t n;
    int64_t all, shown;
};

static void take_size(void *arg, struct mm_slice what, int64_t companies)
{
    (void)what;
    *(int64_t *)arg = companies;
}

static void take_group(void *arg, struct mm_slice what, int64_t companies)
{
    struct groups *g = arg;
    struct mm_slice own = {0};

    if (g->n == GROUPS_MAX || !mm_arena_dup(g->p->arena, what, &own))
        return;
    g->list[g->n++] = (struct group){.what = own, .n = companies};
    g->shown += companies;
}

/*
 * What is left out must not follow from what is shown: when the rest is smaller than a group that
 * may be shown, the smallest group goes to the rest.
 */
static void hide_rest(struct groups *g)
{
    while (g->n > 0 && g->shown < g->all && g->all - g->shown < MM_SCOPE_COHORT_MIN) {
        size_t least = 0;

        for (size_t i = 1; i < g->n; i++)
            least = g->list[i].n < g->list[least].n ? i : least;
        g->shown -= g->list[least].n;
        g->list[least] = g->list[--g->n];
    }
}

/* A company may take several services: there the rest is who doesn't take this one. */
static void hide_complements(struct groups *g)
{
    size_t kept = 0;

    for (size_t i = 0; i < g->n; i++) {
        if (g->list[i].n == g->all || g->all - g->list[i].n >= MM_SCOPE_COHORT_MIN)
            g->list[kept++] = g->list[i];
    }
    g->n = kept;
}

static enum mm_code write_cohort(struct mm_page *p, struct mm_doc *to, const char *name,
                                 enum mm_cohort by, int64_t all)
{
    struct groups *g = mm_arena_alloc(p->arena, sizeof(*g));
    struct mm_doc *d = mm_doc_object(to, name), *list = mm_doc_array(d, "groups");
    enum mm_code code;

    if (g == NULL)
        return MM_E_NOMEM;
    *g = (struct groups){.p = p, .all = all};
    code = mm_cohort_each(p->tx, by, take_group, g);
    if (by == MM_COHORT_SERVICE)
        hide_complements(g);
    else
        hide_rest(g);
    for (size_t i = 0; i < g->n; i++) {
        struct mm_doc *row = mm_doc_object(list, NULL);

        mm_doc_int(row, "companies", g->list[i].n);
        mm_doc_text(row, "key", g->list[i].what);
    }
    mm_doc_int(d, "left_out", by == MM_COHORT_SERVICE ? 0 : g->all - g->shown);
    return code;
}

static enum mm_code write_cohorts(struct mm_page *p)
{
    static const struct {
        const char *name;
        enum mm_cohort by;
    } cohorts[] = {
        {"areas", MM_COHORT_AREA},
        {"employees", MM_COHORT_EMPLOYEES},
        {"sensors", MM_COHORT_SENSOR},
        {"services", MM_COHORT_SERVICE},
    };
    struct mm_doc *to = mm_doc_object(p->doc, "cohorts");
    int64_t all = 0;
    enum mm_code code = mm_cohort_each(p->tx, MM_COHORT_SIZE, take_size, &all);

    for (size_t i = 0; code == MM_OK && i < MM_COUNT(cohorts); i++)
        code = write_cohort(p, to, cohorts[i].name, cohorts[i].by, all);
    return code;
}

enum mm_code mm_page_programme(struct mm_page *p)
{
    int64_t start_us = mm_mono_us();
    struct mm_report_period period;
    struct found found;
    enum mm_code code;

    if (mm_scope_kind(p->me.scope) == MM_SCOPE_COMPANY)
        return MM_E_DENIED;
    code = mm_page_read(p);
    if (code == MM_OK)
        code = find_programme(p, &found);
    if (code != MM_OK)
        return code;
    mm_doc_bool(p->doc, "aggregates", aggregates(p));
    mm_doc_int(p->doc, "n", MM_SCOPE_COHORT_MIN);
    read_period(p, &found, &period);
    if (mm_page_refused(p))
        return MM_OK;
    code = write_report(p, &found, &period);
    if (code == MM_OK && aggregates(p))
        code = write_case_sums(p, &period);
    if (code == MM_OK && aggregates(p))
        code = write_coverage(p);
    if (code == MM_OK && aggregates(p))
        code = write_cohorts(p);
    mm_doc_int(p->doc, "elapsed_ms", (mm_mono_us() - start_us) / 1000);
    return code;
}
