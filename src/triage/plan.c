/* triage/plan.c - which entities of a batch get a finding of their own; see triage.h for the
 * contract.
 *
 * What was made within the last hour is asked from the findings themselves: there is no other
 * account that a crash could leave behind. Events' own times play no part, they are the sender's.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "base/time.h"
#include "base/utf8.h"
#include "triage/triage.h"
#include "triage/triage_priv.h"

enum {
    DEVICES_MAX = 5000, /* registered ones of a company that are known in a flood */
    ARENA_MAX = 8 * 1024 * 1024,
    /* Rules with new findings of the last hour: as many as findings, each in its own. */
    SPENT_MAX = MM_LANE_KNOWN * MM_TRIAGE_COMPANY_HOUR,
};

#define HOUR_US (3600 * MM_US_PER_S)

struct spent {
    struct mm_slice rule;
    enum mm_lane lane;
    int64_t n;
};

struct planning {
    struct mm_tx *tx;
    const struct mm_alert *alerts;
    int64_t now_us;
    struct mm_triage_plan plan;
    /* Of the company that is planned, once somebody asks. */
    struct mm_arena arena;
    bool budget_known, devices_known;
    struct spent *spent;
    size_t spent_n;
    int64_t all[MM_LANE_COUNT]; /* new findings within the hour */
    struct mm_slice *device;    /* names and addresses, sorted */
    size_t device_n;
};

/* ---- what is left of the hour ---- */

static enum mm_code read_budget(struct planning *p)
{
    struct mm_q q;
    enum mm_code code;

    p->spent = mm_arena_array(&p->arena, SPENT_MAX, sizeof(*p->spent));
    if (p->spent == NULL)
        return MM_E_NOMEM;
    p->spent_n = 0;
    memset(p->all, 0, sizeof(p->all));
    mm_q_begin(&q, p->tx, &mm_triage_stmts[MM_TRIAGE_FINDINGS_MADE]);
    mm_q_int(&q, ":since", p->now_us - HOUR_US);
    mm_q_int(&q, ":now", p->now_us); /* the clock may have been ahead */
    while (mm_q_row(&q)) {
        int64_t lane = mm_q_col_int(&q, 1), n = mm_q_col_int(&q, 2);

        if (lane < 0 || lane >= MM_LANE_KNOWN)
            continue;
        p->all[lane] += n;
        if (p->spent_n < SPENT_MAX)
            p->spent[p->spent_n++] = (struct spent){
                .rule = mm_q_col_dup(&q, 0, &p->arena), .lane = (enum mm_lane)lane, .n = n};
    }
    code = mm_q_end(&q);
    p->budget_known = code == MM_OK;
    return code;
}

/* How many new findings of the lane the rule may still get. */
static int64_t left(const struct planning *p, struct mm_slice rule, enum mm_lane lane)
{
    int64_t of_rule = MM_TRIAGE_RULE_HOUR, of_all = MM_TRIAGE_COMPANY_HOUR - p->all[lane];

    for (size_t i = 0; i < p->spent_n; i++) {
        if (p->spent[i].lane == lane && mm_slice_eq(p->spent[i].rule, rule))
            of_rule -= p->spent[i].n;
    }
    return of_rule < of_all ? of_rule : of_all;
}

/* ---- who is known ---- */

static int by_text(const void *a, const void *b)
{
    return mm_slice_cmp(*(const struct mm_slice *)a, *(const struct mm_slice *)b);
}

static enum mm_code read_devices(struct planning *p)
{
    struct mm_q q;
    enum mm_code code;

    p->device = mm_arena_array(&p->arena, 2 * DEVICES_MAX, sizeof(*p->device));
    if (p->device == NULL)
        return MM_E_NOMEM;
    p->device_n = 0;
    mm_q_begin(&q, p->tx, &mm_triage_stmts[MM_TRIAGE_DEVICES]);
    mm_q_int(&q, ":max", DEVICES_MAX);
    while (p->device_n < 2 * DEVICES_MAX && mm_q_row(&q)) {
        p->device[p->device_n++] = mm_q_col_dup(&q, 0, &p->arena);
        p->device[p->device_n++] = mm_q_col_dup(&q, 1, &p->arena);
    }
    code = mm_q_end(&q);
    if (p->device_n > 1)
        qsort(p->device, p->device_n, sizeof(*p->device), by_text);
    p->devices_known = code == MM_OK;
    return code;
}

static enum mm_code has_case(struct planning *p, const struct mm_alert *a, struct mm_slice entity,
                             bool *ret)
{
    struct mm_q q;

    mm_q_begin(&q, p->tx, &mm_triage_stmts[MM_TRIAGE_CASE_OPEN_OF]);
    mm_q_text(&q, ":field", a->entity_field);
    mm_q_text(&q, ":entity", entity);
    *ret = mm_q_row(&q);
    return mm_q_end(&q);
}

/* Made-up names are neither registered nor worked on. */
static enum mm_code is_known(struct planning *p, const struct mm_alert *a, bool *ret)
{
    struct mm_buf text;
    struct mm_slice entity;
    enum mm_code code = p->devices_known ? MM_OK : read_devices(p);

    if (code != MM_OK)
        return code;
    mm_buf_init(&text, 4 * MM_ALERT_MAX_TEXT);
    entity = mm_triage_clean(&text, a->entity);
    *ret =
        entity.n > 0 && bsearch(&entity, p->device, p->device_n, sizeof(entity), by_text) != NULL;
    if (!*ret && entity.n > 0)
        code = has_case(p, a, entity, ret);
    mm_buf_done(&text);
    return code;
}

/* ---- one rule in one company ---- */

/* Who is shown first: logins that succeeded, then what there is most of, then what came first. */
static int by_weight(const void *pa, const void *pb)
{
    const struct mm_run *a = pa, *b = pb;
    int c = (b->lane == MM_LANE_SUCCEEDED) - (a->lane == MM_LANE_SUCCEEDED);

    if (c == 0)
        c = a->events > b->events ? -1 : a->events < b->events;
    return c != 0 ? c : a->seq < b->seq ? -1 : a->seq > b->seq;
}

static enum mm_lane lane_of(enum mm_level level)
{
    return level == MM_LEVEL_CRITICAL ? MM_LANE_CRITICAL
           : level >= MM_CASE_LEVEL   ? MM_LANE_COMMON
                                      : MM_LANE_QUIET;
}

/* Of runs without a finding, the last n of plan.many, some get one of their own. */
static enum mm_code share_out(struct planning *p, size_t n)
{
    struct mm_run *fresh = p->plan.many + p->plan.many_n - n;
    struct mm_slice rule = p->alerts[fresh->at].rule_id;
    int64_t may[MM_LANE_COUNT] = {[MM_LANE_KNOWN] = INT64_MAX}, given[MM_LANE_COUNT] = {0};
    bool scarce = false;
    size_t stay = 0;
    enum mm_code code = p->budget_known ? MM_OK : read_budget(p);

    if (code != MM_OK)
        return code;
    for (int lane = 0; lane < MM_LANE_KNOWN; lane++)
        may[lane] = left(p, rule, (enum mm_lane)lane);
    for (size_t i = 0; i < n; i++)
        scarce = ++given[fresh[i].lane] > may[fresh[i].lane] || scarce;
    memset(given, 0, sizeof(given));
    for (size_t i = 0; scarce && i < n && code == MM_OK; i++) {
        bool known = false;

        code = is_known(p, &p->alerts[fresh[i].at], &known);
        fresh[i].lane = known ? MM_LANE_KNOWN : fresh[i].lane;
    }
    if (scarce)
        qsort(fresh, n, sizeof(*fresh), by_weight);
    for (size_t i = 0; i < n; i++) {
        /* Logins that succeeded have places of their own beyond those of their level. */
        if (fresh[i].lane == MM_LANE_SUCCEEDED && given[fresh[i].lane] >= may[fresh[i].lane])
            fresh[i].lane = lane_of(p->alerts[fresh[i].at].level);
        if (given[fresh[i].lane] < may[fresh[i].lane]) {
            given[fresh[i].lane]++;
            p->plan.own[p->plan.own_n++] = fresh[i];
        } else {
            fresh[stay++] = fresh[i];
        }
    }
    for (int lane = 0; lane < MM_LANE_KNOWN; lane++)
        p->all[lane] += given[lane];
    p->plan.many_n -= n - stay;
    return code;
}

/* The run of alerts of one entity from `at` on. */
static struct mm_run run_at(const struct mm_alert *alerts, size_t at, size_t to)
{
    const struct mm_alert *a = alerts + at;
    struct mm_run r = {.at = at, .words = at, .seq = a->seq};

    r.lane = lane_of(a->level);
    for (; at + r.n < to && mm_slice_eq(a[r.n].entity, a->entity); r.n++) {
        MM_ASSERT(a[r.n].queue == a->queue);
        r.events += a[r.n].events;
        r.lane = a[r.n].succeeded ? MM_LANE_SUCCEEDED : r.lane;
        r.words = a[r.n].doc.n > 0 && alerts[r.words].doc.n == 0 ? at + r.n : r.words;
    }
    return r;
}

/* Up to which number the rule's alerts are counted together. */
static enum mm_code mark_of_many(struct planning *p, const struct mm_alert *a, uint64_t *ret)
{
    struct mm_made m = {.kind = MM_MANY_KIND, .field = a->entity_field};
    struct mm_found f;
    struct mm_buf text;
    enum mm_code code;

    mm_buf_init(&text, 4 * MM_ALERT_MAX_TEXT);
    m.rule = mm_triage_clean(&text, a->rule_id);
    code = mm_finding_get(p->tx, &m, &f);
    *ret = 0;
    if (code == MM_OK && !f.is_new)
        code = mm_finding_mark(p->tx, f.finding, a->queue, ret);
    mm_buf_done(&text);
    return code;
}

static enum mm_code has_finding(struct planning *p, const struct mm_alert *a, bool *ret)
{
    struct mm_made m = {.kind = "alert", .field = a->entity_field};
    struct mm_buf text[2];
    struct mm_found f;
    enum mm_code code;

    mm_buf_init(&text[0], 4 * MM_ALERT_MAX_TEXT);
    mm_buf_init(&text[1], 4 * MM_ALERT_MAX_TEXT);
    m.rule = mm_triage_clean(&text[0], a->rule_id);
    m.entity = mm_triage_clean(&text[1], a->entity);
    code = mm_finding_get(p->tx, &m, &f);
    *ret = code == MM_OK && !f.is_new;
    mm_buf_done(&text[0]);
    mm_buf_done(&text[1]);
    return code;
}

/* All alerts of one rule in one company, [from, to). */
static enum mm_code plan_rule(struct planning *p, size_t from, size_t to)
{
    const struct mm_alert *alerts = p->alerts;
    size_t own = p->plan.own_n, many = p->plan.many_n, words = from;
    uint64_t mark = 0;
    enum mm_code code = mark_of_many(p, &alerts[from], &mark);

    for (size_t at = from; at < to && code == MM_OK;) {
        struct mm_run r = run_at(alerts, at, to);
        bool is = false;

        code = has_finding(p, &alerts[at], &is);
        at += r.n;
        words = alerts[words].doc.n > 0 ? words : r.words;
        r.above = is ? 0 : mark;
        if (is)
            p->plan.own[p->plan.own_n++] = r;
        else if (alerts[at - 1].seq > mark)
            p->plan.many[p->plan.many_n++] = r;
    }
    if (code == MM_OK && p->plan.many_n > many)
        code = share_out(p, p->plan.many_n - many);
    for (size_t i = own; i < p->plan.own_n; i++)
        p->plan.own[i].words =
            alerts[p->plan.own[i].words].doc.n > 0 ? p->plan.own[i].words : words;
    for (size_t i = many; i < p->plan.many_n; i++)
        p->plan.many[i].words = words;
    return code;
}

/* All alerts of one company, [from, to). */
static enum mm_code plan_company(struct planning *p, size_t from, size_t to)
{
    bool is = false;
    enum mm_code code = mm_triage_enter(p->tx, p->alerts[from].company, &is);

    if (code != MM_OK)
        return code;
    p->budget_known = p->devices_known = false;
    mm_arena_reset(&p->arena);
    while (is && from < to && code == MM_OK) {
        size_t n = 1;

        while (from + n < to && mm_alert_same(&p->alerts[from], &p->alerts[from + n]) == 0)
            n++;
        code = plan_rule(p, from, from + n);
        from += n;
    }
    mm_tx_widen(p->tx);
    return code;
}

enum mm_code mm_triage_plan(struct mm_tx *tx, const struct mm_alert *alerts, size_t n,
                            int64_t now_us, struct mm_triage_plan *ret)
{
    struct planning p = {.tx = tx, .alerts = alerts, .now_us = now_us, .plan.alerts = alerts};
    enum mm_code code = MM_OK;

    while (n > 0 && alerts[n - 1].hidden_by.n > 0)
        n--; /* sorted: these are the last */
    /* No more runs than alerts. */
    p.plan.own = calloc(n + 1, sizeof(*p.plan.own));
    p.plan.many = calloc(n + 1, sizeof(*p.plan.many));
    if (p.plan.own == NULL || p.plan.many == NULL)
        code = MM_E_NOMEM;
    mm_arena_init(&p.arena, ARENA_MAX);
    for (size_t from = 0, to; from < n && code == MM_OK; from = to) {
        for (to = from + 1; to < n && alerts[to].company == alerts[from].company;)
            to++;
        code = plan_company(&p, from, to);
    }
    mm_arena_done(&p.arena);
    if (code == MM_OK)
        *ret = p.plan;
    else
        mm_triage_plan_done(&p.plan);
    return code;
}

void mm_triage_plan_done(struct mm_triage_plan *p)
{
    free(p->own);
    free(p->many);
    *p = (struct mm_triage_plan){0};
}
