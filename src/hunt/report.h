/*
 * hunt/report.h - what a hunt found, as a document, as tables, and as a page for a president.
 *
 * Purpose   One document says it all; the tables are for whoever helps, the page for whoever
 *           decides: what was looked at, found, what it means, what to do first, what could not be
 *           seen.
 * Owns      Nothing: the document lives in the arena.
 * Threads   One.
 * Trust     Names are foreign: cleaned where they are written.
 */
#ifndef MM_HUNT_REPORT_H
#define MM_HUNT_REPORT_H

#include "hunt/hunt.h"
#include "text/doc.h"
#include "text/lang.h"

struct mm_hunt_asked {
    enum mm_lang lang;
    int32_t offset_s;
    bool own_rules; /* no rules were named: ours were taken */
    uint32_t most;
};

/* Everything; counts are sorted for good. */
struct mm_doc *mm_hunt_doc(struct mm_hunt *h, const struct mm_hunt_asked *asked,
                           struct mm_arena *arena);
/* Tables for a terminal or a file. */
void mm_hunt_tables(struct mm_buf *out, const struct mm_doc *doc,
                    const struct mm_hunt_asked *asked);
/* The page. */
void mm_hunt_page(struct mm_buf *out, const struct mm_doc *doc, const struct mm_hunt_asked *asked);

#endif
