/*
 * backup/stage.h - one moment of a running system, held still.
 *
 * Purpose   The first half of a backup: what takes seconds and must fit together. Files that never
 *           change get a second name in STATE/backup.tmp; copying is the other half (take.h).
 * Owns      The directory backup.tmp, the snapshot of the records, both until mm_stage_done.
 * Threads   One; one backup of a state at a time.
 * Trust     The state directory is ours. Paths that the store of events names are looked at.
 *
 * Why this order. Intake numbers lines; the engine stores those of a batch in the events, then in
 * the records, with the position last; behind the position the spool has everything. So
 *   1. nobody trims the spool from here on;
 *   2. the records: position P;
 *   3. the events: they hold at least all below P;
 *   4. the spool: it holds all from P on, and no number in the events is beyond it.
 * A restore goes on at P, reads the spool from there, and what the events hold already is not
 * stored twice, because the engine asks for the numbers there are, for a few batches behind P
 * (engine/sink.h). That the events are not further ahead is made sure of: when the position
 * has moved by more than MM_STAGE_AHEAD between 2 and 3, all is taken again.
 */
#ifndef MM_BACKUP_STAGE_H
#define MM_BACKUP_STAGE_H

#include "backup/manifest.h"
#include "backup/store.h"
#include "store/records/records.h"

/* Below the state directory. */
#define MM_STAGE_DIR "backup.tmp"

enum {
    MM_STAGE_AHEAD = 500 * 1000, /* records; two batches of the engine are more */
    MM_STAGE_TRIES = 5,
};

struct mm_stage {
    char dir[MM_MAX_PATH]; /* eventd/store/..., spool/... below it */
    struct mm_tx *tx;      /* the records as of the moment */
    int lock, hold;
};

/*
 * Take the moment. Fills tables and queues of *m. `store` is NULL when
 * the state has no events yet. MM_E_BUSY: another backup runs, or the system would not hold still;
 * else why says what failed. On failure nothing is held and the directory is gone.
 */
MM_MUST_USE enum mm_code mm_stage_take(const char *state, struct mm_records *records,
                                       struct mm_backup_store *store, struct mm_stage *ret,
                                       struct mm_manifest *m, struct mm_buf *why);
/* The records are copied: their snapshot is no longer needed. */
void mm_stage_records_done(struct mm_stage *s);
/* Give everything back and remove the directory. Safe after either call above. */
void mm_stage_done(struct mm_stage *s);

/* The first second at which a row of this part is too old, from the text of its ttl.txt; 0 when
 * there is none. */
uint64_t mm_stage_expires(struct mm_slice ttl);
/* "xxx/uuid/part" at the end of the path of a part; false when it is not one. */
MM_MUST_USE bool mm_stage_part(struct mm_slice path, struct mm_slice *ret);

#endif
