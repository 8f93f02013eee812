/*
 * desk/desk.h - a person reports, and the program answers from the logs what it can and cannot see.
 *
 * Purpose   A report opens a case at once. For each new case, reported or detected, the program
 *           looks at the events of that PC, person and hour, copies what matters into the case and
 *           says what was looked at, what was found and what could not be seen.
 * Owns      Its records tables. Texts handed out live in the arena passed.
 * Threads   As transaction and client.
 * Trust     Reports are texts of people: bounded, valid UTF-8, bound, escaped by who shows them.
 *           Nothing is ever found "wrong" with a person.
 */
#ifndef MM_DESK_DESK_H
#define MM_DESK_DESK_H

#include "base/arena.h"
#include "job/job.h"
#include "store/events/client.h"
#include "store/records/query.h"

extern const struct mm_feature mm_desk_feature;

enum {
    MM_DESK_TEXT_MAX = 4000, /* what a person writes freely */
    MM_DESK_NAME_MAX = 200,  /* a name, a PC, a place */
};

/* Logs of the same moment come late: a proxy writes when the request ends, relays buffer. After
 * this long every case is looked at once more. */
#define MM_DESK_SETTLE_US (INT64_C(600) * 1000000)

enum mm_look {
#define MM_LOOK(id, key) MM_LOOK_##id,
#include "desk/words.def"
    MM_LOOK_COUNT
};

/* Keys that may be ticked, NULL behind the last. */
const char *const *mm_desk_symptoms(void);
const char *const *mm_desk_dones(void);
/* Key of a look ("address"). */
const char *mm_look_name(enum mm_look look);

struct mm_report {
    int64_t made_us, noticed_us;
    struct mm_slice who, pc, place;
    struct mm_slice symptoms, done; /* keys parted by single blanks */
    struct mm_slice needed;         /* yes, no, unknown */
    struct mm_slice via;            /* page, call, api */
    struct mm_slice text;
};

/*
 * Take a report: a case is opened in the company that tx is narrowed to. MM_E_RANGE with fault
 * naming the field ("report.symptoms") when a key is unknown, a text too long or no UTF-8, or
 * `noticed` lies more than a day ahead of or ten years behind `made`; pc and text may be empty, not
 * both.
 */
MM_MUST_USE enum mm_code mm_desk_report(struct mm_tx *tx, const struct mm_report *r, uint32_t user,
                                        int64_t *ret_case, uint32_t *ret_number,
                                        struct mm_fault *fault);
/* The report that opened a case; MM_E_NOTFOUND when the case was detected. */
MM_MUST_USE enum mm_code mm_desk_report_of(struct mm_tx *tx, int64_t case_id, struct mm_arena *a,
                                           struct mm_report *ret);

enum mm_look_state { MM_LOOK_FOUND, MM_LOOK_NONE, MM_LOOK_CANNOT };

struct mm_look_result {
    enum mm_look what;
    enum mm_look_state state;
    int64_t count;
    struct mm_slice
        detail; /* JSON object: "ip", "mac", "pc", "user", "why" … where they are known */
    int64_t at_us;
};

/* What was looked at for a case, in the order of words.def. */
MM_MUST_USE enum mm_code mm_desk_looks(struct mm_tx *tx, int64_t case_id, struct mm_arena *a,
                                       struct mm_look_result **ret, size_t *ret_n);

/*
 * The job MM_JOB_LOOK: look for its case, and end the job in the transaction that keeps what was
 * found; a look within MM_DESK_SETTLE_US of the case's opening is to be done again after it. For a
 * closed case nothing is asked. On failure nothing was written and the job is still the caller's.
 */
MM_MUST_USE enum mm_code mm_desk_look(struct mm_records *records, struct mm_events_client *events,
                                      const struct mm_job *job, int64_t now_us);

/* Delete what hangs on a case here: reports, and what was looked at. */
MM_MUST_USE enum mm_code mm_desk_forget(struct mm_tx *tx, int64_t case_id);

#endif
