/*
 * hunt/show.h - the alerts of a hunt as text, JSON or CSV.
 *
 * Purpose   One alert after the other, in the order of the files or of time.
 * Owns      Nothing.
 * Threads   One.
 * Trust     Everything shown is foreign: no control characters reach a terminal, a cell that a
 *           spreadsheet would take for a formula gets an apostrophe in front.
 */
#ifndef MM_HUNT_SHOW_H
#define MM_HUNT_SHOW_H

#include <stdio.h>

#include "hunt/hunt.h"
#include "text/lang.h"

enum mm_hunt_style { MM_HUNT_TEXT, MM_HUNT_JSON, MM_HUNT_CSV };

struct mm_hunt_view {
    enum mm_hunt_style style;
    enum mm_lang lang;
    int32_t offset_s; /* zone of the times in text; JSON and CSV are UTC */
    bool by_time;
    uint32_t most; /* alerts of one rule, in the order shown; 0: all */
    FILE *to;
};

/* MM_E_IO with errno: the output takes no more, or what was kept cannot be read. */
MM_MUST_USE enum mm_code mm_hunt_show(struct mm_hunt *h, const struct mm_hunt_view *view);
/* A rule's title in a language where it has one, else its own. */
struct mm_slice mm_hunt_title(const struct mm_rule *r, enum mm_lang lang);
/* Foreign text for people: valid UTF-8 without control characters. */
void mm_hunt_clean(struct mm_buf *out, struct mm_slice s);
/* Techniques of a rule ("T1070.001"), separated by blanks. */
void mm_hunt_techniques(struct mm_buf *out, const struct mm_rule *r);

#endif
