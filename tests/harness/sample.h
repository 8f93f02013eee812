/*
 * tests/harness/sample.h - events as firewalls, proxies and Windows machines make them.
 *
 * Purpose   The same realistic rows for tests and benches of the store: the values of a row follow
 *           from its number alone, so that what was stored can be checked against it.
 * Owns      A sample owns the text its event borrows, until the next _fill.
 * Threads   One sample, one thread.
 * Trust     Test code only.
 */
#ifndef MM_TESTS_HARNESS_SAMPLE_H
#define MM_TESTS_HARNESS_SAMPLE_H

#include "model/event.h"

enum { MM_SAMPLE_TEXT = 2048 };

struct mm_sample {
    uint32_t companies; /* rows are spread over so many, … */
    uint32_t first;     /* … beginning with this one (1 by _init) */
    uint16_t queue;
    int64_t start_us; /* `received` of row 1; rows are 5 us apart */
    size_t text_n;
    char text[MM_SAMPLE_TEXT];
};

/* Companies 1..companies. start_us: `received` of the first row. */
void mm_sample_init(struct mm_sample *s, uint32_t companies, uint16_t queue, int64_t start_us);
/* The row with number seq. Its texts live in the sample until the next call. */
void mm_sample_fill(struct mm_sample *s, uint64_t seq, struct mm_event *ev);

#endif
