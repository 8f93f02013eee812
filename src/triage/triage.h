/*
 * triage/triage.h - alerts become findings, findings of one company and entity become a case.
 *
 * Purpose   The tables of findings and cases and every change to them. Who may call is decided by
 *           the transaction's scope.
 * Owns      Its records tables (migrations/). Texts that are handed out borrow the arena passed.
 * Threads   As the transaction.
 * Trust     Alerts carry foreign texts; they are bound, bounded and cleaned of invalid UTF-8.
 *           Pages escape them.
 */
#ifndef MM_TRIAGE_TRIAGE_H
#define MM_TRIAGE_TRIAGE_H

#include "base/arena.h"
#include "model/alert.h"
#include "store/records/query.h"

extern const struct mm_feature mm_triage_feature;

enum {
    /* Evidence copied into one case; more of the same adds nothing for a reader. */
    MM_CASE_EVENTS_MAX = 200,
    /* Of one finding in one batch; the counter has the rest. */
    MM_FINDING_EVENTS_MAX = 5,
    /* Runs of alerts in one transaction: each writes up to twelve rows of the 300. */
    MM_TRIAGE_RUNS_MAX = 25,
    MM_ASIDE_BYTES = 4096,
    /* Longest silence of a source that says nothing else; nights have lease renewals. */
    MM_SILENCE_S = 3 * 3600,
};

/* From this level on a finding opens a case; below it is counted and shown. */
#define MM_CASE_LEVEL MM_LEVEL_MEDIUM

/* How soon somebody must act. */
enum mm_act { MM_ACT_NOW, MM_ACT_TODAY, MM_ACT_WEEK, MM_ACT_MEETING, MM_ACT_COUNT };

/* How sure, in words: 90 and more, 70 and more, below. */
enum mm_sure { MM_SURE_ALMOST, MM_SURE_PROBABLY, MM_SURE_JUST_IN_CASE, MM_SURE_COUNT };

/* "now", "today", "week", "meeting". */
const char *mm_act_name(enum mm_act act);
enum mm_sure mm_sure_of(uint32_t confidence);
/* "almost", "probably", "just_in_case". */
const char *mm_sure_name(enum mm_sure sure);
/* First version: what that says about how sure and how soon. */
uint32_t mm_triage_confidence(enum mm_level level);
enum mm_act mm_triage_act(enum mm_level level);

/* A case that was opened: somebody has to be told. */
struct mm_opened {
    uint32_t company;
    uint32_t number;
    int64_t case_id;
    enum mm_act act;
};

/*
 * Take alerts sorted by mm_alert_order into findings and cases: as many runs of equal (company,
 * rule, entity) as one transaction may hold. System scope. *ret_used says how many alerts were
 * taken, *ret_opened_n how many cases were opened (room for MM_TRIAGE_RUNS_MAX).
 * Done again with the same alerts it changes nothing. Alerts of companies that no longer exist
 * and those that a filter hides are passed over.
 */
MM_MUST_USE enum mm_code mm_triage_alerts(struct mm_tx *tx, const struct mm_alert *alerts, size_t n,
                                          int64_t now_us, size_t *ret_used,
                                          struct mm_opened *ret_opened, size_t *ret_opened_n);
/* For qsort: hidden ones last; company, rule, entity, what hides it, queue, number. */
int mm_alert_order(const void *a, const void *b);

/* A finding that no rule made (source_silent, disk_full …). */
struct mm_note {
    uint32_t company;
    const char *kind;
    const char *entity_field;
    struct mm_slice entity;
    enum mm_level level;
    struct mm_slice doc; /* JSON object of its particulars, or empty */
    int64_t time_us;
};

/* Make or count the finding; no case below MM_CASE_LEVEL. *ret_opened.case_id is 0 when none. */
MM_MUST_USE enum mm_code mm_triage_note(struct mm_tx *tx, const struct mm_note *note,
                                        int64_t now_us, struct mm_opened *ret_opened);
/* What the note said is over: close its finding if it is open. */
MM_MUST_USE enum mm_code mm_triage_over(struct mm_tx *tx, const struct mm_note *note);

/* Keep a record that nobody could read, and make the operator's finding of it; done again for the
 * same number it changes nothing. System scope. */
MM_MUST_USE enum mm_code mm_triage_aside(struct mm_tx *tx, uint32_t company, uint16_t queue,
                                         uint64_t seq, uint32_t source, int64_t received_us,
                                         const char *why, struct mm_slice bytes);

/* Where the engine goes on: first number not done; 1 when the queue is new. System scope. */
MM_MUST_USE enum mm_code mm_triage_position(struct mm_tx *tx, uint16_t queue, uint64_t *ret_seq);
/* Everything below seq is stored, judged and counted: what mm_triage_counted_set said is over. */
MM_MUST_USE enum mm_code mm_triage_position_set(struct mm_tx *tx, uint16_t queue, uint64_t seq);

/* How far the counters of the batch [position, to) are written. */
struct mm_counted {
    uint64_t to;              /* 0: the batch may end anywhere, nothing of it is counted */
    bool any;                 /* some counter is written; false: only the end is fixed */
    uint32_t company, source; /* the last sender that is counted, by company, then source */
};

/* What a batch that takes several transactions has counted; *ret is zero when there is none. */
MM_MUST_USE enum mm_code mm_triage_counted(struct mm_tx *tx, uint16_t queue,
                                           struct mm_counted *ret);
MM_MUST_USE enum mm_code mm_triage_counted_set(struct mm_tx *tx, uint16_t queue,
                                               const struct mm_counted *counted);

/* Keep a source's header lines as of the position (engine/headers.h); empty: forget them. A company
 * that is gone is passed over. */
MM_MUST_USE enum mm_code mm_triage_header_set(struct mm_tx *tx, uint32_t company, uint32_t source,
                                              struct mm_slice lines);
/* All that are kept, at most max sources; lines borrow until `each` returns. */
MM_MUST_USE enum mm_code mm_triage_headers(struct mm_tx *tx, size_t max,
                                           void (*each)(void *ctx, uint32_t company,
                                                        uint32_t source, struct mm_slice lines),
                                           void *ctx);

/* What a source has sent. */
struct mm_health {
    uint32_t company;
    uint32_t source;
    uint64_t page;                       /* intake's epoch, when it is intake that counts */
    uint64_t received, spooled, dropped; /* intake */
    uint64_t parsed, unparsed;           /* engine */
    uint64_t costly;                     /* of the unparsed: they would have cost too much */
    int64_t last_seen_us;
    int64_t updated_us;
};

/* Add to a source's counters: what was parsed since the last call. Companies that are gone are
 * passed over. */
MM_MUST_USE enum mm_code mm_health_parsed(struct mm_tx *tx, const struct mm_health *h);
/* What intake's page says, all since its epoch: what of it was added before is not added again. */
MM_MUST_USE enum mm_code mm_health_intake(struct mm_tx *tx, const struct mm_health *h);
/* Totals of every source the scope sees. */
MM_MUST_USE enum mm_code mm_health_list(struct mm_tx *tx, struct mm_arena *a,
                                        struct mm_health **ret, size_t *ret_n);

#endif
