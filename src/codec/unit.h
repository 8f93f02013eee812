/*
 * codec/unit.h - sizes and durations with units, as devices write them.
 *
 * Purpose   "12.3 MB" as bytes, "1d 02:03:04" as nanoseconds.
 * Owns      Nothing.
 * Threads   Pure functions.
 * Trust     Input is hostile; a value that does not fit 64 bits is refused, never wrapped.
 * Spec      IEC 80000-13 (KiB), SI (kB), ISO 8601 durations without years and months. Fuzzed by
 *           unit_fuzz.c.
 */
#ifndef MM_CODEC_UNIT_H
#define MM_CODEC_UNIT_H

#include "base/base.h"

/*
 * A size in bytes, rounded down: "512", "1,234", "12.3 MB", "4kB", "1.5GiB", "10K", "7 bytes".
 * KiB, MiB ... are powers of 1024. K, KB, M ... are powers of `kilo`, 1000 or 1024, since both are
 * in use: the vendor's manual decides. Whole slice; *ret untouched when it is none.
 */
MM_MUST_USE bool mm_unit_bytes(struct mm_slice s, uint64_t kilo, uint64_t *ret);

/*
 * A duration in nanoseconds, rounded down: "90" (seconds), "1.5s", "250ms", "15 us", "1h2m3s",
 * "1h 2min", "1h:02m:03s", "00:01:02", "0:00:12.345", "1d 02:03:04", "2 days, 3:04", "1w2d",
 * "PT1H2M3S". Two numbers around a colon are hours and minutes behind days, and are refused alone,
 * where they may be minutes and seconds. Whole slice; *ret untouched when it is none.
 */
MM_MUST_USE bool mm_unit_duration(struct mm_slice s, uint64_t *ret_ns);

#endif
