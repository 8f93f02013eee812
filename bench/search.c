/*
 * bench/search.c - how long does it take to find a rare string?
 *
 *     search [ROWS [SEARCHES]]
 *
 * Half of ROWS belong to 30 companies, half to one that owns them all. Every search is for a word
 * that is nowhere, which is the dearest answer: all of a company's lines are read. Then the same
 * while 100,000 events a second come in. Starts an eventd of its own; ends in one line.
 */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "store/events/exactly_once.h"
#include "store/events/native.h"
#include "store/events/search.h"
#include "tests/harness/eventd.h"
#include "tests/harness/sample.h"

enum {
    TIMEOUT_MS = 60 * 1000,
    OWNER = 1000, /* the company that owns half of all rows */
    SHARED = 7,   /* one of the 30 others */
    RATE = 100 * 1000,
    SEARCHES_MAX = 1000,
};

struct feed {
    struct mm_events_client *client;
    struct mm_native *native;
    struct mm_buf out;
    struct mm_sample sample;
    uint64_t next;
    atomic_bool stop;
    uint64_t rows;
};

static MM_NORETURN void die(const char *what)
{
    fprintf(stderr, "search: %s\n", what);
    exit(1);
}

static void refused(void *ctx, uint64_t seq, struct mm_slice why)
{
    (void)ctx, (void)seq, (void)why;
    die("a row was refused");
}

static void feed_up(struct feed *f, const char *address, uint32_t first, uint32_t companies,
                    uint16_t queue)
{
    *f = (struct feed){.next = 1};
    if (mm_events_new(mm_slice_str(address), TIMEOUT_MS, &f->client) != MM_OK ||
        mm_native_new(MM_ET_EVENTS, &f->native) != MM_OK)
        die("no memory");
    mm_buf_init(&f->out, SIZE_MAX / 4);
    mm_sample_init(&f->sample, companies, queue, mm_now_us());
    f->sample.first = first;
}

static void feed_down(struct feed *f)
{
    mm_events_free(&f->client);
    mm_native_free(&f->native);
    mm_buf_done(&f->out);
}

static void put(struct feed *f, uint64_t rows)
{
    struct mm_event *ev = malloc(sizeof(*ev));
    struct mm_once once;
    struct mm_slice block;

    if (ev == NULL)
        die("no memory");
    mm_buf_reset(&f->out);
    for (uint64_t seq = f->next; seq < f->next + rows; seq++) {
        mm_sample_fill(&f->sample, seq, ev);
        if (mm_native_event(f->native, ev) != MM_OK)
            die("a row does not fit");
    }
    free(ev);
    if (mm_native_write(f->native, &f->out) != MM_OK)
        die("no memory");
    block = mm_buf_slice(&f->out);
    mm_once_init(&once, MM_ET_EVENTS, f->sample.queue, f->next, f->next + rows, &block, 1, false);
    if (mm_once_step(&once, f->client, refused, NULL) != MM_OK)
        die("an insert failed");
    f->next += rows;
    f->rows += rows;
}

static void put_all(struct feed *f, uint64_t rows)
{
    while (rows > 0) {
        uint64_t n = rows < MM_NATIVE_ROWS_MAX ? rows : MM_NATIVE_ROWS_MAX;

        put(f, n);
        rows -= n;
    }
}

/* RATE rows a second, in a batch a second, until it is stopped. */
static void *keep_feeding(void *arg)
{
    struct feed *f = arg;
    int64_t due = mm_mono_us();

    while (!atomic_load(&f->stop)) {
        int64_t now = mm_mono_us();

        if (now < due) {
            (void)poll(NULL, 0, 5);
            continue;
        }
        put(f, RATE);
        due += MM_US_PER_S;
    }
    return NULL;
}

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

struct times {
    double median_s, p99_s;
};

static struct times search(struct mm_events_client *c, uint32_t company, uint64_t searches)
{
    static unsigned serial;
    int64_t us[SEARCHES_MAX];
    char text[64];

    for (uint64_t i = 0; i < searches; i++) {
        struct mm_query query;
        struct mm_search_result result;
        struct mm_search_request r = {
            .company = company, .query = &query, .now_us = mm_now_us(), .limit = 100};
        struct mm_arena arena;

        /* A new word every time: the store remembers where a word was not found. */
        (void)snprintf(text, sizeof(text), "nowhere%uz", serial++);
        mm_arena_init(&arena, 1 << 20);
        if (mm_query_parse(mm_slice_str(text), &arena, &query, NULL) != MM_OK ||
            mm_search_run(c, &r, &result, NULL) != MM_OK || result.count != 0)
            die("a search failed");
        us[i] = (int64_t)result.answer.elapsed_us;
        mm_search_done(&result);
        mm_arena_done(&arena);
    }
    qsort(us, searches, sizeof(us[0]), by_time);
    return (struct times){(double)us[searches / 2] / 1e6, (double)us[searches * 99 / 100] / 1e6};
}

static uint64_t argument(int argc, char **argv, int i, uint64_t otherwise, uint64_t max)
{
    uint64_t v;

    if (argc <= i)
        return otherwise;
    if (!mm_slice_u64(mm_slice_str(argv[i]), &v) || v == 0 || v > max) {
        fputs("usage: search [ROWS [SEARCHES]]\n", stderr);
        exit(2);
    }
    return v;
}

int main(int argc, char **argv)
{
    uint64_t rows = argument(argc, argv, 1, 2000000, UINT64_MAX / 2);
    uint64_t searches = argument(argc, argv, 2, 20, SEARCHES_MAX);
    char dir[] = "/tmp/mm-search-XXXXXX";
    struct mm_test_eventd eventd;
    static struct feed many, owner;
    struct mm_events_client *client;
    struct times shared, own, busy;
    int64_t start;
    double rate;
    pthread_t feeder;

    if (mm_test_eventd_program() == NULL) {
        puts("search: skipped, no libchdb");
        return 0;
    }
    if (mkdtemp(dir) == NULL || !mm_test_eventd_start(&eventd, dir) ||
        mm_events_new(mm_slice_str(eventd.address), TIMEOUT_MS, &client) != MM_OK)
        die("eventd does not start");
    feed_up(&many, eventd.address, 1, 30, 1);
    feed_up(&owner, eventd.address, OWNER, 1, 2);
    put_all(&many, rows / 2);
    put_all(&owner, rows - rows / 2);
    shared = search(client, SHARED, searches);
    own = search(client, OWNER, searches);
    many.rows = 0;
    start = mm_mono_us();
    if (pthread_create(&feeder, NULL, keep_feeding, &many) != 0)
        die("no thread");
    busy = search(client, OWNER, searches);
    atomic_store(&many.stop, true);
    (void)pthread_join(feeder, NULL);
    rate = (double)many.rows / ((double)(mm_mono_us() - start) / 1e6);
    feed_down(&many);
    feed_down(&owner);
    mm_events_free(&client);
    if (!mm_test_eventd_stop(&eventd))
        die("eventd did not end well");
    mm_test_eventd_remove(&eventd);
    printf("search: %llu rows; one of 30 companies (%llu rows) median %.3f s, p99 %.3f s; owner of "
           "%llu rows median %.3f s, p99 %.3f s; while %.0f events/s come in median %.3f s, p99 "
           "%.3f s\n",
           (unsigned long long)rows, (unsigned long long)rows / 60, shared.median_s, shared.p99_s,
           (unsigned long long)rows / 2, own.median_s, own.p99_s, rate, busy.median_s, busy.p99_s);
    return 0;
}
