/*
 * assess/peers.h - how one company stands among others: pure, exact statistics, and what of them
 * may be shown without telling anything about one company.
 *
 * Purpose   Mean, median, quartiles, percentile, deviation value, distribution of answers; cohorts
 *           and cells below a floor are hidden so that no subtraction finds a company.
 * Owns      Nothing: lists are the caller's.
 * Threads   Pure functions.
 * Trust     Values may come from imports: bounded by MM_MICRO_MAX, refused beyond.
 * Spec      A score enters as whole millionths (rounded half-even): the only rounding before print,
 *           so that sums and squares are whole numbers. Quantiles by linear interpolation between
 *           the order statistics around (n - 1) x p (type 7 of Hyndman and Fan, 1996; QUARTILE.INC
 * of spreadsheets). Percentile: those below and half of those equal, of n. Deviation value: (x -
 * mean) / standard deviation x 10 + 50.
 */
#ifndef MM_ASSESS_PEERS_H
#define MM_ASSESS_PEERS_H

#include "assess/quest.h"

enum {
    MM_PEERS_FLOOR = 5,        /* default: fewer companies than this are never a cell */
    MM_PEERS_MAX = 100 * 1000, /* companies of one cohort */
    MM_PEERS_COHORTS_MAX = 64, /* of one release: bits of a mask */
    MM_PEERS_CELLS_MAX = 64,   /* of one distribution */
};
#define MM_MICRO INT64_C(1000000)
#define MM_MICRO_MAX (100000 * MM_MICRO) /* 100,000 points: squares of a cohort fit 128 bits */

/* A score in millionths; false beyond MM_MICRO_MAX. */
MM_MUST_USE bool mm_micro_of(struct mm_ratio v, int64_t *ret);

struct mm_stats {
    size_t n;
    int64_t sum; /* millionths */
    int64_t min, max;
    uint64_t spread_hi, spread_lo; /* n x sum of squares - square of the sum, 128 bits */
};

/* Over n values, each within MM_MICRO_MAX, n at most MM_PEERS_MAX; n may be 0. */
void mm_stats_of(const int64_t *micro, size_t n, struct mm_stats *ret);
/* n must not be 0. */
struct mm_ratio mm_stats_mean(const struct mm_stats *s);
/* Standard deviation in units of 10^-digits, half-up; false when it is not defined (n 0; sample: 1)
 * or digits are too many for its size. */
MM_MUST_USE bool mm_stats_sd(const struct mm_stats *s, enum mm_deviation kind, unsigned digits,
                             int64_t *ret);
/* Deviation value of x in units of 10^-digits, half-up; false as above and when nobody differs. */
MM_MUST_USE bool mm_stats_deviation(const struct mm_stats *s, enum mm_deviation kind, int64_t x,
                                    unsigned digits, int64_t *ret);
/* The same against a mean and a standard deviation (above 0) that somebody published. */
MM_MUST_USE bool mm_deviation_from(struct mm_ratio mean, struct mm_ratio sd, struct mm_ratio x,
                                   struct mm_ratio *ret);

/* Sort ascending, as the two below want it. */
void mm_micro_sort(int64_t *micro, size_t n);
/* The quantile part/of of n sorted values (1/2 is the median), exact; n must not be 0. */
struct mm_ratio mm_quantile(const int64_t *sorted, size_t n, unsigned part, unsigned of);
/* Percentile of x among n sorted values as a fraction of 1; n must not be 0. */
struct mm_ratio mm_percentile(const int64_t *sorted, size_t n, int64_t x);

enum mm_fold { MM_FOLD_WORST, MM_FOLD_BEST };
/*
 * Several values of one owner (a company's sites) become one, in place: owner and micro are sorted
 * by owner; returns how many owners there are, first come in the same order.
 */
size_t mm_micro_fold(uint64_t *owner, int64_t *micro, size_t n, enum mm_fold fold);

/* k of n for print: per cent, half-up, one digit ("18.2"); "" when n is 0. */
void mm_share_print(struct mm_buf *out, size_t k, size_t n);
/* Shares of a whole in units of 10^-digits per cent that add up to 100 exactly: largest remainder,
 * the first of equal ones. n_cells at most MM_PEERS_CELLS_MAX, their sum not 0. */
void mm_shares(const size_t *k, size_t n_cells, unsigned digits, int64_t *ret);

/*
 * Which cells of a distribution are hidden when its total is known: those of fewer than floor, and
 * more, the smallest first, until the hidden ones together reach the floor, so that the total minus
 * what is shown tells nothing. Empty cells are shown. Returns how many are hidden.
 */
size_t mm_cells_hide(const size_t *k, size_t n_cells, size_t floor, bool *ret_hidden);

/*
 * Which cohorts of one release may be shown. member[i] is the mask of the cohorts that company i is
 * in (bit c: cohort c). Cohorts are tried in the order given - put first what matters most - and
 * one is shown when it has floor companies and when no sums and differences of shown cohorts single
 * out a group of fewer than floor companies. MM_E_LIMIT: more different masks than can be looked
 * at.
 */
MM_MUST_USE enum mm_code mm_cohorts_show(const uint64_t *member, size_t n, size_t cohorts,
                                         size_t floor, uint64_t *ret_shown);

#endif
