/*
 * hunt/worker_priv.h - what the files of the reader share.
 *
 * Purpose   worker.c tries rules and writes frames, reader.c finds out what a stream is and takes
 *           it apart, packed.c opens archives. Nobody else includes this.
 * Owns      As worker.h.
 * Threads   As worker.h.
 * Trust     As worker.h.
 */
#ifndef MM_HUNT_WORKER_PRIV_H
#define MM_HUNT_WORKER_PRIV_H

#include "codec/cut.h"
#include "codec/evtx.h"
#include "codec/ext/json.h"
#include "hunt/worker.h"
#include "intake/join.h"

enum {
    MM_FEED_HEAD = MM_CUT_HEAD,
    MM_FEED_BLOCK = 16 * MM_EVTX_CHUNK, /* one MiB at a time */
};

/* Bytes of one stream: a file, a part of one, a member of an archive. */
struct mm_feed {
    /* Up to n bytes: how many, 0 at the end, -1: no more can be read. */
    ssize_t (*read)(void *ctx, uint8_t *p, size_t n);
    void *ctx;
    uint8_t head[MM_FEED_HEAD];
    size_t head_n, head_at;
    bool failed;
};

struct mm_hunt_worker {
    struct mm_hunt_rules rules;
    struct mm_scratch *scratch;
    struct mm_matcher *matcher;
    struct mm_arena arena;
    struct mm_event *ev;
    struct mm_evtx *evtx;
    struct mm_json *check; /* is a record of a document one at all? */
    uint8_t *block;        /* MM_FEED_BLOCK */
    uint8_t *text;         /* of a block that was UTF-16 */
    uint8_t *line;         /* one line, MM_PADDING behind it */
    uint32_t *shown;       /* per rule: handed out whole in this unit */
    struct mm_buf out, tells, json;
    int to;
    bool failed; /* nobody takes what is written */
    /* of the stream that is read now */
    struct mm_hunt_sums sums;
    uint32_t file;
    int64_t received_us;
    uint64_t told_bytes, told_events;
    struct mm_hint hint;
};

/* reader.c */
void mm_feed_init(struct mm_feed *f, ssize_t (*read)(void *, uint8_t *, size_t), void *ctx);
/* The first bytes, without taking them. */
struct mm_slice mm_feed_head(struct mm_feed *f);
/* As many as fit but for the end: 0 there. */
size_t mm_feed_fill(struct mm_feed *f, uint8_t *p, size_t n);
/* Chunks of an event log; `first`: number of the first, `head`: the file's header comes before. */
void mm_hunt_read_evtx(struct mm_hunt_worker *w, struct mm_feed *f, uint64_t first, bool head);
/* Lines, whatever they begin with. */
enum mm_hunt_state mm_hunt_read_lines(struct mm_hunt_worker *w, struct mm_feed *f);
/* The first lines of a file again, uncounted, so that a later part of it is read as they say: what
 * format it is, which columns it has. */
void mm_hunt_learn(struct mm_hunt_worker *w, struct mm_slice head);
/* A stream of which nothing is known; what it turned out to be. Archives are not opened here. */
enum mm_hunt_state mm_hunt_read_stream(struct mm_hunt_worker *w, struct mm_feed *f);

/* worker.c */
void mm_hunt_put(struct mm_hunt_worker *w, const struct mm_hunt_frame *f);
/* A file or a member begins, ends. */
void mm_hunt_begin(struct mm_hunt_worker *w, uint32_t part, struct mm_slice member);
void mm_hunt_end(struct mm_hunt_worker *w, enum mm_hunt_state state);
/* Sums begin anew, without telling. */
void mm_hunt_begin_sums(struct mm_hunt_worker *w);
void mm_hunt_tell_broken(struct mm_hunt_worker *w, uint64_t record, uint64_t at, const char *why);
/* Bytes were read: tell it now and then. */
void mm_hunt_moved(struct mm_hunt_worker *w, size_t n);
/* An event stands in w->ev: try the rules. */
void mm_hunt_event(struct mm_hunt_worker *w, uint64_t record);
/* Only read a line into w->ev. */
void mm_hunt_parse(struct mm_hunt_worker *w, struct mm_slice line, bool cut);
/* One line of text, or a record that was cut out of a document. */
void mm_hunt_line(void *worker, struct mm_slice line, bool cut);

#endif
