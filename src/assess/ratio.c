/* assess/ratio.c - see ratio.h for the contract. */
#include "assess/ratio.h"

/* What two 64-bit numbers multiply to; sums of two such products do not fit and are checked. */
__extension__ typedef __int128 wide;

static wide gcd(wide a, wide b)
{
    uint64_t x, y;

    if (a < 0)
        a = -a;
    while (b != 0 && (a > INT64_MAX || b > INT64_MAX)) {
        wide r = a % b;

        a = b;
        b = r;
    }
    /* Nearly always the numbers are small: a division of 128 bits costs ten times as much. */
    for (x = (uint64_t)a, y = (uint64_t)b; y != 0;) {
        uint64_t r = x % y;

        x = y;
        y = r;
    }
    return b == 0 ? a : (wide)x;
}

static bool reduce(wide num, wide den, struct mm_ratio *ret)
{
    wide g;

    MM_ASSERT(den != 0);
    if (den < 0) {
        num = -num;
        den = -den;
    }
    g = gcd(num, den);
    num /= g;
    den /= g;
    if (num > INT64_MAX || num < -INT64_MAX || den > INT64_MAX)
        return false;
    *ret = (struct mm_ratio){.num = (int64_t)num, .den = (int64_t)den};
    return true;
}

bool mm_ratio_make(int64_t num, int64_t den, struct mm_ratio *ret)
{
    return reduce(num, den, ret);
}

bool mm_ratio_add(struct mm_ratio a, struct mm_ratio b, struct mm_ratio *ret)
{
    wide sum;

    MM_ASSERT(a.den > 0 && b.den > 0);
    if (a.den == b.den)
        return reduce((wide)a.num + b.num, a.den, ret);
    if (__builtin_add_overflow((wide)a.num * b.den, (wide)b.num * a.den, &sum))
        return false;
    return reduce(sum, (wide)a.den * b.den, ret);
}

bool mm_ratio_sub(struct mm_ratio a, struct mm_ratio b, struct mm_ratio *ret)
{
    if (b.num == INT64_MIN)
        return false;
    b.num = -b.num;
    return mm_ratio_add(a, b, ret);
}

bool mm_ratio_mul(struct mm_ratio a, struct mm_ratio b, struct mm_ratio *ret)
{
    MM_ASSERT(a.den > 0 && b.den > 0);
    return reduce((wide)a.num * b.num, (wide)a.den * b.den, ret);
}

bool mm_ratio_div(struct mm_ratio a, struct mm_ratio b, struct mm_ratio *ret)
{
    MM_ASSERT(a.den > 0 && b.den > 0);
    return b.num != 0 && reduce((wide)a.num * b.den, (wide)a.den * b.num, ret);
}

int mm_ratio_cmp(struct mm_ratio a, struct mm_ratio b)
{
    wide x = (wide)a.num * b.den, y = (wide)b.num * a.den;

    MM_ASSERT(a.den > 0 && b.den > 0);
    return x < y ? -1 : x > y ? 1 : 0;
}

struct mm_ratio mm_ratio_milli(int64_t n)
{
    struct mm_ratio r = {.num = n, .den = 1000};

    /* A divisor of n and 1000 only makes both smaller: what fits stays so. */
    return mm_ratio_make(n, 1000, &r) ? r : (struct mm_ratio){.num = n, .den = 1000};
}

/* The largest whole number that is not above num/den. */
static wide floor_div(wide num, wide den)
{
    wide q = num / den;

    return q - (num % den < 0 ? 1 : 0);
}

bool mm_ratio_round(struct mm_ratio a, enum mm_rounding rule, unsigned digits, int64_t *ret)
{
    wide num = a.num, q, twice;

    MM_ASSERT(a.den > 0 && digits <= MM_RATIO_DIGITS_MAX && rule < MM_ROUNDINGS);
    for (unsigned i = 0; i < digits; i++)
        num *= 10; /* 2^63 x 10^6 fits */
    q = floor_div(num, a.den);
    twice = 2 * (num - q * a.den); /* against den: which half */
    if (rule == MM_ROUND_HALF_UP && twice >= a.den)
        q++;
    else if (rule == MM_ROUND_HALF_EVEN && (twice > a.den || (twice == a.den && q % 2 != 0)))
        q++;
    if (q > INT64_MAX || q < -INT64_MAX)
        return false;
    *ret = (int64_t)q;
    return true;
}

void mm_decimal_print(struct mm_buf *out, int64_t scaled, unsigned digits)
{
    uint64_t v = scaled < 0 ? 0 - (uint64_t)scaled : (uint64_t)scaled, unit = 1;

    MM_ASSERT(digits <= MM_RATIO_DIGITS_MAX);
    for (unsigned i = 0; i < digits; i++)
        unit *= 10;
    if (scaled < 0)
        mm_buf_byte(out, '-');
    mm_buf_u64(out, v / unit);
    if (digits > 0)
        mm_buf_fmt(out, ".%0*llu", (int)digits, (unsigned long long)(v % unit));
}

void mm_ratio_print(struct mm_buf *out, struct mm_ratio a, enum mm_rounding rule, unsigned digits)
{
    int64_t scaled;

    if (mm_ratio_round(a, rule, digits, &scaled)) {
        mm_decimal_print(out, scaled, digits);
    } else {
        mm_buf_i64(out, a.num);
        mm_buf_byte(out, '/');
        mm_buf_i64(out, a.den);
    }
}

const char *mm_rounding_name(enum mm_rounding rule)
{
    static const char *const names[MM_ROUNDINGS] = {"half-up", "half-even", "floor"};

    MM_ASSERT(rule < MM_ROUNDINGS);
    return names[rule];
}

bool mm_milli_parse(struct mm_slice s, int64_t *ret)
{
    size_t dot = mm_slice_find(s, '.', 0);
    bool minus = s.n > 0 && s.p[0] == '-';
    struct mm_slice whole, part;
    uint64_t w, f = 0;

    if (minus) {
        s = mm_slice_sub(s, 1, s.n);
        dot = dot == SIZE_MAX ? dot : dot - 1;
    }
    whole = mm_slice_sub(s, 0, dot);
    part = dot == SIZE_MAX ? MM_S("") : mm_slice_sub(s, dot + 1, s.n);
    if (!mm_slice_u64(whole, &w) || w > (uint64_t)INT64_MAX / 1000 - 1)
        return false;
    if (dot != SIZE_MAX && (part.n > 3 || !mm_slice_u64(part, &f)))
        return false;
    for (size_t i = part.n; i < 3; i++)
        f *= 10;
    *ret = (int64_t)(w * 1000 + f);
    if (minus)
        *ret = -*ret;
    return true;
}
