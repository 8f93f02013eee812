/*
 * codec/csv.h - one record of comma- or tab-separated values.
 *
 * Purpose   Split a line into cells: commas, tabs or any single byte between
 *           them, cells optionally in double quotes with "" for a quote.
 * Owns      Nothing: cells borrow the input. A cell with doubled quotes is
 *           handed out raw and marked; mm_csv_unquote makes the plain text.
 * Threads   Pure functions; no allocation but the passed arena.
 * Trust     Input is hostile: cost is linear, cells are bounded by the caller.
 * Spec      RFC 4180 for one line (a line break inside quotes ends the record).
 *           Fuzzed by csv_fuzz.c.
 */
#ifndef MM_CODEC_CSV_H
#define MM_CODEC_CSV_H

#include "base/arena.h"
#include "base/base.h"

struct mm_csv {
    struct mm_slice in;
    size_t pos;
    uint8_t gap;
    bool quotes; /* double quotes mean something */
    bool ended;
};

struct mm_csv_cell {
    struct mm_slice text; /* without its quotes */
    bool doubled;         /* holds "": see mm_csv_unquote */
    bool torn;            /* the closing quote was missing, or text followed it */
};

void mm_csv_init(struct mm_csv *csv, struct mm_slice in, uint8_t gap, bool quotes);
/* The next cell; false behind the last. An empty line has one empty cell. */
MM_MUST_USE bool mm_csv_next(struct mm_csv *csv, struct mm_csv_cell *ret);
/* The text with "" read as ". False when the arena is full. */
MM_MUST_USE bool mm_csv_unquote(struct mm_arena *arena, struct mm_slice raw, struct mm_slice *ret);

#endif
