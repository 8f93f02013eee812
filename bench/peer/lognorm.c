/*
 * bench/peer/lognorm.c - sshd's lines read by us and by liblognorm, in one run.
 *
 *     parse-peer RULEBASE
 *
 * Both get the same LINES different lines, with the header of RFC 3164, and give the same values:
 * priority, moment, host, process number, user, address and port as text or number, held against
 * each other for every line before anything is measured. We also set class and outcome and find
 * the format among all of content/formats; the peer has the rules of sshd alone. CPU time of the
 * thread; of PASSES passes in turn the best of each counts. Neither writes JSON.
 */
#include <liblognorm.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <json.h>

#include "base/buf.h"
#include "base/time.h"
#include "parse/parse.h"

enum { LINES = 100000, PASSES = 7, BATCH = 1000 };

struct bench {
    struct mm_buf text;
    struct mm_slice line[LINES];
    struct mm_formats *formats;
    struct mm_scratch *scratch;
    struct mm_arena arena;
    struct mm_event *ev;
    int64_t now_us;
    ln_ctx peer;
};

static double cpu_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint32_t next(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33);
}

/* What sshd says most, of many users and addresses, on the day of the run: so both guess a year. */
static bool make_lines(struct bench *b)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    static const char *const before[] = {"Accepted password for ",
                                         "Accepted publickey for ",
                                         "Failed password for ",
                                         "Failed password for invalid user ",
                                         "Invalid user ",
                                         "Connection closed by authenticating user ",
                                         "Connection closed by invalid user ",
                                         "Disconnected from user "};
    static const char *const behind[] = {
        " ssh2",      " ssh2: ED25519 SHA256:Zm9yIGEgYmVuY2ggb25seQ",
        " ssh2",      " ssh2",
        "",           " [preauth]",
        " [preauth]", ""};
    size_t *at = calloc(LINES + 1, sizeof(*at));
    uint64_t seed = 22;
    struct mm_civil day;

    if (at == NULL)
        return false;
    mm_civil_of_us(b->now_us, 0, &day);
    mm_buf_init(&b->text, 64 * 1024 * 1024);
    for (size_t i = 0; i < LINES; i++) {
        size_t kind = next(&seed) % MM_COUNT(before);

        mm_buf_fmt(&b->text,
                   "<%u>%.3s %2d %02u:%02u:%02u srv%u sshd[%u]: %suser%u%s192.0.%u.%u port %u%s",
                   80 + next(&seed) % 8, months + 3 * (day.month - 1), day.day, next(&seed) % 24,
                   next(&seed) % 60, next(&seed) % 60, next(&seed) % 40, 1 + next(&seed) % 99999,
                   before[kind], next(&seed) % 5000, kind < 5 ? " from " : " ", next(&seed) % 256,
                   next(&seed) % 256, 1024 + next(&seed) % 60000, behind[kind]);
        at[i + 1] = b->text.n;
    }
    for (int i = 0; i < MM_PADDING; i++)
        mm_buf_byte(&b->text, 0);
    for (size_t i = 0; i < LINES; i++)
        b->line[i] = mm_slice_of(b->text.p + at[i], at[i + 1] - at[i]);
    free(at);
    return mm_buf_ok(&b->text);
}

static void ours(struct bench *b, size_t i)
{
    struct mm_hint hint = {.format = MM_FORMAT_NONE, .offset_s = 0};
    struct mm_raw raw = {
        .company = 1, .source = 1, .received_us = b->now_us, .seq = i, .body = b->line[i]};

    if (i % BATCH == 0)
        mm_arena_reset(&b->arena);
    mm_parse(b->formats, b->scratch, &b->arena, &raw, &hint, b->ev);
}

/* The peer's answer, which who asks gives back; NULL when it could not read the line. */
static struct fjson_object *theirs(struct bench *b, size_t i)
{
    struct fjson_object *ret = NULL;

    if (ln_normalize(b->peer, (const char *)b->line[i].p, b->line[i].n, &ret) != 0 && ret != NULL) {
        fjson_object_put(ret);
        ret = NULL;
    }
    return ret;
}

static bool same_text(struct fjson_object *o, const char *name, struct mm_slice text)
{
    struct fjson_object *v;

    return fjson_object_object_get_ex(o, name, &v) &&
           mm_slice_eq(mm_slice_str(fjson_object_get_string(v)), text);
}

static bool same_number(struct fjson_object *o, const char *name, int64_t number)
{
    struct fjson_object *v;

    return fjson_object_object_get_ex(o, name, &v) && fjson_object_get_int64(v) == number;
}

/* Do both give the same values for every line? */
static bool agree(struct bench *b)
{
    for (size_t i = 0; i < LINES; i++) {
        struct fjson_object *o = theirs(b, i);
        const struct mm_event *ev = b->ev;
        char ip[MM_FIELD_TEXT];
        bool same;

        ours(b, i);
        same = o != NULL && (ev->flags & MM_EV_UNPARSED) == 0 &&
               same_text(o, "host", ev->val[MM_F_HOST_NAME].text) &&
               same_text(o, "user", ev->val[MM_F_USER_NAME].text) &&
               same_text(o, "src", mm_event_as_text(ev, MM_F_SOURCE_IP, ip)) &&
               same_number(o, "port", (int64_t)ev->val[MM_F_SOURCE_PORT].u) &&
               same_number(o, "pid", (int64_t)ev->val[MM_F_PROCESS_PID].u) &&
               same_number(o, "pri",
                           (int64_t)(ev->val[MM_F_SYSLOG_FACILITY].u * 8 +
                                     ev->val[MM_F_SYSLOG_SEVERITY].u)) &&
               same_number(o, "time", ev->time_us / MM_US_PER_S);
        fjson_object_put(o);
        if (!same) {
            printf("read differently: %.*s\n", MM_S_ARG(b->line[i]));
            return false;
        }
    }
    return true;
}

static void measure(struct bench *b, double *ret_ours, double *ret_theirs)
{
    *ret_ours = *ret_theirs = 0;
    for (int pass = 0; pass < PASSES; pass++) {
        double from = cpu_s(), rate;

        for (size_t i = 0; i < LINES; i++)
            ours(b, i);
        rate = LINES / (cpu_s() - from);
        *ret_ours = rate > *ret_ours ? rate : *ret_ours;
        from = cpu_s();
        for (size_t i = 0; i < LINES; i++)
            fjson_object_put(theirs(b, i));
        rate = LINES / (cpu_s() - from);
        *ret_theirs = rate > *ret_theirs ? rate : *ret_theirs;
    }
}

int main(int argc, char **argv)
{
    static struct mm_format_errors errors;
    static struct bench bench;
    struct bench *b = &bench;
    double our_rate, their_rate;

    if (argc != 2)
        return 2;
    b->now_us = mm_now_us();
    b->formats = mm_formats_new();
    b->scratch = mm_scratch_new();
    b->ev = calloc(1, sizeof(*b->ev));
    b->peer = ln_initCtx();
    mm_arena_init(&b->arena, 64 * 1024 * 1024);
    if (b->formats == NULL || b->scratch == NULL || b->ev == NULL || b->peer == NULL ||
        mm_formats_load(b->formats, MM_SOURCE_DIR "/content/formats", &errors) != MM_OK ||
        errors.count > 0 || ln_loadSamples(b->peer, argv[1]) != 0 || !make_lines(b) || !agree(b))
        return 1;
    measure(b, &our_rate, &their_rate);
    printf("%d lines of sshd, %.0f bytes a line; liblognorm %s, %zu formats of ours\n", LINES,
           (double)b->text.n / LINES, ln_version(), mm_formats_count(b->formats));
    printf("parse-peer: %.0f lines/s, liblognorm %.0f lines/s: %.2f times as fast\n", our_rate,
           their_rate, our_rate / their_rate);
    (void)ln_exitCtx(b->peer);
    mm_arena_done(&b->arena);
    mm_scratch_free(&b->scratch);
    mm_formats_free(&b->formats);
    mm_buf_done(&b->text);
    free(b->ev);
    return 0;
}
