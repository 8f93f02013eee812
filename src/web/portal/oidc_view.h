/*
 * web/portal/oidc_view.h - what other pages show of the provider of identities.
 *
 * Purpose   The button at the login, the invitation and the account has one name.
 * Owns      Nothing.
 * Threads   See page.h.
 * Trust     The name is the operator's.
 */
#ifndef MM_WEB_PORTAL_OIDC_VIEW_H
#define MM_WEB_PORTAL_OIDC_VIEW_H

#include "web/portal/page.h"

/* Is there one? */
bool mm_oidc_on(const struct mm_page *p);
/* Its name as "oidc_label" of the chrome, when there is one. */
void mm_oidc_label(struct mm_page *p);

#endif
