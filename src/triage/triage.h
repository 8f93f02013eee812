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

/* For qsort: hidden ones last; company, rule, entity, what hides it, queue, number. */
int mm_alert_order(const void *a, const void *b);
/* Are both of one company, rule and field? 0, or which comes first. */
int mm_alert_same(const struct mm_alert *a, const struct mm_alert *b);

/*
 * How many new findings there may be. Whoever makes up names can make up any number of them, and
 * each would be a finding, a case, a look and a mail: they would hold up everybody's, and nobody
 * could read them. So within an hour a rule gets MM_TRIAGE_RULE_HOUR new findings of alerts in a
 * company and all rules together MM_TRIAGE_COMPANY_HOUR, of each lane; what is beyond is counted
 * together in one finding and case of the rule (triage/many.h). What has a finding is counted in it
 * for ever, and what is known otherwise gets one in any case.
 */
enum {
    MM_TRIAGE_RULE_HOUR = 40,     /* more than a helper opens; an outbreak at a firm of this size */
    MM_TRIAGE_COMPANY_HOUR = 200, /* rules that one attacker can fire are hundreds */
};

/* Lanes do not use up each other's: a column of the table finding. */
enum mm_lane {
    MM_LANE_COMMON,
    MM_LANE_CRITICAL,  /* the rule is, in this company */
    MM_LANE_SUCCEEDED, /* a login succeeded */
    MM_LANE_QUIET,     /* its level opens no case: such ones take no place of those that do */
    MM_LANE_KNOWN,     /* a registered device, or who has an open case: as many as there are */
    MM_LANE_COUNT
};

/* All alerts of one entity that one rule found in a batch. */
struct mm_run {
    size_t at, n;    /* of the batch's alerts */
    size_t words;    /* one of the same rule and company that carries the rule's texts, if any */
    uint64_t seq;    /* the first one's number */
    uint64_t events; /* they stand for */
    uint64_t above;  /* numbers up to this one are counted already, together with others */
    enum mm_lane lane;
};

/* What is to become of a batch's alerts. */
struct mm_triage_plan {
    const struct mm_alert *alerts; /* the caller's */
    struct mm_run *own;            /* each has or gets a finding of its own */
    struct mm_run *many; /* counted together, those of one company and rule behind each other */
    size_t own_n, many_n;
};

static inline size_t mm_triage_steps(const struct mm_triage_plan *p)
{
    return p->own_n + p->many_n;
}

/*
 * Plan for alerts of one queue, sorted by mm_alert_order; they must outlive the plan. It holds
 * until somebody else makes findings of alerts. Those that a filter hides, those of companies that
 * no longer exist and those that were counted together before are passed over. System scope; any
 * transaction. Free *ret with mm_triage_plan_done; it is untouched on failure.
 */
MM_MUST_USE enum mm_code mm_triage_plan(struct mm_tx *tx, const struct mm_alert *alerts, size_t n,
                                        int64_t now_us, struct mm_triage_plan *ret);
void mm_triage_plan_done(struct mm_triage_plan *p);
/*
 * Take the plan's steps from the from-th (below mm_triage_steps) on into findings and cases, as
 * many as one transaction may hold. *ret_to says how far it came, *ret_opened_n how many cases were
 * opened (room for MM_TRIAGE_RUNS_MAX). System scope. Steps are taken in order, so that a batch
 * that is planned again after a crash changes nothing that was done.
 */
MM_MUST_USE enum mm_code mm_triage_alerts(struct mm_tx *tx, const struct mm_triage_plan *p,
                                          size_t from, int64_t now_us, size_t *ret_to,
                                          struct mm_opened *ret_opened, size_t *ret_opened_n);

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
