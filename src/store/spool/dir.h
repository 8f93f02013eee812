/*
 * store/spool/dir.h - names in a queue's directory, and the page that says what is durable.
 *
 * Purpose   What writer, reader and trim share: `q<queue>/<first number, 16 hex>.seg`, `lock`,
 *           `commit`.
 * Owns      A list owns its array; a page owns its mapping.
 * Threads   The page is written by one process and read by many; its words are atomic.
 * Trust     Names that are not ours are ignored. The page may be stale after a power cut, never
 *           ahead of the disk: it is written after fdatasync. The writer rebuilds it on open.
 */
#ifndef MM_STORE_SPOOL_DIR_H
#define MM_STORE_SPOOL_DIR_H

#include <stdatomic.h>

#include "store/spool/spool.h"

/* While somebody has this file's lock, nothing is trimmed (snapshot.h). */
#define MM_SPOOL_HOLD "hold"

enum { MM_PAGE_SIZE = 4096, MM_PAGE_VERSION = 1 };

/* Shared through a file; lies in one sector, so a power cut leaves an old or a new one. */
struct mm_spool_page {
    uint8_t magic[8];
    uint32_t version;
    _Atomic uint32_t commits; /* changes with every commit; readers wait on it (futex) */
    _Atomic uint64_t next;    /* records below this number are durable */
    uint64_t next_not;        /* ~next: tells the writer that the page is whole */
};

struct mm_seg_list {
    uint64_t *first; /* ascending */
    size_t n;
};

/* "dir/q<queue>" */
MM_MUST_USE enum mm_code mm_spool_dir(char ret[MM_MAX_PATH], const char *dir, uint16_t queue);
/* "qdir/<first>.seg" and, while it is being made, "qdir/<first>.new" */
MM_MUST_USE enum mm_code mm_seg_path(char ret[MM_MAX_PATH], const char *qdir, uint64_t first,
                                     bool finished);
/* The segments in qdir, ascending. The caller frees ret->first. MM_E_NOTFOUND: no directory. */
MM_MUST_USE enum mm_code mm_seg_list(const char *qdir, struct mm_seg_list *ret);
/* Map a whole file for reading. Empty or larger than 1 GiB is MM_E_SYNTAX. */
MM_MUST_USE enum mm_code mm_seg_map(const char *path, struct mm_slice *ret);
void mm_seg_unmap(struct mm_slice *map);

/* Make (when missing) and map the page for writing. */
MM_MUST_USE enum mm_code mm_page_create(struct mm_fs fs, const char *qdir,
                                        struct mm_spool_page **ret);
/* Map it for reading. MM_E_NOTFOUND when no writer ever opened this queue. */
MM_MUST_USE enum mm_code mm_page_open(const char *qdir, const struct mm_spool_page **ret);
void mm_page_close(const struct mm_spool_page *page);
/* Say that everything below next is durable, and wake who waits. */
void mm_page_publish(struct mm_spool_page *page, uint64_t next);
/* What the page says, or 0 when it is torn or new. For the writer. */
uint64_t mm_page_next(const struct mm_spool_page *page);
/* Wait until the page says more than `below`; false after timeout_ms. */
bool mm_page_wait(const struct mm_spool_page *page, uint64_t below, int timeout_ms);

#endif
