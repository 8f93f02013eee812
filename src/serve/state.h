/*
 * serve/state.h - the state directory: its layout, version and key.
 *
 * Purpose   One place that knows where each program keeps its files, makes what is missing and
 *           refuses what a newer release has written.
 * Owns      Nothing after return.
 * Threads   Called by one process at start; making is idempotent.
 * Trust     The directory is the operator's; another user's directory is refused.
 */
#ifndef MM_SERVE_STATE_H
#define MM_SERVE_STATE_H

#include "base/base.h"
#include "base/buf.h"

enum { MM_STATE_VERSION = 1 };
#define MM_STATE_DEFAULT "/var/lib/mimamori"

/*
 * Make the directory and its parts (VERSION, key, run/, spool/, rules/) where they are missing,
 * mode 0700. MM_E_VERSION when VERSION names a newer layout, MM_E_IO when something cannot be
 * made; `why` then says what and where.
 */
MM_MUST_USE enum mm_code mm_state_prepare(const char *dir, struct mm_buf *why);

#endif
