/*
 * parse/testfile.h - NAME.test beside a format: lines and the whole event each must become.
 *
 *   # comment
 *   @ received 2026-11-20T04:00:00Z     clock of intake for the lines below
 *   @ zone +0900                        zone of the source
 *   @ format NAME | none                the source's hint
 *   < line                              a line as it comes; "<\ " reads \xHH, \t and \\
 *   = FORMAT QUALITY [FLAG...] {json}   format, time quality and flags, then every field
 *
 * Purpose   One reader for the unit tests of the content and for `mimamori format test`.
 * Owns      Working memory while it runs.
 * Threads   One file, one thread.
 * Trust     Files are an operator's or ours; lines in them may be anything.
 */
#ifndef MM_PARSE_TESTFILE_H
#define MM_PARSE_TESTFILE_H

#include "base/buf.h"
#include "parse/parse.h"

enum { MM_TESTFILE_MAX = 1024 * 1024 }; /* bytes of such a file; the largest of ours has 100 KiB */

/* A line that was tried. */
struct mm_testfile_line {
    size_t number;        /* of the "=" line in the file */
    struct mm_slice line; /* as it came */
    struct mm_slice got;  /* the "=" line as it is now */
    struct mm_slice want; /* as it stands there; empty when there is none */
    const struct mm_event *ev;
    uint16_t pattern; /* the template that took it, or MM_FORMAT_NONE */
};

typedef void mm_testfile_each(void *arg, const struct mm_testfile_line *line);

/*
 * Try every line. `out` gets the file with its "=" lines as they are now. MM_E_SYNTAX with the
 * line (fault->at, 1-based) that is none of the above; a "<" line without its "=" line is one,
 * unless `accept`. MM_E_NOMEM.
 */
MM_MUST_USE enum mm_code mm_testfile_run(const struct mm_formats *formats, struct mm_slice text,
                                         bool accept, mm_testfile_each *each, void *arg,
                                         struct mm_buf *out, struct mm_fault *fault);

#endif
