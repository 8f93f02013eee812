/*
 * hunt/words.h - words of po/ with the members of a document in them.
 *
 * Purpose   What tables.c and page.c write lines with.
 * Owns      Nothing.
 * Threads   One.
 * Trust     Members hold foreign text: it is cleaned here.
 */
#ifndef MM_HUNT_WORDS_H
#define MM_HUNT_WORDS_H

#include "hunt/report.h"

struct mm_hunt_words {
    struct mm_buf *out;
    const struct mm_hunt_asked *asked;
};

/* The words of a key; {names} are members of doc (may be NULL). */
void mm_hunt_say(const struct mm_hunt_words *w, const char *key, const struct mm_doc *doc);
/* A line, with `indent` in front, for each thing that was left out on purpose; none for nothing. */
void mm_hunt_say_left_out(const struct mm_hunt_words *w, const struct mm_doc *doc,
                          const char *indent);
/* The words of PREFIX.NAME; the name itself where there are none. */
void mm_hunt_say_of(const struct mm_hunt_words *w, const char *prefix, struct mm_slice name);
/* A number with its thousands. */
void mm_hunt_say_number(const struct mm_hunt_words *w, int64_t v, size_t columns);
/* A moment in the zone that was asked for, or "-". */
void mm_hunt_say_time(const struct mm_hunt_words *w, const struct mm_doc *at, const char *key,
                      enum mm_time_style style);
/* Members by name: 0, the empty text, NULL where there is none. */
int64_t mm_hunt_int(const struct mm_doc *at, const char *key);
struct mm_slice mm_hunt_text(const struct mm_doc *at, const char *key);
const struct mm_doc *mm_hunt_first(const struct mm_doc *at, const char *key);

#endif
