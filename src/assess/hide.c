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
    ATOMS_MAX = 1024,     /* different masks; a release of 64 cohorts of four kinds has some 200 */
    SETS_MAX = 50 * 1000, /* sets of rows looked at for one cohort */
};
#define PRIME UINT64_C(2147483647)

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
    uint64_t mask[ATOMS_MAX];
    size_t size[ATOMS_MAX];
    size_t n;
    uint64_t row[MM_PEERS_COHORTS_MAX][ATOMS_MAX]; /* reduced: one 1 in its pivot's column */
    size_t pivot[MM_PEERS_COHORTS_MAX];
    size_t rows;
};

static int by_mask(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y ? 1 : 0;
}

static enum mm_code make_atoms(const uint64_t *member, size_t n, struct atoms *t)
{
    uint64_t *sorted = calloc(n == 0 ? 1 : n, sizeof(*sorted));
    enum mm_code code = MM_OK;

    if (sorted == NULL)
        return MM_E_NOMEM;
    if (n > 0)
        memcpy(sorted, member, n * sizeof(*sorted));
    if (n > 1)
        qsort(sorted, n, sizeof(*sorted), by_mask);
    for (size_t i = 0; i < n && code == MM_OK; i++) {
        if (sorted[i] == 0)
            continue; /* in no cohort: in no sum */
        if (t->n > 0 && t->mask[t->n - 1] == sorted[i]) {
            t->size[t->n - 1]++;
        } else if (t->n == ATOMS_MAX) {
            code = MM_E_LIMIT;
        } else {
            t->mask[t->n] = sorted[i];
            t->size[t->n++] = 1;
        }
    }
    free(sorted);
    return code;
}

static uint64_t inverse(uint64_t v)
{
    uint64_t r = 1, e = PRIME - 2; /* Fermat */

    for (; e > 0; e >>= 1, v = v * v % PRIME) {
        if ((e & 1) != 0)
            r = r * v % PRIME;
    }
    return r;
}

/* v minus what the rows make of it; whether nothing is left. */
static bool reduced(const struct atoms *t, uint64_t *v)
{
    bool nothing = true;

    for (size_t r = 0; r < t->rows; r++) {
        uint64_t f = v[t->pivot[r]];

        for (size_t i = 0; f != 0 && i < t->n; i++)
            v[i] = (v[i] + (PRIME - f) * t->row[r][i]) % PRIME;
    }
    for (size_t i = 0; i < t->n && nothing; i++)
        nothing = v[i] == 0;
    return nothing;
}

/* Put the cohort among the rows; false: it is a combination of those already. */
static bool put_row(struct atoms *t, size_t cohort)
{
    uint64_t v[ATOMS_MAX], f;
    size_t at = 0;

    for (size_t i = 0; i < t->n; i++)
        v[i] = t->mask[i] >> cohort & 1;
    if (reduced(t, v))
        return false;
    while (v[at] == 0)
        at++;
    f = inverse(v[at]);
    for (size_t i = 0; i < t->n; i++)
        v[i] = v[i] * f % PRIME;
    for (size_t r = 0; r < t->rows; r++) {
        f = t->row[r][at];
        for (size_t i = 0; f != 0 && i < t->n; i++)
            t->row[r][i] = (t->row[r][i] + (PRIME - f) * v[i]) % PRIME;
    }
    memcpy(t->row[t->rows], v, t->n * sizeof(*v));
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
            v += s->t->row[s->small[pick[p]]][i];
        v %= PRIME;
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

enum mm_code mm_cohorts_show(const uint64_t *member, size_t n, size_t cohorts, size_t floor,
                             uint64_t *ret_shown)
{
    struct atoms *t = calloc(1, sizeof(*t)), *before = calloc(1, sizeof(*before));
    uint64_t shown = 0;
    enum mm_code code = MM_E_NOMEM;

    MM_ASSERT(cohorts <= MM_PEERS_COHORTS_MAX && n <= MM_PEERS_MAX);
    if (t != NULL && before != NULL)
        code = make_atoms(member, n, t);
    for (size_t c = 0; c < cohorts && code == MM_OK; c++) {
        size_t size = 0;

        for (size_t i = 0; i < t->n; i++)
            size += (t->mask[i] >> c & 1) != 0 ? t->size[i] : 0;
        if (size < floor)
            continue;
        *before = *t;
        if (put_row(t, c) && tells(t, floor))
            *t = *before;
        else
            shown |= UINT64_C(1) << c;
    }
    free(t);
    free(before);
    if (code == MM_OK)
        *ret_shown = shown;
    return code;
}
