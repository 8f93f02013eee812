/*
 * web/portal/session.h - who asks, and whether a form is really theirs.
 *
 * Purpose   From cookie or bearer token to p->me; tokens against forged forms, for sessions and
 *           for visitors that have none yet.
 * Owns      Nothing.
 * Threads   See page.h.
 * Trust     Cookies and headers are hostile; register/auth.h decides.
 */
#ifndef MM_WEB_PORTAL_SESSION_H
#define MM_WEB_PORTAL_SESSION_H

#include "web/portal/page.h"

/*
 * Fill p->me and p->signed_in, p->csrf for forms. A wrong bearer token is MM_E_AUTH; a cookie of
 * no session only means that nobody is signed in.
 */
MM_MUST_USE enum mm_code mm_session_find(struct mm_page *p);
/* Whether a request that changes something was meant: MM_E_DENIED when it wasn't. */
MM_MUST_USE enum mm_code mm_session_check_form(struct mm_page *p);
/* Set the session cookie of a new session; an empty token takes it away. */
void mm_session_cookie(struct mm_page *p, const char *token);

/*
 * What this browser alone may go on with (web/portal/oidc_pages.c), in a cookie of its own that
 * ends by itself; "" takes it away. At most MM_SESSION_TICKET bytes without a quote or a semicolon.
 */
enum { MM_SESSION_TICKET = 512 };
void mm_session_ticket(struct mm_page *p, const char *ticket);
/* The ticket that came; false when none did. */
bool mm_session_ticket_find(const struct mm_page *p, struct mm_slice *ret);

#endif
