/*
 * tailor/tailor.h - rules by company and programme: values for placeholders, off and on, levels.
 *
 * Purpose   A list holds the values of a placeholder (%DomainControllers%); an adjustment switches
 *           a rule off or on, or gives it another level, with a reason. Both stand for one company
 *           or, made by who sees all companies, for the members of a programme; a company's own
 *           goes before its programmes'. The engine gets all of it as one text (detect/tuning.h).
 * Owns      Its records tables. What is handed out lives in the arena passed.
 * Threads   As the transaction.
 * Trust     Texts come from people: bounded and valid UTF-8 here, quoted where they become YAML,
 *           escaped by who shows them. To weaken a rule whose author calls it critical, two
 *           persons are needed, as with exceptions.
 *
 *   adjust --> active ----end, or another one is made--> ended
 *        `---> proposed --agree--> active
 *                       `--end--> ended
 */
#ifndef MM_TAILOR_TAILOR_H
#define MM_TAILOR_TAILOR_H

#include "base/arena.h"
#include "detect/tuning.h"
#include "store/records/query.h"

enum {
    MM_TAILOR_LISTS_MAX = 100,        /* of one company or programme */
    MM_TAILOR_BYTES_MAX = 128 * 1024, /* of all its values: 4,000 names */
    MM_TAILOR_ADJUSTS_MAX = 1000,     /* of one company or programme, in force or proposed */
    MM_TAILOR_REASON_MAX = 1000,
    MM_TAILOR_TITLE_MAX = 1024,
    MM_TAILOR_ROWS_MAX = MM_TUNING_LISTS_MAX, /* of all companies */
};

/* `programme` of a row: of the company itself. */
#define MM_TAILOR_OWN 0U

struct mm_tailor_list {
    uint32_t company, programme;
    struct mm_slice name;
    struct mm_slices values;
    int64_t changed_us;
    uint32_t changed_by; /* user; 0: the command line */
};

enum mm_tailor_state { MM_TAILOR_PROPOSED, MM_TAILOR_ACTIVE, MM_TAILOR_ENDED, MM_TAILOR_STATES };
/* "proposed", "active", "ended". */
const char *mm_tailor_state_name(enum mm_tailor_state state);

struct mm_tailor_adjust {
    int64_t adjust;
    uint32_t company, programme;
    struct mm_slice rule, title;
    enum mm_level rule_level; /* the author's */
    bool enabled;
    bool has_level;
    enum mm_level level;
    struct mm_slice reason;
    enum mm_tailor_state state;
    int64_t made_us, ended_us;             /* ended_us 0: not ended */
    uint32_t made_by, agreed_by, ended_by; /* users; 0: nobody, or the command line */
};

/* ---- lists ---- */

/* One value a line, blanks around and empty lines left out, each value once, as `tx` keeps it. */
MM_MUST_USE enum mm_code mm_tailor_values(struct mm_slice text, struct mm_arena *a,
                                          struct mm_slices *ret, struct mm_fault *fault);
/*
 * Put a list in the place of the one of that name; no values: it is taken away. tx is narrowed to
 * the company, or with a programme to company 0. MM_E_RANGE with fault.what "tailor.name",
 * "tailor.value" (fault.at: which), "tailor.values" (too many of one list), "tailor.full" (of all
 * lists of this place); MM_E_NOTFOUND: no such programme.
 */
MM_MUST_USE enum mm_code mm_tailor_put(struct mm_tx *tx, uint32_t programme, struct mm_slice name,
                                       struct mm_slices values, uint32_t user, int64_t now_us,
                                       struct mm_fault *fault);
/* The list of that place; MM_E_NOTFOUND when it has none. */
MM_MUST_USE enum mm_code mm_tailor_get(struct mm_tx *tx, uint32_t company, uint32_t programme,
                                       struct mm_slice name, struct mm_arena *a,
                                       struct mm_tailor_list *ret);
/* Lists that the scope sees; programme -1: of all places. */
MM_MUST_USE enum mm_code mm_tailor_lists(struct mm_tx *tx, int64_t programme, struct mm_arena *a,
                                         struct mm_tailor_list **ret, size_t *ret_n);

/* ---- adjustments ---- */

/*
 * Keep an adjustment; of *x count programme, rule, title, rule_level, enabled, has_level, level,
 * reason and made_by. tx as for _put. One that weakens a critical rule is proposed, all others are
 * in force at once in the place of the former. A company's own that is on and of the author's level
 * stands against what its programmes say. MM_E_RANGE: "tailor.rule", "tailor.reason" (empty or
 * long), "tailor.nothing" (of a programme: on, and of the author's level), "tailor.full";
 * MM_E_NOTFOUND: no such programme; MM_E_DENIED: tx is not narrowed to company 0 for a programme.
 */
MM_MUST_USE enum mm_code mm_tailor_adjust_rule(struct mm_tx *tx, const struct mm_tailor_adjust *x,
                                               int64_t now_us, int64_t *ret,
                                               enum mm_tailor_state *ret_state,
                                               struct mm_fault *fault);
/* Append what it says, for the audit log: "off" or a level, the author's level, title, reason. */
void mm_tailor_say(const struct mm_tailor_adjust *x, struct mm_buf *out);
/* Must a second person agree? */
bool mm_tailor_second(const struct mm_tailor_adjust *x);
/* A second person agrees: MM_E_DENIED when it is the one who made it. */
MM_MUST_USE enum mm_code mm_tailor_agree(struct mm_tx *tx, int64_t adjust, uint32_t user,
                                         int64_t now_us);
/* Back to what counts without it; MM_E_NOTFOUND when it has ended. */
MM_MUST_USE enum mm_code mm_tailor_end(struct mm_tx *tx, int64_t adjust, uint32_t user,
                                       int64_t now_us);
MM_MUST_USE enum mm_code mm_tailor_adjust_get(struct mm_tx *tx, int64_t adjust, struct mm_arena *a,
                                              struct mm_tailor_adjust *ret);

struct mm_tailor_which {
    int64_t programme;    /* -1: of all places */
    struct mm_slice rule; /* empty: of every rule */
    bool ended_too;
    size_t max; /* 1..MM_TAILOR_ROWS_MAX */
};
/* What the scope sees, newest first, ended ones last. */
MM_MUST_USE enum mm_code mm_tailor_adjusts(struct mm_tx *tx, const struct mm_tailor_which *w,
                                           struct mm_arena *a, struct mm_tailor_adjust **ret,
                                           size_t *ret_n);

/* ---- what counts in a company ---- */

/* What one company has of its own and of its programmes: which counts is said by _counts. */
struct mm_tailored {
    struct mm_tailor_list *list;
    size_t list_n;
    struct mm_tailor_adjust *adjust; /* proposed ones as well */
    size_t adjust_n;
};
/* MM_E_NOTFOUND when the scope of tx does not see the company. rule empty: of every rule. */
MM_MUST_USE enum mm_code mm_tailor_of(struct mm_tx *tx, uint32_t company, struct mm_slice rule,
                                      struct mm_arena *a, struct mm_tailored *ret);
/* The list of that name that counts: its own, else of the programme of the lowest number; NULL. */
const struct mm_tailor_list *mm_tailored_list(const struct mm_tailored *t, struct mm_slice name);
/*
 * The adjustment in force that counts: its own, else of its programmes the one that leaves the
 * rule most strength; NULL.
 */
const struct mm_tailor_adjust *mm_tailored_adjust(const struct mm_tailored *t,
                                                  struct mm_slice rule);
/* All of it that counts, as the text for detect/tuning.h. */
void mm_tailored_write(const struct mm_tailored *t, uint32_t company, struct mm_buf *out);

/* ---- for the engine: system scope ---- */

/* Differs when a list, an adjustment or a membership came, changed or went. */
MM_MUST_USE enum mm_code mm_tailor_stamp(struct mm_tx *tx, uint64_t *ret);
/*
 * Append what counts in each company. What does not fit (detect/tuning.h has the limits) is left
 * out and counted, the longest lists first: rules that need them wait there, nobody else's.
 */
MM_MUST_USE enum mm_code mm_tailor_write(struct mm_tx *tx, struct mm_buf *out, size_t *ret_left);

#endif
