/*
 * web/portal/rule_sets_view.h - sets of rules, for the pages that show or take them.
 *
 * Purpose   Which sets there are, and what an update changes as a list on a page.
 * Owns      Nothing.
 * Threads   See page.h.
 * Trust     Names of folders are checked; notes and answers hold foreign text, which is only shown.
 */
#ifndef MM_WEB_PORTAL_RULE_SETS_VIEW_H
#define MM_WEB_PORTAL_RULE_SETS_VIEW_H

#include "base/limits.h"
#include "coverage/wish.h"
#include "web/portal/page.h"

enum { MM_SETS_MAX = 50 }; /* on a page; people have one to three */

struct mm_set_name {
    char text[MM_WISH_RULE_NAME + 1];
};

/* STATE/FOLDER/NAMEending; false when it is too long. */
bool mm_set_path(const struct mm_page *p, const char *folder, const char *name, const char *ending,
                 char ret[MM_MAX_PATH]);
/* Is it a folder? Links are none. */
bool mm_set_is(const char *path);
/* Sets by name: folders below STATE/rules, but for what was made on pages, which goes one by one.
 */
size_t mm_set_list(const struct mm_page *p, struct mm_set_name ret[MM_SETS_MAX]);
/* "new", "changed", "removed" of a note or an answer, and whether there are "items". */
void mm_set_write_items(const struct mm_doc *note, struct mm_doc *d);
/* "refused", with reasons in the reader's language. */
void mm_set_write_refused(const struct mm_page *p, const struct mm_doc *note, struct mm_doc *d);

#endif
