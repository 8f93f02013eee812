/*
 * codec/repeat.h - "last message repeated 3 times", in the ways that loggers say it.
 *
 * Purpose   Tell such a line, its count, and the repeated message when it stands in the line.
 * Owns      Nothing: the message borrows the input.
 * Threads   Pure functions.
 * Trust     Input is hostile; cost is linear.
 * Spec      syslogd, BusyBox, Cisco IOS ("last message repeated 3 times"), YAMAHA ("same message
 *           repeated 3 times"), rsyslog ("message repeated 3 times: [ text]"), syslog-ng ("Last
 *           message 'text' repeated 3 times, suppressed by syslog-ng on host"). Fuzzed by
 *           repeat_fuzz.c.
 */
#ifndef MM_CODEC_REPEAT_H
#define MM_CODEC_REPEAT_H

#include "base/base.h"

struct mm_repeat {
    uint64_t times;          /* at least 1: how often more than the line that was written out */
    struct mm_slice message; /* what was repeated; empty: the message before this one */
};

/* Is this the text of a message that stands for repetitions? *ret is untouched when not. */
bool mm_repeat_read(struct mm_slice text, struct mm_repeat *ret);

#endif
