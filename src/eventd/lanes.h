/*
 * eventd/lanes.h - who runs next: a few connections to the store, many who want one.
 *
 * Purpose   One statement at a time on each lane. Readers share the read lanes fairly: the company
 *           with the fewest running goes first, and none may have them all.
 * Owns      Its queue; nothing of the callers'.
 * Threads   Any thread; it is a monitor.
 * Trust     The queue is bounded; who finds it full or waits too long is told so.
 */
#ifndef MM_EVENTD_LANES_H
#define MM_EVENTD_LANES_H

#include <pthread.h>

#include "eventd/store.h"

enum {
    MM_LANES_WAITING_MAX = 256, /* more connections than this are never served at once */
    MM_LANES_ANY = UINT32_MAX,  /* the company of what belongs to none */
};

struct mm_lanes_waiter {
    uint32_t company;
    uint64_t ticket;
};

struct mm_lanes {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned n;
    bool busy[MM_STORE_LANES_MAX];
    uint32_t company[MM_STORE_LANES_MAX]; /* of a busy read lane */
    size_t waiting_n;
    uint64_t tickets;
    struct mm_lanes_waiter waiting[MM_LANES_WAITING_MAX]; /* for a read lane */
};

void mm_lanes_init(struct mm_lanes *l, unsigned lanes);
void mm_lanes_done(struct mm_lanes *l);
/* Wait for that lane (insert, admin). MM_E_BUSY after wait_ms. */
MM_MUST_USE enum mm_code mm_lanes_take(struct mm_lanes *l, unsigned lane, int wait_ms);
/* Wait for a read lane for the company. MM_E_BUSY after wait_ms or when the queue is full. */
MM_MUST_USE enum mm_code mm_lanes_take_read(struct mm_lanes *l, uint32_t company, int wait_ms,
                                            unsigned *ret_lane);
void mm_lanes_give(struct mm_lanes *l, unsigned lane);

#endif
