/*
 * eventd/store.h - what eventd's HTTP side asks of the store behind it.
 *
 * Purpose   The seam between the server, which is tested and fuzzed under sanitizers, and libchdb,
 *           which cannot be: app/eventd.c fills this table with libchdb, tests with a fake.
 * Owns      Nothing.
 * Threads   run is called from many threads at once, but never twice at the same time with the same
 *           lane.
 * Trust     The store trusts what the server checked: lane, format, names of parameters.
 */
#ifndef MM_EVENTD_STORE_H
#define MM_EVENTD_STORE_H

#include "base/base.h"

enum {
    MM_STORE_PARAMS_MAX = 64, /* of one statement */
    MM_STORE_TEXT_MAX = 4096, /* of an exception; the rest is cut */
    MM_STORE_LANE_INSERT = 0, /* the connection for inserts */
    MM_STORE_LANE_ADMIN = 1,  /* CREATE, ALTER, OPTIMIZE */
    MM_STORE_LANE_READ = 2,   /* the first of the read-only ones */
    MM_STORE_LANES_MAX = 16,
};

struct mm_store_param {
    struct mm_slice name;
    struct mm_slice value; /* in ClickHouse's Escaped form, as it came */
};

struct mm_store_call {
    unsigned lane;
    bool stream; /* hand the result out in pieces while it is being made */
    struct mm_slice sql;
    struct mm_slice format; /* letters, digits, '_'; never empty */
    const struct mm_store_param *param;
    size_t param_n;
};

struct mm_store_result {
    uint64_t read_rows;
    uint64_t written_rows;
    size_t text_n; /* > 0: it failed, and this is why ("Code: 60. DB::Exception: …") */
    char text[MM_STORE_TEXT_MAX];
};

/* A piece of the result. False: stop, nobody wants the rest. */
typedef bool mm_store_sink(void *ctx, struct mm_slice piece);

struct mm_store_ops {
    void *ctx;
    unsigned lanes; /* MM_STORE_LANE_READ and at least one more */
    void (*run)(void *ctx, const struct mm_store_call *call, mm_store_sink *sink, void *sink_ctx,
                struct mm_store_result *ret);
};

#endif
