/*
 * bench/bare_lines.c - what inserting the flood's rows costs when nothing else is done.
 *
 *     bare_lines [TIMES]
 *
 * Reads the lines of bench/flood.c with our formats and encodes their rows in the engine's batches,
 * all before the clock starts; then inserts them, one batch after the other, into an eventd of its
 * own, as durably as the engine does. Ends in one line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/time.h"
#include "bench/lines.h"
#include "engine/batch.h"
#include "parse/parse.h"
#include "store/events/exactly_once.h"
#include "store/events/native.h"
#include "tests/harness/eventd.h"

enum { TIMEOUT_MS = 120 * 1000, BLOCKS_MAX = 64, PICK = 64 };

struct batch {
    uint64_t from, to;
    struct mm_buf block[BLOCKS_MAX];
    size_t n;
};

struct rows {
    struct mm_lines lines;
    struct mm_formats *formats;
    struct mm_scratch *scratch;
    struct mm_arena arena;
    struct mm_native *native;
    struct batch *batch;
    size_t n, cap;
    uint64_t seq, bytes;
};

static void refused(void *ctx, uint64_t seq, struct mm_slice why)
{
    (void)ctx;
    fprintf(stderr, "row %llu refused: %.*s\n", (unsigned long long)seq, MM_S_ARG(why));
    exit(1);
}

static bool end_block(struct rows *r)
{
    struct batch *b = &r->batch[r->n - 1];
    struct mm_buf *block = &b->block[b->n++];

    MM_ASSERT(b->n <= BLOCKS_MAX);
    mm_buf_init(block, MM_CHUNK_OUT);
    if (mm_native_write(r->native, block) != MM_OK)
        return false;
    r->bytes += block->n;
    b->to = r->seq + 1;
    return true;
}

static bool take(struct rows *r, const struct mm_lines_sender *s, struct mm_slice line)
{
    static struct mm_event ev;
    const char *format = mm_device_format(s->device);
    struct mm_hint hint = {.format = mm_formats_find(r->formats, mm_slice_str(format)),
                           .offset_s = MM_PARSE_JST_S};
    struct mm_raw raw = {.body = line,
                         .seq = ++r->seq,
                         .keep_days = 90,
                         .company = s->company + 1,
                         .source = s->company * 8 + (uint32_t)s->device,
                         .received_us = mm_now_us()};

    if ((r->seq - 1) % MM_BATCH_RECORDS == 0) {
        if (r->n == r->cap)
            return false;
        r->batch[r->n++].from = r->seq;
    }
    mm_parse(r->formats, r->scratch, &r->arena, &raw, &hint, &ev);
    if (mm_native_event(r->native, &ev) != MM_OK)
        return false;
    mm_arena_reset(&r->arena);
    if (mm_native_rows(r->native) == MM_CHUNK_RECORDS || r->seq % MM_BATCH_RECORDS == 0)
        return end_block(r);
    return true;
}

/* PICK lines of every sender in turn, as they come mixed from many sockets. */
static bool encode(struct rows *r, uint64_t times)
{
    size_t *at = calloc(r->lines.senders, sizeof(*at));

    for (uint64_t left = times * MM_LINES * r->lines.senders; at != NULL && left > 0;) {
        for (size_t i = 0; i < r->lines.senders; i++) {
            const struct mm_lines_sender *s = &r->lines.sender[i];
            struct mm_slice text = mm_buf_slice(&s->text);

            for (size_t k = 0; k < PICK && left > 0; k++, left--) {
                size_t lf = mm_slice_find(text, '\n', at[i]);

                if (!take(r, s, mm_slice_sub(text, at[i], lf - at[i])))
                    return false;
                at[i] = (lf + 1) % text.n;
            }
        }
    }
    free(at);
    return mm_native_rows(r->native) == 0 || end_block(r);
}

static bool insert(struct rows *r, struct mm_events_client *client)
{
    for (size_t i = 0; i < r->n; i++) {
        struct batch *b = &r->batch[i];
        struct mm_slice block[BLOCKS_MAX];
        struct mm_once once;

        for (size_t k = 0; k < b->n; k++)
            block[k] = mm_buf_slice(&b->block[k]);
        mm_once_init(&once, MM_ET_EVENTS, 0, b->from, b->to, block, b->n, false);
        if (mm_once_step(&once, client, refused, NULL) != MM_OK) {
            fprintf(stderr, "insert failed: %.*s\n", (int)once.answer.text_n, once.answer.text);
            return false;
        }
    }
    return true;
}

static bool prepare(struct rows *r, uint64_t times)
{
    struct mm_format_errors errors = {0};

    r->formats = mm_formats_new();
    r->scratch = mm_scratch_new();
    r->cap = (size_t)(times * MM_LINES * MM_LINES_SENDERS_MAX / MM_BATCH_RECORDS + 1);
    r->batch = calloc(r->cap, sizeof(*r->batch));
    mm_arena_init(&r->arena, 64 * 1024 * 1024);
    return r->formats != NULL && r->scratch != NULL && r->batch != NULL &&
           mm_formats_load(r->formats, MM_SOURCE_DIR "/content/formats", &errors) == MM_OK &&
           mm_native_new(MM_ET_EVENTS, &r->native) == MM_OK &&
           mm_lines_make(1, 31, MM_LINES, true, &r->lines) && encode(r, times);
}

int main(int argc, char **argv)
{
    char dir[] = "/tmp/mm-bare-lines-XXXXXX";
    struct rows r = {0};
    struct mm_events_client *client;
    struct mm_test_eventd eventd;
    struct mm_test_usage used;
    uint64_t times = 10;
    int64_t took;

    if (argc > 1 && (!mm_slice_u64(mm_slice_str(argv[1]), &times) || times == 0))
        return 2;
    if (mm_test_eventd_program() == NULL) {
        puts("bare: skipped, no libchdb");
        return 0;
    }
    if (!prepare(&r, times) || mkdtemp(dir) == NULL || !mm_test_eventd_start(&eventd, dir) ||
        mm_events_new(mm_slice_str(eventd.address), TIMEOUT_MS, &client) != MM_OK)
        return 1;
    took = mm_mono_us();
    if (!insert(&r, client))
        return 1;
    took = mm_mono_us() - took;
    used = mm_test_eventd_usage(&eventd);
    mm_events_free(&client);
    if (!mm_test_eventd_stop(&eventd))
        return 1;
    mm_test_eventd_remove(&eventd);
    printf("bare: %.0f rows/s, %llu rows of %.0f bytes in %.2f s, eventd %.2f us CPU/row, peak RSS "
           "%.0f MB\n",
           (double)r.seq * 1e6 / (double)took, (unsigned long long)r.seq,
           (double)r.bytes / (double)r.seq, (double)took / 1e6, used.cpu_s * 1e6 / (double)r.seq,
           (double)used.rss_peak / 1e6);
    return 0;
}
