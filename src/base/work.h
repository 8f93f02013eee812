/*
 * base/work.h - how much work something hostile may still cause.
 *
 * Purpose   Count what reading a line costs in units of about a nanosecond, and stop when they are
 *           used up. Units are of what was done, never of a clock: the same bytes cost the same on
 *           every machine, so a replay stops where the first run did.
 * Owns      Nothing.
 * Threads   One account, one thread.
 * Trust     Whoever loops over hostile bytes takes from the account before or while it does, and
 *           stops when there is nothing left. A NULL account has no end: for tests and content.
 */
#ifndef MM_BASE_WORK_H
#define MM_BASE_WORK_H

#include "base/base.h"

struct mm_work {
    uint32_t left;
    bool over; /* more was asked for than was left: stays so */
};

/* Take units. False when there are not as many left; then there are none, and none are left. */
static inline bool mm_work_take(struct mm_work *work, size_t units)
{
    if (MM_LIKELY(work == NULL || units <= work->left)) {
        if (work != NULL)
            work->left -= (uint32_t)units; /* at most left */
        return work == NULL || !work->over;
    }
    work->left = 0;
    work->over = true;
    return false;
}

#endif
