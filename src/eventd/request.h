/*
 * eventd/request.h - one request of ClickHouse's HTTP protocol, from its head to what is asked.
 *
 * Purpose   Path, statement, parameters, query id, format and settings out of a parsed HTTP head.
 * Owns      Nothing: everything decoded lies in the caller's arena, key borrows the head.
 * Threads   Pure functions.
 * Trust     Input is hostile: numbers, lengths and names are bounded; an unknown setting is refused
 *           rather than ignored, because ignoring one could change what a statement means.
 * Spec      ClickHouse HTTP interface: query, query_id, database, default_format, param_NAME,
 *           X-ClickHouse-Format, X-ClickHouse-Key.
 */
#ifndef MM_EVENTD_REQUEST_H
#define MM_EVENTD_REQUEST_H

#include "base/arena.h"
#include "codec/http1.h"
#include "eventd/store.h"

enum {
    MM_REQUEST_ID_MAX = 128, /* of a query id; ours have at most 96 */
    MM_REQUEST_ARENA_MAX = 8 * MM_HTTP1_HEAD_MAX,
};

struct mm_request {
    bool ping;             /* GET /ping: nothing else is set */
    bool read_only;        /* GET: ClickHouse lets it only read */
    struct mm_slice query; /* of the URL; the body may go on with it */
    struct mm_slice id;    /* query id, or empty */
    struct mm_slice format;
    struct mm_slice key; /* X-ClickHouse-Key, or empty */
    uint32_t company;    /* of param_company; UINT32_MAX when there is none */
    size_t param_n;
    struct mm_store_param param[MM_STORE_PARAMS_MAX];
};

/*
 * MM_OK and *ret, or a refusal with *ret untouched: MM_E_NOTFOUND (path), MM_E_DENIED (method),
 * MM_E_SYNTAX (request.escape, .format, .query_id, .database, .param, .setting), MM_E_LIMIT (more
 * parameters than MM_STORE_PARAMS_MAX, or than the arena holds).
 */
MM_MUST_USE enum mm_code mm_request_parse(const struct mm_http1_head *head, struct mm_arena *arena,
                                          struct mm_request *ret, struct mm_fault *fault);

/* The value of a parameter, or NULL. */
const struct mm_slice *mm_request_param(const struct mm_request *r, struct mm_slice name);

#endif
