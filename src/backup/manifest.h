/*
 * backup/manifest.h - what a backup says of itself: every file with its size and SHA-256.
 *
 * Purpose   Written last, so that a backup without it is none; read first, so that nothing of a
 *           backup is believed that it does not name.
 * Owns      A parsed manifest owns its list; texts borrow the bytes that were parsed.
 * Threads   Pure functions.
 * Trust     The text may be damaged or made by somebody else: bounded, in one form only, names stay
 *           below the backup. The last line is the digest of everything above it. The line before
 *           is the same under the key of the state directory, and proves to who has that key that
 *           the backup is ours. Fuzzed by manifest_fuzz.c.
 * Spec      Lines, each ended by LF, in this order:
 *               mimamori-backup 1
 *               program VERSION              of the program that wrote it
 *               state NUMBER                 layout of the state directory
 *               made TIME                    RFC 3339, UTC
 *               keys yes|no                  are the keys in it?
 *               table NAME rows N expires N  events: rows; the first of them goes at that second
 *               queue N position N oldest N next N
 *               file HEX SIZE NAME           ascending by NAME
 *               seal HEX|-
 *               sha256 HEX
 *           Numbers are decimal without leading zeros, HEX has 64 lower-case digits. In a NAME
 *           every byte but printable ASCII is %XX, and so is '%'.
 */
#ifndef MM_BACKUP_MANIFEST_H
#define MM_BACKUP_MANIFEST_H

#include "base/buf.h"
#include "base/limits.h"
#include "codec/ext/crypt.h"
#include "codec/ext/sha256.h"

enum {
    MM_MANIFEST_VERSION = 1,
    /* A part of events has up to 150 files, and a year of months some hundred parts. */
    MM_MANIFEST_FILES_MAX = 1000 * 1000,
    MM_MANIFEST_MAX = 256 * 1024 * 1024,
    MM_MANIFEST_TABLES_MAX = 8,    /* three are known */
    MM_MANIFEST_QUEUES_MAX = 1024, /* more than are ever read */
    MM_MANIFEST_WORD_MAX = 32,     /* a version, the name of a table */
};

struct mm_manifest_table {
    struct mm_slice name;
    uint64_t rows;
    uint64_t expires_s; /* 0: never, or no rows */
};

struct mm_manifest_queue {
    uint64_t queue;
    uint64_t position; /* first number that the records do not speak for */
    uint64_t oldest;   /* first number in it; 0: none was written yet */
    uint64_t next;     /* first number that is not in it */
};

struct mm_manifest_file {
    uint8_t sha256[MM_SHA256];
    uint64_t size;
    struct mm_slice name; /* as written */
};

struct mm_manifest {
    struct mm_slice program;
    uint64_t state;
    int64_t made_us; /* whole seconds */
    bool keys;
    struct mm_manifest_table table[MM_MANIFEST_TABLES_MAX];
    size_t tables_n;
    struct mm_manifest_queue queue[MM_MANIFEST_QUEUES_MAX];
    size_t queues_n;
    struct mm_manifest_file *file; /* ascending by name */
    size_t files_n;
    bool sealed;
    struct mm_digest seal;  /* when sealed */
    struct mm_slice before; /* the bytes that the seal speaks for */
};

/*
 * Read a whole manifest. MM_E_VERSION: a newer Mimamori wrote it. MM_E_SYNTAX: not one, cut short
 * or changed; fault (may be NULL) names the byte. MM_E_LIMIT, MM_E_NOMEM. On failure *ret is
 * untouched.
 */
MM_MUST_USE enum mm_code mm_manifest_parse(struct mm_slice in, struct mm_manifest *ret,
                                           struct mm_fault *fault);
/* The release that wrote a manifest of whatever version, for people; "unknown" where none stands.
 */
struct mm_slice mm_manifest_program(struct mm_slice in);
/* Gives the list back. Safe on a zeroed manifest. */
void mm_manifest_done(struct mm_manifest *m);
/* Append the text of m, whose files are sorted; sealed with the key when it is not NULL. */
void mm_manifest_write(const struct mm_manifest *m, const struct mm_key *key, struct mm_buf *out);
/* Is this the seal of that key? False also when there is none. */
bool mm_manifest_sealed_by(const struct mm_manifest *m, const struct mm_key *key);
/* Put files into the order of a manifest. */
void mm_manifest_sort(struct mm_manifest_file *file, size_t n);
/* The file of that name (as written), or NULL. */
const struct mm_manifest_file *mm_manifest_find(const struct mm_manifest *m, struct mm_slice name);

/* Append the written form of a path below the backup. */
void mm_manifest_name(struct mm_buf *out, const char *path);
/* The path again. MM_E_LIMIT: longer than a path of ours may be. */
MM_MUST_USE enum mm_code mm_manifest_path(struct mm_slice name, char ret[MM_MAX_PATH]);

#endif
