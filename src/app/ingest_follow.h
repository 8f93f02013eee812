/*
 * app/ingest_follow.h - `mimamori ingest --follow`: files that go on being written, until told to
 * stop.
 *
 * Purpose   Apart from ingest.c: which directories such a process may read, and its loop.
 * Owns      Nothing beyond a call.
 * Threads   One.
 * Trust     Paths are the operator's; intake/follow.h says of the rest.
 */
#ifndef MM_APP_INGEST_FOLLOW_H
#define MM_APP_INGEST_FOLLOW_H

#include "intake/follow.h"
#include "os/sandbox.h"

/* What the paths need to be read: the directories in which patterns begin, and the files'. Each is
 * made in room (one of MM_MAX_PATH a path); false when one does not exist, and says so. */
MM_MUST_USE bool mm_ingest_follow_dirs(const char *const *paths, size_t n,
                                       char room[MM_FOLLOW_PATHS][MM_MAX_PATH],
                                       struct mm_sandbox_path *ret);
/* Follow until signals is readable. places is the file of the table of places. */
MM_MUST_USE enum mm_code mm_ingest_follow(struct mm_import *im, const char *places,
                                          const char *const *paths, size_t n, int signals);

#endif
