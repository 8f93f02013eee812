/*
 * bench/search.c - how long does it take to find a rare string?
 *
 *     search [ROWS [SEARCHES]]
 *
 * One company owns ROWS (2 million; the claim is made for 20), 30 others share half as many. The
 * texts are different ones every time: a word, an address and a digest that are nowhere, and a
 * session that was once. At rest and while 100,000 events a second come in; beside it what reading
 * all of the company's lines costs in the same run. Starts an eventd of its own; ends in one line.
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
#include "store/events/sieve.h"
#include "tests/harness/eventd.h"
#include "tests/harness/sample.h"

enum {
    TIMEOUT_MS = 60 * 1000,
    OWNER = 1000, /* the company that owns ROWS */
    SHARED = 7,   /* one of the 30 others */
    RATE = 100 * 1000,
    SEARCHES_MAX = 1000,
    PLAIN_EVERY = 10, /* one search in so many is done again by reading everything */
    KINDS = 4,        /* of texts */
};

struct feed {
    struct mm_events_client *client;
    struct mm_native *native;
    struct mm_sieve *sieve;
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
        mm_native_new(MM_ET_EVENTS, &f->native) != MM_OK || mm_sieve_new(queue, &f->sieve) != MM_OK)
        die("no memory");
    mm_buf_init(&f->out, SIZE_MAX / 4);
    mm_sample_init(&f->sample, companies, queue, mm_now_us());
    f->sample.first = first;
}

static void feed_down(struct feed *f)
{
    mm_events_free(&f->client);
    mm_native_free(&f->native);
    mm_sieve_free(&f->sieve);
    mm_buf_done(&f->out);
}

static void put_sieves(struct feed *f)
{
    struct mm_events_answer answer;
    struct mm_slice block;

    mm_buf_reset(&f->out);
    if (mm_sieve_write(f->sieve, &f->out) != MM_OK)
        die("no memory");
    block = mm_buf_slice(&f->out);
    if (block.n > 0 && mm_events_insert(f->client, MM_ST_INSERT_SIEVES, "sieves", NULL, 0, &block,
                                        1, &answer) != MM_OK)
        die("an insert of sieves failed");
}

/* One batch, as the engine stores it: events, then the sieves that became full. */
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
        mm_sieve_add(f->sieve, &(struct mm_sieve_line){.company = ev->company,
                                                       .seq = seq,
                                                       .received_us = ev->received_us,
                                                       .keep_days = ev->keep_days,
                                                       .text = ev->original});
    }
    free(ev);
    if (mm_native_write(f->native, &f->out) != MM_OK)
        die("no memory");
    block = mm_buf_slice(&f->out);
    mm_once_init(&once, MM_ET_EVENTS, f->sample.queue, f->next, f->next + rows, &block, 1, false);
    if (mm_once_step(&once, f->client, refused, NULL) != MM_OK)
        die("an insert failed");
    put_sieves(f);
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
    uint64_t n, plain_n;
    int64_t us[SEARCHES_MAX], plain_us[SEARCHES_MAX];
};

/* A text that is in one of the feed's lines. */
static void session_of(const struct feed *f, uint64_t serial, char *out, size_t size)
{
    static const struct mm_slice key = MM_S_INIT("sessionid=");
    struct mm_sample sample = f->sample;
    struct mm_event *ev = malloc(sizeof(*ev));
    size_t at = SIZE_MAX;

    if (ev == NULL)
        die("no memory");
    for (uint64_t seq = serial * UINT64_C(7919) % (f->next - 1) + 1; at == SIZE_MAX; seq++) {
        mm_sample_fill(&sample, seq, ev);
        at = ev->company == SHARED || ev->company == OWNER ? mm_slice_search(ev->original, key)
                                                           : SIZE_MAX;
    }
    (void)snprintf(out, size, "\"%.*s\"", (int)key.n + 8, (const char *)ev->original.p + at);
    free(ev);
}

/* Text number serial; returns whether it is in a line. */
static bool text_of(const struct feed *f, uint64_t serial, char *out, size_t size)
{
    uint64_t x = (serial + 1) * UINT64_C(0x9e3779b97f4a7c15);

    switch (serial % KINDS) {
    case 0:
        (void)snprintf(out, size, "nowhere%lluz", (unsigned long long)serial);
        return false;
    case 1:
        (void)snprintf(out, size, "198.51.%u.%u", (unsigned)(x >> 56), (unsigned)(x >> 48 & 255));
        return false;
    case 2:
        (void)snprintf(out, size, "%016llx%016llx", (unsigned long long)x,
                       (unsigned long long)(x * x));
        return false;
    default:
        break;
    }
    session_of(f, serial, out, size);
    return true;
}

static int64_t search(struct mm_events_client *c, uint32_t company, const char *text, bool plain,
                      size_t *ret_found)
{
    struct mm_query query;
    struct mm_search_result result;
    struct mm_search_request r = {
        .company = company, .query = &query, .now_us = mm_now_us(), .limit = 100, .plain = plain};
    struct mm_arena arena;
    int64_t us;

    mm_arena_init(&arena, 1 << 20);
    if (mm_query_parse(mm_slice_str(text), &arena, &query, NULL) != MM_OK ||
        mm_search_run(c, &r, &result, NULL) != MM_OK)
        die("a search failed");
    us = (int64_t)result.answer.elapsed_us;
    *ret_found = result.count;
    mm_search_done(&result);
    mm_arena_done(&arena);
    return us;
}

/* Texts of the feed's company, never the same twice: the store remembers where one was not. */
static void search_all(struct mm_events_client *c, const struct feed *f, uint64_t searches,
                       uint64_t first, struct times *ret)
{
    uint32_t company = f->sample.first == OWNER ? OWNER : SHARED;

    *ret = (struct times){.n = searches};
    for (uint64_t i = 0; i < searches; i++) {
        char text[64];
        bool there = text_of(f, first + i, text, sizeof(text));
        size_t found, plain_found;

        ret->us[i] = search(c, company, text, false, &found);
        if ((found > 0) != there)
            die("a text was not found, or one that is not there was");
        if (i % PLAIN_EVERY != 0)
            continue;
        /* Another text of the same kind: the store remembers this one. */
        there = text_of(f, first + i + (uint64_t)KINDS * SEARCHES_MAX, text, sizeof(text));
        ret->plain_us[ret->plain_n++] = search(c, company, text, true, &plain_found);
        if ((plain_found > 0) != there)
            die("reading everything finds otherwise");
    }
    qsort(ret->us, ret->n, sizeof(ret->us[0]), by_time);
    qsort(ret->plain_us, ret->plain_n, sizeof(ret->plain_us[0]), by_time);
}

static double median_s(const int64_t *us, uint64_t n)
{
    return (double)us[n / 2] / 1e6;
}

static void tell(const struct times *t)
{
    printf("p50 %.3f s, p99 %.3f s (reading everything %.3f s)", median_s(t->us, t->n),
           (double)t->us[t->n * 99 / 100] / 1e6, median_s(t->plain_us, t->plain_n));
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

struct bench {
    struct mm_test_eventd eventd;
    struct mm_events_client *client;
    struct feed many, owner;
    struct times shared, own, busy;
    double rate;
};

static void run(struct bench *b, uint64_t rows, uint64_t searches)
{
    pthread_t feeder;
    int64_t start;

    feed_up(&b->many, b->eventd.address, 1, 30, 1);
    feed_up(&b->owner, b->eventd.address, OWNER, 1, 2);
    put_all(&b->many, rows / 2);
    put_all(&b->owner, rows);
    search_all(b->client, &b->many, searches, 0, &b->shared);
    search_all(b->client, &b->owner, searches, SEARCHES_MAX, &b->own);
    b->many.rows = 0;
    start = mm_mono_us();
    if (pthread_create(&feeder, NULL, keep_feeding, &b->many) != 0)
        die("no thread");
    search_all(b->client, &b->owner, searches, (uint64_t)2 * SEARCHES_MAX, &b->busy);
    atomic_store(&b->many.stop, true);
    (void)pthread_join(feeder, NULL);
    b->rate = (double)b->many.rows / ((double)(mm_mono_us() - start) / 1e6);
    feed_down(&b->many);
    feed_down(&b->owner);
}

int main(int argc, char **argv)
{
    uint64_t rows = argument(argc, argv, 1, 2000000, UINT64_MAX / 2);
    uint64_t searches = argument(argc, argv, 2, 100, SEARCHES_MAX);
    char dir[] = "/tmp/mm-search-XXXXXX";
    static struct bench b;

    if (mm_test_eventd_program() == NULL) {
        puts("search: skipped, no libchdb");
        return 0;
    }
    if (mkdtemp(dir) == NULL || !mm_test_eventd_start(&b.eventd, dir) ||
        mm_events_new(mm_slice_str(b.eventd.address), TIMEOUT_MS, &b.client) != MM_OK)
        die("eventd does not start");
    run(&b, rows, searches);
    mm_events_free(&b.client);
    if (!mm_test_eventd_stop(&b.eventd))
        die("eventd did not end well");
    mm_test_eventd_remove(&b.eventd);
    printf("search: %llu rare texts; one of 30 companies (%llu rows) ",
           (unsigned long long)searches, (unsigned long long)rows / 60);
    tell(&b.shared);
    printf("; owner of %llu rows ", (unsigned long long)rows);
    tell(&b.own);
    printf("; while %.0f events/s come in ", b.rate);
    tell(&b.busy);
    printf("; %.1f times faster than reading everything\n",
           median_s(b.own.plain_us, b.own.plain_n) / median_s(b.own.us, b.own.n));
    return 0;
}
