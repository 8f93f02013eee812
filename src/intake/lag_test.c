/* intake/lag_test.c - a storm waits, everybody else does not, and nobody does while the engine is
 * down. */
#include "intake/lag.h"

#include "tests/harness/test.h"

enum { EPOCH = MM_LAG_EPOCH_US, QUIET = 9 };

struct world {
    struct mm_lag *lag;
    uint64_t next, done;
    int64_t now;
};

static void start(struct world *w)
{
    *w = (struct world){.next = 1, .done = 1, .now = 1000000};
    CHECK(mm_lag_new(&w->lag) == MM_OK);
    mm_lag_done(w->lag, 1, w->now);
}

/* A tenth of a second: company 0 sends `storm`, nine others `quiet` each, the engine does `work`.
 */
static void pass(struct world *w, uint32_t storm, uint32_t quiet, uint64_t work)
{
    mm_lag_add(w->lag, 0, storm);
    w->next += storm;
    for (size_t i = 1; i <= QUIET; i++) {
        mm_lag_add(w->lag, i, quiet);
        w->next += quiet;
    }
    w->now += EPOCH;
    mm_lag_durable(w->lag, w->next, w->now);
    w->done = w->done + work < w->next ? w->done + work : w->next;
    mm_lag_done(w->lag, w->done, w->now);
}

static bool anybody_quiet_waits(const struct world *w)
{
    bool any = false;

    for (size_t i = 1; i <= QUIET; i++)
        any = any || mm_lag_over(w->lag, i, w->now);
    return any;
}

TEST(lag_holds_back_a_storm_and_bounds_the_queue)
{
    struct world w;
    uint64_t longest = 0, taken = 0;

    start(&w);
    for (int i = 0; i < 600; i++) { /* a minute; the storm would be 1,000,000 lines/s */
        bool wait = mm_lag_over(w.lag, 0, w.now);

        pass(&w, wait ? 0 : 100000, 100, 20000);
        taken += wait ? 0 : 100000;
        CHECK(!anybody_quiet_waits(&w));
        longest = w.next - w.done > longest ? w.next - w.done : longest;
    }
    CHECK(longest < 4 * 200000); /* the others wait less than four seconds of engine */
    CHECK(taken > 9 * 1000000);  /* and the engine was never short of work */
    mm_lag_free(&w.lag);
    CHECK(w.lag == NULL);
}

TEST(lag_leaves_the_engine_two_batches_however_many_storm)
{
    struct world w;
    uint64_t longest = 0;

    start(&w);
    for (int i = 0; i < 300; i++) { /* three of ten storm, the engine works in batches */
        for (size_t k = 0; k < 3; k++) {
            if (!mm_lag_over(w.lag, k, w.now)) {
                mm_lag_add(w.lag, k, 30000);
                w.next += 30000;
            }
        }
        pass(&w, 10, 10, i % 15 == 14 ? 300000 : 0);
        longest = w.next - w.done > longest ? w.next - w.done : longest;
    }
    CHECK(longest >= 600000 && longest < 800000);
    mm_lag_free(&w.lag);
}

TEST(lag_holds_nobody_back_when_all_send_alike)
{
    struct world w;

    start(&w);
    for (int i = 0; i < 300; i++) {
        pass(&w, 50000, 50000, 20000);
        CHECK(!mm_lag_over(w.lag, 0, w.now) && !anybody_quiet_waits(&w));
    }
    mm_lag_free(&w.lag);
}

TEST(lag_holds_nobody_back_while_the_engine_stands_still)
{
    struct world w;

    start(&w);
    for (int i = 0; i < 20; i++)
        pass(&w, 100000, 100, 20000);
    CHECK(mm_lag_over(w.lag, 0, w.now));
    for (int i = 0; i < 110; i++)
        pass(&w, 100000, 100, 0);
    CHECK(!mm_lag_over(w.lag, 0, w.now));
    /* It is back: the storm waits until the queue is short again. */
    pass(&w, 100000, 100, 20000);
    CHECK(mm_lag_over(w.lag, 0, w.now));
    mm_lag_free(&w.lag);
}

TEST(lag_holds_nobody_back_before_the_engine_was_ever_seen_or_alone)
{
    struct world w;

    w = (struct world){.next = 1, .done = 0, .now = 1000000};
    CHECK(mm_lag_new(&w.lag) == MM_OK);
    for (int i = 0; i < 50; i++) {
        mm_lag_add(w.lag, 0, 100000);
        mm_lag_durable(w.lag, w.next += 100000, w.now += EPOCH);
    }
    CHECK(!mm_lag_over(w.lag, 0, w.now));
    /* One company alone has nobody to leave room for. */
    mm_lag_done(w.lag, 1000, w.now);
    CHECK(!mm_lag_over(w.lag, 0, w.now));
    mm_lag_free(&w.lag);
}

TEST(lag_forgets_the_beginning_of_an_endless_queue)
{
    struct world w;

    start(&w);
    for (int i = 0; i < 10000; i++) /* ten companies: 100,000 pieces, more than are kept */
        pass(&w, 10, 10, 1);
    mm_lag_done(w.lag, w.next, w.now);
    pass(&w, 10, 10, 1000);
    CHECK(!mm_lag_over(w.lag, 0, w.now));
    mm_lag_free(&w.lag);
}
