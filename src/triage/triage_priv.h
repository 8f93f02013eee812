/*
 * triage/triage_priv.h - the feature's statements and what makes a finding; for src/triage only.
 *
 * Purpose   Names for the rows of statements.def, and the steps by which alerts, notes and what is
 *           counted together become findings and cases.
 * Owns      Nothing.
 * Threads   As the transaction.
 * Trust     SQL is ours. Texts of a mm_made are valid UTF-8 (mm_triage_clean).
 */
#ifndef MM_TRIAGE_TRIAGE_PRIV_H
#define MM_TRIAGE_TRIAGE_PRIV_H

#include "base/buf.h"
#include "store/records/query.h"
#include "triage/triage.h"

enum mm_triage_stmt {
#define MM_STMT(id, kind, sql) MM_TRIAGE_##id,
#include "triage/statements.def"
#undef MM_STMT
    MM_TRIAGE_STMTS
};

extern const struct mm_stmt mm_triage_stmts[MM_TRIAGE_STMTS];

/* What is written about one finding, whoever made it. */
struct mm_made {
    const char *kind;
    struct mm_slice rule, field, entity, title, author, doc;
    enum mm_level level, weight; /* the rule's; with what was done against it */
    enum mm_lane lane;
    uint64_t count;
    int64_t first_us, last_us;
};

struct mm_found {
    int64_t finding;
    int64_t case_id; /* 0: none */
    bool is_new;
};

/* All of these work in the company that tx is narrowed to. */

/* Foreign text on its way into the records: valid UTF-8. Nothing is left of it without memory. */
struct mm_slice mm_triage_clean(struct mm_buf *b, struct mm_slice s);
/* Narrow to the company; *ret_is says whether it exists. Widen after MM_OK only. */
MM_MUST_USE enum mm_code mm_triage_enter(struct mm_tx *tx, uint32_t company, bool *ret_is);
/* The finding of m's kind, rule, field and entity; is_new when there is none yet. */
MM_MUST_USE enum mm_code mm_finding_get(struct mm_tx *tx, const struct mm_made *m,
                                        struct mm_found *ret);
/* Make it, or count it; f->finding is its number then. */
MM_MUST_USE enum mm_code mm_finding_count(struct mm_tx *tx, const struct mm_made *m, int64_t now_us,
                                          struct mm_found *f);
/* Up to which number of the queue it has counted; 0: none. */
MM_MUST_USE enum mm_code mm_finding_mark(struct mm_tx *tx, int64_t finding, uint16_t queue,
                                         uint64_t *ret);
MM_MUST_USE enum mm_code mm_finding_mark_set(struct mm_tx *tx, int64_t finding, uint16_t queue,
                                             uint64_t seq);
/* Bring it into a case of its entity: its own, an open one, or a new one, which *opened names. */
MM_MUST_USE enum mm_code mm_finding_into_case(struct mm_tx *tx, uint32_t company,
                                              const struct mm_made *m, struct mm_found *f,
                                              int64_t now_us, struct mm_opened *opened);
/* Copy the events of these alerts into the case, at most max. */
MM_MUST_USE enum mm_code mm_finding_events(struct mm_tx *tx, int64_t case_id,
                                           const struct mm_alert *a, size_t n, size_t max);

/* The finding that counts together what one rule finds; its entity is empty. */
#define MM_MANY_KIND "many"
/* Count these n runs of one company and rule together, whose numbers are above its mark. */
MM_MUST_USE enum mm_code mm_many_take(struct mm_tx *tx, const struct mm_alert *alerts,
                                      const struct mm_run *runs, size_t n, int64_t now_us,
                                      struct mm_opened *opened);

#endif
