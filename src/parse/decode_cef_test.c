/* parse/decode_cef_test.c - what formats see of CEF and LEEF lines, and what several share. */
#include "parse/format.h"
#include "tests/harness/test.h"

#include "parse/testkit.h"

#define CEF                                                                                        \
    "format: t\nrecognise:\n  - has: ['CEF:']\nwrap: syslog-text\ndecode: cef\nprefix: cef.\n"     \
    "set: {event.category: network, event.outcome: unknown}\n"                                     \
    "drop: [cef.version, cef.product, cef.device_version, rt, start, end]\n"
#define LEEF                                                                                       \
    "format: t\nrecognise:\n  - has: ['LEEF:']\nwrap: syslog-text\ndecode: leef\nprefix: leef.\n"  \
    "set: {event.category: network, event.outcome: unknown}\n"                                     \
    "drop: [leef.version, leef.product, leef.product_version, devTime, devTimeFormat]\n"
#define AT(t)                                                                                      \
    "{\"@timestamp\":\"" t "\",\"event.category\":\"network\",\"event.outcome\":\"unknown\""

TEST(decode_cef_names_header_pairs_and_labels)
{
    struct bench b;

    begin(&b);
    add(&b, CEF "fields:\n  cef.vendor: observer.name\n  cef.class: event.code\n"
                "  cef.name: rule.name\n  cef.severity: event.severity\n"
                "  Policy_Name: rule.category\n  cs3: user.name\n");
    expect(&b,
           "CEF:0|Example|p|1|100|a \\| b|7|rt=1795147200000 cs1=Default\\=1 cs1Label=Policy Name "
           "cs2Label=Other thing cs2=x cs3Label=who cs3=sato",
           AT("2026-11-20T04:00:00Z") ",\"event.code\":\"100\",\"event.severity\":7,"
                                      "\"user.name\":\"sato\",\"rule.name\":\"a | b\","
                                      "\"rule.category\":\"Default=1\","
                                      "\"observer.name\":\"Example\",\"cef.Other_thing\":\"x\"}");
    end(&b);
}

TEST(decode_cef_takes_the_time_the_record_gives)
{
    static const struct {
        const char *pairs, *want;
    } cases[] = {
        {"rt=1795147200123 start=1", AT("2026-11-20T04:00:00.123000Z")},
        {"end=1795147201 start=1795147200", AT("2026-11-20T04:00:00Z")},
        {"rt=Nov 20 2026 13:00:00", AT("2026-11-20T04:00:00Z")},
        {"rt=Nov 20 2026 13:00:00.250 JST", AT("2026-11-20T04:00:00.250000Z")},
        {"rt=Nov 20 13:00:00 GMT+09:00", AT("2026-11-20T04:00:00Z")},
        {"rt=2026-11-20T04:00:00Z", AT("2026-11-20T04:00:00Z")},
        {"rt=2026-11-20 04:00:00 UTC", AT("2026-11-20T04:00:00Z")},
    };
    struct bench b;

    begin(&b);
    add(&b, CEF "fields:\n  cef.name: rule.name\n  cef.vendor: rule.id\n"
                "  cef.class: event.code\n  cef.severity: event.severity\n");
    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        char line[256], want[512];

        (void)snprintf(line, sizeof(line), "<134>Nov 20 13:09:09 gw CEF:0|V|p|1|2|n|5|%s",
                       cases[i].pairs);
        (void)snprintf(want, sizeof(want),
                       "%s,\"event.code\":\"2\",\"event.severity\":5,\"rule.id\":\"V\","
                       "\"rule.name\":\"n\",\"log.syslog.facility.code\":16,"
                       "\"log.syslog.severity.code\":6}",
                       cases[i].want);
        expect(&b, line, want);
    }
    end(&b);
}

TEST(decode_cef_says_what_it_could_not_read)
{
    struct bench b;

    begin(&b);
    add(&b, CEF "fields: {src: source.ip}\n");
    expect(&b, "<134>Nov 20 13:00:00 gw CEF:0|V|p|1|2|n|5|src=192.0.2.1 rt=yesterday",
           "!" AT("2026-11-20T04:00:00Z") ",\"source.ip\":\"192.0.2.1\","
                                          "\"log.syslog.facility.code\":16,"
                                          "\"log.syslog.severity.code\":6,"
                                          "\"cef.cef.vendor\":\"V\",\"cef.cef.class\":\"2\","
                                          "\"cef.cef.name\":\"n\",\"cef.cef.severity\":\"5\"}");
    expect(&b, "<134>Nov 20 13:00:00 gw CEF:0|V|p|1|2",
           "!" AT("2026-11-20T04:00:00Z") ",\"log.syslog.facility.code\":16,"
                                          "\"log.syslog.severity.code\":6}");
    end(&b);
}

#define VENDOR                                                                                     \
    "format: v\norder: 1\nrecognise:\n  - has: ['CEF:', '|V|']\nwrap: syslog-text\n"               \
    "decode: cef\nset: {event.category: network, event.outcome: unknown}\n"                        \
    "fields: {src: source.ip}\n"

/* What no decoder can read of a line is not read twice; what a format cannot map, another may. */
TEST(decode_cef_of_anybody_has_what_a_vendors_format_cannot_map)
{
#define TORN "CEF:0|V|p|1|2|n|5|rt=today src=192.0.2.1 msg=aaa dst=192.0.2.2 spt=1 dpt=2 act=x"
    struct bench one, two;

    begin(&one);
    begin(&two);
    add(&one, VENDOR);
    add(&two, VENDOR);
    add(&two, CEF);
    expect(&one, TORN, "!" AT("2026-11-20T04:00:00Z") ",\"source.ip\":\"192.0.2.1\"}");
    expect(&two, TORN, "!" AT("2026-11-20T04:00:00Z") ",\"source.ip\":\"192.0.2.1\"}");
    CHECK_SLICE(two.ev->format, "v");
    CHECK(mm_scratch_work(two.scratch) < mm_scratch_work(one.scratch) * 3 / 2);
    expect(&two, "CEF:0|V|p|1|2|n|5|rt=1795147200000 src=here",
           AT("2026-11-20T04:00:00Z") ",\"cef.cef.vendor\":\"V\",\"cef.cef.class\":\"2\","
                                      "\"cef.cef.name\":\"n\",\"cef.cef.severity\":\"5\","
                                      "\"cef.src\":\"here\"}");
    CHECK_SLICE(two.ev->format, "t");
    end(&one);
    end(&two);
}

TEST(decode_leef_names_header_pairs_and_time)
{
    struct bench b;

    begin(&b);
    add(&b, LEEF "fields:\n  leef.vendor: observer.name\n  leef.event: event.code\n"
                 "  usrName: user.name\n");
    expect(&b, "LEEF:2.0|Example|p|1|login|^|devTime=Nov 20 2026 13:00:00^usrName=sato^policy=a b",
           AT("2026-11-20T04:00:00Z") ",\"event.code\":\"login\",\"user.name\":\"sato\","
                                      "\"observer.name\":\"Example\",\"leef.policy\":\"a b\"}");
    expect(&b,
           "LEEF:1.0|Example|p|1|login|devTime=20/11/2026 01:00:00 PM\t"
           "devTimeFormat=dd/MM/yyyy hh:mm:ss a\tusrName=sato",
           AT("2026-11-20T04:00:00Z") ",\"event.code\":\"login\",\"user.name\":\"sato\","
                                      "\"observer.name\":\"Example\"}");
    expect(&b, "LEEF:1.0|Example|p|1|login|devTime=1795147200000\tusrName=sato\tstray",
           "!" AT("2026-11-20T04:00:00Z") ",\"event.code\":\"login\",\"user.name\":\"sato\","
                                          "\"observer.name\":\"Example\"}");
    end(&b);
}

#define BASE                                                                                       \
    "base: b\ndecode: kv\ntimeless: true\nprefix: t.\nabsent: ['-']\n"                             \
    "set: {event.category: network, event.outcome: unknown}\n"                                     \
    "fields: {s: source.ip, d: destination.ip}\n"                                                  \
    "rules:\n  - when: {a: [deny, drop]}\n    set: {event.action: base}\n    also: true\n"

TEST(include_brings_a_base_that_the_format_may_overrule)
{
    struct bench b;

    begin(&b);
    add(&b, BASE);
    CHECK_NUM(mm_formats_count(b.set), 0);
    add(&b, "format: t\nrecognise:\n  - starts: t\ninclude: b\n"
            "set: {event.outcome: failure}\nfields: {d: host.ip}\ndrop: [t, a]\n"
            "rules:\n  - when: {a: drop}\n    set: {event.action: 'own {event.action}'}\n");
    add(&b, "format: u\nrecognise:\n  - starts: u\ninclude: b\ndrop: [u, a]\n");
    expect(
        &b, "t=1 s=192.0.2.1 d=192.0.2.2 a=drop x=-",
        "{\"@timestamp\":\"2026-11-20T04:00:00Z\",\"event.category\":\"network\","
        "\"event.action\":\"own base\",\"event.outcome\":\"failure\",\"source.ip\":\"192.0.2.1\","
        "\"host.ip\":\"192.0.2.2\"}");
    expect(&b, "t=1 a=deny",
           "{\"@timestamp\":\"2026-11-20T04:00:00Z\",\"event.category\":\"network\","
           "\"event.action\":\"base\",\"event.outcome\":\"failure\"}");
    expect(&b, "u=1 d=192.0.2.2 a=drop",
           "{\"@timestamp\":\"2026-11-20T04:00:00Z\",\"event.category\":\"network\","
           "\"event.action\":\"base\",\"event.outcome\":\"unknown\","
           "\"destination.ip\":\"192.0.2.2\"}");
    end(&b);
}

TEST(include_refuses_what_is_not_there_and_a_base_that_is_there_twice)
{
    struct bench b;

    begin(&b);
    CHECK(mm_formats_add(b.set, "t.yaml",
                         MM_S("format: t\nrecognise:\n  - starts: t\ninclude: b\n"),
                         b.errors) == MM_E_CONFIG);
    CHECK_SLICE(mm_slice_str(b.errors->error[0].what), "format.unknown_base");
    add(&b, BASE);
    CHECK(mm_formats_add(b.set, "b.yaml", MM_S(BASE), b.errors) == MM_E_CONFIG);
    CHECK_SLICE(mm_slice_str(b.errors->error[1].what), "format.exists");
    CHECK(mm_formats_add(b.set, "c.yaml", MM_S("base: c\nrecognise: x\n"), b.errors) ==
          MM_E_CONFIG);
    CHECK_SLICE(mm_slice_str(b.errors->error[2].what), "format.unknown_key");
    end(&b);
}
