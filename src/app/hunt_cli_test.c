/* app/hunt_cli_test.c - `mimamori hunt` as a helper with a stick of evidence runs it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "os/file.h"
#include "tests/harness/cli.h"

#define RULE                                                                                       \
    "title: Somebody failed to log on\nid: 11111111-2222-4333-8444-555555555555\n"                 \
    "status: test\nauthor: A. Author\ntags:\n  - attack.credential-access\n  - attack.t1110.001\n" \
    "logsource:\n  product: windows\n  service: security\n"                                        \
    "detection:\n  selection:\n    EventID: 4625\n  condition: selection\nlevel: high\n"
#define EVERY                                                                                      \
    "title: Everything\nid: 99999999-2222-4333-8444-555555555555\nstatus: test\n"                  \
    "logsource:\n  product: linux\n  service: sshd\n"                                              \
    "detection:\n  selection:\n    event.category|exists: true\n  condition: selection\n"          \
    "level: low\n"
#define LINE "Nov 20 12:59:58 gw sshd[1]: Failed password for root from 192.0.2.1 port 5 ssh2\n"

static struct mm_ran hunt(const char *const *args)
{
    return mm_cli_run(MM_PROGRAM, MM_S(""), args);
}

static const char *rule(const char *text, char path[MM_MAX_PATH])
{
    mm_cli_put("rule.yml", mm_slice_str(text));
    return mm_cli_path("rule.yml", path);
}

/* A copy of evidence of the source tree in a folder of the test. */
static const char *evidence(const char *corpus, const char *name, char path[MM_MAX_PATH])
{
    struct mm_buf text;
    char file[MM_MAX_PATH];

    (void)mkdir(mm_cli_path("ev", path), 0700);
    mm_buf_init(&text, 1024 * 1024);
    CHECK(mm_file_read(mm_test_source(corpus), &text) == MM_OK);
    (void)snprintf(file, sizeof(file), "ev/%s", name);
    mm_cli_put(file, mm_buf_slice(&text));
    mm_buf_done(&text);
    return mm_cli_path("ev", path);
}

TEST(hunt_finds_in_event_logs_and_tells_the_level_by_its_exit_status)
{
    char rules[MM_MAX_PATH], dir[MM_MAX_PATH];
    struct mm_ran r;

    (void)rule(RULE, rules);
    (void)evidence("tests/corpus/evtx/whole", "Security.evtx", dir);
    r = hunt((const char *const[]){"--json", "--rules", rules, dir, NULL});
    CHECK_NUM(r.status, 13);
    CHECK(strstr(r.out, "{\"time\":\"") == r.out);
    CHECK(strstr(r.out, "\"level\":\"high\",\"rule.id\":\"11111111-2222-4333-8444-555555555555\","
                        "\"rule.title\":\"Somebody failed to log on\","
                        "\"rule.author\":\"A. Author\"") != NULL);
    CHECK(strstr(r.out, "\"user\":\"佐藤\"") != NULL);
    CHECK(strstr(r.out, "/ev/Security.evtx\",\"record\":") != NULL);
    CHECK(strstr(r.out, "\"source.ip\":\"192.0.2.7\"") != NULL);
    CHECK(strstr(r.err, "1 files (") != NULL && strstr(r.err, "1 logs read") != NULL);
    mm_ran_done(&r);
}

TEST(hunt_writes_csv_timeline_and_the_page_for_a_president)
{
    char rules[MM_MAX_PATH], dir[MM_MAX_PATH];
    struct mm_ran r;

    (void)rule(RULE, rules);
    (void)evidence("tests/corpus/evtx/whole", "Security.evtx", dir);
    r = hunt((const char *const[]){"--csv", "--quiet", "--rules", rules, dir, NULL});
    CHECK(strstr(r.out, "time,level,rule_id,title,author,techniques,host,user,") == r.out);
    CHECK(strstr(r.out, "\"high\",\"11111111-2222-4333-8444-555555555555\","
                        "\"Somebody failed to log on\",\"A. Author\",\"T1110.001\",") != NULL);
    CHECK(r.err[0] == 0);
    mm_ran_done(&r);
    r = hunt((const char *const[]){"--timeline", "--lang", "ja", "--rules", rules, dir, NULL});
    CHECK(strstr(r.out, "[高]  Somebody failed to log on\n") != NULL);
    CHECK(strstr(r.out, "      source.ip = 192.0.2.7\n") != NULL);
    mm_ran_done(&r);
    r = hunt((const char *const[]){"--summary", "--lang", "ja", "--rules", rules, dir, NULL});
    CHECK_NUM(r.status, 13);
    CHECK(strstr(r.out, "調査結果のまとめ") == r.out);
    CHECK(strstr(r.out, "[高] Somebody failed to log on\n") != NULL);
    CHECK(strstr(r.out, "電源は切らず") != NULL);
    CHECK(strstr(r.out, "hunt.") == NULL); /* every word is there */
    mm_ran_done(&r);
}

TEST(hunt_without_rules_takes_its_own_and_says_so)
{
    char dir[MM_MAX_PATH];
    struct mm_ran r;

    (void)evidence("tests/corpus/evtx/whole", "Security.evtx", dir);
    r = hunt((const char *const[]){"--lang", "en", dir, NULL});
    CHECK(strstr(r.out, "only those that come with Mimamori were used") != NULL);
    CHECK(strstr(r.out, "SigmaHQ") != NULL);
    CHECK(r.status == 0 || r.status >= 10);
    mm_ran_done(&r);
}

TEST(hunt_reads_what_is_sound_of_damaged_files_and_says_what_was_not)
{
    char rules[MM_MAX_PATH], dir[MM_MAX_PATH], path[MM_MAX_PATH];
    struct mm_ran r;

    (void)rule(RULE, rules);
    (void)evidence("tests/corpus/evtx/cut", "cut.evtx", dir);
    mm_cli_put("ev/not.bin", mm_slice_of("\0\1\2\3", 4));
    mm_cli_put("ev/bad.zip", MM_S("PK\3\4 no zip at all"));
    r = hunt((const char *const[]){"--lang", "en", "--rules", rules, dir, NULL});
    CHECK_NUM(r.status, 3);
    CHECK(strstr(r.out, "cut.evtx: read, ") != NULL);
    CHECK(strstr(r.out, "bad.zip: could not be read to its end\n") != NULL);
    CHECK(strstr(r.out, "1 are no logs, 2 not read or not whole") != NULL);
    CHECK(strstr(r.out, "not.bin") == NULL);
    mm_ran_done(&r);
    r = hunt((const char *const[]){"--lang", "en", mm_cli_path("nothing", path), NULL});
    CHECK_NUM(r.status, 2);
    CHECK(strstr(r.err, "there is no such file or folder") != NULL);
    mm_ran_done(&r);
}

TEST(hunt_reads_lines_lists_and_xml_within_the_time_asked_for)
{
    static const char json[] = "[{\"EventID\":4625,\"Channel\":\"Security\",\"Computer\":\"a\","
                               "\"TimeCreated\":\"2026-11-20T01:00:00Z\"},\n"
                               "{\"EventID\":4625,\"Channel\":\"Security\",\"Computer\":\"b\","
                               "\"TimeCreated\":\"2026-11-20T03:00:00Z\"}]";
    static const char xml[] =
        "<?xml version=\"1.0\"?>\n<Events>\n<Event><System><Provider Name=\"x\"/>"
        "<EventID>4625</EventID><Channel>Security</Channel><Computer>c</Computer>\n"
        "<TimeCreated SystemTime=\"2026-11-20T02:00:00Z\"/></System></Event>\n</Events>\n";
    char rules[MM_MAX_PATH], dir[MM_MAX_PATH];
    const char *b, *c;
    struct mm_ran r;

    (void)rule(RULE, rules);
    (void)mkdir(mm_cli_path("ev", dir), 0700);
    mm_cli_put("ev/a.json", mm_slice_str(json));
    mm_cli_put("ev/b.xml", mm_slice_str(xml));
    r = hunt((const char *const[]){"--json", "--timeline", "--lang", "en", "--from",
                                   "2026-11-20T01:30:00Z", "--rules", rules, dir, NULL});
    CHECK_NUM(r.status, 13);
    c = strstr(r.out, "\"host\":\"c\"");
    b = strstr(r.out, "\"host\":\"b\"");
    CHECK(c != NULL && b != NULL && c < b);
    CHECK(strstr(r.out, "\"host\":\"a\"") == NULL);
    CHECK(strstr(r.err, "3 records (0 not understood, 1 outside the time asked for") != NULL);
    mm_ran_done(&r);
}

TEST(hunt_is_about_the_rules_and_machines_asked_for_and_says_so)
{
    static const struct {
        const char *option, *word;
        int status;
        const char *said;
    } rows[] = {
        {"--only", "tag:T1110", 13, "== Read"},
        {"--only", "host:nothing", 0, "Left out, as asked: alerts about other machines\n"},
        {"--without", "tag:T1059", 13, "0 refused), 1 of them matched\n\n"},
        {"--without", "status:test", 2, "--only, --without: there are no detection rules in it"},
        {"--only", "rule:other", 2, "--only, --without: there are no detection rules in it"},
        {"--only", "T1110", 2, "T1110: write tag:T1003"},
        {"--without", "@/nowhere", 2, "@/nowhere: "},
        {"--level", "critical", 0, "Left out, as asked: alerts of a level below: critical\n"},
    };
    char rules[MM_MAX_PATH], dir[MM_MAX_PATH];

    (void)rule(RULE, rules);
    (void)evidence("tests/corpus/evtx/whole", "Security.evtx", dir);
    for (size_t i = 0; i < MM_COUNT(rows); i++) {
        struct mm_ran r = hunt((const char *const[]){"--lang", "en", rows[i].option, rows[i].word,
                                                     "--rules", rules, dir, NULL});

        printf("# %s %s\n", rows[i].option, rows[i].word);
        CHECK_NUM(r.status, rows[i].status);
        CHECK(strstr(rows[i].status == 2 ? r.err : r.out, rows[i].said) != NULL);
        mm_ran_done(&r);
    }
    (void)rule(RULE "---\n" EVERY, rules);
    for (size_t i = 0; i < 2; i++) {
        struct mm_ran r = hunt((const char *const[]){"--lang", "en", "--without", "level:high",
                                                     i == 0 ? "--quiet" : "--summary", "--rules",
                                                     rules, dir, NULL});

        CHECK_NUM(r.status, 0);
        CHECK((strstr(r.out, "  - Left out, as asked: 1 rules\n") != NULL) == (i == 1));
        mm_ran_done(&r);
    }
}

/* What was done to which program stands in the timeline, before what says little. */
TEST(hunt_tells_what_an_event_was_about)
{
    static const char line[] =
        "{\"EventID\":10,\"Channel\":\"Microsoft-Windows-Sysmon/Operational\",\"Computer\":\"a\","
        "\"UtcTime\":\"2026-11-20 01:00:00.000\",\"SourceImage\":\"C:\\\\p.exe\","
        "\"SourceProcessGUID\":\"{1}\",\"TargetImage\":\"C:\\\\lsass.exe\","
        "\"GrantedAccess\":\"0x1fffff\"}\n";
    char rules[MM_MAX_PATH];
    struct mm_ran r;

    (void)rule("title: Opened\nlogsource: {product: windows, category: process_access}\n"
               "detection: {s: {TargetImage|endswith: lsass.exe}, condition: s}\n",
               rules);
    r = mm_cli_run(
        MM_PROGRAM, mm_slice_str(line),
        (const char *const[]){"--timeline", "--lang", "en", "--rules", rules, "-", NULL});
    CHECK_NUM(r.status, 12);
    CHECK(strstr(r.out, "winlog.event_data.TargetImage = C:\\lsass.exe\n"
                        "      winlog.event_data.GrantedAccess = 0x1fffff\n") != NULL);
    CHECK(strstr(r.out, "UtcTime") == NULL && strstr(r.out, "GUID") == NULL);
    mm_ran_done(&r);
}

TEST(hunt_refuses_a_pipeline_that_is_not_in_force)
{
    char rules[MM_MAX_PATH], dir[MM_MAX_PATH], path[MM_MAX_PATH];
    struct mm_ran r;

    (void)rule(RULE, rules);
    (void)evidence("tests/corpus/evtx/whole", "Security.evtx", dir);
    mm_cli_put("p.yml", MM_S("transformations:\n  - {type: field_name_mapping, "
                             "mapping: {EventID: nothing}}\n"));
    r = hunt((const char *const[]){"--lang", "en", "--rules", rules, "--pipeline",
                                   mm_cli_path("p.yml", path), dir, NULL});
    CHECK_NUM(r.status, 0); /* the rule asks for another field now */
    mm_ran_done(&r);
    mm_cli_put("p.yml", MM_S("transformations:\n  - {type: nest}\n"));
    r = hunt(
        (const char *const[]){"--lang", "en", "--rules", rules, "--pipeline", path, dir, NULL});
    CHECK_NUM(r.status, 2);
    CHECK(strstr(r.err, "p.yml:2: this transformation is not done here: nest\n") != NULL);
    mm_ran_done(&r);
}

TEST(hunt_gives_placeholders_the_values_of_a_file_and_none_without)
{
    static const char waiting[] =
        "title: A name of ours\nlogsource: {product: linux, service: sshd}\ndetection:\n"
        "  s: {user.name|expand: '%Ours%'}\n  condition: s\nlevel: high\n";
    char rules[MM_MAX_PATH], lists[MM_MAX_PATH], log[MM_MAX_PATH];
    struct mm_ran r;

    (void)rule(waiting, rules);
    mm_cli_put("ours.yml", MM_S("list: Ours\nvalues: [ro*]\n---\nrule: A name of ours\n"
                                "enabled: false\n"));
    (void)mm_cli_path("ours.yml", lists);
    mm_cli_put("auth.log", MM_S(LINE));
    (void)mm_cli_path("auth.log", log);
    r = hunt((const char *const[]){"--json", "--quiet", "--rules", rules, log, NULL});
    CHECK_NUM(r.status, 0);
    mm_ran_done(&r);
    r = hunt(
        (const char *const[]){"--json", "--quiet", "--lists", lists, "--rules", rules, log, NULL});
    CHECK_NUM(r.status, 13);
    CHECK(strstr(r.out, "\"rule.title\":\"A name of ours\"") != NULL);
    mm_ran_done(&r);
    mm_cli_put("ours.yml", MM_S("list: Ours\nvalues: []\n"));
    r = hunt((const char *const[]){"--lists", lists, "--rules", rules, log, NULL});
    CHECK_NUM(r.status, 2);
    CHECK(strstr(r.err, "ours.yml:2: ") != NULL);
    mm_ran_done(&r);
}

TEST(hunt_lists_so_many_alerts_of_a_rule_and_names_it)
{
    char rules[MM_MAX_PATH];
    struct mm_buf in;
    struct mm_ran r;
    size_t n = 0;

    (void)rule(EVERY, rules);
    mm_buf_init(&in, 1024 * 1024);
    for (int i = 0; i < 50; i++)
        mm_buf_str(&in, LINE);
    r = mm_cli_run(MM_PROGRAM, mm_buf_slice(&in),
                   (const char *const[]){"--json", "--lang", "en", "--most", "7", "--rules", rules,
                                         "-", NULL});
    CHECK_NUM(r.status, 11);
    for (const char *p = r.out; (p = strchr(p, '\n')) != NULL; p++)
        n++;
    CHECK_NUM(n, 7);
    CHECK(
        strstr(r.err, "== Rules with too many alerts to list them all ==\n       50  Everything") !=
        NULL);
    mm_ran_done(&r);
    mm_buf_done(&in);
}

TEST(hunt_names_the_machine_and_not_the_sensor_that_tells_of_it)
{
    static const char line[] =
        "{\"timestamp\":\"2026-11-20T12:00:00.000000+0900\",\"host\":\"sensor-1\",\"flow_id\":1,"
        "\"event_type\":\"alert\",\"src_ip\":\"192.168.1.23\",\"src_port\":50000,"
        "\"dest_ip\":\"198.51.100.77\",\"dest_port\":443,\"proto\":\"TCP\",\"alert\":{"
        "\"action\":\"allowed\",\"gid\":1,\"signature_id\":2100001,\"rev\":1,\"signature\":"
        "\"ET MALWARE Test CnC Beacon\",\"category\":\"Malware Command and Control Activity "
        "Detected\",\"severity\":1}}\n";
    struct mm_ran r = mm_cli_run(MM_PROGRAM, mm_slice_str(line),
                                 (const char *const[]){"--summary", "--lang", "en", "-", NULL});

    CHECK_NUM(r.status, 14);
    CHECK(strstr(r.out, "Machines: 192.168.1.23\n") != NULL);
    CHECK(strstr(r.out, "sensor-1") == NULL);
    mm_ran_done(&r);
}

TEST(hunt_keeps_control_characters_and_formulas_from_whoever_looks)
{
    static const char evil[] =
        "{\"EventID\":4625,\"Channel\":\"Security\",\"Computer\":\"=cmd|\\u001b[2J\","
        "\"TimeCreated\":\"2026-11-20T01:00:00Z\"}\n";
    char rules[MM_MAX_PATH];
    struct mm_ran r;

    (void)rule(RULE, rules);
    r = mm_cli_run(MM_PROGRAM, mm_slice_str(evil),
                   (const char *const[]){"--csv", "--lang", "en", "--rules", rules, "-", NULL});
    CHECK(strstr(r.out, ",\"'=cmd| [2J\",") != NULL);
    CHECK(strchr(r.out, 0x1B) == NULL && strchr(r.err, 0x1B) == NULL);
    mm_ran_done(&r);
}

TEST(hunt_takes_years_from_the_age_of_a_file_and_writes_over_none)
{
    struct timespec changed[2] = {{.tv_sec = 1575158400}, {.tv_sec = 1575158400}}; /* 2019-12-01 */
    char rules[MM_MAX_PATH], log[MM_MAX_PATH], out[MM_MAX_PATH];
    struct mm_buf text;
    struct mm_ran r;

    (void)rule(EVERY, rules);
    mm_cli_put("old.log", MM_S(LINE));
    CHECK(utimensat(AT_FDCWD, mm_cli_path("old.log", log), changed, 0) == 0);
    (void)mm_cli_path("found.json", out);
    r = hunt((const char *const[]){"--json", "--out", out, "--rules", rules, log, NULL});
    CHECK_NUM(r.status, 11);
    CHECK(r.out[0] == 0);
    mm_buf_init(&text, 1024 * 1024);
    CHECK(mm_file_read(out, &text) == MM_OK);
    CHECK(mm_slice_starts(mm_buf_slice(&text), MM_S("{\"time\":\"2019-11-20T03:59:58Z\"")));
    mm_buf_done(&text);
    mm_ran_done(&r);
    r = hunt(
        (const char *const[]){"--json", "--lang", "en", "--out", log, "--rules", rules, log, NULL});
    CHECK_NUM(r.status, 1);
    CHECK(strstr(r.err, "old.log: this file exists already") != NULL);
    mm_ran_done(&r);
}

TEST(hunt_says_how_it_is_used_in_both_languages)
{
    struct mm_ran r = hunt((const char *const[]){"--help", "--lang", "ja", NULL});

    CHECK_NUM(r.status, 0);
    CHECK(strstr(r.out, "使い方: mimamori hunt") == r.out);
    mm_ran_done(&r);
    r = hunt((const char *const[]){"--lang", "en", NULL});
    CHECK_NUM(r.status, 2);
    CHECK(strstr(r.err, "usage: mimamori hunt") == r.err);
    mm_ran_done(&r);
    r = hunt((const char *const[]){"--level", "terrible", "x", NULL});
    CHECK_NUM(r.status, 2);
    mm_ran_done(&r);
    r = hunt((const char *const[]){"--lang", "en", "--from", "noon", "x", NULL});
    CHECK_NUM(r.status, 2);
    CHECK(strstr(r.err, "noon: no time; write ") != NULL);
    mm_ran_done(&r);
}
