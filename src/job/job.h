/*
 * job/job.h - work that must be done once somebody made it necessary: the table `job`.
 *
 * Purpose   Who makes work necessary (a case is opened, a mail is written) adds a job in the same
 *           transaction. The worker takes it for a limited time (its lease), and ends it in the
 *           transaction that keeps what the work brought about: a worker that dies in between has
 *           done nothing that the records know of, and the job is taken again. What reaches the
 *           world outside (a mail) can happen twice then, and says so itself.
 * Owns      Its records table. Texts handed out live in the arena passed.
 * Threads   As the transaction.
 * Trust     An error's words may be a peer's: bounded and made valid UTF-8 here, escaped by who
 *           shows them.
 *
 *   queued --take--> running --done--> done
 *     ^                 |----again---> queued (the next look at the same case)
 *     |                 `----failed--> queued after a growing pause, or failed: given up
 *     `--retry-- failed
 */
#ifndef MM_JOB_JOB_H
#define MM_JOB_JOB_H

#include "base/arena.h"
#include "store/records/query.h"

extern const struct mm_feature mm_job_feature;

enum mm_job_kind {
#define MM_JOB_KIND(id, key, lease_s, pause_s, pause_max_s, tries) MM_JOB_##id,
#include "job/kinds.def"
#undef MM_JOB_KIND
    MM_JOB_KINDS
};

enum mm_job_state { MM_JOB_QUEUED, MM_JOB_RUNNING, MM_JOB_DONE, MM_JOB_FAILED, MM_JOB_STATES };

enum {
    MM_JOB_ERROR_MAX = 1000, /* a mail server's answer of several lines fits */
    MM_JOB_LOST_MAX = 50,
    MM_JOB_LIST_MAX = 500,
};

/* The operator's finding of jobs given up, one a kind. */
#define MM_JOB_FINDING "job_failed"
#define MM_JOB_FINDING_FIELD "event.action"

/* What was done is kept this long, for who asks how it went. */
#define MM_JOB_KEEP_US (INT64_C(30) * 86400 * 1000000)

/* "look"; "queued". */
const char *mm_job_kind_name(enum mm_job_kind kind);
const char *mm_job_state_name(enum mm_job_state state);

/* A job that was taken: who has it may end it. */
struct mm_job {
    int64_t job;
    uint32_t company;
    enum mm_job_kind kind;
    int64_t subject;
    uint32_t attempts; /* this one included */
    int64_t lease_us;  /* its own until then */
};

/*
 * Add a job in the company that tx is narrowed to, not to be begun before at_us. One that waits or
 * runs already for this subject stays the only one, and is begun at the earlier time.
 */
MM_MUST_USE enum mm_code mm_job_add(struct mm_tx *tx, enum mm_job_kind kind, int64_t subject,
                                    int64_t at_us, int64_t now_us);

/*
 * Take the job of this kind that has waited longest in the company whose turn it is: *io_last is
 * whose the last one was, so that who has one job waits for no company that has hundreds; NULL: the
 * lowest company's. MM_E_NOTFOUND when none is due (found out without a write). System scope.
 */
MM_MUST_USE enum mm_code mm_job_take(struct mm_records *records, enum mm_job_kind kind,
                                     int64_t now_us, uint32_t *io_last, struct mm_job *ret);
/*
 * Jobs whose holder let the lease run out, at most MM_JOB_LOST_MAX; with `all`, every one that is
 * held: for a worker that knows to be the only one. System scope. End each with _failed.
 */
MM_MUST_USE enum mm_code mm_job_lost(struct mm_tx *tx, bool all, int64_t now_us,
                                     struct mm_job ret[MM_JOB_LOST_MAX], size_t *ret_n);

/*
 * The ends of a job that was taken, in the job's company. MM_E_NOTFOUND when its lease ran out and
 * somebody else has or had it: the transaction must then come to nothing.
 */
MM_MUST_USE enum mm_code mm_job_done(struct mm_tx *tx, const struct mm_job *job, int64_t now_us);
/* Done, and to be done once more at at_us. */
MM_MUST_USE enum mm_code mm_job_again(struct mm_tx *tx, const struct mm_job *job, int64_t at_us);

/* Delete what is left of ended jobs of this kind and subject: the subject is deleted. */
MM_MUST_USE enum mm_code mm_job_forget(struct mm_tx *tx, enum mm_job_kind kind, int64_t subject);

struct mm_job_failure {
    struct mm_slice error; /* a code's key, or words */
    uint32_t pause_s;      /* instead of the kind's first pause; 0: the kind's */
    bool for_good;         /* trying again would not help */
};
/* It did not work: wait, or give up; *ret_given_up says which. */
MM_MUST_USE enum mm_code mm_job_failed(struct mm_tx *tx, const struct mm_job *job,
                                       const struct mm_job_failure *why, int64_t now_us,
                                       bool *ret_given_up);

/* A row of the table, for people. */
struct mm_job_row {
    int64_t job;
    uint32_t company;
    struct mm_slice kind; /* also one of a newer release */
    int64_t subject;
    enum mm_job_state state;
    uint32_t attempts;
    int64_t not_before_us, lease_us;
    struct mm_slice last_error;
    int64_t created_us, finished_us; /* 0: not finished */
};

struct mm_job_filter {
    bool done_too;  /* without: everything that is not done */
    int64_t before; /* numbers below it; 0: from the newest */
    size_t max;     /* 1..MM_JOB_LIST_MAX */
};
/* Newest first. */
MM_MUST_USE enum mm_code mm_job_list(struct mm_tx *tx, const struct mm_job_filter *f,
                                     struct mm_arena *a, struct mm_job_row **ret, size_t *ret_n);
MM_MUST_USE enum mm_code mm_job_get(struct mm_tx *tx, int64_t job, struct mm_arena *a,
                                    struct mm_job_row *ret);
/*
 * Begin a failed or waiting job at once, with all its attempts before it. MM_E_NOTFOUND when it
 * neither failed nor waits, MM_E_EXISTS when the same work already waits in another job.
 */
MM_MUST_USE enum mm_code mm_job_retry(struct mm_tx *tx, int64_t job, int64_t now_us);
/* How many jobs of a kind stand as given up under the scope. */
MM_MUST_USE enum mm_code mm_job_failed_count(struct mm_tx *tx, struct mm_slice kind, uint64_t *ret);

#endif
