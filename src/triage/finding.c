/* triage/finding.c - how a finding is made, counted and brought into a case; see triage_priv.h. */
#include "base/utf8.h"
#include "triage/case.h"
#include "triage/triage_priv.h"

struct mm_slice mm_triage_clean(struct mm_buf *b, struct mm_slice s)
{
    if (mm_utf8_valid(s))
        return s;
    mm_buf_reset(b);
    mm_utf8_clean(b, s);
    return mm_buf_ok(b) ? mm_buf_slice(b) : (struct mm_slice){0};
}

static enum mm_code company_is(struct mm_tx *tx, bool *ret)
{
    struct mm_q q;
    int64_t n = 0;
    enum mm_code code;

    mm_q_begin(&q, tx, &mm_triage_stmts[MM_TRIAGE_COMPANY_IS]);
    code = mm_q_end_int(&q, &n);
    *ret = n > 0;
    return code;
}

enum mm_code mm_triage_enter(struct mm_tx *tx, uint32_t company, bool *ret_is)
{
    enum mm_code code = mm_tx_narrow(tx, company);

    if (code != MM_OK)
        return code;
    code = company_is(tx, ret_is);
    if (code != MM_OK)
        mm_tx_widen(tx);
    return code;
}

enum mm_code mm_finding_get(struct mm_tx *tx, const struct mm_made *m, struct mm_found *ret)
{
    struct mm_q q;

    mm_q_begin(&q, tx, &mm_triage_stmts[MM_TRIAGE_FINDING_GET]);
    mm_q_text(&q, ":kind", mm_slice_str(m->kind));
    mm_q_text(&q, ":rule", m->rule);
    mm_q_text(&q, ":field", m->field);
    mm_q_text(&q, ":entity", m->entity);
    *ret = (struct mm_found){.is_new = true};
    if (mm_q_row(&q))
        *ret = (struct mm_found){.finding = mm_q_col_int(&q, 0), .case_id = mm_q_col_int(&q, 2)};
    return mm_q_end(&q);
}

enum mm_code mm_finding_count(struct mm_tx *tx, const struct mm_made *m, int64_t now_us,
                              struct mm_found *f)
{
    struct mm_q q;
    enum mm_code code;

    mm_q_begin(&q, tx,
               &mm_triage_stmts[f->is_new ? MM_TRIAGE_FINDING_ADD : MM_TRIAGE_FINDING_COUNT]);
    if (f->is_new) {
        mm_q_text(&q, ":kind", mm_slice_str(m->kind));
        mm_q_text(&q, ":rule", m->rule);
        mm_q_text(&q, ":field", m->field);
        mm_q_text(&q, ":entity", m->entity);
        mm_q_int(&q, ":level", m->level);
        mm_q_text(&q, ":title", m->title);
        mm_q_text(&q, ":author", m->author);
        mm_q_text(&q, ":doc", m->doc);
        mm_q_int(&q, ":lane", m->lane);
        mm_q_int(&q, ":made", now_us);
    } else {
        mm_q_int(&q, ":finding", f->finding);
    }
    mm_q_int(&q, ":count", (int64_t)m->count); /* alerts of one batch: fits */
    mm_q_int(&q, ":first", m->first_us);
    mm_q_int(&q, ":last", m->last_us);
    code = mm_q_end(&q);
    if (code == MM_OK && f->is_new)
        f->finding = mm_tx_last_id(tx);
    return code;
}

enum mm_code mm_finding_mark(struct mm_tx *tx, int64_t finding, uint16_t queue, uint64_t *ret)
{
    struct mm_q q;

    mm_q_begin(&q, tx, &mm_triage_stmts[MM_TRIAGE_MARK_GET]);
    mm_q_int(&q, ":finding", finding);
    mm_q_int(&q, ":queue", queue);
    *ret = mm_q_row(&q) ? (uint64_t)mm_q_col_int(&q, 0) : 0;
    return mm_q_end(&q);
}

enum mm_code mm_finding_mark_set(struct mm_tx *tx, int64_t finding, uint16_t queue, uint64_t seq)
{
    struct mm_q q;

    mm_q_begin(&q, tx, &mm_triage_stmts[MM_TRIAGE_MARK_SET]);
    mm_q_int(&q, ":finding", finding);
    mm_q_int(&q, ":queue", queue);
    mm_q_int(&q, ":seq", (int64_t)seq); /* numbers of a queue stay below 2^63 for ever */
    return mm_q_end(&q);
}

enum mm_code mm_finding_into_case(struct mm_tx *tx, uint32_t company, const struct mm_made *m,
                                  struct mm_found *f, int64_t now_us, struct mm_opened *opened)
{
    struct mm_case_new fresh = {.how = "detected",
                                .entity_field = m->field,
                                .entity = m->entity,
                                .level = m->weight,
                                .title = m->title,
                                .doc = m->doc,
                                .event_us = m->first_us,
                                .now_us = now_us};
    bool is_new = false;
    enum mm_code code;

    code = mm_case_for(tx, &fresh, f->case_id, &f->case_id, &is_new);
    if (code == MM_OK)
        code = mm_case_attach(tx, f->case_id, f->finding, m->title, now_us);
    if (code == MM_OK && is_new) {
        opened->company = company;
        opened->case_id = f->case_id;
        opened->act = mm_triage_act(m->weight);
        code = mm_case_number(tx, f->case_id, &opened->number);
    }
    return code;
}

static enum mm_code copy_event(struct mm_tx *tx, int64_t case_id, const struct mm_alert *a)
{
    struct mm_buf text;
    struct mm_case_event e = {.queue = a->queue,
                              .seq = a->seq,
                              .rule = a->rule_id,
                              .time_us = a->time_us,
                              .received_us = a->received_us,
                              .source = a->source};
    enum mm_code code;

    mm_buf_init(&text, 4 * MM_ALERT_MAX_EVENT);
    e.event = mm_triage_clean(&text, a->event);
    code = mm_case_event_add(tx, case_id, &e);
    mm_buf_done(&text);
    return code;
}

enum mm_code mm_finding_events(struct mm_tx *tx, int64_t case_id, const struct mm_alert *a,
                               size_t n, size_t max)
{
    enum mm_code code = MM_OK;
    size_t copied = 0;

    /* In a flood most alerts come without their event, which the store has by number. */
    for (size_t i = 0; i < n && copied < max && code == MM_OK; i++) {
        if (a[i].event.n == 0)
            continue;
        code = copy_event(tx, case_id, &a[i]);
        copied++;
    }
    return code == MM_OK && copied == 0 && n > 0 ? copy_event(tx, case_id, a) : code;
}
