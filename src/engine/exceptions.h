/*
 * engine/exceptions.h - exceptions of the records on their way to the rules.
 *
 * Purpose   Writes those in force as Sigma filters into a file of the state directory whenever they
 *           differ: the folder is one of the rules' (app/engine.c), so a change is taken in as any
 *           other change of rules is. Ends those whose day has come, with a finding, and keeps a
 *           finding open about each that waits for a second person or that ends soon.
 * Owns      What it wrote last.
 * Threads   One (the sink's).
 * Trust     Values are quoted by detect/filter.h; the file holds nothing that the records do not.
 */
#ifndef MM_ENGINE_EXCEPTIONS_H
#define MM_ENGINE_EXCEPTIONS_H

#include "engine/mirror.h"

enum { MM_EXCEPTIONS_DUE_S = 60 }; /* how often those that end or wait are looked for */

struct mm_exceptions {
    struct mm_records *records;
    struct mm_mirror mirror; /* those in force, as filters */
    int64_t due_at_us;       /* monotonic */
};

/* records must outlive *e. */
void mm_exceptions_init(struct mm_exceptions *e, struct mm_records *records, const char *state_dir);
/* Do what is due. Failures are told in the log and tried again at the next call. */
void mm_exceptions_tick(struct mm_exceptions *e, int64_t now_us, int64_t mono_us);

#endif
