/* codec/javadate.c - see javadate.h for the contract. */
#include "codec/javadate.h"

#include "codec/when_part.h"

struct reader {
    struct mm_rd rd;
    struct mm_when when;
    bool afternoon, has_half; /* AM or PM stood there */
};

/* 1 or 2 digits: SimpleDateFormat reads "5" where the form has "dd". */
static bool small(struct reader *r, int32_t *ret)
{
    (void)mm_rd_skip(&r->rd, ' ');
    return mm_when_small(&r->rd, ret);
}

/* Milliseconds, or a finer fraction: devices mean the part of a second behind the dot. */
static bool fraction(struct reader *r)
{
    int32_t weight = 100000;
    size_t n = 0;

    r->when.civil.us = 0;
    for (; n < 9 && mm_rd_left(&r->rd) > 0 && mm_when_digit(r->rd.in.p[r->rd.pos]); n++) {
        r->when.civil.us += (r->rd.in.p[r->rd.pos] - '0') * weight;
        weight /= 10;
        r->rd.pos++;
    }
    return n > 0;
}

static bool year(struct reader *r, size_t letters)
{
    r->when.has_year = true;
    if (letters != 2)
        return mm_when_year4(&r->rd, &r->when.civil.year);
    if (!mm_when_two(&r->rd, &r->when.civil.year))
        return false;
    r->when.civil.year = mm_when_year_of_two(r->when.civil.year);
    return true;
}

/* "Friday", "Fri". */
static bool weekday(struct reader *r)
{
    size_t from = r->rd.pos;

    while (mm_rd_left(&r->rd) > 0 && (r->rd.in.p[r->rd.pos] | 0x20) >= 'a' &&
           (r->rd.in.p[r->rd.pos] | 0x20) <= 'z')
        r->rd.pos++;
    return r->rd.pos > from;
}

static bool month(struct reader *r, size_t letters)
{
    if (letters < 3)
        return small(r, &r->when.civil.month);
    if (!mm_when_month(&r->rd, &r->when.civil.month))
        return false;
    if (letters > 3)
        (void)weekday(r); /* the rest of the whole name */
    return true;
}

static bool half(struct reader *r)
{
    struct mm_slice two = mm_slice_sub(mm_rd_rest(&r->rd), 0, 2);

    r->has_half = mm_slice_ieq(two, MM_S("AM")) || mm_slice_ieq(two, MM_S("PM"));
    r->afternoon = r->has_half && (two.p[0] | 0x20) == 'p';
    r->rd.pos += r->has_half ? 2 : 0;
    return r->has_half;
}

static bool one(struct reader *r, uint8_t letter, size_t letters)
{
    struct mm_civil *c = &r->when.civil;

    switch (letter) {
    case 'y':
        return year(r, letters);
    case 'M':
        return month(r, letters);
    case 'd':
        r->when.has_date = true;
        return small(r, &c->day);
    case 'E':
        return weekday(r);
    case 'H':
    case 'k':
    case 'K':
    case 'h':
        return small(r, &c->hour);
    case 'm':
        return small(r, &c->minute);
    case 's':
        return small(r, &c->second);
    case 'S':
        return fraction(r);
    case 'a':
        return half(r);
    case 'z':
    case 'Z':
    case 'X':
        return mm_when_zone(&r->rd, &r->when);
    default:
        return false;
    }
}

static bool is_letter(uint8_t c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* 12 AM is 0, 12 PM is 12; hour 24 of "k" is 0. */
static bool hours(struct reader *r)
{
    int32_t *hour = &r->when.civil.hour;

    if (r->has_half && (*hour > 12 || *hour < 0))
        return false;
    if (r->has_half)
        *hour = *hour % 12 + (r->afternoon ? 12 : 0);
    else if (*hour == 24)
        *hour = 0;
    return r->when.has_date;
}

bool mm_javadate_read(struct mm_slice text, struct mm_slice form, struct mm_when *ret)
{
    struct reader r = {.rd = mm_rd_of(mm_slice_trim(text))};
    bool quoted = false;

    if (form.n == 0 || form.n > MM_JAVADATE_MAX)
        return false;
    for (size_t at = 0, n; at < form.n; at += n) {
        uint8_t c = form.p[at];

        for (n = 1; !quoted && is_letter(c) && at + n < form.n && form.p[at + n] == c;)
            n++;
        if (c == '\'') {
            quoted = !quoted;
        } else if (!quoted && is_letter(c)) {
            if (!one(&r, c, n))
                return false;
        } else if (c == ' ') {
            (void)mm_rd_skip(&r.rd, ' '); /* devices pad days with a second blank */
        } else if (!mm_rd_byte(&r.rd, c)) {
            return false;
        }
    }
    if (mm_rd_left(&r.rd) > 0 || !hours(&r))
        return false;
    *ret = r.when;
    return true;
}
