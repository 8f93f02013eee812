/*
 * coverage/wish.h - a format or a rule that was made or taken away on a page, on its way to the
 * engine.
 *
 * Purpose   The portal writes no file of another's: it writes down what is wished, with a job in
 *           the same transaction, and the worker brings it into STATE/formats or STATE/rules/pages.
 * Owns      The table format_wish. Texts handed out live in the arena passed.
 * Threads   As the transaction.
 * Trust     File and test were made of foreign lines and checked before they came here; they are
 *           bound, bounded, and checked again by the engine.
 */
#ifndef MM_COVERAGE_WISH_H
#define MM_COVERAGE_WISH_H

#include "base/arena.h"
#include "store/records/query.h"

enum {
    MM_WISH_YAML = 256 * 1024, /* bytes of a file and of its test */
    MM_WISH_KEEP = 50,         /* rows of a kind that are kept for reading */
    MM_WISH_RULE_NAME = 64,    /* bytes of the id of a rule that becomes a file */
};

enum mm_wish_what {
    MM_WISH_FORMAT,
    MM_WISH_RULE,
    MM_WISH_SET, /* of rules: "remove" takes its last update back; nothing is added so */
    MM_WISH_WHATS
};

struct mm_wish {
    int64_t wish;
    enum mm_wish_what what;
    bool remove;
    struct mm_slice name, yaml;
    struct mm_slice test; /* of a format; of a set: which folder is to go (mm_dir_id) */
    uint32_t user;
    struct mm_slice who;
    struct mm_slice state, why; /* "waiting", "done", "refused" */
    int64_t wished_us;
};

/*
 * Write down what is wished (wish, state and why are the table's) and the job that does it, in the
 * company that tx is narrowed to, the operator's own. MM_E_LIMIT: the texts are too long.
 */
MM_MUST_USE enum mm_code mm_wish_add(struct mm_tx *tx, const struct mm_wish *w, int64_t now_us);
/* With file and test. MM_E_NOTFOUND. */
MM_MUST_USE enum mm_code mm_wish_get(struct mm_tx *tx, int64_t wish, struct mm_arena *a,
                                     struct mm_wish *ret);
/* It is done; or was refused, with the key of why. */
MM_MUST_USE enum mm_code mm_wish_end(struct mm_tx *tx, int64_t wish, enum mm_code how);
/* Those of one kind, newest first, without file and test. */
MM_MUST_USE enum mm_code mm_wish_list(struct mm_tx *tx, enum mm_wish_what what, struct mm_arena *a,
                                      struct mm_wish **ret, size_t *ret_n);
/* "format", "rule", "set". */
const char *mm_wish_what_name(enum mm_wish_what what);
/* Whether a rule of this id can be a file of that name: letters, digits, - and _, as UUIDs. */
bool mm_wish_rule_name_ok(struct mm_slice id);

#endif
