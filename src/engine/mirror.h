/*
 * engine/mirror.h - files of the state directory that say what the records say about rules.
 *
 * Purpose   Exceptions and what companies say about rules are rows; shards have no records and take
 *           them as files in folders that are watched as those of rules are. A mirror writes its
 *           file whenever it differs, so a change is taken in as any other change of rules is.
 * Owns      What it wrote last.
 * Threads   One (the sink's).
 * Trust     Texts are quoted by who writes them; a file holds nothing that the records do not.
 */
#ifndef MM_ENGINE_MIRROR_H
#define MM_ENGINE_MIRROR_H

#include "base/limits.h"
#include "store/records/records.h"

/* Folders under the state directory, each with one file, written anew whenever it is wrong. */
#define MM_EXCEPTIONS_DIR "exceptions"
#define MM_EXCEPTIONS_FILE MM_EXCEPTIONS_DIR "/exceptions.yml"
#define MM_TAILOR_DIR "tailor"
#define MM_TAILOR_FILE MM_TAILOR_DIR "/tailor.yml"

enum mm_mirror_kind {
    MM_MIRROR_EXCEPTIONS, /* exception/exception.h, as Sigma filters */
    MM_MIRROR_TAILOR,     /* tailor/tailor.h, for detect/tuning.h */
};

struct mm_mirror {
    enum mm_mirror_kind kind;
    struct mm_records *records;
    char path[MM_MAX_PATH];
    uint64_t seen; /* of mm_records_changed */
    uint64_t stamp;
    bool written;
};

/* records must outlive *m. */
void mm_mirror_init(struct mm_mirror *m, enum mm_mirror_kind kind, struct mm_records *records,
                    const char *state_dir);
/* Do what is due. Failures are told in the log and tried again at the next call. */
void mm_mirror_tick(struct mm_mirror *m, int64_t now_us);

#endif
