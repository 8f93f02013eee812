/*
 * web/portal/case_view.h - the document of one case.
 *
 * Purpose   What happened in plain words, to whom, how sure, when to act, what to do first, the
 *           evidence, the history, the requests, and two texts: to read out and to send.
 * Owns      Nothing.
 * Threads   See page.h.
 * Trust     Evidence holds hostile texts; they go into the document as they are.
 */
#ifndef MM_WEB_PORTAL_CASE_VIEW_H
#define MM_WEB_PORTAL_CASE_VIEW_H

#include "web/portal/page.h"

/* Fill p->doc with the case of p->tx's company. MM_E_NOTFOUND when there is none. */
MM_MUST_USE enum mm_code mm_case_view(struct mm_page *p, int64_t case_id);

#endif
