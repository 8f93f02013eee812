/*
 * parse/columns.h - what header lines of a source have said of the lines behind them.
 *
 * Purpose   "#Fields:" of W3C logs, "#fields" of Zeek, the first line of a CSV file: the names of
 *           columns by source, format and number of columns.
 * Owns      Copies of the names. Slices handed out are valid until the next _note.
 * Threads   One table, one thread.
 * Trust     Header lines are hostile: names, bytes and headers kept are bounded; what does not fit
 *           is not kept. A newer header of the same source and format replaces the one that was
 *           used longest ago when the table is full, which costs parsing, nothing else.
 */
#ifndef MM_PARSE_COLUMNS_H
#define MM_PARSE_COLUMNS_H

#include "parse/wire.h"

enum {
    MM_COLUMNS_MAX = 128,   /* columns of one header; Exchange's and Zeek's widest have about 60 */
    MM_COLUMNS_TEXT = 4096, /* bytes of its names */
    MM_COLUMNS_PATH = 64,   /* bytes of the log's name */
    MM_COLUMNS_SETS = 16,   /* by source … */
    MM_COLUMNS_WAYS = 16,   /* … headers each: a Zeek sensor writes about fifteen logs */
};

struct mm_columns_name {
    uint16_t slot; /* of the format, or MM_SYM_NONE */
    uint16_t at, n;
};

struct mm_columns_kept {
    uint64_t used; /* 0: free */
    uint32_t company, source;
    const void *format;
    uint16_t count, path_n;
    uint8_t path[MM_COLUMNS_PATH];
    struct mm_columns_name name[MM_COLUMNS_MAX];
    uint8_t text[MM_COLUMNS_TEXT];
};

struct mm_columns;

/* An empty table, or NULL when there is no memory. */
struct mm_columns *mm_columns_new(void);
void mm_columns_free(struct mm_columns **columns);
/* Forget everything: the formats have changed. */
void mm_columns_reset(struct mm_columns *columns);

/* Is any header known, of whatever source? */
bool mm_columns_any(const struct mm_columns *columns);

/* The log that the next header of this source speaks of (Zeek's #path). */
void mm_columns_path(struct mm_columns *c, const struct mm_wire *w, struct mm_slice path);
/* Keep a header: names are looked up in w->names. False when it is too large to be kept. */
bool mm_columns_note(struct mm_columns *c, const void *format, const struct mm_wire *w,
                     const struct mm_slice *name, size_t count);
/*
 * The newest header of this source and format with as many columns (SIZE_MAX: any), or NULL; only
 * those older than `before` (NULL: all).
 */
const struct mm_columns_kept *mm_columns_find(struct mm_columns *c, const void *format,
                                              const struct mm_wire *w, size_t count,
                                              const struct mm_columns_kept *before);

#endif
