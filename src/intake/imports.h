/*
 * intake/imports.h - how far each file was imported, told by its lines and not by its name.
 *
 * Purpose   An import that was interrupted and is repeated goes on where it stopped; a file that
 *           has grown brings only what is new; a file that was copied, renamed or packed is still
 *           the same. What is known travels in the spool: each record says which file it is of
 *           (hash of the first line, hash of all lines so far) and which line it is.
 * Owns      A table of fixed size; the file touched longest ago makes room.
 * Threads   One.
 * Trust     Lines are hostile, but who imports a file is the operator. Two files count as one
 *           when all lines of the one, in order, begin the other.
 */
#ifndef MM_INTAKE_IMPORTS_H
#define MM_INTAKE_IMPORTS_H

#include "base/base.h"
#include "base/buf.h"
#include "store/spool/spool.h"

enum { MM_IMPORTS_MAX = 32768 /* ten years of daily files of nine sources */ };

/* How far into a file. Zero: before its first line. */
struct mm_import_at {
    uint64_t first; /* hash of the first line */
    uint64_t chain; /* hash of all lines so far */
    uint64_t line;  /* lines so far */
};

/* One record further: a line, or several with LF between them. How lines are joined is not part of
 * what a file is. */
void mm_import_step(struct mm_import_at *at, struct mm_slice record);

struct mm_imports;

MM_MUST_USE enum mm_code mm_imports_new(size_t max, struct mm_imports **ret);
void mm_imports_free(struct mm_imports **t);
/* The record that brought a file of this source from `before` to `now` has got its number. */
void mm_imports_note(struct mm_imports *t, uint32_t company, uint32_t source,
                     const struct mm_import_at *before, const struct mm_import_at *now);
/* Lines that must be looked at to know how far a file that begins so was imported; 0: none was. */
uint64_t mm_imports_depth(const struct mm_imports *t, uint32_t company, uint32_t source,
                          uint64_t first);
/* Was a file of this source imported exactly so far? */
bool mm_imports_has(const struct mm_imports *t, uint32_t company, uint32_t source,
                    const struct mm_import_at *at);
size_t mm_imports_count(const struct mm_imports *t);

/* The origin of the record that ends there, and back into the table. */
struct mm_spool_origin mm_imports_origin(const struct mm_import_at *now);
void mm_imports_replay(struct mm_imports *t, const struct mm_spool_record *rec);
/* For the start of a segment, and from it. */
void mm_imports_carry(const struct mm_imports *t, struct mm_buf *out);
void mm_imports_restore(struct mm_imports *t, struct mm_slice carried);

#endif
