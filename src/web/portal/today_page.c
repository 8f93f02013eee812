/*
 * web/portal/today_page.c - what waits for the operator's people today, over all companies.
 *
 * Every kind is read each time, since its number stands above the list; `kind` in the address
 * chooses one, of which more is shown.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "triage/triage.h"
#include "web/portal/facts.h"
#include "web/portal/feature.h"
#include "web/portal/pages.h"

enum {
    EACH_MAX = 100,    /* rows of one kind beside the others: a screen */
    CHOSEN_MAX = 500,  /* rows of a kind that was chosen; what is done makes room for the next */
    CALLS_MAX = 20000, /* companies whose contact is looked up: one row each */
    WHAT_MAX = 160,    /* bytes of a request's text; its case has all of it */
    PATH_MAX_TEXT = 96,
};

/* Columns of every statement of the list; what follows them is the kind's own. */
enum { COL_TOTAL, COL_COMPANY, COL_NAME, COL_SINCE, COL_ID, COL_WHAT, COL_DETAIL, COL_MORE };

/* Whom to call in one company. */
struct call {
    uint32_t company;
    struct mm_slice post, person, telephone, hours;
};

struct today {
    struct mm_page *p;
    struct call *call; /* by company */
    size_t call_n;
    struct mm_doc *rows;
};

MM_PRINTF(2, 3) static void write_path(struct mm_doc *d, const char *fmt, ...)
{
    char path[PATH_MAX_TEXT];
    va_list args;
    int n;

    va_start(args, fmt);
    n = vsnprintf(path, sizeof(path), fmt, args);
    va_end(args);
    MM_ASSERT(n > 0 && (size_t)n < sizeof(path));
    mm_doc_text(d, "path", mm_slice_of(path, (size_t)n));
}

/* ---- one function a kind: what its rows say beside what all say ---- */

static void write_case(struct mm_page *p, struct mm_q *q, struct mm_doc *d)
{
    struct mm_slice act = mm_q_col_text(q, COL_MORE + 1);
    struct mm_case_words words;
    char next[24];

    mm_facts_words(p, mm_q_col_text(q, COL_MORE + 2), &words);
    mm_doc_text(d, "what", mm_facts_title(p, words.title, mm_q_col_text(q, COL_WHAT)));
    mm_doc_int(d, "number", mm_q_col_int(q, COL_MORE));
    mm_doc_text(d, "act", act);
    (void)snprintf(next, sizeof(next), "case_%.*s", MM_S_ARG(mm_slice_sub(act, 0, 16)));
    mm_doc_text(d, "next", mm_slice_str(next));
    write_path(d, "/companies/%u/cases/%lld", mm_q_col_u32(q, COL_COMPANY),
               (long long)mm_q_col_int(q, COL_ID));
}

static void write_request(struct mm_page *p, struct mm_q *q, struct mm_doc *d)
{
    struct mm_slice text = mm_q_col_text(q, COL_WHAT), cut = mm_utf8_cut(text, WHAT_MAX);
    char shown[WHAT_MAX + 8];

    (void)p;
    (void)snprintf(shown, sizeof(shown), "%.*s%s", MM_S_ARG(cut), cut.n < text.n ? " ..." : "");
    mm_doc_text(d, "what", mm_slice_str(shown));
    mm_doc_int(d, "number", mm_q_col_int(q, COL_MORE));
    mm_doc_str(d, "next", "request");
    write_path(d, "/companies/%u/cases/%lld#requests", mm_q_col_u32(q, COL_COMPANY),
               (long long)mm_q_col_int(q, COL_ID));
}

static void write_silent(struct mm_page *p, struct mm_q *q, struct mm_doc *d)
{
    (void)p;
    mm_doc_text(d, "what", mm_q_col_text(q, COL_WHAT));
    mm_doc_str(d, "next", "silent");
    write_path(d, "/companies/%u/sources/%lld", mm_q_col_u32(q, COL_COMPANY),
               (long long)mm_q_col_int(q, COL_ID));
}

static void write_proposal(struct mm_page *p, struct mm_q *q, struct mm_doc *d)
{
    bool exception = mm_slice_eq(mm_q_col_text(q, COL_MORE), MM_S("exception"));
    uint32_t company = mm_q_col_u32(q, COL_COMPANY), made_by = mm_q_col_u32(q, COL_MORE + 1);

    mm_doc_text(d, "what", mm_q_col_text(q, COL_WHAT));
    mm_doc_str(d, "part", exception ? "exception" : "adjust");
    /* Who proposed it cannot agree. */
    mm_doc_str(d, "next", made_by != 0 && made_by == p->me.user ? "own_proposal" : "proposal");
    if (exception)
        write_path(d, "/companies/%u/exceptions", company);
    else if (company == MM_COMPANY_OPERATOR) /* of a programme */
        write_path(d, "/rules#adjusts");
    else
        write_path(d, "/companies/%u/rules#adjusts", company);
}

/* In the order of the list. */
static const struct kind {
    const char *name, *flag; /* templates have no logic: one flag a kind */
    enum mm_portal_stmt stmt;
    void (*write)(struct mm_page *p, struct mm_q *q, struct mm_doc *d);
} kinds[] = {
    {"cases", "is_case", MM_P_TODAY_CASES, write_case},
    {"requests", "is_request", MM_P_TODAY_REQUESTS, write_request},
    {"silent", "is_silent", MM_P_TODAY_SILENT, write_silent},
    {"proposals", "is_proposal", MM_P_TODAY_PROPOSALS, write_proposal},
};

/* ---- whom to call ---- */

static enum mm_code read_calls(struct today *t)
{
    struct mm_page *p = t->p;
    char today[MM_TIME_TEXT];
    size_t cap = 0;
    struct mm_q q;

    mm_time_text(p->now_us, today);
    mm_q_begin(&q, p->tx, &mm_portal_stmts[MM_P_TODAY_CALLS]);
    mm_q_text(&q, ":today", mm_slice_of(today, 10));
    mm_q_int(&q, ":max", CALLS_MAX);
    while (mm_q_row(&q) && MM_VEC_ROOM_IN(p->arena, t->call, t->call_n, cap))
        t->call[t->call_n++] = (struct call){
            .company = mm_q_col_u32(&q, 0),
            .post = mm_q_col_dup(&q, 1, p->arena),
            .person = mm_q_col_dup(&q, 2, p->arena),
            .telephone = mm_q_col_dup(&q, 3, p->arena),
            .hours = mm_q_col_dup(&q, 4, p->arena),
        };
    return mm_q_end(&q);
}

static int by_company(const void *key, const void *element)
{
    uint32_t company = *(const uint32_t *)key, other = ((const struct call *)element)->company;

    return company < other ? -1 : company > other;
}

static void write_call(const struct today *t, uint32_t company, struct mm_doc *d)
{
    const struct call *c =
        t->call_n == 0 ? NULL : bsearch(&company, t->call, t->call_n, sizeof(*t->call), by_company);
    struct mm_doc *to;

    if (c == NULL) {
        mm_doc_null(d, "contact");
        return;
    }
    to = mm_doc_object(d, "contact");
    mm_doc_text(to, "post", c->post);
    mm_doc_text(to, "person", c->person);
    mm_doc_text(to, "telephone", c->telephone);
    mm_doc_text(to, "hours", c->hours);
}

/* ---- the list ---- */

static void write_row(const struct today *t, const struct kind *k, struct mm_q *q)
{
    struct mm_doc *d = mm_doc_object(t->rows, NULL);
    uint32_t company = mm_q_col_u32(q, COL_COMPANY);

    mm_doc_str(d, "kind", k->name);
    mm_doc_bool(d, k->flag, true);
    mm_doc_int(d, "company", company);
    mm_doc_text(d, "company_name", mm_q_col_text(q, COL_NAME));
    k->write(t->p, q, d);
    mm_doc_text(d, "detail", mm_q_col_text(q, COL_DETAIL));
    mm_doc_time(d, "since", mm_q_col_int(q, COL_SINCE));
    write_call(t, company, d);
}

/* Rows of one kind, `max` at most, and how many there are. */
static enum mm_code read_kind(const struct today *t, const struct kind *k, int64_t max,
                              int64_t *ret_total)
{
    int64_t read = 0;
    struct mm_q q;

    *ret_total = 0;
    mm_q_begin(&q, t->p->tx, &mm_portal_stmts[k->stmt]);
    if (k->stmt == MM_P_TODAY_SILENT) {
        mm_q_int(&q, ":now", t->p->now_us);
        mm_q_int(&q, ":silence", MM_SILENCE_S);
    }
    mm_q_int(&q, ":max", max > 0 ? max : 1);
    while (mm_q_row(&q)) {
        *ret_total = mm_q_col_int(&q, COL_TOTAL);
        if (read++ < max)
            write_row(t, k, &q);
    }
    return mm_q_end(&q);
}

static enum mm_code write_kind(const struct today *t, const struct kind *k, struct mm_slice chosen,
                               struct mm_doc *list, int64_t *total)
{
    bool is_chosen = mm_slice_eq(chosen, mm_slice_str(k->name));
    int64_t n = 0, max = is_chosen ? CHOSEN_MAX : chosen.n == 0 ? EACH_MAX : 0;
    enum mm_code code = read_kind(t, k, max, &n);
    struct mm_doc *d = mm_doc_object(list, NULL);

    mm_doc_str(d, "kind", k->name);
    mm_doc_int(d, "count", n);
    mm_doc_bool(d, "chosen", is_chosen);
    /* Of those that are asked for: what does not fit. */
    mm_doc_int(d, "left", max > 0 && n > max ? n - max : 0);
    *total += n;
    return code;
}

enum mm_code mm_page_today(struct mm_page *p)
{
    struct today t = {.p = p};
    struct mm_slice chosen = mm_input_get(&p->in, "kind");
    bool known = chosen.n == 0;
    struct mm_doc *list;
    int64_t total = 0;
    enum mm_code code;

    for (size_t i = 0; i < MM_COUNT(kinds); i++)
        known |= mm_slice_eq(chosen, mm_slice_str(kinds[i].name));
    if (!known)
        return MM_E_RANGE;
    code = mm_page_read(p);
    if (code == MM_OK)
        code = read_calls(&t);
    mm_doc_time(p->doc, "time", p->now_us);
    mm_doc_bool(p->doc, "all", chosen.n == 0);
    list = mm_doc_array(p->doc, "kinds");
    t.rows = mm_doc_array(p->doc, "rows");
    for (size_t i = 0; i < MM_COUNT(kinds) && code == MM_OK; i++)
        code = write_kind(&t, &kinds[i], chosen, list, &total);
    mm_doc_int(p->doc, "count", total);
    return code;
}
