/*
 * web/portal/president.h - how a company's president reads of a case.
 *
 * Purpose   One word for what it is, how far it went, whether the president has to decide. The
 *           tactics of the rules that found it are all that is looked at.
 * Owns      Nothing.
 * Threads   See page.h.
 * Trust     Documents of rules are foreign: what is in no table is left out.
 * Spec      requirements.md 6.4, column C: money, date or yes and no in every sentence.
 */
#ifndef MM_WEB_PORTAL_PRESIDENT_H
#define MM_WEB_PORTAL_PRESIDENT_H

#include "web/portal/page.h"

enum { MM_STAGES = 5 }; /* looking for a way in, in, settled, talks to the outside, does harm */

/* Whether this page is read by a company's president. */
bool mm_page_president(const struct mm_page *p);
/*
 * The furthest stage that a rule's document tells of, 1..MM_STAGES, and its name in
 * "president.event.NAME"; 0 and "general" where it tells nothing.
 */
unsigned mm_president_stage(struct mm_slice doc, struct mm_arena *arena, const char **ret_name);
/* The title of a case for the president, in the reader's language. */
struct mm_slice mm_president_title(const struct mm_page *p, struct mm_slice how,
                                   struct mm_slice doc);
/* Put "president" into the document: of one case (case_id), or of all open ones (0). p->tx is the
 * company's. */
MM_MUST_USE enum mm_code mm_president_write(struct mm_page *p, int64_t case_id);

#endif
