/*
 * codec/ext/archive.h - members of an archive, one after the other (the one wrapper of libarchive).
 *
 * Purpose   Evidence comes packed: zip, 7-Zip, tar, and single files as gzip, xz, bzip2, Zstandard.
 * Owns      A reader owns its library state; member names are valid until the next member.
 * Threads   One reader, one thread.
 * Trust     Archives are hostile: nothing is written anywhere, names are only names, and what comes
 *           out is handed over in pieces for the caller to bound. The library is large and has had
 *           faults: it runs only in children that can do nothing else. Its memory can grow with
 *           what the archive asks for (a dictionary of xz: 1 GiB), so such children have a limit.
 *           One filter at most, none that starts programs.
 * Spec      libarchive(3). It converts names in Unicode (zip, 7-Zip, pax) to the LC_CTYPE of the
 *           thread: who wants them calls newlocale(3) for C.UTF-8 and uselocale(3) beforehand.
 */
#ifndef MM_CODEC_EXT_ARCHIVE_H
#define MM_CODEC_EXT_ARCHIVE_H

#include <sys/types.h>

#include "base/base.h"

struct mm_archive_source {
    ssize_t (*read)(void *ctx, uint8_t *p, size_t n); /* 0 at the end, -1: cannot */
    /* Move to a byte of the file; whence as lseek. Returns where it stands, -1: cannot. NULL: a
     * pipe. */
    int64_t (*seek)(void *ctx, int64_t offset, int whence);
    void *ctx;
    const char *password; /* or NULL */
};

struct mm_archive_member {
    struct mm_slice name; /* foreign bytes; empty: it has none, or none that can be converted */
    int64_t changed_us;   /* 0: not known */
    bool raw;             /* no container: the stream is this one packed file */
    bool regular;         /* a file, no folder or link */
    bool folder;
    bool encrypted;
};

struct mm_archive;

/* Do these bytes (512 of them, or all there are) begin like something this reads? */
bool mm_archive_is(struct mm_slice head);
/* Do they begin like an archive that this does not read, or a log that is no text? */
bool mm_archive_foreign(struct mm_slice head);
/* source is copied; its ctx must outlive the reader. MM_E_NOMEM, MM_E_SYNTAX: no archive,
 * MM_E_LIMIT: packed more than once. */
MM_MUST_USE enum mm_code mm_archive_new(const struct mm_archive_source *source,
                                        struct mm_archive **ret);
void mm_archive_free(struct mm_archive **a);
/* The next member. MM_E_NOTFOUND at the end; MM_E_SYNTAX: damaged, nothing more can be read. */
MM_MUST_USE enum mm_code mm_archive_next(struct mm_archive *a, struct mm_archive_member *ret);
/* Bytes of the member: 0 at its end, -1: damaged, or encrypted with another password. */
ssize_t mm_archive_read(struct mm_archive *a, uint8_t *p, size_t n);

#endif
