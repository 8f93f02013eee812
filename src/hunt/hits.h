/*
 * hunt/hits.h - the alerts of a hunt, kept until all are there.
 *
 * Purpose   Alerts come from several readers at once; they are listed in the order of the files, or
 *           of time. Frames lie in a file without a name, only places are kept in memory.
 * Owns      The file and the list of places.
 * Threads   One.
 * Trust     The file is ours alone: it has no name. What is in it was checked on its way in.
 */
#ifndef MM_HUNT_HITS_H
#define MM_HUNT_HITS_H

#include "hunt/frame.h"

enum { MM_HITS_MAX = 4 * 1000 * 1000 /* listed one by one; 32 bytes each */ };

struct mm_hit_place {
    int64_t time_us;
    uint64_t at;
    uint32_t part; /* of the plan: parts are in the order of files */
    uint32_t file;
    uint32_t rule;
};

struct mm_hits {
    int fd;
    uint64_t size;
    struct mm_buf unwritten;
    struct mm_hit_place *place;
    size_t n, cap;
    uint64_t left_out; /* no room in the list */
};

/* dir: where the file lies. MM_E_IO with errno. */
MM_MUST_USE enum mm_code mm_hits_init(struct mm_hits *h, const char *dir);
/* Safe on zeroes. */
void mm_hits_done(struct mm_hits *h);
/* Keep a hit. MM_E_FULL, MM_E_IO with errno. */
MM_MUST_USE enum mm_code mm_hits_add(struct mm_hits *h, const struct mm_hunt_frame *hit,
                                     uint32_t part, uint32_t file);
/* What is called for each; false ends the walk. */
typedef bool mm_hits_each(void *ctx, const struct mm_hit_place *place,
                          const struct mm_hunt_frame *hit);
/* All in the order of files, or of time. Nothing can be added afterwards. */
MM_MUST_USE enum mm_code mm_hits_walk(struct mm_hits *h, bool by_time, mm_hits_each *each,
                                      void *ctx);

#endif
