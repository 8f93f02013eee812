/* text/lang.c - see lang.h for the contract. */
#include "text/lang.h"

#include "base/rd.h"
#include "base/time.h"

struct message {
    const char *key;
    const char *ja; /* Japanese has one form */
    const char *en[2];
};

/* Sorted by key; made by tools/po2c.py from po/. */
static const struct message messages[] = {
#include "text/messages.inc"
};

const char *mm_lang_tag(enum mm_lang lang)
{
    MM_ASSERT(lang < MM_LANG_COUNT);
    return lang == MM_LANG_EN ? "en" : "ja";
}

bool mm_lang_parse(struct mm_slice tag, enum mm_lang *ret)
{
    for (enum mm_lang l = 0; l < MM_LANG_COUNT; l++) {
        if (mm_slice_ieq(tag, mm_slice_str(mm_lang_tag(l)))) {
            *ret = l;
            return true;
        }
    }
    return false;
}

/* "q=0.8" in thousandths; 1000 when there is none, 0 when it can't be read. */
static uint32_t quality(struct mm_slice params)
{
    struct mm_slice s = mm_slice_trim(params);
    uint32_t q;

    if (s.n == 0)
        return 1000;
    if (!mm_slice_starts(s, MM_S("q=")) || s.n < 3 || s.p[2] < '0' || s.p[2] > '1')
        return 0;
    q = (uint32_t)(s.p[2] - '0') * 1000;
    for (size_t i = 4, unit = 100; i < s.n && i < 7 && s.p[3] == '.'; i++, unit /= 10) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return 0;
        q += (uint32_t)(s.p[i] - '0') * (uint32_t)unit;
    }
    return q > 1000 ? 1000 : q;
}

enum mm_lang mm_lang_accept(struct mm_slice header)
{
    struct mm_rd rd = mm_rd_of(header);
    enum mm_lang best = MM_LANG_JA, lang;
    uint32_t best_q = 0;

    while (mm_rd_left(&rd) > 0) {
        struct mm_slice piece, tag;
        size_t semi, dash;
        uint32_t q;

        if (!mm_rd_until(&rd, ',', &piece)) {
            piece = mm_rd_rest(&rd);
            rd.pos = rd.in.n;
        }
        semi = mm_slice_find(piece, ';', 0);
        tag = mm_slice_trim(mm_slice_sub(piece, 0, semi));
        dash = mm_slice_find(tag, '-', 0);
        q = semi == SIZE_MAX ? 1000 : quality(mm_slice_sub(piece, semi + 1, SIZE_MAX));
        if (mm_lang_parse(mm_slice_sub(tag, 0, dash), &lang) && q > best_q) {
            best = lang;
            best_q = q;
        }
    }
    return best;
}

/* Index of the first key not below `key`. */
static size_t lower_bound(struct mm_slice key)
{
    size_t lo = 0, hi = MM_COUNT(messages);

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (mm_slice_cmp(mm_slice_str(messages[mid].key), key) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

const char *mm_lang_text(enum mm_lang lang, struct mm_slice key, int64_t n)
{
    size_t at = lower_bound(key);

    MM_ASSERT(lang < MM_LANG_COUNT);
    if (at == MM_COUNT(messages) || !mm_slice_eq(mm_slice_str(messages[at].key), key))
        return NULL;
    if (lang == MM_LANG_JA)
        return messages[at].ja;
    return messages[at].en[n != 1 && messages[at].en[1] != NULL ? 1 : 0];
}

const char *mm_lang_key(size_t at)
{
    return at < MM_COUNT(messages) ? messages[at].key : NULL;
}

bool mm_lang_has_prefix(struct mm_slice prefix)
{
    size_t at = lower_bound(prefix);

    return at < MM_COUNT(messages) && mm_slice_starts(mm_slice_str(messages[at].key), prefix);
}

/* A pattern of ours ("{y}-{m}-{d}") with the fields of a civil time; unknown names stay out. */
static void pattern(struct mm_buf *out, enum mm_lang lang, const char *key,
                    const struct mm_civil *c)
{
    struct mm_rd rd = mm_rd_of(mm_slice_str(mm_lang_text(lang, mm_slice_str(key), 1)));
    char name[32];

    while (mm_rd_left(&rd) > 0) {
        struct mm_slice s;

        if (!mm_rd_until(&rd, '{', &s)) {
            mm_buf_add(out, mm_rd_rest(&rd));
            return;
        }
        mm_buf_add(out, s);
        if (!mm_rd_until(&rd, '}', &s))
            return;
        if (mm_slice_eq(s, MM_S("y"))) {
            mm_buf_i64(out, c->year);
        } else if (mm_slice_eq(s, MM_S("month"))) {
            (void)snprintf(name, sizeof(name), "time.month.%d", c->month);
            mm_buf_str(out, mm_lang_text(lang, mm_slice_str(name), 1));
        } else if (mm_slice_eq(s, MM_S("d"))) {
            mm_buf_i64(out, c->day);
        } else if (mm_slice_eq(s, MM_S("weekday"))) {
            (void)snprintf(name, sizeof(name), "time.weekday.%d",
                           mm_weekday(c->year, c->month, c->day));
            mm_buf_str(out, mm_lang_text(lang, mm_slice_str(name), 1));
        } else if (mm_slice_eq(s, MM_S("hm"))) {
            mm_buf_fmt(out, "%d:%02d", c->hour, c->minute);
        } else if (mm_slice_eq(s, MM_S("hms"))) {
            mm_buf_fmt(out, "%d:%02d:%02d", c->hour, c->minute, c->second);
        }
    }
}

/* "3 minutes": a text of ours whose {n} is the number. */
static void counted(struct mm_buf *out, enum mm_lang lang, const char *key, int64_t n)
{
    struct mm_slice s = mm_slice_str(mm_lang_text(lang, mm_slice_str(key), n));
    size_t at = mm_slice_search(s, MM_S("{n}"));

    mm_buf_add(out, mm_slice_sub(s, 0, at));
    if (at == SIZE_MAX)
        return;
    mm_lang_number(out, n);
    mm_buf_add(out, mm_slice_sub(s, at + 3, SIZE_MAX));
}

struct unit {
    int64_t seconds;
    const char *span, *ago;
};

static const struct unit units[] = {
    {86400, "time.span.days", "time.ago.days"},
    {3600, "time.span.hours", "time.ago.hours"},
    {60, "time.span.minutes", "time.ago.minutes"},
    {1, "time.span.seconds", "time.ago.seconds"},
};

static const struct unit *unit_of(int64_t seconds)
{
    for (size_t i = 0; i < MM_COUNT(units); i++) {
        if (seconds >= units[i].seconds)
            return &units[i];
    }
    return &units[MM_COUNT(units) - 1];
}

void mm_lang_span(struct mm_buf *out, enum mm_lang lang, int64_t us)
{
    int64_t seconds = us / MM_US_PER_S;
    const struct unit *u = unit_of(seconds);

    counted(out, lang, u->span, seconds / u->seconds);
}

void mm_lang_time(struct mm_buf *out, enum mm_lang lang, enum mm_time_style style, int64_t us,
                  int64_t now_us, int32_t offset_s)
{
    static const char *const keys[] = {
        [MM_TIME_FULL] = "time.full",   [MM_TIME_DAY] = "time.day",
        [MM_TIME_CLOCK] = "time.clock", [MM_TIME_SECONDS] = "time.seconds",
        [MM_TIME_AGO] = "time.full",
    };
    int64_t ago = (now_us - us) / MM_US_PER_S;
    const struct unit *u = unit_of(ago);
    struct mm_civil c;

    MM_ASSERT((size_t)style < MM_COUNT(keys));
    if (style == MM_TIME_AGO && ago >= 0 && ago < 7 * INT64_C(86400)) {
        counted(out, lang, u->ago, ago / u->seconds);
        return;
    }
    mm_civil_of_us(us, offset_s, &c);
    pattern(out, lang, keys[style], &c);
}

void mm_lang_number(struct mm_buf *out, int64_t v)
{
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    char text[32];
    size_t at = sizeof(text), digits = 0;

    do {
        if (digits > 0 && digits % 3 == 0)
            text[--at] = ',';
        text[--at] = (char)('0' + u % 10);
        u /= 10;
        digits++;
    } while (u > 0);
    if (v < 0)
        text[--at] = '-';
    mm_buf_add(out, mm_slice_of(text + at, sizeof(text) - at));
}

void mm_lang_bytes(struct mm_buf *out, uint64_t v)
{
    static const char *const names[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    size_t unit = 0;
    uint64_t tenths = 0;

    while (v >= 1000 && unit + 1 < MM_COUNT(names)) {
        tenths = v % 1000 / 100;
        v /= 1000;
        unit++;
    }
    if (unit == 0 || v >= 100)
        mm_buf_fmt(out, "%llu %s", (unsigned long long)v, names[unit]);
    else
        mm_buf_fmt(out, "%llu.%llu %s", (unsigned long long)v, (unsigned long long)tenths,
                   names[unit]);
}
