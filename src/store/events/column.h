/*
 * store/events/column.h - one column of a Native block while it is being filled.
 *
 * Purpose   Values are appended row by row; rows that say nothing cost nothing, they are filled
 *           with defaults when the next value comes or when the block is written.
 * Owns      Its bytes. Values are copied.
 * Threads   One column, one thread.
 * Trust     Values are hostile bytes. The word table is seeded and looks at no more than
 *           PROBES_MAX places: flooding it makes the block larger, never slower.
 * Spec      ClickHouse Native format, revision 0: fixed widths little-endian, String as varint and
 *           bytes, LowCardinality as version 1, flags, keys, indexes; Map as offsets, keys, values.
 */
#ifndef MM_STORE_EVENTS_COLUMN_H
#define MM_STORE_EVENTS_COLUMN_H

#include "base/buf.h"
#include "store/events/schema.h"

struct mm_words_slot {
    uint32_t hash;
    uint32_t index; /* 0: free (index 0 is always the empty word) */
};

/* The different words of one block. */
struct mm_words {
    struct mm_buf text; /* varint and bytes, one after the other */
    struct mm_buf at;   /* u32 a word: where its bytes begin in text */
    struct mm_words_slot *slot;
    uint32_t cap; /* slots: a power of two */
    uint32_t n;   /* words, the empty one included */
    uint64_t seed;
};

struct mm_column {
    enum mm_ecol_type type;
    uint32_t rows;         /* rows filled so far */
    uint32_t pairs;        /* MAP: pairs so far */
    struct mm_words words; /* WORD, MAP: keys */
    struct mm_buf bytes;   /* fixed values or strings; WORD: u32 indexes; MAP: values */
    struct mm_buf index;   /* MAP: u32 index a key */
    struct mm_buf offset;  /* MAP: u64 a row: pairs up to and with it */
};

enum {
    /* One column of one block; a block of 300,000 lines of 200 bytes has 60 MB of originals. */
    MM_COLUMN_BYTES_MAX = 1 << 30,
};

typedef void mm_bytes_fn(void *ctx, struct mm_slice bytes);

void mm_column_init(struct mm_column *c, enum mm_ecol_type type, uint64_t seed);
void mm_column_done(struct mm_column *c);
/* Empty it and keep the memory. */
void mm_column_reset(struct mm_column *c);
/* Fill with defaults up to `row` rows. */
void mm_column_pad(struct mm_column *c, uint32_t row);

/* Append the value of row number `row` (rows before it that are missing become defaults). */
void mm_column_uint(struct mm_column *c, uint32_t row, uint64_t v);
void mm_column_ip(struct mm_column *c, uint32_t row, const struct mm_ip *v);
void mm_column_text(struct mm_column *c, uint32_t row, struct mm_slice v);
/* MAP: one pair of the row being filled; _pairs_end closes the row. */
void mm_column_pair(struct mm_column *c, uint32_t row, struct mm_slice key, struct mm_slice value);
void mm_column_pairs_end(struct mm_column *c, uint32_t row);

bool mm_column_ok(const struct mm_column *c);
/* Write the column's data as Native wants it. Needs rows > 0 and every row filled. */
void mm_column_write(const struct mm_column *c, mm_bytes_fn *put, void *ctx);
/* As a varint into tmp; returns its length, at most 10. */
size_t mm_varint(uint64_t v, uint8_t tmp[10]);

#endif
