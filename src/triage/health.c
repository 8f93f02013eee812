/* triage/health.c - what each source has sent; see triage.h for the contract. */
#include "base/vec.h"
#include "triage/triage.h"
#include "triage/triage_priv.h"

static enum mm_code add(struct mm_tx *tx, const struct mm_health *h, bool intake)
{
    struct mm_q q;
    int64_t is = 0;
    enum mm_code code = mm_tx_narrow(tx, h->company);

    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_triage_stmts[MM_TRIAGE_COMPANY_IS]);
    code = mm_q_end_int(&q, &is);
    if (code == MM_OK && is > 0) {
        mm_q_begin(&q, tx,
                   &mm_triage_stmts[intake ? MM_TRIAGE_HEALTH_INTAKE : MM_TRIAGE_HEALTH_ADD]);
        mm_q_int(&q, ":source", h->source);
        /* Lines and microseconds: far below 2^63. */
        if (intake) {
            mm_q_int(&q, ":page", (int64_t)h->page);
            mm_q_int(&q, ":received", (int64_t)h->received);
            mm_q_int(&q, ":spooled", (int64_t)h->spooled);
            mm_q_int(&q, ":dropped", (int64_t)h->dropped);
        } else {
            mm_q_int(&q, ":parsed", (int64_t)h->parsed);
            mm_q_int(&q, ":unparsed", (int64_t)h->unparsed);
            mm_q_int(&q, ":costly", (int64_t)h->costly);
        }
        mm_q_int(&q, ":seen", h->last_seen_us);
        mm_q_int(&q, ":now", h->updated_us);
        code = mm_q_end(&q);
    }
    mm_tx_widen(tx);
    return code;
}

enum mm_code mm_health_parsed(struct mm_tx *tx, const struct mm_health *h)
{
    return add(tx, h, false);
}

enum mm_code mm_health_intake(struct mm_tx *tx, const struct mm_health *h)
{
    return add(tx, h, true);
}

enum { HEALTH_ROWS_MAX = 100 * 1000 }; /* 1,000 companies with 100 sources each */

enum mm_code mm_health_list(struct mm_tx *tx, struct mm_arena *a, struct mm_health **ret,
                            size_t *ret_n)
{
    struct mm_health *list = NULL;
    size_t n = 0, cap = 0;
    struct mm_q q;
    enum mm_code code;

    mm_q_begin(&q, tx, &mm_triage_stmts[MM_TRIAGE_HEALTH_LIST]);
    while (mm_q_row(&q) && n < HEALTH_ROWS_MAX) {
        if (!MM_VEC_ROOM_IN(a, list, n, cap))
            break;
        list[n++] = (struct mm_health){.company = mm_q_col_u32(&q, 0),
                                       .source = mm_q_col_u32(&q, 1),
                                       .received = (uint64_t)mm_q_col_int(&q, 2),
                                       .spooled = (uint64_t)mm_q_col_int(&q, 3),
                                       .dropped = (uint64_t)mm_q_col_int(&q, 4),
                                       .parsed = (uint64_t)mm_q_col_int(&q, 5),
                                       .unparsed = (uint64_t)mm_q_col_int(&q, 6),
                                       .last_seen_us = mm_q_col_int(&q, 7),
                                       .updated_us = mm_q_col_int(&q, 8),
                                       .costly = (uint64_t)mm_q_col_int(&q, 9)};
    }
    code = mm_q_end(&q);
    if (code != MM_OK)
        return code;
    *ret = list;
    *ret_n = n;
    return MM_OK;
}
