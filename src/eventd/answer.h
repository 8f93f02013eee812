/*
 * eventd/answer.h - one HTTP answer on its way out.
 *
 * Purpose   Small results go out whole, with their length and what they cost; large ones in chunks
 *           while they are made. A failure before the first byte is an error answer, after it a cut
 *           connection: never a result that only looks whole.
 * Owns      The bytes it holds back; the descriptor is the caller's.
 * Threads   One answer, one thread.
 * Trust     A peer that takes nothing for MM_EVENTD_IO_MS is dropped.
 */
#ifndef MM_EVENTD_ANSWER_H
#define MM_EVENTD_ANSWER_H

#include "base/buf.h"
#include "eventd/store.h"

struct mm_answer {
    int fd;
    bool close;         /* say "Connection: close" */
    bool started;       /* the head went out: chunks follow */
    bool broken;        /* nothing more can be sent */
    int64_t start_us;   /* monotonic, when the statement began */
    struct mm_slice id; /* query id, or empty */
    struct mm_slice format;
    struct mm_buf body; /* held back so far */
};

void mm_answer_init(struct mm_answer *a, int fd, bool close);
void mm_answer_done(struct mm_answer *a);
/* A piece of the result; false when the peer is gone. */
bool mm_answer_piece(struct mm_answer *a, struct mm_slice piece);
/* The end of the result: an error when result->text_n > 0. */
void mm_answer_end(struct mm_answer *a, const struct mm_store_result *result);
/* An error without a store: status, ClickHouse's code (0: none), text. Nothing was sent before. */
void mm_answer_error(struct mm_answer *a, int status, int exception, struct mm_slice text);
/* All of s, or false. */
bool mm_answer_send(int fd, struct mm_slice s, int timeout_ms);

#endif
