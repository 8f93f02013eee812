/* codec/when_forms.c - the less common forms of codec/when.h: see there for the contract. */
#include "codec/when_part.h"

/* "Fri" or "Friday" in front of a date, with a comma or not; nothing is checked against the date.
 */
static bool weekday(struct mm_rd *rd)
{
    static const char names[] = "sunmontuewedthufrisat";
    const uint8_t *p = rd->in.p + rd->pos;
    enum { LONGEST = 9 };
    size_t n = 3;
    bool known = false;

    if (mm_rd_left(rd) < 5)
        return false;
    for (size_t i = 0; i < 7; i++)
        known = known || ((p[0] | 0x20) == names[3 * i] && (p[1] | 0x20) == names[3 * i + 1] &&
                          (p[2] | 0x20) == names[3 * i + 2]);
    while (known && n < LONGEST && n < mm_rd_left(rd) && (p[n] | 0x20) >= 'a' &&
           (p[n] | 0x20) <= 'z')
        n++;
    rd->pos += n;
    return known;
}

/* hh:mm with optional seconds, which this function reads as 0. */
static bool clock_short(struct mm_rd *rd, struct mm_when *w)
{
    if (!mm_when_two(rd, &w->civil.hour) || !mm_rd_byte(rd, ':') ||
        !mm_when_two(rd, &w->civil.minute))
        return false;
    w->civil.second = 0;
    w->civil.us = 0;
    if (mm_rd_byte(rd, ':')) {
        if (!mm_when_two(rd, &w->civil.second))
            return false;
        mm_when_fraction(rd, w);
    }
    return true;
}

bool mm_when_ctime(struct mm_rd *rd, struct mm_when *w)
{
    if (!weekday(rd))
        return false;
    (void)mm_rd_byte(rd, ',');
    if (!mm_rd_byte(rd, ' ') || !mm_when_month(rd, &w->civil.month) || !mm_rd_byte(rd, ' '))
        return false;
    (void)mm_rd_byte(rd, ' ');
    if (!mm_when_small(rd, &w->civil.day) || !mm_rd_byte(rd, ' '))
        return false;
    w->has_date = true;
    w->has_year = true;
    /* "Nov 20 2026 13:00:01" */
    if (mm_rd_left(rd) > 4 && rd->in.p[rd->pos + 4] == ' ')
        return mm_when_year4(rd, &w->civil.year) && mm_rd_byte(rd, ' ') && clock_short(rd, w);
    if (!clock_short(rd, w))
        return false;
    mm_when_zone_behind(rd, w);
    return mm_rd_byte(rd, ' ') && mm_when_year4(rd, &w->civil.year);
}

/* Four digits, or two that no third one follows. */
static bool year_long_or_short(struct mm_rd *rd, int32_t *ret)
{
    struct mm_rd at = *rd;

    if (mm_when_year4(&at, ret)) {
        *rd = at;
        return true;
    }
    if (!mm_when_two(rd, ret) || (mm_rd_left(rd) > 0 && mm_when_digit(rd->in.p[rd->pos])))
        return false;
    *ret = mm_when_year_of_two(*ret);
    return true;
}

bool mm_when_dmony_date(struct mm_rd *rd, struct mm_when *w)
{
    int gap;

    if (!mm_when_small(rd, &w->civil.day))
        return false;
    gap = mm_rd_peek(rd);
    if (gap == ' ' || gap == '-' || gap == '/')
        rd->pos++;
    else
        gap = -1;
    if (!mm_when_month(rd, &w->civil.month))
        return false;
    if ((gap >= 0 && !mm_rd_byte(rd, (uint8_t)gap)) || !year_long_or_short(rd, &w->civil.year))
        return false;
    w->has_date = true;
    w->has_year = true;
    return true;
}

bool mm_when_dmony(struct mm_rd *rd, struct mm_when *w)
{
    struct mm_rd at = *rd;

    if (weekday(&at)) {
        *rd = at;
        (void)mm_rd_byte(rd, ',');
        (void)mm_rd_byte(rd, ' ');
        (void)mm_rd_byte(rd, ' '); /* before a day of one digit */
    }
    if (!mm_when_dmony_date(rd, w))
        return false;
    if (!mm_rd_byte(rd, ' ') && !mm_rd_byte(rd, ':') && !mm_rd_byte(rd, 'T'))
        return false;
    (void)mm_rd_byte(rd, ' ');
    if (!clock_short(rd, w))
        return false;
    mm_when_zone_behind(rd, w);
    return true;
}

/* Two numbers and a year between the same separators. */
static bool three(struct mm_rd *rd, struct mm_when *w, int32_t *first, int32_t *second)
{
    int gap;

    if (!mm_when_small(rd, first))
        return false;
    gap = mm_rd_peek(rd);
    if (gap != '/' && gap != '-' && gap != '.')
        return false;
    rd->pos++;
    if (!mm_when_small(rd, second) || !mm_rd_byte(rd, (uint8_t)gap) ||
        !year_long_or_short(rd, &w->civil.year))
        return false;
    w->has_date = true;
    w->has_year = true;
    return true;
}

bool mm_when_mdy_date(struct mm_rd *rd, struct mm_when *w)
{
    return three(rd, w, &w->civil.month, &w->civil.day);
}

bool mm_when_dmy_date(struct mm_rd *rd, struct mm_when *w)
{
    return three(rd, w, &w->civil.day, &w->civil.month);
}

/* A blank, a comma and a blank, or a T; then a clock of 12 or 24 hours and a zone. */
static bool clock_behind(struct mm_rd *rd, struct mm_when *w)
{
    (void)mm_rd_byte(rd, ',');
    if (!mm_rd_byte(rd, ' ') && !mm_rd_byte(rd, 'T') && !mm_rd_byte(rd, '-'))
        return false;
    (void)mm_rd_byte(rd, ' ');
    if (!mm_when_jp_clock(rd, w))
        return false;
    mm_when_zone_behind(rd, w);
    return true;
}

bool mm_when_mdy(struct mm_rd *rd, struct mm_when *w)
{
    return mm_when_mdy_date(rd, w) && clock_behind(rd, w);
}

bool mm_when_dmy(struct mm_rd *rd, struct mm_when *w)
{
    return mm_when_dmy_date(rd, w) && clock_behind(rd, w);
}

/* Of three numbers a first one above 12 is the year: Snort 3, which came in 2021, writes it there.
 */
bool mm_when_ids(struct mm_rd *rd, struct mm_when *w)
{
    int32_t first;

    if (!mm_when_two(rd, &first) || !mm_rd_byte(rd, '/') || !mm_when_two(rd, &w->civil.day))
        return false;
    w->civil.month = first;
    w->has_date = true;
    w->has_year = mm_rd_byte(rd, '/');
    if (w->has_year && first > 12) {
        w->civil.year = mm_when_year_of_two(first);
        w->civil.month = w->civil.day;
        if (!mm_when_two(rd, &w->civil.day))
            return false;
    } else if (w->has_year && !year_long_or_short(rd, &w->civil.year)) {
        return false;
    }
    return mm_rd_byte(rd, '-') && clock_short(rd, w);
}

/* 20260906: eight digits that are a day of some year, so that most numbers are refused. */
bool mm_when_compact_date(struct mm_rd *rd, struct mm_when *w)
{
    if (!mm_when_year4(rd, &w->civil.year) || !mm_when_two(rd, &w->civil.month) ||
        !mm_when_two(rd, &w->civil.day))
        return false;
    w->has_date = true;
    w->has_year = true;
    return w->civil.year >= 1970 && w->civil.year <= 2106 && w->civil.month >= 1 &&
           w->civil.month <= 12 && w->civil.day >= 1 && w->civil.day <= 31;
}

bool mm_when_compact_clock(struct mm_rd *rd, struct mm_when *w)
{
    if (!mm_when_two(rd, &w->civil.hour) || !mm_when_two(rd, &w->civil.minute) ||
        !mm_when_two(rd, &w->civil.second))
        return false;
    mm_when_fraction(rd, w);
    return w->civil.hour <= 23 && w->civil.minute <= 59 && w->civil.second <= 60;
}

/* Milliseconds without a separator: 20260906123302123. */
static void milliseconds(struct mm_rd *rd, struct mm_when *w)
{
    struct mm_rd at = *rd;
    uint32_t ms;

    if (w->civil.us == 0 && mm_rd_fixed(&at, 3, &ms) &&
        (mm_rd_left(&at) == 0 || !mm_when_digit(at.in.p[at.pos]))) {
        w->civil.us = (int32_t)ms * 1000; /* three digits */
        *rd = at;
    }
}

bool mm_when_compact(struct mm_rd *rd, struct mm_when *w)
{
    struct mm_rd at;
    bool gap;

    if (!mm_when_compact_date(rd, w))
        return false;
    gap = mm_rd_byte(rd, 'T') || mm_rd_byte(rd, ' ') || mm_rd_byte(rd, '-') ||
          mm_rd_byte(rd, '_') || mm_rd_byte(rd, ':');
    at = *rd;
    if (gap && clock_short(&at, w)) {
        *rd = at;
    } else {
        if (!mm_when_compact_clock(rd, w))
            return false;
        milliseconds(rd, w);
        if (mm_rd_left(rd) > 0 && mm_when_digit(rd->in.p[rd->pos]))
            return false; /* a longer number */
    }
    mm_when_zone_behind(rd, w);
    return true;
}

bool mm_when_filetime(struct mm_rd *rd, struct mm_when *w)
{
    enum { DIGITS_MIN = 17, DIGITS_MAX = 19, HEX_MIN = 12, HEX_MAX = 16 };
    static const int64_t from_1601_s = INT64_C(11644473600);
    bool hex = mm_rd_lit(rd, MM_S("0x"));
    size_t from = rd->pos, n;
    uint64_t v;

    while (rd->pos < rd->in.n && rd->pos - from <= DIGITS_MAX &&
           (mm_when_digit(rd->in.p[rd->pos]) ||
            (hex && (rd->in.p[rd->pos] | 0x20) >= 'a' && (rd->in.p[rd->pos] | 0x20) <= 'f')))
        rd->pos++;
    n = rd->pos - from;
    if (hex ? n < HEX_MIN || n > HEX_MAX || !mm_slice_hex(mm_slice_sub(rd->in, from, n), &v)
            : n < DIGITS_MIN || n > DIGITS_MAX || !mm_slice_u64(mm_slice_sub(rd->in, from, n), &v))
        return false;
    /* At most 1.8 * 10^18 us. What lies outside of 1970 to 2106 is refused when it is resolved. */
    w->epoch_us = (int64_t)(v / 10) - from_1601_s * MM_US_PER_S;
    w->is_epoch = true;
    return true;
}
