/* intake/import_test.c - a file comes in once, whatever interrupts it and whatever it is called. */
#include "intake/import.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/hash.h"
#include "intake/core.h"
#include "intake/imports.h"
#include "model/event.h"
#include "tests/harness/fault_fs.h"
#include "tests/harness/test.h"

static int64_t clock_us(void)
{
    return 1606000000000000;
}

struct stopper {
    int after; /* commits; 0: never */
};

static bool stop_after(void *ctx, bool full)
{
    struct stopper *s = ctx;

    return s->after > 0 && --s->after == 0;
}

static struct mm_import *open_with(uint32_t source, bool again, struct mm_fs fs,
                                   mm_join_continues *continues, struct stopper *stop)
{
    struct mm_import_options o = {.state_dir = mm_test_dir(),
                                  .fs = fs,
                                  .segment_max = 8192,
                                  .company = 5,
                                  .source = source,
                                  .again = again,
                                  .continues = continues,
                                  .lines_max = 10,
                                  .stop = stop_after,
                                  .ctx = stop,
                                  .now_us = clock_us};
    struct mm_import *im = NULL;
    char run[MM_MAX_PATH];

    CHECK(mm_path_join(run, mm_test_dir(), "run") == MM_OK);
    CHECK(mm_fs_mkdirs(mm_fs_real(), run, 0700) == MM_OK);
    CHECK(mm_import_open(&o, &im) == MM_OK);
    return im;
}

static struct mm_import *open_import(uint32_t source, bool again, struct mm_fs fs,
                                     struct stopper *stop)
{
    return open_with(source, again, fs, NULL, stop);
}

static struct mm_import *open_joining(uint32_t source, mm_join_continues *continues,
                                      struct stopper *stop)
{
    return open_with(source, false, (struct mm_fs){0}, continues, stop);
}

/* A file that holds text, as a descriptor. */
static int file_of(struct mm_slice text)
{
    int fd = open(mm_test_dir(), O_TMPFILE | O_RDWR, 0600);

    CHECK(fd >= 0);
    CHECK(write(fd, text.p, text.n) == (ssize_t)text.n);
    return fd;
}

/* A pipe that holds it (64 KiB at most). */
static int pipe_of(struct mm_slice text)
{
    int fd[2];

    CHECK(pipe(fd) == 0);
    CHECK(write(fd[1], text.p, text.n) == (ssize_t)text.n);
    (void)close(fd[1]);
    return fd[0];
}

static struct mm_import_result import(uint32_t source, int fd, bool again, enum mm_code want)
{
    struct stopper never = {0};
    struct mm_import *im = open_import(source, again, (struct mm_fs){0}, &never);
    struct mm_import_result r;

    CHECK(mm_import_run(im, fd, &r) == want);
    mm_import_close(&im);
    (void)close(fd);
    return r;
}

static size_t stored(struct mm_buf *out)
{
    char dir[MM_MAX_PATH];
    struct mm_spool_reader *r = NULL;
    struct mm_spool_record rec[64];
    size_t n = 1, total = 0;

    CHECK(mm_path_join(dir, mm_test_dir(), "spool") == MM_OK);
    CHECK(mm_spool_reader_open(dir, MM_INGEST_QUEUE, 0, &r) == MM_OK);
    while (n > 0) {
        CHECK(mm_spool_read(r, rec, 64, SIZE_MAX, &n) == MM_OK);
        for (size_t i = 0; i < n; i++) {
            CHECK(!rec[i].damaged && rec[i].company == 5);
            mm_buf_add(out, rec[i].body);
            mm_buf_byte(out, '|');
        }
        total += n;
    }
    mm_spool_reader_close(&r);
    return total;
}

#define CHECK_STORED(want)                                                                         \
    do {                                                                                           \
        struct mm_buf out_;                                                                        \
        mm_buf_init(&out_, 1 << 24);                                                               \
        (void)stored(&out_);                                                                       \
        CHECK_SLICE(mm_buf_slice(&out_), want);                                                    \
        mm_buf_done(&out_);                                                                        \
    } while (0)

TEST(import_takes_a_file_once_and_then_only_what_is_new)
{
    struct mm_import_result r = import(1, file_of(MM_S("a\nb\nc")), false, MM_OK);

    CHECK(r.stored == 3 && r.passed == 0 && !r.stopped);
    r = import(1, file_of(MM_S("a\nb\nc\n")), false, MM_OK);
    CHECK(r.stored == 0 && r.passed == 3);
    r = import(1, file_of(MM_S("a\nb\nc\nd\n")), false, MM_OK);
    CHECK(r.stored == 1 && r.passed == 3);
    CHECK_STORED("a|b|c|d|");
    /* Another source, another file with the same first line, the same file again on purpose. */
    r = import(2, file_of(MM_S("a\nb\n")), false, MM_OK);
    CHECK(r.stored == 2);
    r = import(1, file_of(MM_S("a\nx\n")), false, MM_OK);
    CHECK(r.stored == 2 && r.passed == 0);
    r = import(1, file_of(MM_S("a\nb\nc\nd\n")), false, MM_OK);
    CHECK(r.stored == 0 && r.passed == 4);
    r = import(1, file_of(MM_S("a\nb\nc\nd\n")), true, MM_OK);
    CHECK(r.stored == 4 && r.passed == 0);
    CHECK_STORED("a|b|c|d|a|b|a|x|a|b|c|d|");
}

/* A log that was copied and cut to nothing while its writer went on where it was. */
TEST(import_takes_the_first_line_behind_a_hole)
{
    size_t n = 3 * MM_MAX_LINE;
    uint8_t *bytes = calloc(1, n + 4);
    struct mm_import_result r;

    CHECK(bytes != NULL);
    memcpy(bytes + n, "a\nb\n", 4);
    r = import(1, file_of(mm_slice_of(bytes, n + 4)), false, MM_OK);
    CHECK(r.stored == 2 && r.truncated == 0);
    r = import(1, file_of(mm_slice_of(bytes, n + 4)), false, MM_OK);
    CHECK(r.stored == 0 && r.passed == 2);
    CHECK_STORED("a|b|");
    free(bytes);
}

/* The flags of the first record, and its body in out. */
static uint16_t first_record(struct mm_buf *out)
{
    char dir[MM_MAX_PATH];
    struct mm_spool_reader *r = NULL;
    struct mm_spool_record rec;
    uint16_t flags;
    size_t n;

    CHECK(mm_path_join(dir, mm_test_dir(), "spool") == MM_OK);
    CHECK(mm_spool_reader_open(dir, MM_INGEST_QUEUE, 0, &r) == MM_OK);
    CHECK(mm_spool_read(r, &rec, 1, SIZE_MAX, &n) == MM_OK && n == 1);
    mm_buf_add(out, rec.body);
    flags = rec.flags;
    mm_spool_reader_close(&r);
    return flags;
}

TEST(import_takes_each_record_of_a_list_and_each_once)
{
    const struct mm_slice text = MM_S("{\"Records\":[{\"a\":1},\n{\n\"a\":2},{\"a\":3}]}\n");
    struct mm_import_result r;
    uint8_t *wide = calloc(1, 3 * MM_MAX_LINE);
    size_t n = 0;

    /* The first half, as it stands there while the file is written. */
    r = import(1, pipe_of(mm_slice_sub(text, 0, text.n - 11)), false, MM_OK);
    CHECK(r.stored == 2 && r.truncated == 0);
    r = import(1, file_of(text), false, MM_OK);
    CHECK(r.stored == 1 && r.passed == 2);
    r = import(1, file_of(text), false, MM_OK);
    CHECK(r.stored == 0 && r.passed == 3);
    CHECK_STORED("{\"a\":1}|{ \"a\":2}|{\"a\":3}|");
    r = import(1, pipe_of(MM_S("[{\"b\":1}, oops, {\"b\":2")), false, MM_E_SYNTAX);
    CHECK(r.stored == 2 && r.truncated == 1);
    /* A list that is much longer than a line may be. */
    CHECK(wide != NULL);
    n += (size_t)snprintf((char *)wide, 16, "[{\"x\":0}");
    while (n < 2 * MM_MAX_LINE)
        n += (size_t)snprintf((char *)wide + n, 16, ",{\"x\":%d}", (int)(n % 10));
    wide[n++] = ']';
    r = import(2, file_of(mm_slice_of(wide, n)), false, MM_OK);
    CHECK(r.stored == (n - 1) / 8 && r.truncated == 0);
    free(wide);
}

TEST(import_reads_utf16_lines_and_marks_them)
{
    static const uint8_t text[] = {0xFF, 0xFE, 'a', 0,   0x0A, 0x30, '\r',
                                   0,    '\n', 0,   'b', 0,    '\n', 0};
    struct mm_import_result r = import(1, pipe_of(mm_slice_of(text, sizeof(text))), false, MM_OK);
    struct mm_buf body;

    CHECK_NUM(r.stored, 2);
    CHECK_STORED("a\xE3\x80\x8A|b|");
    mm_buf_init(&body, 64);
    CHECK_NUM(first_record(&body),
              MM_EV_IMPORTED | (unsigned)MM_CS_UTF_16LE << MM_EV_CHARSET_SHIFT);
    mm_buf_done(&body);
    r = import(1, file_of(mm_slice_of(text, sizeof(text))), false, MM_OK);
    CHECK(r.stored == 0 && r.passed == 2);
}

static bool goes_on(void *ctx, struct mm_slice line)
{
    return line.p[0] == ' ';
}

TEST(import_joins_lines_into_records_and_knows_them_again)
{
    struct mm_slice text = MM_S("one\n a\n b\ntwo\n c\n");

    for (int i = 0; i < 2; i++) {
        struct stopper never = {0};
        struct mm_import *im = open_joining(5, goes_on, &never);
        struct mm_import_result r;
        int fd = file_of(text);

        CHECK(mm_import_run(im, fd, &r) == MM_OK);
        CHECK_NUM(r.stored, i == 0 ? 2 : 0);
        CHECK_NUM(r.passed, i == 0 ? 0 : 2);
        mm_import_close(&im);
        (void)close(fd);
    }
    CHECK_STORED("one\n a\n b|two\n c|");
}

TEST(import_of_a_pipe_is_known_again_too)
{
    struct mm_import_result r = import(1, pipe_of(MM_S("a\nb\nc\n")), false, MM_OK);

    CHECK(r.stored == 3);
    r = import(1, pipe_of(MM_S("a\nb\nc\nd\n")), false, MM_OK);
    CHECK(r.stored == 1 && r.passed == 3);
    r = import(1, pipe_of(MM_S("a\nb\nX\nd\n")), false, MM_OK);
    CHECK(r.stored == 4 && r.passed == 0);
    r = import(1, pipe_of(MM_S("")), false, MM_OK);
    CHECK(r.stored == 0 && r.passed == 0);
    CHECK_STORED("a|b|c|d|a|b|X|d|");
}

TEST(import_unpacks_by_content_and_knows_the_same_lines_again)
{
    /* printf 'first line\nsecond line\nthird line\n' | gzip -n (zstd --check) */
    static const uint8_t gz[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x4b,
                                 0xcb, 0x2c, 0x2a, 0x2e, 0x51, 0xc8, 0xc9, 0xcc, 0x4b, 0xe5, 0x2a,
                                 0x4e, 0x4d, 0xce, 0xcf, 0x4b, 0x81, 0xb0, 0x4b, 0x32, 0x32, 0x8b,
                                 0xa0, 0x4c, 0x00, 0x16, 0x01, 0xc0, 0x59, 0x22, 0x00, 0x00, 0x00};
    static const uint8_t zs[] = {0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x58, 0x11, 0x01, 0x00, 0x66,
                                 0x69, 0x72, 0x73, 0x74, 0x20, 0x6c, 0x69, 0x6e, 0x65, 0x0a,
                                 0x73, 0x65, 0x63, 0x6f, 0x6e, 0x64, 0x20, 0x6c, 0x69, 0x6e,
                                 0x65, 0x0a, 0x74, 0x68, 0x69, 0x72, 0x64, 0x20, 0x6c, 0x69,
                                 0x6e, 0x65, 0x0a, 0x5d, 0x7d, 0xaa, 0x0e};
    struct mm_import_result r = import(1, file_of(mm_slice_of(gz, sizeof(gz))), false, MM_OK);

    CHECK(r.stored == 3);
    r = import(1, file_of(mm_slice_of(zs, sizeof(zs))), false, MM_OK);
    CHECK(r.stored == 0 && r.passed == 3);
    r = import(1, file_of(MM_S("first line\nsecond line\nthird line\n4\n")), false, MM_OK);
    CHECK(r.stored == 1 && r.passed == 3);
    CHECK_STORED("first line|second line|third line|4|");
    r = import(2, pipe_of(mm_slice_of(zs, sizeof(zs) - 6)), false, MM_E_SYNTAX);
    r = import(3, file_of(mm_slice_of(gz, sizeof(gz) - 6)), false, MM_E_SYNTAX);
    CHECK(r.stored == 3); /* as far as it could be read */
}

TEST(import_knows_the_same_lines_however_they_are_packed)
{
    /* The same through xz and bzip2. */
    static const uint8_t xz[] = {
        0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00, 0x04, 0xe6, 0xd6, 0xb4, 0x46, 0x02, 0x00,
        0x21, 0x01, 0x16, 0x00, 0x00, 0x00, 0x74, 0x2f, 0xe5, 0xa3, 0xe0, 0x00, 0x21, 0x00,
        0x1d, 0x5d, 0x00, 0x33, 0x1a, 0x4a, 0xac, 0x0c, 0x72, 0xbf, 0x8d, 0x58, 0xf9, 0x4d,
        0x6f, 0xbe, 0x9d, 0x69, 0xa7, 0xa5, 0xc3, 0xe1, 0x4e, 0xf7, 0x93, 0x93, 0xdc, 0xa9,
        0x91, 0xd7, 0xbc, 0x00, 0x00, 0x00, 0x00, 0x00, 0x20, 0xda, 0x40, 0x09, 0x31, 0x04,
        0x77, 0x51, 0x00, 0x01, 0x39, 0x22, 0x75, 0x79, 0x62, 0xfb, 0x1f, 0xb6, 0xf3, 0x7d,
        0x01, 0x00, 0x00, 0x00, 0x00, 0x04, 0x59, 0x5a};
    static const uint8_t bz[] = {0x42, 0x5a, 0x68, 0x39, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, 0x70,
                                 0x59, 0x17, 0x03, 0x00, 0x00, 0x06, 0xd1, 0x80, 0x00, 0x10, 0x40,
                                 0x00, 0x0f, 0x65, 0x9c, 0x00, 0x20, 0x00, 0x22, 0x34, 0x4d, 0x34,
                                 0x36, 0x9a, 0x84, 0x00, 0x00, 0x91, 0x29, 0xe3, 0x0b, 0x32, 0xaa,
                                 0xc0, 0x4d, 0x84, 0x82, 0x76, 0xe9, 0xb8, 0xf8, 0xbb, 0x92, 0x29,
                                 0xc2, 0x84, 0x83, 0x82, 0xc8, 0xb8, 0x18};

    CHECK_NUM(import(1, file_of(mm_slice_of(xz, sizeof(xz))), false, MM_OK).stored, 3);
    CHECK_NUM(import(1, pipe_of(mm_slice_of(bz, sizeof(bz))), false, MM_OK).passed, 3);
    CHECK_NUM(import(1, file_of(MM_S("BZh9 is text\n")), false, MM_OK).stored, 1);
    CHECK_NUM(import(2, file_of(mm_slice_of(xz, sizeof(xz) - 4)), false, MM_E_SYNTAX).stored, 3);
    CHECK_STORED(
        "first line|second line|third line|BZh9 is text|first line|second line|third line|");
}

/* 3,000 lines of 600 bytes. */
static void many_lines(struct mm_buf *out)
{
    mm_buf_init(out, 1 << 22);
    for (int i = 0; i < 3000; i++) {
        mm_buf_fmt(out, "line %d ", i);
        for (int k = 0; k < 590; k += 10)
            mm_buf_str(out, "0123456789");
        mm_buf_byte(out, '\n');
    }
    CHECK(mm_buf_ok(out));
}

/* The spool holds each line of text once, in order. */
static void expect_each_once(struct mm_slice text)
{
    struct mm_buf got;

    mm_buf_init(&got, 1 << 22);
    CHECK_NUM(stored(&got), 3000);
    CHECK_NUM(got.n, text.n);
    for (size_t i = 0; i < got.n; i++)
        CHECK(got.p[i] == text.p[i] || (got.p[i] == '|' && text.p[i] == '\n'));
    mm_buf_done(&got);
}

TEST(import_that_loses_power_anywhere_goes_on_without_loss_or_doubling)
{
    struct mm_fault_fs *fault = mm_fault_fs_new();
    char qdir[MM_MAX_PATH];
    struct mm_buf text;
    int rounds = 0;

    many_lines(&text);
    CHECK(mm_path_join(qdir, mm_test_dir(), "spool/q1") == MM_OK);
    for (bool done = false; !done; rounds++) {
        struct stopper never = {0};
        struct mm_import_options o = {.state_dir = mm_test_dir(),
                                      .fs = mm_fault_fs_ops(fault),
                                      .segment_max = 300000,
                                      .company = 5,
                                      .source = 1,
                                      .stop = stop_after,
                                      .ctx = &never,
                                      .now_us = clock_us};
        struct mm_import *im = NULL;
        struct mm_import_result r = {0};
        int fd = file_of(mm_buf_slice(&text));

        mm_fault_fs_cut_at(fault, 8 + (unsigned)(rounds * 5 % 23));
        if (mm_import_open(&o, &im) == MM_OK)
            done = mm_import_run(im, fd, &r) == MM_OK;
        mm_import_close(&im);
        (void)close(fd);
        if (!done)
            mm_fault_fs_restart(fault, qdir, (enum mm_fault_rest)(rounds % MM_REST_COUNT),
                                (uint64_t)rounds);
        CHECK(rounds < 200);
    }
    CHECK(rounds > 1);
    expect_each_once(mm_buf_slice(&text));
    mm_fault_fs_free(&fault);
    mm_buf_done(&text);
}

TEST(import_stops_when_told_and_goes_on_later)
{
    struct stopper soon = {.after = 1};
    struct mm_import *im = open_import(1, false, (struct mm_fs){0}, &soon);
    struct mm_import_result r;
    struct mm_buf text, more;
    int fd;

    many_lines(&text);
    mm_buf_init(&more, 1 << 24);
    for (int i = 0; i < 4; i++)
        mm_buf_add(&more, mm_buf_slice(&text));
    fd = file_of(mm_buf_slice(&more));
    CHECK(mm_import_run(im, fd, &r) == MM_OK);
    CHECK(r.stopped && r.stored > 0 && r.stored < 12000);
    mm_import_close(&im);
    CHECK_NUM(import(1, fd, false, MM_OK).stored + r.stored, 12000);
    mm_buf_done(&text);
    mm_buf_done(&more);
}

TEST(import_of_a_pipe_that_stays_silent_can_be_stopped)
{
    struct mm_import_options o = {
        .state_dir = mm_test_dir(), .company = 5, .source = 1, .now_us = clock_us};
    struct mm_import *im = NULL;
    struct mm_import_result r;
    int lines[2], stop[2];
    char run[MM_MAX_PATH];

    CHECK(mm_path_join(run, mm_test_dir(), "run") == MM_OK);
    CHECK(mm_fs_mkdirs(mm_fs_real(), run, 0700) == MM_OK);
    CHECK(pipe(lines) == 0 && pipe(stop) == 0);
    o.stop_fd = stop[0];
    CHECK(write(lines[1], "a\nb\nc", 5) == 5);
    CHECK(mm_import_open(&o, &im) == MM_OK);
    CHECK(write(stop[1], "x", 1) == 1);
    CHECK(mm_import_run(im, lines[0], &r) == MM_OK);
    CHECK(r.stopped);
    mm_import_close(&im);
}

TEST(import_waits_for_a_full_disk)
{
    struct mm_fault_fs *fault = mm_fault_fs_new();
    struct stopper never = {0};
    struct mm_import *im = open_import(1, false, mm_fault_fs_ops(fault), &never);
    struct mm_import_result r;
    int fd = file_of(MM_S("a\nb\n"));

    mm_fault_fs_fail(fault, 1, MM_E_FULL);
    CHECK(mm_import_run(im, fd, &r) == MM_OK);
    CHECK(r.stored == 2 && !r.stopped);
    mm_import_close(&im);
    CHECK_STORED("a|b|");
    mm_fault_fs_free(&fault);
    (void)close(fd);
}

TEST(imports_are_carried_over_segments_and_forget_the_oldest)
{
    struct mm_imports *t = NULL, *again = NULL;
    struct mm_import_at first = {0}, at, zero = {0};
    struct mm_buf b;

    CHECK(mm_imports_new(100, &t) == MM_OK && mm_imports_new(100, &again) == MM_OK);
    for (uint32_t i = 0; i < 150; i++) {
        char name[16];

        at = zero;
        (void)snprintf(name, sizeof(name), "file %u", i);
        mm_import_step(&at, mm_slice_str(name));
        mm_imports_note(t, 1, 1, &zero, &at);
        if (i == 0)
            first = at;
    }
    CHECK_NUM(mm_imports_count(t), 100);
    CHECK(!mm_imports_has(t, 1, 1, &first));
    CHECK(mm_imports_has(t, 1, 1, &at));
    CHECK(!mm_imports_has(t, 1, 2, &at));
    mm_buf_init(&b, 1 << 20);
    mm_imports_carry(t, &b);
    mm_imports_restore(again, mm_buf_slice(&b));
    CHECK_NUM(mm_imports_count(again), 100);
    CHECK(mm_imports_has(again, 1, 1, &at));
    CHECK_NUM(mm_imports_depth(again, 1, 1, at.first), 1);
    CHECK_NUM(mm_imports_depth(again, 1, 1, first.first), 0);
    mm_buf_done(&b);
    mm_imports_free(&t);
    mm_imports_free(&again);
}
