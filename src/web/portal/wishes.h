/*
 * web/portal/wishes.h - formats and rules that people make and take away on pages.
 *
 * Purpose   Write down what somebody wishes, with its audit entry; show what became of wishes.
 * Owns      Nothing.
 * Threads   See page.h.
 * Trust     See coverage/wish.h.
 */
#ifndef MM_WEB_PORTAL_WISHES_H
#define MM_WEB_PORTAL_WISHES_H

#include "coverage/wish.h"
#include "web/portal/page.h"

/* Write it down in the operator's company; who asks is filled in. MM_E_NOTFOUND for who may not see
 * that company. */
MM_MUST_USE enum mm_code mm_page_wish(struct mm_page *p, const struct mm_wish *wish);
/* The newest of one kind, as "wishes" of the document, from p->tx. */
MM_MUST_USE enum mm_code mm_page_wishes(struct mm_page *p, enum mm_wish_what what);

#endif
