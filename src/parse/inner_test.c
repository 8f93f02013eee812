/* parse/inner_test.c - lines in envelopes are read as if they had come by themselves. */
#include "tests/harness/test.h"

#include "parse/testkit.h"

#define LOGIN                                                                                      \
    "format: login\nwrap: syslog\nrecognise:\n  - app: [door]\ndecode: pattern\npatterns:\n"       \
    "  - is: 'open for {user.name:word}'\n"                                                        \
    "fields: {syslog.host: host.name, syslog.proc: {to: process.pid, loose: true}}\n"              \
    "set: {event.category: authentication, event.outcome: success}\n"
#define BOX                                                                                        \
    "format: box\nwrap: syslog\nrecognise:\n  - starts: '{'\ndecode: json\nprefix: ''\n"           \
    "inner: {text: [log, msg], host: [host], app: [tag, app], proc: [pid],\n"                      \
    "        facility: [fac], severity: [sev]}\n"                                                  \
    "fields: {host: host.name}\n"
#define AT(at)                                                                                     \
    "{\"@timestamp\":\"2026-11-20T" at "\",\"event.category\":\"authentication\","                 \
    "\"event.outcome\":\"success\","

static void boxes(struct bench *b)
{
    begin(b);
    add(b, LOGIN);
    add(b, BOX);
}

TEST(inner_line_is_read_as_by_syslog)
{
    struct bench b;

    boxes(&b);
    expect(&b, "<38>Nov 20 12:59:58 pc-1 door[7]: open for sato",
           AT("03:59:58Z") "\"host.name\":\"pc-1\",\"user.name\":\"sato\","
                           "\"log.syslog.facility.code\":4,\"log.syslog.severity.code\":6,"
                           "\"process.pid\":7}");
    expect(&b,
           "{\"time\":\"2026-11-20T03:59:58Z\",\"host\":\"pc-1\",\"app\":\"door\",\"pid\":7,"
           "\"fac\":\"4\",\"sev\":6,\"log\":\"open for sato\\n\"}",
           AT("03:59:58Z") "\"host.name\":\"pc-1\",\"user.name\":\"sato\","
                           "\"log.syslog.facility.code\":4,\"log.syslog.severity.code\":6,"
                           "\"process.pid\":7,\"mimamori.envelope\":\"box\"}");
    /* A tag as rsyslog has it, a header of the line's own, a header in front of the envelope. */
    expect(&b, "{\"time\":\"2026-11-20T03:59:58Z\",\"tag\":\"door[9]:\",\"msg\":\"open for ito\"}",
           AT("03:59:58Z") "\"user.name\":\"ito\",\"process.pid\":9,"
                           "\"mimamori.envelope\":\"box\"}");
    expect(&b, "{\"host\":\"x\",\"log\":\"Nov 20 12:59:58 pc-2 door: open for abe\"}",
           AT("03:59:58Z") "\"host.name\":\"pc-2\",\"user.name\":\"abe\","
                           "\"mimamori.envelope\":\"box\"}");
    expect(&b, "<14>Nov 20 12:00:00 fwd x: {\"app\":\"door\",\"msg\":\"open for abe\"}",
           AT("03:00:00Z") "\"user.name\":\"abe\",\"mimamori.envelope\":\"box\"}");
    end(&b);
}

TEST(inner_line_that_nobody_reads_leaves_the_envelope_as_it_was)
{
    struct bench b;

    boxes(&b);
    expect(&b, "{\"app\":\"gate\",\"msg\":\"open for abe\",\"x\":1}",
           "!{\"@timestamp\":\"2026-11-20T04:00:00Z\",\"app\":\"gate\",\"msg\":\"open for abe\","
           "\"x\":\"1\"}");
    expect(&b, "{\"app\":\"door\",\"msg\":\"\\n\"}",
           "!{\"@timestamp\":\"2026-11-20T04:00:00Z\",\"app\":\"door\",\"msg\":\"\\n\"}");
    /* One level: what is in the inner envelope is not opened. */
    expect(&b, "{\"log\":\"{\\\"app\\\":\\\"door\\\",\\\"msg\\\":\\\"open for abe\\\"}\"}",
           "!{\"@timestamp\":\"2026-11-20T04:00:00Z\",\"log\":\"{\\\"app\\\":\\\"door\\\","
           "\\\"msg\\\":\\\"open for abe\\\"}\"}");
    end(&b);
}

TEST(inner_needs_the_name_of_a_text)
{
    static const struct {
        const char *yaml, *what, *detail;
    } cases[] = {
        {HEAD "decode: json\ninner: {host: [a]}\n", "format.needs_list", "text"},
        {HEAD "decode: json\ninner: {text: [a], colour: [b]}\n", "format.unknown_key", "colour"},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct bench b;

        begin(&b);
        CHECK(mm_formats_add(b.set, "t.yaml", mm_slice_str(cases[i].yaml), b.errors) ==
              MM_E_CONFIG);
        CHECK_SLICE(mm_slice_str(b.errors->error[0].what), cases[i].what);
        CHECK_SLICE(mm_slice_str(b.errors->error[0].detail), cases[i].detail);
        end(&b);
    }
}
