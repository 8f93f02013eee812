/* parse/parse_test.c - formats that are wrong, formats that are right, and lines of no format. */
#include <time.h>

#include "tests/harness/test.h"

#include "parse/testkit.h"

TEST(load_names_line_and_word_of_what_it_refuses)
{
    static const struct {
        const char *yaml;
        uint32_t line;
        const char *what, *detail;
    } cases[] = {
        {"- a\n", 1, "format.needs_map", ""},
        {HEAD "decode: kv\naround: ['a {b:rest}']\n", 5, "format.around", "a {b:rest}"},
        {"vendor: x\n", 1, "format.needs_name", ""},
        {"format: t\n", 0, "format.needs_list", "recognise"},
        {HEAD "decode: nope\n", 4, "format.unknown_decoder", "nope"},
        {HEAD "decode: kv\ncolour: red\n", 5, "format.unknown_key", "colour"},
        {HEAD "decode: kv\nreads: {fr: x}\n", 5, "format.unknown_key", "fr"},
        {HEAD "decode: kv\nrule:\n\n  - set: {a: b}\n", 5, "format.unknown_key", "rule (rules?)"},
        {HEAD "decode: kv\ntested: x\n", 5, "format.needs_map", "tested"},
        {HEAD "decode: kv\nfields:\n  a: source.ipp\n", 6, "format.unknown_field", "source.ipp"},
        {HEAD "decode: kv\nfields:\n  a: {to: source.ip, as: what}\n", 6, "format.unknown_as",
         "what"},
        {HEAD "decode: kv\nfields:\n  a: {to: user.name, times: 3}\n", 6,
         "format.scale_needs_number", ""},
        {HEAD "decode: kv\nfields:\n  a: {to: user.name, as: bytes}\n", 6,
         "format.scale_needs_number", ""},
        {HEAD "decode: kv\nfields:\n  a: {to: source.port, times: x}\n", 6, "format.number", "x"},
        {HEAD "decode: kv\nkv: {gap: ab}\n", 5, "format.needs_byte", "ab"},
        {HEAD "decode: kv\nkv: {words: true}\n", 5, "format.kv", ""},
        {HEAD "decode: kv\nfields:\n  a: {to: user.name, length: x}\n", 6, "format.number", "x"},
        {HEAD "decode: pattern\npatterns:\n  - is: 'a {x:nope}'\n", 6, "pattern.capture",
         "x:nope}"},
        {HEAD "decode: pattern\npatterns:\n  - is: 'a {x:int}'\n  - is: 'a {y:int}'\n", 7,
         "pattern.same_as_another", "a {y:int}"},
        {HEAD "decode: pattern\npatterns:\n  - is: a\n    class: none\n", 7, "format.unknown_class",
         "none"},
        {HEAD "decode: kv\nrules:\n  - when: {a: {what: 1}}\n", 6, "format.condition", "a"},
        {HEAD "decode: kv\nrules:\n  - when: {a: ['b*', 'b*c*']}\n", 6, "format.condition", "b*c*"},
        {HEAD "decode: kv\nrules:\n  - set: {user.name: '{a'}\n", 6, "format.template", "{a"},
        {HEAD "decode: kv\ntime:\n  - {from: a, form: never}\n", 6, "format.time_form", "never"},
        {HEAD "decode: kv\ntime:\n  - {from: [a, b], form: ymd}\n", 6, "format.time", ""},
        {HEAD "decode: kv\nwrap: paper\n", 5, "format.wrap", "paper"},
        {HEAD "decode: kv\ncharset: ebcdic\n", 5, "format.charset", "ebcdic"},
        {HEAD "decode: kv\nmultiline: {lines: 1, blank: true}\n", 5, "format.number", "1"},
        {HEAD "decode: kv\nmultiline: {lines: 9}\n", 5, "format.multiline", ""},
        {HEAD "decode: kv\na: [\n", 6, NULL, ""},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct bench b;
        const struct mm_format_error *e;

        begin(&b);
        CHECK(mm_formats_add(b.set, "t.yaml", mm_slice_str(cases[i].yaml), b.errors) ==
              MM_E_CONFIG);
        CHECK_NUM(b.errors->count, 1);
        e = &b.errors->error[0];
        CHECK_SLICE(mm_slice_str(e->file), "t.yaml");
        if (cases[i].what != NULL) {
            CHECK_SLICE(mm_slice_str(e->what), cases[i].what);
            CHECK_NUM(e->line, cases[i].line);
            CHECK_SLICE(mm_slice_str(e->detail), cases[i].detail);
        }
        CHECK(e->what != NULL);
        CHECK_NUM(mm_formats_count(b.set), 0);
        end(&b);
    }
}

TEST(load_refuses_a_second_format_of_the_same_name_and_keeps_the_first)
{
    struct bench b;

    begin(&b);
    add(&b, HEAD "decode: kv\n");
    CHECK(mm_formats_add(b.set, "u.yaml", MM_S(HEAD "decode: kv\n"), b.errors) == MM_E_CONFIG);
    CHECK_SLICE(mm_slice_str(b.errors->error[0].what), "format.exists");
    CHECK_NUM(mm_formats_count(b.set), 1);
    CHECK_NUM(mm_formats_find(b.set, MM_S("t")), 0);
    CHECK_NUM(mm_formats_find(b.set, MM_S("u")), MM_FORMAT_NONE);
    end(&b);
}

TEST(map_converts_maps_scales_and_joins)
{
    struct bench b;

    begin(&b);
    add(&b, HEAD "decode: kv\ntimeless: true\nprefix: t.\nabsent: ['-']\ndrop: [x, host, path]\n"
                 "set: {event.category: web, event.outcome: success}\n"
                 "fields:\n"
                 "  s: {to: event.duration, times: 1000, per: 2}\n"
                 "  p: [{to: network.transport, map: {6: tcp, 1: ~}, else: other}]\n"
                 "  u: {to: user.name, as: user}\n"
                 "  m: source.mac\n"
                 "  l: {to: log.level, as: lower}\n"
                 "  port: {to: source.port, loose: true}\n"
                 "  at: {match: ['{:to}({source.ip:ip})', '{source.ip:ip}']}\n"
                 "rules:\n"
                 "  - set: {url.original: ['http://{host}{path}', '{path}']}\n");
    expect(&b, "x=1 s=1.5 p=6 u=DOM\\\\sato m=02-00-5E-00-00-01 l=WARN port=99 at=gui(192.0.2.1)",
           "{\"@timestamp\":\"2026-11-20T04:00:00Z\",\"event.category\":\"web\","
           "\"event.outcome\":\"success\",\"event.duration\":750,\"source.ip\":\"192.0.2.1\","
           "\"source.port\":99,\"source.mac\":\"02:00:5e:00:00:01\",\"network.transport\":\"tcp\","
           "\"user.name\":\"sato\",\"log.level\":\"warn\",\"user.domain\":\"DOM\"}");
    expect(&b, "x=1 p=1 host=h path=/a u=- port=70000 new=5",
           "{\"@timestamp\":\"2026-11-20T04:00:00Z\",\"event.category\":\"web\","
           "\"event.outcome\":\"success\",\"url.original\":\"http://h/a\",\"t.new\":\"5\"}");
    expect(&b, "x=1 p=2 path=/b s=bad",
           "!{\"@timestamp\":\"2026-11-20T04:00:00Z\",\"event.category\":\"web\","
           "\"event.outcome\":\"success\",\"network.transport\":\"other\","
           "\"url.original\":\"/b\"}");
    end(&b);
}

TEST(map_reads_units_accounts_and_forwarders)
{
    static const struct {
        const char *line, *want;
    } cases[] = {
        {"size=12.3MB", ",\"source.bytes\":12300000"},
        {"disk=2KB", ",\"file.size\":2048"},
        {"took=1h2m3s", ",\"event.duration\":3723000000000"},
        {"idle=00:01:02", ",\"t.idle\":\"62000000000\""},
        {"who=EXAMPLE\\\\sato", ",\"user.name\":\"sato\",\"user.domain\":\"EXAMPLE\""},
        {"who=sato@example.co.jp", ",\"user.name\":\"sato\",\"user.domain\":\"example.co.jp\""},
        {"who=host/PC01.example.co.jp",
         ",\"user.name\":\"PC01$\",\"user.domain\":\"example.co.jp\""},
        {"who=sato", ",\"user.name\":\"sato\""},
        {"who=@x", ",\"user.name\":\"@x\""},
        {"whom=EXAMPLE\\\\sato",
         ",\"user.target.name\":\"sato\",\"user.target.domain\":\"EXAMPLE\""},
        {"owner=EXAMPLE\\\\sato", ",\"t.owner\":\"EXAMPLE\\\\sato\""},
        {"xff='10.0.0.5, 198.51.100.7, 203.0.113.1'", ",\"client.ip\":\"198.51.100.7\""},
        {"xff='10.0.0.5, 192.168.0.1'", ",\"client.ip\":\"10.0.0.5\""},
        {"xff='for=\"[2001:db8::1]:4711\";proto=http, for=10.0.0.1'",
         ",\"client.ip\":\"2001:db8::1\""},
        {"xff='unknown'", ""},
        {"src=fe80::1%eth0", ",\"source.ip\":\"fe80::1\""},
        {"src=::ffff:192.0.2.1", ",\"source.ip\":\"192.0.2.1\""},
        {"peer=192.0.2.1.80", ",\"destination.ip\":\"192.0.2.1\",\"destination.port\":80"},
        {"peer=192.0.2.1", ",\"destination.ip\":\"192.0.2.1\""},
        {"size=many", NULL},
        {"took=soon", NULL},
        {"xff=me", NULL},
    };
    struct bench b;
    char want[512];

    begin(&b);
    add(&b, HEAD "decode: kv\nkv: {quote: \"'\"}\ntimeless: true\nprefix: t.\ndrop: [x]\n"
                 "set: {event.category: web, event.outcome: success}\n"
                 "fields:\n"
                 "  size: {to: source.bytes, as: bytes}\n"
                 "  disk: {to: file.size, as: bytes-1024}\n"
                 "  took: {to: event.duration, as: duration}\n"
                 "  idle: {to: t.idle, as: duration}\n"
                 "  who: {to: user.name, as: account}\n"
                 "  whom: {to: user.target.name, as: user}\n"
                 "  owner: {to: t.owner, as: user}\n"
                 "  xff: {to: client.ip, as: forwarded}\n"
                 "  src: source.ip\n"
                 "  peer: {match: '{destination:addrport}'}\n");
    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        char line[256];
        bool bad = cases[i].want == NULL;

        (void)snprintf(line, sizeof(line), "x=1 %s", cases[i].line);
        (void)snprintf(want, sizeof(want),
                       "%s{\"@timestamp\":\"2026-11-20T04:00:00Z\",\"event.category\":\"web\","
                       "\"event.outcome\":\"success\"%s}",
                       bad ? "!" : "", bad ? "" : cases[i].want);
        expect(&b, line, want);
    }
    end(&b);
}

TEST(map_tells_values_apart_by_length_and_reads_plus_as_a_blank)
{
    struct bench b;

    begin(&b);
    add(&b,
        HEAD "decode: kv\ntimeless: true\nprefix: t.\ndrop: [x]\n"
             "kv: {gap: ';', assign: ':', words: true}\n"
             "set: {event.category: web, event.outcome: success}\n"
             "fields:\n"
             "  File Hash: [{to: file.hash.md5, length: 4}, {to: file.hash.sha256, length: 8}]\n"
             "  User Agent: {to: user_agent.original, as: plus}\n");
    expect(&b, "x: 1; File Hash: 12345678; User Agent: A+(b)+c",
           "{\"@timestamp\":\"2026-11-20T04:00:00Z\",\"event.category\":\"web\","
           "\"event.outcome\":\"success\",\"user_agent.original\":\"A (b) c\","
           "\"file.hash.sha256\":\"12345678\"}");
    expect(&b, "x: 1; File Hash: 1234; User Agent: plain",
           "{\"@timestamp\":\"2026-11-20T04:00:00Z\",\"event.category\":\"web\","
           "\"event.outcome\":\"success\",\"user_agent.original\":\"plain\","
           "\"file.hash.md5\":\"1234\"}");
    expect(&b, "x: 1; File Hash: 123",
           "{\"@timestamp\":\"2026-11-20T04:00:00Z\",\"event.category\":\"web\","
           "\"event.outcome\":\"success\"}");
    end(&b);
}

TEST(map_reads_a_name_in_labels_and_refuses_lengths_that_are_not_theirs)
{
    static const struct {
        const char *name, *want;
    } cases[] = {
        {"(3)www(7)example(2)jp(0)", "www.example.jp"},
        {"(5)a.(b)(0)", "a.(b)"},
        {"(0)", "."},
        {"(3)www(7)exampl(0)", NULL},
        {"(3)www", NULL},
        {"(3)www(0)x", NULL},
        {"(99)www(0)", NULL},
        {"()", NULL},
        {"www", NULL},
    };
    struct bench b;

    begin(&b);
    add(&b, HEAD "decode: kv\ntimeless: true\ndrop: [x]\n"
                 "set: {event.category: network, event.outcome: success}\n"
                 "fields: {q: {to: dns.question.name, as: labels}}\n");
    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        char line[128], want[256];
        bool good = cases[i].want != NULL;

        snprintf(line, sizeof(line), "x=1 q=%s", cases[i].name);
        snprintf(want, sizeof(want),
                 "%s{\"@timestamp\":\"2026-11-20T04:00:00Z\",\"event.category\":\"network\","
                 "\"event.outcome\":\"success\"%s%s%s}",
                 good ? "" : "!", good ? ",\"dns.question.name\":\"" : "",
                 good ? cases[i].want : "", good ? "\"" : "");
        expect(&b, line, want);
    }
    end(&b);
}

TEST(rules_take_the_first_that_holds_unless_it_says_also)
{
    struct bench b;

    begin(&b);
    add(&b, HEAD "decode: kv\ntimeless: true\n"
                 "set: {event.category: network, event.outcome: unknown}\n"
                 "fields: {a: source.ip}\n"
                 "rules:\n"
                 "  - when: {n: {from: 5, to: 9}}\n"
                 "    set: {event.reason: mid}\n"
                 "    also: true\n"
                 "  - when: {source.ip: {is: private}}\n"
                 "    set: {network.direction: internal}\n"
                 "    also: true\n"
                 "  - when: {x: [on, 'o*f'], y: ~}\n"
                 "    set: {event.action: never}\n"
                 "  - when: {x: [one, 'tw*', '*ree', '*ou*']}\n"
                 "    set: {event.action: '{x}'}\n"
                 "    rules:\n"
                 "      - when: {y: '*'}\n"
                 "        set: {event.type: start}\n"
                 "      - when: {y: ~}\n"
                 "        set: {event.type: end}\n"
                 "  - when: {x: {not: five}}\n"
                 "    set: {event.action: other, event.outcome: ~}\n");
    expect(&b, "x=one n=7 a=10.0.0.1",
           "{\"@timestamp\":\"2026-11-20T04:00:00Z\",\"event.category\":\"network\","
           "\"event.type\":\"end\",\"event.action\":\"one\",\"event.outcome\":\"unknown\","
           "\"source.ip\":\"10.0.0.1\",\"event.reason\":\"mid\","
           "\"network.direction\":\"internal\"}");
    expect(&b, "x=three y=1 n=10",
           "{\"@timestamp\":\"2026-11-20T04:00:00Z\",\"event.category\":\"network\","
           "\"event.type\":\"start\",\"event.action\":\"three\",\"event.outcome\":\"unknown\"}");
    expect(&b, "x=five",
           "{\"@timestamp\":\"2026-11-20T04:00:00Z\",\"event.category\":\"network\","
           "\"event.outcome\":\"unknown\"}");
    /* Without an outcome the line is not parsed. */
    expect(&b, "x=six",
           "!{\"@timestamp\":\"2026-11-20T04:00:00Z\",\"event.category\":\"network\","
           "\"event.action\":\"other\"}");
    end(&b);
}

TEST(what_stands_around_the_body_is_read_before_the_decoder_reads_the_body)
{
    struct bench b;

    begin(&b);
    add(&b, "format: t\ntitle: {ja: t, en: t}\ntimeless: true\nrecognise:\n  - starts: '%X-'\n"
            "around: ['%X-{level:int}-{event.code:int}: {body:rest}', '%X-{level:int}: "
            "({body:last})']\n"
            "decode: kv\nfields: {a: source.ip, level: event.severity, message: message}\n"
            "set: {event.category: network, event.outcome: success}\n");
    expect(&b, "%X-4-106: a=192.0.2.1 message=x",
           "{\"@timestamp\":\"2026-11-20T04:00:00Z\",\"event.category\":\"network\","
           "\"event.outcome\":\"success\",\"event.code\":\"106\",\"event.severity\":4,"
           "\"source.ip\":\"192.0.2.1\",\"message\":\"x\"}");
    expect(&b, "%X-4: (message=x a=192.0.2.1)",
           "{\"@timestamp\":\"2026-11-20T04:00:00Z\",\"event.category\":\"network\","
           "\"event.outcome\":\"success\",\"event.severity\":4,"
           "\"source.ip\":\"192.0.2.1\",\"message\":\"x\"}");
    expect(&b, "%X-4-a=192.0.2.1",
           "!{\"@timestamp\":\"2026-11-20T04:00:00Z\",\"event.category\":\"network\","
           "\"event.outcome\":\"success\",\"event.severity\":4}");
    end(&b);
}

TEST(a_capture_of_pairs_is_read_as_pairs)
{
    struct bench b;

    begin(&b);
    add(&b, "format: t\ntitle: {ja: t, en: t}\ntimeless: true\nrecognise:\n  - starts: 'flow '\n"
            "decode: pattern\npatterns:\n  - is: 'flow {event.action:word} {pairs:to} "
            "({rule.name:to})'\n"
            "fields: {a: source.ip}\nset: {event.category: network, event.outcome: success}\n");
    expect(&b, "flow allow a=192.0.2.1 b=\"1 2\" (r)",
           "{\"@timestamp\":\"2026-11-20T04:00:00Z\",\"event.category\":\"network\","
           "\"event.action\":\"allow\",\"event.outcome\":\"success\",\"source.ip\":\"192.0.2.1\","
           "\"rule.name\":\"r\"}");
    expect(&b, "flow allow a=192.0.2.1 stray (r)",
           "!{\"@timestamp\":\"2026-11-20T04:00:00Z\",\"event.category\":\"network\","
           "\"event.action\":\"allow\",\"event.outcome\":\"success\",\"source.ip\":\"192.0.2.1\","
           "\"rule.name\":\"r\"}");
    end(&b);
}

TEST(parameters_of_structured_data_are_wire_fields)
{
    struct bench b;

    begin(&b);
    add(&b, "format: t\ntitle: {ja: t, en: t}\nwrap: syslog\nrecognise:\n  - app: X\n"
            "decode: sd\nfields: {a: source.ip, b: message}\n"
            "set: {event.category: network, event.outcome: success}\n");
    expect(
        &b, "<14>1 2026-11-20T04:00:00Z fw X - M [x@1 a=\"192.0.2.1\" b=\"q\\\"A\\b\\\\\"]",
        "{\"@timestamp\":\"2026-11-20T04:00:00Z\",\"event.category\":\"network\","
        "\"event.outcome\":\"success\",\"source.ip\":\"192.0.2.1\",\"message\":\"q\\\"A\\\\b\\\\\","
        "\"log.syslog.facility.code\":1,\"log.syslog.severity.code\":6}");
    expect(&b, "<14>1 2026-11-20T04:00:00Z fw X - M - text",
           "!{\"@timestamp\":\"2026-11-20T04:00:00Z\",\"event.category\":\"network\","
           "\"event.outcome\":\"success\","
           "\"log.syslog.facility.code\":1,\"log.syslog.severity.code\":6}");
    end(&b);
}

TEST(a_value_that_must_match_makes_the_line_unparsed_when_it_does_not)
{
    struct bench b;

    begin(&b);
    add(&b,
        "format: t\ntitle: {ja: t, en: t}\ntimeless: true\nrecognise:\n  - starts: a=\n"
        "decode: kv\nfields: {a: {match: '{source:ip:port}', must: true}, b: {match: '{:ip}'}}\n"
        "set: {event.category: network, event.outcome: success}\n");
    expect(&b, "a=192.0.2.1:80 b=x",
           "{\"@timestamp\":\"2026-11-20T04:00:00Z\",\"event.category\":\"network\","
           "\"event.outcome\":\"success\",\"source.ip\":\"192.0.2.1\",\"source.port\":80}");
    expect(&b, "a=192.0.2.1",
           "!{\"@timestamp\":\"2026-11-20T04:00:00Z\",\"event.category\":\"network\","
           "\"event.outcome\":\"success\"}");
    end(&b);
}

TEST(structured_data_may_hold_pairs_of_another_style)
{
    struct bench b;

    begin(&b);
    add(&b, "format: t\ntitle: {ja: t, en: t}\nwrap: syslog\nrecognise:\n  - app: X\n"
            "decode: sd\nkv: {gap: ';', assign: ':'}\nfields: {a: source.ip, b: message}\n"
            "set: {event.category: network, event.outcome: success}\n");
    expect(&b, "<14>1 2026-11-20T04:00:00Z fw X - - [a:\"192.0.2.1\"; b:\"x=1\"]",
           "{\"@timestamp\":\"2026-11-20T04:00:00Z\",\"event.category\":\"network\","
           "\"event.outcome\":\"success\",\"source.ip\":\"192.0.2.1\",\"message\":\"x=1\","
           "\"log.syslog.facility.code\":1,\"log.syslog.severity.code\":6}");
    expect(&b, "<14>1 2026-11-20T04:00:00Z fw X - - -",
           "!{\"@timestamp\":\"2026-11-20T04:00:00Z\",\"event.category\":\"network\","
           "\"event.outcome\":\"success\","
           "\"log.syslog.facility.code\":1,\"log.syslog.severity.code\":6}");
    end(&b);
}

TEST(csv_columns_are_wire_fields)
{
    struct bench b;

    begin(&b);
    add(&b, HEAD "decode: csv\ncsv: {gap: ',', columns: [x, day, clock, source.ip, what]}\n"
                 "time:\n  - {from: [day, clock], form: [date, clock]}\n"
                 "fields: {what: event.reason}\n"
                 "set: {event.category: host, event.outcome: success}\n");
    expect(&b, "x,2026/11/20,13:00:01,192.0.2.1,\"a \"\"b\"\", c\"",
           "{\"@timestamp\":\"2026-11-20T04:00:01Z\",\"event.category\":\"host\","
           "\"event.outcome\":\"success\",\"source.ip\":\"192.0.2.1\","
           "\"event.reason\":\"a \\\"b\\\", c\"}");
    expect(&b, "x,2026/11/20,13:00:01",
           "!{\"@timestamp\":\"2026-11-20T04:00:01Z\",\"event.category\":\"host\","
           "\"event.outcome\":\"success\"}");
    end(&b);
}

TEST(a_source_may_mix_formats_and_the_one_that_reads_the_line_has_it)
{
    struct bench b;

    begin(&b);
    add(&b, "format: a\nrecognise:\n  - starts: x\ndecode: pattern\ntimeless: true\npatterns:\n"
            "  - is: 'x up {source.ip:ip}'\n"
            "    set: {event.category: network, event.outcome: success}\n");
    add(&b, "format: b\nrecognise:\n  - starts: x\ndecode: pattern\ntimeless: true\npatterns:\n"
            "  - is: 'x down {source.ip:ip}'\n"
            "    set: {event.category: host, event.outcome: failure}\n");
    for (int i = 0; i < 3; i++) {
        expect(&b, "x up 192.0.2.1",
               "{\"@timestamp\":\"2026-11-20T04:00:00Z\",\"event.category\":\"network\","
               "\"event.outcome\":\"success\",\"source.ip\":\"192.0.2.1\"}");
        CHECK_SLICE(b.ev->format, "a");
        expect(&b, "x down 192.0.2.2",
               "{\"@timestamp\":\"2026-11-20T04:00:00Z\",\"event.category\":\"host\","
               "\"event.outcome\":\"failure\",\"source.ip\":\"192.0.2.2\"}");
        CHECK_SLICE(b.ev->format, "b");
        /* Nobody reads it: the first by order keeps what it could. */
        expect_of(&b, 2, "x sideways", "!{\"@timestamp\":\"2026-11-20T04:00:00Z\"}");
        CHECK_SLICE(b.ev->format, "a");
    }
    end(&b);
}

/* One line as number `seq` of a queue: who, how often, when; "-" for nothing. */
static void expect_repeat(struct bench *b, uint64_t seq, const char *line, const char *want)
{
    struct mm_hint hint = {.format = MM_FORMAT_NONE, .offset_s = MM_PARSE_JST_S};
    struct mm_raw raw = {.body = mm_slice_str(line), .company = 1, .source = 1, .seq = seq};
    char got[128], user[MM_FIELD_TEXT], count[MM_FIELD_TEXT], when[MM_TIME_TEXT];
    struct mm_slice u = MM_S("-"), n = MM_S("-");
    bool zone;

    CHECK(mm_time_parse(MM_S("2026-11-20T04:00:00Z"), 0, &raw.received_us, &zone));
    mm_arena_reset(&b->arena);
    mm_parse(b->set, b->scratch, &b->arena, &raw, &hint, b->ev);
    if (mm_event_has(b->ev, MM_F_USER_NAME))
        u = mm_event_as_text(b->ev, MM_F_USER_NAME, user);
    if (mm_event_has(b->ev, MM_F_EVENT_COUNT))
        n = mm_event_as_text(b->ev, MM_F_EVENT_COUNT, count);
    mm_time_text(b->ev->time_us, when);
    (void)snprintf(got, sizeof(got), "%.*s %.*s %s%s", MM_S_ARG(u), MM_S_ARG(n), when + 14,
                   (b->ev->flags & MM_EV_UNPARSED) != 0 ? " unparsed" : "");
    CHECK_SLICE(mm_slice_str(got), want);
    CHECK_SLICE(b->ev->original, line);
}

TEST(a_repetition_counts_for_the_line_that_it_repeats_and_for_no_other)
{
#define AT_H "<38>Nov 20 13:00:0"
    struct bench b;

    begin(&b);
    add(&b, "format: t\nwrap: syslog\nrecognise:\n  - app: d\ndecode: pattern\n"
            "patterns:\n  - is: 'no {user.name:word}'\n"
            "    set: {event.category: web, event.outcome: failure}\n");
    expect_repeat(&b, 1, AT_H "1 h d: no sato", "sato - 00:01Z");
    expect_repeat(&b, 2, AT_H "2 h last message repeated 3 times", "sato 3 00:02Z");
    expect_repeat(&b, 3, AT_H "3 h last message repeated 1 time", "sato 1 00:03Z");
    expect_repeat(&b, 5, AT_H "4 h last message repeated 2 times", "- 2 00:04Z unparsed");
    expect_repeat(&b, 6, AT_H "5 h d: no kato", "kato - 00:05Z");
    expect_repeat(&b, 7, AT_H "6 other last message repeated 2 times", "- 2 00:06Z unparsed");
    expect_repeat(&b, 8, AT_H "7 h d: message repeated 4 times: [ no ito]", "ito 4 00:07Z");
    expect_repeat(&b, 9, AT_H "8 h d: message repeated 4 times: [ yes ito]", "- 4 00:08Z unparsed");
    end(&b);
}

TEST(a_format_says_which_lines_go_on_with_a_record)
{
    struct bench b;

    begin(&b);
    add(&b, HEAD "decode: kv\nmultiline: {starts: ['{:ymd} {:rest}'], lines: 20}\n");
    add(&b, "format: u\nrecognise:\n  - starts: x\ndecode: kv\nmultiline: {blank: true}\n");
    add(&b, "format: v\nrecognise:\n  - starts: x\ndecode: kv\n");
    CHECK_NUM(mm_format_record_lines(b.set, 0), 20);
    CHECK(!mm_format_continues(b.set, 0, MM_S("2026-11-20 13:00:01 ERROR x")));
    CHECK(mm_format_continues(b.set, 0, MM_S("\tat a.B(C.java:1)")));
    CHECK(mm_format_continues(b.set, 0, MM_S("Caused by: x")));
    CHECK_NUM(mm_format_record_lines(b.set, 1), 500);
    CHECK(mm_format_continues(b.set, 1, MM_S("\tx")) && mm_format_continues(b.set, 1, MM_S(" x")));
    CHECK(!mm_format_continues(b.set, 1, MM_S("x")));
    CHECK_NUM(mm_format_record_lines(b.set, 2), 1);
    CHECK(!mm_format_continues(b.set, 2, MM_S(" x")));
    end(&b);
}

TEST(a_line_of_no_format_still_gives_its_header)
{
    struct bench b;

    begin(&b);
    add(&b, HEAD "decode: kv\n");
    expect(&b, "<34>Nov 20 12:59:58 h prog[5]: text",
           "!{\"@timestamp\":\"2026-11-20T03:59:58Z\",\"host.name\":\"h\",\"message\":\"text\","
           "\"log.syslog.facility.code\":4,\"log.syslog.severity.code\":2,"
           "\"process.pid\":5,\"process.name\":\"prog\"}");
    CHECK_NUM(b.ev->time_quality, MM_TQ_YEAR_ASSUMED);
    expect(&b, "<34>1 2026-11-20T03:59:58Z h prog main-7 - - text",
           "!{\"@timestamp\":\"2026-11-20T03:59:58Z\",\"host.name\":\"h\",\"message\":\"text\","
           "\"log.syslog.facility.code\":4,\"log.syslog.severity.code\":2,"
           "\"process.name\":\"prog\"}");
    expect(&b, "\xff\xfe", "!{\"@timestamp\":\"2026-11-20T04:00:00Z\"}");
    CHECK((b.ev->flags & MM_EV_BAD_UTF8) != 0);
    CHECK_SLICE(b.ev->original, "\xff\xfe");
    end(&b);
}

TEST(far_times_are_kept_and_marked)
{
    struct bench b;

    begin(&b);
    add(&b, HEAD "decode: kv\nset: {event.category: host, event.outcome: success}\n"
                 "time:\n  - {from: t, form: epoch}\ndrop: [x]\n");
    expect(&b, "x=1 t=1795320000",
           "{\"@timestamp\":\"2026-11-22T04:00:00Z\",\"event.category\":\"host\","
           "\"event.outcome\":\"success\"}");
    CHECK_NUM(b.ev->time_quality, MM_TQ_IMPLAUSIBLE);
    expect(&b, "x=1 t=0",
           "{\"@timestamp\":\"1970-01-01T00:00:00Z\",\"event.category\":\"host\","
           "\"event.outcome\":\"success\"}");
    CHECK_NUM(b.ev->time_quality, MM_TQ_IMPLAUSIBLE);
    expect(&b, "x=1 t=1732075200",
           "{\"@timestamp\":\"2024-11-20T04:00:00Z\",\"event.category\":\"host\","
           "\"event.outcome\":\"success\"}");
    CHECK_NUM(b.ev->time_quality, MM_TQ_IMPLAUSIBLE);
    b.flags = MM_EV_IMPORTED; /* an old file is no wrong clock; one that was never set is */
    expect(&b, "x=1 t=1732075200",
           "{\"@timestamp\":\"2024-11-20T04:00:00Z\",\"event.category\":\"host\","
           "\"event.outcome\":\"success\"}");
    CHECK_NUM(b.ev->time_quality, MM_TQ_ZONE_GIVEN);
    expect(&b, "x=1 t=315532800",
           "{\"@timestamp\":\"1980-01-01T00:00:00Z\",\"event.category\":\"host\","
           "\"event.outcome\":\"success\"}");
    CHECK_NUM(b.ev->time_quality, MM_TQ_IMPLAUSIBLE);
    b.flags = 0;
    expect(&b, "x=1 t=1795147200",
           "{\"@timestamp\":\"2026-11-20T04:00:00Z\",\"event.category\":\"host\","
           "\"event.outcome\":\"success\"}");
    CHECK_NUM(b.ev->time_quality, MM_TQ_ZONE_GIVEN);
    /* No time where one belongs. */
    expect(&b, "x=1",
           "!{\"@timestamp\":\"2026-11-20T04:00:00Z\",\"event.category\":\"host\","
           "\"event.outcome\":\"success\"}");
    CHECK_NUM(b.ev->time_quality, MM_TQ_RECEIVED);
    end(&b);
}

static double cpu_ms(void)
{
    struct timespec ts;

    CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts) == 0);
    return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

/*
 * The longest lines, made of what formats look for, over and over. Measured 0.3 ms for the worst
 * of them; what is not linear would take seconds.
 */
TEST(no_line_costs_more_than_its_length)
{
    static const char *const heads[] = {
        "date=2026-11-20 devid=\"x\" ",
        "<38>Nov 20 13:00:01 h sshd[1]: Failed password for ",
        "<38>Nov 20 13:00:01 h sudo: ",
        "<134>[INSPECT] ",
        "<134>PP[01] Rejected at IN(",
        "1795147201.8 1 192.0.2.1 TCP/200 1 GET ",
        "<38>Nov 20 13:00:01 h dhcpd: DHCPACK on ",
        "<134>LAN1: at ",
        "{\"a\":",
        "{\"event_type\":\"alert\",\"a\":\"",
        "<34>1 - h a - - [",
        "",
    };
    static const char *const parts[] = {
        " from ", "a=1 ", "=",        "\"",      "\\",
        "[",      "{",    "1.",       "::",      " from 192.0.2.1 port ",
        " ",      "] ",   "[out][",   "{\"a\":", "[1,",
        "\\\"=",  "\xff", "k=\"v\" ", ", "};
    struct bench b;
    uint8_t *line = calloc(1, MM_MAX_LINE + MM_PADDING);
    double worst = 0;

    begin(&b);
    CHECK(line != NULL);
    mm_arena_done(&b.arena);
    mm_arena_init(&b.arena, 64 * 1024 * 1024);
    CHECK(mm_formats_load(b.set, mm_test_source("content/formats"), b.errors) == MM_OK);
    for (size_t i = 0; i < MM_COUNT(heads) * MM_COUNT(parts); i++) {
        const char *head = heads[i / MM_COUNT(parts)], *part = parts[i % MM_COUNT(parts)];
        struct mm_hint hint = {.format = MM_FORMAT_NONE, .offset_s = MM_PARSE_JST_S};
        struct mm_raw raw = {.company = 1, .source = 1};
        size_t n = strlen(head), m = strlen(part);
        double ms;

        memcpy(line, head, n);
        for (; n + m <= MM_MAX_LINE; n += m)
            memcpy(line + n, part, m);
        raw.body = mm_slice_of(line, n);
        mm_arena_reset(&b.arena);
        ms = cpu_ms();
        mm_parse(b.set, b.scratch, &b.arena, &raw, &hint, b.ev);
        ms = cpu_ms() - ms;
        worst = ms > worst ? ms : worst;
        if (ms > 50)
            printf("# %.0f ms: %s and many of %s\n", ms, head, part);
    }
    printf("# worst line of %d bytes: %.2f ms\n", MM_MAX_LINE, worst);
    CHECK(worst < 50);
    free(line);
    end(&b);
}
