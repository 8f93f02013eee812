/*
 * app/rules_diff.h - what a new set of rules changes.
 *
 * Purpose   Two folders of rules are loaded and held against each other by the rules' ids; what is
 *           new, changed, gone and refused becomes a document, and the files that hold a good rule
 *           go into a folder.
 * Owns      A difference owns its sets and lists until _done.
 * Threads   One.
 * Trust     Rules are foreign: read as everywhere (detect/detect.h). What cannot be read at all is
 *           said on standard error.
 */
#ifndef MM_APP_RULES_DIFF_H
#define MM_APP_RULES_DIFF_H

#include "base/arena.h"
#include "base/hash.h"
#include "detect/detect.h"
#include "text/doc.h"
#include "text/lang.h"

enum { MM_RULES_DIFF_NOTED = 100 }; /* of each kind in a document; the counts are whole */

/* A rule or a filter of a set; they share ids, and a second one of an id is refused. */
struct mm_rules_item {
    bool filter;
    struct mm_slice id, title, file;
    uint64_t text; /* of the whole file it stands in */
};

struct mm_rules_side {
    struct mm_ruleset *set;     /* NULL: none is installed */
    struct mm_rules_item *item; /* in order of loading: those of one file follow each other */
    size_t n;
    struct mm_map by_id; /* index of the item */
};

enum mm_rules_change { MM_RULES_NEW, MM_RULES_CHANGED, MM_RULES_REMOVED, MM_RULES_CHANGES };

struct mm_rules_diff {
    enum mm_lang lang;
    struct mm_arena arena;
    struct mm_seed seed;
    struct mm_rules_side before, after;
    const struct mm_rules_item **list[MM_RULES_CHANGES];
    size_t n[MM_RULES_CHANGES];
    size_t same;
};

/* "new", "changed", "removed". */
const char *mm_rules_change_name(enum mm_rules_change c);
/*
 * Load what is installed, if anything, and what shall be; false after a word why on standard error
 * in that language. Call _done in any case.
 */
MM_MUST_USE bool mm_rules_diff_read(struct mm_rules_diff *d, const char *before, const char *after,
                                    enum mm_lang lang);
void mm_rules_diff_done(struct mm_rules_diff *d);
/* Does it change nothing? */
bool mm_rules_diff_none(const struct mm_rules_diff *d);
/* Write the files that hold a good rule or filter, from below `from` into the folder `to`. */
MM_MUST_USE enum mm_code mm_rules_diff_put(const struct mm_rules_diff *d, const char *from,
                                           const char *to);
/* "new_n", "new", ... "refused_n", "refused" into a document; files without `dir` before them. */
void mm_rules_diff_note(const struct mm_rules_diff *d, const char *dir, struct mm_doc *note);

#endif
