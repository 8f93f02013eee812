/* app/rules_pack.c - see rules_pack.h for the contract. */
#include "app/rules_pack.h"

#include <locale.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/rd.h"
#include "codec/ext/archive.h"
#include "os/child.h"
#include "os/sandbox.h"

enum {
    WAIT_MS = 60 * 1000, /* the largest archive, on a slow machine */
    MEMORY_MAX = 1024 * 1024 * 1024,
    MEMBERS_MAX = 200 * 1000,
    NAME_MAX_BYTES = 1024,
    BLOCK = 64 * 1024,
    HEADER = 8, /* of a file: length of name and text, 4 bytes each, highest first */
    EXIT_SYNTAX = 3,
    EXIT_LIMIT = 4,
    EXIT_NAME = 5,
};

/* ---- which files ---- */

static bool is_rule_file(struct mm_slice name)
{
    return mm_slice_ends(name, MM_S(".yml")) || mm_slice_ends(name, MM_S(".yaml"));
}

/*
 * Is it the name of a file below the folder it is put in? *ret_hidden: one that begins with a dot,
 * or lies in such a folder, and would not be loaded. Names are UTF-8 or at least no controls.
 */
static bool name_ok(struct mm_slice name, bool *ret_hidden)
{
    *ret_hidden = false;
    if (name.n == 0 || name.n > NAME_MAX_BYTES)
        return false;
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] < 0x20 || name.p[i] == 0x7f || name.p[i] == '\\')
            return false;
    }
    while (name.n > 0) {
        size_t end = mm_slice_find(name, '/', 0);
        struct mm_slice part = mm_slice_sub(name, 0, end);

        if (part.n == 0 || mm_slice_eq(part, MM_S("..")))
            return false;
        /* "./rules/x.yml" is how tar writes names; "." alone hides nothing. */
        if (part.p[0] == '.' && part.n > 1)
            *ret_hidden = true;
        name = end == SIZE_MAX ? (struct mm_slice){0} : mm_slice_sub(name, end + 1, SIZE_MAX);
    }
    return true;
}

/* ---- the child ---- */

struct held {
    struct mm_slice bytes;
    size_t at;
};

static ssize_t read_held(void *ctx, uint8_t *p, size_t n)
{
    struct held *h = ctx;
    struct mm_slice some = mm_slice_sub(h->bytes, h->at, n);

    if (some.n > 0)
        memcpy(p, some.p, some.n);
    h->at += some.n;
    return (ssize_t)some.n; /* at most n */
}

static int64_t seek_held(void *ctx, int64_t offset, int whence)
{
    struct held *h = ctx;
    int64_t to = offset + (whence == SEEK_SET   ? 0
                           : whence == SEEK_CUR ? (int64_t)h->at
                                                : (int64_t)h->bytes.n);

    if (offset < -(int64_t)MM_RULES_PACKED_MAX || offset > (int64_t)MM_RULES_PACKED_MAX || to < 0 ||
        to > (int64_t)h->bytes.n)
        return -1;
    h->at = (size_t)to;
    return to;
}

static void put_length(uint8_t to[4], size_t n)
{
    for (size_t i = 0; i < 4; i++)
        to[i] = (uint8_t)(n >> (8 * (3 - i)) & 255);
}

/* All of one member into text; MM_E_LIMIT: it is too large. */
static enum mm_code read_member(struct mm_archive *a, struct mm_buf *text)
{
    for (;;) {
        uint8_t *room = mm_buf_room(text, BLOCK);
        ssize_t got = room == NULL ? 0 : mm_archive_read(a, room, BLOCK);

        if (room == NULL)
            return MM_E_LIMIT;
        if (got <= 0)
            return got == 0 ? MM_OK : MM_E_SYNTAX;
        text->n += (size_t)got;
    }
}

static enum mm_code write_member(struct mm_slice name, struct mm_slice text)
{
    uint8_t head[HEADER];

    put_length(head, name.n);
    put_length(head + 4, text.n);
    return fwrite(head, 1, sizeof(head), stdout) == sizeof(head) &&
                   fwrite(name.p, 1, name.n, stdout) == name.n &&
                   fwrite(text.p, 1, text.n, stdout) == text.n
               ? MM_OK
               : MM_E_IO;
}

static enum mm_code write_members(struct mm_archive *a)
{
    struct mm_archive_member m;
    size_t members = 0, all = 0;
    struct mm_buf text;
    enum mm_code code;

    mm_buf_init(&text, MM_RULES_FILE_MAX + BLOCK);
    while ((code = mm_archive_next(a, &m)) == MM_OK) {
        bool hidden;

        if (++members > MEMBERS_MAX)
            code = MM_E_LIMIT;
        else if (m.raw)
            code = MM_E_SYNTAX; /* one packed file is no set */
        else if (m.regular && !name_ok(m.name, &hidden))
            code = MM_E_DENIED;
        if (code != MM_OK)
            break;
        if (!m.regular || hidden || !is_rule_file(m.name))
            continue;
        mm_buf_reset(&text);
        code = read_member(a, &text);
        all += text.n + m.name.n + HEADER;
        if (code == MM_OK && (text.n > MM_RULES_FILE_MAX || all > MM_RULES_UNPACKED_MAX))
            code = MM_E_LIMIT;
        if (code == MM_OK)
            code = write_member(m.name, mm_buf_slice(&text));
        if (code != MM_OK)
            break;
    }
    mm_buf_done(&text);
    return code == MM_E_NOTFOUND ? MM_OK : code;
}

static enum mm_code read_input(struct mm_buf *out)
{
    for (;;) {
        uint8_t *room = mm_buf_room(out, BLOCK);
        ssize_t got = room == NULL ? 0 : read(STDIN_FILENO, room, BLOCK);

        if (room == NULL)
            return MM_E_LIMIT;
        if (got <= 0)
            return got == 0 ? MM_OK : MM_E_IO;
        out->n += (size_t)got;
    }
}

_Noreturn void mm_rules_unpack_child(void)
{
    static const struct mm_sandbox box = {.may = MM_MAY_COMPUTE, .memory_max = MEMORY_MAX};
    locale_t names = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    struct mm_archive *a = NULL;
    struct held held = {0};
    struct mm_buf in;
    unsigned missing = 0;
    enum mm_code code = mm_sandbox_enter(&box, &missing);

    if (names != (locale_t)0)
        (void)uselocale(names);
    mm_buf_init(&in, MM_RULES_PACKED_MAX + BLOCK);
    if (code == MM_OK)
        code = read_input(&in);
    held.bytes = mm_buf_slice(&in);
    if (code == MM_OK)
        code = mm_archive_new(
            &(struct mm_archive_source){.read = read_held, .seek = seek_held, .ctx = &held}, &a);
    if (code == MM_OK)
        code = write_members(a);
    if (code == MM_OK && fflush(stdout) != 0)
        code = MM_E_IO;
    /* In the jail: what others do at the end of a program (leak detectors) is not allowed here. */
    _exit(code == MM_OK         ? 0
          : code == MM_E_SYNTAX ? EXIT_SYNTAX
          : code == MM_E_LIMIT  ? EXIT_LIMIT
          : code == MM_E_DENIED ? EXIT_NAME
                                : 1);
}

/* ---- who asks it ---- */

static size_t take_length(const uint8_t p[4])
{
    return (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
}

/* What the child wrote is believed no more than the archive. */
static enum mm_code take_files(struct mm_slice files,
                               enum mm_code (*take)(void *, struct mm_slice, struct mm_slice),
                               void *ctx)
{
    enum mm_code code = MM_OK;

    while (code == MM_OK && files.n > 0) {
        size_t name_n = files.n < HEADER ? SIZE_MAX : take_length(files.p);
        size_t text_n = files.n < HEADER ? SIZE_MAX : take_length(files.p + 4);
        struct mm_slice name, text;
        bool hidden;

        if (name_n > NAME_MAX_BYTES || text_n > MM_RULES_FILE_MAX ||
            files.n - HEADER < name_n + text_n)
            return MM_E_SYNTAX;
        name = mm_slice_sub(files, HEADER, name_n);
        text = mm_slice_sub(files, HEADER + name_n, text_n);
        if (!name_ok(name, &hidden) || hidden || !is_rule_file(name))
            return MM_E_SYNTAX;
        code = take(ctx, name, text);
        files = mm_slice_sub(files, HEADER + name_n + text_n, SIZE_MAX);
    }
    return code;
}

enum mm_code mm_rules_unpack(struct mm_slice packed,
                             enum mm_code (*take)(void *ctx, struct mm_slice name,
                                                  struct mm_slice text),
                             void *ctx)
{
    char self[MM_MAX_PATH];
    const char *const argv[] = {self, "unpack", NULL};
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    struct mm_buf files;
    int status = 0;
    enum mm_code code;

    if (packed.n > MM_RULES_PACKED_MAX)
        return MM_E_LIMIT;
    if (n <= 0)
        return MM_E_IO;
    self[n] = 0;
    mm_buf_init(&files, MM_RULES_UNPACKED_MAX + BLOCK);
    code = mm_child_ask(argv, packed, WAIT_MS, &files, &status);
    if (code == MM_OK && status != 0)
        code = status == EXIT_SYNTAX  ? MM_E_SYNTAX
               : status == EXIT_LIMIT ? MM_E_LIMIT
               : status == EXIT_NAME  ? MM_E_DENIED
                                      : MM_E_IO;
    if (code == MM_OK)
        code = take_files(mm_buf_slice(&files), take, ctx);
    mm_buf_done(&files);
    return code;
}
