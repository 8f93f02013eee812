/*
 * intake/keys.h - which requests were stored already.
 *
 * Purpose   A request that is repeated with the same Idempotency-Key is answered again and not
 *           stored again, also when intake died in between. What is known travels in the spool:
 *           each record of such a request says key, index and number of lines; at the start of a
 *           segment all keys are carried over.
 * Owns      A table of fixed size; the key used longest ago makes room.
 * Threads   One lock holder at a time.
 * Trust     Keys are made of foreign bytes, hashed with the source's number, so that a sender can
 *           only meet its own. Carried bytes come from our own spool and are checked all the same.
 */
#ifndef MM_INTAKE_KEYS_H
#define MM_INTAKE_KEYS_H

#include "base/base.h"
#include "base/buf.h"
#include "store/spool/spool.h"

enum {
    /* Requests of a day from 45 senders that send one a minute; 3.2 MiB of carry at most. */
    MM_KEYS_MAX = 65536,
    MM_KEY_LINES_MAX = 1 << 20, /* lines of one request */
};
#define MM_KEYS_LIFE_US (24 * 3600 * INT64_C(1000000))

struct mm_key_state {
    uint8_t id[16];
    uint32_t stored; /* lines of it that have a number */
    uint32_t total;  /* lines it has */
    int64_t last_us; /* received time of its last line */
};

struct mm_keys;

MM_MUST_USE enum mm_code mm_keys_new(size_t max, struct mm_keys **ret);
void mm_keys_free(struct mm_keys **k);
/* The name of a key of this source. */
void mm_keys_id(uint32_t source, struct mm_slice key, uint8_t ret[16]);
/* What is known of it, or NULL; valid until the next _note. Older than a day counts as unknown. */
const struct mm_key_state *mm_keys_find(const struct mm_keys *k, const uint8_t id[16],
                                        int64_t now_us);
/* The line at `index` of `total` has got its number. */
void mm_keys_note(struct mm_keys *k, const uint8_t id[16], uint32_t index, uint32_t total,
                  int64_t received_us);
size_t mm_keys_count(const struct mm_keys *k);

/* The origin of a record of that request, and back (false: it has none). */
struct mm_spool_origin mm_keys_origin(const uint8_t id[16], uint32_t index, uint32_t total);
void mm_keys_replay(struct mm_keys *k, const struct mm_spool_record *rec);
/* For the start of a segment, and from it. Bytes that make no sense are passed over. */
void mm_keys_carry(const struct mm_keys *k, struct mm_buf *out);
void mm_keys_restore(struct mm_keys *k, struct mm_slice carried);

#endif
