/*
 * base/time.h - moments as microseconds since 1970-01-01 UTC, and their texts.
 *
 * Purpose   Civil dates to and from microseconds without libc's time zone state.
 * Owns      Nothing.
 * Threads   Pure functions; only mm_now_us and mm_mono_us read a clock, and
 *           library code takes times as parameters instead.
 * Trust     Every field is checked; years 1970 to 2106 in, others refused.
 * Spec      RFC 3339; calendar arithmetic after Howard Hinnant's days_from_civil.
 */
#ifndef MM_BASE_TIME_H
#define MM_BASE_TIME_H

#include "base/base.h"

#define MM_US_PER_S INT64_C(1000000)
#define MM_US_PER_DAY (INT64_C(86400) * MM_US_PER_S)

struct mm_civil {
    int32_t year;
    int32_t month; /* 1..12 */
    int32_t day;   /* 1..31 */
    int32_t hour;
    int32_t minute;
    int32_t second; /* 0..60; 60 is read as 59 */
    int32_t us;     /* 0..999999 */
};

/* Days since 1970-01-01 of a civil date (proleptic Gregorian). */
int64_t mm_days_of(int32_t year, int32_t month, int32_t day);
/* Civil fields as UTC microseconds; false when a field is out of range or the day doesn't exist. */
MM_MUST_USE bool mm_civil_to_us(const struct mm_civil *c, int32_t offset_s, int64_t *ret_us);
/* UTC microseconds shifted by offset_s, as civil fields. */
void mm_civil_of_us(int64_t us, int32_t offset_s, struct mm_civil *ret);
/* 0 = Sunday. */
int mm_weekday(int32_t year, int32_t month, int32_t day);

/*
 * RFC 3339 / ISO 8601 extended: 2003-10-11T22:14:15.003Z, blank or 'T' or 't' between, 'Z' or
 * +09:00 or +0900 or nothing. Up to 9 fraction digits (microseconds kept). *ret_zone says whether
 * a zone stood there; without one the text is read as if at assumed_offset_s. Whole slice.
 */
MM_MUST_USE bool mm_time_parse(struct mm_slice s, int32_t assumed_offset_s, int64_t *ret_us,
                               bool *ret_zone);

enum { MM_TIME_TEXT = 28 }; /* "2020-12-23T10:34:00.000000Z" + NUL */
/* RFC 3339 in UTC; fraction only when not zero. NUL-terminated. */
void mm_time_text(int64_t us, char ret[MM_TIME_TEXT]);

/* CLOCK_REALTIME and CLOCK_MONOTONIC; for mains and os/, not for codec. */
int64_t mm_now_us(void);
int64_t mm_mono_us(void);

#endif
