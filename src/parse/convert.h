/*
 * parse/convert.h - values of a line turned into what a field holds.
 *
 * Purpose   The conversions that formats ask for with `as`, apart from the mapping that calls them.
 * Owns      Nothing: what comes out borrows what went in.
 * Threads   Pure functions.
 * Trust     Values are hostile: every cost is linear, lists are bounded.
 * Spec      parse/SCHEMA.md, "Mapping"; RFC 7239 for lists of hops. Fuzzed by parse_fuzz.c.
 */
#ifndef MM_PARSE_CONVERT_H
#define MM_PARSE_CONVERT_H

#include "base/base.h"

/* A decimal number with up to 9 fraction digits, times a (at most 10^9), divided by b (not 0),
 * rounded down; false when it is none or does not fit. */
bool mm_convert_scale(struct mm_slice v, uint64_t a, uint64_t b, uint64_t *ret);

/* The host and port inside a URL or host:port; empty slices for what isn't there. */
void mm_convert_host(struct mm_slice v, struct mm_slice *ret_host, struct mm_slice *ret_port,
                     struct mm_slice *ret_scheme);

struct mm_account {
    struct mm_slice name;
    struct mm_slice domain; /* empty: none was written, name is the whole value */
    bool machine;           /* a computer: its account is name and "$" */
};

/* The parts of DOMAIN\name; with `realms` also of name@realm and host/pc.domain (a computer's
 * Kerberos name). */
void mm_convert_account(struct mm_slice v, bool realms, struct mm_account *ret);

/*
 * Who stands at the far end of a list of forwarders (X-Forwarded-For, Forwarded): the first public
 * address from the left, else the first address. True with an empty slice when the list says that
 * nobody knows; false when no address stands in it. Whoever is in front of the first proxy can
 * write what he likes there.
 */
bool mm_convert_forwarded(struct mm_slice v, struct mm_slice *ret_client);

#endif
