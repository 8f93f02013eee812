/*
 * web/portal/tailor_view.h - adjustments of rules as documents, and what pages do with them.
 *
 * Purpose   What two pages share: those of a company, those of a rule.
 * Owns      Nothing.
 * Threads   See page.h.
 * Trust     Texts come from people; documents carry them, templates escape them.
 */
#ifndef MM_WEB_PORTAL_TAILOR_VIEW_H
#define MM_WEB_PORTAL_TAILOR_VIEW_H

#include "detect/detect.h"
#include "tailor/tailor.h"
#include "web/portal/page.h"

/* Does the rule want values that are not there? */
bool mm_tailor_waits(const struct mm_tailored *here, const struct mm_rule *rule);
/* Append one to an array. p->tx: the whole scope of who asks, which knows names of people. */
MM_MUST_USE enum mm_code mm_tailor_write_adjust(struct mm_page *p, struct mm_doc *list,
                                                const struct mm_tailor_adjust *x);
/* "adjusts": those that `which` chooses, as _write_adjust writes them. */
MM_MUST_USE enum mm_code mm_tailor_write_adjusts(struct mm_page *p,
                                                 const struct mm_tailor_which *which);
/* "key": the programme's name in the reader's language, or null for none. */
MM_MUST_USE enum mm_code mm_tailor_write_programme(struct mm_page *p, struct mm_doc *d,
                                                   uint32_t programme);
/* An entry of the audit log of the company that tx is narrowed to. */
MM_MUST_USE enum mm_code mm_tailor_audit(struct mm_page *p, struct mm_tx *tx, const char *action,
                                         uint32_t programme, struct mm_slice what,
                                         struct mm_slice text);

#endif
