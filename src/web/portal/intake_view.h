/*
 * web/portal/intake_view.h - what intake says of one source right now.
 *
 * Purpose   A number of intake's shared page that is not in the records, since it ends with intake.
 * Owns      Nothing: the page is mapped for one look.
 * Threads   Any.
 * Trust     Company and source come from a scope that was narrowed: the caller has seen to that.
 */
#ifndef MM_WEB_PORTAL_INTAKE_VIEW_H
#define MM_WEB_PORTAL_INTAKE_VIEW_H

#include "base/base.h"

/* Times that the source had used up its allowance since intake began; false: not known. */
bool mm_intake_over(const char *state_dir, uint32_t company, uint32_t source, uint64_t *ret);

#endif
