/*
 * codec/leef.h - IBM Log Event Extended Format, 1.0 and 2.0: a header, then key=value pairs.
 *
 * Purpose   What products send to QRadar. The header is split here, the byte between pairs
 *           found out, pairs are handed out one at a time.
 * Owns      Nothing: everything borrows the input.
 * Threads   Pure functions: no state, no allocation, no I/O.
 * Trust     Input is hostile: cost is linear.
 * Spec      IBM QRadar DSM guide, "Log Event Extended Format". Beyond it: where the tabs of a
 *           record did not survive a relay, "#011" (rsyslog's escape) or blanks before `key=`
 *           part the pairs; a header of version 2.0 may lack its delimiter.
 *           Fuzzed by leef_fuzz.c.
 */
#ifndef MM_CODEC_LEEF_H
#define MM_CODEC_LEEF_H

#include "base/base.h"

enum {
    /* Bytes before "LEEF:": what relays put between a syslog header and the message. */
    MM_LEEF_MAX_FRONT = 256,
};

/* The parts of the header in the order they stand there. */
enum mm_leef_part {
    MM_LEEF_VERSION,
    MM_LEEF_VENDOR,
    MM_LEEF_PRODUCT,
    MM_LEEF_PRODUCT_VERSION,
    MM_LEEF_EVENT,
    MM_LEEF_PARTS
};

struct mm_leef {
    struct mm_slice part[MM_LEEF_PARTS]; /* trimmed */
    struct mm_slice pairs;
    uint8_t gap;  /* the byte between pairs */
    bool blanks;  /* pairs are parted by the blank before a key, which `gap` then is */
    bool escaped; /* pairs are parted by "#011" */
};

struct mm_leef_walk {
    struct mm_leef leef;
    size_t pos;
};

struct mm_leef_pair {
    struct mm_slice key;
    struct mm_slice value; /* trimmed */
};

/*
 * Split one record, which may begin up to MM_LEEF_MAX_FRONT bytes into the input. MM_E_SYNTAX
 * names the byte and leaves *ret untouched.
 */
MM_MUST_USE enum mm_code mm_leef_parse(struct mm_slice in, struct mm_leef *ret,
                                       struct mm_fault *fault);
void mm_leef_walk(struct mm_leef_walk *walk, const struct mm_leef *leef);
/* The next pair; false at the end. What has no `=` is skipped and counted in *ret_stray. */
MM_MUST_USE bool mm_leef_next(struct mm_leef_walk *walk, struct mm_leef_pair *ret,
                              size_t *ret_stray);

#endif
