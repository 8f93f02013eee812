/* detect/number.c - see number.h for the contract. */
#include "detect/number.h"

#include "base/time.h"

enum { NUMBER_MAX = 64 };

bool mm_number_parse(struct mm_slice s, double *ret)
{
    double v = 0, scale = 1;
    bool minus, point = false;
    size_t i, digits = 0;
    uint64_t u;

    s = mm_slice_trim(s);
    if (s.n > NUMBER_MAX)
        return false;
    if (s.n > 2 && s.p[0] == '0' && (s.p[1] | 0x20) == 'x') {
        if (!mm_slice_hex(mm_slice_sub(s, 2, SIZE_MAX), &u))
            return false;
        *ret = (double)u;
        return true;
    }
    minus = s.n > 0 && s.p[0] == '-';
    for (i = s.n > 0 && (minus || s.p[0] == '+') ? 1 : 0; i < s.n; i++) {
        if (s.p[i] == '.' && !point) {
            point = true;
            continue;
        }
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        v = v * 10 + (s.p[i] - '0');
        scale = point ? scale * 10 : scale;
        digits++;
    }
    if (digits == 0)
        return false;
    *ret = (minus ? -v : v) / scale;
    return true;
}

static double unit_of(const struct mm_civil *c, enum mm_unit unit)
{
    int64_t days, thursday;
    struct mm_civil t;

    switch (unit) {
    case MM_UNIT_MINUTE:
        return c->minute;
    case MM_UNIT_HOUR:
        return c->hour;
    case MM_UNIT_DAY:
        return c->day;
    case MM_UNIT_MONTH:
        return c->month;
    case MM_UNIT_YEAR:
        return c->year;
    case MM_UNIT_WEEK:
        break;
    }
    /* The week belongs to the year of its Thursday. */
    days = mm_days_of(c->year, c->month, c->day);
    thursday = days - (mm_weekday(c->year, c->month, c->day) + 6) % 7 + 3;
    mm_civil_of_us(thursday * MM_US_PER_DAY, 0, &t);
    return (double)((thursday - mm_days_of(t.year, 1, 1)) / 7 + 1);
}

bool mm_unit_of_text(struct mm_slice s, enum mm_unit unit, double *ret)
{
    int64_t us;
    bool zone;

    s = mm_slice_sub(mm_slice_trim(s), 0, 19); /* up to the second: no fraction, no zone */
    if (!mm_time_parse(s, 0, &us, &zone))
        return false;
    *ret = mm_unit_of_us(us, unit);
    return true;
}

double mm_unit_of_us(int64_t us, enum mm_unit unit)
{
    struct mm_civil c;

    mm_civil_of_us(us, 0, &c);
    return unit_of(&c, unit);
}

bool mm_compare(double a, enum mm_cmp cmp, double b)
{
    switch (cmp) {
    case MM_CMP_EQ:
        return !(a < b) && !(a > b); /* numbers parsed from text are never NaN */
    case MM_CMP_LT:
        return a < b;
    case MM_CMP_LTE:
        return a <= b;
    case MM_CMP_GT:
        return a > b;
    case MM_CMP_GTE:
        return a >= b;
    }
    MM_ASSERT(false);
    return false;
}
