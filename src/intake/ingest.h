/*
 * intake/ingest.h - POST /v1/ingest/SOURCE: log lines over HTTP, acknowledged when durable.
 *
 * Purpose   From a whole request to an answer. Knows nothing of the HTTP server: app/intake.c
 *           fills a call and sends the answer.
 * Owns      The keys of requests being stored, the count of bytes being held.
 * Threads   Any number of calls at once, each may wait for the disk.
 * Trust     Everything of a call is hostile but what mm_ingest_auth has found out. Bounded: bytes
 *           as sent and unpacked, lines, bytes of all requests together, time.
 * Spec      docs: intake guide, section HTTP; bodies for Elasticsearch: intake/bulk.h.
 *           Idempotency-Key after draft-ietf-httpapi-idempotency-key-header: the same key and as
 *           many lines: answered again; the key of a request that runs: 409; other content under a
 *           used key: 422.
 */
#ifndef MM_INTAKE_INGEST_H
#define MM_INTAKE_INGEST_H

#include "intake/binding.h"
#include "intake/core.h"

enum {
    MM_INGEST_BODY = 8 * 1024 * 1024,   /* as sent: 20,000 lines of 400 bytes */
    MM_INGEST_PLAIN = 32 * 1024 * 1024, /* unpacked */
    MM_INGEST_ALL = 128 * 1024 * 1024,  /* unpacked, of all requests at once */
    MM_INGEST_KEY = 255,                /* bytes of an Idempotency-Key */
    MM_INGEST_WAIT_MS = 15000,          /* then 503: the sender repeats */
    MM_INGEST_RETRY_S = 10,             /* Retry-After while the disk is full */
};

struct mm_ingest;

struct mm_ingest_call {
    uint32_t company, source; /* from mm_ingest_auth */
    struct mm_slice key;      /* Idempotency-Key, or empty */
    struct mm_slice encoding; /* Content-Encoding, or empty */
    struct mm_slice body;
    /* NULL: the body is lines. Else it is Elasticsearch's (intake/bulk.h): its taken documents are
     * stored, and mm_bulk_note of every item is added here. */
    struct mm_buf *bulk;
    struct mm_ip peer;
    int64_t received_us;
};

struct mm_ingest_answer {
    int status;         /* 200, or why not */
    int retry_after_s;  /* 0: no such header */
    uint64_t count;     /* 200: lines of the request, all durable */
    uint64_t truncated; /* lines of it that were cut at MM_MAX_LINE */
    bool repeated;      /* answered again: nothing was stored now */
    const char *why;    /* not 200: stable key, "ingest.full" */
};

MM_MUST_USE enum mm_code mm_ingest_new(struct mm_intake *core, struct mm_ingest **ret);
/* No call may run. */
void mm_ingest_free(struct mm_ingest **in);

/*
 * Whose is this token, and may it speak for `name` (a source's name or number)? 200 with
 * *ret_company and *ret_source, 401, or 403.
 */
int mm_ingest_auth(const struct mm_binding_table *table, const struct mm_key *key,
                   struct mm_slice name, struct mm_slice token, uint32_t *ret_company,
                   uint32_t *ret_source);
/* Store the lines of the call and wait until they are durable. */
void mm_ingest_call(struct mm_ingest *in, const struct mm_ingest_call *call,
                    struct mm_ingest_answer *ret);
/* Of lines: {"count":N,"truncated":N,"repeated":false}, or {"error":"ingest.full"}. */
void mm_ingest_json(const struct mm_ingest_answer *answer, struct mm_buf *out);

#endif
