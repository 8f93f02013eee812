/*
 * intake/import.h - a file's lines into the spool, once.
 *
 * Purpose   Read a file or a pipe (plain or packed: intake/unpack.h), pass over what was imported
 *           before, append and commit the rest; of a list in JSON each record. UTF-16 becomes UTF-8
 *           here, since its lines end with two bytes; other character sets stay, with a mark.
 * Owns      Its spool queue, its buffers, for a pipe a nameless temporary file.
 * Threads   One.
 * Trust     The content is hostile; memory is bounded. A packed file or a list in JSON that is
 *           damaged is imported as far as it can be read, and then MM_E_SYNTAX says so.
 */
#ifndef MM_INTAKE_IMPORT_H
#define MM_INTAKE_IMPORT_H

#include "base/base.h"
#include "codec/charset.h"
#include "intake/imports.h"
#include "intake/join.h"
#include "store/spool/spool.h"

enum { MM_IMPORT_GROUP = 4 * 1024 * 1024 /* bytes of items per commit */ };

struct mm_import_options {
    const char *state_dir;
    uint16_t queue;     /* 0: MM_INGEST_QUEUE */
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
    uint64_t stored;    /* records (lines, where they are not joined) that are durable now */
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
/* Make what was read durable, however long the disk is full. */
MM_MUST_USE enum mm_code mm_import_commit(struct mm_import *im);
/* What has come of everything since mm_import_open or the last mm_import_run began. */
struct mm_import_result mm_import_result(const struct mm_import *im);

/* ---- a plain file that grows ---- */

/* A place in a file between two records, all before it being durable or waiting for a commit. */
struct mm_import_mark {
    uint64_t offset;
    struct mm_import_at at;
};

struct mm_import_file;

/*
 * Begin to read fd, which stays the caller's and must outlive the file. What of it was imported
 * before is found out by reading it, from `from` on when that is not NULL and the spool knows of
 * it, and is passed over.
 */
MM_MUST_USE enum mm_code mm_import_file_open(struct mm_import *im, int fd,
                                             const struct mm_import_mark *from,
                                             struct mm_import_file **ret);
void mm_import_file_close(struct mm_import_file **f);
/*
 * Read on: some 256 KiB. *ret_n says how many bytes came, 0 at the end of the file. A last line
 * without its LF waits for it. `old`: these lines were there before anybody followed the file.
 */
MM_MUST_USE enum mm_code mm_import_file_read(struct mm_import_file *f, bool old, size_t *ret_n);
/* Nothing has come for a while: a record of several lines that could go on is whole. */
void mm_import_file_pause(struct mm_import_file *f);
/* Nothing will ever come: so is a last line without its LF. MM_E_SYNTAX: the file is damaged. */
MM_MUST_USE enum mm_code mm_import_file_end(struct mm_import_file *f);
/* Bytes read; and a place from which another process may go on. */
uint64_t mm_import_file_pos(const struct mm_import_file *f);
struct mm_import_mark mm_import_file_mark(const struct mm_import_file *f);

#endif
