/*
 * tests/harness/fault_fs.h - a disk under os/file.h that can lose power at every write.
 *
 * Purpose   Count operations; at the n-th one stop in the middle of it; then leave on the real
 *           disk what a power cut could have left: everything synced, and of the rest nothing,
 *           all, a front part or any half sectors. Also a disk that is full or broken for a while.
 * Owns      Copies of what was synced.
 * Threads   One test, one thread.
 * Trust     Test code only. All files in play lie in one directory (and no deeper); directories
 *           themselves are durable at once.
 */
#ifndef MM_TESTS_HARNESS_FAULT_FS_H
#define MM_TESTS_HARNESS_FAULT_FS_H

#include "os/file.h"

enum mm_fault_rest {
    MM_REST_NOTHING, /* what was not synced is gone */
    MM_REST_ALL,     /* all of it is there */
    MM_REST_FRONT,   /* a front part, cut inside a sector */
    MM_REST_ANY,     /* any half sectors and names, by the seed */
    MM_REST_COUNT
};

struct mm_fault_fs;

/* A healthy disk. It knows nothing of files that exist already, except by _adopt. */
struct mm_fault_fs *mm_fault_fs_new(void);
void mm_fault_fs_free(struct mm_fault_fs **f);
struct mm_fs mm_fault_fs_ops(struct mm_fault_fs *f);
/* Take the files of dir as they are now for durable. */
void mm_fault_fs_adopt(struct mm_fault_fs *f, const char *dir);
/* The power goes in the n-th operation from now (1 is the next); 0: never. */
void mm_fault_fs_cut_at(struct mm_fault_fs *f, unsigned n);
/* The next n writes or syncs fail with `code` (a write: after part of it). */
void mm_fault_fs_fail(struct mm_fault_fs *f, unsigned n, enum mm_code code);
bool mm_fault_fs_is_dead(const struct mm_fault_fs *f);
/* Operations so far. */
unsigned mm_fault_fs_count(const struct mm_fault_fs *f);
/*
 * The machine starts again: dir now holds what the cut left. Everything that was open must have
 * been closed. The disk is healthy again and all that is there is durable.
 */
void mm_fault_fs_restart(struct mm_fault_fs *f, const char *dir, enum mm_fault_rest rest,
                         uint64_t seed);

#endif
