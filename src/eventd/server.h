/*
 * eventd/server.h - ClickHouse's HTTP protocol in front of a store.
 *
 * Purpose   Accept connections, run their statements on the right lane, stream results back.
 * Owns      Its connections and threads while mm_eventd_serve runs; listeners are the caller's.
 * Threads   One thread a connection (bounded), each blocking; serve blocks its caller.
 * Trust     Peers are our own processes, but every byte is checked as if they were not: heads,
 *           bodies, statements and queues are bounded, slow peers are dropped. A unix socket is
 *           guarded by its mode, TCP by a key. A read-only listener takes only reading statements.
 * Spec      ClickHouse HTTP interface, the part that client.h needs: GET /ping; GET or POST
 *           /?query=…&param_x=…&query_id=…; the body is data for INSERT … FORMAT, else goes on with
 *           the statement; answers carry X-ClickHouse-Summary, X-ClickHouse-Query-Id,
 *           X-ClickHouse-Format, errors X-ClickHouse-Exception-Code; results longer than
 *           MM_EVENTD_WHOLE_MAX are streamed in chunks, and a failure in the middle ends the
 *           connection without the last chunk. KILL QUERY … SYNC is answered as running.h says.
 */
#ifndef MM_EVENTD_SERVER_H
#define MM_EVENTD_SERVER_H

#include "base/base.h"
#include "eventd/store.h"

enum {
    MM_EVENTD_SQL_MAX = 1024 * 1024,          /* statement text in a body */
    MM_EVENTD_DATA_MAX = 512 * 1024 * 1024,   /* data of one insert: 300,000 rows of 1.7 KB */
    MM_EVENTD_DATA_AT_ONCE = 2,               /* one being inserted, the next coming in */
    MM_EVENTD_WHOLE_MAX = 256 * 1024,         /* a result up to this size has its length said */
    MM_EVENTD_HEAD_MS = 10 * 1000,            /* for a head once its first byte came */
    MM_EVENTD_IO_MS = 30 * 1000,              /* for a piece of a body, in or out */
    MM_EVENTD_QUEUE_MS = 10 * 1000,           /* waiting for a read lane */
    MM_EVENTD_WRITE_QUEUE_MS = 5 * 60 * 1000, /* waiting for the insert or admin lane */
    MM_EVENTD_KILL_MS = 30 * 1000,            /* waiting for killed statements to end */
};

struct mm_eventd_listener {
    int fd;         /* listening socket */
    bool read_only; /* takes only statements that read */
};

struct mm_eventd_options {
    const struct mm_store_ops *store;
    struct mm_slice key; /* when not empty every request must carry it in X-ClickHouse-Key */
};

/*
 * Serve until stop_fd becomes readable; then accept no more, cut idle connections, let running
 * statements end, and return. MM_E_NOMEM when it cannot start.
 */
MM_MUST_USE enum mm_code mm_eventd_serve(const struct mm_eventd_options *o,
                                         const struct mm_eventd_listener *listeners, size_t n,
                                         int stop_fd);

/* A listening unix socket of mode 0600; an old one at that path is replaced. -1 with errno. */
int mm_eventd_listen_unix(const char *path);
/* A listening TCP socket at a numeric address. -1 with errno. */
int mm_eventd_listen_tcp(const char *host, const char *port);

#endif
