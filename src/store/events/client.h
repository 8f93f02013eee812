/*
 * store/events/client.h - the one client for events: ClickHouse's HTTP protocol.
 *
 * Purpose   Inserts and queries over a unix socket (eventd) or TCP (a ClickHouse server).
 * Owns      One connection, opened when needed and kept while it works.
 * Threads   One client, one thread. Blocking, with a time limit for every call.
 * Trust     The peer is ours, but its answers are read as foreign bytes with a maximum. Values of
 *           parameters are bound by the server; nothing of them becomes SQL text.
 * Spec      ClickHouse HTTP interface >= 24.8: parameters param_NAME in Escaped form, errors by
 *           X-ClickHouse-Exception-Code, chunked answers. A torn answer is an error, never a
 * result.
 */
#ifndef MM_STORE_EVENTS_CLIENT_H
#define MM_STORE_EVENTS_CLIENT_H

#include "base/base.h"
#include "store/events/statements.h"

enum {
    MM_EVENTS_TEXT_MAX = 1024, /* of an error's text; the rest is cut */
    MM_EVENTS_PARAMS_MAX = 64, /* of one query; a search has at most 48 terms */
    MM_EVENTS_QUERY_ID_MAX = 96,
    MM_EVENTS_SQL_MAX = 64 * 1024, /* of one statement; the longest of ours has 5 KiB */
    /* In one statement: 13 bytes each in the head of its request. Of more, ask in turn. */
    MM_EVENTS_COMPANIES_MAX = 500,
};

struct mm_events_client;

/* What the server said about a call. Filled on every return but MM_E_NOMEM. */
struct mm_events_answer {
    int exception;      /* ClickHouse's error code, 0 when there was none */
    uint64_t read_rows; /* from X-ClickHouse-Summary, 0 when it was not said */
    uint64_t written_rows;
    uint64_t elapsed_us; /* by our monotonic clock, connection and transfer included */
    size_t text_n;
    char text[MM_EVENTS_TEXT_MAX]; /* what went wrong, for the operator's log; not terminated */
};

struct mm_events_param {
    const char *name;      /* as in {name:Type}; letters, digits, '_' */
    struct mm_slice value; /* any bytes; the client escapes them */
};

/* One piece of a result. Anything but MM_OK ends the query and is what the call returns. */
typedef enum mm_code mm_events_sink(void *ctx, struct mm_slice piece);

/*
 * A client for "unix:/path/to/socket" or "tcp:host:port" (host: a numeric address). Connects at the
 * first call. timeout_ms: the longest wait for the peer to say or take something.
 * MM_E_CONFIG: the address is neither; MM_E_NOMEM.
 */
MM_MUST_USE enum mm_code mm_events_new(struct mm_slice address, int timeout_ms,
                                       struct mm_events_client **ret);
/* Send this key with every call (TCP). MM_E_LIMIT: longer than 128 bytes or not printable. */
MM_MUST_USE enum mm_code mm_events_key(struct mm_events_client *c, struct mm_slice key);
/* Closes, frees and sets *c to NULL; *c may be NULL. */
void mm_events_free(struct mm_events_client **c);
/* Close the connection; the next call opens a new one. */
void mm_events_drop(struct mm_events_client *c);

/* Numbers as parameters: text into tmp, a slice of it back. */
struct mm_slice mm_events_u64(uint64_t v, char tmp[24]);
struct mm_slice mm_events_i64(int64_t v, char tmp[24]);
/* A set of companies as one parameter of type Array(UInt32), appended to out. */
void mm_events_companies(struct mm_buf *out, const uint32_t *companies, size_t n);

/*
 * Run a statement of the table, its result to sink (may be NULL when none is expected).
 *
 * MM_OK         done, all of the result was handed out
 * MM_E_IO       no connection, or it broke: nothing or a part was handed out
 * MM_E_FULL     the store's disk is full; MM_E_NOMEM, MM_E_BUSY: too much at once, try again
 * MM_E_CONFIG   not the store or the tables that we were made for, wrong key, not allowed to
 * MM_E_BUG      refused before the store saw it: not a request that the protocol has
 * MM_E_SYNTAX   the store refused it for what is in it (answer->exception, answer->text)
 * else          what sink returned
 */
MM_MUST_USE enum mm_code mm_events_run(struct mm_events_client *c, enum mm_statement st,
                                       const struct mm_events_param *params, size_t param_n,
                                       mm_events_sink *sink, void *ctx,
                                       struct mm_events_answer *ret);
/* As above with SQL put together by store/events (search.c); format names the output format. */
MM_MUST_USE enum mm_code mm_events_sql(struct mm_events_client *c, struct mm_slice sql,
                                       const char *format, const struct mm_events_param *params,
                                       size_t param_n, mm_events_sink *sink, void *ctx,
                                       struct mm_events_answer *ret);
/*
 * Run an INSERT … FORMAT Native with the blocks, one behind the other, as its body.
 *
 * MM_OK: stored. MM_E_IO: no connection could be made, nothing was sent. MM_E_UNKNOWN: it was sent
 * and no whole answer came: it may be stored, be running still, or neither (see exactly_once.h).
 * Refusals as above; some rows may be stored even then.
 */
MM_MUST_USE enum mm_code mm_events_insert(struct mm_events_client *c, enum mm_statement st,
                                          const char *query_id,
                                          const struct mm_events_param *params, size_t param_n,
                                          const struct mm_slice *blocks, size_t block_n,
                                          struct mm_events_answer *ret);
/* Is somebody there? MM_OK or MM_E_IO. */
MM_MUST_USE enum mm_code mm_events_ping(struct mm_events_client *c);

#endif
