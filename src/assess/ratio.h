/*
 * assess/ratio.h - exact fractions, and the one place that rounds them for print.
 *
 * Purpose   A score must be the same on every machine and in every year: 4 of 22 stays 4/22, and
 *           only what is printed is rounded, by a rule that has a name.
 * Owns      Nothing: values.
 * Threads   Pure functions.
 * Trust     Numbers may come from files: every operation is checked, false means that the exact
 *           value does not fit.
 */
#ifndef MM_ASSESS_RATIO_H
#define MM_ASSESS_RATIO_H

#include "base/base.h"
#include "base/buf.h"

struct mm_ratio {
    int64_t num;
    int64_t den; /* above 0 */
};

enum mm_rounding { MM_ROUND_HALF_UP, MM_ROUND_HALF_EVEN, MM_ROUND_FLOOR, MM_ROUNDINGS };

enum { MM_RATIO_DIGITS_MAX = 6 };

/* num/den in lowest terms; den is not 0. False: it has none that fits (the lowest number). */
MM_MUST_USE bool mm_ratio_make(int64_t num, int64_t den, struct mm_ratio *ret);
MM_MUST_USE bool mm_ratio_add(struct mm_ratio a, struct mm_ratio b, struct mm_ratio *ret);
MM_MUST_USE bool mm_ratio_sub(struct mm_ratio a, struct mm_ratio b, struct mm_ratio *ret);
MM_MUST_USE bool mm_ratio_mul(struct mm_ratio a, struct mm_ratio b, struct mm_ratio *ret);
/* False also when b is 0. */
MM_MUST_USE bool mm_ratio_div(struct mm_ratio a, struct mm_ratio b, struct mm_ratio *ret);
/* -1, 0, 1. */
int mm_ratio_cmp(struct mm_ratio a, struct mm_ratio b);
/* The number n / 1000. */
struct mm_ratio mm_ratio_milli(int64_t n);

/* a x 10^digits as a whole number. Half-up rounds -0.5 to 0 and 0.5 to 1; floor goes down. */
MM_MUST_USE bool mm_ratio_round(struct mm_ratio a, enum mm_rounding rule, unsigned digits,
                                int64_t *ret);
/* A whole number of 10^-digits as a decimal: 185 with two digits is "1.85". */
void mm_decimal_print(struct mm_buf *out, int64_t scaled, unsigned digits);
/* Both in one; what does not fit is printed as its fraction. */
void mm_ratio_print(struct mm_buf *out, struct mm_ratio a, enum mm_rounding rule, unsigned digits);

/* "half-up", "half-even", "floor". */
const char *mm_rounding_name(enum mm_rounding rule);
/* "1", "-0.5", "2.375" in thousandths; false when it is no such number or has more digits. */
MM_MUST_USE bool mm_milli_parse(struct mm_slice s, int64_t *ret);

#endif
