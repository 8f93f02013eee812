/*
 * codec/when.h - the moments that log lines write, in all their forms.
 *
 * Purpose   Read a date, a clock, a zone or an epoch number from a cursor, then
 *           turn what stood there into microseconds UTC. Log lines leave out
 *           years and zones: the caller says what to assume and is told that
 *           it was assumed.
 * Owns      Nothing.
 * Threads   Pure functions: no clock, no locale.
 * Trust     Input is hostile; every form reads at most MM_WHEN_MAX bytes.
 * Spec      RFC 3164 4.1.2, RFC 3339, RFC 5322 3.3, Common Log Format, MS-DTYP 2.3.3 (FILETIME).
 *           Eras: Reiwa from 2019-05-01, Heisei from 1989-01-08, Showa before. A date before its
 *           era began is refused; one after its end is read (devices that were not updated go
 *           on counting Heisei). Fuzzed by when_fuzz.c.
 */
#ifndef MM_CODEC_WHEN_H
#define MM_CODEC_WHEN_H

#include "base/base.h"
#include "base/rd.h"
#include "base/time.h"

enum { MM_WHEN_MAX = 96 }; /* longest form: an era date in kanji with weekday, clock and zone, 75 */

/* In the order in which templates try them where several may stand. */
enum mm_when_form {
    MM_WHEN_YMD,      /* 2026-09-06T12:33:02.5+09:00, 2026/09/06 12:33:02; zone optional */
    MM_WHEN_BSD,      /* Sep  6 12:33:02, sep 6 2026 12:33:02, Sep 6 12:33:02.123 2026 */
    MM_WHEN_CLF,      /* 06/Sep/2026:12:33:02 +0900; HAProxy leaves the zone out */
    MM_WHEN_CTIME,    /* Sun Sep  6 12:33:02.5 2026, Sun Sep 06 12:33:02 JST 2026 */
    MM_WHEN_DMONY,    /* Sun, 06 Sep 2026 12:33:02 +0900, 6-Sep-26 12:33:02.5, 06Sep2026 12:33:02 */
    MM_WHEN_MDY,      /* 09/06/26 12:33:02, 9/6/2026 12:33:02 PM */
    MM_WHEN_DMY,      /* 06/09/26 12:33:02, 06.09.2026 12:33 */
    MM_WHEN_IDS,      /* 09/06-12:33:02.5, 09/06/26-12:33:02 (Snort), 26/09/06-12:33:02 (Snort 3) */
    MM_WHEN_COMPACT,  /* 20260906123302, 20260906T123302Z, 20260906-12:33:02.5 */
    MM_WHEN_FILETIME, /* 100 ns since 1601, decimal or 0x and hexadecimal digits */
    MM_WHEN_EPOCH,    /* seconds with a fraction, or milli-, micro-, nanoseconds by size */
    /* As Japanese software writes it: 2026/9/6 9:05, 26/09/06 9:05:02 PM, kanji instead of
     * separators, eras (R8.9.6, H31/4/30, or in kanji), morning and afternoon in front of the
     * clock or behind it, a weekday in parentheses. A year of two digits is 1970 to 2069. */
    MM_WHEN_JP,
    MM_WHEN_DATE,          /* 2026-09-06 or 2026/09/06 alone */
    MM_WHEN_CLOCK,         /* 12:33:02 with an optional fraction, alone */
    MM_WHEN_JP_DATE,       /* the date of `jp` alone */
    MM_WHEN_JP_CLOCK,      /* the clock of `jp` alone: 9:05, 9:05:02 PM */
    MM_WHEN_MDY_DATE,      /* 09/06/26, 9/6/2026, 09-06-2026 alone */
    MM_WHEN_DMY_DATE,      /* 06/09/26, 06.09.2026 alone */
    MM_WHEN_DMONY_DATE,    /* 06Sep2026, 6-Sep-26 alone */
    MM_WHEN_COMPACT_DATE,  /* 20260906 alone */
    MM_WHEN_COMPACT_CLOCK, /* 123302 alone */
    MM_WHEN_ZONE,          /* +0900, +09:00, Z, JST, UTC, GMT, UTC+9, alone */
    MM_WHEN_COUNT
};

/* What has been read of one moment; start with zeroes, read one or several parts into it. */
struct mm_when {
    struct mm_civil civil;
    int64_t epoch_us; /* counts only when is_epoch */
    int32_t offset_s; /* counts only when has_zone */
    bool is_epoch;
    bool has_date;
    bool has_year;
    bool has_zone;
};

/* Name of a form as formats write it ("ymd", "bsd" …), and back; MM_WHEN_COUNT when unknown. */
struct mm_slice mm_when_form_name(enum mm_when_form form);
enum mm_when_form mm_when_form_find(struct mm_slice name);

/*
 * Read one form at the cursor into *when, keeping parts that were read before. False when it does
 * not stand there: neither the cursor nor *when has moved then.
 */
MM_MUST_USE bool mm_when_read(struct mm_rd *rd, enum mm_when_form form, struct mm_when *when);

/*
 * The moment in microseconds UTC. Without a zone it is read as if at offset_s; without a year it
 * takes the year that brings it nearest to near_us. False when there is no such day or the date is
 * missing.
 */
MM_MUST_USE bool mm_when_resolve(const struct mm_when *when, int64_t near_us, int32_t offset_s,
                                 int64_t *ret_us);

#endif
