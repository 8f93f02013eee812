/*
 * store/spool/spool.h - the durable queue between intake and engine.
 *
 * Purpose   A queue is a directory `DIR/q<queue>` of segments. The writer appends records,
 *           numbers them 1, 2, 3 ... without gap or repetition, and makes a group durable
 *           with one fdatasync. A reader in another process sees only what is durable.
 * Owns      The writer: the queue's lock, its newest segment, two buffers. The reader: a
 *           mapping of one segment and of the commit page. Older segments belong to whoever
 *           calls mm_spool_trim.
 * Threads   Writer: one thread, except that mm_spool_commit_run may run in a second one (see
 *           there). Reader: one thread each; any number of readers, in any process.
 * Trust     Bodies are hostile and never looked into. Segment bytes are held against lengths,
 *           numbers and a salted CRC-32C: a torn tail is cut, a damaged committed record is
 *           handed out as `damaged`, numbers go on. Fuzzed by segment_fuzz.c.
 * Spec      Format version 1, described in segment.h; a newer one is refused (MM_E_VERSION).
 */
#ifndef MM_STORE_SPOOL_SPOOL_H
#define MM_STORE_SPOOL_SPOOL_H

#include "base/base.h"
#include "base/buf.h"
#include "base/ip.h"
#include "base/limits.h"
#include "os/file.h"

enum {
    /* A segment is closed when the next group would pass this. Small enough that trimming
     * follows the reader closely and that a restart reads it in 50 ms. */
    MM_SPOOL_SEGMENT = 64 * 1024 * 1024,
    /* Bytes waiting for their commit; then append says so and intake stops reading sockets.
     * 8 MiB is 100 ms at 300,000 lines/s. */
    MM_SPOOL_PENDING = 8 * 1024 * 1024,
    /* What an owner may carry from segment to segment (see mm_spool_owner). */
    MM_SPOOL_CARRY = 4 * 1024 * 1024,
    /* Segments of one queue: 4 TiB at the default size. */
    MM_SPOOL_SEGMENTS_MAX = 65536,
    /* Queues that are read, the lowest: of intake, imports, followed sources of this machine. Each
     * has a reader, a sieve and a few hundred kilobytes. */
    MM_SPOOL_QUEUES_READ = 64,
};

/* Where a record came from, when it could come twice. */
enum mm_spool_origin_kind {
    MM_ORIGIN_NONE, /* a socket: it comes once */
    MM_ORIGIN_FILE, /* a followed or imported file: id names its content so far, at = line */
    MM_ORIGIN_HTTP, /* a request with Idempotency-Key: id = digest, at = index of the line */
};

struct mm_spool_origin {
    enum mm_spool_origin_kind kind;
    uint8_t id[16];
    uint64_t at;
};

struct mm_spool_record {
    uint64_t seq;        /* filled by append */
    int64_t received_us; /* never backwards within a queue: append lifts it where needed */
    uint32_t company;
    uint32_t source;
    uint16_t flags;    /* enum mm_event_flag: MM_EV_TRUNCATED, MM_EV_IMPORTED */
    bool damaged;      /* read only: it was committed, the disk lost it; only seq counts */
    struct mm_ip peer; /* all zero: none */
    struct mm_spool_origin origin;
    struct mm_slice body; /* at most MM_MAX_LINE bytes */
};

/* ---- writer ---- */

/*
 * What the owner of a queue must know again after a restart although its records may have been
 * trimmed (idempotency keys, file offsets). All members may be NULL.
 */
struct mm_spool_owner {
    void *ctx;
    /* At the start of every new segment: append what you know to out (MM_SPOOL_CARRY at most). */
    void (*carry)(void *ctx, struct mm_buf *out);
    /* On open, in this order: what was carried into the newest segment, then its records. */
    void (*on_carry)(void *ctx, struct mm_slice carry);
    void (*on_record)(void *ctx, const struct mm_spool_record *rec);
};

struct mm_spool_options {
    struct mm_fs fs;    /* zero: the real files */
    size_t segment_max; /* zero: MM_SPOOL_SEGMENT */
    size_t pending_max; /* zero: MM_SPOOL_PENDING */
    bool wait;          /* wait for the lock instead of MM_E_BUSY */
    struct mm_spool_owner owner;
};

struct mm_spool;

/*
 * Open queue `queue` below dir for writing; both are created when missing. Cuts a torn tail,
 * makes what stands durable, publishes it. MM_E_BUSY: another writer has it. MM_E_VERSION:
 * written by a newer Mimamori. options may be NULL.
 */
MM_MUST_USE enum mm_code mm_spool_open(const char *dir, uint16_t queue,
                                       const struct mm_spool_options *options,
                                       struct mm_spool **ret);
/* Close without committing; NULL is fine; *s becomes NULL. */
void mm_spool_close(struct mm_spool **s);

/*
 * Take over one record (its bytes are copied) and give it the next number, also in *ret_seq when
 * not NULL. It is not durable before a commit that began later succeeded. MM_E_LIMIT: body
 * longer than MM_MAX_LINE. MM_E_BUSY: too much waits for its commit. MM_E_FULL: so it does
 * because the disk is full. In all three nothing was taken.
 */
MM_MUST_USE enum mm_code mm_spool_append(struct mm_spool *s, const struct mm_spool_record *rec,
                                         uint64_t *ret_seq);

/*
 * Make everything appended so far durable. On failure nothing is lost: the records stay, and the
 * next commit tries again with the same numbers. MM_E_FULL: no space on the disk.
 */
MM_MUST_USE enum mm_code mm_spool_commit(struct mm_spool *s);

/*
 * The same in three steps, so that one thread appends while another waits for the disk:
 *   _begin  (owner's thread) sets aside what was appended; false when there is nothing to do.
 *           Not between a _begin and its _end.
 *   _run    (any one thread) writes and syncs it, publishes the numbers.
 *   _end    (owner's thread) takes _run's result; after a failure the same bytes wait for the
 *           next _begin.
 * Between _begin and _end only mm_spool_append, _next, _durable, _pending, _filling.
 */
bool mm_spool_commit_begin(struct mm_spool *s);
MM_MUST_USE enum mm_code mm_spool_commit_run(struct mm_spool *s);
void mm_spool_commit_end(struct mm_spool *s, enum mm_code result);

/* Number that the next appended record gets. */
uint64_t mm_spool_next(const struct mm_spool *s);
/* Every record below this number is durable. */
uint64_t mm_spool_durable(const struct mm_spool *s);
/* Bytes appended and not yet durable; and those of them that no _begin has set aside. */
size_t mm_spool_pending(const struct mm_spool *s);
size_t mm_spool_filling(const struct mm_spool *s);
/* Records that were found damaged on open: a disk that forgets. */
uint64_t mm_spool_damaged(const struct mm_spool *s);

/* ---- reader ---- */

struct mm_spool_reader;

/*
 * Read queue `queue` below dir from number from_seq (0: the oldest there is). MM_E_NOTFOUND: no
 * such queue yet. MM_E_RANGE: that number was trimmed already, or was never written.
 */
MM_MUST_USE enum mm_code mm_spool_reader_open(const char *dir, uint16_t queue, uint64_t from_seq,
                                              struct mm_spool_reader **ret);
void mm_spool_reader_close(struct mm_spool_reader **r);
/*
 * The next records: at most `max`, and no further one when bodies would pass bytes_max (one
 * record always fits). *ret_n is 0 when all that is durable was read. Numbers are contiguous.
 * Bodies borrow the mapping until the next call with this reader; MM_PADDING bytes behind each
 * may be read. A call may return fewer than there are (it never spans two segments).
 */
MM_MUST_USE enum mm_code mm_spool_read(struct mm_spool_reader *r, struct mm_spool_record *recs,
                                       size_t max, size_t bytes_max, size_t *ret_n);
/* Number of the record that the next read starts with. */
uint64_t mm_spool_reader_seq(const struct mm_spool_reader *r);
/* Every record below this number is durable now. */
uint64_t mm_spool_reader_durable(const struct mm_spool_reader *r);
/* Wait until there is something to read; false after timeout_ms. */
bool mm_spool_wait(struct mm_spool_reader *r, int timeout_ms);

/* ---- both ---- */

struct mm_spool_bounds {
    uint64_t oldest; /* first number that can still be read */
    uint64_t next;   /* first number that is not durable yet */
    uint64_t bytes;  /* on disk */
};

/* What a queue holds now; MM_E_NOTFOUND when there is none. */
MM_MUST_USE enum mm_code mm_spool_bounds(const char *dir, uint16_t queue,
                                         struct mm_spool_bounds *ret);
/*
 * Delete the segments that hold only numbers below below_seq. The newest segment always stays,
 * because numbers go on from it. *ret_deleted (may be NULL) counts them; none while somebody has a
 * hold (snapshot.h). A zero fs means the real files.
 */
MM_MUST_USE enum mm_code mm_spool_trim(struct mm_fs fs, const char *dir, uint16_t queue,
                                       uint64_t below_seq, size_t *ret_deleted);
/* How many queues exist below dir; the lowest of them, at most max, are in *ret, ascending. */
size_t mm_spool_queues(const char *dir, uint16_t *ret, size_t max);

/*
 * Is each segment and commit page below dir of a form that this program reads? They are looked at,
 * not changed. MM_E_VERSION: a newer Mimamori wrote one; *ret_path and *ret_form say which, else
 * they are untouched. What is damaged or of no queue is passed over. MM_E_IO: cannot be read.
 */
MM_MUST_USE enum mm_code mm_spool_known(const char *dir, char ret_path[MM_MAX_PATH],
                                        uint32_t *ret_form);

#endif
