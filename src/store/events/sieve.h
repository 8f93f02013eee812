/*
 * store/events/sieve.h - which runs of numbers cannot hold a text: the index of the search.
 *
 * Purpose   About every MiB of a company's lines becomes one row of the table `sieves`: two Bloom
 *           filters of the pieces of text in these lines. A search asks the rows first and reads
 *           only events whose sieve may hold its words; a rare text is found without reading all.
 * Owns      A sieve owns the filters being filled and the rows that are not taken yet.
 * Threads   One sieve, one thread.
 * Trust     Lines are hostile bytes: a sender can make its own company's filters useless and
 *           nothing worse. A row says "no line of this company with numbers [from, to) of this
 *           queue has this piece", which is true for ever, since a number never gets another line:
 *           it may come late, twice, or never (those events are read).
 * Spec      Piece: 4 bytes at every offset of a line, 8 bytes at every second; bit 5 of every byte
 *           set, so that letters are alike in both cases. A text may stand at any offset, so all
 *           its fours, and all eights of one of the 2 alignments, must be there.
 *
 *     mm_sieve_new(queue, &s);
 *     for each line, numbers ascending:  mm_sieve_add(s, &line);
 *     if (mm_sieve_rows(s) > 0)          mm_sieve_write(s, &buf), insert with MM_ST_INSERT_SIEVES
 */
#ifndef MM_STORE_EVENTS_SIEVE_H
#define MM_STORE_EVENTS_SIEVE_H

#include "base/buf.h"

enum {
    /* Lines of one row: the finer, the more rows have to be asked; the coarser, the more is read
     * for each that may hold the text. 1 MiB are about half of the store's own granule. */
    MM_SIEVE_TEXT_BYTES = 1 << 20,
    /* Of what stands in a row: another number when pieces or hashes change. Rows of another form
     * are not asked, since they would rule out what is there. */
    MM_SIEVE_FORM = 2,
    MM_SIEVE_FOURS_BITS = 1 << 16,
    MM_SIEVE_EIGHTS_BITS = 1 << 18,
    /* Companies with a filter being filled, 40 KiB each. Lines of more are found without. */
    MM_SIEVE_COMPANIES_MAX = 512,
    /* A company that has been silent for so many numbers may lose its place. */
    MM_SIEVE_IDLE_NUMBERS = 1 << 20,
    MM_SIEVE_PIECES_MAX = 10, /* asked of one alignment */
    MM_SIEVE_ALIGNMENTS_MAX = 2,
};

struct mm_sieve_line {
    uint32_t company;
    uint64_t seq;
    int64_t received_us;
    uint16_t keep_days;
    struct mm_slice text; /* as it will stand in `original` */
};

/* One row of the table. */
struct mm_sieve_row {
    uint32_t company;
    uint16_t queue;
    uint64_t from, to;
    int64_t received_us; /* of its last line: decides partition and age */
    uint16_t keep_days;
    struct mm_slice fours, eights; /* a power of two of bytes each */
};

enum mm_sieve_width { MM_SIEVE_FOURS, MM_SIEVE_EIGHTS, MM_SIEVE_WIDTHS };

/*
 * What to ask for one text: it is not there unless, of every width that has alignments, all pieces
 * of one alignment are. A piece is bit `hash & 7` of byte `hash >> 3 & (bytes - 1)`.
 */
struct mm_sieve_ask {
    size_t alignments[MM_SIEVE_WIDTHS]; /* 0: nothing to ask */
    size_t pieces[MM_SIEVE_WIDTHS][MM_SIEVE_ALIGNMENTS_MAX];
    uint32_t hash[MM_SIEVE_WIDTHS][MM_SIEVE_ALIGNMENTS_MAX][MM_SIEVE_PIECES_MAX];
};

struct mm_sieve;

/* An empty sieve for lines of one queue. MM_E_NOMEM leaves *ret untouched. */
MM_MUST_USE enum mm_code mm_sieve_new(uint16_t queue, struct mm_sieve **ret);
/* Frees and sets *s to NULL; *s may be NULL. What was not written is lost: it will be read. */
void mm_sieve_free(struct mm_sieve **s);

/*
 * One line; its bytes are not kept. Every line of a company has to come, its numbers ascending;
 * where they do not, a new row begins. Cannot fail: without memory or room a line gets no row.
 */
void mm_sieve_add(struct mm_sieve *s, const struct mm_sieve_line *line);
/* Close all filters that have lines: after that they can be written. */
void mm_sieve_flush(struct mm_sieve *s);
/* Closed rows that wait to be written. */
size_t mm_sieve_rows(const struct mm_sieve *s);
/* Append them to out as a Native block and forget them. MM_E_NOMEM: they are lost. */
MM_MUST_USE enum mm_code mm_sieve_write(struct mm_sieve *s, struct mm_buf *out);

/*
 * What to ask for a text. folds: more than ASCII letters are alike in both cases (ILIKE), so only
 * pieces of bytes that have no other form are asked. False: nothing can be asked, *ret is empty.
 */
bool mm_sieve_ask(struct mm_slice text, bool folds, struct mm_sieve_ask *ret);
/* May a text stand in a row's lines? As the statement of search.c works it out. */
bool mm_sieve_maybe(const struct mm_sieve_ask *ask, const struct mm_sieve_row *row);

#endif
