/*
 * web/portal/guides.h - the guides for connecting devices that there are.
 *
 * Purpose   content/guides, read once when the portal is opened.
 * Owns      The shelf owns all that it hands out.
 * Threads   Read-only after _new.
 * Trust     Files are ours or the operator's; one that is refused is left out and counted.
 */
#ifndef MM_WEB_PORTAL_GUIDES_H
#define MM_WEB_PORTAL_GUIDES_H

#include "web/portal/guide.h"

struct mm_guide_shelf;

/* The folder may be NULL or absent: then there are none. NULL without memory. */
struct mm_guide_shelf *mm_guide_shelf_new(const char *dir);
void mm_guide_shelf_free(struct mm_guide_shelf **s);
size_t mm_guide_shelf_count(const struct mm_guide_shelf *s);
/* Files that were refused. */
size_t mm_guide_shelf_refused(const struct mm_guide_shelf *s);
/* Sorted by id; at < count. */
const struct mm_guide *mm_guide_shelf_get(const struct mm_guide_shelf *s, size_t at);
/* By id; NULL: none. */
const struct mm_guide *mm_guide_shelf_find(const struct mm_guide_shelf *s, struct mm_slice id);

#endif
