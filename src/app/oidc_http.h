/*
 * app/oidc_http.h - one question to a provider of identities, over HTTPS.
 *
 * Purpose   The bytes that an address answers, to a GET or to a form.
 * Owns      Nothing beyond a call.
 * Threads   One.
 * Trust     The certificate must hold; nothing leads elsewhere (redirections are not followed);
 *           size and time are bounded. What comes is as hostile as anything from the network.
 */
#ifndef MM_APP_OIDC_HTTP_H
#define MM_APP_OIDC_HTTP_H

#include "base/buf.h"

struct mm_oidc_http {
    const char *ca_file; /* NULL: the system's */
    bool loopback;       /* http is good enough on this machine: for tests */
    int64_t deadline_us; /* monotonic: of all questions together */
};

struct mm_oidc_post {
    const char *form;            /* NULL: a GET */
    const char *user, *password; /* of HTTP's Basic, encoded; NULL: none */
};

/*
 * Append what the address answers. MM_E_IO: nobody answered in time, or without a good
 * certificate; MM_E_LIMIT: more than `out` takes; MM_E_DENIED: no address for us. *ret_status is
 * HTTP's with MM_OK.
 */
MM_MUST_USE enum mm_code mm_oidc_http(const struct mm_oidc_http *h, const char *url,
                                      const struct mm_oidc_post *post, struct mm_buf *out,
                                      long *ret_status);

#endif
