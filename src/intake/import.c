/* intake/import.c - see import.h for the contract. */
#include "intake/import.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "intake/core.h"
#include "intake/imports.h"
#include "intake/lines.h"
#include "intake/unpack.h"
#include "model/event.h"

enum {
    CHUNK = 256 * 1024,
    FULL_WAIT_MS = 200,
};

/* Bytes as they come, from the front of the file again when asked for. */
struct input {
    int fd;
    int stop_fd;
    int copy; /* of a pipe: what was read of it so far; -1: none is kept */
    bool seekable;
    bool replay; /* reading the copy */
    struct mm_unpack *unpack;
    uint8_t *raw;
    struct mm_slice left; /* of raw, not unpacked yet */
    bool end;             /* of fd */
};

/* Lines of one file on their way. */
struct mm_import_file {
    struct mm_import *im;
    struct mm_lines lines;
    struct mm_utf16 wide;
    enum mm_charset charset; /* said, or found out */
    /* Where the file is: behind its last record. Lines up to `skip` are passed over. */
    struct mm_import_at at;
    uint64_t skip, depth;
    bool begun;     /* its first bytes were looked at */
    bool looking;   /* finding out how far it was imported; nothing is stored */
    uint64_t best;  /* lines known to be imported */
    uint16_t flags; /* of the lines to come */
    /* A file that is followed. */
    int fd;
    uint64_t pos; /* bytes read */
    struct mm_import_mark mark;
};

struct mm_import {
    struct mm_import_options o;
    struct mm_imports *table;
    struct mm_spool *spool;
    struct input in;
    struct mm_import_file file; /* that is imported as a whole */
    uint8_t *text;              /* unpacked */
    uint8_t *wide_text;
    uint64_t appended, cut;
    struct mm_import_result result;
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
    enum mm_code c = MM_OK;

    while (in->left.n < MM_UNPACK_HEAD && !in->end && refill(in, &c)) {
    }
    return c == MM_OK ? mm_unpack_new(mm_packing_of(in->left), &in->unpack) : c;
}

/* The next unpacked bytes; *ret_n is 0 at the end. */
static enum mm_code next_text(struct input *in, uint8_t *out, size_t *ret_n)
{
    enum mm_code c = MM_OK;

    for (;;) {
        size_t n = 0;

        c = mm_unpack_read(in->unpack, &in->left, out, CHUNK, &n);
        if (c != MM_OK || n > 0 || in->end) {
            *ret_n = n;
            break;
        }
        if (in->left.n < CHUNK && !refill(in, &c) && c != MM_OK)
            break;
    }
    if (c == MM_OK && *ret_n == 0 && !mm_unpack_whole(in->unpack))
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
    mm_unpack_free(&in->unpack);
    free(in->raw);
    *in = (struct input){.fd = -1, .copy = -1};
}

/* From the front again. */
static enum mm_code rewind_input(struct input *in)
{
    mm_unpack_free(&in->unpack);
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

enum mm_code mm_import_commit(struct mm_import *im)
{
    while (im->appended > 0) {
        enum mm_code c = mm_spool_commit(im->spool);

        if (c == MM_OK) {
            im->result.stored += im->appended;
            im->result.truncated += im->cut;
            im->appended = im->cut = 0;
        }
        if (im->o.stop != NULL && im->o.stop(im->o.ctx, c == MM_E_FULL)) {
            im->result.stopped = true;
            return c;
        }
        if (c != MM_E_FULL)
            return c;
        pause_ms(FULL_WAIT_MS);
    }
    return MM_OK;
}

static void store(struct mm_import_file *f, const struct mm_import_at *before,
                  struct mm_slice record, bool cut)
{
    struct mm_import *im = f->im;
    struct mm_spool_record rec = {.received_us = im->o.now_us(),
                                  .company = im->o.company,
                                  .source = im->o.source,
                                  .flags = (uint16_t)(f->flags | (cut ? MM_EV_TRUNCATED : 0) |
                                                      (unsigned)f->charset << MM_EV_CHARSET_SHIFT),
                                  .origin = mm_imports_origin(&f->at),
                                  .body = record};

    if (mm_spool_pending(im->spool) >= MM_IMPORT_GROUP)
        im->code = mm_import_commit(im);
    if (im->code == MM_OK && !im->result.stopped)
        im->code = mm_spool_append(im->spool, &rec, NULL);
    if (im->code != MM_OK || im->result.stopped) {
        f->at = *before;
        return;
    }
    mm_imports_note(im->table, im->o.company, im->o.source, before, &f->at);
    im->appended++;
    im->cut += cut;
}

/* A line, while it is found out how far the file was imported. */
static void look_at(void *ctx, struct mm_slice line, bool cut)
{
    struct mm_import_file *f = ctx;
    const struct mm_import *im = f->im;

    (void)cut;
    if (f->at.line >= f->depth && f->at.line > 0)
        return;
    mm_import_step(&f->at, line);
    if (f->at.line == 1)
        f->depth = mm_imports_depth(im->table, im->o.company, im->o.source, f->at.first);
    if (mm_imports_has(im->table, im->o.company, im->o.source, &f->at))
        f->best = f->at.line;
}

/* A record: what of its lines was not imported before. */
static void take_record(void *ctx, struct mm_slice record, bool cut)
{
    struct mm_import_file *f = ctx;
    struct mm_import *im = f->im;
    struct mm_import_at before = f->at;

    if (im->code != MM_OK || im->result.stopped)
        return;
    while (f->at.line < f->skip && record.n > 0) {
        size_t end = mm_min_size(mm_slice_find(record, '\n', 0), record.n);

        mm_import_step(&f->at, mm_slice_sub(record, 0, end));
        record = mm_slice_sub(record, end + 1, SIZE_MAX);
        before = f->at;
    }
    if (record.n > 0) {
        mm_import_step(&f->at, record);
        /* Another file, a copy of this one, may have brought it meanwhile. */
        if (im->o.again || !mm_imports_has(im->table, im->o.company, im->o.source, &f->at)) {
            store(f, &before, record, cut);
            return;
        }
    }
    im->result.passed++;
}

/* The text as UTF-8 when it is UTF-16, which its beginning tells when nobody has said so. */
static struct mm_slice narrow(struct mm_import_file *f, struct mm_slice text)
{
    enum { HEAD = 512 };
    enum mm_charset cs = f->charset;

    if (!f->begun && cs == MM_CS_UNKNOWN)
        cs = mm_charset_utf16(mm_slice_sub(text, 0, HEAD));
    f->begun = true;
    f->charset = cs;
    if (cs != MM_CS_UTF_16LE && cs != MM_CS_UTF_16BE)
        return text;
    f->wide.cs = cs;
    return mm_slice_of(f->im->wide_text, mm_utf16_feed(&f->wide, text, f->im->wide_text));
}

/* The front of the file: nothing has been read of it. While looking, lines are what counts; then
 * records. `middle`: it begins between two lines. */
static enum mm_code begin_walk(struct mm_import_file *f, bool looking, bool middle)
{
    const struct mm_import_options *o = &f->im->o;
    const struct mm_lines_options lines = {.continues = looking ? NULL : o->continues,
                                           .continues_ctx = o->continues_ctx,
                                           .lines_max = o->lines_max,
                                           .lists = !middle,
                                           .emit = looking ? look_at : take_record,
                                           .ctx = f};

    mm_lines_done(&f->lines);
    f->at = (struct mm_import_at){0};
    f->charset = o->charset;
    f->wide = (struct mm_utf16){0};
    f->begun = false;
    f->looking = looking;
    f->pos = 0;
    f->mark = (struct mm_import_mark){0};
    return mm_lines_init(&f->lines, &lines);
}

static enum mm_code feed(struct mm_import_file *f, struct mm_slice text)
{
    enum mm_code c = mm_lines_feed(&f->lines, narrow(f, text));

    return c != MM_OK ? c : f->im->code;
}

/* There is no more: what stands behind the last LF is a line. MM_E_SYNTAX: of a list something
 * could not be read. */
static enum mm_code end_walk(struct mm_import_file *f)
{
    enum mm_code c = mm_lines_end(&f->lines);

    if (c == MM_OK)
        c = f->im->code;
    return c == MM_OK && mm_lines_stray(&f->lines) > 0 ? MM_E_SYNTAX : c;
}

/* Is it known how far the file was imported? */
static bool looked(const struct mm_import_file *f)
{
    return f->looking && f->at.line > 0 && f->at.line >= f->depth;
}

/* Lines of the input until its end, or while looking until it is known. */
static enum mm_code walk(struct mm_import_file *f, bool looking)
{
    struct mm_import *im = f->im;
    enum mm_code c = begin_walk(f, looking, false), last;

    while (c == MM_OK && !im->result.stopped && !looked(f)) {
        size_t n = 0;

        c = next_text(&im->in, im->text, &n);
        if (c != MM_OK || n == 0) {
            last = end_walk(f);
            return c != MM_OK ? c : last;
        }
        c = feed(f, mm_slice_of(im->text, n));
    }
    return c;
}

static void file_init(struct mm_import_file *f, struct mm_import *im)
{
    mm_lines_done(&f->lines);
    *f = (struct mm_import_file){.im = im, .fd = -1, .flags = MM_EV_IMPORTED};
}

enum mm_code mm_import_run(struct mm_import *im, int fd, struct mm_import_result *ret)
{
    struct mm_import_file *f = &im->file;
    enum mm_code c, last;

    im->result = (struct mm_import_result){0};
    im->code = MM_OK;
    file_init(f, im);
    c = open_input(&im->in, fd, im->o.stop_fd, im->o.state_dir);
    /* Damage that comes while looking comes again while storing, and is said then. */
    if (c == MM_OK && !im->o.again) {
        c = walk(f, true);
        c = c == MM_E_SYNTAX ? MM_OK : c;
        f->skip = f->best;
        if (c == MM_OK)
            c = rewind_input(&im->in);
    }
    if (c == MM_OK)
        c = walk(f, false);
    if (c == MM_E_BUSY) { /* told so while waiting for input */
        im->result.stopped = true;
        c = MM_OK;
    }
    /* What could be read is kept, whatever came behind it. */
    last = mm_import_commit(im);
    close_input(&im->in);
    *ret = im->result;
    return c != MM_OK ? c : last;
}

/* ---- files that grow ---- */

/* The next bytes of the file, whose lines get these flags; *ret_n is 0 at the end. */
static enum mm_code read_on(struct mm_import_file *f, uint16_t flags, size_t *ret_n)
{
    struct mm_import *im = f->im;
    ssize_t n;

    do {
        n = pread(f->fd, im->text, CHUNK, (off_t)f->pos); /* a file's size: below 2^63 */
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return mm_code_of_errno(errno);
    *ret_n = (size_t)n;
    if (n == 0)
        return MM_OK;
    f->pos += (size_t)n;
    f->flags = flags;
    return feed(f, mm_slice_of(im->text, (size_t)n));
}

/* A place from which reading may go on one day: between two records of a text of single bytes. */
static void set_mark(struct mm_import_file *f)
{
    if (f->im->code != MM_OK || f->im->result.stopped || !mm_lines_between(&f->lines) ||
        f->wide.cs != MM_CS_UNKNOWN || f->at.line < f->skip || f->pos < mm_lines_held(&f->lines))
        return;
    f->mark = (struct mm_import_mark){.offset = f->pos - mm_lines_held(&f->lines), .at = f->at};
}

/* The front of the file, or that place. */
static enum mm_code begin_at(struct mm_import_file *f, const struct mm_import_mark *from,
                             bool looking)
{
    enum mm_code c = begin_walk(f, looking, from != NULL);

    if (c == MM_OK && from != NULL) {
        f->begun = true; /* there is none in UTF-16 */
        f->pos = from->offset;
        f->at = from->at;
        f->mark = *from;
        f->depth =
            mm_imports_depth(f->im->table, f->im->o.company, f->im->o.source, from->at.first);
        f->best = mm_imports_has(f->im->table, f->im->o.company, f->im->o.source, &from->at)
                      ? from->at.line
                      : 0;
    }
    return c;
}

/* Look how far the file was imported, from there on; f->best is 0 when nothing is known. */
static enum mm_code look(struct mm_import_file *f, const struct mm_import_mark *from)
{
    enum mm_code c = begin_at(f, from, true);
    size_t n = 1;

    while (c == MM_OK && n > 0 && !looked(f))
        c = read_on(f, f->flags, &n);
    return c;
}

enum mm_code mm_import_file_open(struct mm_import *im, int fd, const struct mm_import_mark *from,
                                 struct mm_import_file **ret)
{
    struct mm_import_file *f = calloc(1, sizeof(*f));
    enum mm_code c;

    if (f == NULL)
        return MM_E_NOMEM;
    file_init(f, im);
    f->fd = fd;
    c = look(f, from);
    if (c == MM_OK && from != NULL && f->best == 0) { /* the spool knows nothing of that place */
        from = NULL;
        c = look(f, from);
    }
    f->skip = f->best;
    if (c == MM_OK)
        c = begin_at(f, from, false);
    if (c != MM_OK) {
        mm_import_file_close(&f);
        return c;
    }
    *ret = f;
    return MM_OK;
}

void mm_import_file_close(struct mm_import_file **f)
{
    if (*f == NULL)
        return;
    mm_lines_done(&(*f)->lines);
    free(*f);
    *f = NULL;
}

enum mm_code mm_import_file_read(struct mm_import_file *f, bool old, size_t *ret_n)
{
    enum mm_code c;

    MM_ASSERT(!f->looking);
    c = read_on(f, old ? MM_EV_IMPORTED : 0, ret_n);
    if (c == MM_OK)
        set_mark(f);
    return c;
}

void mm_import_file_pause(struct mm_import_file *f)
{
    mm_lines_pause(&f->lines);
    set_mark(f);
}

enum mm_code mm_import_file_end(struct mm_import_file *f)
{
    return end_walk(f);
}

uint64_t mm_import_file_pos(const struct mm_import_file *f)
{
    return f->pos;
}

struct mm_import_mark mm_import_file_mark(const struct mm_import_file *f)
{
    return f->mark;
}

struct mm_import_result mm_import_result(const struct mm_import *im)
{
    return im->result;
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
        c = mm_spool_open(dir, options->queue == 0 ? MM_INGEST_QUEUE : options->queue, &o,
                          &im->spool);
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
    mm_lines_done(&(*im)->file.lines);
    free((*im)->text);
    free((*im)->wide_text);
    free(*im);
    *im = NULL;
}
