/*
 * codec/journal.h - systemd's journal export format: one entry as lines of NAME=value.
 *
 * Purpose   What systemd-journal-upload and `journalctl -o export` write. A value that holds
 *           line ends or bytes that are no text is a name alone, eight bytes of length, the bytes.
 * Owns      Nothing: names and values borrow the input.
 * Threads   Pure functions: no state, no allocation, no I/O.
 * Trust     Input is hostile: cost is linear, lengths are held against the input.
 * Spec      systemd documentation, "Journal Export Formats". Fuzzed by journal_fuzz.c.
 */
#ifndef MM_CODEC_JOURNAL_H
#define MM_CODEC_JOURNAL_H

#include "base/base.h"

enum { MM_JOURNAL_MAX_NAME = 64 }; /* journald takes no longer ones */

struct mm_journal {
    struct mm_slice in;
    size_t pos;
};

struct mm_journal_field {
    struct mm_slice name; /* capitals, digits and _ */
    struct mm_slice value;
};

/* Walk one entry. Empty lines in front of it and behind it are skipped. */
void mm_journal_init(struct mm_journal *j, struct mm_slice entry);
/*
 * The next field: MM_OK and *ret; MM_E_NOTFOUND at the end of the entry (the end of the input, or
 * an empty line); MM_E_SYNTAX or MM_E_MORE when what stands there is none or is cut off. *ret is
 * untouched unless MM_OK.
 */
MM_MUST_USE enum mm_code mm_journal_next(struct mm_journal *j, struct mm_journal_field *ret,
                                         struct mm_fault *fault);

#endif
