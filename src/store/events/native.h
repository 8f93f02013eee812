/*
 * store/events/native.h - events and alerts as ClickHouse Native blocks.
 *
 * Purpose   Collect rows column by column and write them as one block. Blocks of the same table
 *           can be put one behind the other: together they are the body of one insert.
 * Owns      Copies of everything that was appended; the caller's event may die at once.
 * Threads   One builder, one thread.
 * Trust     Values are hostile bytes, kept as they are. Rows and bytes of a block are bounded.
 * Spec      ClickHouse Native format; columns are store/events/schema.h.
 *
 *     struct mm_native *n;
 *     if (mm_native_new(MM_ET_EVENTS, &n) != MM_OK) …
 *     for each event:  c = mm_native_event(n, &ev);     MM_E_LIMIT: write the block first
 *     c = mm_native_write(n, &buf);                     appends the block, empties the builder
 *     … insert with mm_once_* (exactly_once.h) …
 *     mm_native_free(&n);
 */
#ifndef MM_STORE_EVENTS_NATIVE_H
#define MM_STORE_EVENTS_NATIVE_H

#include "base/buf.h"
#include "model/alert.h"
#include "model/event.h"
#include "store/events/column.h"
#include "store/events/sieve.h"

enum {
    /* The batch size at which a row costs eventd least; larger ones only delay. */
    MM_NATIVE_ROWS_MAX = 300 * 1000,
    /* Bytes of a block before it counts as full; one more row of at most a few 100 KiB fits. */
    MM_NATIVE_BYTES_MAX = 256 * 1024 * 1024,
};

struct mm_native;

/* An empty builder for rows of one table. MM_E_NOMEM leaves *ret untouched. */
MM_MUST_USE enum mm_code mm_native_new(enum mm_etable table, struct mm_native **ret);
/* Frees and sets *n to NULL; *n may be NULL. */
void mm_native_free(struct mm_native **n);

/*
 * Append one row; everything is copied.
 * MM_E_LIMIT: the block is full (MM_NATIVE_ROWS_MAX rows or MM_NATIVE_BYTES_MAX bytes), nothing was
 * appended. MM_E_NOMEM: the block is lost, call mm_native_reset.
 */
MM_MUST_USE enum mm_code mm_native_event(struct mm_native *n, const struct mm_event *ev);
/* As above for table alerts. */
MM_MUST_USE enum mm_code mm_native_alert(struct mm_native *n, const struct mm_alert *a,
                                         uint16_t keep_days);

/* As above for table sieves. */
MM_MUST_USE enum mm_code mm_native_sieve(struct mm_native *n, const struct mm_sieve_row *r);

/* Rows appended since the last write or reset, and about how many bytes they will be. */
size_t mm_native_rows(const struct mm_native *n);
size_t mm_native_bytes(const struct mm_native *n);

/*
 * Append the block to out and empty the builder (memory is kept for the next). Without rows nothing
 * is appended. MM_E_NOMEM when out became full or memory ran out: the builder is emptied too.
 */
MM_MUST_USE enum mm_code mm_native_write(struct mm_native *n, struct mm_buf *out);
/* The same bytes in pieces to a function of the caller's (a ring, a socket). */
MM_MUST_USE enum mm_code mm_native_put(struct mm_native *n, mm_bytes_fn *put, void *ctx);
/* Forget the rows, keep the memory. */
void mm_native_reset(struct mm_native *n);

#endif
