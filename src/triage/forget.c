/* triage/forget.c - cases that have passed their time; see case.h for the contract. */
#include "triage/case.h"
#include "triage/triage_priv.h"

enum mm_code mm_case_old(struct mm_tx *tx, int64_t before_us, int64_t *ret, size_t max,
                         size_t *ret_n)
{
    size_t n = 0;
    struct mm_q q;
    enum mm_code code;

    mm_q_begin(&q, tx, &mm_triage_stmts[MM_TRIAGE_CASE_OLD]);
    mm_q_int(&q, ":before", before_us);
    mm_q_int(&q, ":max", (int64_t)max);
    while (n < max && mm_q_row(&q))
        ret[n++] = mm_q_col_int(&q, 0);
    code = mm_q_end(&q);
    if (code == MM_OK)
        *ret_n = n;
    return code;
}

enum mm_code mm_case_forget(struct mm_tx *tx, int64_t case_id)
{
    static const enum mm_triage_stmt parts[] = {
        MM_TRIAGE_FORGET_MANY_ENTITIES, MM_TRIAGE_FORGET_MANY,    MM_TRIAGE_FORGET_MARKS,
        MM_TRIAGE_FORGET_FINDINGS,      MM_TRIAGE_FORGET_LINKS,   MM_TRIAGE_FORGET_EVENTS,
        MM_TRIAGE_FORGET_STEPS,         MM_TRIAGE_FORGET_REQUESTS};
    struct mm_q q;
    enum mm_code code = MM_OK;

    for (size_t i = 0; i < MM_COUNT(parts) && code == MM_OK; i++) {
        mm_q_begin(&q, tx, &mm_triage_stmts[parts[i]]);
        mm_q_int(&q, ":case", case_id);
        code = mm_q_end(&q);
    }
    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_triage_stmts[MM_TRIAGE_FORGET_CASE]);
    mm_q_int(&q, ":case", case_id);
    return mm_q_end_touch(&q);
}
