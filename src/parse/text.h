/*
 * parse/text.h - the line that formats read: UTF-8, whatever the device wrote.
 *
 * Purpose   Find the character set of a record and decode it, without cost for those that are
 *           UTF-8 already.
 * Owns      Nothing: what is decoded lies in the arena.
 * Threads   One line, one thread.
 * Trust     Bytes are hostile; what comes out is at most MM_MAX_LINE bytes.
 */
#ifndef MM_PARSE_TEXT_H
#define MM_PARSE_TEXT_H

#include "base/arena.h"
#include "codec/charset.h"
#include "model/event.h"
#include "parse/parse.h"

struct mm_text {
    struct mm_slice read;     /* what formats read: without a byte order mark */
    struct mm_slice original; /* what the event keeps and people see */
    uint16_t flags;           /* MM_EV_BAD_UTF8, MM_EV_TRUNCATED */
    struct mm_extra extra[2]; /* of a line that was decoded: its set and its bytes */
    size_t extra_n;
};

/*
 * The text of a record. `said` is what record, source or format say of its set, MM_CS_UNKNOWN:
 * nothing. UTF-16 cannot be a record (intake decodes such files): it reads as UTF-8 and is noted.
 * Without memory the bytes stay as they are and count as no text.
 */
void mm_text_of(struct mm_arena *arena, struct mm_slice body, enum mm_charset said,
                struct mm_charset_seen *seen, struct mm_text *ret);

#endif
