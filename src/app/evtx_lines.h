/*
 * app/evtx_lines.h - a Windows event log file as lines of JSON, one a record.
 *
 * Purpose   `mimamori parse` and `mimamori ingest` take .evtx as they take any log: a child, locked
 *           in before it looks at the file's first byte, writes lines into a pipe.
 * Owns      struct mm_evtx_lines: the pipe's end and the word of the child about how it went.
 * Threads   Call before threads are made.
 * Trust     The file is hostile; only the child reads it, and it can do nothing but write lines.
 */
#ifndef MM_APP_EVTX_LINES_H
#define MM_APP_EVTX_LINES_H

#include "base/base.h"

struct mm_evtx_lines {
    int fd;   /* the lines; -1: the file is none of this kind */
    int word; /* the child's last word */
};

/*
 * Does the open file begin like an event log? Then its lines come out of ret->fd, and what is
 * broken is told on stderr (chunk, record, offset, why). False with errno when there should be
 * lines and no child could be made.
 */
MM_MUST_USE bool mm_evtx_lines_open(int file, struct mm_evtx_lines *ret);
/* After the last line: was everything read? False: parts were broken, or the child died. Closes. */
bool mm_evtx_lines_close(struct mm_evtx_lines *l);

#endif
