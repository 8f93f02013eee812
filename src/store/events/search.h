/*
 * store/events/search.h - a search: from the tree to SQL, from SQL to events.
 *
 * Purpose   One company's events that match a query, newest first, a page at a time.
 * Owns      A result owns its bytes; events handed out borrow them.
 * Threads   One search, one thread; one client.
 * Trust     What a person typed reaches the store only as values of parameters: the SQL consists of
 *           fixed pieces. The company is always bound, and comes from the caller's scope.
 * Spec      Language: codec/query.h. Meaning of a term, by the type of its field (fields.def):
 *             word      anywhere in the original line, ASCII letters of either case
 *             KEYWORD, TEXT, fields of a vendor   equal but for ASCII case; wildcards; order by
 * bytes UINT      numbers; > >= < <= ranges IP        addresses, CIDR networks, ranges time,
 * received (also @timestamp)    2020, 2020-12, 2020-12-23, 2020-12-23T10, …T10:34, …:56 or a full
 * RFC 3339 time: each stands for all of its year, month, day, … last 24h  by when it was received
 *             format, source (its number), queue, seq, parsed, imported, truncated (yes or no)
 *             event.original     as a word, but with wildcards for the whole line
 */
#ifndef MM_STORE_EVENTS_SEARCH_H
#define MM_STORE_EVENTS_SEARCH_H

#include "base/rd.h"
#include "codec/query.h"
#include "model/event.h"
#include "store/events/client.h"

enum {
    MM_SEARCH_LIMIT_MAX = 1000,              /* events of a page */
    MM_SEARCH_BYTES_MAX = 128 * 1024 * 1024, /* of a page: 1,000 of the longest lines, mapped */
};

/* Where the next page begins: behind this event. */
struct mm_search_cursor {
    int64_t received_us;
    uint16_t queue;
    uint64_t seq;
};

struct mm_search_request {
    uint32_t company;
    const struct mm_query *query;
    int64_t now_us; /* for "last" */
    int32_t zone_s; /* of times without a zone: seconds east of UTC */
    uint32_t limit; /* 1..MM_SEARCH_LIMIT_MAX */
    bool has_cursor;
    struct mm_search_cursor cursor;
    bool plain; /* do not ask the sieves: what tests and benches hold the answer against */
};

struct mm_search_result {
    struct mm_buf bytes;
    struct mm_rd rd;
    size_t count; /* events of this page */
    bool more;    /* there is another page: `next` says where */
    struct mm_search_cursor next;
    struct mm_events_answer answer; /* elapsed_us, read_rows (with the sieves'); or why it failed */
};

/* One statement put together: for mm_search_run, and for tests that look at it. */
struct mm_search_sql {
    struct mm_buf sql;
    struct mm_buf values; /* text of the parameters, one after the other */
    struct mm_arena names;
    size_t param_n;
    struct mm_events_param param[MM_EVENTS_PARAMS_MAX];
};

/*
 * Put the statement together; narrowed is further conditions of ours (narrow.h) or nothing.
 * MM_E_SYNTAX with the byte of the query: query.number, query.ip,
 * query.time, query.yesno, query.wildcard (where none is possible), query.order (a field that has
 * none); MM_E_LIMIT: more terms than a statement has parameters. Call _done in any case.
 */
MM_MUST_USE enum mm_code mm_search_compile(const struct mm_search_request *r,
                                           struct mm_slice narrowed, struct mm_search_sql *ret,
                                           struct mm_fault *fault);
void mm_search_sql_done(struct mm_search_sql *s);

/*
 * Search. Codes of mm_search_compile (with fault) and of mm_events_run (with ret->answer). Call
 * mm_search_done in any case.
 */
MM_MUST_USE enum mm_code mm_search_run(struct mm_events_client *c,
                                       const struct mm_search_request *r,
                                       struct mm_search_result *ret, struct mm_fault *fault);
/* The next event of the page; false when there are no more. Texts live as long as the result. */
bool mm_search_next(struct mm_search_result *r, struct mm_event *ret);
void mm_search_done(struct mm_search_result *r);

/* One event by its number: MM_OK, MM_E_NOTFOUND, or codes of mm_events_run. Borrows ret's bytes. */
MM_MUST_USE enum mm_code mm_search_event(struct mm_events_client *c, uint32_t company,
                                         uint16_t queue, uint64_t seq, struct mm_search_result *ret,
                                         struct mm_event *ret_event);

#endif
