/*
 * triage/case.h - the case: opened by a finding or a report, handled, closed.
 *
 * Purpose   Every read and change of a case. The scope of the transaction decides whose.
 * Owns      Its tables (with triage.h). Texts handed out live in the arena passed.
 * Threads   As the transaction.
 * Trust     Numbers may come from a URL: what the scope doesn't see is MM_E_NOTFOUND. Texts of
 *           people and of events are foreign.
 */
#ifndef MM_TRIAGE_CASE_H
#define MM_TRIAGE_CASE_H

#include "base/arena.h"
#include "model/alert.h"
#include "store/records/query.h"

enum {
    MM_CASE_TEXT_MAX = 4000, /* one note, reason or outcome that a person writes */
    MM_CASE_LIST_MAX = 500,
    MM_CASE_MINUTES_MAX = 1440, /* a day: what is done is one act of one person */
};

struct mm_case {
    int64_t case_id;
    uint32_t company;
    uint32_t number;
    struct mm_slice how; /* detected, reported */
    struct mm_slice entity_field;
    struct mm_slice entity;
    enum mm_level level;
    uint32_t confidence; /* percent */
    struct mm_slice act; /* now, today, week, meeting */
    struct mm_slice state;
    struct mm_slice outcome; /* empty while open */
    struct mm_slice outcome_text;
    uint32_t handler; /* 0: nobody yet */
    struct mm_slice title;
    struct mm_slice doc;
    int64_t opened_us, event_us, updated_us;
    uint64_t many; /* about how many entities are counted in it together; 0: it is about one */
};

/* What a new case is about. */
struct mm_case_new {
    const char *how;
    struct mm_slice entity_field, entity;
    enum mm_level level;
    struct mm_slice title, doc;
    int64_t event_us, now_us;
};

struct mm_case_event {
    uint16_t queue;
    uint64_t seq;
    struct mm_slice rule;
    int64_t time_us, received_us;
    uint32_t source;
    struct mm_slice event; /* JSON */
};

struct mm_case_step {
    int64_t step;
    int64_t at_us;
    uint32_t user;
    struct mm_slice what;
    struct mm_slice text;
    uint32_t minutes; /* that it took; 0: nobody said */
};

struct mm_case_request {
    int64_t request;
    struct mm_slice text;
    struct mm_slice state; /* asked, done, cannot, unknown */
    struct mm_slice reason;
    int64_t asked_us;
    int64_t answered_us; /* 0: not yet */
};

struct mm_finding {
    int64_t finding;
    struct mm_slice kind, rule, entity_field, entity, title, author, doc;
    enum mm_level level;
    uint64_t count;
    int64_t first_us, last_us;
};

/*
 * All functions work in the one company that tx is narrowed to (or whose scope it has); those that
 * change something need a write transaction.
 */

/* A new case with its first step, and the jobs of looking into the logs and of telling the staff.
 */
MM_MUST_USE enum mm_code mm_case_open(struct mm_tx *tx, const struct mm_case_new *c,
                                      int64_t *ret_case);
/*
 * The case for a finding: `own` when that is open, else an open case of the same entity, else a
 * new one. An existing case is raised to the new level when that is higher.
 */
MM_MUST_USE enum mm_code mm_case_for(struct mm_tx *tx, const struct mm_case_new *c, int64_t own,
                                     int64_t *ret_case, bool *ret_new);
/* Put a finding into a case. */
MM_MUST_USE enum mm_code mm_case_attach(struct mm_tx *tx, int64_t case_id, int64_t finding,
                                        struct mm_slice title, int64_t now_us);
MM_MUST_USE enum mm_code mm_case_number(struct mm_tx *tx, int64_t case_id, uint32_t *ret);
/* Copy an event into the case; past MM_CASE_EVENTS_MAX nothing is copied and MM_OK returned. */
MM_MUST_USE enum mm_code mm_case_event_add(struct mm_tx *tx, int64_t case_id,
                                           const struct mm_case_event *e);
/*
 * Write a line into the case's history. MM_E_LIMIT when text is longer than MM_CASE_TEXT_MAX,
 * MM_E_NOTFOUND when the scope sees no such case.
 */
MM_MUST_USE enum mm_code mm_case_step_add(struct mm_tx *tx, int64_t case_id, uint32_t user,
                                          const char *what, struct mm_slice text, int64_t now_us);
/*
 * Note how long the newest step of this person took, 1 to MM_CASE_MINUTES_MAX minutes. MM_E_RANGE
 * for others; MM_E_NOTFOUND when there is no step of theirs in such a case.
 */
MM_MUST_USE enum mm_code mm_case_minutes(struct mm_tx *tx, int64_t case_id, uint32_t user,
                                         uint32_t minutes);
/* An operator takes the case over. */
MM_MUST_USE enum mm_code mm_case_take(struct mm_tx *tx, int64_t case_id, uint32_t user,
                                      int64_t now_us);
/*
 * Who handles the case leaves: it passes to another, its state stays. text names who leaves.
 * MM_E_NOTFOUND when `from` does not handle it (any more), or it is closed.
 */
MM_MUST_USE enum mm_code mm_case_pass(struct mm_tx *tx, int64_t case_id, uint32_t from, uint32_t to,
                                      struct mm_slice text, int64_t now_us);
/*
 * Close with an outcome: resolved, nothing_found, expected, unknown; MM_E_RANGE for another one.
 * Its findings are closed too.
 */
MM_MUST_USE enum mm_code mm_case_close(struct mm_tx *tx, int64_t case_id, uint32_t user,
                                       struct mm_slice outcome, struct mm_slice text,
                                       int64_t now_us);
/* Open a closed case again; the logs are looked at once more. */
MM_MUST_USE enum mm_code mm_case_reopen(struct mm_tx *tx, int64_t case_id, uint32_t user,
                                        int64_t now_us);
/* Ask the company to do something; the case then waits for it. */
MM_MUST_USE enum mm_code mm_case_ask(struct mm_tx *tx, int64_t case_id, uint32_t user,
                                     struct mm_slice text, int64_t now_us);
/* The company's answer: done, cannot, unknown (MM_E_RANGE for another), with a reason. */
MM_MUST_USE enum mm_code mm_case_answer(struct mm_tx *tx, int64_t case_id, int64_t request,
                                        uint32_t user, struct mm_slice state,
                                        struct mm_slice reason, int64_t now_us);

/* Cases that were closed, and not touched since, before a moment: at most max numbers. */
MM_MUST_USE enum mm_code mm_case_old(struct mm_tx *tx, int64_t before_us, int64_t *ret, size_t max,
                                     size_t *ret_n);
/*
 * Delete a closed case with its findings, evidence, history and requests; what other features hang
 * on it goes first (mm_desk_forget, mm_notify_forget). MM_E_NOTFOUND when there is no such case or
 * it is open: the transaction must then come to nothing.
 */
MM_MUST_USE enum mm_code mm_case_forget(struct mm_tx *tx, int64_t case_id);

/* Reads. */
MM_MUST_USE enum mm_code mm_case_get(struct mm_tx *tx, int64_t case_id, struct mm_arena *a,
                                     struct mm_case *ret);
/* Newest first, numbers below `before` (0: from the newest), at most max. */
MM_MUST_USE enum mm_code mm_case_list(struct mm_tx *tx, bool closed_too, int64_t before, size_t max,
                                      struct mm_arena *a, struct mm_case **ret, size_t *ret_n);
MM_MUST_USE enum mm_code mm_case_events(struct mm_tx *tx, int64_t case_id, struct mm_arena *a,
                                        struct mm_case_event **ret, size_t *ret_n);
MM_MUST_USE enum mm_code mm_case_findings(struct mm_tx *tx, int64_t case_id, struct mm_arena *a,
                                          struct mm_finding **ret, size_t *ret_n);
MM_MUST_USE enum mm_code mm_case_steps(struct mm_tx *tx, int64_t case_id, struct mm_arena *a,
                                       struct mm_case_step **ret, size_t *ret_n);
MM_MUST_USE enum mm_code mm_case_requests(struct mm_tx *tx, int64_t case_id, struct mm_arena *a,
                                          struct mm_case_request **ret, size_t *ret_n);

#endif
