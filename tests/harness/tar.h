/*
 * tests/harness/tar.h - archives for tests, member by member, as hostile as one likes.
 *
 * Purpose   A ustar file in memory.
 * Owns      The caller's buffer.
 * Threads   Test code.
 * Trust     Test code only. Inline: each test file uses some of it.
 */
#ifndef MM_TESTS_HARNESS_TAR_H
#define MM_TESTS_HARNESS_TAR_H

#include <stdio.h>

#include "base/buf.h"

enum { TAR_BLOCK = 512 };

struct tar_member {
    const char *name;
    const char *text; /* NULL: a symbolic link to /etc */
};

/* A ustar header as POSIX has it, and the text. */
static inline void tar_put(struct mm_buf *out, const struct tar_member *m)
{
    char head[TAR_BLOCK] = {0};
    size_t n = m->text == NULL ? 0 : strlen(m->text);
    unsigned sum = 0;

    (void)snprintf(head, 100, "%s", m->name);
    (void)snprintf(head + 100, 8, "0000600");
    (void)snprintf(head + 108, 8, "0000000");
    (void)snprintf(head + 116, 8, "0000000");
    (void)snprintf(head + 124, 12, "%011o", (unsigned)n);
    (void)snprintf(head + 136, 12, "00000000000");
    memset(head + 148, ' ', 8);
    head[156] = m->text == NULL ? '2' : '0';
    if (m->text == NULL)
        (void)snprintf(head + 157, 100, "/etc");
    (void)memcpy(head + 257, "ustar\00000", 8);
    for (size_t i = 0; i < TAR_BLOCK; i++)
        sum += (unsigned char)head[i];
    (void)snprintf(head + 148, 8, "%06o", sum);
    mm_buf_add(out, mm_slice_of(head, TAR_BLOCK));
    mm_buf_add(out, mm_slice_of(m->text, n));
    while (out->n % TAR_BLOCK != 0)
        mm_buf_byte(out, 0);
}

/* All of them and the end. */
static inline void tar_put_all(struct mm_buf *out, const struct tar_member *m, size_t n)
{
    static const char end[2 * TAR_BLOCK] = {0};

    for (size_t i = 0; i < n; i++)
        tar_put(out, &m[i]);
    mm_buf_add(out, mm_slice_of(end, sizeof(end)));
}

#endif
