/* web/portal/noise_page.c - which rules find most: what costs people's time, and what came of it.
 */
#include "base/time.h"
#include "web/portal/exception_view.h"
#include "web/portal/feature.h"
#include "web/portal/pages.h"
#include "web/portal/rules.h"

enum {
    RULES_SHOWN = 100,
    MONTH_DAYS = 30,
    WEEK_DAYS = 7,
    COMPANIES_MAX = 10 * 1000,       /* as many as the operator can have on one machine, and more */
    RULES_MAX = 10 * 1000,           /* with cases or exceptions; beyond, counts are left at 0 */
    ANSWER_MAX = RULES_SHOWN * 1024, /* a title has 500 bytes at most in rules that people read */
    COLUMNS = 8,
    RISE_MIN = 10, /* fewer more in a week is chance */
};

struct noise {
    struct mm_slice rule, title; /* the title that the newest alert had */
    int64_t week, before, month, hidden, companies;
    uint32_t most; /* the company with most of them */
    int64_t cases, nothing, exceptions;
};

struct noisy {
    struct mm_page *p;
    struct noise *row;
    size_t n;
    int64_t week, month; /* of all rules */
    bool answered;       /* by the store */
};

/* ---- the store ---- */

static enum mm_code gather(void *ctx, struct mm_slice piece)
{
    struct mm_buf *b = ctx;

    mm_buf_add(b, piece);
    return mm_buf_ok(b) ? MM_OK : MM_E_LIMIT;
}

/* Fields of one line; false when there are not as many. */
static bool take_fields(struct mm_slice line, struct mm_slice *ret, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t tab = mm_slice_find(line, '\t', 0);

        if ((tab == SIZE_MAX) != (i + 1 == n))
            return false;
        ret[i] = mm_slice_sub(line, 0, tab);
        line = tab == SIZE_MAX ? MM_S("") : mm_slice_sub(line, tab + 1, SIZE_MAX);
    }
    return true;
}

static bool take_number(struct mm_slice s, int64_t *ret)
{
    uint64_t v;

    if (!mm_slice_u64(s, &v) || v > INT64_MAX)
        return false;
    *ret = (int64_t)v;
    return true;
}

/* One line of RULES_BY_ALERTS; what cannot be read is left out. */
static void take_rule(struct noisy *s, struct mm_slice line)
{
    struct mm_slice f[COLUMNS];
    struct noise r = {0};
    int64_t most;

    if (s->n == RULES_SHOWN || !take_fields(line, f, COLUMNS) || !take_number(f[1], &r.week) ||
        !take_number(f[2], &r.before) || !take_number(f[3], &r.month) ||
        !take_number(f[4], &r.hidden) || !take_number(f[5], &r.companies) ||
        !take_number(f[6], &most) || most > UINT32_MAX ||
        !mm_arena_dup(s->p->arena, f[0], &r.rule) || !mm_arena_dup(s->p->arena, f[7], &r.title))
        return;
    r.most = (uint32_t)most;
    s->row[s->n++] = r;
}

static void take_total(struct noisy *s, struct mm_slice line)
{
    struct mm_slice f[2];

    if (take_fields(line, f, MM_COUNT(f)))
        s->answered = take_number(f[0], &s->week) && take_number(f[1], &s->month);
}

static enum mm_code ask_one(struct mm_events_client *client, enum mm_statement st,
                            const struct mm_events_param *params, size_t n, struct noisy *s,
                            void (*take)(struct noisy *, struct mm_slice))
{
    struct mm_events_answer said;
    struct mm_buf answer;
    struct mm_slice rest;
    enum mm_code code;

    mm_buf_init(&answer, ANSWER_MAX);
    code = mm_events_run(client, st, params, n, gather, &answer, &said);
    rest = mm_buf_slice(&answer);
    while (code == MM_OK && rest.n > 0) {
        size_t end = mm_slice_find(rest, '\n', 0);

        take(s, mm_slice_sub(rest, 0, end));
        rest = end == SIZE_MAX ? MM_S("") : mm_slice_sub(rest, end + 1, SIZE_MAX);
    }
    mm_buf_done(&answer);
    return code;
}

/* Without the store the page says that it does not know. */
static void ask_store(struct noisy *s, struct mm_slice companies)
{
    char from[24], week[24], before[24], limit[24];
    int64_t now = s->p->now_us;
    const struct mm_events_param params[] = {
        {"companies", companies},
        {"from", mm_events_i64(now - MONTH_DAYS * MM_US_PER_DAY, from)},
        {"week", mm_events_i64(now - WEEK_DAYS * MM_US_PER_DAY, week)},
        {"before", mm_events_i64(now - 2 * WEEK_DAYS * MM_US_PER_DAY, before)},
        {"limit", mm_events_u64(RULES_SHOWN, limit)},
    };
    struct mm_events_client *client = NULL;
    enum mm_code code = mm_page_events_client(s->p, &client);

    if (code == MM_OK)
        code = ask_one(client, MM_ST_ALERTS_TOTAL, params, MM_COUNT(params), s, take_total);
    if (code == MM_OK)
        code = ask_one(client, MM_ST_RULES_BY_ALERTS, params, MM_COUNT(params), s, take_rule);
    s->answered = s->answered && code == MM_OK;
    mm_events_free(&client);
}

/* ---- the records ---- */

/* The companies whose alerts are counted, as the store reads a list. */
static enum mm_code list_companies(struct mm_page *p, struct mm_buf *out)
{
    uint32_t *list = mm_arena_array(p->arena, COMPANIES_MAX, sizeof(*list));
    size_t n = 0;
    struct mm_q q;
    enum mm_code code;

    if (list == NULL)
        return MM_E_NOMEM;
    mm_q_begin(&q, p->tx, &mm_portal_stmts[MM_P_COMPANY_NAMES]);
    mm_q_int(&q, ":max", COMPANIES_MAX);
    while (n < COMPANIES_MAX && mm_q_row(&q))
        list[n++] = mm_q_col_u32(&q, 0);
    code = mm_q_end(&q);
    mm_events_companies(out, list, n);
    return code == MM_OK && !mm_buf_ok(out) ? MM_E_NOMEM : code;
}

static struct noise *row_of(struct noisy *s, struct mm_slice rule)
{
    for (size_t i = 0; i < s->n; i++) {
        if (mm_slice_eq(s->row[i].rule, rule))
            return &s->row[i];
    }
    return NULL;
}

/* What came of them: cases, and exceptions that are in force. */
static enum mm_code read_outcome(struct noisy *s)
{
    struct noise *r;
    struct mm_q q;
    enum mm_code code;

    mm_q_begin(&q, s->p->tx, &mm_portal_stmts[MM_P_RULE_CASES]);
    mm_q_int(&q, ":since", s->p->now_us - MONTH_DAYS * MM_US_PER_DAY);
    mm_q_int(&q, ":max", RULES_MAX);
    while (mm_q_row(&q)) {
        r = row_of(s, mm_q_col_text(&q, 0));
        if (r != NULL) {
            r->cases = mm_q_col_int(&q, 1);
            r->nothing = mm_q_col_int(&q, 2);
        }
    }
    code = mm_q_end(&q);
    if (code != MM_OK)
        return code;
    mm_q_begin(&q, s->p->tx, &mm_portal_stmts[MM_P_RULE_EXCEPTIONS]);
    mm_q_int(&q, ":max", RULES_MAX);
    while (mm_q_row(&q)) {
        r = row_of(s, mm_q_col_text(&q, 0));
        if (r != NULL)
            r->exceptions = mm_q_col_int(&q, 1);
    }
    return mm_q_end(&q);
}

static struct mm_slice name_of(struct mm_page *p, uint32_t company)
{
    struct mm_slice name = {0};
    struct mm_q q;

    mm_q_begin(&q, p->tx, &mm_portal_stmts[MM_P_COMPANY]);
    mm_q_int(&q, ":id", company);
    if (mm_q_row(&q))
        name = mm_q_col_dup(&q, 1, p->arena);
    return mm_q_end(&q) == MM_OK ? name : (struct mm_slice){0};
}

/* ---- the document ---- */

static const char *trend_of(const struct noise *r)
{
    if (r->before == 0)
        return r->week > 0 ? "new" : "same";
    if (r->week > r->before + r->before / 2 && r->week - r->before >= RISE_MIN)
        return "up";
    return r->week < r->before / 2 && r->before - r->week >= RISE_MIN ? "down" : "same";
}

static void write_row(struct noisy *s, const struct noise *r, const struct mm_rule *rule,
                      struct mm_doc *d)
{
    mm_doc_text(d, "rule", r->rule);
    mm_doc_text(d, "rule_title", rule == NULL ? r->title : mm_portal_rule_title(s->p, rule));
    mm_doc_bool(d, "known", rule != NULL); /* in force still */
    mm_doc_str(d, "level", rule == NULL ? NULL : mm_level_name(rule->level));
    mm_doc_int(d, "week", r->week);
    mm_doc_int(d, "before", r->before);
    mm_doc_str(d, "trend", trend_of(r));
    mm_doc_int(d, "month", r->month);
    mm_doc_int(d, "share_permille", s->month > 0 ? r->month * 1000 / s->month : 0);
    mm_doc_int(d, "hidden", r->hidden);
    mm_doc_int(d, "companies", r->companies);
    mm_doc_int(d, "most", r->most);
    mm_doc_text(d, "most_name", name_of(s->p, r->most));
    mm_doc_int(d, "cases", r->cases);
    mm_doc_int(d, "nothing_found", r->nothing);
    mm_doc_int(d, "exceptions", r->exceptions);
}

static enum mm_code write_all(struct noisy *s)
{
    struct mm_doc *list = mm_doc_array(s->p->doc, "rules");
    struct mm_ruleset *set = NULL;
    enum mm_code code = mm_portal_rules(s->p->portal, s->p->now_us, &set);

    mm_doc_bool(s->p->doc, "answered", s->answered);
    mm_doc_int(s->p->doc, "week_days", WEEK_DAYS);
    mm_doc_int(s->p->doc, "month_days", MONTH_DAYS);
    if (s->answered) {
        mm_doc_measured(s->p->doc, "week", s->week);
        mm_doc_measured(s->p->doc, "month", s->month);
    } else {
        mm_doc_none(s->p->doc, "week", "unknown");
        mm_doc_none(s->p->doc, "month", "unknown");
    }
    /* Rules that cannot be read have found things all the same: they stand under their number. */
    for (size_t i = 0; s->answered && i < s->n; i++)
        write_row(s, &s->row[i], code == MM_OK ? mm_portal_rule(set, s->row[i].rule) : NULL,
                  mm_doc_object(list, NULL));
    mm_rules_unref(&set);
    return MM_OK;
}

static enum mm_code show(struct mm_page *p)
{
    struct noisy s = {.p = p, .row = mm_arena_array(p->arena, RULES_SHOWN, sizeof(struct noise))};
    struct mm_buf companies;
    enum mm_code code;

    if (s.row == NULL)
        return MM_E_NOMEM;
    mm_buf_init(&companies, COMPANIES_MAX * 12);
    code = list_companies(p, &companies);
    if (code == MM_OK)
        ask_store(&s, mm_buf_slice(&companies));
    mm_buf_done(&companies);
    if (code == MM_OK)
        code = read_outcome(&s);
    return code == MM_OK ? write_all(&s) : code;
}

enum mm_code mm_page_noise(struct mm_page *p)
{
    enum mm_code code = mm_page_read(p);

    mm_doc_bool(p->doc, "all_companies", true);
    return code == MM_OK ? show(p) : code;
}

enum mm_code mm_page_company_noise(struct mm_page *p)
{
    enum mm_code code = mm_page_company(p);

    p->template = "noise";
    mm_doc_bool(p->doc, "all_companies", false);
    return code == MM_OK ? show(p) : code;
}
