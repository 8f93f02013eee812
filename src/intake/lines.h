/*
 * intake/lines.h - from the bytes of a file or a body to the records that are stored of it.
 *
 * Purpose   Lines; several lines that are one record (intake/join.h); and the records of a list
 *           in JSON, which is one line as long as its file ({"Records":[{...},{...}]}).
 * Owns      What is there of a record that is not whole, and of the bytes that decide.
 * Threads   One stream, one thread.
 * Trust     Bytes are hostile: cost is linear, memory bounded. Lines are never lost; of a list the
 *           names and values around it are left out, and what else is no record is counted.
 * Spec      A stream is a list when its first line, or what there is of it within MM_CUT_HEAD
 *           bytes, begins one (mm_cut_holds_records). Line ends in a record of it become blanks: a
 *           record is one line. Fuzzed by lines_fuzz.c.
 */
#ifndef MM_INTAKE_LINES_H
#define MM_INTAKE_LINES_H

#include "codec/cut.h"
#include "intake/join.h"

struct mm_lines_options {
    mm_join_continues *continues; /* NULL: every line is a record */
    void *continues_ctx;
    size_t lines_max; /* of one record; at least 1 with continues */
    bool lists;       /* the stream may be a list */
    mm_stream_emit *emit;
    void *ctx;
};

struct mm_lines {
    struct mm_lines_options o;
    bool decided, listed;
    struct mm_stream stream;
    struct mm_join join;
    struct mm_cut cut;
    size_t head_n;
    uint8_t head[MM_CUT_HEAD]; /* until it is decided */
};

/* On failure (MM_E_NOMEM) there is nothing to be done away with. */
MM_MUST_USE enum mm_code mm_lines_init(struct mm_lines *l, const struct mm_lines_options *o);
/* Safe on zeroes. */
void mm_lines_done(struct mm_lines *l);
/* Take all of `in`, hand out every whole record. MM_E_NOMEM: the rest of `in` was not taken. */
MM_MUST_USE enum mm_code mm_lines_feed(struct mm_lines *l, struct mm_slice in);
/* Nothing has come for a while: a record of several lines that could go on is whole. */
void mm_lines_pause(struct mm_lines *l);
/* There is no more: hand out what is there of a last record. MM_E_NOMEM. */
MM_MUST_USE enum mm_code mm_lines_end(struct mm_lines *l);
/* Bytes held of a line that is not whole. */
size_t mm_lines_held(const struct mm_lines *l);
/* Could somebody begin here, behind the bytes held, as if it were the front of a file of lines? */
bool mm_lines_between(const struct mm_lines *l);
/* Places of a list that are no whole records; of lines there are none. */
uint64_t mm_lines_stray(const struct mm_lines *l);

#endif
