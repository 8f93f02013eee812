/* triage/alerts.c - a batch's alerts become findings, as planned; see triage.h for the contract. */
#include "triage/triage.h"

#include "triage/triage_priv.h"

int mm_alert_same(const struct mm_alert *a, const struct mm_alert *b)
{
    int c = a->company < b->company ? -1 : a->company > b->company;

    if (c == 0)
        c = mm_slice_cmp(a->rule_id, b->rule_id);
    return c != 0 ? c : mm_slice_cmp(a->entity_field, b->entity_field);
}

int mm_alert_order(const void *pa, const void *pb)
{
    const struct mm_alert *a = pa, *b = pb;
    int c = (a->hidden_by.n > 0) - (b->hidden_by.n > 0);

    if (c == 0)
        c = mm_alert_same(a, b);
    if (c == 0)
        c = mm_slice_cmp(a->entity, b->entity);
    if (c == 0)
        c = mm_slice_cmp(a->hidden_by, b->hidden_by);
    if (c == 0)
        c = a->queue < b->queue ? -1 : a->queue > b->queue;
    return c != 0 ? c : a->seq < b->seq ? -1 : a->seq > b->seq;
}

/* How many events there are, from when to when, and what they weigh together. */
static void sum_up(const struct mm_alert *a, size_t n, struct mm_made *m)
{
    m->count = 0;
    m->first_us = m->last_us = a->time_us;
    m->weight = mm_level_weigh(a->level, true);
    for (size_t i = 0; i < n; i++) {
        m->count += a[i].events;
        if (!a[i].prevented) /* one that came through counts for all */
            m->weight = a->level;
        m->first_us = a[i].time_us < m->first_us ? a[i].time_us : m->first_us;
        m->last_us = a[i].time_us > m->last_us ? a[i].time_us : m->last_us;
    }
}

/* The alerts of one finding, which rise in number: those above `mark` are new to it. */
static enum mm_code count_run(struct mm_tx *tx, const struct mm_alert *a, size_t n, uint64_t mark,
                              int64_t now_us, struct mm_made *m, struct mm_found *f,
                              struct mm_opened *opened)
{
    size_t done = 0;
    enum mm_code code;

    while (done < n && a[done].seq <= mark)
        done++;
    if (done == n)
        return MM_OK;
    sum_up(a + done, n - done, m);
    code = mm_finding_count(tx, m, now_us, f);
    if (code == MM_OK)
        code = mm_finding_mark_set(tx, f->finding, a->queue, a[n - 1].seq);
    if (code == MM_OK && m->level >= MM_CASE_LEVEL)
        code = mm_finding_into_case(tx, a->company, m, f, now_us, opened);
    if (code == MM_OK && m->level >= MM_CASE_LEVEL)
        code = mm_finding_events(tx, f->case_id, a + done, n - done, MM_FINDING_EVENTS_MAX);
    return code;
}

/* One run that has or gets a finding of its own. */
static enum mm_code take_run(struct mm_tx *tx, const struct mm_alert *alerts,
                             const struct mm_run *run, int64_t now_us, struct mm_opened *opened)
{
    const struct mm_alert *a = alerts + run->at, *words = alerts + run->words;
    struct mm_buf text[5];
    struct mm_made m = {.kind = "alert", .level = a->level, .lane = run->lane};
    struct mm_found f;
    uint64_t mark = run->above;
    enum mm_code code;

    for (size_t i = 0; i < MM_COUNT(text); i++)
        mm_buf_init(&text[i], 4 * MM_ALERT_MAX_DOC);
    m.rule = mm_triage_clean(&text[0], a->rule_id);
    m.field = a->entity_field;
    m.entity = mm_triage_clean(&text[1], a->entity);
    m.title = mm_triage_clean(&text[2], a->title);
    m.author = mm_triage_clean(&text[3], a->author);
    m.doc = mm_triage_clean(&text[4], words->doc.n > 0 ? words->doc : MM_S("{}"));
    code = mm_finding_get(tx, &m, &f);
    if (code == MM_OK && !f.is_new)
        code = mm_finding_mark(tx, f.finding, a->queue, &mark);
    if (code == MM_OK)
        code = count_run(tx, a, run->n, mark, now_us, &m, &f, opened);
    for (size_t i = 0; i < MM_COUNT(text); i++)
        mm_buf_done(&text[i]);
    return code;
}

/* How many of what is counted together, from the at-th on, are of one company and rule. */
static size_t same_rule(const struct mm_triage_plan *p, size_t at)
{
    size_t n = 1;

    while (at + n < p->many_n &&
           mm_alert_same(&p->alerts[p->many[at].at], &p->alerts[p->many[at + n].at]) == 0)
        n++;
    return n;
}

/* One finding: a run of its own, or n that are counted together. */
static enum mm_code take(struct mm_tx *tx, const struct mm_triage_plan *p, const struct mm_run *run,
                         size_t n, bool own, int64_t now_us, struct mm_opened *opened)
{
    uint32_t company = p->alerts[run->at].company;
    bool is = false;
    enum mm_code code = mm_triage_enter(tx, company, &is);

    if (code != MM_OK)
        return code;
    if (is && own)
        code = take_run(tx, p->alerts, run, now_us, opened);
    else if (is)
        code = mm_many_take(tx, p->alerts, run, n, now_us, opened);
    mm_tx_widen(tx);
    return code;
}

enum mm_code mm_triage_alerts(struct mm_tx *tx, const struct mm_triage_plan *p, size_t from,
                              int64_t now_us, size_t *ret_to, struct mm_opened *ret_opened,
                              size_t *ret_opened_n)
{
    bool own = from < p->own_n;
    /* What is counted together writes as many rows as some runs do: one such a transaction. */
    size_t n = own ? 1 : same_rule(p, from - p->own_n), opened_n = 0, to = from;
    size_t end = own ? mm_min_size(from + MM_TRIAGE_RUNS_MAX, p->own_n) : from + n;

    MM_ASSERT(from < mm_triage_steps(p));
    for (; to < end; to += n) {
        const struct mm_run *run = own ? &p->own[to] : &p->many[to - p->own_n];
        struct mm_opened opened = {0};
        enum mm_code code = take(tx, p, run, n, own, now_us, &opened);

        if (code != MM_OK)
            return code;
        if (opened.case_id != 0)
            ret_opened[opened_n++] = opened;
    }
    *ret_to = to;
    *ret_opened_n = opened_n;
    return MM_OK;
}
