/*
 * engine/headers.h - header lines of sources ("#Fields: date time ..."), handed on to every shard.
 *
 * Purpose   The lines of one source are parsed by several shards at a time, but only one of them
 *           sees the line that names their columns. The sink reads in the order of the spool: it
 *           keeps the newest header lines of each source and puts them in front of that source's
 *           first record in every chunk.
 * Owns      Copies of the lines.
 * Threads   The sink's.
 * Trust     Lines are hostile and are not read here, only recognised by a few bytes; sources, and
 *           bytes of each, are bounded. What does not fit is forgotten, oldest first: lines behind
 *           it then take the columns their format knows by itself (parse/SCHEMA.md, "Header
 * lines").
 */
#ifndef MM_ENGINE_HEADERS_H
#define MM_ENGINE_HEADERS_H

#include "base/base.h"

enum {
    MM_HEADERS_SOURCES = 256, /* sources that write such files; others come from it again */
    MM_HEADERS_TEXT = 8192,   /* of one: fifteen logs of Zeek have 5,000 */
    MM_HEADERS_LOOK = 160,    /* a syslog header of a relay may stand in front */
};

struct mm_headers;

/* An empty table, or NULL when there is no memory. */
struct mm_headers *mm_headers_new(void);
void mm_headers_free(struct mm_headers **headers);

/* Is this a line that names columns ("#Fields:", "#fields"), or the log they are of ("#path")? */
bool mm_headers_is(struct mm_slice line);
/* Keep a line for which that holds. */
void mm_headers_note(struct mm_headers *h, uint32_t company, uint32_t source, struct mm_slice line);
/* The lines kept of a source, oldest first, a newline behind each; empty when there are none. Valid
 * until the next _note. */
struct mm_slice mm_headers_of(const struct mm_headers *h, uint32_t company, uint32_t source);

#endif
