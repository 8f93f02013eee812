/*
 * codec/when_part.h - what the files behind codec/when.h share: parts of dates, and readers.
 *
 * Purpose   when.c holds the forms that every syslog line needs, when_forms.c the others,
 *           when_jp.c those of Japanese software.
 * Owns      Nothing.
 * Threads   Pure functions.
 * Trust     Input is hostile. A reader may leave cursor and *w anywhere when it returns false:
 *           mm_when_read works on copies.
 * Spec      codec/when.h.
 */
#ifndef MM_CODEC_WHEN_PART_H
#define MM_CODEC_WHEN_PART_H

#include "codec/when.h"

static inline bool mm_when_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static inline bool mm_when_alnum(uint8_t c)
{
    return mm_when_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* Two digits at the cursor, as they stand in every date: one check instead of two calls. */
static inline bool mm_when_two(struct mm_rd *rd, int32_t *ret)
{
    const uint8_t *p = rd->in.p + rd->pos;

    if (mm_rd_left(rd) < 2 || !mm_when_digit(p[0]) || !mm_when_digit(p[1]))
        return false;
    *ret = (p[0] - '0') * 10 + (p[1] - '0');
    rd->pos += 2;
    return true;
}

static inline bool mm_when_year4(struct mm_rd *rd, int32_t *ret)
{
    int32_t hi, lo;

    if (!mm_when_two(rd, &hi) || !mm_when_two(rd, &lo))
        return false;
    *ret = hi * 100 + lo;
    return true;
}

/* One or two digits. */
static inline bool mm_when_small(struct mm_rd *rd, int32_t *ret)
{
    uint32_t v;

    if (!mm_rd_dec(rd, 2, &v))
        return false;
    *ret = (int32_t)v; /* at most 99 */
    return true;
}

/* A year of two digits: 1970 to 2069, as POSIX has it. */
static inline int32_t mm_when_year_of_two(int32_t year)
{
    return year + (year < 70 ? 2000 : 1900);
}

/* ".5" or ",250" at the cursor into civil.us; a separator without digits behind it belongs to the
 * text. At most 9 digits. */
static inline void mm_when_fraction(struct mm_rd *rd, struct mm_when *w)
{
    int32_t weight = 100000;
    int gap = mm_rd_peek(rd);

    w->civil.us = 0;
    if ((gap != '.' && gap != ',') || mm_rd_left(rd) < 2 || !mm_when_digit(rd->in.p[rd->pos + 1]))
        return;
    rd->pos++;
    for (size_t n = 0; n < 9 && mm_rd_left(rd) > 0 && mm_when_digit(rd->in.p[rd->pos]); n++) {
        w->civil.us += (rd->in.p[rd->pos] - '0') * weight;
        weight /= 10;
        rd->pos++;
    }
}

/* Month by its English name in any case. */
bool mm_when_month(struct mm_rd *rd, int32_t *ret);
bool mm_when_zone(struct mm_rd *rd, struct mm_when *w);
/* A zone that may stand here, with or without a blank before it. */
void mm_when_zone_behind(struct mm_rd *rd, struct mm_when *w);

/* when_forms.c */
bool mm_when_ctime(struct mm_rd *rd, struct mm_when *w);
bool mm_when_dmony(struct mm_rd *rd, struct mm_when *w);
bool mm_when_dmony_date(struct mm_rd *rd, struct mm_when *w);
bool mm_when_mdy(struct mm_rd *rd, struct mm_when *w);
bool mm_when_mdy_date(struct mm_rd *rd, struct mm_when *w);
bool mm_when_dmy(struct mm_rd *rd, struct mm_when *w);
bool mm_when_dmy_date(struct mm_rd *rd, struct mm_when *w);
bool mm_when_ids(struct mm_rd *rd, struct mm_when *w);
bool mm_when_compact(struct mm_rd *rd, struct mm_when *w);
bool mm_when_compact_date(struct mm_rd *rd, struct mm_when *w);
bool mm_when_compact_clock(struct mm_rd *rd, struct mm_when *w);
bool mm_when_filetime(struct mm_rd *rd, struct mm_when *w);

/* when_jp.c */
bool mm_when_jp(struct mm_rd *rd, struct mm_when *w);
bool mm_when_jp_date(struct mm_rd *rd, struct mm_when *w);
bool mm_when_jp_clock(struct mm_rd *rd, struct mm_when *w);

#endif
