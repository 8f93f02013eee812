/*
 * intake/binding.h - whose log line is it?
 *
 * Purpose   A sender is known by a token, by the listener it talks to, or, on listeners declared
 *           private, by its address. What nobody claims, or two claim, is unknown: it goes to
 *           the quarantine of company 0.
 * Owns      A table owns its rows; it is built whole and then only read.
 * Threads   Building: one. Reading: any. A new table replaces the old one as a whole.
 * Trust     Rows come from records or from the operator's file; addresses of senders may be
 *           forged, which is why they count only where the network is private.
 */
#ifndef MM_INTAKE_BINDING_H
#define MM_INTAKE_BINDING_H

#include "base/base.h"
#include "base/buf.h"
#include "base/ip.h"
#include "codec/ext/crypt.h"

enum {
    MM_BINDINGS_MAX = 16384, /* 4 ways for each of MM_INTAKE_SOURCES */
    MM_BINDING_NAME = 64,
    MM_BINDING_WEIGHT = 100, /* a source's share when nothing else is said */
};

enum mm_binding_kind { MM_BIND_TOKEN = 1, MM_BIND_LISTENER, MM_BIND_ADDRESS };
enum mm_transport { MM_TRANSPORT_TCP = 1, MM_TRANSPORT_UDP = 2 };

struct mm_binding {
    enum mm_binding_kind kind;
    uint32_t company;
    uint32_t source;
    char name[MM_BINDING_NAME];  /* what stands in /v1/ingest/SOURCE, besides the number */
    struct mm_digest token;      /* TOKEN: digest of the token */
    enum mm_transport transport; /* LISTENER */
    uint16_t port;               /* LISTENER */
    struct mm_cidr address;      /* ADDRESS */
};

struct mm_binding_table {
    struct mm_binding *row;
    size_t n, cap;
    bool sorted;
};

void mm_bindings_init(struct mm_binding_table *t);
void mm_bindings_done(struct mm_binding_table *t);
/* Take over a copy of a row. MM_E_LIMIT, MM_E_NOMEM. */
MM_MUST_USE enum mm_code mm_bindings_add(struct mm_binding_table *t, const struct mm_binding *b);
/* No more rows come: make it ready for looking up. */
void mm_bindings_seal(struct mm_binding_table *t);

/* The row, or NULL: nobody's, or claimed by two sources. */
const struct mm_binding *mm_bindings_token(const struct mm_binding_table *t,
                                           const struct mm_digest *token);
const struct mm_binding *mm_bindings_listener(const struct mm_binding_table *t,
                                              enum mm_transport transport, uint16_t port);
/* The longest prefix that holds ip. */
const struct mm_binding *mm_bindings_address(const struct mm_binding_table *t,
                                             const struct mm_ip *ip);

/* "tcp/5514" or "udp/5514", as the register has it. */
MM_MUST_USE bool mm_binding_listener_parse(struct mm_slice s, enum mm_transport *ret,
                                           uint16_t *ret_port);

/*
 * The rows of a bindings file; lines are
 *     COMPANY SOURCE NAME token TOKEN
 *     COMPANY SOURCE NAME listener tcp/PORT
 *     COMPANY SOURCE NAME address 192.0.2.0/24
 * with numbers for company and source; '#' begins a comment line. Tokens are kept as digests keyed
 * with the state key, as the register keeps them. On MM_E_CONFIG fault->at is the
 * line (from 1), fault->what says what was wrong; rows before it stay in the table.
 */
MM_MUST_USE enum mm_code mm_bindings_parse(struct mm_slice text, const struct mm_key *key,
                                           struct mm_binding_table *t, struct mm_fault *fault);
/* Do both say the same? Both are sealed. */
bool mm_bindings_same(const struct mm_binding_table *a, const struct mm_binding_table *b);

#endif
