/*
 * bench/bare_insert.c - what inserting costs when nothing else is done: the yardstick of ingest.
 *
 *     bare_insert [ROWS [ROWS_PER_BATCH [ROWS_PER_BLOCK [DIRECTORY]]]]
 *
 * Starts an eventd of its own on an empty directory, encodes and inserts, checks that every row is
 * there once, and ends in one line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/time.h"
#include "store/events/exactly_once.h"
#include "store/events/native.h"
#include "tests/harness/eventd.h"
#include "tests/harness/sample.h"

enum { TIMEOUT_MS = 120 * 1000 };

struct sums {
    int64_t fill_us, encode_us, insert_us;
    uint64_t bytes;
};

static int64_t thread_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * MM_US_PER_S + t.tv_nsec / 1000;
}

static void refused(void *ctx, uint64_t seq, struct mm_slice why)
{
    (void)ctx;
    fprintf(stderr, "row %llu refused: %.*s\n", (unsigned long long)seq, MM_S_ARG(why));
    exit(1);
}

/* Making the sample costs too: time it alone and take it off. */
static int64_t fill_only(struct mm_sample *sample, uint64_t from, uint64_t to)
{
    static struct mm_event ev;
    int64_t start = thread_us();

    for (uint64_t seq = from; seq < to; seq++)
        mm_sample_fill(sample, seq, &ev);
    return thread_us() - start;
}

static void one_batch(struct mm_events_client *client, struct mm_native *native,
                      struct mm_sample *sample, struct mm_buf *out, uint64_t from, uint64_t to,
                      uint64_t per_block, struct sums *sums)
{
    static struct mm_event ev;
    struct mm_slice block;
    struct mm_once once;
    int64_t start, fill = fill_only(sample, from, to), wall;

    start = thread_us();
    mm_buf_reset(out);
    for (uint64_t seq = from; seq < to; seq++) {
        mm_sample_fill(sample, seq, &ev);
        if (mm_native_event(native, &ev) != MM_OK)
            exit(1);
        if (mm_native_rows(native) == per_block && mm_native_write(native, out) != MM_OK)
            exit(1);
    }
    if (mm_native_write(native, out) != MM_OK)
        exit(1);
    sums->encode_us += thread_us() - start - fill;
    sums->fill_us += fill;
    block = mm_buf_slice(out);
    sums->bytes += block.n;
    mm_once_init(&once, MM_ET_EVENTS, sample->queue, from, to, &block, 1, false);
    wall = mm_mono_us();
    if (mm_once_step(&once, client, refused, NULL) != MM_OK) {
        fprintf(stderr, "insert failed: %.*s\n", (int)once.answer.text_n, once.answer.text);
        exit(1);
    }
    sums->insert_us += mm_mono_us() - wall;
}

static enum mm_code to_text(void *ctx, struct mm_slice piece)
{
    mm_buf_add(ctx, piece);
    return MM_OK;
}

/* Every number once? */
static bool complete(struct mm_events_client *client, uint64_t rows)
{
    char tmp[3][24], want[64];
    struct mm_events_param p[] = {{"queue", mm_events_u64(1, tmp[0])},
                                  {"from", mm_events_u64(1, tmp[1])},
                                  {"to", mm_events_u64(rows + 1, tmp[2])}};
    struct mm_events_answer answer;
    struct mm_buf text;
    bool good;

    mm_buf_init(&text, 1024);
    (void)snprintf(want, sizeof(want), "%llu\t%llu\n", (unsigned long long)rows,
                   (unsigned long long)rows);
    good = mm_events_run(client, MM_ST_COUNT_RANGE, p, MM_COUNT(p), to_text, &text, &answer) ==
               MM_OK &&
           mm_slice_eq(mm_buf_slice(&text), mm_slice_str(want));
    mm_buf_done(&text);
    return good;
}

static uint64_t argument(int argc, char **argv, int i, uint64_t otherwise)
{
    uint64_t v;

    if (argc <= i)
        return otherwise;
    if (!mm_slice_u64(mm_slice_str(argv[i]), &v) || v == 0) {
        fputs("usage: bare_insert [ROWS [ROWS_PER_BATCH [ROWS_PER_BLOCK [DIRECTORY]]]]\n", stderr);
        exit(2);
    }
    return v;
}

int main(int argc, char **argv)
{
    uint64_t rows = argument(argc, argv, 1, 3000000);
    uint64_t batch = argument(argc, argv, 2, MM_NATIVE_ROWS_MAX);
    uint64_t per_block = argument(argc, argv, 3, MM_NATIVE_ROWS_MAX);
    char dir[] = "/tmp/mm-bare-insert-XXXXXX";
    const char *state = argc > 4 ? argv[4] : mkdtemp(dir);
    struct mm_events_client *client;
    struct mm_native *native;
    struct mm_test_eventd eventd;
    struct mm_sample sample;
    struct mm_buf out;
    struct sums sums = {0};
    struct mm_test_usage used, before;
    int64_t start;

    if (mm_test_eventd_program() == NULL) {
        puts("bare-insert: skipped, no libchdb");
        return 0;
    }
    if (state == NULL || !mm_test_eventd_start(&eventd, state) ||
        mm_events_new(mm_slice_str(eventd.address), TIMEOUT_MS, &client) != MM_OK ||
        mm_native_new(MM_ET_EVENTS, &native) != MM_OK)
        return 1;
    mm_buf_init(&out, SIZE_MAX / 4);
    mm_sample_init(&sample, 30, 1, mm_now_us());
    before = mm_test_eventd_usage(&eventd);
    start = mm_mono_us();
    for (uint64_t from = 1; from <= rows; from += batch)
        one_batch(client, native, &sample, &out, from,
                  from + batch <= rows ? from + batch : rows + 1, per_block, &sums);
    used = mm_test_eventd_usage(&eventd);
    used.cpu_s -= before.cpu_s;
    start = mm_mono_us() - start - sums.fill_us * 2;
    if (!complete(client, rows)) {
        fputs("rows are missing or doubled\n", stderr);
        return 1;
    }
    mm_events_free(&client);
    mm_native_free(&native);
    mm_buf_done(&out);
    if (!mm_test_eventd_stop(&eventd))
        return 1;
    if (argc <= 4)
        mm_test_eventd_remove(&eventd);
    printf("bare-insert: %.0f rows/s, encode %.2f us/row, eventd %.2f us CPU/row (merges so far "
           "included), %.0f bytes/row sent, eventd RSS %.0f MB at the end, %.0f MB at most\n",
           (double)rows / ((double)start / 1e6), (double)sums.encode_us / (double)rows,
           used.cpu_s * 1e6 / (double)rows, (double)sums.bytes / (double)rows,
           (double)used.rss / 1e6, (double)used.rss_peak / 1e6);
    return 0;
}
