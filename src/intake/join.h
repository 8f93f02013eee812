/*
 * intake/join.h - several lines that are one record.
 *
 * Purpose   Between a stream's lines and whoever takes records: stack traces, audit records and
 *           text exports go on in the next lines. Which lines go on is a format's business.
 * Owns      The record that is not whole yet, at most MM_MAX_LINE bytes.
 * Threads   One stream, one thread.
 * Trust     Lines are hostile. Nothing is lost: a record that would grow beyond the limits ends,
 * and its next line begins another. Spec      parse/SCHEMA.md, "Records of several lines". Fuzzed
 * by join_fuzz.c.
 */
#ifndef MM_INTAKE_JOIN_H
#define MM_INTAKE_JOIN_H

#include "intake/stream.h"

/* Does this line belong to the record before it? */
typedef bool mm_join_continues(void *ctx, struct mm_slice line);

struct mm_join {
    mm_join_continues *continues;
    void *ctx;
    size_t lines_max;
    mm_stream_emit *emit;
    void *emit_ctx;
    uint8_t *record;
    size_t n, lines;
    bool cut; /* a line of it was cut */
};

/* lines_max is at least 1. */
MM_MUST_USE enum mm_code mm_join_init(struct mm_join *j, mm_join_continues *continues, void *ctx,
                                      size_t lines_max, mm_stream_emit *emit, void *emit_ctx);
/* Safe on zeroes. */
void mm_join_done(struct mm_join *j);
/* The next line: an mm_stream_emit whose ctx is the join. Lines of a record are joined by LF. */
void mm_join_line(void *join, struct mm_slice line, bool cut);
/* There are no more lines: hand out the last record. */
void mm_join_end(struct mm_join *j);

#endif
