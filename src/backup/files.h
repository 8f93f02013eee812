/*
 * backup/files.h - directories looked through, and files copied with their digest.
 *
 * Purpose   What backup, check and restore do with files, in one place.
 * Owns      A copier owns its buffer and its digest.
 * Threads   One copier, one thread.
 * Trust     Only regular files and directories are looked at; links are never followed. Depth and
 *           length of paths are bounded.
 */
#ifndef MM_BACKUP_FILES_H
#define MM_BACKUP_FILES_H

#include "backup/manifest.h"
#include "os/file.h"

enum {
    MM_TREE_DEPTH = 16, /* a part of events lies four folders deep */
};

struct mm_tree_entry {
    const char *path; /* below the directory that is walked */
    bool is_dir;
    uint64_t size; /* of a file */
};

/* Called for each file, and for each directory before what is in it, which *ret_skip leaves out.
 * Anything but MM_OK ends the walk. */
typedef enum mm_code mm_tree_fn(void *ctx, const struct mm_tree_entry *e, bool *ret_skip);

/*
 * Everything below dir; what vanishes meanwhile is passed by. MM_E_NOTFOUND: there is no dir.
 * MM_E_LIMIT: deeper than MM_TREE_DEPTH or a path too long.
 */
MM_MUST_USE enum mm_code mm_tree_walk(const char *dir, mm_tree_fn *fn, void *ctx);
/* Remove dir and everything in it; MM_OK also when it is not there. A link goes itself, what it
 * leads to stays. */
MM_MUST_USE enum mm_code mm_tree_remove(const char *dir);
/* Is there nothing in it? MM_E_NOTFOUND: no dir. */
MM_MUST_USE enum mm_code mm_tree_empty(const char *dir, bool *ret);

struct mm_copied {
    uint64_t size;
    uint8_t sha256[MM_SHA256];
};

struct mm_copier;

/* NULL without memory. */
struct mm_copier *mm_copier_new(void);
void mm_copier_free(struct mm_copier **c);
/* Read a file to its end. MM_E_SYNTAX: it is none, but a device or a pipe. */
MM_MUST_USE enum mm_code mm_copier_digest(struct mm_copier *c, const char *path,
                                          struct mm_copied *ret);
/*
 * Make `to`, which must not be there, a copy (0600) of `from`, the directories above it as well
 * (0700). Stretches of zeros become holes. Not synced. errno says why it failed.
 */
MM_MUST_USE enum mm_code mm_copier_copy(struct mm_copier *c, const char *from, const char *to,
                                        struct mm_copied *ret);
/* The directories above a path, made where they are missing, not synced. */
MM_MUST_USE enum mm_code mm_dirs_above(const char *path);
/* Everything written so far to the file system of this directory is durable. */
MM_MUST_USE enum mm_code mm_sync_all(const char *dir);

#endif
