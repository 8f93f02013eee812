/*
 * eventd/running.h - which statements are running, and which may not start any more.
 *
 * Purpose   KILL QUERY … SYNC is a promise: once answered, no statement with such an id is running,
 *           and none that was sent before will ever start. So an id is known from the moment its
 *           request's head was read, and a kill leaves a fence behind: connections accepted before
 *           the killer's own may not run that id any more.
 * Owns      Its tables.
 * Threads   Any thread; it is a monitor.
 * Trust     Ids are plain text of bounded length (request.c). The tables are bounded; fences of
 *           kills long ago are forgotten, when their connections are gone.
 */
#ifndef MM_EVENTD_RUNNING_H
#define MM_EVENTD_RUNNING_H

#include <pthread.h>

#include "eventd/request.h"

enum {
    MM_RUNNING_MAX = 128, /* connections served at once */
    /* One a batch with an unknown outcome; the engine has at most a handful of batches open. */
    MM_FENCES_MAX = 256,
};

struct mm_running_id {
    size_t n;
    uint8_t text[MM_REQUEST_ID_MAX];
};

struct mm_running_slot {
    bool used;   /* a statement of this connection is running */
    bool killed; /* and somebody wants it to stop */
    struct mm_running_id id;
};

struct mm_fence {
    bool prefix;
    uint64_t before; /* connections with a smaller number are behind the fence */
    struct mm_running_id id;
};

struct mm_running {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct mm_running_slot slot[MM_RUNNING_MAX];
    size_t fence_next;
    struct mm_fence fence[MM_FENCES_MAX];
};

void mm_running_init(struct mm_running *r);
void mm_running_done(struct mm_running *r);
/*
 * Connection number `connection` (counted up as they are accepted) starts a statement with that id
 * (may be empty) in slot `slot`. False: a kill forbids it.
 */
MM_MUST_USE bool mm_running_begin(struct mm_running *r, size_t slot, uint64_t connection,
                                  struct mm_slice id);
void mm_running_end(struct mm_running *r, size_t slot);
/* Has somebody asked for this one to stop? */
bool mm_running_killed(struct mm_running *r, size_t slot);
/*
 * Stop all statements whose id is `id` or begins with it, fence off those of connections before
 * `connection`, wait until none is running. MM_E_BUSY when one still is after wait_ms.
 * *ret_killed: how many there were.
 */
MM_MUST_USE enum mm_code mm_running_kill(struct mm_running *r, uint64_t connection,
                                         struct mm_slice id, bool prefix, int wait_ms,
                                         unsigned *ret_killed);

#endif
