/*
 * codec/winmsg.h - the text of a Windows event as people read it: "Subject:  Account Name:  sato".
 *
 * Purpose   Agents that send events as text (Snare, EventReporter, exports of the event viewer)
 *           send this and not the values themselves. Line ends and tabs of the text may have
 *           become blanks on the way: two of them part what one does not.
 * Owns      Nothing: everything borrows the input.
 * Threads   Pure functions: no state, no allocation, no I/O.
 * Trust     Input is hostile: cost is linear.
 * Spec      The message templates of the Security log, in English and Japanese: sections and
 *           names end with a colon, a section's name is followed by a name. Fuzzed by
 *           winmsg_fuzz.c.
 */
#ifndef MM_CODEC_WINMSG_H
#define MM_CODEC_WINMSG_H

#include "base/base.h"

struct mm_winmsg {
    struct mm_slice in;
    size_t pos;
    struct mm_slice section, outer;
};

struct mm_winmsg_pair {
    struct mm_slice section; /* what the name stands under; empty at the top */
    /* The section before: a name without a value cannot be told from a section, and when it was
     * one, this is where the pair belongs. */
    struct mm_slice outer;
    struct mm_slice name;  /* without its colon */
    struct mm_slice value; /* never empty */
};

/* Walk a message. *ret_title is the sentence in front, up to the first name. */
void mm_winmsg_init(struct mm_winmsg *walk, struct mm_slice text, struct mm_slice *ret_title);
/* The next value; false at the end. Sentences between are passed over. */
MM_MUST_USE bool mm_winmsg_next(struct mm_winmsg *walk, struct mm_winmsg_pair *ret);

#endif
