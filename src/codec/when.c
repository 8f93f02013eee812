/* codec/when.c - see when.h for the contract. */
#include "codec/when.h"

#include "codec/when_part.h"

static const struct mm_slice form_names[] = {
    [MM_WHEN_YMD] = MM_S_INIT("ymd"),
    [MM_WHEN_BSD] = MM_S_INIT("bsd"),
    [MM_WHEN_CLF] = MM_S_INIT("clf"),
    [MM_WHEN_CTIME] = MM_S_INIT("ctime"),
    [MM_WHEN_DMONY] = MM_S_INIT("dmony"),
    [MM_WHEN_MDY] = MM_S_INIT("mdy"),
    [MM_WHEN_DMY] = MM_S_INIT("dmy"),
    [MM_WHEN_IDS] = MM_S_INIT("ids"),
    [MM_WHEN_COMPACT] = MM_S_INIT("compact"),
    [MM_WHEN_FILETIME] = MM_S_INIT("filetime"),
    [MM_WHEN_EPOCH] = MM_S_INIT("epoch"),
    [MM_WHEN_JP] = MM_S_INIT("jp"),
    [MM_WHEN_DATE] = MM_S_INIT("date"),
    [MM_WHEN_CLOCK] = MM_S_INIT("clock"),
    [MM_WHEN_JP_DATE] = MM_S_INIT("jp-date"),
    [MM_WHEN_JP_CLOCK] = MM_S_INIT("jp-clock"),
    [MM_WHEN_MDY_DATE] = MM_S_INIT("mdy-date"),
    [MM_WHEN_DMY_DATE] = MM_S_INIT("dmy-date"),
    [MM_WHEN_DMONY_DATE] = MM_S_INIT("dmony-date"),
    [MM_WHEN_COMPACT_DATE] = MM_S_INIT("compact-date"),
    [MM_WHEN_COMPACT_CLOCK] = MM_S_INIT("compact-clock"),
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

    if (!mm_when_year4(rd, &w->civil.year))
        return false;
    gap = mm_rd_peek(rd);
    if (gap != '-' && gap != '/')
        return false;
    rd->pos++;
    if (!mm_when_two(rd, &w->civil.month) || !mm_rd_byte(rd, (uint8_t)gap) ||
        !mm_when_two(rd, &w->civil.day))
        return false;
    w->has_date = true;
    w->has_year = true;
    return true;
}

static bool read_clock(struct mm_rd *rd, struct mm_when *w)
{
    if (!mm_when_two(rd, &w->civil.hour) || !mm_rd_byte(rd, ':') ||
        !mm_when_two(rd, &w->civil.minute) || !mm_rd_byte(rd, ':') ||
        !mm_when_two(rd, &w->civil.second))
        return false;
    mm_when_fraction(rd, w);
    return true;
}

/* The name of a zone that means one thing only. What goes on behind it is a host's name, unless it
 * is an offset. */
static bool zone_name(struct mm_rd *rd, int32_t *ret_offset)
{
    static const struct {
        struct mm_slice name;
        int32_t offset_s;
    } zones[] = {{MM_S_INIT("JST"), 9 * 3600}, {MM_S_INIT("UTC"), 0}, {MM_S_INIT("GMT"), 0}};
    struct mm_slice word = mm_slice_sub(rd->in, rd->pos, 3);
    struct mm_slice behind = mm_slice_sub(rd->in, rd->pos + 3, 2);

    if (behind.n > 0 && (mm_when_alnum(behind.p[0]) || behind.p[0] == '_' || behind.p[0] == '.'))
        return false;
    if (behind.n > 1 && behind.p[0] == '-' && !mm_when_digit(behind.p[1]))
        return false;
    for (size_t i = 0; i < MM_COUNT(zones); i++) {
        if (mm_slice_eq(word, zones[i].name)) {
            rd->pos += word.n;
            *ret_offset = zones[i].offset_s;
            return true;
        }
    }
    return false;
}

/* "+0900", "+09:00", "+09"; behind the name of UTC also "+9". */
static bool zone_offset(struct mm_rd *rd, bool named, int32_t *ret_offset)
{
    int sign = mm_rd_peek(rd);
    int32_t h, m = 0;
    uint32_t short_h;

    if (sign != '+' && sign != '-')
        return false;
    rd->pos++;
    if (!mm_when_two(rd, &h)) {
        if (!named || !mm_rd_dec(rd, 1, &short_h))
            return false;
        h = (int32_t)short_h; /* one digit */
    }
    if (mm_rd_byte(rd, ':')) {
        if (!mm_when_two(rd, &m))
            return false;
    } else {
        (void)mm_when_two(rd, &m);
    }
    if (h > 18 || m > 59)
        return false;
    *ret_offset = (sign == '-' ? -1 : 1) * (h * 3600 + m * 60);
    return true;
}

bool mm_when_zone(struct mm_rd *rd, struct mm_when *w)
{
    int32_t offset = 0;
    struct mm_rd at;

    if (mm_rd_byte(rd, 'Z') || mm_rd_byte(rd, 'z')) {
        w->offset_s = 0;
        w->has_zone = true;
        return true;
    }
    if (zone_name(rd, &w->offset_s)) {
        at = *rd;
        w->has_zone = true;
        if (w->offset_s == 0 && zone_offset(&at, true, &offset)) {
            *rd = at;
            w->offset_s = offset;
        }
        return true;
    }
    if (!zone_offset(rd, false, &w->offset_s))
        return false;
    w->has_zone = true;
    return true;
}

void mm_when_zone_behind(struct mm_rd *rd, struct mm_when *w)
{
    struct mm_rd at = *rd;
    struct mm_when with = *w;

    (void)mm_rd_byte(&at, ' ');
    if (mm_when_zone(&at, &with)) {
        *rd = at;
        *w = with;
    }
}

static bool read_ymd(struct mm_rd *rd, struct mm_when *w)
{
    if (!read_date(rd, w))
        return false;
    if (!mm_rd_byte(rd, 'T') && !mm_rd_byte(rd, 't') && !mm_rd_byte(rd, ' '))
        return false;
    if (!read_clock(rd, w))
        return false;
    mm_when_zone_behind(rd, w);
    return true;
}

/* Month by its English name in any case: three letters folded into one number. */
bool mm_when_month(struct mm_rd *rd, int32_t *ret)
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

    if (!mm_rd_byte(&at, ' ') || !mm_when_year4(&at, &y) || y < 1970 || y > 2106)
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
    if (!mm_when_month(rd, &w->civil.month) || !mm_rd_byte(rd, ' ') ||
        !day_loose(rd, &w->civil.day))
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
    if (!mm_when_two(rd, &w->civil.day) || !mm_rd_byte(rd, '/') ||
        !mm_when_month(rd, &w->civil.month) || !mm_rd_byte(rd, '/') ||
        !mm_when_year4(rd, &w->civil.year) || !mm_rd_byte(rd, ':') || !read_clock(rd, w))
        return false;
    w->has_date = true;
    w->has_year = true;
    mm_when_zone_behind(rd, w);
    return true;
}

/* Seconds reach 11 digits in the year 5138; 13, 16 and 19 digits are ms, us and ns. */
static bool read_epoch(struct mm_rd *rd, struct mm_when *w)
{
    uint64_t v = 0;
    int64_t us;
    size_t n = 0;

    while (n < 19 && mm_rd_left(rd) > n && mm_when_digit(rd->in.p[rd->pos + n])) {
        v = v * 10 + (uint64_t)(rd->in.p[rd->pos + n] - '0');
        n++;
    }
    if (n == 0 || (mm_rd_left(rd) > n && mm_when_digit(rd->in.p[rd->pos + n])))
        return false;
    rd->pos += n;
    if (n <= 11) {
        int32_t weight = 100000;

        us = (int64_t)v * MM_US_PER_S; /* below 10^11 * 10^6 */
        if (mm_rd_left(rd) > 1 && rd->in.p[rd->pos] == '.' &&
            mm_when_digit(rd->in.p[rd->pos + 1])) {
            rd->pos++;
            for (n = 0; n < 9 && mm_rd_left(rd) > 0 && mm_when_digit(rd->in.p[rd->pos]); n++) {
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
    static bool (*const readers[])(struct mm_rd *, struct mm_when *) = {
        [MM_WHEN_YMD] = read_ymd,
        [MM_WHEN_BSD] = read_bsd,
        [MM_WHEN_CLF] = read_clf,
        [MM_WHEN_CTIME] = mm_when_ctime,
        [MM_WHEN_DMONY] = mm_when_dmony,
        [MM_WHEN_MDY] = mm_when_mdy,
        [MM_WHEN_DMY] = mm_when_dmy,
        [MM_WHEN_IDS] = mm_when_ids,
        [MM_WHEN_COMPACT] = mm_when_compact,
        [MM_WHEN_FILETIME] = mm_when_filetime,
        [MM_WHEN_EPOCH] = read_epoch,
        [MM_WHEN_JP] = mm_when_jp,
        [MM_WHEN_DATE] = read_date,
        [MM_WHEN_CLOCK] = read_clock,
        [MM_WHEN_JP_DATE] = mm_when_jp_date,
        [MM_WHEN_JP_CLOCK] = mm_when_jp_clock,
        [MM_WHEN_MDY_DATE] = mm_when_mdy_date,
        [MM_WHEN_DMY_DATE] = mm_when_dmy_date,
        [MM_WHEN_DMONY_DATE] = mm_when_dmony_date,
        [MM_WHEN_COMPACT_DATE] = mm_when_compact_date,
        [MM_WHEN_COMPACT_CLOCK] = mm_when_compact_clock,
        [MM_WHEN_ZONE] = mm_when_zone,
    };
    static_assert(MM_COUNT(readers) == MM_WHEN_COUNT, "one reader per form");
    struct mm_rd at = *rd;
    struct mm_when w = *when;

    MM_ASSERT(form < MM_WHEN_COUNT);
    if (!readers[form](&at, &w))
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
