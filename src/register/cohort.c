/* register/cohort.c - see cohort.h for the contract. */
#include "register/cohort.h"

#include "register/feature.h"

enum mm_code mm_cohort_each(struct mm_tx *tx, enum mm_cohort by, mm_cohort_sink sink, void *arg)
{
    static const enum mm_register_stmt stmts[MM_COHORT_COUNT] = {
        [MM_COHORT_SIZE] = MM_R_COHORT_SIZE,         [MM_COHORT_AREA] = MM_R_COHORT_AREA,
        [MM_COHORT_INDUSTRY] = MM_R_COHORT_INDUSTRY, [MM_COHORT_EMPLOYEES] = MM_R_COHORT_EMPLOYEES,
        [MM_COHORT_CAPITAL] = MM_R_COHORT_CAPITAL,   [MM_COHORT_SENSOR] = MM_R_COHORT_SENSOR,
        [MM_COHORT_SERVICE] = MM_R_COHORT_SERVICE,
    };
    struct mm_q q;

    MM_ASSERT((size_t)by < MM_COHORT_COUNT);
    mm_q_begin(&q, tx, &mm_register_stmts[stmts[by]]);
    while (mm_q_row(&q))
        sink(arg, mm_q_col_text(&q, 1), mm_q_col_int(&q, 0));
    return mm_q_end(&q);
}
