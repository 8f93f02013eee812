/*
 * detect/logsource.h - from an event to the logsources that produce it.
 *
 * Purpose   Rows of logsource.def, made ready once per rule set; a route key that is equal for
 *           events that take the same way, so that the way can be remembered.
 * Owns      Rows live in the arena of the rule set.
 * Threads   Built once, then read only.
 * Trust     Events are hostile; a key has a maximum, longer ones are not remembered.
 */
#ifndef MM_DETECT_LOGSOURCE_H
#define MM_DETECT_LOGSOURCE_H

#include "base/arena.h"
#include "model/event.h"

enum {
    MM_SOURCE_WORDS = 4,    /* bit set over rows: room for 256 */
    MM_ROUTE_KEY_MAX = 192, /* longest channel name: 96 */
};

struct mm_source_bits {
    uint64_t w[MM_SOURCE_WORDS];
};

struct mm_source_row;

struct mm_sources {
    struct mm_source_row *row;
    size_t n;
};

MM_MUST_USE bool mm_sources_init(struct mm_arena *a, struct mm_sources *ret);
/* Rows that a rule's logsource selects; empty attributes agree with everything. False for none. */
bool mm_sources_select(const struct mm_sources *s, struct mm_slice product,
                       struct mm_slice category, struct mm_slice service,
                       struct mm_source_bits *ret);
/* Rows whose tests the event passes. */
void mm_sources_test(const struct mm_sources *s, const struct mm_event *ev,
                     struct mm_source_bits *ret);
/* Bytes that decide mm_sources_test, written to key; 0 when they don't fit. */
size_t mm_sources_key(const struct mm_event *ev, uint8_t key[MM_ROUTE_KEY_MAX]);

#endif
