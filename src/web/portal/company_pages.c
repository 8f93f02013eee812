/* web/portal/company_pages.c - all companies at a glance, and the home of one. */
#include "base/time.h"
#include "exception/exception.h"
#include "triage/triage.h"
#include "web/portal/facts.h"
#include "web/portal/feature.h"
#include "web/portal/pages.h"
#include "web/portal/president.h"

enum {
    BOARD_MAX = 1000, /* companies on one board; a cursor leads on */
    HOME_CASES = 5,
    HOME_TODO = 3, /* more than three things are nothing to do at all */
    CONTACTS_MAX = 50,
};

struct tile {
    uint32_t company;
    struct mm_slice code, name, area, sensor;
    int64_t cases, urgency, sources, silent, last_seen_us;
    enum mm_standing standing;
};

static enum mm_standing standing_of(const struct tile *t)
{
    if (t->cases > 0 && t->urgency <= 1)
        return MM_STANDING_ACT;
    if (t->silent > 0)
        return MM_STANDING_SILENT;
    if (t->cases > 0)
        return MM_STANDING_WATCH;
    return t->sources == 0 || t->last_seen_us == 0 ? MM_STANDING_NEW : MM_STANDING_OK;
}

/* Worst first, then by how soon to act, then by number. */
static int tile_order(const void *a, const void *b)
{
    const struct tile *x = a, *y = b;

    if (x->standing != y->standing)
        return x->standing < y->standing ? -1 : 1;
    if (x->standing <= MM_STANDING_WATCH && x->urgency != y->urgency)
        return x->urgency < y->urgency ? -1 : 1;
    return x->company < y->company ? -1 : x->company > y->company ? 1 : 0;
}

static enum mm_code read_tiles(struct mm_page *p, uint64_t from, struct tile **ret, size_t *ret_n)
{
    struct tile *t = mm_arena_array(p->arena, BOARD_MAX, sizeof(*t));
    size_t n = 0;
    struct mm_q q;
    enum mm_code code;

    if (t == NULL)
        return MM_E_NOMEM;
    mm_q_begin(&q, p->tx, &mm_portal_stmts[MM_P_BOARD]);
    mm_q_int(&q, ":now", p->now_us);
    mm_q_int(&q, ":silence", MM_SILENCE_S);
    mm_q_int(&q, ":from", (int64_t)from);
    mm_q_int(&q, ":max", BOARD_MAX);
    while (n < BOARD_MAX && mm_q_row(&q)) {
        t[n] = (struct tile){
            .company = mm_q_col_u32(&q, 0),
            .code = mm_q_col_dup(&q, 1, p->arena),
            .name = mm_q_col_dup(&q, 2, p->arena),
            .area = mm_q_col_dup(&q, 3, p->arena),
            .sensor = mm_q_col_dup(&q, 4, p->arena),
            .cases = mm_q_col_int(&q, 5),
            .urgency = mm_q_col_null(&q, 6) ? 9 : mm_q_col_int(&q, 6),
            .sources = mm_q_col_int(&q, 7),
            .silent = mm_q_col_int(&q, 8),
            .last_seen_us = mm_q_col_int(&q, 9),
        };
        t[n].standing = standing_of(&t[n]);
        n++;
    }
    code = mm_q_end(&q);
    *ret = t;
    *ret_n = n;
    return code;
}

static void write_tile(struct mm_doc *list, const struct tile *t)
{
    static const char *const acts[] = {"now", "today", "week", "meeting"};
    struct mm_doc *d = mm_doc_object(list, NULL);

    mm_doc_int(d, "company", t->company);
    mm_doc_text(d, "code", t->code);
    mm_doc_text(d, "name", t->name);
    mm_doc_text(d, "area", t->area);
    mm_doc_str(d, "state", mm_standing_name(t->standing));
    mm_doc_int(d, "open_cases", t->cases);
    mm_doc_str(d, "act", t->urgency >= 0 && t->urgency < 4 ? acts[t->urgency] : NULL);
    mm_doc_int(d, "sources", t->sources);
    mm_doc_int(d, "silent_sources", t->silent);
    mm_doc_time(d, "last_seen", t->last_seen_us);
}

/* Exceptions that wait for a second person or end soon, for who keeps the rules. */
static enum mm_code count_exceptions(struct mm_page *p, struct mm_doc *counts)
{
    struct mm_q q;

    mm_q_begin(&q, p->tx, &mm_portal_stmts[MM_P_EXCEPTION_CARES]);
    mm_q_int(&q, ":now", p->now_us);
    mm_q_int(&q, ":soon", MM_EXCEPTION_SOON_US);
    if (mm_q_row(&q)) {
        mm_doc_int(counts, "exceptions_waiting", mm_q_col_int(&q, 0));
        mm_doc_int(counts, "exceptions_ending", mm_q_col_int(&q, 1));
        mm_doc_bool(counts, "exceptions", mm_q_col_int(&q, 0) + mm_q_col_int(&q, 1) > 0);
    }
    return mm_q_end(&q);
}

enum mm_code mm_page_companies(struct mm_page *p)
{
    struct tile *t;
    size_t n;
    uint64_t from = 0;
    int64_t cases = 0, silent = 0, calls = 0;
    struct mm_doc *counts, *urgent, *list;
    enum mm_code code = mm_page_read(p);

    if (mm_input_has(&p->in, "from") && !mm_slice_u64(mm_input_get(&p->in, "from"), &from))
        return MM_E_RANGE;
    if (code == MM_OK)
        code = read_tiles(p, from, &t, &n);
    if (code != MM_OK)
        return code;
    mm_doc_time(p->doc, "time", p->now_us);
    counts = mm_doc_object(p->doc, "counts");
    if (n == BOARD_MAX)
        mm_doc_int(p->doc, "next", (int64_t)t[n - 1].company + 1);
    qsort(t, n, sizeof(*t), tile_order);
    /* Those that need somebody now stand in a list of their own, with their reason. */
    urgent = mm_doc_array(p->doc, "urgent");
    list = mm_doc_array(p->doc, "companies");
    for (size_t i = 0; i < n; i++) {
        write_tile(list, &t[i]);
        if (t[i].standing == MM_STANDING_ACT || t[i].standing == MM_STANDING_SILENT)
            write_tile(urgent, &t[i]);
        cases += t[i].cases;
        silent += t[i].silent;
        calls += t[i].standing == MM_STANDING_ACT;
    }
    mm_doc_int(counts, "companies", (int64_t)n);
    mm_doc_int(counts, "act", calls);
    mm_doc_int(counts, "open_cases", cases);
    mm_doc_int(counts, "silent_sources", silent);
    return count_exceptions(p, counts);
}

/* ---- one company ---- */

/* Who is to be called, in the order of calling. */
static enum mm_code write_contacts(struct mm_page *p, int64_t *ret_stale)
{
    struct mm_doc *list = mm_doc_array(p->doc, "contacts");
    char today[MM_TIME_TEXT], year_ago[MM_TIME_TEXT];
    struct mm_q q;

    *ret_stale = 0;
    mm_time_text(p->now_us, today);
    mm_time_text(p->now_us - 365 * MM_US_PER_DAY, year_ago);
    mm_q_begin(&q, p->tx, &mm_portal_stmts[MM_P_CONTACTS]);
    mm_q_text(&q, ":today", mm_slice_of(today, 10));
    mm_q_int(&q, ":max", CONTACTS_MAX);
    while (mm_q_row(&q)) {
        struct mm_doc *d = mm_doc_object(list, NULL);
        struct mm_slice verified = mm_q_col_text(&q, 5);

        mm_doc_text(d, "post", mm_q_col_text(&q, 0));
        mm_doc_text(d, "duty", mm_q_col_text(&q, 1));
        mm_doc_text(d, "person", mm_q_col_text(&q, 2));
        mm_doc_text(d, "telephone", mm_q_col_text(&q, 3));
        mm_doc_text(d, "hours", mm_q_col_text(&q, 4));
        mm_doc_text(d, "verified", verified);
        *ret_stale += mm_slice_cmp(verified, mm_slice_of(year_ago, 10)) < 0;
    }
    return mm_q_end(&q);
}

static void todo(struct mm_doc *list, const char *kind, int64_t number, struct mm_slice text,
                 struct mm_slice place, int64_t since_us)
{
    struct mm_doc *d;

    if (list->n >= HOME_TODO)
        return;
    d = mm_doc_object(list, NULL);
    mm_doc_str(d, "kind", kind + strlen("is_"));
    mm_doc_bool(d, kind, true); /* templates have no logic: one flag a kind */
    mm_doc_int(d, "case", number);
    mm_doc_text(d, "text", text);
    mm_doc_text(d, "place", place);
    mm_doc_time(d, "since", since_us);
}

static enum mm_code todo_requests(struct mm_page *p, struct mm_doc *list)
{
    struct mm_q q;

    mm_q_begin(&q, p->tx, &mm_portal_stmts[MM_P_REQUESTS_OPEN]);
    mm_q_int(&q, ":max", HOME_TODO);
    while (mm_q_row(&q))
        todo(list, "is_request", mm_q_col_int(&q, 1), mm_q_col_text(&q, 2), MM_S(""),
             mm_q_col_int(&q, 3));
    return mm_q_end(&q);
}

/* What stands first: what a person must do, in the order of its urgency, three at most. */
static enum mm_code write_todo(struct mm_page *p, const struct mm_fact_case *cases, size_t n,
                               const struct mm_fact_sources *src, int64_t stale_contacts)
{
    struct mm_doc *list = mm_doc_array(p->doc, "todo");
    enum mm_code code;

    for (size_t i = 0; i < n; i++) {
        if (mm_slice_eq(cases[i].act, MM_S("now")) || mm_slice_eq(cases[i].act, MM_S("today")))
            todo(list, "is_case_soon", cases[i].case_id, cases[i].title, cases[i].entity,
                 cases[i].event_us);
    }
    code = todo_requests(p, list);
    for (size_t i = 0; i < src->n; i++) {
        const struct mm_fact_source *s = &src->list[i];

        if (s->state == MM_SOURCE_SILENT)
            todo(list, "is_silent", 0, s->device.n > 0 ? s->device : s->name, s->place,
                 s->last_seen_us);
    }
    for (size_t i = 0; i < n; i++) {
        if (mm_slice_eq(cases[i].act, MM_S("week")) || mm_slice_eq(cases[i].act, MM_S("meeting")))
            todo(list, "is_case_later", cases[i].case_id, cases[i].title, cases[i].entity,
                 cases[i].event_us);
    }
    if (stale_contacts > 0)
        todo(list, "is_contacts", 0, MM_S(""), MM_S(""), 0);
    return code;
}

static enum mm_standing standing_now(const struct mm_fact_case *cases, size_t n,
                                     const struct mm_fact_sources *src)
{
    bool act = false;

    for (size_t i = 0; i < n; i++)
        act |= mm_slice_eq(cases[i].act, MM_S("now")) || mm_slice_eq(cases[i].act, MM_S("today"));
    if (act)
        return MM_STANDING_ACT;
    if (src->silent > 0)
        return MM_STANDING_SILENT;
    if (n > 0)
        return MM_STANDING_WATCH;
    return src->n == src->never ? MM_STANDING_NEW : MM_STANDING_OK;
}

enum mm_code mm_page_home(struct mm_page *p)
{
    struct mm_fact_case *cases;
    struct mm_fact_sources src;
    struct mm_doc *list, *stands;
    size_t n;
    int64_t stale;
    enum mm_code code = mm_page_company(p);

    if (code == MM_OK)
        code = mm_facts_cases(p, false, 0, 100, &cases, &n);
    if (code == MM_OK)
        code = mm_facts_sources(p, &src);
    if (code != MM_OK)
        return code;
    stands = mm_doc_object(p->doc, "standing");
    mm_doc_str(stands, "state", mm_standing_name(standing_now(cases, n, &src)));
    mm_doc_int(stands, "n", (int64_t)n);
    mm_doc_int(stands, "sources", (int64_t)src.n);
    mm_doc_int(stands, "silent", (int64_t)src.silent);
    mm_doc_time(stands, "last_seen", src.last_seen_us);
    code = write_contacts(p, &stale);
    if (code == MM_OK)
        code = write_todo(p, cases, n, &src, stale);
    mm_facts_write_sources(p, &src, mm_doc_array(p->doc, "sources"));
    list = mm_doc_array(p->doc, "cases");
    for (size_t i = 0; i < n && i < HOME_CASES; i++)
        mm_facts_write_case(p, &cases[i], mm_doc_object(list, NULL));
    return code == MM_OK && mm_page_president(p) ? mm_president_write(p, 0) : code;
}
