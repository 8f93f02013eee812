/*
 * intake/import.h - a file's lines into the spool, once.
 *
 * Purpose   Read a file or a pipe (plain, gzip or zstd, told by its first bytes), pass over what
 *           was imported before, append and commit the rest. UTF-16 becomes UTF-8 here, since its
 *           lines end with two bytes; other character sets stay as they are, with a mark.
 * Owns      Its spool queue, its buffers, for a pipe a nameless temporary file.
 * Threads   One.
 * Trust     The content is hostile; memory is bounded. A packed file that is damaged is imported
 *           as far as it can be read, and then MM_E_SYNTAX says so.
 */
#ifndef MM_INTAKE_IMPORT_H
#define MM_INTAKE_IMPORT_H

#include "base/base.h"
#include "codec/charset.h"
#include "intake/join.h"
#include "store/spool/spool.h"

enum { MM_IMPORT_GROUP = 4 * 1024 * 1024 /* bytes of items per commit */ };

struct mm_import_options {
    const char *state_dir;
    struct mm_fs fs;    /* zero: the real files */
    size_t segment_max; /* zero: MM_SPOOL_SEGMENT */
    uint32_t company, source;
    enum mm_charset charset;      /* MM_CS_UNKNOWN: UTF-16 by its beginning, others when parsed */
    mm_join_continues *continues; /* NULL: every line is a record */
    void *continues_ctx;
    size_t lines_max; /* of one record; at least 1 with continues */
    bool again;       /* store it although it was imported before */
    bool wait;        /* for another import that runs, instead of MM_E_BUSY */
    /* Called while the disk is full, about every second, and between groups; true: stop. */
    bool (*stop)(void *ctx, bool full);
    void *ctx;
    int stop_fd;             /* readable: stop, also while a pipe has nothing to read; 0: none */
    int64_t (*now_us)(void); /* wall clock */
};

struct mm_import_result {
    uint64_t stored;    /* lines (records, where they are joined) that are durable now */
    uint64_t passed;    /* those that were there already */
    uint64_t truncated; /* of stored: cut at MM_MAX_LINE */
    bool stopped;       /* `stop` said so */
};

struct mm_import;

/* Open the queue of imports. MM_E_BUSY: another import runs. */
MM_MUST_USE enum mm_code mm_import_open(const struct mm_import_options *options,
                                        struct mm_import **ret);
void mm_import_close(struct mm_import **im);
/* All lines of fd, which is not closed. *ret says how far it came, also on failure. */
MM_MUST_USE enum mm_code mm_import_run(struct mm_import *im, int fd, struct mm_import_result *ret);

#endif
