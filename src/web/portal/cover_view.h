/*
 * web/portal/cover_view.h - what pages of coverage share.
 *
 * Purpose   How many days they show, and how.
 * Owns      Nothing.
 * Threads   See page.h.
 * Trust     Numbers of the records.
 */
#ifndef MM_WEB_PORTAL_COVER_VIEW_H
#define MM_WEB_PORTAL_COVER_VIEW_H

#include "coverage/coverage.h"
#include "text/doc.h"

enum { MM_COVER_DAYS_SHOWN = 30 };

/* parsed, unparsed and coverage_permille of these lines. */
void mm_cover_write_counts(struct mm_doc *o, const struct mm_cover_sum *s);
/* One element a day, oldest first: parsed and unparsed, "no_lines" where none came. */
void mm_cover_write_trend(struct mm_doc *list, const struct mm_cover_day *days, size_t n,
                          int64_t today);

#endif
