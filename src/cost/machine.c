/* cost/machine.c - what the machine uses, day by day; see cost.h for the contract. */
#include "base/time.h"
#include "cost/cost.h"
#include "cost/cost_priv.h"
#include "coverage/coverage.h"
#include "store/records/system_scope.h"

struct noting {
    const struct mm_vitals *vitals;
    const struct mm_durations *durations;
    int64_t now_us;
};

/* What a counter has grown by since it was added last: one that begins anew counts from 0. */
static enum mm_code growth(struct mm_tx *tx, const char *name, int64_t began_us, int64_t us,
                           int64_t *ret)
{
    struct mm_q q;
    int64_t began = 0, was = 0;
    enum mm_code code;

    mm_q_begin(&q, tx, &mm_cost_stmts[MM_COST_COUNTER_GET]);
    mm_q_text(&q, ":name", mm_slice_str(name));
    if (mm_q_row(&q)) {
        began = mm_q_col_int(&q, 0);
        was = mm_q_col_int(&q, 1);
    }
    code = mm_q_end(&q);
    if (code == MM_OK)
        *ret = began == began_us && us >= was ? us - was : us;
    return code;
}

static enum mm_code add(struct mm_tx *tx, const struct noting *n, const char *name,
                        int64_t began_us, int64_t us)
{
    struct mm_q q;
    int64_t more = 0;
    enum mm_code code = growth(tx, name, began_us, us, &more);

    if (code != MM_OK || more == 0)
        return code;
    mm_q_begin(&q, tx, &mm_cost_stmts[MM_COST_DAY_ADD]);
    mm_q_int(&q, ":day", mm_cover_day_of(n->now_us));
    mm_q_text(&q, ":name", mm_slice_str(name));
    mm_q_int(&q, ":us", more);
    code = mm_q_end(&q);
    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_cost_stmts[MM_COST_COUNTER_SET]);
    mm_q_text(&q, ":name", mm_slice_str(name));
    mm_q_int(&q, ":began", began_us);
    mm_q_int(&q, ":us", us);
    return mm_q_end(&q);
}

static enum mm_code note(struct mm_tx *tx, void *arg)
{
    const struct noting *n = arg;
    const struct mm_vitals *v = n->vitals;
    struct mm_q q;
    enum mm_code code = mm_tx_narrow(tx, MM_COMPANY_OPERATOR);

    if (code != MM_OK)
        return code;
    code = add(tx, n, "serve", v->began_us, v->supervisor.cpu_us);
    for (size_t i = 0; i < v->n && code == MM_OK; i++)
        code = add(tx, n, v->program[i].name, v->began_us, v->program[i].cpu_us);
    /* Times of the store count from the start of engine and portal, which nobody keeps: less than
     * before is a new start. */
    if (code == MM_OK)
        code =
            add(tx, n, "inserting", 0, (int64_t)(n->durations[MM_METER_INSERT].sum_us & INT64_MAX));
    if (code == MM_OK)
        code =
            add(tx, n, "searching", 0, (int64_t)(n->durations[MM_METER_SEARCH].sum_us & INT64_MAX));
    if (code == MM_OK) {
        mm_q_begin(&q, tx, &mm_cost_stmts[MM_COST_DAY_OLD]);
        mm_q_int(&q, ":before", mm_cover_day_of(n->now_us) - MM_COVERAGE_DAYS + 1);
        code = mm_q_end(&q);
    }
    mm_tx_widen(tx);
    return code;
}

enum mm_code mm_cost_note(struct mm_records *records, const struct mm_vitals *vitals,
                          const struct mm_durations *durations, int64_t now_us)
{
    struct noting n = {.vitals = vitals, .durations = durations, .now_us = now_us};

    return mm_records_write(records, mm_system_scope(), note, &n);
}
