/*
 * app/oidc_url.h - addresses that a provider of identities names.
 *
 * Purpose   One answer for who goes there (app/oidc.c) and who sends browsers there.
 * Owns      Nothing.
 * Threads   Pure functions.
 * Trust     The address is the provider's word.
 */
#ifndef MM_APP_OIDC_URL_H
#define MM_APP_OIDC_URL_H

#include "base/base.h"

/* Whether we would go there: https (with `loopback` also http on this machine), no user and no
 * fragment in it, nothing that a header or a page had to quote. */
bool mm_oidc_url_ok(struct mm_slice url, bool loopback);

#endif
