/*
 * backup/export.h - all that is kept of one company, as JSON lines that anybody can read.
 *
 * Purpose   A company that leaves, or a person who asks, gets what is theirs. The files are
 *           described in docs/en/operating.md:
 *               export.json            what this is, written last
 *               records/TABLE.jsonl    a row a line: every table that has rows of the company
 *               events.jsonl           a line a line received, ECS names, event.original
 *               alerts.jsonl
 * Owns      Nothing after return.
 * Threads   One. The system may run.
 * Trust     Whoever may run this sees all companies. Secrets of logins and tokens stay: they are of
 *           use to nobody else, and of much to a thief.
 */
#ifndef MM_BACKUP_EXPORT_H
#define MM_BACKUP_EXPORT_H

#include "base/buf.h"
#include "model/alert.h"

struct mm_export_options {
    const char *state;
    const char *dir; /* new or empty */
    uint32_t company;
    const char *code; /* of the company */
    const char *program;
    int64_t now_us;
};

struct mm_exported {
    uint64_t rows, events, alerts;
};

/* MM_E_EXISTS: there is something in dir. A directory without export.json is not whole. */
MM_MUST_USE enum mm_code mm_company_export(const struct mm_export_options *o,
                                           struct mm_exported *ret, struct mm_buf *why);

/* One alert as a JSON object. */
void mm_export_alert(struct mm_buf *out, const struct mm_alert *a);

#endif
