/*
 * triage/many.h - what one rule finds about very many entities, counted together.
 *
 * Purpose   One finding and case a rule and company, beside those of single entities: how many
 *           accounts, addresses or hosts there were, how many events, from when to when, and by
 *           name MM_MANY_SHOWN of them: logins that succeeded first, then those that the logs
 *           knew before (desk/ asks for them), then those with most events. All of them stand in
 *           the table of alerts. A closed case's numbers stay; what comes later is counted for
 *           the next one.
 * Owns      Its records tables (with triage.h). Texts handed out live in the arena passed.
 * Threads   As the transaction.
 * Trust     As triage.h.
 */
#ifndef MM_TRIAGE_MANY_H
#define MM_TRIAGE_MANY_H

#include "base/arena.h"
#include "store/records/query.h"

enum {
    MM_MANY_SHOWN = 50,  /* entities by name; who needs more asks the events */
    MM_MANY_KNOWN = 20,  /* of these at most so many are known ones that were not shown */
    MM_MANY_EVENTS = 10, /* copied into the case of one batch, each another entity's */
};

struct mm_many_entity {
    struct mm_slice entity;
    uint64_t events, succeeded; /* at least: since it is among those shown */
    int64_t first_us, last_us;
    bool known; /* the company's events had it before */
};

struct mm_many {
    uint64_t entities; /* about */
    uint64_t events, succeeded;
    int64_t first_us, last_us;
    struct mm_many_entity *shown;
    size_t shown_n;
};

/* What a case counts together; MM_E_NOTFOUND when it is about one entity. */
MM_MUST_USE enum mm_code mm_many_of_case(struct mm_tx *tx, int64_t case_id, struct mm_arena *a,
                                         struct mm_many *ret);
/* Say of one of the entities of a case that it was known before, and show it; MM_OK also when the
 * case counts nothing together. Uses entity, events and the times of e. */
MM_MUST_USE enum mm_code mm_many_known(struct mm_tx *tx, int64_t case_id,
                                       const struct mm_many_entity *e);

#endif
