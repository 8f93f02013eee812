/* register/cohort.c - see cohort.h for the contract. */
#include "register/cohort.h"

#include "base/rd.h"
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

/* "1:inline,2:mirror,3:" as the statement puts it together. */
static enum mm_code each_member(struct mm_slice list, mm_cohort_member sink, void *arg)
{
    struct mm_rd rd = mm_rd_of(list);

    while (mm_rd_left(&rd) > 0) {
        struct mm_slice one, number;
        struct mm_rd part;
        uint64_t company;

        if (!mm_rd_until(&rd, ',', &one)) {
            one = mm_rd_rest(&rd);
            rd.pos = rd.in.n;
        }
        part = mm_rd_of(one);
        if (!mm_rd_until(&part, ':', &number) || !mm_slice_u64(number, &company) ||
            company > UINT32_MAX)
            return MM_E_IO;
        if (!sink(arg, (uint32_t)company, mm_rd_rest(&part)))
            return MM_OK;
    }
    return MM_OK;
}

enum mm_code mm_cohort_members(struct mm_tx *tx, mm_cohort_member sink, void *arg)
{
    enum mm_code code = MM_OK, end;
    struct mm_q q;

    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_COHORT_MEMBERS]);
    if (mm_q_row(&q))
        code = each_member(mm_q_col_text(&q, 1), sink, arg);
    end = mm_q_end(&q);
    return code == MM_OK ? end : code;
}
