/*
 * hunt/plan.h - which files there are, and in which portions they are read.
 *
 * Purpose   Folders are walked; large event logs are cut where their chunks begin, large files of
 *           lines where lines do, so that all cores have work; small files go together, so that a
 *           child is worth its start.
 * Owns      The plan owns its lists and paths.
 * Threads   One.
 * Trust     Names are foreign (evidence of others): any bytes but NUL. Symbolic links are followed
 *           only where the user names them; what is no regular file is not read but named, except a
 *           pipe that the user names. The first MM_CUT_HEAD bytes of each file are looked at here,
 *           by the few functions that say whether it can be cut; each has a fuzzer.
 */
#ifndef MM_HUNT_PLAN_H
#define MM_HUNT_PLAN_H

#include "base/arena.h"
#include "hunt/frame.h"

enum {
    MM_HUNT_FILES_MAX = 1000 * 1000,       /* a file system of evidence; 200 bytes each */
    MM_HUNT_UNIT_BYTES = 16 * 1024 * 1024, /* what one child reads: half a second */
    MM_HUNT_UNIT_PARTS = 64,               /* files of one child: it inherits them open */
    MM_HUNT_PATHS_MEMORY = 512 * 1024 * 1024,
};

struct mm_hunt_file {
    struct mm_slice path; /* NUL-terminated; of members "ARCHIVE!MEMBER" */
    uint64_t size;
    int64_t changed_us; /* of dates without a year */
    enum mm_hunt_state state;
    int error;           /* errno of NOT_OPENED */
    uint32_t parts_left; /* not read yet */
    uint64_t moved;      /* bytes of it that count as read, for progress */
    bool member;
    struct mm_hunt_sums sums;
};

/* A file or chunks of it. */
struct mm_hunt_part {
    uint32_t file;
    bool evtx;         /* chunks of an event log; otherwise the child finds out */
    bool lines;        /* the lines that begin in these bytes */
    uint64_t from, to; /* bytes */
    uint64_t events;   /* that it had, once it was read */
    uint64_t before;   /* lines of the file before it: what numbers of its lines count from */
};

/* What one child reads: parts [part, part + part_n). */
struct mm_hunt_unit {
    uint32_t part, part_n;
};

struct mm_hunt_plan {
    struct mm_arena paths;
    struct mm_hunt_file *file;
    struct mm_hunt_part *part;
    struct mm_hunt_unit *unit;
    size_t file_n, file_cap, part_n, part_cap, unit_n, unit_cap;
    uint64_t bytes;
    uint64_t unit_bytes; /* of the unit that is being filled */
    bool whole_lines;    /* records have several lines: files of lines are not cut */
};

void mm_hunt_plan_init(struct mm_hunt_plan *p);
void mm_hunt_plan_done(struct mm_hunt_plan *p);
/*
 * Add a file or everything below a folder, in name order; "-" is standard input. What cannot be
 * opened becomes a file that says so. MM_E_NOTFOUND: there is no such path; MM_E_LIMIT: too many
 * files; MM_E_NOMEM.
 */
MM_MUST_USE enum mm_code mm_hunt_plan_add(struct mm_hunt_plan *p, const char *path);
/* A unit of parts that are there already, read last. */
MM_MUST_USE enum mm_code mm_hunt_plan_unit(struct mm_hunt_plan *p, uint32_t part, uint32_t part_n);
/* A file that was found while reading: a member of an archive. */
MM_MUST_USE enum mm_code mm_hunt_plan_member(struct mm_hunt_plan *p, uint32_t archive,
                                             struct mm_slice name, uint32_t *ret);

#endif
