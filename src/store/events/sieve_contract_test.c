/*
 * store/events/sieve_contract_test.c - a search that asks the sieves finds exactly what one that
 * reads everything finds. Against a real eventd, with lines and queries drawn from a seed
 * (MIMAMORI_SEED), sieves for some of the lines only, and some of them twice.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "store/events/exactly_once.h"
#include "store/events/native.h"
#include "store/events/search.h"
#include "tests/harness/eventd.h"
#include "tests/harness/test.h"

enum {
    TIMEOUT_MS = 20 * 1000,
    LINES = 12000, /* of each queue */
    BATCH = 3000,
    COMPANIES = 3,
    QUEUES = 2,
    LINE_MAX = 400,
    QUERIES = 100,
    PAGE = 7,
};

struct bed {
    struct mm_test_eventd eventd;
    struct mm_events_client *client;
    struct mm_buf out;
    uint64_t random;
    int64_t start_us;
};

static uint64_t rolled(struct bed *b, uint64_t below)
{
    b->random ^= b->random << 13;
    b->random ^= b->random >> 7;
    b->random ^= b->random << 17;
    return b->random % below;
}

/* The line with that number, always the same: devices' words, figures, Japanese, letters with more
 * than two forms (U+212A is a 'k', U+017F an 's' where letters of all scripts are folded). */
static struct mm_slice line_of(uint16_t queue, uint64_t seq, char out[LINE_MAX])
{
    static const char *const words[] = {
        "Task started",
        "\xe2\x84\xaa"
        "elvin scale",
        "me\xc5\xbf"
        "sage",
        "\xe6\x94\xaf\xe6\x89\x95\xe3\x81\x84\xe4\xbf\x82",
        "POWERSHELL.exe -enc",
        "C:\\Windows\\Temp",
        "100%_done",
        "\xc3\x84rger",
        "login failed",
    };
    uint64_t x = (seq * 2 + queue) * UINT64_C(0x9e3779b97f4a7c15);
    int n = snprintf(out, LINE_MAX, "<189>%llu %s host-%u src=10.%u.%u.%u %s id=%016llx",
                     (unsigned long long)seq, words[x % MM_COUNT(words)], (unsigned)(x >> 60),
                     (unsigned)(x >> 32 & 255), (unsigned)(x >> 40 & 255),
                     (unsigned)(x >> 48 & 255), words[(x >> 8) % MM_COUNT(words)],
                     (unsigned long long)(x * UINT64_C(0xda942042e4dd58b5)));

    MM_ASSERT(n > 0 && n < LINE_MAX);
    return mm_slice_of(out, (size_t)n);
}

static uint32_t company_of(uint64_t seq)
{
    return (uint32_t)(seq / 5 % COMPANIES) + 1;
}

static void bed_up(struct bed *b)
{
    const char *seed = getenv("MIMAMORI_SEED");
    char state[128];

    *b = (struct bed){.random = (uint64_t)mm_now_us() | 1, .start_us = mm_now_us()};
    if (mm_test_eventd_program() == NULL)
        mm_test_skip("no libchdb");
    if (seed != NULL)
        CHECK(mm_slice_u64(mm_slice_str(seed), &b->random) && b->random != 0);
    printf("# MIMAMORI_SEED=%llu\n", (unsigned long long)b->random);
    (void)snprintf(state, sizeof(state), "%s/state", mm_test_dir());
    CHECK(mm_test_eventd_start(&b->eventd, state));
    CHECK(mm_events_new(mm_slice_str(b->eventd.address), TIMEOUT_MS, &b->client) == MM_OK);
    mm_buf_init(&b->out, 1 << 28);
}

static void bed_down(struct bed *b)
{
    mm_events_free(&b->client);
    mm_buf_done(&b->out);
    CHECK(mm_test_eventd_stop(&b->eventd));
}

static void refused(void *ctx, uint64_t seq, struct mm_slice why)
{
    (void)ctx, (void)seq, (void)why;
    CHECK(!"no row is refused");
}

/* Rows [from, to) of a queue into the store. */
static void store(struct bed *b, uint16_t queue, uint64_t from, uint64_t to)
{
    static struct mm_event ev;
    struct mm_native *rows;
    struct mm_once once;
    struct mm_slice block;
    char text[LINE_MAX];

    CHECK(mm_native_new(MM_ET_EVENTS, &rows) == MM_OK);
    for (uint64_t seq = from; seq < to; seq++) {
        mm_event_reset(&ev);
        ev.company = company_of(seq);
        ev.queue = queue;
        ev.seq = seq;
        ev.keep_days = 30;
        ev.received_us = ev.time_us = b->start_us + (int64_t)seq * 100 + queue;
        ev.original = line_of(queue, seq, text);
        mm_event_text(&ev, MM_F_USER_NAME, seq % 2 == 0 ? MM_S("even") : MM_S("odd"));
        CHECK(mm_native_event(rows, &ev) == MM_OK);
    }
    mm_buf_reset(&b->out);
    CHECK(mm_native_write(rows, &b->out) == MM_OK);
    block = mm_buf_slice(&b->out);
    mm_once_init(&once, MM_ET_EVENTS, queue, from, to, &block, 1, false);
    CHECK(mm_once_step(&once, b->client, refused, NULL) == MM_OK);
    mm_native_free(&rows);
}

static void insert_sieves(struct bed *b)
{
    struct mm_slice block = mm_buf_slice(&b->out);
    struct mm_events_answer answer;
    enum mm_code code =
        mm_events_insert(b->client, MM_ST_INSERT_SIEVES, "sieves", NULL, 0, &block, 1, &answer);

    if (code != MM_OK)
        printf("# %.*s\n", (int)answer.text_n, answer.text);
    CHECK(code == MM_OK);
}

/* A sieve of [from, to), cut into rows by chance. */
static void sift(struct bed *b, uint16_t queue, uint64_t from, uint64_t to)
{
    struct mm_sieve *s;
    char text[LINE_MAX];

    CHECK(mm_sieve_new(queue, &s) == MM_OK);
    for (uint64_t seq = from; seq < to; seq++) {
        struct mm_sieve_line l = {.company = company_of(seq),
                                  .seq = seq,
                                  .received_us = b->start_us + (int64_t)seq * 100 + queue,
                                  .keep_days = 30,
                                  .text = line_of(queue, seq, text)};

        mm_sieve_add(s, &l);
        if (rolled(b, 300) == 0)
            mm_sieve_flush(s);
    }
    mm_sieve_flush(s);
    mm_buf_reset(&b->out);
    CHECK(mm_sieve_write(s, &b->out) == MM_OK);
    insert_sieves(b);
    mm_sieve_free(&s);
}

/* The first pages of a search, as one number that stands for all of them. */
static uint64_t search(struct bed *b, const char *text, bool plain, uint64_t *ret_n)
{
    static struct mm_event ev;
    static struct mm_query query;
    struct mm_search_request r = {
        .company = 2, .query = &query, .now_us = mm_now_us(), .limit = PAGE, .plain = plain};
    struct mm_arena arena;
    uint64_t n = 0, sum = 0;

    mm_arena_init(&arena, 1 << 20);
    CHECK(mm_query_parse(mm_slice_str(text), &arena, &query, NULL) == MM_OK);
    do {
        struct mm_search_result result;

        CHECK(mm_search_run(b->client, &r, &result, NULL) == MM_OK);
        while (mm_search_next(&result, &ev)) {
            sum = (sum ^ (ev.seq * QUEUES + ev.queue)) * UINT64_C(0x9e3779b97f4a7c15);
            n++;
        }
        r.has_cursor = result.more && n < (uint64_t)3 * PAGE;
        r.cursor = result.next;
        mm_search_done(&result);
    } while (r.has_cursor);
    mm_arena_done(&arena);
    *ret_n = n;
    return sum;
}

/* A piece of some line between quotes, its ASCII letters in any case; maybe one byte wrong. */
static void put_cut(struct bed *b, struct mm_buf *out, bool wild)
{
    char text[LINE_MAX];
    struct mm_slice line = line_of((uint16_t)(rolled(b, QUEUES) + 1), rolled(b, LINES) + 1, text);
    size_t n = rolled(b, 28) + 4, from = rolled(b, line.n - n), wrong = rolled(b, 4 * n);

    mm_buf_str(out, wild ? "event.original:*" : "\"");
    for (size_t i = 0; i < n; i++) {
        uint8_t c = line.p[from + i], low = c | 0x20;

        if (low >= 'a' && low <= 'z' && rolled(b, 2) == 0)
            c ^= 0x20;
        if (i == wrong)
            c = 'q';
        if (wild && (c == ' ' || c == '(' || c == ')' || c == '"' || c == '\\' || c == '<'))
            mm_buf_byte(out, '?');
        else if (wild && rolled(b, 12) == 0)
            mm_buf_byte(out, '*');
        else if (c == '"' || c == '\\')
            mm_buf_fmt(out, "\\%c", c);
        else
            mm_buf_byte(out, c);
    }
    mm_buf_str(out, wild ? "*" : "\"");
}

static void put_query(struct bed *b, struct mm_buf *out)
{
    static const char *const joints[] = {" ", " or ", " not ", " user.name:odd ",
                                         " or user.name:odd "};
    uint64_t terms = rolled(b, 3) + 1;

    mm_buf_reset(out);
    for (uint64_t i = 0; i < terms; i++) {
        const char *joint = i == 0 ? "" : joints[rolled(b, MM_COUNT(joints))];

        mm_buf_str(out, joint);
        put_cut(b, out, rolled(b, 3) == 0);
    }
    mm_buf_byte(out, 0);
}

TEST(search_with_sieves_finds_what_reading_everything_finds)
{
    static const char *const fixed[] = {
        "nowhere-to-be-found",
        "event.original:*kelvin*",
        "event.original:*message*",
        "event.original:*\xc3\xa4rger*",
        "\xe6\x94\xaf\xe6\x89\x95\xe3\x81\x84",
        "TASK",
        "last 1h powershell",
        "",
    };
    struct bed b;
    struct mm_buf text;
    uint64_t found = 0, empty = 0;

    bed_up(&b);
    for (int queue = 1; queue <= QUEUES; queue++) {
        for (uint64_t from = 1; from <= LINES; from += BATCH)
            store(&b, (uint16_t)queue, from, from + BATCH);
    }
    sift(&b, 1, 1, LINES - 500);
    sift(&b, 2, 700, LINES / 2);
    sift(&b, 2, LINES / 2 - 900, LINES);
    mm_buf_init(&text, 1 << 16);
    for (size_t i = 0; i < MM_COUNT(fixed) + QUERIES; i++) {
        uint64_t n = 0, plain_n = 0, sum;

        put_query(&b, &text);
        if (i < MM_COUNT(fixed)) {
            mm_buf_reset(&text);
            mm_buf_str(&text, fixed[i]);
            mm_buf_byte(&text, 0);
        }
        sum = search(&b, (const char *)text.p, false, &n);
        if (search(&b, (const char *)text.p, true, &plain_n) != sum || n != plain_n)
            printf("# %s\n", (const char *)text.p);
        CHECK_NUM(n, plain_n);
        CHECK(search(&b, (const char *)text.p, true, &plain_n) == sum);
        found += n > 0;
        empty += n == 0;
    }
    printf("# %llu queries found something, %llu nothing\n", (unsigned long long)found,
           (unsigned long long)empty);
    CHECK(found > QUERIES / 5 && empty > QUERIES / 20);
    mm_buf_done(&text);
    bed_down(&b);
}

static void hide(struct bed *b, uint32_t company, uint16_t queue)
{
    static const uint8_t nothing[64];
    struct mm_sieve_row row = {.company = company,
                               .queue = queue,
                               .from = 1,
                               .to = LINES,
                               .received_us = b->start_us,
                               .keep_days = 30,
                               .fours = mm_slice_of(nothing, sizeof(nothing)),
                               .eights = mm_slice_of(nothing, sizeof(nothing))};
    struct mm_native *rows;

    CHECK(mm_native_new(MM_ET_SIEVES, &rows) == MM_OK);
    CHECK(mm_native_sieve(rows, &row) == MM_OK);
    mm_buf_reset(&b->out);
    CHECK(mm_native_write(rows, &b->out) == MM_OK);
    insert_sieves(b);
    mm_native_free(&rows);
}

/* A row without any piece hides lines from a search: so the sieves are asked, and only the ones of
 * that company and queue. */
TEST(search_believes_the_sieves_of_its_own_lines_alone)
{
    enum { SEQ = 7 };
    struct bed b;
    char text[LINE_MAX], query[LINE_MAX];
    struct mm_slice line = line_of(1, SEQ, text);
    uint64_t n;

    bed_up(&b);
    store(&b, 1, 1, BATCH);
    CHECK_NUM(company_of(SEQ), 2);
    (void)snprintf(query, sizeof(query), "%.*s", 16, (const char *)line.p + line.n - 16);
    (void)search(&b, query, false, &n);
    CHECK_NUM(n, 1);
    hide(&b, 3, 1);
    hide(&b, 2, 2);
    (void)search(&b, query, false, &n);
    CHECK_NUM(n, 1);
    hide(&b, 2, 1);
    (void)search(&b, query, false, &n);
    CHECK_NUM(n, 0);
    (void)search(&b, query, true, &n);
    CHECK_NUM(n, 1);
    bed_down(&b);
}
