/*
 * intake/follow.h - files that are written while they are read: their lines into the spool, once.
 *
 * Purpose   Look for the files that paths and patterns name, read what is appended, go on through
 *           rotation: a file that is renamed stays itself, one that was cut to nothing begins
 *           anew, copies and packed files bring what is new in them. What a file is, and how far it
 *           is imported, is told by its lines (intake/imports.h) and stands in the spool's records,
 *           so it is as durable as they are. The table of places below the state directory only
 *           saves reading files from their front after a restart.
 * Owns      Open files, the table of places. The import is the caller's.
 * Threads   One. The clock is a parameter.
 * Trust     Who writes the files is hostile, who names them is the operator. Files, patterns and
 *           bytes of one step are bounded. The table of places is believed only where file, front
 *           and the spool agree with it.
 */
#ifndef MM_INTAKE_FOLLOW_H
#define MM_INTAKE_FOLLOW_H

#include "base/base.h"
#include "intake/import.h"
#include "store/spool/spool.h"

enum {
    MM_FOLLOW_QUEUE = 1000,    /* of source 0; a followed source has a queue of its own */
    MM_FOLLOW_SOURCES = 60000, /* a queue's number has 16 bits */
    /* Followed sources of a machine: intake's and the imports' queues are read as well. */
    MM_FOLLOW_QUEUES = MM_SPOOL_QUEUES_READ - 2,
    MM_FOLLOW_PATHS = 8,     /* of one process: each is a path of its sandbox */
    MM_FOLLOW_FILES = 512,   /* open at once; others wait until these are quiet or gone */
    MM_FOLLOW_PLACES = 8192, /* remembered: ten years of daily files, and more */
};

struct mm_follow;

struct mm_follow_options {
    struct mm_import *import;
    const char *places; /* file of the table of places */
    const char *const
        *paths;     /* a file, a directory (what is in it, hidden files apart), a pattern */
    size_t paths_n; /* 1..MM_FOLLOW_PATHS */
    /* Said once of a file that is not read: "unreadable", "damaged" (a packed one, read as far as
     * it goes), "evtx", "too_many". May be NULL. */
    void (*say)(void *ctx, const char *path, const char *what);
    void *ctx;
};

/* Whether the queue of this source is, or would be, one of the followed ones that are read; dir is
 * the spool's, and need not be there. source < MM_FOLLOW_SOURCES. */
bool mm_follow_has_room(const char *dir, uint32_t source);
/* Paths are borrowed. A table of places that is not there or damaged is an empty one. */
MM_MUST_USE enum mm_code mm_follow_new(const struct mm_follow_options *options,
                                       struct mm_follow **ret);
/* Files are closed; what was read and not committed is read again one day. */
void mm_follow_free(struct mm_follow **f);
/*
 * Look for files, read some of each, make it durable. *ret_more says whether there is more to read
 * at once; else the next step may wait half a second. now_us is a clock that never goes back.
 */
MM_MUST_USE enum mm_code mm_follow_step(struct mm_follow *f, int64_t now_us, bool *ret_more);
/* Write the table of places: at the end, and by itself every half minute. */
MM_MUST_USE enum mm_code mm_follow_save(struct mm_follow *f);
/* Files that are open now. */
size_t mm_follow_count(const struct mm_follow *f);

#endif
