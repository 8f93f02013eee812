/* assess/hide.c - what of peers may be shown: see peers.h for the contract. */
#include <stdlib.h>

#include "assess/peers.h"

/*
 * A sum over a group of companies can be found from shown cohorts exactly when the group's
 * indicator is a linear combination of the cohorts'. Companies with one mask cannot be told apart
 * by any cohort, so they are one column ("atom"). The matrix of shown cohorts is kept reduced,
 * modulo a prime: a combination over the rationals is one there too, so nothing that can be found
 * is missed (the other way round a prime of 31 bits may once hide a cohort too many, which harms
 * nobody).
 */
enum {
    ATOMS_MAX = 16 * 1024, /* different masks; 20 areas x 24 trades x 10 sizes are 4,800 */
    SETS_MAX = 50 * 1000,  /* sets of rows looked at for one cohort */
};
#define PRIME UINT32_C(2147483647) /* 2^31 - 1: remainders are two additions */

size_t mm_cells_hide(const size_t *k, size_t n_cells, size_t floor, bool *ret_hidden)
{
    size_t hidden = 0, sum = 0;

    MM_ASSERT(n_cells <= MM_PEERS_CELLS_MAX);
    for (size_t i = 0; i < n_cells; i++) {
        ret_hidden[i] = k[i] > 0 && k[i] < floor;
        hidden += ret_hidden[i] ? 1 : 0;
        sum += ret_hidden[i] ? k[i] : 0;
    }
    /* One hidden cell is the total minus the others, whatever its size. */
    while (hidden > 0 && (hidden == 1 || sum < floor)) {
        size_t best = n_cells;

        for (size_t i = 0; i < n_cells; i++) {
            if (!ret_hidden[i] && k[i] > 0 && (best == n_cells || k[i] < k[best]))
                best = i;
        }
        if (best == n_cells)
            break; /* all that there is, is hidden */
        ret_hidden[best] = true;
        hidden++;
        sum += k[best];
    }
    return hidden;
}

struct atoms {
    const uint64_t *mask;
    const size_t *size;
    size_t n;
    uint32_t *row; /* MM_PEERS_COHORTS_MAX of n: reduced, each with one 1 in its pivot's column */
    size_t pivot[MM_PEERS_COHORTS_MAX];
    size_t rows;
};

static int by_mask(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y ? 1 : 0;
}

/* Sorted masks become different ones with how often each stood there; 0 (in no cohort, so in no
 * sum) is left out. Returns how many. */
static size_t gather(uint64_t *mask, size_t n, size_t *ret_size)
{
    size_t out = 0;

    if (n > 1)
        qsort(mask, n, sizeof(*mask), by_mask);
    for (size_t i = 0; i < n; i++) {
        if (mask[i] == 0)
            continue;
        if (out == 0 || mask[out - 1] != mask[i]) {
            mask[out] = mask[i];
            ret_size[out++] = 0;
        }
        ret_size[out - 1]++;
    }
    return out;
}

static uint32_t mod(uint64_t v)
{
    v = (v & PRIME) + (v >> 31);
    v = (v & PRIME) + (v >> 31);
    return v >= PRIME ? (uint32_t)(v - PRIME) : (uint32_t)v; /* below 2^31 by then */
}

static uint32_t inverse(uint32_t v)
{
    uint32_t r = 1;

    for (uint32_t e = PRIME - 2; e > 0; e >>= 1) { /* Fermat */
        if ((e & 1) != 0)
            r = mod((uint64_t)r * v);
        v = mod((uint64_t)v * v);
    }
    return r;
}

/* to -= f x from. */
static void subtract(uint32_t *to, uint32_t f, const uint32_t *from, size_t n)
{
    if (f == 0)
        return;
    for (size_t i = 0; i < n; i++)
        to[i] = mod(to[i] + (uint64_t)(PRIME - f) * from[i]);
}

/* Put the cohort behind the rows; false: it is a combination of those already. */
static bool put_row(struct atoms *t, size_t cohort)
{
    uint32_t *v = t->row + t->rows * t->n, f;
    size_t at = 0;

    for (size_t i = 0; i < t->n; i++)
        v[i] = t->mask[i] >> cohort & 1;
    for (size_t r = 0; r < t->rows; r++)
        subtract(v, v[t->pivot[r]], t->row + r * t->n, t->n);
    while (at < t->n && v[at] == 0)
        at++;
    if (at == t->n)
        return false;
    f = inverse(v[at]);
    for (size_t i = 0; i < t->n; i++)
        v[i] = mod((uint64_t)v[i] * f);
    for (size_t r = 0; r < t->rows; r++)
        subtract(t->row + r * t->n, t->row[r * t->n + at], v, t->n);
    t->pivot[t->rows++] = at;
    return true;
}

/*
 * A group that can be found is the sum of the rows whose pivots are in it: no other row may help,
 * since each pivot stands in one row only. So it is enough to try sets of rows with small pivots.
 */
struct search {
    const struct atoms *t;
    size_t floor, looked;
    size_t small[MM_PEERS_COHORTS_MAX], smalls; /* rows whose pivot is an atom below the floor */
};

/* Whether the sum of these rows is a group of fewer than floor companies. */
static bool is_group(const struct search *s, const size_t *pick, size_t picks)
{
    size_t size = 0;

    for (size_t i = 0; i < s->t->n; i++) {
        uint64_t v = 0;

        for (size_t p = 0; p < picks; p++)
            v += s->t->row[s->small[pick[p]] * s->t->n + i];
        v = mod(v);
        if (v > 1)
            return false;
        size += v == 1 ? s->t->size[i] : 0;
    }
    return size < s->floor;
}

/*
 * Whether any group below the floor can be found. Sets of rows are chosen like the digits of a
 * number: pick[] rises, and each step adds one, moves the last on, or goes back.
 */
static bool any_found(struct search *s)
{
    size_t pick[MM_PEERS_COHORTS_MAX], picks = 0, sum = 0, next = 0;

    for (;;) {
        size_t size = next < s->smalls ? s->t->size[s->t->pivot[s->small[next]]] : 0;

        if (next < s->smalls && sum + size < s->floor) {
            pick[picks++] = next;
            sum += size;
            /* Too many to look at: what was not looked at may be one. */
            if (s->looked++ >= SETS_MAX || is_group(s, pick, picks))
                return true;
            next++;
        } else if (next < s->smalls) {
            next++;
        } else if (picks > 0) {
            picks--;
            next = pick[picks] + 1;
            sum -= s->t->size[s->t->pivot[s->small[pick[picks]]]];
        } else {
            return false;
        }
    }
}

static bool tells(const struct atoms *t, size_t floor)
{
    struct search s = {.t = t, .floor = floor};

    for (size_t r = 0; r < t->rows; r++) {
        if (t->size[t->pivot[r]] < floor)
            s.small[s.smalls++] = r;
    }
    return any_found(&s);
}

/* The cohorts that may be shown, in the order given; before: room to go back. */
static uint64_t choose(struct atoms *t, struct atoms *before, size_t cohorts, size_t floor)
{
    uint64_t shown = 0;

    for (size_t c = 0; c < cohorts; c++) {
        size_t size = 0, rows = t->rows * t->n;

        for (size_t i = 0; i < t->n; i++)
            size += (t->mask[i] >> c & 1) != 0 ? t->size[i] : 0;
        if (size < floor)
            continue;
        memcpy(before->row, t->row, rows * sizeof(*t->row));
        before->rows = t->rows;
        if (put_row(t, c) && tells(t, floor)) {
            memcpy(t->row, before->row, rows * sizeof(*t->row));
            t->rows = before->rows; /* pivots of the others are where they were */
        } else {
            shown |= UINT64_C(1) << c;
        }
    }
    return shown;
}

enum mm_code mm_cohorts_show(const uint64_t *member, size_t n, size_t cohorts, size_t floor,
                             uint64_t *ret_shown)
{
    uint64_t *mask = calloc(n + 1, sizeof(*mask));
    size_t *size = calloc(n + 1, sizeof(*size));
    struct atoms t = {.mask = mask, .size = size}, before = {0};
    enum mm_code code = mask == NULL || size == NULL ? MM_E_NOMEM : MM_OK;

    MM_ASSERT(cohorts <= MM_PEERS_COHORTS_MAX && n <= MM_PEERS_MAX);
    if (code == MM_OK) {
        if (n > 0)
            memcpy(mask, member, n * sizeof(*mask));
        t.n = gather(mask, n, size);
        code = t.n > ATOMS_MAX ? MM_E_LIMIT : MM_OK;
    }
    if (code == MM_OK) {
        t.row = calloc(MM_PEERS_COHORTS_MAX * (t.n + 1), sizeof(*t.row));
        before.row = calloc(MM_PEERS_COHORTS_MAX * (t.n + 1), sizeof(*t.row));
        code = t.row == NULL || before.row == NULL ? MM_E_NOMEM : MM_OK;
    }
    if (code == MM_OK)
        *ret_shown = choose(&t, &before, cohorts, floor);
    free(t.row);
    free(before.row);
    free(mask);
    free(size);
    return code;
}
