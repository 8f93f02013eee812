/* base/time.c - see time.h for the contract. */
#include "base/time.h"

#include <stdio.h>
#include <time.h>

#include "base/rd.h"

int64_t mm_days_of(int32_t year, int32_t month, int32_t day)
{
    int64_t y = year - (month <= 2 ? 1 : 0);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

    return era * 146097 + doe - 719468;
}

static int32_t days_in_month(int32_t year, int32_t month)
{
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    MM_ASSERT(month >= 1 && month <= 12);
    return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

bool mm_civil_to_us(const struct mm_civil *c, int32_t offset_s, int64_t *ret_us)
{
    int32_t second = c->second == 60 ? 59 : c->second;
    int64_t s;

    if (c->year < 1970 || c->year > 2106 || c->month < 1 || c->month > 12 || c->day < 1 ||
        c->day > days_in_month(c->year, c->month))
        return false;
    if (c->hour < 0 || c->hour > 23 || c->minute < 0 || c->minute > 59 || second < 0 ||
        second > 59 || c->us < 0 || c->us > 999999)
        return false;
    if (offset_s < -18 * 3600 || offset_s > 18 * 3600)
        return false;
    s = mm_days_of(c->year, c->month, c->day) * 86400 + c->hour * 3600 + c->minute * 60 + second -
        offset_s;
    *ret_us = s * MM_US_PER_S + c->us;
    return true;
}

void mm_civil_of_us(int64_t us, int32_t offset_s, struct mm_civil *ret)
{
    int64_t t = us + offset_s * MM_US_PER_S;
    int64_t days = t / MM_US_PER_DAY - (t % MM_US_PER_DAY < 0 ? 1 : 0);
    int64_t left = t - days * MM_US_PER_DAY;
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    int64_t second = left / MM_US_PER_S;

    /* Every value below is a calendar field and fits 32 bits for any int64 microsecond. */
    ret->day = (int32_t)(doy - (153 * mp + 2) / 5 + 1);
    ret->month = (int32_t)(mp < 10 ? mp + 3 : mp - 9);
    ret->year = (int32_t)(yoe + era * 400 + (ret->month <= 2 ? 1 : 0));
    ret->hour = (int32_t)(second / 3600);
    ret->minute = (int32_t)(second / 60 % 60);
    ret->second = (int32_t)(second % 60);
    ret->us = (int32_t)(left % MM_US_PER_S);
}

int mm_weekday(int32_t year, int32_t month, int32_t day)
{
    int64_t d = (mm_days_of(year, month, day) + 4) % 7;

    return (int)(d < 0 ? d + 7 : d);
}

static bool fraction(struct mm_rd *rd, int32_t *ret_us)
{
    int32_t us = 0, weight = 100000;
    size_t digits = 0;

    while (mm_rd_peek(rd) >= '0' && mm_rd_peek(rd) <= '9' && digits < 9) {
        us += (mm_rd_peek(rd) - '0') * weight;
        weight /= 10;
        rd->pos++;
        digits++;
    }
    *ret_us = us;
    return digits > 0;
}

static bool zone(struct mm_rd *rd, int32_t *ret_offset_s)
{
    uint32_t h, m = 0;
    int sign = mm_rd_peek(rd) == '-' ? -1 : 1;

    if (mm_rd_byte(rd, 'Z') || mm_rd_byte(rd, 'z')) {
        *ret_offset_s = 0;
        return true;
    }
    if (!mm_rd_byte(rd, '+') && !mm_rd_byte(rd, '-'))
        return false;
    if (!mm_rd_fixed(rd, 2, &h))
        return false;
    (void)mm_rd_byte(rd, ':');
    if (mm_rd_left(rd) > 0 && !mm_rd_fixed(rd, 2, &m))
        return false;
    if (h > 18 || m > 59)
        return false;
    *ret_offset_s = sign * (int32_t)(h * 3600 + m * 60);
    return true;
}

bool mm_time_parse(struct mm_slice s, int32_t assumed_offset_s, int64_t *ret_us, bool *ret_zone)
{
    struct mm_rd rd = mm_rd_of(s);
    struct mm_civil c = {0};
    uint32_t year, month, day, hour, minute, second;
    int32_t offset_s = assumed_offset_s;
    bool has_zone;

    if (!mm_rd_fixed(&rd, 4, &year) || !mm_rd_byte(&rd, '-') || !mm_rd_fixed(&rd, 2, &month) ||
        !mm_rd_byte(&rd, '-') || !mm_rd_fixed(&rd, 2, &day))
        return false;
    if (!mm_rd_byte(&rd, 'T') && !mm_rd_byte(&rd, 't') && !mm_rd_byte(&rd, ' '))
        return false;
    if (!mm_rd_fixed(&rd, 2, &hour) || !mm_rd_byte(&rd, ':') || !mm_rd_fixed(&rd, 2, &minute) ||
        !mm_rd_byte(&rd, ':') || !mm_rd_fixed(&rd, 2, &second))
        return false;
    if ((mm_rd_byte(&rd, '.') || mm_rd_byte(&rd, ',')) && !fraction(&rd, &c.us))
        return false;
    has_zone = mm_rd_left(&rd) > 0;
    if (has_zone && (!zone(&rd, &offset_s) || mm_rd_left(&rd) > 0))
        return false;
    /* Each has at most four digits. */
    c.year = (int32_t)year;
    c.month = (int32_t)month;
    c.day = (int32_t)day;
    c.hour = (int32_t)hour;
    c.minute = (int32_t)minute;
    c.second = (int32_t)second;
    if (!mm_civil_to_us(&c, offset_s, ret_us))
        return false;
    *ret_zone = has_zone;
    return true;
}

void mm_time_text(int64_t us, char ret[MM_TIME_TEXT])
{
    struct mm_civil c;

    mm_civil_of_us(us, 0, &c);
    if (c.year < 0 || c.year > 9999) {
        (void)snprintf(ret, MM_TIME_TEXT, "-");
        return;
    }
    if (c.us == 0)
        (void)snprintf(ret, MM_TIME_TEXT, "%04u-%02u-%02uT%02u:%02u:%02uZ",
                       (unsigned)c.year % 10000, (unsigned)c.month % 100, (unsigned)c.day % 100,
                       (unsigned)c.hour % 100, (unsigned)c.minute % 100, (unsigned)c.second % 100);
    else
        (void)snprintf(ret, MM_TIME_TEXT, "%04u-%02u-%02uT%02u:%02u:%02u.%06uZ",
                       (unsigned)c.year % 10000, (unsigned)c.month % 100, (unsigned)c.day % 100,
                       (unsigned)c.hour % 100, (unsigned)c.minute % 100, (unsigned)c.second % 100,
                       (unsigned)c.us % 1000000);
}

static int64_t clock_us(clockid_t id)
{
    struct timespec ts;

    MM_ASSERT(clock_gettime(id, &ts) == 0);
    return (int64_t)ts.tv_sec * MM_US_PER_S + ts.tv_nsec / 1000;
}

int64_t mm_now_us(void)
{
    return clock_us(CLOCK_REALTIME);
}

int64_t mm_mono_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}
