/* app/parse_cli_test.c - `mimamori parse` as a person or a script runs it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "tests/harness/test.h"

enum { OUT_MAX = 1024 * 1024, ARGS_MAX = 12 };

struct ran {
    int status;
    char *out, *err; /* NUL-terminated */
};

static const char *in_dir(const char *name, char path[MM_MAX_PATH])
{
    CHECK(snprintf(path, MM_MAX_PATH, "%s/%s", mm_test_dir(), name) < MM_MAX_PATH);
    return path;
}

static char *contents(const char *name)
{
    char path[MM_MAX_PATH];
    char *text = calloc(1, OUT_MAX);
    FILE *f = fopen(in_dir(name, path), "rb");

    CHECK(text != NULL && f != NULL);
    CHECK(fread(text, 1, OUT_MAX - 1, f) < OUT_MAX - 1);
    (void)fclose(f);
    return text;
}

static void put_file(const char *name, struct mm_slice text)
{
    char path[MM_MAX_PATH];
    FILE *f = fopen(in_dir(name, path), "wb");

    CHECK(f != NULL && fwrite(text.p, 1, text.n, f) == text.n);
    (void)fclose(f);
}

static void redirect(const char *name, int to, int flags)
{
    char path[MM_MAX_PATH];
    int fd = open(in_dir(name, path), flags, 0600);

    if (fd < 0 || dup2(fd, to) != to)
        _exit(99);
}

/* Run with these arguments (NULL behind the last) and `in` as standard input. */
static struct ran run(struct mm_slice in, const char *const *args)
{
    struct ran r = {0};
    char *argv[ARGS_MAX + 2];
    int n = 1, status;
    pid_t pid;

    argv[0] = strdup(MM_PROGRAM);
    for (; args[n - 1] != NULL; n++) {
        CHECK(n < ARGS_MAX);
        argv[n] = strdup(args[n - 1]);
    }
    argv[n] = NULL;
    put_file("in", in);
    pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        /* Also a program whose build directory lies elsewhere finds this tree's formats. */
        if (setenv("MIMAMORI_CONTENT", mm_test_source("content"), 1) != 0)
            _exit(97);
        redirect("in", 0, O_RDONLY);
        redirect("out", 1, O_WRONLY | O_CREAT | O_TRUNC);
        redirect("err", 2, O_WRONLY | O_CREAT | O_TRUNC);
        (void)execv(argv[0], argv);
        _exit(98);
    }
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
    r.status = WEXITSTATUS(status);
    r.out = contents("out");
    r.err = contents("err");
    for (int i = 0; i < n; i++)
        free(argv[i]);
    return r;
}

static void done(struct ran *r)
{
    free(r->out);
    free(r->err);
}

#define LINE                                                                                       \
    "<38>Nov 20 12:59:58 h sshd[1]: Accepted password for sato from 192.0.2.1 port 5 ssh2\n"
#define AT "--received", "2026-11-20T04:00:00Z"

TEST(parse_prints_an_event_a_line_as_json)
{
    struct ran r = run(MM_S(LINE LINE), (const char *const[]){"--json", AT, "-", NULL});

    CHECK_NUM(r.status, 0);
    CHECK(strstr(r.out, "{\"@timestamp\":\"2026-11-20T03:59:58Z\",") == r.out);
    CHECK(strstr(r.out, "\"source.ip\":\"192.0.2.1\"") != NULL);
    CHECK(strstr(r.out, "\"mimamori.format\":\"linux-auth\",\"mimamori.parsed\":true,"
                        "\"mimamori.time_quality\":\"year-assumed\"}\n{") != NULL);
    CHECK(strstr(r.err, "2 lines, 2 parsed, 0 not\n  linux-auth: 2 lines, 0 not parsed\n") ==
          r.err);
    done(&r);
}

TEST(parse_prints_text_and_the_line_that_was_not_read)
{
    char path[MM_MAX_PATH];
    struct ran r;

    put_file("log", MM_S("nobody knows me\r\n\n" LINE));
    r = run(MM_S(""), (const char *const[]){AT, in_dir("log", path), NULL});
    CHECK_NUM(r.status, 1);
    CHECK(strstr(r.out, "NOT PARSED  received\n") != NULL);
    CHECK(strstr(r.out, "  line = \"nobody knows me\"\n") != NULL);
    CHECK(strstr(r.out, "  user.name = \"sato\"\n") != NULL);
    CHECK(strstr(r.err, "2 lines, 1 parsed, 1 not\n") == r.err);
    CHECK(strstr(r.err, "(no format): 1 lines, 1 not parsed\n") != NULL);
    done(&r);
}

TEST(parse_reads_windows_event_log_files)
{
    struct ran r = run(
        MM_S(""), (const char *const[]){"--json", mm_test_source("tests/corpus/evtx/whole"), NULL});

    CHECK_NUM(r.status, 0);
    CHECK(strstr(r.out, "\"event.code\":\"4625\"") != NULL);
    CHECK(strstr(r.out, "\"user.name\":\"佐藤\"") != NULL);
    CHECK(strstr(r.out, "\"source.ip\":\"192.0.2.7\"") != NULL);
    CHECK(strstr(r.err, "2 lines, 2 parsed, 0 not\n  windows: 2 lines, 0 not parsed\n") == r.err);
    done(&r);
    r = run(MM_S(""), (const char *const[]){mm_test_source("tests/corpus/evtx/cut"), NULL});
    CHECK_NUM(r.status, 1);
    CHECK(strstr(r.err, "chunk=0 record=0 at=4608 why=evtx.record\n") != NULL);
    CHECK(strstr(r.err, "is damaged; what could be read of it stands above\n") != NULL);
    done(&r);
}

TEST(parse_takes_zone_and_clock_from_the_command_line)
{
    struct ran r = run(MM_S(LINE), (const char *const[]){"--json", "--zone", "-0500", "--received",
                                                         "2020-11-20T20:00:00Z", "-", NULL});

    CHECK_NUM(r.status, 0);
    CHECK(strstr(r.out, "\"@timestamp\":\"2020-11-20T17:59:58Z\"") != NULL);
    done(&r);
}

TEST(parse_reads_utf16_and_any_set_it_is_told)
{
    static const char wide[] = "\xFF\xFEn\0o\0 \0\xED\x30\xB0\x30\r\0\n\0";
    struct ran r =
        run(mm_slice_of(wide, sizeof(wide) - 1), (const char *const[]){"--json", "-", NULL});

    CHECK(strstr(r.err, "1 lines, 0 parsed, 1 not\n") == r.err);
    CHECK(strstr(r.out, "\"mimamori.charset\":\"utf-16le\"") != NULL);
    done(&r);
    r = run(MM_S("no \xB5\xAD\xCF\xBF\n"), (const char *const[]){"--charset", "EUC-JP", "-", NULL});
    CHECK(strstr(r.out, "line = \"no 記録\"\n") != NULL);
    done(&r);
    r = run(MM_S(LINE), (const char *const[]){"--charset", "ebcdic", "-", NULL});
    CHECK_NUM(r.status, 2);
    done(&r);
}

TEST(parse_joins_lines_of_a_format_that_says_so)
{
    char dir[MM_MAX_PATH];
    struct ran r;

    put_file("t.yaml", MM_S("format: t\nrecognise:\n  - starts: x\ndecode: pattern\n"
                            "timeless: true\nmultiline: {blank: true}\npatterns:\n"
                            "  - is: 'x {user.name:rest}'\n"
                            "    set: {event.category: host, event.outcome: unknown}\n"));
    (void)snprintf(dir, sizeof(dir), "%s", mm_test_dir());
    r = run(MM_S("x one\n two\nx three\n"),
            (const char *const[]){"--json", "--formats", dir, "--format", "t", "-", NULL});
    CHECK(strstr(r.err, "2 lines, 2 parsed, 0 not\n") == r.err);
    CHECK(strstr(r.out, "\"user.name\":\"one\\n two\"") != NULL);
    done(&r);
}

TEST(parse_cuts_what_is_longer_than_a_record_and_reads_on)
{
    size_t n = 3 * MM_MAX_LINE;
    char *in = malloc(n + sizeof(LINE));
    struct ran r;

    CHECK(in != NULL);
    memset(in, 'x', n);
    in[n - 1] = '\n';
    memcpy(in + n, LINE, sizeof(LINE) - 1);
    r = run(mm_slice_of(in, n + sizeof(LINE) - 1), (const char *const[]){"--json", "-", NULL});
    CHECK_NUM(r.status, 1);
    CHECK(strstr(r.err, "2 lines, 1 parsed, 1 not, 1 cut at 65536 bytes\n") == r.err);
    done(&r);
    free(in);
}

TEST(parse_says_what_was_wrong_with_the_command)
{
    static const struct {
        const char *const args[4];
        const char *says;
    } cases[] = {
        {{NULL}, "usage: "},
        {{"--what", "-", NULL}, "usage: "},
        {{"a", "b", NULL}, "usage: "},
        {{"--format", "nope", "-", NULL}, "no format is called nope"},
        {{"--zone", "XST", "-", NULL}, "XST is no zone"},
        {{"--received", "noon", "-", NULL}, "noon is no time"},
        {{"--formats", "/nonexistent", "-", NULL}, "no formats can be read from /nonexistent"},
        {{"/nonexistent", NULL}, "/nonexistent: "},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct ran r = run(MM_S(""), cases[i].args);

        CHECK_NUM(r.status, 2);
        CHECK(strstr(r.err, cases[i].says) != NULL);
        CHECK(r.out[0] == 0);
        done(&r);
    }
}

TEST(parse_names_a_wrong_format_and_uses_the_others)
{
    struct ran r;

    put_file("a.yaml", MM_S("format: a\nrecognise:\n  - starts: x\ndecode: kv\ncolour: red\n"));
    put_file("b.yaml", MM_S("format: b\nrecognise:\n  - starts: x\ndecode: kv\ntimeless: true\n"
                            "set: {event.category: host, event.outcome: success}\n"));
    r = run(MM_S("x=1\n"), (const char *const[]){"--formats", mm_test_dir(), "-", NULL});
    CHECK_NUM(r.status, 0);
    CHECK(strstr(r.err, "mimamori: a.yaml:5: format.unknown_key: colour\n") == r.err);
    CHECK(strstr(r.out, "  format = \"b\"\n") != NULL);
    done(&r);
    r = run(MM_S(""), (const char *const[]){"--formats", mm_test_dir(), "--list", NULL});
    CHECK_NUM(r.status, 0);
    CHECK(strstr(r.out, "b                b\n") == r.out);
    done(&r);
}
