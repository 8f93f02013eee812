/*
 * intake/uplink.h - the queues of a relay, handed over to the centre, each line once.
 *
 * Purpose   Make batches of what stands in the spool, take the centre's answers, remember how far
 *           it got, remove what the centre has. The numbers of the relay's own queues are the place
 *           in the hand-over: whatever is lost on the way, the centre says which number it expects.
 * Owns      Readers of the queues, the file of places. The spool's writers are others (intake/core,
 *           intake/import).
 * Threads   One. The clock is a parameter.
 * Trust     Lines are hostile and not looked into. The centre is believed where our own spool does
 *           not contradict it: a number that this spool never had means that this is a copy.
 */
#ifndef MM_INTAKE_UPLINK_H
#define MM_INTAKE_UPLINK_H

#include "base/base.h"
#include "base/buf.h"
#include "codec/relay.h"

enum {
    MM_UPLINK_QUEUES = 1 + MM_RELAY_FILES, /* sockets, and each followed path */
    MM_UPLINK_ALIVE_S = 15,                /* between signs of life */
    MM_UPLINK_FILE_QUEUE = 1000,           /* and the number of the followed path */
};

/* Sources in a relay's own spool: how a line came, and at which port or by which path. */
static inline uint32_t mm_uplink_source(enum mm_relay_via via, uint16_t what)
{
    return (uint32_t)via << 16 | what;
}

struct mm_uplink_options {
    const char *state_dir; /* spool/ and the file `places` are below it */
    uint64_t instance;     /* of this process: no two have the same */
    uint64_t version;
    uint64_t serial; /* of the settings at work */
    uint8_t epoch;   /* of the enrolment: another one begins anew */
};

struct mm_uplink;

/* A file of places that is damaged or of another enrolment counts as none. */
MM_MUST_USE enum mm_code mm_uplink_new(const struct mm_uplink_options *options,
                                       struct mm_uplink **ret);
void mm_uplink_free(struct mm_uplink **u);

/*
 * The next batch into out, which is emptied: of lines when any wait, else a sign of life.
 * *ret_lines says how many lines it holds. MM_E_NOMEM; MM_E_IO and others when the spool cannot be
 * read.
 */
MM_MUST_USE enum mm_code mm_uplink_batch(struct mm_uplink *u, int64_t now_us, struct mm_buf *out,
                                         uint32_t *ret_lines);

enum mm_uplink_what {
    MM_UPLINK_ON,    /* go on at once */
    MM_UPLINK_LATER, /* the same again after a pause */
    MM_UPLINK_COPY,  /* the centre has lines of this queue that we never had, or says so itself */
    MM_UPLINK_QUIET, /* the operator has stopped this relay, or withdrawn its token */
    MM_UPLINK_HELD,  /* it waits for the operator's word: keep all, ask again */
};
/* What the answer to that batch means; status 0: there was none. `body` is the centre's JSON. */
enum mm_uplink_what mm_uplink_answer(struct mm_uplink *u, int status, struct mm_slice body);
/* The serial of the newest settings, as far as answers told. */
uint64_t mm_uplink_serial(const struct mm_uplink *u);
/* Lines that the centre does not have yet. */
uint64_t mm_uplink_backlog(const struct mm_uplink *u);
/* The centre has every line of the sockets' queue below this number. */
uint64_t mm_uplink_done(const struct mm_uplink *u);
/* Lines handed over since _new. */
uint64_t mm_uplink_sent(const struct mm_uplink *u);
/* Make the places durable, then remove what is below them: every few seconds and at the end. */
MM_MUST_USE enum mm_code mm_uplink_save(struct mm_uplink *u);

#endif
