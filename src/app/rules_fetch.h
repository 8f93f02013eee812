/*
 * app/rules_fetch.h - a set of rules from the web, over HTTPS.
 *
 * Purpose   Bring the bytes of an https:// address into memory, for app/rules_pack.h.
 * Owns      Nothing beyond a call.
 * Threads   One.
 * Trust     The certificate must hold (a CA file for who has one of their own), also after a
 *           redirection, which leads to https only. Size, time and redirections are bounded. What
 *           comes is as hostile as any archive; a checksum that somebody trusts says more.
 */
#ifndef MM_APP_RULES_FETCH_H
#define MM_APP_RULES_FETCH_H

#include "base/buf.h"

struct mm_rules_fetch {
    const char *url;     /* https://... */
    const char *ca_file; /* NULL: the system's */
    int64_t size_max;
};

/* Append what the address answers with 200. MM_E_LIMIT: it is larger than size_max; MM_E_IO: why
 * was told to standard error. */
MM_MUST_USE enum mm_code mm_rules_fetch(const struct mm_rules_fetch *f, struct mm_buf *out);

#endif
