/* codec/when.c - see when.h for the contract. */
#include "codec/when.h"

static const struct mm_slice form_names[] = {
    [MM_WHEN_YMD] = MM_S_INIT("ymd"),   [MM_WHEN_BSD] = MM_S_INIT("bsd"),
    [MM_WHEN_CLF] = MM_S_INIT("clf"),   [MM_WHEN_EPOCH] = MM_S_INIT("epoch"),
    [MM_WHEN_DATE] = MM_S_INIT("date"), [MM_WHEN_CLOCK] = MM_S_INIT("clock"),
    [MM_WHEN_ZONE] = MM_S_INIT("zone"),
};
static_assert(MM_COUNT(form_names) == MM_WHEN_COUNT, "one name per form");

struct mm_slice mm_when_form_name(enum mm_when_form form)
{
    MM_ASSERT(form < MM_WHEN_COUNT);
    return form_names[form];
}

enum mm_when_form mm_when_form_find(struct mm_slice name)
{
    for (size_t i = 0; i < MM_WHEN_COUNT; i++) {
        if (mm_slice_eq(form_names[i], name))
            return (enum mm_when_form)i;
    }
    return MM_WHEN_COUNT;
}

static bool digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* Two digits at the cursor, as they stand in every date: one check instead of two calls. */
static bool two(struct mm_rd *rd, int32_t *ret)
{
    const uint8_t *p = rd->in.p + rd->pos;

    if (mm_rd_left(rd) < 2 || !digit(p[0]) || !digit(p[1]))
        return false;
    *ret = (p[0] - '0') * 10 + (p[1] - '0');
    rd->pos += 2;
    return true;
}

static bool year4(struct mm_rd *rd, int32_t *ret)
{
    int32_t hi, lo;

    if (!two(rd, &hi) || !two(rd, &lo))
        return false;
    *ret = hi * 100 + lo;
    return true;
}

/* 1 or 2 digits, a leading blank allowed: "Sep  6". */
static bool day_loose(struct mm_rd *rd, int32_t *ret)
{
    uint32_t v;

    (void)mm_rd_byte(rd, ' ');
    if (!mm_rd_dec(rd, 2, &v))
        return false;
    *ret = (int32_t)v; /* at most 99 */
    return true;
}

static bool read_date(struct mm_rd *rd, struct mm_when *w)
{
    int gap;

    if (!year4(rd, &w->civil.year))
        return false;
    gap = mm_rd_peek(rd);
    if (gap != '-' && gap != '/')
        return false;
    rd->pos++;
    if (!two(rd, &w->civil.month) || !mm_rd_byte(rd, (uint8_t)gap) || !two(rd, &w->civil.day))
        return false;
    w->has_date = true;
    w->has_year = true;
    return true;
}

static bool read_clock(struct mm_rd *rd, struct mm_when *w)
{
    int32_t weight = 100000;

    if (!two(rd, &w->civil.hour) || !mm_rd_byte(rd, ':') || !two(rd, &w->civil.minute) ||
        !mm_rd_byte(rd, ':') || !two(rd, &w->civil.second))
        return false;
    w->civil.us = 0;
    if (mm_rd_peek(rd) != '.' && mm_rd_peek(rd) != ',')
        return true;
    /* A separator without digits behind it belongs to the text, not to the clock. */
    if (mm_rd_left(rd) < 2 || !digit(rd->in.p[rd->pos + 1]))
        return true;
    rd->pos++;
    for (size_t n = 0; n < 9 && mm_rd_left(rd) > 0 && digit(rd->in.p[rd->pos]); n++) {
        w->civil.us += (rd->in.p[rd->pos] - '0') * weight;
        weight /= 10;
        rd->pos++;
    }
    return true;
}

static bool read_zone(struct mm_rd *rd, struct mm_when *w)
{
    int sign = mm_rd_peek(rd);
    int32_t h, m = 0;

    if (sign == 'Z' || sign == 'z') {
        rd->pos++;
        w->offset_s = 0;
        w->has_zone = true;
        return true;
    }
    if (sign != '+' && sign != '-')
        return false;
    rd->pos++;
    if (!two(rd, &h))
        return false;
    if (mm_rd_byte(rd, ':')) {
        if (!two(rd, &m))
            return false;
    } else {
        (void)two(rd, &m);
    }
    if (h > 18 || m > 59)
        return false;
    w->offset_s = (sign == '-' ? -1 : 1) * (h * 3600 + m * 60);
    w->has_zone = true;
    return true;
}

static bool read_ymd(struct mm_rd *rd, struct mm_when *w)
{
    struct mm_rd zone;
    struct mm_when with = {0};

    if (!read_date(rd, w))
        return false;
    if (!mm_rd_byte(rd, 'T') && !mm_rd_byte(rd, 't') && !mm_rd_byte(rd, ' '))
        return false;
    if (!read_clock(rd, w))
        return false;
    zone = *rd;
    with = *w;
    (void)mm_rd_byte(&zone, ' ');
    if (read_zone(&zone, &with)) {
        *rd = zone;
        *w = with;
    }
    return true;
}

/* Month by its English name in any case: three letters folded into one number. */
static bool month_name(struct mm_rd *rd, int32_t *ret)
{
    static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    const uint8_t *p = rd->in.p + rd->pos;

    if (mm_rd_left(rd) < 3)
        return false;
    for (int32_t m = 0; m < 12; m++) {
        const char *n = names + 3 * m;

        if ((p[0] | 0x20) == n[0] && (p[1] | 0x20) == n[1] && (p[2] | 0x20) == n[2]) {
            *ret = m + 1;
            rd->pos += 3;
            return true;
        }
    }
    return false;
}

/* A year between 1970 and 2106 that ends there: "2026 host", "2026: text", not "2026host", "20267"
 * or the address "2001:db8::1". */
static bool year_word(struct mm_rd *rd, int32_t *ret)
{
    struct mm_rd at = *rd;
    int32_t y;

    if (!mm_rd_byte(&at, ' ') || !year4(&at, &y) || y < 1970 || y > 2106)
        return false;
    if (mm_rd_left(&at) > 0 && mm_rd_peek(&at) != ' ' &&
        !mm_slice_starts(mm_rd_rest(&at), MM_S(": ")))
        return false;
    *rd = at;
    *ret = y;
    return true;
}

static bool read_bsd(struct mm_rd *rd, struct mm_when *w)
{
    if (!month_name(rd, &w->civil.month) || !mm_rd_byte(rd, ' ') || !day_loose(rd, &w->civil.day))
        return false;
    w->has_date = true;
    w->has_year = year_word(rd, &w->civil.year);
    if (!mm_rd_byte(rd, ' ') || !read_clock(rd, w))
        return false;
    if (!w->has_year)
        w->has_year = year_word(rd, &w->civil.year);
    return true;
}

static bool read_clf(struct mm_rd *rd, struct mm_when *w)
{
    if (!two(rd, &w->civil.day) || !mm_rd_byte(rd, '/') || !month_name(rd, &w->civil.month) ||
        !mm_rd_byte(rd, '/') || !year4(rd, &w->civil.year) || !mm_rd_byte(rd, ':') ||
        !read_clock(rd, w) || !mm_rd_byte(rd, ' ') || !read_zone(rd, w))
        return false;
    w->has_date = true;
    w->has_year = true;
    return true;
}

/* Seconds reach 11 digits in the year 5138; 13, 16 and 19 digits are ms, us and ns. */
static bool read_epoch(struct mm_rd *rd, struct mm_when *w)
{
    uint64_t v = 0;
    int64_t us;
    size_t n = 0;

    while (n < 19 && mm_rd_left(rd) > n && digit(rd->in.p[rd->pos + n])) {
        v = v * 10 + (uint64_t)(rd->in.p[rd->pos + n] - '0');
        n++;
    }
    if (n == 0 || (mm_rd_left(rd) > n && digit(rd->in.p[rd->pos + n])))
        return false;
    rd->pos += n;
    if (n <= 11) {
        int32_t weight = 100000;

        us = (int64_t)v * MM_US_PER_S; /* below 10^11 * 10^6 */
        if (mm_rd_left(rd) > 1 && rd->in.p[rd->pos] == '.' && digit(rd->in.p[rd->pos + 1])) {
            rd->pos++;
            for (n = 0; n < 9 && mm_rd_left(rd) > 0 && digit(rd->in.p[rd->pos]); n++) {
                us += (rd->in.p[rd->pos] - '0') * weight;
                weight /= 10;
                rd->pos++;
            }
        }
    } else if (n <= 14) {
        us = (int64_t)v * 1000;
    } else if (n <= 17) {
        us = (int64_t)v;
    } else {
        us = (int64_t)(v / 1000);
    }
    w->epoch_us = us;
    w->is_epoch = true;
    return true;
}

bool mm_when_read(struct mm_rd *rd, enum mm_when_form form, struct mm_when *when)
{
    struct mm_rd at = *rd;
    struct mm_when w = *when;
    bool ok = false;

    MM_ASSERT(form < MM_WHEN_COUNT);
    switch (form) {
    case MM_WHEN_YMD:
        ok = read_ymd(&at, &w);
        break;
    case MM_WHEN_BSD:
        ok = read_bsd(&at, &w);
        break;
    case MM_WHEN_CLF:
        ok = read_clf(&at, &w);
        break;
    case MM_WHEN_EPOCH:
        ok = read_epoch(&at, &w);
        break;
    case MM_WHEN_DATE:
        ok = read_date(&at, &w);
        break;
    case MM_WHEN_CLOCK:
        ok = read_clock(&at, &w);
        break;
    case MM_WHEN_ZONE:
        ok = read_zone(&at, &w);
        break;
    case MM_WHEN_COUNT:
        break;
    }
    if (!ok)
        return false;
    MM_ASSERT(at.pos >= rd->pos && at.pos - rd->pos <= MM_WHEN_MAX);
    *rd = at;
    *when = w;
    return true;
}

/* The year that brings a year-less date nearest to near_us; 29 February looks further. */
static bool nearest_year(const struct mm_civil *civil, int64_t near_us, int32_t offset_s,
                         int64_t *ret_us)
{
    struct mm_civil near, c = *civil;
    int32_t reach = civil->month == 2 && civil->day == 29 ? 8 : 1;
    int64_t best_us = 0, best_gap = INT64_MAX;

    mm_civil_of_us(near_us, offset_s, &near);
    /* Dates of the same half year need no search: the others are months further away. */
    c.year = near.year;
    if (civil->month - near.month <= 5 && near.month - civil->month <= 5 && reach == 1)
        return mm_civil_to_us(&c, offset_s, ret_us);
    for (int32_t y = near.year - reach; y <= near.year + reach; y++) {
        int64_t us, gap;

        c.year = y;
        if (!mm_civil_to_us(&c, offset_s, &us))
            continue;
        gap = us > near_us ? us - near_us : near_us - us;
        if (gap < best_gap) {
            best_gap = gap;
            best_us = us;
        }
    }
    if (best_gap == INT64_MAX)
        return false;
    *ret_us = best_us;
    return true;
}

bool mm_when_resolve(const struct mm_when *when, int64_t near_us, int32_t offset_s, int64_t *ret_us)
{
    int32_t offset = when->has_zone ? when->offset_s : offset_s;

    if (when->is_epoch) {
        /* Nothing before 1970 or after 2106 can be written by this form's readers elsewhere. */
        if (when->epoch_us < 0 || when->epoch_us >= INT64_C(4323456000) * MM_US_PER_S)
            return false;
        *ret_us = when->epoch_us;
        return true;
    }
    if (!when->has_date)
        return false;
    if (!when->has_year)
        return nearest_year(&when->civil, near_us, offset, ret_us);
    return mm_civil_to_us(&when->civil, offset, ret_us);
}
