/* app/parse_cli_test.c - `mimamori parse` as a person or a script runs it. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/harness/cli.h"

#define LINE                                                                                       \
    "<38>Nov 20 12:59:58 h sshd[1]: Accepted password for sato from 192.0.2.1 port 5 ssh2\n"
#define AT "--received", "2026-11-20T04:00:00Z"

TEST(parse_prints_an_event_a_line_as_json)
{
    struct mm_ran r =
        mm_cli_run(MM_PROGRAM, MM_S(LINE LINE), (const char *const[]){"--json", AT, "-", NULL});

    CHECK_NUM(r.status, 0);
    CHECK(strstr(r.out, "{\"@timestamp\":\"2026-11-20T03:59:58Z\",") == r.out);
    CHECK(strstr(r.out, "\"source.ip\":\"192.0.2.1\"") != NULL);
    CHECK(strstr(r.out, "\"mimamori.format\":\"linux-auth\",\"mimamori.parsed\":true,"
                        "\"mimamori.time_quality\":\"year-assumed\"}\n{") != NULL);
    CHECK(strstr(r.err, "2 lines, 2 parsed, 0 not\n  linux-auth: 2 lines, 0 not parsed\n") ==
          r.err);
    mm_ran_done(&r);
}

TEST(parse_prints_text_and_the_line_that_was_not_read)
{
    char path[MM_MAX_PATH];
    struct mm_ran r;

    mm_cli_put("log", MM_S("nobody knows me\r\n\n" LINE));
    r = mm_cli_run(MM_PROGRAM, MM_S(""), (const char *const[]){AT, mm_cli_path("log", path), NULL});
    CHECK_NUM(r.status, 1);
    CHECK(strstr(r.out, "NOT PARSED  received\n") != NULL);
    CHECK(strstr(r.out, "  line = \"nobody knows me\"\n") != NULL);
    CHECK(strstr(r.out, "  user.name = \"sato\"\n") != NULL);
    CHECK(strstr(r.err, "2 lines, 1 parsed, 1 not\n") == r.err);
    CHECK(strstr(r.err, "(no format): 1 lines, 1 not parsed\n") != NULL);
    mm_ran_done(&r);
}

TEST(parse_reads_windows_event_log_files)
{
    struct mm_ran r = mm_cli_run(
        MM_PROGRAM, MM_S(""),
        (const char *const[]){"--json", mm_test_source("tests/corpus/evtx/whole"), NULL});

    CHECK_NUM(r.status, 0);
    CHECK(strstr(r.out, "\"event.code\":\"4625\"") != NULL);
    CHECK(strstr(r.out, "\"user.name\":\"佐藤\"") != NULL);
    CHECK(strstr(r.out, "\"source.ip\":\"192.0.2.7\"") != NULL);
    CHECK(strstr(r.err, "2 lines, 2 parsed, 0 not\n  windows: 2 lines, 0 not parsed\n") == r.err);
    mm_ran_done(&r);
    r = mm_cli_run(MM_PROGRAM, MM_S(""),
                   (const char *const[]){mm_test_source("tests/corpus/evtx/cut"), NULL});
    CHECK_NUM(r.status, 1);
    CHECK(strstr(r.err, "chunk=0 record=0 at=4608 why=evtx.record\n") != NULL);
    CHECK(strstr(r.err, "is damaged; what could be read of it stands above\n") != NULL);
    mm_ran_done(&r);
}

TEST(parse_takes_zone_and_clock_from_the_command_line)
{
    struct mm_ran r = mm_cli_run(MM_PROGRAM, MM_S(LINE),
                                 (const char *const[]){"--json", "--zone", "-0500", "--received",
                                                       "2020-11-20T20:00:00Z", "-", NULL});

    CHECK_NUM(r.status, 0);
    CHECK(strstr(r.out, "\"@timestamp\":\"2020-11-20T17:59:58Z\"") != NULL);
    mm_ran_done(&r);
}

TEST(parse_reads_utf16_and_any_set_it_is_told)
{
    static const char wide[] = "\xFF\xFEn\0o\0 \0\xED\x30\xB0\x30\r\0\n\0";
    struct mm_ran r = mm_cli_run(MM_PROGRAM, mm_slice_of(wide, sizeof(wide) - 1),
                                 (const char *const[]){"--json", "-", NULL});

    CHECK(strstr(r.err, "1 lines, 0 parsed, 1 not\n") == r.err);
    CHECK(strstr(r.out, "\"mimamori.charset\":\"utf-16le\"") != NULL);
    mm_ran_done(&r);
    r = mm_cli_run(MM_PROGRAM, MM_S("no \xB5\xAD\xCF\xBF\n"),
                   (const char *const[]){"--charset", "EUC-JP", "-", NULL});
    CHECK(strstr(r.out, "line = \"no 記録\"\n") != NULL);
    mm_ran_done(&r);
    r = mm_cli_run(MM_PROGRAM, MM_S(LINE), (const char *const[]){"--charset", "ebcdic", "-", NULL});
    CHECK_NUM(r.status, 2);
    mm_ran_done(&r);
}

TEST(parse_joins_lines_of_a_format_that_says_so)
{
    char dir[MM_MAX_PATH];
    struct mm_ran r;

    mm_cli_put("t.yaml", MM_S("format: t\nrecognise:\n  - starts: x\ndecode: pattern\n"
                              "timeless: true\nmultiline: {blank: true}\npatterns:\n"
                              "  - is: 'x {user.name:rest}'\n"
                              "    set: {event.category: host, event.outcome: unknown}\n"));
    (void)snprintf(dir, sizeof(dir), "%s", mm_test_dir());
    r = mm_cli_run(MM_PROGRAM, MM_S("x one\n two\nx three\n"),
                   (const char *const[]){"--json", "--formats", dir, "--format", "t", "-", NULL});
    CHECK(strstr(r.err, "2 lines, 2 parsed, 0 not\n") == r.err);
    CHECK(strstr(r.out, "\"user.name\":\"one\\n two\"") != NULL);
    mm_ran_done(&r);
}

TEST(parse_reads_each_record_of_a_list)
{
    static const struct mm_slice in = MM_S_INIT(
        "{\"Records\":[{\"eventTime\":\"2026-11-20T04:00:01Z\",\"eventName\":\"DeleteTrail\","
        "\"eventSource\":\"cloudtrail.amazonaws.com\",\"awsRegion\":\"ap-northeast-1\","
        "\"userIdentity\":{\"userName\":\"sato\"}},\n  {\"eventTime\":\"2026-11-20T04:00:02Z\","
        "\"eventName\":\"StopLogging\",\"eventSource\":\"cloudtrail.amazonaws.com\","
        "\"awsRegion\":\"ap-northeast-1\",\"userIdentity\":{\"userName\":\"sato\"}}]}\n");
    struct mm_ran r = mm_cli_run(MM_PROGRAM, in, (const char *const[]){"--json", "-", NULL});

    CHECK(strstr(r.err, "2 lines, 2 parsed, 0 not\n") == r.err);
    CHECK(strstr(r.out, "\"event.action\":\"DeleteTrail\"") != NULL);
    CHECK(strstr(r.out, "\"event.action\":\"StopLogging\"") != NULL);
    mm_ran_done(&r);
}

TEST(parse_cuts_what_is_longer_than_a_record_and_reads_on)
{
    size_t n = 3 * MM_MAX_LINE;
    char *in = malloc(n + sizeof(LINE));
    struct mm_ran r;

    CHECK(in != NULL);
    memset(in, 'x', n);
    in[n - 1] = '\n';
    memcpy(in + n, LINE, sizeof(LINE) - 1);
    r = mm_cli_run(MM_PROGRAM, mm_slice_of(in, n + sizeof(LINE) - 1),
                   (const char *const[]){"--json", "-", NULL});
    CHECK_NUM(r.status, 1);
    CHECK(strstr(r.err, "2 lines, 1 parsed, 1 not, 1 cut at 65536 bytes\n") == r.err);
    mm_ran_done(&r);
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
        struct mm_ran r = mm_cli_run(MM_PROGRAM, MM_S(""), cases[i].args);

        CHECK_NUM(r.status, 2);
        CHECK(strstr(r.err, cases[i].says) != NULL);
        CHECK(r.out[0] == 0);
        mm_ran_done(&r);
    }
}

TEST(parse_names_a_wrong_format_and_uses_the_others)
{
    struct mm_ran r;

    mm_cli_put("a.yaml", MM_S("format: a\nrecognise:\n  - starts: x\ndecode: kv\ncolour: red\n"));
    mm_cli_put("b.yaml", MM_S("format: b\nrecognise:\n  - starts: x\ndecode: kv\ntimeless: true\n"
                              "set: {event.category: host, event.outcome: success}\n"));
    r = mm_cli_run(MM_PROGRAM, MM_S("x=1\n"),
                   (const char *const[]){"--formats", mm_test_dir(), "-", NULL});
    CHECK_NUM(r.status, 0);
    CHECK(strstr(r.err, "mimamori: a.yaml:5:1: this key is not known here: colour\n") == r.err);
    CHECK(strstr(r.out, "  format = \"b\"\n") != NULL);
    mm_ran_done(&r);
    r = mm_cli_run(MM_PROGRAM, MM_S(""),
                   (const char *const[]){"--formats", mm_test_dir(), "--list", NULL});
    CHECK_NUM(r.status, 0);
    CHECK(strstr(r.out, "b                b\n") == r.out);
    mm_ran_done(&r);
}

/* "x=1\nx=2\n", as logrotate packs it; and cut off. */
TEST(parse_reads_packed_files_and_says_when_one_is_cut_off)
{
    static const char packed[] = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\xb0\x35\xe4\xaa\xb0"
                                 "\x35\xe2\x02\x00\xa8\x1e\x28\xd9\x08\x00\x00\x00";
    struct mm_ran r;

    mm_cli_put("b.yaml", MM_S("format: b\nrecognise:\n  - starts: x\ndecode: kv\ntimeless: true\n"
                              "set: {event.category: host, event.outcome: success}\n"));
    for (size_t cut = 0; cut <= 4; cut += 4) {
        struct mm_slice in = mm_slice_of((const uint8_t *)packed, sizeof(packed) - 1 - cut);

        r = mm_cli_run(MM_PROGRAM, in,
                       (const char *const[]){"--formats", mm_test_dir(), "--json", "-", NULL});
        CHECK_NUM(r.status, cut == 0 ? 0 : 2);
        CHECK(strstr(r.err, "2 lines, 2 parsed, 0 not\n") != NULL);
        mm_ran_done(&r);
    }
}
