/*
 * intake/binding.h - whose log line is it?
 *
 * Purpose   A sender is known by a token, by the listener it talks to, or, on listeners declared
 *           private, by its address. What nobody claims, or two claim, is unknown: it goes to
 *           the quarantine of company 0. A relay is known by a token of its own; what it brings is
 *           told apart by what it says of each line, among the sources given to this relay.
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
#include "model/relay_page.h"

enum {
    MM_BINDINGS_MAX = 16384, /* 4 ways for each of MM_INTAKE_SOURCES */
    MM_BINDING_NAME = 64,
    MM_BINDING_WEIGHT = 100, /* a source's share when nothing else is said */
};

enum mm_binding_kind {
    MM_BIND_TOKEN = 1,
    MM_BIND_LISTENER,
    MM_BIND_ADDRESS,
    MM_BIND_RELAY,   /* the token of a relay; source: whose lines are that no other source claims */
    MM_BIND_RELAYED, /* a source behind a relay */
};
/* What names a source behind a relay. */
enum mm_binding_by { MM_BY_ALL, MM_BY_LISTENER, MM_BY_FILE, MM_BY_ADDRESS };
enum mm_transport { MM_TRANSPORT_TCP = 1, MM_TRANSPORT_UDP = 2 };

struct mm_binding {
    enum mm_binding_kind kind;
    uint32_t company;
    uint32_t source;
    char name[MM_BINDING_NAME];  /* what stands in /v1/ingest/SOURCE, besides the number */
    struct mm_digest token;      /* TOKEN, RELAY: digest of the token */
    enum mm_transport transport; /* LISTENER */
    uint16_t port;               /* LISTENER; FILE: number of the followed path */
    struct mm_cidr address;      /* ADDRESS */
    uint32_t relay;              /* RELAY, RELAYED: its number */
    enum mm_binding_by by;       /* RELAYED: which of the above */
    enum mm_relay_turned state;  /* RELAY: may it speak */
    uint8_t epoch;               /* RELAY: of its enrolment */
    uint64_t serial;             /* RELAY: of its newest settings */
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

/* Likewise the row of a relay's token. */
const struct mm_binding *mm_bindings_relay(const struct mm_binding_table *t,
                                           const struct mm_digest *token);
/* The *ret_n rows of sources behind a relay; NULL when there are none. */
const struct mm_binding *mm_bindings_relayed(const struct mm_binding_table *t, uint32_t relay,
                                             size_t *ret_n);

/* "tcp/5514" or "udp/5514", as the register has it. */
MM_MUST_USE bool mm_binding_listener_parse(struct mm_slice s, enum mm_transport *ret,
                                           uint16_t *ret_port);

/* A source behind a relay, into *ret: the relay's number, then nothing (whatever else it brings),
 * or a slash and what mm_binding_relayed_parse takes or a network: "7", "7/udp/514", "7/10.0.0.1".
 */
MM_MUST_USE bool mm_binding_behind_parse(struct mm_slice s, struct mm_binding *ret);
/* What names a source behind a relay, into *ret: "tcp/514", "udp/514", "file/1" (the first path
 * that the relay follows); from a text that is none of these: false. */
MM_MUST_USE bool mm_binding_relayed_parse(struct mm_slice s, struct mm_binding *ret);

/*
 * The rows of a bindings file; lines are
 *     COMPANY SOURCE NAME token TOKEN
 *     COMPANY SOURCE NAME listener tcp/PORT
 *     COMPANY SOURCE NAME address 192.0.2.0/24
 *     COMPANY SOURCE NAME relay RELAY/TOKEN
 *     COMPANY SOURCE NAME relayed RELAY/udp/514 (or RELAY/file/1, or RELAY/192.168.1.1)
 * with numbers for company and source; '#' begins a comment line. Tokens are kept as digests keyed
 * with the state key, as the register keeps them. On MM_E_CONFIG fault->at is the
 * line (from 1), fault->what says what was wrong; rows before it stay in the table.
 */
MM_MUST_USE enum mm_code mm_bindings_parse(struct mm_slice text, const struct mm_key *key,
                                           struct mm_binding_table *t, struct mm_fault *fault);
/* Do both say the same? Both are sealed. */
bool mm_bindings_same(const struct mm_binding_table *a, const struct mm_binding_table *b);

#endif
