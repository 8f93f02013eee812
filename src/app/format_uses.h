/*
 * app/format_uses.h - what the records say of a format, for the command line.
 *
 * Purpose   Which sources a format that goes away leaves behind; an audit entry of what was done.
 * Owns      Opens and closes the records for each call.
 * Threads   One.
 * Trust     Names of sources are printed without control characters by the caller.
 */
#ifndef MM_APP_FORMAT_USES_H
#define MM_APP_FORMAT_USES_H

#include "base/base.h"
#include "base/buf.h"
#include "text/lang.h"

/*
 * Append one line in that language a source that is said to send this format, or of which lines
 * were read by it in the last 30 days; *ret_n says how many. MM_E_NOTFOUND: the state has no
 * records.
 */
MM_MUST_USE enum mm_code mm_format_uses(const char *state, enum mm_lang lang, struct mm_slice name,
                                        struct mm_buf *out, size_t *ret_n);
/* An entry of the operator's company: "format.add". Without records nothing is written. */
MM_MUST_USE enum mm_code mm_format_note(const char *state, const char *action,
                                        struct mm_slice name);

#endif
