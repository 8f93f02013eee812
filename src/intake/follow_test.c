/* intake/follow_test.c - whatever a log's files are renamed to, cut to or copied to, each line
 * comes in once. */
#include "intake/follow.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "model/event.h"
#include "os/file.h"
#include "store/spool/spool.h"
#include "tests/harness/test.h"

enum { QUEUE = MM_FOLLOW_QUEUE + 3 };

static int64_t clock_us(void)
{
    return 1606000000000000;
}

struct bed {
    struct mm_import *im;
    struct mm_follow *f;
    int64_t now_us;
    char logs[MM_MAX_PATH], places[MM_MAX_PATH];
    char said[256];
};

static void hear(void *ctx, const char *path, const char *what)
{
    struct bed *b = ctx;
    const char *name = strrchr(path, '/');
    size_t n = strlen(b->said);

    (void)snprintf(b->said + n, sizeof(b->said) - n, "%s %s|", name + 1, what);
}

static bool goes_on(void *ctx, struct mm_slice line)
{
    (void)ctx;
    return line.p[0] == ' ';
}

static void up(struct bed *b, mm_join_continues *continues)
{
    struct mm_import_options o = {.state_dir = mm_test_dir(),
                                  .queue = QUEUE,
                                  .segment_max = 8192,
                                  .company = 5,
                                  .source = 3,
                                  .continues = continues,
                                  .lines_max = 3,
                                  .now_us = clock_us};
    static const char *path[1];
    struct mm_follow_options fo = {
        .places = b->places, .paths = path, .paths_n = 1, .say = hear, .ctx = b};
    char run[MM_MAX_PATH];

    if (b->logs[0] == 0) {
        CHECK(mm_path_join(run, mm_test_dir(), "run") == MM_OK);
        CHECK(mm_path_join(b->logs, mm_test_dir(), "logs") == MM_OK);
        CHECK(mm_path_join(b->places, mm_test_dir(), "places") == MM_OK);
        CHECK(mm_fs_mkdirs(mm_fs_real(), run, 0700) == MM_OK);
        CHECK(mm_fs_mkdirs(mm_fs_real(), b->logs, 0700) == MM_OK);
        b->now_us = MM_US_PER_S;
    }
    path[0] = b->logs;
    CHECK(mm_import_open(&o, &b->im) == MM_OK);
    fo.import = b->im;
    CHECK(mm_follow_new(&fo, &b->f) == MM_OK);
}

static void down(struct bed *b)
{
    mm_follow_free(&b->f);
    mm_import_close(&b->im);
}

/* Seconds go by. */
static void pass(struct bed *b, int seconds)
{
    for (int i = 0; i < seconds; i++) {
        bool more = true;

        for (int k = 0; more && k < 100; k++)
            CHECK(mm_follow_step(b->f, b->now_us, &more) == MM_OK);
        b->now_us += MM_US_PER_S;
    }
}

static const char *log_path(const struct bed *b, const char *name, char ret[MM_MAX_PATH])
{
    CHECK(mm_path_join(ret, b->logs, name) == MM_OK);
    return ret;
}

static void write_log(const struct bed *b, const char *name, int flags, struct mm_slice text)
{
    char path[MM_MAX_PATH];
    int fd = open(log_path(b, name, path), O_WRONLY | O_CREAT | flags, 0600);

    CHECK(fd >= 0 && write(fd, text.p, text.n) == (ssize_t)text.n);
    (void)close(fd);
}

static void append(const struct bed *b, const char *name, const char *text)
{
    write_log(b, name, O_APPEND, mm_slice_str(text));
}

static void move(const struct bed *b, const char *from, const char *to)
{
    char a[MM_MAX_PATH], z[MM_MAX_PATH];

    CHECK(rename(log_path(b, from, a), log_path(b, to, z)) == 0);
}

/* Everything stored, "i" before lines that are marked as imported. */
static void stored(struct mm_buf *out)
{
    char dir[MM_MAX_PATH];
    struct mm_spool_reader *r = NULL;
    struct mm_spool_record rec[64];
    size_t n = 1;

    mm_buf_reset(out);
    CHECK(mm_path_join(dir, mm_test_dir(), "spool") == MM_OK);
    if (mm_spool_reader_open(dir, QUEUE, 0, &r) != MM_OK)
        return;
    while (n > 0) {
        CHECK(mm_spool_read(r, rec, 64, SIZE_MAX, &n) == MM_OK);
        for (size_t i = 0; i < n; i++) {
            mm_buf_str(out, (rec[i].flags & MM_EV_IMPORTED) != 0 ? "i" : "");
            mm_buf_add(out, rec[i].body);
            mm_buf_byte(out, '|');
        }
    }
    mm_spool_reader_close(&r);
}

#define CHECK_STORED(want)                                                                         \
    do {                                                                                           \
        struct mm_buf out_;                                                                        \
        mm_buf_init(&out_, 1 << 24);                                                               \
        stored(&out_);                                                                             \
        CHECK_SLICE(mm_buf_slice(&out_), want);                                                    \
        mm_buf_done(&out_);                                                                        \
    } while (0)

TEST(follow_reads_what_is_appended_and_waits_for_whole_lines)
{
    struct bed b = {0};

    up(&b, NULL);
    append(&b, "a.log", "one\ntw");
    append(&b, ".hidden", "no\n");
    pass(&b, 3);
    CHECK_STORED("ione|");
    append(&b, "a.log", "o\nthree\n");
    append(&b, "b.log", "other\n");
    pass(&b, 3);
    CHECK_STORED("ione|two|three|other|");
    CHECK_NUM(mm_follow_count(b.f), 2);
    down(&b);
}

TEST(follow_goes_on_through_renaming)
{
    struct bed b = {0};

    up(&b, NULL);
    append(&b, "a.log", "one\n");
    pass(&b, 3);
    append(&b, "a.log", "two\n");
    move(&b, "a.log", "a.log.1");
    append(&b, "a.log.1", "three\n"); /* who writes it has not noticed yet */
    append(&b, "a.log", "four\n");
    pass(&b, 3);
    CHECK_STORED("ione|two|three|four|");
    append(&b, "a.log.1", "five\n");
    pass(&b, 1);
    CHECK_STORED("ione|two|three|four|five|");
    down(&b);
}

TEST(follow_takes_a_last_line_without_end_when_its_file_is_gone)
{
    struct bed b = {0};
    char path[MM_MAX_PATH];

    up(&b, NULL);
    append(&b, "a.log", "one\nlast");
    pass(&b, 3);
    CHECK(unlink(log_path(&b, "a.log", path)) == 0);
    pass(&b, 9);
    CHECK_STORED("ione|ilast|");
    CHECK_NUM(mm_follow_count(b.f), 0);
    down(&b);
}

TEST(follow_knows_a_file_that_was_cut_and_its_copy)
{
    struct bed b = {0};

    up(&b, NULL);
    append(&b, "a.log", "one\ntwo\n");
    pass(&b, 3);
    /* copytruncate, and a line that nobody has read but the copy has */
    append(&b, "a.log.1", "one\ntwo\nthree\n");
    write_log(&b, "a.log", O_TRUNC, MM_S("new\n"));
    pass(&b, 3);
    CHECK_STORED("ione|itwo|new|three|");
    /* cut, and grown beyond where it was */
    write_log(&b, "a.log", O_TRUNC, MM_S("again new and long\nsecond\n"));
    pass(&b, 3);
    CHECK_STORED("ione|itwo|new|three|again new and long|second|");
    down(&b);
}

TEST(follow_reads_packed_files_once_and_only_what_is_new_in_them)
{
    /* printf 'first line\nsecond line\nthird line\n' | gzip -n */
    static const uint8_t gz[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x4b,
                                 0xcb, 0x2c, 0x2a, 0x2e, 0x51, 0xc8, 0xc9, 0xcc, 0x4b, 0xe5, 0x2a,
                                 0x4e, 0x4d, 0xce, 0xcf, 0x4b, 0x81, 0xb0, 0x4b, 0x32, 0x32, 0x8b,
                                 0xa0, 0x4c, 0x00, 0x16, 0x01, 0xc0, 0x59, 0x22, 0x00, 0x00, 0x00};
    struct bed b = {0};

    up(&b, NULL);
    append(&b, "a.log", "first line\nsecond line\n");
    pass(&b, 3);
    write_log(&b, "a.log.1.gz", 0, mm_slice_of(gz, sizeof(gz)));
    write_log(&b, "bad.gz", 0, mm_slice_of(gz, sizeof(gz) - 9));
    write_log(&b, "x.evtx", 0, MM_S("ElfFile\0 and so on"));
    pass(&b, 4);
    CHECK_STORED("ifirst line|isecond line|"); /* it may still be written */
    pass(&b, 20);
    CHECK_STORED("ifirst line|isecond line|ithird line|");
    CHECK_SLICE(mm_slice_str(b.said), "x.evtx evtx|bad.gz damaged|");
    down(&b);
    up(&b, NULL);
    pass(&b, 20);
    CHECK_STORED("ifirst line|isecond line|ithird line|");
    down(&b);
}

TEST(follow_goes_on_after_a_restart_with_and_without_its_table)
{
    struct bed b = {0};

    for (int i = 0; i < 4; i++) {
        static const char *const line[] = {"one\n", "two\n", "three\n", "four\n"};

        up(&b, NULL);
        append(&b, "a.log", line[i]);
        pass(&b, 3);
        append(&b, "a.log", "half");
        pass(&b, 1);
        if (i == 1)
            CHECK(mm_follow_save(b.f) == MM_OK);
        append(&b, "a.log", "\n");
        if (i > 0)
            pass(&b, 1); /* beyond what the table says */
        down(&b);
        if (i == 2)
            CHECK(unlink(b.places) == 0);
    }
    CHECK_STORED("ione|ihalf|itwo|half|three|half|ifour|half|");
}

TEST(follow_joins_records_and_hands_them_out_in_time)
{
    struct bed b = {0};

    up(&b, goes_on);
    append(&b, "a.log", "one\n a\ntwo\n b\n c\n d\n");
    pass(&b, 2);
    CHECK_STORED("ione\n a|itwo\n b\n c|");
    pass(&b, 6);
    CHECK_STORED("ione\n a|itwo\n b\n c|i d|");
    append(&b, "a.log", " late\n");
    pass(&b, 8);
    CHECK_STORED("ione\n a|itwo\n b\n c|i d| late|");
    /* How lines were joined is no part of what a file is. */
    append(&b, "copy.log", "one\n a\ntwo\n b\n c\n d\n late\n e\n");
    pass(&b, 9);
    CHECK_STORED("ione\n a|itwo\n b\n c|i d| late| e|");
    down(&b);
}

/* A queue that the engine would never read is not begun; one that it reads goes on. */
TEST(follow_begins_no_queue_that_nobody_would_read)
{
    char dir[MM_MAX_PATH], queue[MM_MAX_PATH], name[16];

    CHECK(mm_path_join(dir, mm_test_dir(), "spool") == MM_OK);
    CHECK(mm_follow_has_room(dir, 7)); /* there is nothing yet */
    for (unsigned i = 0; i < MM_FOLLOW_QUEUES; i++) {
        CHECK(mm_follow_has_room(dir, 10 + i));
        (void)snprintf(name, sizeof(name), "q%u", MM_FOLLOW_QUEUE + 10 + i);
        CHECK(mm_path_join(queue, dir, name) == MM_OK &&
              mm_fs_mkdirs(mm_fs_real(), queue, 0700) == MM_OK);
    }
    CHECK(mm_follow_has_room(dir, 10) && mm_follow_has_room(dir, 10 + MM_FOLLOW_QUEUES - 1));
    CHECK(!mm_follow_has_room(dir, 7) && !mm_follow_has_room(dir, 10 + MM_FOLLOW_QUEUES));
    CHECK(mm_path_join(queue, dir, "q0") == MM_OK && mkdir(queue, 0700) == 0);
    CHECK(mm_path_join(queue, dir, "q1") == MM_OK && mkdir(queue, 0700) == 0);
    CHECK(mm_follow_has_room(dir, 10 + MM_FOLLOW_QUEUES - 1) && !mm_follow_has_room(dir, 7));
}
