/*
 * store/events/rows.h - results in RowBinary, from bytes to events and alerts.
 *
 * Purpose   The other direction of native.h, for the few rows a person looks at.
 * Owns      Nothing: texts borrow the bytes.
 * Threads   Pure functions.
 * Trust     The store is ours, but what it hands out is read as foreign bytes: every length is
 *           checked; a row that does not fit ends the reading with MM_E_SYNTAX. Fuzzed.
 * Spec      ClickHouse RowBinary with the columns of schema.h in their order.
 */
#ifndef MM_STORE_EVENTS_ROWS_H
#define MM_STORE_EVENTS_ROWS_H

#include "base/rd.h"
#include "model/alert.h"
#include "model/event.h"

/*
 * The next row of table events. MM_OK fills *ret; MM_E_SYNTAX when the bytes are no row, with *ret
 * in any state. Call while mm_rd_left(rd) > 0. Names of the map that fields.def knows become fields
 * again, others extras; what does not fit in MM_MAX_EXTRA is left out and marked.
 */
MM_MUST_USE enum mm_code mm_rows_event(struct mm_rd *rd, struct mm_event *ret);
/* A run of a queue's numbers: [from, to). */
struct mm_rows_run {
    uint16_t queue;
    uint64_t from, to;
};

enum { MM_ROWS_RUN_BYTES = 2 + 8 + 8 };

/* The next row of "queue, seq_from, seq_to" (narrow.h). MM_E_SYNTAX leaves *ret untouched. */
MM_MUST_USE enum mm_code mm_rows_run(struct mm_rd *rd, struct mm_rows_run *ret);
/* As above for table alerts. */
MM_MUST_USE enum mm_code mm_rows_alert(struct mm_rd *rd, struct mm_alert *ret);

#endif
