/*
 * app/rules_sets.h - sets of rules that are kept and exchanged as a whole.
 *
 * Purpose   STATE/rules/NAME is a set that is in force; STATE/rules-sets/NAME.old is the one that
 *           was before it, NAME.new one that is being written. A set comes into force by one
 *           exchange of two folders, so that whoever reads STATE/rules finds the former set or
 *           the new one. Wherever the power goes out: STATE/rules/NAME is whole, NAME.old is
 *           whole (between the two exchanges of _take it is the new set, not yet in force), and
 *           NAME.new and NAME.in are rubbish that the next _begin clears away.
 * Owns      The lock of STATE/rules-sets from _open to _close: one exchange at a time.
 * Threads   One.
 * Trust     Names are letters, digits, - and _, not "pages". Needs a file system that exchanges two
 *           names (renameat2; ext4, XFS, Btrfs do).
 */
#ifndef MM_APP_RULES_SETS_H
#define MM_APP_RULES_SETS_H

#include "base/base.h"
#include "base/limits.h"

enum { MM_RULES_SET_NAME_MAX = 64 }; /* a folder's name with room for its ending */

/* Files of a set that hold no rule: hidden ones are not loaded. */
#define MM_RULES_SET_NOTE ".note.json" /* what was done last, for pages */
#define MM_RULES_SET_TAKEN ".taken"    /* which upload it was, mm_dir_id of its folder */

struct mm_rules_set {
    char in[MM_MAX_PATH];     /* STATE/rules/NAME */
    char old[MM_MAX_PATH];    /* STATE/rules-sets/NAME.old */
    char fresh[MM_MAX_PATH];  /* STATE/rules-sets/NAME.new */
    char packed[MM_MAX_PATH]; /* STATE/rules-sets/NAME.in: files of an archive while it is read */
    char upload[MM_MAX_PATH]; /* STATE/rules-sets/upload: what a page took in, of any set */
    char rules[MM_MAX_PATH], sets[MM_MAX_PATH];
    int lock;
};

/*
 * Fill *ret and take the lock; the two folders above sets are made. MM_E_CONFIG: no name for a
 * set; MM_E_BUSY: somebody else exchanges sets.
 */
MM_MUST_USE enum mm_code mm_rules_set_open(const char *state, const char *name,
                                           struct mm_rules_set *ret);
void mm_rules_set_close(struct mm_rules_set *s);

/* Is there a folder? Links are none. */
bool mm_rules_set_is(const char *path);

/* Begin a new folder, `fresh` or `packed`: what an earlier one left behind goes. */
MM_MUST_USE enum mm_code mm_rules_set_begin(const char *dir);
/* A file of it; rel is its path inside. That of a new set is durable with _take. */
MM_MUST_USE enum mm_code mm_rules_set_put(const char *in, struct mm_slice rel,
                                          struct mm_slice text);
/* It is no longer needed; MM_OK also when it was not there. */
MM_MUST_USE enum mm_code mm_rules_set_drop(const char *dir);
/* The new set comes into force, the one before it becomes the former, the former goes. */
MM_MUST_USE enum mm_code mm_rules_set_take(const struct mm_rules_set *s);
/* What was unpacked waits as the one upload for somebody's yes; the one before it goes. */
MM_MUST_USE enum mm_code mm_rules_set_keep(const struct mm_rules_set *s);
/* The former set and the one in force change places. MM_E_NOTFOUND: there is no former. */
MM_MUST_USE enum mm_code mm_rules_set_back(const struct mm_rules_set *s);

#endif
