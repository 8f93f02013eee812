/*
 * eventd/conn.h - one connection, from accept to close.
 *
 * Purpose   Read a request, check it, run it, answer it; again while the peer keeps the connection.
 * Owns      Its buffers and the memory file for the data of inserts, which it gives back when none
 *           comes for a second. The descriptor is closed by the server.
 * Threads   One connection, one thread; what it shares is in struct mm_eventd.
 * Trust     See server.h.
 */
#ifndef MM_EVENTD_CONN_H
#define MM_EVENTD_CONN_H

#include <semaphore.h>
#include <stdatomic.h>

#include "eventd/lanes.h"
#include "eventd/running.h"
#include "eventd/server.h"

/* What all connections of one server share. */
struct mm_eventd {
    struct mm_eventd_options o;
    struct mm_lanes lanes;
    struct mm_running running;
    sem_t data; /* places for data of inserts in memory */
    atomic_bool stopping;
};

enum { MM_CONN_IN = 256 * 1024 }; /* read at once: few calls for large bodies */

struct mm_conn {
    struct mm_eventd *e;
    int fd;
    size_t slot;     /* in running */
    uint64_t number; /* counted up as connections are accepted */
    bool read_only;
    bool has_data;
    int data_fd; /* with has_data: the file, with the pages of the last insert */
    size_t in_n;
    uint8_t in[MM_CONN_IN];
};

/* Serve it until the peer or the server has enough. */
void mm_conn_run(struct mm_conn *c);

#endif
