/* codec/unit.c - see unit.h for the contract. */
#include "codec/unit.h"

#include "base/rd.h"

/* A number as written: whole part, and up to 9 digits of a fraction as a number of 10^-9. */
struct number {
    uint64_t whole;
    uint64_t nano;
    bool fraction;
};

static bool digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool push_digit(uint64_t *v, uint8_t c)
{
    return !__builtin_mul_overflow(*v, 10, v) &&
           !__builtin_add_overflow(*v, (uint64_t)(c - '0'), v);
}

/* Digits, with a comma before every third one from the end when `grouped` allows it. */
static bool read_whole(struct mm_rd *rd, bool grouped, uint64_t *ret)
{
    uint64_t v = 0;
    size_t from = rd->pos, group = rd->pos;

    while (rd->pos < rd->in.n) {
        uint8_t c = rd->in.p[rd->pos];

        if (digit(c)) {
            if (!push_digit(&v, c))
                return false;
        } else if (grouped && c == ',' && rd->pos > from && rd->pos - group <= 3 &&
                   mm_rd_left(rd) > 3 && digit(rd->in.p[rd->pos + 1]) &&
                   digit(rd->in.p[rd->pos + 2]) && digit(rd->in.p[rd->pos + 3])) {
            group = rd->pos + 1;
        } else {
            break;
        }
        rd->pos++;
    }
    /* Behind a comma stand three digits, not more. */
    if (rd->pos == from || (group > from && rd->pos - group != 3))
        return false;
    *ret = v;
    return true;
}

static bool read_number(struct mm_rd *rd, bool grouped, struct number *ret)
{
    struct number n = {0};
    uint64_t unit = 100000000;

    if (!read_whole(rd, grouped, &n.whole))
        return false;
    if (mm_rd_peek(rd) == '.' && mm_rd_left(rd) > 1 && digit(rd->in.p[rd->pos + 1])) {
        n.fraction = true;
        for (rd->pos++; digit(mm_rd_peek(rd)); rd->pos++) {
            n.nano += (uint64_t)(rd->in.p[rd->pos] - '0') * unit;
            unit /= 10;
        }
    }
    *ret = n;
    return true;
}

/* n times `unit`, rounded down. */
static bool times(struct number n, uint64_t unit, uint64_t *ret)
{
    static const uint64_t giga = 1000000000;
    uint64_t whole, part;

    /* nano < 10^9: its product with the rest of a division by 10^9 fits. */
    part = n.nano * (unit % giga) / giga;
    if (__builtin_mul_overflow(n.whole, unit, &whole) ||
        __builtin_add_overflow(whole, n.nano * (unit / giga), &whole) ||
        __builtin_add_overflow(whole, part, &whole))
        return false;
    *ret = whole;
    return true;
}

bool mm_unit_bytes(struct mm_slice s, uint64_t kilo, uint64_t *ret)
{
    static const char prefixes[] = "kmgtpe";
    struct mm_rd rd = mm_rd_of(mm_slice_trim(s));
    struct number n;
    struct mm_slice unit;
    uint64_t factor = 1;

    MM_ASSERT(kilo == 1000 || kilo == 1024);
    if (!read_number(&rd, true, &n))
        return false;
    (void)mm_rd_byte(&rd, ' ');
    unit = mm_rd_rest(&rd);
    for (size_t i = 0; unit.n > 0 && i < sizeof(prefixes) - 1; i++) {
        bool binary = unit.n > 1 && (unit.p[1] == 'i' || unit.p[1] == 'I');

        if ((unit.p[0] | 0x20) != prefixes[i])
            continue;
        for (size_t k = 0; k <= i; k++)
            factor *= binary ? 1024 : kilo; /* at most 2^60 */
        unit = mm_slice_sub(unit, binary ? 2 : 1, SIZE_MAX);
        break;
    }
    /* "b" alone may be bits: only behind a prefix is it often written for bytes. */
    if (unit.n > 0 && !mm_slice_ieq(unit, MM_S("b")) && !mm_slice_ieq(unit, MM_S("byte")) &&
        !mm_slice_ieq(unit, MM_S("bytes")))
        return false;
    if ((factor == 1 && mm_slice_eq(unit, MM_S("b"))) || (n.fraction && factor == 1))
        return false;
    return times(n, factor, ret);
}

#define SECOND UINT64_C(1000000000)

/* The unit that stands there, in ns; 0 when none does. */
static uint64_t time_unit(struct mm_slice word)
{
    static const struct {
        struct mm_slice name;
        uint64_t ns;
    } units[] = {
        {MM_S_INIT("w"), 7 * 86400 * SECOND},
        {MM_S_INIT("wk"), 7 * 86400 * SECOND},
        {MM_S_INIT("week"), 7 * 86400 * SECOND},
        {MM_S_INIT("d"), 86400 * SECOND},
        {MM_S_INIT("day"), 86400 * SECOND},
        {MM_S_INIT("h"), 3600 * SECOND},
        {MM_S_INIT("hr"), 3600 * SECOND},
        {MM_S_INIT("hour"), 3600 * SECOND},
        {MM_S_INIT("m"), 60 * SECOND},
        {MM_S_INIT("min"), 60 * SECOND},
        {MM_S_INIT("minute"), 60 * SECOND},
        {MM_S_INIT("s"), SECOND},
        {MM_S_INIT("sec"), SECOND},
        {MM_S_INIT("second"), SECOND},
        {MM_S_INIT("ms"), 1000000},
        {MM_S_INIT("msec"), 1000000},
        {MM_S_INIT("millisecond"), 1000000},
        {MM_S_INIT("us"), 1000},
        {MM_S_INIT("usec"), 1000},
        {MM_S_INIT("\xC2\xB5s"), 1000},
        {MM_S_INIT("\xCE\xBCs"), 1000},
        {MM_S_INIT("microsecond"), 1000},
        {MM_S_INIT("ns"), 1},
        {MM_S_INIT("nanosecond"), 1},
    };

    for (size_t i = 0; i < MM_COUNT(units); i++) {
        bool plural = units[i].name.n > 1 && word.n == units[i].name.n + 1 &&
                      (word.p[word.n - 1] | 0x20) == 's';

        if (mm_slice_ieq(units[i].name, plural ? mm_slice_sub(word, 0, word.n - 1) : word))
            return units[i].ns;
    }
    return 0;
}

static struct mm_slice letters(struct mm_rd *rd)
{
    size_t from = rd->pos;

    while (rd->pos < rd->in.n &&
           (((rd->in.p[rd->pos] | 0x20) >= 'a' && (rd->in.p[rd->pos] | 0x20) <= 'z') ||
            rd->in.p[rd->pos] >= 0x80))
        rd->pos++;
    return mm_slice_sub(rd->in, from, rd->pos - from);
}

static bool sum(uint64_t *total, struct number n, uint64_t unit)
{
    uint64_t ns;

    return times(n, unit, &ns) && !__builtin_add_overflow(*total, ns, total);
}

/* h:mm:ss with a fraction, or behind days h:mm; the hours have been read. */
static bool clock_behind(struct mm_rd *rd, struct number hours, bool days, uint64_t *total)
{
    struct number minute, second = {0};
    bool seconds;

    if (hours.fraction || !mm_rd_byte(rd, ':') || !read_number(rd, false, &minute))
        return false;
    seconds = mm_rd_byte(rd, ':');
    if (seconds ? !read_number(rd, false, &second) : !days)
        return false;
    return !minute.fraction && minute.whole < 60 && second.whole < 61 && mm_rd_left(rd) == 0 &&
           sum(total, hours, 3600 * SECOND) && sum(total, minute, 60 * SECOND) &&
           sum(total, second, SECOND);
}

/* "PT1H2M3S", "P1DT2H": letters as elsewhere, but a month is none of ours. */
static bool iso_head(struct mm_rd *rd)
{
    if (!mm_rd_byte(rd, 'P'))
        return false;
    (void)mm_rd_byte(rd, 'T');
    return true;
}

bool mm_unit_duration(struct mm_slice s, uint64_t *ret_ns)
{
    struct mm_rd rd = mm_rd_of(mm_slice_trim(s));
    uint64_t total = 0, last = UINT64_MAX;
    bool iso = iso_head(&rd);
    struct number n;

    while (read_number(&rd, false, &n)) {
        struct mm_slice word;
        uint64_t unit;

        if (mm_rd_peek(&rd) == ':') {
            if (iso || !clock_behind(&rd, n, last != UINT64_MAX, &total) || last < 86400 * SECOND)
                return false;
            *ret_ns = total;
            return true;
        }
        if (mm_rd_left(&rd) == 0 && last == UINT64_MAX && !iso) /* a bare number */
            return times(n, SECOND, ret_ns);
        (void)mm_rd_byte(&rd, ' ');
        word = letters(&rd);
        unit = iso && mm_slice_ends(word, MM_S("T")) && word.n == 2
                   ? time_unit(mm_slice_sub(word, 0, 1))
                   : time_unit(word);
        /* Each unit once, from large to small. */
        if (unit == 0 || unit >= last || !sum(&total, n, unit))
            return false;
        last = unit;
        if (mm_rd_left(&rd) == 0) {
            *ret_ns = total;
            return true;
        }
        /* "1h, 2m", "1d 2h:03m:04s" */
        if (!mm_rd_byte(&rd, ','))
            (void)mm_rd_byte(&rd, ':');
        (void)mm_rd_byte(&rd, ' ');
    }
    return false;
}
