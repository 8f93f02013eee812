/* notify/notify_test.c - mails against a mail server of the test's own, on loopback. */
#include "notify/notify.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/time.h"
#include "store/records/system_scope.h"
#include "tests/harness/test.h"

enum how { TAKES, HANGS_UP_AFTER_DATA, SAYS_NO, SAYS_LATER, WANTS_LOGIN };

static void say(int fd, const char *text)
{
    (void)!write(fd, text, strlen(text));
}

static bool hear(int fd, char *line, size_t size)
{
    size_t n = 0;

    while (n + 1 < size && read(fd, line + n, 1) == 1) {
        if (line[n++] == '\n') {
            line[n] = 0;
            return true;
        }
    }
    return false;
}

/* One SMTP session; what came as DATA goes into the file. */
static void session(int fd, enum how how, const char *file)
{
    char line[2048];

    say(fd, "220 test\r\n");
    while (hear(fd, line, sizeof(line))) {
        if (strncmp(line, "EHLO", 4) == 0) {
            say(fd, "250 test\r\n");
        } else if (strncmp(line, "MAIL", 4) == 0 && how == WANTS_LOGIN) {
            say(fd, "530 5.7.0 authentication required\r\n");
        } else if (strncmp(line, "RCPT", 4) == 0 && how == SAYS_NO) {
            say(fd, "550 no such person\r\n");
        } else if (strncmp(line, "RCPT", 4) == 0 && how == SAYS_LATER) {
            say(fd, "451 come back\r\n");
        } else if (strncmp(line, "DATA", 4) == 0) {
            FILE *f = fopen(file, "a");

            say(fd, "354 go on\r\n");
            while (f != NULL && hear(fd, line, sizeof(line)) && strcmp(line, ".\r\n") != 0)
                (void)fputs(line, f);
            if (f != NULL)
                (void)fclose(f);
            if (how == HANGS_UP_AFTER_DATA)
                return;
            say(fd, "250 taken\r\n");
        } else if (strncmp(line, "QUIT", 4) == 0) {
            say(fd, "221 bye\r\n");
            return;
        } else {
            say(fd, "250 ok\r\n");
        }
    }
}

/* A server for one session in a child; *ret_port says where. */
static pid_t serve(enum how how, const char *file, uint16_t *ret_port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(at);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    pid_t pid;

    CHECK(listener >= 0 && bind(listener, (struct sockaddr *)&at, sizeof(at)) == 0);
    CHECK(listen(listener, 1) == 0 && getsockname(listener, (struct sockaddr *)&at, &n) == 0);
    *ret_port = ntohs(at.sin_port);
    pid = fork();
    if (pid == 0) {
        struct pollfd pfd = {.fd = listener, .events = POLLIN};
        int fd = poll(&pfd, 1, 10000) > 0 ? accept(listener, NULL, NULL) : -1;

        if (fd >= 0)
            session(fd, how, file);
        _exit(fd >= 0 ? 0 : 1);
    }
    CHECK(pid > 0 && close(listener) == 0);
    return pid;
}

static struct mm_mail mail(void)
{
    return (struct mm_mail){.recipient = MM_S("helper@example.jp"),
                            .subject = MM_S("subject\r\nBcc: evil@example.com"),
                            .body = MM_S("body\r\n.\r\nMAIL FROM:<x@example.com>\r\n"),
                            .message_id = MM_S("case-1-0-5@mimamori.local"),
                            .date_us = 1608687240 * MM_US_PER_S};
}

static enum mm_mail_end try_once(enum how how, const char *file)
{
    char url[64];
    struct mm_mail_server server = {.url = url, .from = "mimamori@example.jp"};
    struct mm_mail m = mail();
    struct mm_buf why;
    enum mm_mail_end end;
    uint16_t port;
    int status = -1;
    pid_t pid = serve(how, file, &port);

    (void)snprintf(url, sizeof(url), "smtp://127.0.0.1:%u", port);
    mm_buf_init(&why, 4096);
    end = mm_mail_send(&server, &m, &why);
    CHECK(end == MM_MAIL_SENT || why.n > 0);
    mm_buf_done(&why);
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    return end;
}

TEST(a_mail_that_is_taken_is_sent_and_no_text_of_it_becomes_a_header)
{
    char file[300], all[8192] = "";
    size_t n;
    FILE *f;

    (void)snprintf(file, sizeof(file), "%s/mail", mm_test_dir());
    CHECK_NUM(try_once(TAKES, file), MM_MAIL_SENT);
    f = fopen(file, "r");
    CHECK(f != NULL);
    n = fread(all, 1, sizeof(all) - 1, f);
    all[n] = 0;
    (void)fclose(f);
    CHECK(strstr(all, "Message-ID: <case-1-0-5@mimamori.local>\r\n") != NULL);
    CHECK(strstr(all, "To: <helper@example.jp>\r\n") != NULL);
    CHECK(strstr(all, "Date: Wed, 23 Dec 2020 10:34:00 +0900\r\n") != NULL);
    CHECK(strstr(all, "evil") == NULL && strstr(all, "MAIL FROM") == NULL);
    CHECK(strstr(all, "Subject: =?UTF-8?B?") != NULL);
}

TEST(how_a_try_ended_decides_what_happens_next)
{
    char file[300];
    struct mm_mail_server nobody = {.url = "smtp://127.0.0.1:1", .from = "mimamori@example.jp"};
    struct mm_mail m = mail();
    struct mm_buf why;

    (void)snprintf(file, sizeof(file), "%s/mail", mm_test_dir());
    CHECK_NUM(try_once(HANGS_UP_AFTER_DATA, file), MM_MAIL_UNSURE);
    CHECK_NUM(try_once(SAYS_NO, file), MM_MAIL_REFUSED);
    CHECK_NUM(try_once(SAYS_LATER, file), MM_MAIL_LATER);
    /* The operator's password is wrong or missing: no reason to give the mail up. */
    CHECK_NUM(try_once(WANTS_LOGIN, file), MM_MAIL_LATER);
    mm_buf_init(&why, 4096);
    CHECK_NUM(mm_mail_send(&nobody, &m, &why), MM_MAIL_LATER);
    CHECK(why.n > 0);
    mm_buf_reset(&why);
    m.recipient = MM_S("a@b.jp>\r\nRCPT TO:<x@y.jp");
    CHECK_NUM(mm_mail_send(&nobody, &m, &why), MM_MAIL_REFUSED);
    mm_buf_done(&why);
}

TEST(a_mail_is_whole_lines_of_bounded_length)
{
    struct mm_mail m = mail();
    static uint8_t text[3000];
    struct mm_buf out;
    size_t from = 0, end;

    for (size_t i = 0; i < sizeof(text); i += 3)
        memcpy(text + i, "\xE3\x81\x82", 3);
    m.subject = m.body = mm_slice_of(text, sizeof(text));
    mm_buf_init(&out, MM_MAIL_MAX);
    CHECK(mm_mail_build(&m, "mimamori@example.jp", &out) == MM_OK);
    while ((end = mm_slice_find(mm_buf_slice(&out), '\n', from)) != SIZE_MAX) {
        CHECK(end - from <= 78 && out.p[end - 1] == '\r');
        from = end + 1;
    }
    CHECK(from == out.n);
    mm_buf_done(&out);
}

/* ---- records of before there were jobs ---- */

static const struct mm_migration before[] = {
    {1, "companies-and-cases",
     "CREATE TABLE company(company INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;"
     "INSERT INTO company VALUES (0, 'operator'), (1, 'a');"
     "CREATE TABLE cases(case_id INTEGER PRIMARY KEY, company INTEGER NOT NULL, opened_us INTEGER "
     "NOT NULL) STRICT;"
     "INSERT INTO cases VALUES (1, 1, 10), (2, 1, 20);"},
    {2, "mails",
     "INSERT INTO notified VALUES (1, 1, 11);"
     "INSERT INTO outbox VALUES "
     "(1, 1, 1, 'a@example.jp', 's', 'b', 'm1', 'sent', 1, 11, '', 11, 12),"
     "(2, 1, 1, 'b@example.jp', 's', 'b', 'm2', 'unsure', 3, 15, 'lost', 11, NULL),"
     "(3, 1, 1, 'c@example.jp', 's', 'b', 'm3', 'refused', 1, 12, '550', 11, NULL);"},
};

static struct mm_records *open_with(size_t before_n, size_t notify_n)
{
    static struct mm_feature base, notify; /* the records keep their addresses */
    const struct mm_feature *features[] = {&base, &mm_job_feature, &notify};
    struct mm_records *rec = NULL;

    /* Statements are those of now, and not compiled before they are used. */
    base =
        (struct mm_feature){.name = "register", .migrations = before, .migration_count = before_n};
    notify = mm_notify_feature;
    notify.migration_count = notify_n;
    CHECK_NUM(mm_records_open(&(struct mm_records_options){.dir = mm_test_dir(),
                                                           .features = features,
                                                           .feature_count = MM_COUNT(features),
                                                           .version = "1.0.0"},
                              &rec, NULL),
              MM_OK);
    return rec;
}

TEST(what_waited_before_there_were_jobs_waits_as_a_job)
{
    static const struct {
        const char *kind, *error;
        int64_t subject, at_us;
        uint32_t attempts;
        enum mm_job_state state;
    } want[] = {
        {"mail", "550", 3, 12, 1, MM_JOB_FAILED},
        {"mail", "lost", 2, 15, 3, MM_JOB_QUEUED},
        {"tell", "", 2, 20, 0, MM_JOB_QUEUED},
    };
    struct mm_records *rec = open_with(1, 1);
    struct mm_job_row *rows = NULL;
    struct mm_tx *tx = NULL;
    struct mm_arena a;
    size_t n = 0;

    mm_records_close(&rec);
    rec = open_with(2, 1);
    mm_records_close(&rec);
    rec = open_with(2, 2);
    mm_arena_init(&a, 1 << 20);
    CHECK(mm_records_read(rec, mm_system_scope(), &tx) == MM_OK);
    CHECK(mm_job_list(tx, &(struct mm_job_filter){.max = 10}, &a, &rows, &n) == MM_OK);
    CHECK_NUM(n, MM_COUNT(want));
    for (size_t i = 0; i < n; i++) {
        CHECK_SLICE(rows[i].kind, want[i].kind);
        CHECK_SLICE(rows[i].last_error, want[i].error);
        CHECK(rows[i].company == 1 && rows[i].subject == want[i].subject);
        CHECK(rows[i].not_before_us == want[i].at_us && rows[i].attempts == want[i].attempts);
        CHECK(rows[i].state == want[i].state);
    }
    mm_records_read_done(&tx);
    mm_arena_done(&a);
    mm_records_close(&rec);
}
