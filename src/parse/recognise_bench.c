/*
 * parse/recognise_bench.c - what a line costs when its format is known and when nobody knows it,
 * with the formats of the content alone and with a hundred made-up ones beside them.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "parse/parse.h"

enum { MADE_UP = 100, ROUNDS = 200000 };

static const char *const known[] = {
    "1795147200.123 5 192.168.1.9 TCP_MISS/200 512 GET http://example.com/ bob "
    "HIER_DIRECT/192.0.2.1 text/html",
    "<13>Nov 20 10:00:00 srv sshd[9]: Failed password for bob from 192.0.2.7 port 4711 ssh2",
};
static const char *const unknown[] = {
    "<13>Nov 20 10:00:00 nas backupd[12]: job 13 of share docs ended after 12 s with code 0",
    "{\"time\":\"2026-11-20T10:00:00Z\",\"kind\":\"door\",\"name\":\"east\",\"state\":\"open\"}",
    "2026-11-20 10:00:00,INFO,worker-3,order 17 was shipped to customer 4 by truck",
};

/* Four ways to recognise a format in turn, as real ones have them. */
static bool make_up(struct mm_formats *set)
{
    static struct mm_format_errors errors;

    for (int i = 0; i < MADE_UP; i++) {
        char witness[160], text[512];

        if (i % 4 == 0)
            (void)snprintf(witness, sizeof(witness), "{app: [daemon%d, helper%d]}", i, i);
        else if (i % 4 == 1)
            (void)snprintf(witness, sizeof(witness),
                           "{starts: ['{'], has: ['\"product\":\"Model%d\"'], within: 4096}", i);
        else if (i % 4 == 2)
            (void)snprintf(witness, sizeof(witness), "{starts: ['dev%d=', 'unit%d ']}", i, i);
        else
            (void)snprintf(witness, sizeof(witness), "{like: ['{:ymd},M%d,{:rest}']}", i);
        (void)snprintf(text, sizeof(text),
                       "format: made-%d\nwrap: syslog\nrecognise: [%s]\ndecode: kv\n", i, witness);
        if (mm_formats_add(set, "made-up", mm_slice_str(text), &errors) != MM_OK)
            return false;
    }
    return true;
}

/* Nanoseconds a line; the flags of what came out are held against `unparsed`. */
static double run(const struct mm_formats *set, const char *const *lines, size_t n, bool unparsed)
{
    static struct mm_event ev;
    struct mm_scratch *scratch = mm_scratch_new();
    struct mm_hint hint = {.format = MM_FORMAT_NONE, .offset_s = MM_PARSE_JST_S};
    struct mm_arena arena;
    uint8_t padded[512 + MM_PADDING] = {0};
    int64_t best = INT64_MAX;
    bool good = scratch != NULL;

    mm_arena_init(&arena, 1 << 20);
    for (int turn = 0; turn < 3 && good; turn++) {
        int64_t spent = 0;

        for (size_t k = 0; k < n; k++) {
            struct mm_raw raw = {.company = 1,
                                 .source = (uint32_t)k + 1, /* a few */
                                 .received_us = INT64_C(1795147200000000)};
            int64_t from;

            raw.body = mm_slice_of(padded, strlen(lines[k]));
            memset(padded, 0, sizeof(padded));
            memcpy(padded, lines[k], raw.body.n);
            from = mm_mono_us();
            for (int i = 0; i < ROUNDS; i++) {
                mm_arena_reset(&arena);
                mm_parse(set, scratch, &arena, &raw, &hint, &ev);
            }
            spent += mm_mono_us() - from;
            good = good && ((ev.flags & MM_EV_UNPARSED) != 0) == unparsed;
        }
        best = spent < best ? spent : best;
    }
    mm_arena_done(&arena);
    mm_scratch_free(&scratch);
    return good ? (double)best * 1000.0 / ROUNDS / (double)n : -1;
}

int main(void)
{
    static struct mm_format_errors errors;
    struct mm_formats *set = mm_formats_new();
    const char *content = getenv("MIMAMORI_CONTENT");
    char dir[1024];
    double few_known, few_unknown, many_known, many_unknown;
    size_t few;

    (void)snprintf(dir, sizeof(dir), "%s/formats",
                   content != NULL ? content : MM_SOURCE_DIR "/content");
    if (set == NULL || mm_formats_load(set, dir, &errors) != MM_OK)
        return 1;
    few = mm_formats_count(set);
    few_known = run(set, known, MM_COUNT(known), false);
    few_unknown = run(set, unknown, MM_COUNT(unknown), true);
    if (!make_up(set))
        return 1;
    many_known = run(set, known, MM_COUNT(known), false);
    many_unknown = run(set, unknown, MM_COUNT(unknown), true);
    mm_formats_free(&set);
    if (few_known < 0 || few_unknown < 0 || many_known < 0 || many_unknown < 0)
        return 1;
    printf("recognise: ns a line, %zu formats: known %.0f, unknown %.0f; %zu formats: known %.0f, "
           "unknown %.0f\n",
           few, few_known, few_unknown, few + MADE_UP, many_known, many_unknown);
    return 0;
}
