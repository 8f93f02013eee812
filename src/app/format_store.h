/*
 * app/format_store.h - the folder of the operator's own formats, STATE/formats.
 *
 * Purpose   One way in and out of it, for the command line and for the worker who does what a page
 *           was asked for. The engine looks at the folder every two seconds.
 * Owns      Nothing.
 * Threads   Any; of two writers of one name the later one stays.
 * Trust     Names are checked here, contents by the caller (a broken file is refused alone by the
 *           engine, whose formats in force stay).
 */
#ifndef MM_APP_FORMAT_STORE_H
#define MM_APP_FORMAT_STORE_H

#include "base/base.h"

/*
 * Write NAME.yaml, and NAME.test unless it is empty, durably and each at once. MM_E_RANGE: no name
 * of a format (letters, digits, -); MM_E_EXISTS: a format of ours has that name; MM_E_IO.
 */
MM_MUST_USE enum mm_code mm_format_store(const char *state, struct mm_slice name,
                                         struct mm_slice yaml, struct mm_slice test);
/* Take both files away. MM_E_RANGE; MM_E_NOTFOUND: the operator has none of that name; MM_E_IO. */
MM_MUST_USE enum mm_code mm_format_discard(const char *state, struct mm_slice name);

#endif
