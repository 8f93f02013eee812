/*
 * app/ingest_format.h - what `mimamori ingest` asks of a format: which lines are one record.
 *
 * Purpose   Apart from ingest.c, because the register and the event both speak of fields.
 * Owns      The loaded formats.
 * Threads   One.
 * Trust     Content is ours and the operator's: what is refused of it is the engine's to tell.
 *           Lines are hostile.
 */
#ifndef MM_APP_INGEST_FORMAT_H
#define MM_APP_INGEST_FORMAT_H

#include "base/base.h"

struct mm_ingest_format;

/* The format of that name, ours or the operator's (STATE/formats); false when there is none. */
MM_MUST_USE bool mm_ingest_format_open(const char *name, const char *state,
                                       struct mm_ingest_format **ret);
void mm_ingest_format_free(struct mm_ingest_format **f);
/* Lines of one record at most; 1: lines are records. */
size_t mm_ingest_format_lines(const struct mm_ingest_format *f);
/* An mm_join_continues whose ctx is the format. */
bool mm_ingest_format_continues(void *format, struct mm_slice line);

#endif
