/* intake/lag.c - see lag.h for the contract. */
#include "intake/lag.h"

#include <stdlib.h>

enum { PIECES = 65536 };

/* Lines of one company in one epoch; all of them stand below `below`. */
struct piece {
    uint64_t below;
    uint32_t lines;
    uint32_t at;
};

struct company {
    uint64_t todo;  /* lines in pieces that the engine has not done */
    uint32_t epoch; /* lines since the last piece */
    uint64_t pace;  /* about the lines of the last second, eight epochs deep */
};

struct mm_lag {
    struct company company[MM_LAG_COMPANIES];
    struct piece piece[PIECES]; /* a ring */
    size_t first, n;
    uint64_t next, done;
    int64_t epoch_us; /* when the last one began */
    int64_t moved_us; /* when the engine made progress last; 0: never seen */
    uint64_t pace;    /* of all */
    uint64_t active;  /* companies that sent lately */
    uint64_t storms;  /* of these */
};

enum mm_code mm_lag_new(struct mm_lag **ret)
{
    struct mm_lag *lag = calloc(1, sizeof(*lag));

    if (lag == NULL)
        return MM_E_NOMEM;
    *ret = lag;
    return MM_OK;
}

void mm_lag_free(struct mm_lag **lag)
{
    free(*lag);
    *lag = NULL;
}

void mm_lag_add(struct mm_lag *lag, size_t at, uint32_t lines)
{
    MM_ASSERT(at < MM_LAG_COMPANIES);
    lag->company[at].epoch += lines;
}

static void forget_first(struct mm_lag *lag)
{
    const struct piece *p = &lag->piece[lag->first];

    MM_ASSERT(lag->n > 0 && lag->company[p->at].todo >= p->lines);
    lag->company[p->at].todo -= p->lines;
    lag->first = (lag->first + 1) % PIECES;
    lag->n--;
}

static void push(struct mm_lag *lag, size_t at, uint32_t lines)
{
    /* A queue so long that its beginning is forgotten: those lines no longer count against
     * anybody, which errs towards taking lines in. */
    if (lag->n == PIECES)
        forget_first(lag);
    lag->piece[(lag->first + lag->n) % PIECES] =
        (struct piece){.below = lag->next, .lines = lines, .at = (uint32_t)at};
    lag->n++;
    lag->company[at].todo += lines;
}

/* More than twice what each would have if all sent alike. */
static bool is_storm(const struct mm_lag *lag, const struct company *c)
{
    return c->pace * lag->active > 2 * lag->pace;
}

void mm_lag_durable(struct mm_lag *lag, uint64_t next, int64_t mono_us)
{
    lag->next = next;
    if (mono_us - lag->epoch_us < MM_LAG_EPOCH_US)
        return;
    lag->epoch_us = mono_us;
    lag->pace = lag->active = 0;
    for (size_t i = 0; i < MM_LAG_COMPANIES; i++) {
        struct company *c = &lag->company[i];

        c->pace = c->pace * 7 / 8 + c->epoch;
        if (c->epoch > 0)
            push(lag, i, c->epoch);
        c->epoch = 0;
        lag->pace += c->pace;
        lag->active += c->pace > 0;
    }
    lag->storms = 0;
    for (size_t i = 0; i < MM_LAG_COMPANIES; i++)
        lag->storms += is_storm(lag, &lag->company[i]);
}

void mm_lag_done(struct mm_lag *lag, uint64_t done, int64_t mono_us)
{
    if (done > lag->done)
        lag->moved_us = mono_us;
    lag->done = done;
    while (lag->n > 0 && lag->piece[lag->first].below <= done)
        forget_first(lag);
}

bool mm_lag_over(const struct mm_lag *lag, size_t at, int64_t mono_us)
{
    const struct company *c = &lag->company[at];

    MM_ASSERT(at < MM_LAG_COMPANIES);
    if (lag->moved_us == 0 || mono_us - lag->moved_us > MM_LAG_STILL_US)
        return false;
    if (lag->next < lag->done || lag->next - lag->done < MM_LAG_SOFT)
        return false;
    return is_storm(lag, c) && (c->todo + c->epoch) * lag->storms > MM_LAG_ALL;
}
