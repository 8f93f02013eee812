/*
 * web/portal/access_view.h - sessions, tokens and invitations of a user as documents.
 *
 * Purpose   The same facts on a person's own page and on an administrator's; slips that are shown
 *           once; passwords that broke rules.
 * Owns      Nothing.
 * Threads   See page.h.
 * Trust     Names, addresses and what browsers call themselves are foreign text.
 */
#ifndef MM_WEB_PORTAL_ACCESS_VIEW_H
#define MM_WEB_PORTAL_ACCESS_VIEW_H

#include "register/access.h"
#include "web/portal/page.h"

/* Everything of *x into p->doc. `base` is the path below which its forms end things; it is copied.
 */
void mm_access_write(struct mm_page *p, const struct mm_access *x, const char *base);
/* Page of things that are shown once: template, and how to put it away. p->doc gets the rest. */
void mm_access_slip(struct mm_page *p, const char *kind, struct mm_slice login);
/* The users of the company that p->tx is narrowed to, with the form for another one. */
MM_MUST_USE enum mm_code mm_people_list(struct mm_page *p);
/* How long a password must be, as "chars": for the words beside its field. */
void mm_password_help(struct mm_page *p, bool second);
/*
 * The user that the path names as :company and :user; its record in *ret, p->tx a snapshot of the
 * company. MM_E_NOTFOUND when there is none that has not ended.
 */
MM_MUST_USE enum mm_code mm_user_find(struct mm_page *p, struct mm_rec *ret);
/* The rules that a password broke, under "broken". */
void mm_password_broken(struct mm_page *p, unsigned broken, bool second);

/* The second factor as a form brings it: the app's digits, or a printed code instead. */
struct mm_slice mm_second_of(struct mm_page *p);

#endif
