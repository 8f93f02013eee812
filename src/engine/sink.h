/*
 * engine/sink.h - from the spool to the stores, exactly once.
 *
 * Purpose   Reads every queue, cuts batches, has shards do the work, and stores each batch whole:
 *           events, alerts, then findings, counters and the queue's position in the records.
 *           Whatever dies in between, the position says where to go on, and the numbers (queue,
 *           seq) see to it that nothing is stored twice.
 * Owns      Readers, batches, its clients of the stores, two storing threads.
 * Threads   mm_sink_run uses the caller's thread and starts two more.
 * Trust     Record bodies pass through unread. What shards hand back is checked (ring.h, alert.h).
 */
#ifndef MM_ENGINE_SINK_H
#define MM_ENGINE_SINK_H

#include "engine/master.h"
#include "os/meter.h"
#include "store/records/records.h"

enum {
    /* An earlier process had at most this many batches beyond its position, and a backup lets no
     * more be there: in these what is stored is asked for. */
    MM_SINK_IN_FLIGHT = 6,
};

struct mm_sink_options {
    const char *state_dir;
    const char *events_address; /* "unix:…" or "tcp:…" */
    struct mm_records *records;
    struct mm_master *master;
    size_t shards;
    int wake_fd; /* the rings' wake_sink */
    uint16_t keep_days;
    struct mm_meters *meters; /* NULL: nothing is measured */
    /* Zero: MM_BATCH_RECORDS, and one second. */
    size_t batch_records;
    int64_t batch_age_us;
};

struct mm_sink;

MM_MUST_USE enum mm_code mm_sink_new(const struct mm_sink_options *options, struct mm_sink **ret);
void mm_sink_free(struct mm_sink **sink);
/*
 * Work until the signalfd (non-blocking) hands out something else than SIGHUP, which has the
 * shards reload; what was taken is then stored, if the stores take it within five seconds. MM_E_IO:
 * the master died; MM_E_NOMEM: a batch cannot be held or stored: start anew, the spool has it all.
 */
MM_MUST_USE enum mm_code mm_sink_run(struct mm_sink *sink, int signals);

#endif
