/*
 * web/portal/formats.h - the log formats in force, for their titles and what they can give.
 *
 * Purpose   Ours and the operator's own, read when first asked for and again when the operator's
 *           folder has changed.
 * Owns      One loaded set a portal, shared by the requests that hold it.
 * Threads   _hold and _release from any thread; a held set is read-only.
 * Trust     Files are ours or the operator's; one that is refused is left out, with its reason.
 */
#ifndef MM_WEB_PORTAL_FORMATS_H
#define MM_WEB_PORTAL_FORMATS_H

#include "base/base.h"

struct mm_formats;
struct mm_format_errors;
struct mm_format_shelf;
struct mm_known_formats; /* one loaded set */

/* Folders are borrowed; NULL: none. NULL without memory. */
struct mm_format_shelf *mm_format_shelf_new(const char *dir, const char *own_dir);
void mm_format_shelf_free(struct mm_format_shelf **s);
/* The formats as they are now, until _release; NULL when none can be read. */
const struct mm_known_formats *mm_formats_hold(struct mm_format_shelf *s, int64_t now_us);
/* Give back; *held becomes NULL. NULL is no error. */
void mm_formats_release(struct mm_format_shelf *s, const struct mm_known_formats **held);
const struct mm_formats *mm_known_set(const struct mm_known_formats *held);
/* What was refused of them. */
const struct mm_format_errors *mm_known_errors(const struct mm_known_formats *held);
/* Formats from this number on are the operator's own. */
size_t mm_known_ours(const struct mm_known_formats *held);

#endif
