/*
 * exception/exception.h - what a rule may find in one company without anybody being told.
 *
 * Purpose   An exception names one rule, one company, what must be so in the event (a PC, a person,
 *           a program), a reason, who made it and a day on which it ends. The engine reads all
 *           that are in force as Sigma filters (detect/filter.h): what they hide is kept and
 *           counted. One that could hide something critical is only proposed until a second
 *           person agrees.
 * Owns      Its records tables. Texts handed out live in the arena passed.
 * Threads   As the transaction.
 * Trust     Values come from events and from people: bounded and valid UTF-8 here, quoted where
 *           they become YAML, escaped by who shows them.
 *
 *   add --> active ----end, or its day comes--> ended
 *     `---> proposed --agree--> active
 *                    `--end--> ended
 */
#ifndef MM_EXCEPTION_EXCEPTION_H
#define MM_EXCEPTION_EXCEPTION_H

#include "base/arena.h"
#include "detect/filter.h"
#include "store/records/query.h"

enum mm_exception_state {
    MM_EXCEPTION_PROPOSED,
    MM_EXCEPTION_ACTIVE,
    MM_EXCEPTION_ENDED,
    MM_EXCEPTION_STATES
};

enum {
    MM_EXCEPTION_TERMS_MAX = 8,
    MM_EXCEPTION_VALUE_MAX = 1024,
    MM_EXCEPTION_REASON_MAX = 1000,
    MM_EXCEPTION_LIST_MAX = 500,
    MM_EXCEPTION_ENDED_MAX = 50, /* told of at a time */
    MM_EXCEPTION_DAYS_DEFAULT = 90,
    MM_EXCEPTION_DAYS_MAX = 366,
};

/* The operator's finding when an exception has run out: somebody looks whether it is needed. Its
 * entity is the filter's id, "exception-12". */
#define MM_EXCEPTION_FINDING "exception_ended"
#define MM_EXCEPTION_FINDING_FIELD "rule.id"

/* "proposed", "active", "ended". */
const char *mm_exception_state_name(enum mm_exception_state state);
/* "equals", "contains", "starts", "ends", "cidr". */
const char *mm_exception_how_name(enum mm_filter_how how);
MM_MUST_USE bool mm_exception_how_find(struct mm_slice name, enum mm_filter_how *ret);

struct mm_exception {
    int64_t exception;
    uint32_t company;
    struct mm_slice rule, title;
    struct mm_slice product, category, service; /* of the rule: one at least */
    const struct mm_filter_term *term;
    size_t term_n;
    struct mm_slice reason;
    enum mm_exception_state state;
    uint64_t hides, hides_critical; /* of the past, when it was tried */
    bool second;                    /* _add: a second person must agree (mm_trial_second) */
    int64_t until_us;
    int64_t made_us, ended_us;             /* ended_us 0: not ended */
    uint32_t made_by, agreed_by, ended_by; /* users; 0: nobody, or the command line */
};

/*
 * Keep a new exception in the company that tx is narrowed to; of *e count rule, title, logsource,
 * terms, reason, hides, second, until_us and made_by. Proposed when a second person must agree or
 * it hides critical alerts, active otherwise. MM_E_RANGE with fault.what: "exception.terms" (none:
 * that would switch the rule off, or too many), "exception.value" (fault.at: which; empty, long,
 * not UTF-8), "exception.reason" (empty or long), "exception.until" (past, or over a year away),
 * "exception.rule".
 */
MM_MUST_USE enum mm_code mm_exception_add(struct mm_tx *tx, const struct mm_exception *e,
                                          int64_t now_us, int64_t *ret, struct mm_fault *fault);
/*
 * A second person agrees to a proposed exception. MM_E_DENIED when it is the one who made it,
 * MM_E_NOTFOUND when it is not proposed.
 */
MM_MUST_USE enum mm_code mm_exception_agree(struct mm_tx *tx, int64_t exception, uint32_t user);
/* Taken back before its day; MM_E_NOTFOUND when it has ended. */
MM_MUST_USE enum mm_code mm_exception_end(struct mm_tx *tx, int64_t exception, uint32_t user,
                                          int64_t now_us);

MM_MUST_USE enum mm_code mm_exception_get(struct mm_tx *tx, int64_t exception, struct mm_arena *a,
                                          struct mm_exception *ret);
struct mm_exception_which {
    bool ended_too;
    struct mm_slice rule; /* empty: of every rule */
    size_t max;           /* 1..MM_EXCEPTION_LIST_MAX */
};
/* Proposed ones first, then by the day on which they end, ended ones last. */
MM_MUST_USE enum mm_code mm_exception_list(struct mm_tx *tx, const struct mm_exception_which *w,
                                           struct mm_arena *a, struct mm_exception **ret,
                                           size_t *ret_n);

/* Differs when an exception came, was agreed to or ended. System scope. */
MM_MUST_USE enum mm_code mm_exception_stamp(struct mm_tx *tx, uint64_t *ret);
/*
 * Append all that are in force as Sigma filters, one YAML document each, with ids of the form
 * "exception-12". System scope. What cannot be written is left out and counted in *ret_left: an
 * exception that does not work hides nothing.
 */
MM_MUST_USE enum mm_code mm_exception_write(struct mm_tx *tx, int64_t now_us, struct mm_buf *out,
                                            size_t *ret_left);
/* One as a Sigma filter: for trying it, and to take elsewhere. Errors as mm_filter_write. */
MM_MUST_USE enum mm_code mm_exception_filter(const struct mm_exception *e, struct mm_buf *out,
                                             struct mm_fault *fault);

/* What somebody has to look after; each is a finding of the operator's, with the filter's id. */
enum mm_exception_care {
    MM_EXCEPTION_NO_CARE,
    MM_EXCEPTION_WAITS, /* proposed: a second person must agree or refuse */
    MM_EXCEPTION_SOON,  /* its day comes within MM_EXCEPTION_SOON_US */
    MM_EXCEPTION_CARES
};
#define MM_EXCEPTION_SOON_US (INT64_C(7) * 86400 * 1000000)

struct mm_exception_care_row {
    int64_t exception;
    uint32_t company;
    enum mm_exception_care was, is; /* of which the finding is open; which is due now */
};

/* Kind of the finding: "exception_waits", "exception_soon"; NULL for MM_EXCEPTION_NO_CARE. */
const char *mm_exception_care_kind(enum mm_exception_care care);
/* Exceptions whose finding must change, at most MM_EXCEPTION_ENDED_MAX. System scope. */
MM_MUST_USE enum mm_code mm_exception_cares(struct mm_tx *tx, int64_t now_us,
                                            struct mm_exception_care_row *ret, size_t *ret_n);
/* Note that this finding is the open one, in the company of the exception and in the transaction
 * that opens and closes findings. */
MM_MUST_USE enum mm_code mm_exception_care_set(struct mm_tx *tx, int64_t exception,
                                               enum mm_exception_care care);

/* Exceptions whose day has come and that are not ended yet. System scope; terms are left out. */
MM_MUST_USE enum mm_code mm_exception_due(struct mm_tx *tx, int64_t now_us, struct mm_arena *a,
                                          struct mm_exception **ret, size_t *ret_n);
/* Such a one has ended, in its company: its finding is made in the same transaction. */
MM_MUST_USE enum mm_code mm_exception_ran_out(struct mm_tx *tx, int64_t exception, int64_t now_us);

#endif
