/* assess/peers.c - see peers.h for the contract: statistics over whole millionths. */
#include "assess/peers.h"

#include <stdlib.h>

__extension__ typedef __int128 wide;
__extension__ typedef unsigned __int128 uwide;

bool mm_micro_of(struct mm_ratio v, int64_t *ret)
{
    int64_t m;

    if (!mm_ratio_round(v, MM_ROUND_HALF_EVEN, 6, &m) || m > MM_MICRO_MAX || m < -MM_MICRO_MAX)
        return false;
    *ret = m;
    return true;
}

void mm_stats_of(const int64_t *micro, size_t n, struct mm_stats *ret)
{
    struct mm_stats s = {.n = n};
    wide squares = 0, spread;

    MM_ASSERT(n <= MM_PEERS_MAX && (micro != NULL || n == 0));
    for (size_t i = 0; i < n; i++) {
        MM_ASSERT(micro[i] <= MM_MICRO_MAX && micro[i] >= -MM_MICRO_MAX);
        s.sum += micro[i]; /* 10^5 x 10^11 fits */
        squares += (wide)micro[i] * micro[i];
        s.min = i == 0 || micro[i] < s.min ? micro[i] : s.min;
        s.max = i == 0 || micro[i] > s.max ? micro[i] : s.max;
    }
    /* 10^5 x 10^27 fits; never below 0 (Cauchy and Schwarz). */
    spread = (wide)n * squares - (wide)s.sum * s.sum;
    s.spread_hi = (uint64_t)((uwide)spread >> 64);
    s.spread_lo = (uint64_t)spread;
    *ret = s;
}

static uwide spread_of(const struct mm_stats *s)
{
    return (uwide)s->spread_hi << 64 | s->spread_lo;
}

/* A fraction whose parts are known to fit. */
static struct mm_ratio fits(int64_t num, int64_t den)
{
    struct mm_ratio r = {.num = 0, .den = 1};
    bool ok = mm_ratio_make(num, den, &r);

    MM_ASSERT(ok);
    return r;
}

struct mm_ratio mm_stats_mean(const struct mm_stats *s)
{
    MM_ASSERT(s->n > 0);
    return fits(s->sum, (int64_t)s->n * MM_MICRO);
}

/* The largest whole number whose square is not above v. */
static uwide root(uwide v)
{
    uwide r = 0, bit = (uwide)1 << 126;

    while (bit > v)
        bit >>= 2;
    for (; bit != 0; bit >>= 2) {
        if (v >= r + bit) {
            v -= r + bit;
            r = (r >> 1) + bit;
        } else {
            r >>= 1;
        }
    }
    return r;
}

static bool times(uwide a, uwide b, uwide *ret)
{
    return !__builtin_mul_overflow(a, b, ret);
}

/* 10^(2 x digits). */
static uwide unit_square(unsigned digits)
{
    uwide u = 1;

    for (unsigned i = 0; i < 2 * digits; i++)
        u *= 10;
    return u;
}

/* The root of num/den to the nearest whole number, halves upwards, or downwards for what gets a
 * minus in front (then the result goes up again). */
static bool rounded_root(uwide num, uwide den, bool minus, int64_t *ret)
{
    uwide four, twice, back, up;

    if (den == 0 || !times(num, 4, &four))
        return false;
    twice = root(four / den); /* the whole part of twice the root */
    up = (twice + 1) / 2;
    /* Exactly a half: -x.5 rounds up to -x. */
    if (minus && twice % 2 == 1 && times(twice, twice, &back) && times(back, den, &back) &&
        back == four)
        up = (twice - 1) / 2;
    if (up > (uwide)INT64_MAX)
        return false;
    *ret = minus ? -(int64_t)up : (int64_t)up;
    return true;
}

bool mm_stats_sd(const struct mm_stats *s, enum mm_deviation kind, unsigned digits, int64_t *ret)
{
    uwide num, den, m = kind == MM_DEVIATION_SAMPLE && s->n > 0 ? s->n - 1 : s->n;

    MM_ASSERT(digits <= MM_RATIO_DIGITS_MAX);
    if (s->n == 0 || m == 0 || !times(spread_of(s), unit_square(digits), &num))
        return false;
    den = (uwide)s->n * m * (uwide)(MM_MICRO * MM_MICRO);
    return rounded_root(num, den, false, ret);
}

bool mm_stats_deviation(const struct mm_stats *s, enum mm_deviation kind, int64_t x,
                        unsigned digits, int64_t *ret)
{
    wide away = (wide)x * (wide)s->n - s->sum;
    uwide far = away < 0 ? (uwide)-away : (uwide)away, num, den = spread_of(s);
    uwide m = kind == MM_DEVIATION_SAMPLE && s->n > 0 ? s->n - 1 : s->n;
    int64_t tens = 50, part;

    MM_ASSERT(digits <= MM_RATIO_DIGITS_MAX);
    if (s->n == 0 || m == 0 || den == 0)
        return false;
    if (!times(far, far, &num) || !times(num, 100 * unit_square(digits), &num))
        return false;
    /* (far / n)^2 over spread / (n m) is far^2 m / (spread n). */
    if (m != s->n && (!times(num, m, &num) || !times(den, s->n, &den)))
        return false;
    if (!rounded_root(num, den, away < 0, &part))
        return false;
    for (unsigned i = 0; i < digits; i++)
        tens *= 10;
    *ret = tens + part;
    return true;
}

bool mm_deviation_from(struct mm_ratio mean, struct mm_ratio sd, struct mm_ratio x,
                       struct mm_ratio *ret)
{
    struct mm_ratio r;

    if (sd.num <= 0 || !mm_ratio_sub(x, mean, &r) || !mm_ratio_div(r, sd, &r) ||
        !mm_ratio_mul(r, (struct mm_ratio){.num = 10, .den = 1}, &r))
        return false;
    return mm_ratio_add(r, (struct mm_ratio){.num = 50, .den = 1}, ret);
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y ? 1 : 0;
}

void mm_micro_sort(int64_t *micro, size_t n)
{
    if (n > 1)
        qsort(micro, n, sizeof(*micro), by_value);
}

struct mm_ratio mm_quantile(const int64_t *sorted, size_t n, unsigned part, unsigned of)
{
    size_t at, rest;
    int64_t v;

    MM_ASSERT(n > 0 && n <= MM_PEERS_MAX && of > 0 && of <= 1000 && part <= of);
    at = (n - 1) * part / of;
    rest = (n - 1) * part % of;
    v = sorted[at] * (int64_t)of; /* 10^11 x 10^3 fits */
    if (rest > 0)
        v += (sorted[at + 1] - sorted[at]) * (int64_t)rest;
    return fits(v, (int64_t)of * MM_MICRO);
}

/* How many of the sorted are below x (or_equal: not above it). */
static size_t below(const int64_t *sorted, size_t n, int64_t x, bool or_equal)
{
    size_t lo = 0, hi = n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (sorted[mid] < x || (or_equal && sorted[mid] == x))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

struct mm_ratio mm_percentile(const int64_t *sorted, size_t n, int64_t x)
{
    size_t under = below(sorted, n, x, false), upto = below(sorted, n, x, true);

    MM_ASSERT(n > 0 && n <= MM_PEERS_MAX);
    return fits((int64_t)(under + upto), (int64_t)(2 * n));
}

size_t mm_micro_fold(uint64_t *owner, int64_t *micro, size_t n, enum mm_fold fold)
{
    size_t out = 0;

    for (size_t i = 0; i < n; i++) {
        if (out > 0 && owner[out - 1] == owner[i]) {
            bool takes =
                fold == MM_FOLD_WORST ? micro[i] < micro[out - 1] : micro[i] > micro[out - 1];

            micro[out - 1] = takes ? micro[i] : micro[out - 1];
            continue;
        }
        owner[out] = owner[i];
        micro[out++] = micro[i];
    }
    return out;
}

void mm_share_print(struct mm_buf *out, size_t k, size_t n)
{
    struct mm_ratio r;

    MM_ASSERT(k <= n && n <= INT32_MAX);
    if (n > 0 && mm_ratio_make((int64_t)k * 100, (int64_t)n, &r))
        mm_ratio_print(out, r, MM_ROUND_HALF_UP, 1);
}

void mm_shares(const size_t *k, size_t n_cells, unsigned digits, int64_t *ret)
{
    uint64_t n = 0, whole = 100, left, rest[MM_PEERS_CELLS_MAX];

    MM_ASSERT(n_cells <= MM_PEERS_CELLS_MAX && digits <= 3);
    for (size_t i = 0; i < n_cells; i++)
        n += k[i];
    MM_ASSERT(n > 0 && n <= INT32_MAX);
    for (unsigned i = 0; i < digits; i++)
        whole *= 10;
    left = whole;
    for (size_t i = 0; i < n_cells; i++) {
        ret[i] = (int64_t)(k[i] * whole / n);
        rest[i] = k[i] * whole % n;
        left -= (uint64_t)ret[i];
    }
    for (; left > 0; left--) {
        size_t most = 0;

        for (size_t i = 1; i < n_cells; i++)
            most = rest[i] > rest[most] ? i : most;
        ret[most]++;
        rest[most] = 0;
    }
}
