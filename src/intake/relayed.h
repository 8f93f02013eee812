/*
 * intake/relayed.h - POST /v1/relay/lines: batches of a relay, each line taken once.
 *
 * Purpose   From a whole batch to an answer: whose the lines are, which of them are new, and is
 *           this still the one relay that was enrolled. Knows nothing of the HTTP server.
 * Owns      What is known of each relay's process; the page is the caller's.
 * Threads   Any number of calls at once, each may wait for the disk. One call of a queue at a
 *           time: others are told to come again.
 * Trust     A batch is what whoever holds the relay's token made. It brings lines of that relay's
 *           company only, as sources that were given to that relay only. Bounded as its form.
 * Spec      codec/relay.h. A line before the expected number is passed over, one behind it waits
 *           until those in between came (409 with the number), unless they are gone for good. A
 *           batch that does not go on from the line that was taken last, or a process that speaks
 *           again long after another one took its place, is a copy: both are refused.
 */
#ifndef MM_INTAKE_RELAYED_H
#define MM_INTAKE_RELAYED_H

#include "base/arena.h"
#include "intake/binding.h"
#include "intake/core.h"
#include "model/relay_page.h"

enum {
    MM_RELAYED_ROWS = 1024, /* sources behind one relay */
    /* A request of a process that was killed may be on its way for a while; one that speaks later
     * than this lives. Relays speak every 15 s. */
    MM_RELAYED_STALE_S = 60,
};

struct mm_relayed;

/* Who speaks: from the token, with all sources that were given to this relay. */
struct mm_relayed_who {
    const struct mm_binding *relay; /* kind MM_BIND_RELAY */
    const struct mm_binding *row;   /* kind MM_BIND_RELAYED */
    size_t n;
};

struct mm_relayed_call {
    struct mm_relayed_who who;
    struct mm_slice body; /* unpacked */
    struct mm_ip peer;
    int64_t received_us; /* wall clock */
    int64_t mono_us;     /* a clock that never goes back */
};

struct mm_relayed_answer {
    int status;        /* 200, or why not */
    int retry_after_s; /* 0: no such header */
    uint64_t next;     /* 200 and relay.position: the number that is expected, all before durable */
    uint64_t serial;   /* 200: of the newest settings */
    const char *why;   /* not 200: stable key, "relay.clone" */
};

/* page: zeroed but for its head, or made by nobody else; must outlive. */
MM_MUST_USE enum mm_code mm_relayed_new(struct mm_intake *core, struct mm_relay_page *page,
                                        struct mm_relayed **ret);
/* No call may run. */
void mm_relayed_free(struct mm_relayed **r);

/*
 * Whose is this token? 200 with *ret, whose rows are copies in the arena; 401; 503 without memory.
 */
int mm_relayed_auth(const struct mm_binding_table *table, const struct mm_key *key,
                    struct mm_slice token, struct mm_arena *arena, struct mm_relayed_who *ret);
/* Whose line it is: the narrowest of a peer's address, a listener or file, all of the relay. */
void mm_relayed_whose(const struct mm_relayed_who *who, const struct mm_relay_line *line,
                      uint32_t *ret_company, uint32_t *ret_source);
/* Take the batch's lines and wait until they are durable. */
void mm_relayed_call(struct mm_relayed *r, const struct mm_relayed_call *call,
                     struct mm_relayed_answer *ret);
/* {"next":N,"serial":N}, or {"error":"relay.position","next":N}. */
void mm_relayed_json(const struct mm_relayed_answer *answer, struct mm_buf *out);

#endif
