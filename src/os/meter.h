/*
 * os/meter.h - durations that a program measures, in a page that others may read.
 *
 * Purpose   How long inserts, searches and requests take, without a question to the program that
 *           does them: it counts into a mapped file of its own, `run/NAME.meters`.
 * Owns      A writer owns its mapping until the process ends.
 * Threads   Adding: any. Each word is atomic, a page as a whole is not a snapshot.
 * Trust     The file is ours; one that is not whole, or of another version, is none.
 */
#ifndef MM_OS_METER_H
#define MM_OS_METER_H

#include <stdatomic.h>

#include "base/base.h"

enum mm_meter {
#define MM_METER(id) MM_METER_##id,
#include "os/meters.def"
#undef MM_METER
    MM_METERS
};

enum {
    MM_METER_BOUNDS = 14, /* and one more for what took longer */
    MM_METER_VERSION = 1,
};

/* The upper bound of a bucket in microseconds, ascending: from 1 ms to a minute. */
int64_t mm_meter_bound(size_t bucket);

struct mm_durations {
    uint64_t count[MM_METER_BOUNDS + 1]; /* of each bucket alone */
    uint64_t sum_us;
};

struct mm_meters;

/* Make the file at path anew and map it. MM_E_IO when that fails. */
MM_MUST_USE enum mm_code mm_meters_open(const char *path, struct mm_meters **ret);
void mm_meters_close(struct mm_meters **m);
/* Count one duration; m may be NULL: then nobody looks. Below zero counts as zero. */
void mm_meter_add(struct mm_meters *m, enum mm_meter meter, int64_t us);

/* What stands in the file at path, by enum mm_meter. MM_E_NOTFOUND: there is none that is whole. */
MM_MUST_USE enum mm_code mm_meters_read(const char *path, struct mm_durations ret[MM_METERS]);

#endif
