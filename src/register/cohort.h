/*
 * register/cohort.h - how many companies of a cohort are of which kind.
 *
 * Purpose   What a programme's owner may know of its members: numbers of at least
 *           MM_SCOPE_COHORT_MIN companies, never one of them.
 * Owns      Nothing.
 * Threads   As the transaction.
 * Trust     A programme scope is not shown smaller groups at all: the statements' kind holds that,
 *           not this code. When exactly one group is left out, its size follows from the total:
 *           show the total only beside groups that were all shown.
 */
#ifndef MM_REGISTER_COHORT_H
#define MM_REGISTER_COHORT_H

#include "store/records/query.h"

enum mm_cohort {
    MM_COHORT_SIZE, /* one group: all */
    MM_COHORT_AREA,
    MM_COHORT_INDUSTRY,
    MM_COHORT_EMPLOYEES,
    MM_COHORT_CAPITAL,
    MM_COHORT_SENSOR,
    MM_COHORT_SERVICE, /* companies that take it; a company may take several */
    MM_COHORT_COUNT
};

/* One group; what is empty for companies where it was not entered. Borrowed until it returns. */
typedef void (*mm_cohort_sink)(void *arg, struct mm_slice what, int64_t companies);
/* Every group that the scope may see. */
MM_MUST_USE enum mm_code mm_cohort_each(struct mm_tx *tx, enum mm_cohort by, mm_cohort_sink sink,
                                        void *arg);

/* One company and its kind of sensor; false stops. */
typedef bool (*mm_cohort_member)(void *arg, uint32_t company, struct mm_slice sensor);
/*
 * The companies themselves, for sums over all of them that are made elsewhere (of events): they
 * are never to be shown. None when a programme scope has fewer than MM_SCOPE_COHORT_MIN.
 */
MM_MUST_USE enum mm_code mm_cohort_members(struct mm_tx *tx, mm_cohort_member sink, void *arg);

#endif
