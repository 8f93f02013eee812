/*
 * engine/headers.h - what sources have said for all of their lines, handed on to every shard:
 * header lines ("#Fields: date time ...") and their character set.
 *
 * Purpose   The lines of one source are parsed by several shards at a time, but only one of them
 *           sees the line that names their columns. The sink reads in the order of the spool: it
 *           keeps the newest header lines of each source and puts them in front of that source's
 *           first record in every chunk. What begins like "#Fields:" is known at once; a line that
 *           may be the first of a CSV file is handed on until the shard that has read it answers.
 *           Which of two Japanese character sets a source writes shows in some of its lines and
 *           holds for the others; the sink looks at all that are not plain, and what it has seen is
 *           a line of ours among the source's own ("#charset 3"), which no sender can write.
 *           A second table, of what is stored, is written to the records with the position.
 * Owns      Copies of the lines.
 * Threads   Each table is one thread's.
 * Trust     Lines are hostile and are not read here, only recognised by a few bytes; sources, and
 *           bytes of each, are bounded. What does not fit is forgotten, oldest first: lines behind
 *           it then take the columns their format knows by itself (parse/SCHEMA.md, "Header
 *           lines").
 */
#ifndef MM_ENGINE_HEADERS_H
#define MM_ENGINE_HEADERS_H

#include "base/base.h"
#include "codec/charset.h"

enum {
    MM_HEADERS_SOURCES = 2048, /* sources that say such things; the longest silent makes room */
    MM_HEADERS_TEXT = 8192,    /* of one: fifteen logs of Zeek have 5,000 */
    MM_HEADERS_LOOK = 160,     /* a syslog header of a relay may stand in front */
    MM_HEADERS_TRIES = 32,     /* lines that wait for a shard's answer, of all sources */
    MM_HEADERS_TRY = 2048,     /* bytes of one; exports of Japanese asset managers have 1,500 */
    MM_HEADERS_CELL = 64,      /* of a name in it */
    MM_HEADERS_BLANKS = 5,     /* in a name: "Address Book Change Request IP Address" */
};

struct mm_headers;

/* An empty table, or NULL when there is no memory. */
struct mm_headers *mm_headers_new(void);
void mm_headers_free(struct mm_headers **headers);

/* Is this a line that names columns ("#Fields:", "#fields"), or the log they are of ("#path")? */
bool mm_headers_is(struct mm_slice line);
/* Could it be names of columns without such a mark, the first line of a CSV file, perhaps behind a
 * syslog header? Cheap. */
bool mm_headers_may(struct mm_slice line);
/* Keep a line that names columns; one that differs in a syslog header's time only is the same. */
void mm_headers_note(struct mm_headers *h, uint32_t company, uint32_t source, struct mm_slice line);
/*
 * What the lines of a source have shown of its character set is this now: kept as a line, which
 * mm_headers_seen_of reads. Nothing happens, and the line is empty, when it is known already.
 */
struct mm_slice mm_headers_lean(struct mm_headers *h, uint32_t company, uint32_t source,
                                struct mm_charset_seen seen);
/* What is kept of that; zero when there is nothing. */
struct mm_charset_seen mm_headers_seen(const struct mm_headers *h, uint32_t company,
                                       uint32_t source);
/* Is this kept line not a source's own, but says what was seen of its character set? */
bool mm_headers_seen_of(struct mm_slice line, struct mm_charset_seen *ret);
/* Hand a line on that may be one, until it is known. To be called as often as it is answered. */
void mm_headers_try(struct mm_headers *h, uint32_t company, uint32_t source, struct mm_slice line);
/* Now it is known. Whatever the order of answers, lines of a source stay in that of their tries. */
void mm_headers_answer(struct mm_headers *h, uint32_t company, uint32_t source,
                       struct mm_slice line, bool is);
/* Does any line wait for its answer? */
bool mm_headers_trying(const struct mm_headers *h);
/* The lines kept of a source, oldest first, a newline behind each; empty when there are none. Valid
 * until the next call with this table. */
struct mm_slice mm_headers_of(struct mm_headers *h, uint32_t company, uint32_t source);

/* Take lines as mm_headers_of has given them. */
void mm_headers_put(struct mm_headers *h, uint32_t company, uint32_t source, struct mm_slice lines);
/*
 * The next source whose lines have changed since it was last asked so; lines are empty when they
 * were forgotten. False when there is none. Begin with *at = 0; nothing may change meanwhile.
 */
bool mm_headers_changed(const struct mm_headers *h, size_t *at, uint32_t *ret_company,
                        uint32_t *ret_source, struct mm_slice *ret_lines);
/* All that has changed is written. */
void mm_headers_written(struct mm_headers *h);

#endif
