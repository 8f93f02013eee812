/* app/intake_scenario_test.c - hostile senders, a full disk, other people's senders: the program.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/time.h"
#include "model/event.h"
#include "model/intake_page.h"
#include "os/file.h"
#include "store/spool/spool.h"
#include "tests/harness/intake_proc.h"
#include "tests/harness/test.h"

static void start(struct mm_intake_proc *p)
{
    char state[MM_MAX_PATH];

    (void)snprintf(state, sizeof(state), "%s/state", mm_test_dir());
    mm_intake_proc_start(p, state);
}

struct seen {
    uint64_t records, cut, quarantined;
    uint64_t matching;
    struct mm_slice want; /* lines that begin so are counted */
};

static void read_all(const char *state, struct seen *seen)
{
    struct mm_spool_reader *r = NULL;
    struct mm_spool_record rec[256];
    char dir[MM_MAX_PATH + 16];
    size_t n = 1;

    (void)snprintf(dir, sizeof(dir), "%s/spool", state);
    CHECK(mm_spool_reader_open(dir, 0, 1, &r) == MM_OK);
    while (n > 0) {
        CHECK(mm_spool_read(r, rec, 256, SIZE_MAX, &n) == MM_OK);
        for (size_t i = 0; i < n; i++) {
            CHECK(!rec[i].damaged && rec[i].body.n <= MM_MAX_LINE);
            seen->records++;
            seen->cut += (rec[i].flags & MM_EV_TRUNCATED) != 0;
            seen->quarantined += rec[i].company == 0;
            seen->matching += mm_slice_starts(rec[i].body, seen->want);
        }
    }
    mm_spool_reader_close(&r);
}

/* Wait until a count of matching durable lines is reached. */
static void wait_for(const char *state, struct mm_slice want, uint64_t count)
{
    for (int64_t until = mm_mono_us() + 20 * MM_US_PER_S;;) {
        struct seen seen = {.want = want};

        read_all(state, &seen);
        if (seen.matching >= count)
            return;
        CHECK(mm_mono_us() < until);
        mm_pass_ms(20);
    }
}

static uint64_t hostile(struct mm_intake_proc *p, uint64_t seed)
{
    static uint8_t junk[256 * 1024];
    int fd = mm_intake_proc_connect(p);

    for (size_t i = 0; i < sizeof(junk); i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        junk[i] = (uint8_t)(seed >> 40);
        if (seed % 7 == 0) /* heads of counted frames now and then */
            junk[i] = (uint8_t) "9999999 <{0\n"[seed / 7 % 12];
    }
    CHECK(fd >= 0);
    (void)mm_send_all(fd, mm_slice_of(junk, sizeof(junk)));
    (void)close(fd);
    return seed;
}

TEST(intake_stands_garbage_half_frames_slow_and_oversized_senders)
{
    struct mm_intake_proc p = {0};
    struct seen seen = {.want = MM_S("honest")};
    static uint8_t big[3 * MM_MAX_LINE];
    char answer[4096];
    uint64_t seed = 42;
    int half, slow, honest;

    start(&p);
    half = mm_intake_proc_connect(&p);
    CHECK(mm_send_all(half, MM_S("5000 <34>1 this frame never ends")));
    slow = -1;
    CHECK(mm_sock_connect(&p.http, &slow) == MM_OK);
    CHECK(mm_send_all(slow, MM_S("POST /v1/ingest/web HTTP/1.1\r\nHost: x\r\nAuthoriz")));
    for (int i = 0; i < 8; i++)
        seed = hostile(&p, seed);
    memset(big, 'B', sizeof(big));
    big[sizeof(big) - 1] = '\n';
    honest = mm_intake_proc_connect(&p);
    CHECK(mm_send_all(honest, MM_S("honest before\n")));
    CHECK(mm_send_all(honest, mm_slice_of(big, sizeof(big))));
    CHECK(mm_send_all(honest, MM_S("honest after\n")));
    CHECK_NUM(mm_intake_proc_post(&p, NULL, "gzip", MM_S("\x1f\x8b garbage"), answer), 400);
    CHECK_NUM(mm_intake_proc_post(&p, NULL, NULL, MM_S("honest over http\n"), answer), 200);
    CHECK(strstr(answer, "{\"count\":1,") != NULL);
    wait_for(p.state, MM_S("honest"), 3);
    (void)close(half);
    (void)close(slow);
    (void)close(honest);
    CHECK_NUM(mm_intake_proc_stop(&p), 0);
    read_all(p.state, &seen);
    CHECK_NUM(seen.matching, 3);
    CHECK(seen.cut >= 2); /* the big line and the half frame */
}

static int post_raw(const struct mm_intake_proc *p, const char *request)
{
    char answer[4096];
    uint64_t status = 0;
    ssize_t n;
    int fd = -1;

    CHECK(mm_sock_connect(&p->http, &fd) == MM_OK);
    CHECK(mm_send_all(fd, mm_slice_str(request)));
    n = recv(fd, answer, sizeof(answer), 0);
    (void)close(fd);
    if (n > 12)
        (void)mm_slice_u64(mm_slice_of(answer + 9, 3), &status);
    return (int)status;
}

TEST(intake_http_says_who_may_and_what)
{
    struct mm_intake_proc p = {0};

    start(&p);
    CHECK_NUM(post_raw(&p, "GET /v1/ingest/web HTTP/1.1\r\nHost: x\r\n\r\n"), 405);
    CHECK_NUM(post_raw(&p, "POST /v1/other HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"), 404);
    CHECK_NUM(
        post_raw(&p, "POST /v1/ingest/web HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nx\n"),
        401);
    CHECK_NUM(post_raw(&p, "POST /v1/ingest/web HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
                           "Authorization: Bearer guess\r\n\r\nx\n"),
              401);
    CHECK_NUM(post_raw(&p, "POST /v1/ingest/elsewhere HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
                           "Authorization: Bearer s3cret\r\n\r\nx\n"),
              403);
    CHECK_NUM(post_raw(&p, "POST /v1/ingest/11 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
                           "Authorization: Bearer s3cret\r\n\r\nx\n"),
              200);
    CHECK_NUM(post_raw(&p,
                       "POST /v1/ingest/web HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999999\r\n"
                       "Authorization: Bearer s3cret\r\n\r\nx\n"),
              413);
    CHECK_NUM(mm_intake_proc_stop(&p), 0);
}

/* As an editor does it: a new file in the old one's place, or, without `beside`, into the old. */
static void rebind(const struct mm_intake_proc *p, const char *text, bool beside)
{
    char path[MM_MAX_PATH + 32], next[MM_MAX_PATH + 34];
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s/senders/bindings", p->state);
    (void)snprintf(next, sizeof(next), "%s%s", path, beside ? "~" : "");
    f = fopen(next, "w");
    CHECK(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
    CHECK(!beside || rename(next, path) == 0);
}

/* What the sender with the first token is answered in the end. */
static bool answered(const struct mm_intake_proc *p, int status)
{
    for (int i = 0; i < 200; i++) {
        if (mm_intake_proc_post(p, NULL, NULL, MM_S("x\n"), NULL) == status)
            return true;
        mm_pass_ms(100);
    }
    return false;
}

TEST(intake_reads_its_bindings_again_when_they_change)
{
    struct mm_intake_proc p = {0};

    start(&p);
    CHECK(answered(&p, 200));
    rebind(&p, "1 11 web token an0ther\n", true);
    CHECK(answered(&p, 401));
    rebind(&p, "1 11 web token s3cret\n", false);
    CHECK(answered(&p, 200));
    rebind(&p, "1 11 web tokn an0ther\n", true); /* a slip: what stood stays */
    mm_pass_ms(2500);
    CHECK(answered(&p, 200));
    rebind(&p, "1 11 web token an0ther\n", true);
    CHECK(answered(&p, 401));
    CHECK_NUM(mm_intake_proc_stop(&p), 0);
}

/* A small disk of our own, seen by this process and its children only. */
static void small_disk(const char *at, const char *size)
{
    CHECK(mkdir(at, 0700) == 0);
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", at, "tmpfs", 0, size) != 0)
        mm_test_skip("no mount namespace here (root is needed)");
}

/* Take all that is left of the disk. */
static void fill_up(int fd)
{
    off_t at = lseek(fd, 0, SEEK_END);

    CHECK(at >= 0);
    for (off_t step = 1024 * 1024; step >= 4096; step /= 2) {
        while (posix_fallocate(fd, at, step) == 0)
            at += step;
    }
}

TEST(intake_on_a_full_disk_says_503_keeps_its_word_and_recovers_alone)
{
    struct mm_intake_proc p = {0};
    struct mm_buf body;
    struct seen seen = {.want = MM_S("full")};
    char disk[MM_MAX_PATH], state[MM_MAX_PATH + 16], filler[MM_MAX_PATH + 16], answer[4096];
    int64_t until = mm_mono_us() + 20 * MM_US_PER_S;
    uint64_t acked = 0;
    int status = 200, requests = 0, fd = -1;

    (void)snprintf(disk, sizeof(disk), "%s/disk", mm_test_dir());
    (void)snprintf(state, sizeof(state), "%s/state", disk);
    (void)snprintf(filler, sizeof(filler), "%s/filler", disk);
    small_disk(disk, "size=12m");
    CHECK(mm_fs_open(mm_fs_real(), filler, O_RDWR | O_CREAT, 0600, &fd) == MM_OK);
    mm_intake_proc_start(&p, state);
    fill_up(fd);
    CHECK_NUM(mm_intake_proc_post(&p, "first", NULL, MM_S("no room\n"), answer), 503);
    CHECK(strstr(answer, "Retry-After: ") != NULL);
    CHECK(ftruncate(fd, 6 * 1024 * 1024) == 0);
    while (mm_intake_proc_post(&p, "first", NULL, MM_S("no room\n"), NULL) != 200) {
        CHECK(mm_mono_us() < until);
        mm_pass_ms(100);
    }
    mm_buf_init(&body, 1 << 22);
    for (int i = 0; i < 2000; i++)
        mm_buf_fmt(&body, "full %d ..........................................................\n",
                   i);
    while (status == 200 && requests < 1000) {
        char key[16];

        (void)snprintf(key, sizeof(key), "%d", requests);
        status = mm_intake_proc_post(&p, key, NULL, mm_buf_slice(&body), answer);
        acked += status == 200 ? 2000 : 0;
        requests += status == 200;
    }
    /* The company's share, which is as much as is free, or the disk: whichever is seen first. */
    CHECK(status == 429 || status == 503);
    CHECK(strstr(answer, "Retry-After: ") != NULL && requests > 5);
    fill_up(fd);
    status = mm_intake_proc_post(&p, "other", NULL, MM_S("full up\n"), NULL);
    CHECK(status == 429 || status == 503);
    /* Room again: nobody tells intake; the sender repeats what was refused, and only that. */
    CHECK(ftruncate(fd, 0) == 0);
    for (until = mm_mono_us() + 20 * MM_US_PER_S; status != 200;) {
        char key[16];

        (void)snprintf(key, sizeof(key), "%d", requests);
        mm_pass_ms(100);
        status = mm_intake_proc_post(&p, key, NULL, mm_buf_slice(&body), NULL);
        acked += status == 200 ? 2000 : 0;
        CHECK(mm_mono_us() < until);
    }
    CHECK_NUM(mm_intake_proc_stop(&p), 0);
    read_all(state, &seen);
    CHECK_NUM(seen.matching, acked);
    mm_buf_done(&body);
    (void)close(fd);
}

/* util-linux's logger, as people use it. */
static void logger(const struct mm_intake_proc *p, const char *a, const char *b, const char *text)
{
    const struct mm_endpoint *at;
    char port[16];
    int status;
    pid_t pid;

    at = strcmp(a, "--udp") == 0 ? &p->udp : &p->tcp;
    (void)snprintf(port, sizeof(port), "%u", (unsigned)at->port);
    pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        (void)execlp("logger", "logger", "-n", "127.0.0.1", "-P", port, a, b, "--", text, NULL);
        _exit(127);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        mm_test_skip("no logger(1)");
    CHECK_NUM(status, 0);
}

TEST(intake_takes_what_logger_sends_in_every_framing)
{
    struct mm_intake_proc p = {0};
    struct seen seen = {.want = MM_S("<13>")};

    start(&p);
    logger(&p, "--tcp", "--rfc5424", "line by LF");
    logger(&p, "--tcp", "--octet-count", "line by count");
    logger(&p, "--udp", "--rfc3164", "line by datagram");
    wait_for(p.state, MM_S("<13>"), 3);
    CHECK_NUM(mm_intake_proc_stop(&p), 0);
    read_all(p.state, &seen);
    CHECK(seen.records == 3 && seen.matching == 3 && seen.quarantined == 0);
}
