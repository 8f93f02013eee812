/* intake/import.c - see import.h for the contract. */
#include "intake/import.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "codec/ext/gzip.h"
#include "codec/ext/zstd.h"
#include "intake/core.h"
#include "intake/imports.h"
#include "intake/stream.h"
#include "model/event.h"

enum {
    CHUNK = 256 * 1024,
    MAGIC = 4, /* bytes that tell how a file is packed */
    FULL_WAIT_MS = 200,
};

enum packing { PLAIN, GZIP, ZSTD };

/* Bytes as they come, from the front of the file again when asked for. */
struct input {
    int fd;
    int stop_fd;
    int copy; /* of a pipe: what was read of it so far; -1: none is kept */
    bool seekable;
    bool replay; /* reading the copy */
    enum packing packing;
    struct mm_gzip *gzip;
    struct mm_zstd *zstd;
    uint8_t *raw;
    struct mm_slice left; /* of raw, not unpacked yet */
    bool end;             /* of fd */
};

struct mm_import {
    struct mm_import_options o;
    struct mm_imports *table;
    struct mm_spool *spool;
    struct input in;
    struct mm_stream stream;
    struct mm_join join;
    uint8_t *text; /* unpacked */
    uint8_t *wide_text;
    struct mm_utf16 wide;
    enum mm_charset charset; /* said, or found out */
    /* Where the file is. Lines up to `skip` are passed over. */
    struct mm_import_at at;
    uint64_t skip, depth;
    bool begun;    /* its first bytes were looked at */
    bool looking;  /* finding out how far it was imported; nothing is stored */
    uint64_t best; /* lines known to be imported */
    uint64_t appended, cut;
    struct mm_import_result *ret;
    enum mm_code code;
};

/* ---- bytes ---- */

/* Until there is something to read; false when somebody wants it to stop. */
static bool wait_input(const struct input *in)
{
    struct pollfd p[] = {{.fd = in->fd, .events = POLLIN}, {.fd = in->stop_fd, .events = POLLIN}};

    if (in->stop_fd <= 0 || in->replay)
        return true;
    while (poll(p, 2, -1) < 0) {
        if (errno != EINTR)
            return true; /* read will say what is wrong */
    }
    return p[1].revents == 0;
}

/* More raw bytes behind what is left; false at the end, on an error (*ret_code), or
 * when it is told to stop (MM_E_BUSY). */
static bool refill(struct input *in, enum mm_code *ret_code)
{
    ssize_t n;

    MM_ASSERT(in->left.n < CHUNK);
    if (in->left.n > 0)
        memmove(in->raw, in->left.p, in->left.n);
    for (;;) {
        if (!wait_input(in)) {
            *ret_code = MM_E_BUSY;
            return false;
        }
        n = read(in->replay ? in->copy : in->fd, in->raw + in->left.n, CHUNK - in->left.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0 && in->replay) { /* the copy is through: on with the pipe itself */
            in->replay = false;
            (void)close(in->copy);
            in->copy = -1;
            continue;
        }
        break;
    }
    if (n < 0) {
        *ret_code = MM_E_IO;
        return false;
    }
    if (n == 0) {
        in->end = true;
        in->left.p = in->raw;
        return false;
    }
    if (in->copy >= 0 && !in->replay && write(in->copy, in->raw + in->left.n, (size_t)n) != n) {
        *ret_code = errno == ENOSPC ? MM_E_FULL : MM_E_IO;
        return false;
    }
    in->left = mm_slice_of(in->raw, in->left.n + (size_t)n);
    return true;
}

static enum mm_code begin_packing(struct input *in)
{
    static const uint8_t gz[] = {0x1f, 0x8b}, zs[] = {0x28, 0xb5, 0x2f, 0xfd};
    enum mm_code c = MM_OK;

    in->packing = PLAIN;
    while (in->left.n < MAGIC && !in->end && refill(in, &c)) {
    }
    if (c == MM_OK && mm_slice_starts(in->left, mm_slice_of(gz, sizeof(gz)))) {
        in->packing = GZIP;
        c = mm_gzip_new(&in->gzip);
    } else if (c == MM_OK && mm_slice_starts(in->left, mm_slice_of(zs, sizeof(zs)))) {
        in->packing = ZSTD;
        c = mm_zstd_new(&in->zstd);
    }
    return c;
}

/* The next unpacked bytes; *ret_n is 0 at the end. */
static enum mm_code next_text(struct input *in, uint8_t *out, size_t *ret_n)
{
    enum mm_code c = MM_OK;

    for (;;) {
        size_t n = 0;

        if (in->packing == PLAIN) {
            n = in->left.n;
            if (n > 0)
                memcpy(out, in->left.p, n);
            in->left = mm_slice_of(in->raw, 0);
        } else if (in->packing == GZIP) {
            c = mm_gzip_read(in->gzip, &in->left, out, CHUNK, &n);
        } else {
            c = mm_zstd_read(in->zstd, &in->left, out, CHUNK, &n);
        }
        if (c != MM_OK || n > 0 || in->end) {
            *ret_n = n;
            break;
        }
        if (in->left.n < CHUNK && !refill(in, &c) && c != MM_OK)
            break;
    }
    if (c == MM_OK && *ret_n == 0 &&
        ((in->packing == GZIP && !mm_gzip_whole(in->gzip)) ||
         (in->packing == ZSTD && !mm_zstd_whole(in->zstd))))
        c = MM_E_SYNTAX; /* the file was cut off */
    return c;
}

static enum mm_code open_input(struct input *in, int fd, int stop_fd, const char *state_dir)
{
    char path[MM_MAX_PATH];

    *in = (struct input){.fd = fd, .stop_fd = stop_fd, .copy = -1};
    in->seekable = lseek(fd, 0, SEEK_SET) == 0;
    in->raw = malloc(CHUNK);
    if (in->raw == NULL)
        return MM_E_NOMEM;
    in->left = mm_slice_of(in->raw, 0);
    if (!in->seekable) {
        if (mm_path_join(path, state_dir, "run") != MM_OK)
            return MM_E_LIMIT;
        in->copy = open(path, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        if (in->copy < 0)
            return mm_code_of_errno(errno);
    }
    return begin_packing(in);
}

static void close_input(struct input *in)
{
    if (in->copy >= 0)
        (void)close(in->copy);
    mm_gzip_free(&in->gzip);
    mm_zstd_free(&in->zstd);
    free(in->raw);
    *in = (struct input){.fd = -1, .copy = -1};
}

/* From the front again. */
static enum mm_code rewind_input(struct input *in)
{
    mm_gzip_free(&in->gzip);
    mm_zstd_free(&in->zstd);
    if (lseek(in->seekable ? in->fd : in->copy, 0, SEEK_SET) != 0)
        return MM_E_IO;
    in->replay = !in->seekable;
    in->end = false;
    in->left = mm_slice_of(in->raw, 0);
    return begin_packing(in);
}

/* ---- lines ---- */

static void pause_ms(int ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

    (void)nanosleep(&t, NULL);
}

/* Make what was appended durable, however long the disk is full. */
static enum mm_code commit(struct mm_import *im)
{
    for (;;) {
        enum mm_code c = mm_spool_commit(im->spool);

        if (c == MM_OK) {
            im->ret->stored += im->appended;
            im->ret->truncated += im->cut;
            im->appended = im->cut = 0;
        }
        if (im->o.stop != NULL && im->o.stop(im->o.ctx, c == MM_E_FULL)) {
            im->ret->stopped = true;
            return c;
        }
        if (c != MM_E_FULL)
            return c;
        pause_ms(FULL_WAIT_MS);
    }
}

static void store(struct mm_import *im, const struct mm_import_at *before, struct mm_slice line,
                  bool cut)
{
    struct mm_spool_record rec = {.received_us = im->o.now_us(),
                                  .company = im->o.company,
                                  .source = im->o.source,
                                  .flags = (uint16_t)(MM_EV_IMPORTED | (cut ? MM_EV_TRUNCATED : 0) |
                                                      (unsigned)im->charset << MM_EV_CHARSET_SHIFT),
                                  .origin = mm_imports_origin(&im->at),
                                  .body = line};

    if (mm_spool_pending(im->spool) >= MM_IMPORT_GROUP)
        im->code = commit(im);
    if (im->code == MM_OK && !im->ret->stopped)
        im->code = mm_spool_append(im->spool, &rec, NULL);
    if (im->code != MM_OK || im->ret->stopped)
        return;
    mm_imports_note(im->table, im->o.company, im->o.source, before, &im->at);
    im->appended++;
    im->cut += cut;
}

static void take_line(void *ctx, struct mm_slice line, bool cut)
{
    struct mm_import *im = ctx;
    struct mm_import_at before = im->at;

    if (im->code != MM_OK || im->ret->stopped ||
        (im->looking && im->at.line >= im->depth && im->at.line > 0))
        return;
    mm_import_step(&im->at, line);
    if (!im->looking) {
        if (im->at.line > im->skip)
            store(im, &before, line, cut);
        return;
    }
    if (im->at.line == 1)
        im->depth = mm_imports_depth(im->table, im->o.company, im->o.source, im->at.first);
    if (mm_imports_has(im->table, im->o.company, im->o.source, &im->at))
        im->best = im->at.line;
}

/* The text as UTF-8 when it is UTF-16, which its beginning tells when nobody has said so. */
static struct mm_slice narrow(struct mm_import *im, struct mm_slice text)
{
    enum { HEAD = 512 };
    enum mm_charset cs = im->charset;

    if (!im->begun && cs == MM_CS_UNKNOWN)
        cs = mm_charset_utf16(mm_slice_sub(text, 0, HEAD));
    im->begun = true;
    im->charset = cs;
    if (cs != MM_CS_UTF_16LE && cs != MM_CS_UTF_16BE)
        return text;
    im->wide.cs = cs;
    return mm_slice_of(im->wide_text, mm_utf16_feed(&im->wide, text, im->wide_text));
}

/* The front of the file: nothing has been read of it. */
static enum mm_code begin_walk(struct mm_import *im)
{
    mm_stream_done(&im->stream);
    mm_stream_init(&im->stream, true);
    mm_join_done(&im->join);
    im->at = (struct mm_import_at){0};
    im->charset = im->o.charset;
    im->wide = (struct mm_utf16){0};
    im->begun = false;
    if (im->o.continues == NULL)
        return MM_OK;
    return mm_join_init(&im->join, im->o.continues, im->o.continues_ctx, im->o.lines_max, take_line,
                        im);
}

/* Lines until the end, or while looking until it is known. */
static enum mm_code walk(struct mm_import *im)
{
    bool joined = im->o.continues != NULL;
    mm_stream_emit *emit = joined ? mm_join_line : take_line;
    void *ctx = joined ? (void *)&im->join : im;
    enum mm_code c = begin_walk(im);

    while (c == MM_OK) {
        size_t n = 0;

        c = next_text(&im->in, im->text, &n);
        if (c != MM_OK || n == 0) {
            mm_stream_end(&im->stream, emit, ctx);
            if (joined)
                mm_join_end(&im->join);
            return c != MM_OK ? c : im->code;
        }
        c = mm_stream_feed(&im->stream, narrow(im, mm_slice_of(im->text, n)), emit, ctx);
        if (c != MM_OK)
            return c;
        if (im->code != MM_OK || im->ret->stopped)
            return im->code;
        if (im->looking && im->at.line > 0 && im->at.line >= im->depth)
            return MM_OK;
    }
    return c;
}

enum mm_code mm_import_run(struct mm_import *im, int fd, struct mm_import_result *ret)
{
    enum mm_code c, last;

    *ret = (struct mm_import_result){0};
    im->ret = ret;
    im->code = MM_OK;
    im->skip = im->depth = im->best = 0;
    im->looking = !im->o.again;
    c = open_input(&im->in, fd, im->o.stop_fd, im->o.state_dir);
    /* Damage that comes while looking comes again while storing, and is said then. */
    if (c == MM_OK && im->looking) {
        c = walk(im);
        c = c == MM_E_SYNTAX ? MM_OK : c;
        im->looking = false;
        im->skip = im->best;
        if (c == MM_OK)
            c = rewind_input(&im->in);
    }
    if (c == MM_OK)
        c = walk(im);
    ret->passed = im->skip < im->at.line ? im->skip : im->at.line;
    if (c == MM_E_BUSY) { /* told so while waiting for input */
        ret->stopped = true;
        c = MM_OK;
    }
    /* What could be read is kept, whatever came behind it. */
    last = im->appended > 0 ? commit(im) : MM_OK;
    close_input(&im->in);
    return c != MM_OK ? c : last;
}

/* ---- the queue ---- */

static void carry(void *ctx, struct mm_buf *out)
{
    struct mm_import *im = ctx;

    mm_imports_carry(im->table, out);
}

static void on_carry(void *ctx, struct mm_slice carried)
{
    struct mm_import *im = ctx;

    mm_imports_restore(im->table, carried);
}

static void on_record(void *ctx, const struct mm_spool_record *rec)
{
    struct mm_import *im = ctx;

    mm_imports_replay(im->table, rec);
}

enum mm_code mm_import_open(const struct mm_import_options *options, struct mm_import **ret)
{
    struct mm_import *im = calloc(1, sizeof(*im));
    struct mm_spool_options o = {
        .fs = options->fs,
        .segment_max = options->segment_max,
        .wait = options->wait,
        .owner = {.ctx = im, .carry = carry, .on_carry = on_carry, .on_record = on_record}};
    char dir[MM_MAX_PATH];
    enum mm_code c = MM_OK;

    MM_ASSERT(options->now_us != NULL);
    if (im == NULL)
        return MM_E_NOMEM;
    im->o = *options;
    im->in.fd = im->in.copy = -1;
    im->text = malloc(CHUNK);
    im->wide_text = malloc(mm_utf16_room(CHUNK));
    if (im->text == NULL || im->wide_text == NULL)
        c = MM_E_NOMEM;
    if (c == MM_OK)
        c = mm_imports_new(MM_IMPORTS_MAX, &im->table);
    if (c == MM_OK)
        c = mm_path_join(dir, options->state_dir, "spool");
    if (c == MM_OK)
        c = mm_spool_open(dir, MM_INGEST_QUEUE, &o, &im->spool);
    if (c != MM_OK) {
        mm_import_close(&im);
        return c;
    }
    *ret = im;
    return MM_OK;
}

void mm_import_close(struct mm_import **im)
{
    if (*im == NULL)
        return;
    mm_spool_close(&(*im)->spool);
    mm_imports_free(&(*im)->table);
    mm_stream_done(&(*im)->stream);
    mm_join_done(&(*im)->join);
    free((*im)->text);
    free((*im)->wide_text);
    free(*im);
    *im = NULL;
}
