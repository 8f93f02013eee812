/*
 * engine/watch.h - the engine looks after what it is fed by: sources, disk, clock.
 *
 * Purpose   Adds intake's counters to the records and makes findings of what nobody else would
 *           notice: a source that fell silent, a source that is no longer understood, a disk that
 *           is full, a clock that jumps.
 * Owns      A mapping of intake's page and what it knew last time.
 * Threads   One (the sink's).
 * Trust     The page is written by intake, which reads hostile bytes: company and source numbers in
 *           it are held against the register's, counters may be any number.
 */
#ifndef MM_ENGINE_WATCH_H
#define MM_ENGINE_WATCH_H

#include "coverage/coverage.h"
#include "engine/sources.h"
#include "store/records/records.h"

enum {
    MM_WATCH_COUNT_S = 5,     /* counters are added this often */
    MM_WATCH_JUDGE_S = 30,    /* silence and coverage are judged this often */
    MM_WATCH_COVER_MIN = 200, /* lines of a window that say something about coverage */
    MM_WATCH_BEHIND_S = 600,  /* ten tries to take rules in, one a minute */
};

struct mm_watch;

MM_MUST_USE enum mm_code mm_watch_new(struct mm_records *records, const char *state_dir,
                                      struct mm_watch **ret);
void mm_watch_free(struct mm_watch **w);
/*
 * Do what is due. now_us: wall clock, mono_us: monotonic clock. Failures are tried again at the
 * next call; nothing counted is lost by them.
 */
void mm_watch_tick(struct mm_watch *w, const struct mm_sources *sources, int64_t now_us,
                   int64_t mono_us);

/*
 * Are the shards behind what they were to take in (mm_master_stats.behind)? A finding of the
 * operator for as long as they are, and a case (a mail) when it lasts for MM_WATCH_BEHIND_S. now_us
 * is a clock that may be set: back, it only waits for longer.
 */
void mm_watch_rules(struct mm_watch *w, bool behind, int64_t now_us);

/*
 * Is a rule weakened by one person's word that its author has made critical since
 * (mm_rules_unasked)? It stays as that person wanted it, and is a case of the operator until
 * somebody has looked: taken back, or made again and agreed to.
 */
void mm_watch_unasked(struct mm_watch *w, bool unasked, int64_t now_us);

/* Has a source been silent for longer than it may? last_seen_us 0: never heard of. */
bool mm_watch_silent(const struct mm_source_info *s, int64_t last_seen_us, int64_t now_us);
/*
 * Did understanding fall? A window of at least MM_WATCH_COVER_MIN lines in which more than a tenth
 * was not read, from a source of which 98 % were read before.
 */
bool mm_watch_fell(uint64_t parsed_before, uint64_t unparsed_before, uint64_t parsed,
                   uint64_t unparsed);

#endif
