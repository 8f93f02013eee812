/*
 * intake/stream.h - from a stream of bytes to log lines.
 *
 * Purpose   Syslog over TCP comes in two framings; which one is told by the first bytes.
 * Owns      A stream owns the bytes of a frame that is not whole yet, at most MM_MAX_LINE.
 * Threads   One stream, one thread.
 * Trust     Bytes are hostile. Cost is linear; memory is bounded; no input ends the stream: what
 *           cannot be understood becomes a line and is counted as a resync.
 * Spec      RFC 6587. 3.4.1 octet counting: digits, a blank, so many bytes. 3.4.2: a line ends
 *           with LF; CR and NUL before it are cut off, and NULs where it begins: holes of files
 *           that were cut while they were written. A stream counts octets when it begins with
 *           1 to 7 digits (no leading zero), a blank and then '<' or '{'; so lines that begin with
 *           a number (Squid, epoch times) are not taken for it. A count that is broken later
 *           makes everything up to the next LF one line; then the framing is guessed anew.
 *           Empty lines are skipped. A frame longer than MM_MAX_LINE is cut there and marked.
 *           Fuzzed by stream_fuzz.c.
 */
#ifndef MM_INTAKE_STREAM_H
#define MM_INTAKE_STREAM_H

#include "base/base.h"
#include "base/limits.h"

enum {
    MM_FRAME_DIGITS = 7,                 /* of a count: below 10 MB, else it is no count */
    MM_FRAME_HEAD = MM_FRAME_DIGITS + 2, /* bytes that decide which framing it is */
};

enum mm_stream_mode { MM_STREAM_GUESS, MM_STREAM_LF, MM_STREAM_COUNT, MM_STREAM_RESYNC };

struct mm_stream {
    enum mm_stream_mode mode;
    bool lines_only; /* never guess: HTTP bodies and files are lines */
    bool skipping;   /* the rest of a frame that was cut is thrown away */
    size_t left;     /* counting: bytes of the frame still to come; 0: a count comes next */
    uint8_t *part;   /* what is there of the frame (or of the count) */
    size_t n, cap;
    uint64_t resyncs;
    uint64_t truncated;
};

/* line borrows the input or the stream until the call returns; cut: it was longer. */
typedef void mm_stream_emit(void *ctx, struct mm_slice line, bool cut);

void mm_stream_init(struct mm_stream *f, bool lines_only);
void mm_stream_done(struct mm_stream *f);
/* Take all of `in`, hand out every whole frame. MM_E_NOMEM: the rest of `in` was not taken. */
MM_MUST_USE enum mm_code mm_stream_feed(struct mm_stream *f, struct mm_slice in,
                                        mm_stream_emit *emit, void *ctx);
/* The stream has ended: hand out what is there of a last frame. */
void mm_stream_end(struct mm_stream *f, mm_stream_emit *emit, void *ctx);
/* Bytes held of a frame that is not whole. */
static inline size_t mm_stream_held(const struct mm_stream *f)
{
    return f->n;
}

#endif
