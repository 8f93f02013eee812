/*
 * codec/when_jp.c - dates and clocks as Japanese software writes them: see when.h for the contract.
 *
 * The letters are named here by their bytes in UTF-8: a parser reads nothing else.
 */
#include "codec/when_part.h"

#define YEAR MM_S_INIT("\xE5\xB9\xB4")
#define MONTH MM_S_INIT("\xE6\x9C\x88")
#define DAY MM_S_INIT("\xE6\x97\xA5")
#define HOUR MM_S_INIT("\xE6\x99\x82")
#define MINUTE MM_S_INIT("\xE5\x88\x86")
#define SECOND MM_S_INIT("\xE7\xA7\x92")
#define FIRST MM_S_INIT("\xE5\x85\x83") /* the first year of an era */
#define WIDE_BLANK MM_S_INIT("\xE3\x80\x80")

/* Year 1 of an era, and the day that it began on. */
static const struct era {
    struct mm_slice kanji;
    char letter;
    int32_t year;
    int32_t month, day;
} eras[] = {
    {MM_S_INIT("\xE4\xBB\xA4\xE5\x92\x8C"), 'R', 2019, 5, 1},
    {MM_S_INIT("\xE5\xB9\xB3\xE6\x88\x90"), 'H', 1989, 1, 8},
    {MM_S_INIT("\xE6\x98\xAD\xE5\x92\x8C"), 'S', 1926, 12, 25},
};

static bool lit(struct mm_rd *rd, struct mm_slice text)
{
    return mm_rd_lit(rd, text);
}

static const struct era *era(struct mm_rd *rd)
{
    for (size_t i = 0; i < MM_COUNT(eras); i++) {
        if (lit(rd, eras[i].kanji))
            return &eras[i];
        if (mm_rd_left(rd) > 1 && (rd->in.p[rd->pos] & 0xDF) == eras[i].letter &&
            mm_when_digit(rd->in.p[rd->pos + 1])) {
            rd->pos++;
            return &eras[i];
        }
    }
    return NULL;
}

/* "(X)" with a weekday of one kanji or three letters, in brackets of either width. */
static void weekday(struct mm_rd *rd)
{
    static const struct mm_slice open[] = {MM_S_INIT("("), MM_S_INIT("\xEF\xBC\x88")};
    static const struct mm_slice close[] = {MM_S_INIT(")"), MM_S_INIT("\xEF\xBC\x89")};
    struct mm_rd at = *rd;
    struct mm_slice name;

    for (size_t i = 0; i < MM_COUNT(open); i++) {
        if (lit(&at, open[i]) && mm_rd_take(&at, 3, &name) && lit(&at, close[i]))
            *rd = at;
    }
}

/* The year as a number of the common calendar: four digits, two, or one or two of an era. */
static bool year(struct mm_rd *rd, const struct era *e, int32_t *ret)
{
    static const struct mm_slice first = FIRST;
    size_t from = rd->pos;
    uint32_t v = 1;

    if (e != NULL) {
        if (!lit(rd, first) && (!mm_rd_dec(rd, 2, &v) || v == 0))
            return false;
        *ret = e->year + (int32_t)v - 1; /* v has two digits */
        return true;
    }
    if (!mm_rd_dec(rd, 4, &v))
        return false;
    if (rd->pos - from != 4 && rd->pos - from != 2)
        return false;
    *ret = rd->pos - from == 4 ? (int32_t)v : mm_when_year_of_two((int32_t)v);
    return true;
}

bool mm_when_jp_date(struct mm_rd *rd, struct mm_when *w)
{
    static const struct mm_slice year_sign = YEAR, month_sign = MONTH, day_sign = DAY;
    const struct era *e = era(rd);
    struct mm_civil *c = &w->civil;
    int gap;

    if (!year(rd, e, &c->year))
        return false;
    if (lit(rd, year_sign)) {
        if (!mm_when_small(rd, &c->month) || !lit(rd, month_sign) || !mm_when_small(rd, &c->day) ||
            !lit(rd, day_sign))
            return false;
    } else {
        gap = mm_rd_peek(rd);
        if (gap != '/' && gap != '-' && gap != '.')
            return false;
        rd->pos++;
        if (!mm_when_small(rd, &c->month) || !mm_rd_byte(rd, (uint8_t)gap) ||
            !mm_when_small(rd, &c->day))
            return false;
    }
    weekday(rd);
    w->has_date = true;
    w->has_year = true;
    return e == NULL || c->year > e->year || c->month > e->month ||
           (c->month == e->month && c->day >= e->day);
}

enum half { NO_HALF, MORNING, AFTERNOON };

/* Morning or afternoon, in kanji or as AM and PM. */
static enum half half(struct mm_rd *rd)
{
    const uint8_t *p = rd->in.p + rd->pos;
    enum half h;

    if (lit(rd, MM_S("\xE5\x8D\x88\xE5\x89\x8D")))
        return MORNING;
    if (lit(rd, MM_S("\xE5\x8D\x88\xE5\xBE\x8C")))
        return AFTERNOON;
    if (mm_rd_left(rd) < 2 || (p[1] | 0x20) != 'm')
        return NO_HALF;
    h = (p[0] | 0x20) == 'a' ? MORNING : (p[0] | 0x20) == 'p' ? AFTERNOON : NO_HALF;
    if (h == NO_HALF || (mm_rd_left(rd) > 2 && mm_when_alnum(p[2]) && p[2] > '9'))
        return NO_HALF;
    rd->pos += 2;
    return h;
}

/* 12 o'clock is the first hour of its half; an hour above 12 may stand in the afternoon. */
static bool set_half(enum half h, int32_t *hour)
{
    if (h == NO_HALF)
        return true;
    if (*hour > 23 || (h == MORNING && *hour > 12))
        return false;
    if (*hour == 12)
        *hour = 0;
    if (h == AFTERNOON && *hour < 12)
        *hour += 12;
    return true;
}

/* Behind the hour: kanji, or colons. */
static bool minutes(struct mm_rd *rd, struct mm_civil *c)
{
    static const struct mm_slice hour_sign = HOUR, minute_sign = MINUTE, second_sign = SECOND;
    struct mm_rd at;

    c->second = 0;
    if (mm_rd_byte(rd, ':')) {
        if (!mm_when_two(rd, &c->minute))
            return false;
        return !mm_rd_byte(rd, ':') || mm_when_two(rd, &c->second);
    }
    if (!lit(rd, hour_sign) || !mm_when_small(rd, &c->minute) || !lit(rd, minute_sign))
        return false;
    at = *rd;
    if (mm_when_small(&at, &c->second) && lit(&at, second_sign))
        *rd = at;
    else
        c->second = 0;
    return true;
}

bool mm_when_jp_clock(struct mm_rd *rd, struct mm_when *w)
{
    enum half h = half(rd);
    struct mm_rd at;

    if (h != NO_HALF)
        (void)mm_rd_byte(rd, ' ');
    if (!mm_when_small(rd, &w->civil.hour) || !minutes(rd, &w->civil))
        return false;
    mm_when_fraction(rd, w);
    if (h == NO_HALF) {
        at = *rd;
        (void)mm_rd_byte(&at, ' ');
        h = half(&at);
        if (h != NO_HALF)
            *rd = at;
    }
    return set_half(h, &w->civil.hour);
}

bool mm_when_jp(struct mm_rd *rd, struct mm_when *w)
{
    static const struct mm_slice wide = WIDE_BLANK;
    bool kanji;

    if (!mm_when_jp_date(rd, w))
        return false;
    kanji = rd->in.p[rd->pos - 1] >= 0x80 || rd->in.p[rd->pos - 1] == ')';
    (void)mm_rd_byte(rd, ',');
    if (!mm_rd_byte(rd, ' ') && !mm_rd_byte(rd, 'T') && !mm_rd_byte(rd, '_') && !lit(rd, wide) &&
        !kanji)
        return false;
    (void)mm_rd_byte(rd, ' '); /* an hour of one digit, set to two columns */
    if (!mm_when_jp_clock(rd, w))
        return false;
    mm_when_zone_behind(rd, w);
    return true;
}
