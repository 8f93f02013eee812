/*
 * codec/relay.h - what a relay says to its centre: one batch of lines, or only how it is.
 *
 * Purpose   The bytes of `POST /v1/relay/lines`: a head (how the relay is, which queue, from which
 *           number on) and the lines, each with where it came from and when. A batch without lines
 *           is the sign of life of a relay that has nothing to send.
 * Owns      Nothing: bodies of lines borrow the input.
 * Threads   Pure functions.
 * Trust     Whoever holds a relay's token chooses every byte. Linear; no count is believed further
 *           than bytes are there.
 * Spec      All numbers little-endian.
 *           Head (112 bytes): "MMRELAY\n", u32 version of this form (1), u32 flags (1: numbers
 *           before `first` are gone for good; 2: this is a copy and has found that out), u32 queue,
 *           u32 count of lines, u64 first number, u64 fingerprint of the line before it (0: there
 *           is none), u64 instance of the relay's process, i64 its wall clock, i64 when its oldest
 *           unsent line came (0: none), u64 lines not sent yet, u64 free bytes and u64 all bytes of
 *           its disk, u64 serial of the settings it works with, u64 its version (major << 32 |
 *           minor << 16 | patch), u64 0.
 *           Line: u8 via, u8 0, u16 what, u16 flags, u16 0, i64 received, 16 bytes peer, u32
 *           length, body. Fuzzed by relay_fuzz.c.
 */
#ifndef MM_CODEC_RELAY_H
#define MM_CODEC_RELAY_H

#include "base/base.h"
#include "base/buf.h"
#include "base/ip.h"
#include "base/limits.h"

enum {
    MM_RELAY_VERSION = 1,
    MM_RELAY_HEAD = 112,
    MM_RELAY_LINE = 36, /* bytes in front of a line's body */
    /* Lines of a batch: at 200 bytes each about MM_RELAY_BODY. */
    MM_RELAY_LINES = 8192,
    /* Bodies of one batch; a single line always fits. At 20 ms there and back 50 MB/s. */
    MM_RELAY_BODY = 1024 * 1024,
    /* A whole batch, unpacked. */
    MM_RELAY_MAX = MM_RELAY_HEAD + MM_RELAY_LINES * MM_RELAY_LINE + MM_RELAY_BODY + MM_MAX_LINE,
    MM_RELAY_FILES = 8, /* followed files or patterns of one relay; each is a path of its walls */
};

/* How a line came to the relay; `what` is the port, or the number of the followed path (from 1). */
enum mm_relay_via { MM_RELAY_UDP = 1, MM_RELAY_TCP = 2, MM_RELAY_FILE = 3 };

struct mm_relay_head {
    bool gap;  /* what was before `first` is gone for good */
    bool copy; /* it has found out that it is one: the centre has numbers that it never had */
    uint16_t queue;
    uint32_t count;
    uint64_t first;
    uint64_t before; /* mm_relay_print of the line before `first`, 0: there is none */
    uint64_t instance;
    int64_t clock_us, oldest_us;
    uint64_t backlog;
    uint64_t disk_free, disk_all;
    uint64_t serial;
    uint64_t version;
};

struct mm_relay_line {
    uint8_t via;
    uint16_t what;
    uint16_t flags; /* enum mm_event_flag */
    int64_t received_us;
    struct mm_ip peer;
    struct mm_slice body; /* at most MM_MAX_LINE */
};

void mm_relay_put_head(struct mm_buf *out, const struct mm_relay_head *head);
/* The body may be at most MM_MAX_LINE (asserted). */
void mm_relay_put_line(struct mm_buf *out, const struct mm_relay_line *line);

/*
 * The head; *ret_rest is what follows. MM_E_SYNTAX, or MM_E_VERSION for a form that is newer than
 * this program; fault->what says what is wrong.
 */
MM_MUST_USE enum mm_code mm_relay_head(struct mm_slice in, struct mm_relay_head *ret,
                                       struct mm_slice *ret_rest, struct mm_fault *fault);
/* Takes the next line off the front of *rest. False: it is not whole or no line; *rest stays. */
MM_MUST_USE bool mm_relay_line(struct mm_slice *rest, struct mm_relay_line *ret);
/* Are there exactly head->count lines? */
MM_MUST_USE bool mm_relay_whole(const struct mm_relay_head *head, struct mm_slice rest);

/* What tells a line of a relay from every other that might have had its number; never 0. */
uint64_t mm_relay_print(uint64_t seq, int64_t received_us, const struct mm_ip *peer,
                        struct mm_slice body);

#endif
