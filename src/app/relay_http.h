/*
 * app/relay_http.h - a relay asks its centre, through the company's proxy where there is one.
 *
 * Purpose   POST and GET over one connection that is kept open; the centre is known by the public
 *           key that enrolment told, or by an authority that vouches for its name.
 * Owns      The connection (libcurl).
 * Threads   One.
 * Trust     Answers are the centre's, once TLS has shown that it is; they are bounded all the same.
 */
#ifndef MM_APP_RELAY_HTTP_H
#define MM_APP_RELAY_HTTP_H

#include <stdatomic.h>

#include "app/relay_identity.h"
#include "base/buf.h"

enum {
    MM_RELAY_ANSWER = 16 * 1024, /* bytes of an answer */
    MM_RELAY_WHOLE_S = 60,       /* of a request: a batch over a slow line */
};

struct mm_relay_http;

enum mm_relay_trust {
    MM_TRUST_AUTHORITY, /* the certificate is good for the name */
    MM_TRUST_PIN,       /* the public key is the one of id->pin */
    MM_TRUST_NOBODY,    /* whoever answers: only to ask who that is */
};

/* id is borrowed. stop: becomes true when a request shall end; may be NULL. */
MM_MUST_USE enum mm_code mm_relay_http_new(const struct mm_relay_identity *id,
                                           enum mm_relay_trust trust, const atomic_bool *stop,
                                           struct mm_relay_http **ret);
void mm_relay_http_free(struct mm_relay_http **h);
/*
 * GET where body.p is NULL, else POST. *ret_status is 0 when there was no answer; *ret_why then
 * says why, until the next call; MM_E_AUTH: because the certificate is not good.
 */
MM_MUST_USE enum mm_code mm_relay_http_ask(struct mm_relay_http *h, const char *url,
                                           const char *type, struct mm_slice body,
                                           struct mm_buf *out, int *ret_status,
                                           const char **ret_why);

#endif
