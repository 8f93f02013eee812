/* codec/pattern_test.c - templates: what they take, what wins, what is refused. */
#include "codec/pattern.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/time.h"
#include "tests/harness/test.h"

struct bench {
    struct mm_arena arena;
    struct mm_patterns *set;
};

static void begin(struct bench *b, const char *const *templates)
{
    mm_arena_init(&b->arena, 16 * 1024 * 1024);
    b->set = mm_patterns_new(&b->arena);
    CHECK(b->set != NULL);
    for (uint16_t i = 0; templates[i] != NULL; i++)
        CHECK(mm_patterns_add(b->set, mm_slice_str(templates[i]), i, NULL) == MM_OK);
}

/* Match text; want is "number name=value name=value ..." or "- name=value" for no whole match. */
static void expect(struct bench *b, const char *text, const char *want)
{
    struct mm_pattern_hit hit;
    struct mm_buf got;

    mm_buf_init(&got, 4096);
    if (mm_patterns_match(b->set, mm_slice_str(text), NULL, &hit)) {
        CHECK(hit.whole && hit.stop == strlen(text));
        mm_buf_u64(&got, hit.pattern);
    } else {
        CHECK(!hit.whole);
        mm_buf_byte(&got, '-');
    }
    for (size_t i = 0; i < hit.count; i++) {
        mm_buf_byte(&got, ' ');
        mm_buf_add(&got, mm_patterns_name(b->set, hit.capture[i].name));
        mm_buf_byte(&got, '=');
        mm_buf_add(&got, hit.capture[i].text);
    }
    CHECK_SLICE(mm_buf_slice(&got), want);
    mm_buf_done(&got);
}

static void one(const char *template, const char *text, const char *want)
{
    struct bench b;

    begin(&b, (const char *const[]){template, NULL});
    expect(&b, text, want);
    mm_arena_done(&b.arena);
}

TEST(pattern_takes_every_type)
{
    one("{a:ip} x", "192.0.2.1 x", "0 a=192.0.2.1");
    one("{a:ip}.", "2001:db8::1.", "0 a=2001:db8::1");
    one("{a:ip}: x", "fe80::1: x", "0 a=fe80::1");
    one("{a:ip.port} >", "192.0.2.1.80 >", "0 a.ip=192.0.2.1 a.port=80");
    one("{a:ip.port} >", "2001:db8::1.56609 >", "0 a.ip=2001:db8::1 a.port=56609");
    one("{a:ip:port}", "192.0.2.1:80", "0 a.ip=192.0.2.1 a.port=80");
    one("{a:ip:port}", "[2001:db8::1]:80", "0 a.ip=2001:db8::1 a.port=80");
    one("client {a:ip#port}:", "client 192.0.2.1#53:", "0 a.ip=192.0.2.1 a.port=53");
    one("{a:ip} x", "fe80::1%eth0 x", "0 a=fe80::1%eth0");
    one("{a:ip}.", "fe80::1%eth0.10.", "0 a=fe80::1%eth0.10");
    one("{a:ip.port} >", "fe80::1%em0.5353 >", "0 a.ip=fe80::1%em0 a.port=5353");
    one("{a:ip.port}: x", "fe80::1%em0.10.53: x", "0 a.ip=fe80::1%em0.10 a.port=53");
    one("{a:ip:port} x", "[fe80::1%eth0]:80 x", "0 a.ip=fe80::1%eth0 a.port=80");
    one("{a:ip:port} x", "::ffff:192.0.2.1:80 x", "0 a.ip=::ffff:192.0.2.1 a.port=80");
    one("{a:ip:port} x", "2001:db8:0:0:0:0:0:1:8080 x", "0 a.ip=2001:db8:0:0:0:0:0:1 a.port=8080");
    for (const char *const *p =
             (const char *const[]){"192.0.2.1:80", "192.0.2.1.80", "192.0.2.1#80", "192.0.2.1/80",
                                   "192.0.2.1(80)", NULL};
         *p != NULL; p++)
        one("{a:addrport}", *p, "0 a.ip=192.0.2.1 a.port=80");
    one("{a:addrport} x", "192.0.2.1 x", "0 a.ip=192.0.2.1 a.port=");
    one("{a:addrport}. x", "192.0.2.1. x", "0 a.ip=192.0.2.1 a.port=");
    one("{a:addrport} x", "[2001:db8::1]:80 x", "0 a.ip=2001:db8::1 a.port=80");
    one("{a:addrport} x", "[2001:db8::1] x", "0 a.ip=2001:db8::1 a.port=");
    one("{a:addrport} x", "2001:db8::1.80 x", "0 a.ip=2001:db8::1 a.port=80");
    one("{a:addrport} x", "2001:db8::1:80 x", "0 a.ip=2001:db8::1:80 a.port=");
    one("{a:mac} x", "0:a0:de:1:2:3 x", "0 a=0:a0:de:1:2:3");
    one("{a:mac}: x", "0:a0:de:1:2:3: x", "0 a=0:a0:de:1:2:3");
    one("{a:mac} x", "aabbcc-ddeeff x", "0 a=aabbcc-ddeeff");
    one("{a:mac}:", "00:a0:de:01:02:03:", "0 a=00:a0:de:01:02:03");
    one("({a:mac})", "(01 00 a0 de 01 02 03)", "0 a=01 00 a0 de 01 02 03");
    one("{a:mac} x", "02:00:5E:00:00:01 x", "0 a=02:00:5E:00:00:01");
    one("{a:mac}", "0200.5e00.0001", "0 a=0200.5e00.0001");
    one("port {a:port}", "port 65535", "0 a=65535");
    one("{a:int}s", "12s", "0 a=12");
    one("{a:num} s", "1.25 s", "0 a=1.25");
    one("0x{a:hex}", "0xDEad", "0 a=DEad");
    one("say {a:quoted}!", "say \"a \\\"b\\\" c\"!", "0 a=a \\\"b\\\" c");
    one("{a:ident}[{b:int}]", "sshd-x_1[7]", "0 a=sshd-x_1 b=7");
    one("{a:host} x", "h1.example.co.jp x", "0 a=h1.example.co.jp");
    one("{a:word}({b:word})", "LAN1(port2)", "0 a=LAN1 b=port2");
    one("{a:to} from", "two words from", "0 a=two words");
    one("{a:last} from {b:word}", "x from y from z", "0 a=x from y b=z");
    one("a{:blanks}b", "a   b", "0");
    one("a {b:rest}", "a ", "0 b=");
    one("a {b:rest}", "a b c", "0 b=b c");
    one("{{x} {a:int}", "{x} 1", "0 a=1");
}

TEST(pattern_types_refuse_what_is_not_theirs)
{
    one("{a:ip} x", "192.0.2.256 x", "-");
    one("{a:ip} x", "192.0.2 x", "-");
    one("{a:ip} x", "1.2.3.4567 x", "-");
    one("{a:ip} x", "01.2.3.4 x", "-");
    one("{a:ip} x", "12:34:56 x", "-");
    one("{a:port} x", "65536 x", "-");
    one("{a:ip:port} x", "192.0.2.1:99999 x", "-");
    one("{a:mac} x", "02:00:5e:00:00:0g x", "-");
    one("{a:mac}", "02005e0000011", "-");
    one("{a:quoted}", "\"open", "-");
    one("{a:to} from", " from", "-");
    one("{a:int}", "", "-");
    one("{a:ymd}", "2026-11-20", "-");
}

TEST(pattern_takes_times_as_moments)
{
    struct bench b;
    struct mm_pattern_hit hit;
    int64_t us, want;
    bool zone;

    begin(&b, (const char *const[]){"{:date} x {t:clock}", NULL});
    CHECK(mm_patterns_match(b.set, MM_S("2026/11/20 x 13:00:01"), NULL, &hit));
    CHECK(hit.has_when && hit.when.has_date && hit.count == 1);
    CHECK(mm_when_resolve(&hit.when, 0, 0, &us));
    CHECK(mm_time_parse(MM_S("2026-11-20T13:00:01Z"), 0, &want, &zone));
    CHECK_NUM(us, want);
    mm_arena_done(&b.arena);
}

TEST(pattern_reads_optional_parts)
{
    struct bench b;

    begin(&b, (const char *const[]){"in{? {n:int}{? of {m:int}}} end{?.}", NULL});
    expect(&b, "in end", "0");
    expect(&b, "in 3 end.", "0 n=3");
    expect(&b, "in 3 of 5 end", "0 n=3 m=5");
    expect(&b, "in of 5 end", "-");
    mm_arena_done(&b.arena);
}

TEST(pattern_prefers_the_longest_literal_then_the_narrowest_type)
{
    struct bench b;

    begin(&b,
          (const char *const[]){"user {u:word} from {a:ip}", "user invalid {u:word} from {a:ip}",
                                "user {u:word} at {h:host}", "n {i:int} x", "n {w:word} x",
                                "n {a:ip} x", "n {a:ip.port} x", NULL});
    expect(&b, "user sato from 192.0.2.1", "0 u=sato a=192.0.2.1");
    expect(&b, "user invalid sato from 192.0.2.1", "1 u=sato a=192.0.2.1");
    /* "invalid " stands there only in part: the capture behind "user " takes it. */
    expect(&b, "user inval from 192.0.2.1", "0 u=inval a=192.0.2.1");
    expect(&b, "user invalid from 192.0.2.1", "0 u=invalid a=192.0.2.1");
    expect(&b, "user sato at h1", "2 u=sato h=h1");
    expect(&b, "n 12 x", "3 i=12");
    expect(&b, "n 12a x", "4 w=12a");
    expect(&b, "n 192.0.2.1 x", "5 a=192.0.2.1");
    expect(&b, "n 192.0.2.1.5 x", "6 a.ip=192.0.2.1 a.port=5");
    mm_arena_done(&b.arena);
}

TEST(pattern_shares_a_way_and_keeps_each_templates_names)
{
    struct bench b;

    begin(&b, (const char *const[]){"{a:word} up {n:int}", "{b:word} down {n:int}", NULL});
    expect(&b, "x up 1", "0 a=x n=1");
    expect(&b, "x down 2", "1 b=x n=2");
    /* Cut short, the first capture could be a or b: it is left out. */
    expect(&b, "x up", "-");
    mm_arena_done(&b.arena);
}

TEST(pattern_gives_what_was_read_before_it_failed)
{
    struct bench b;

    begin(&b, (const char *const[]){"login {u:word} from {a:ip} port {p:port}", NULL});
    expect(&b, "login sato from 192.0.2.1 port 99999", "- u=sato a=192.0.2.1");
    expect(&b, "login sato from 192.0", "- u=sato");
    mm_arena_done(&b.arena);
}

TEST(pattern_refuses_bad_templates_with_their_byte)
{
    static const struct {
        const char *text;
        enum mm_code code;
        size_t at;
        const char *what;
    } cases[] = {
        {"", MM_E_SYNTAX, 0, "pattern.empty"},
        {"a {x:int", MM_E_SYNTAX, 2, "pattern.brace"},
        {"a {x:nope}", MM_E_SYNTAX, 3, "pattern.capture"},
        {"a {x}", MM_E_SYNTAX, 3, "pattern.capture"},
        {"{x:rest} a", MM_E_SYNTAX, 0, "pattern.rest"},
        {"{x:to}", MM_E_SYNTAX, 0, "pattern.to"},
        {"{x:last}{y:int}", MM_E_SYNTAX, 0, "pattern.to"},
        {"{?a}{?b}{?c}{?d}{?e}{?f}{?g}h", MM_E_LIMIT, 24, "pattern.options"},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_arena arena;
        struct mm_patterns *set;
        struct mm_fault f = {0};

        mm_arena_init(&arena, 1024 * 1024);
        set = mm_patterns_new(&arena);
        CHECK(mm_patterns_add(set, mm_slice_str(cases[i].text), 0, &f) == cases[i].code);
        CHECK_SLICE(mm_slice_str(f.what), cases[i].what);
        CHECK_NUM(f.at, cases[i].at);
        mm_arena_done(&arena);
    }
}

TEST(pattern_refuses_two_templates_for_the_same_lines)
{
    struct bench b;
    struct mm_fault f = {0};

    begin(&b, (const char *const[]){"a {x:int}{? b}", NULL});
    CHECK(mm_patterns_add(b.set, MM_S("a {y:int} b"), 1, &f) == MM_E_EXISTS);
    CHECK_SLICE(mm_slice_str(f.what), "pattern.same_as_another");
    mm_arena_done(&b.arena);
}

TEST(pattern_costs_the_same_for_many_templates)
{
    struct bench few, many;
    char text[64];
    const char *list[302];
    char store[300][32];

    begin(&few, (const char *const[]){"event 0150 of {a:ip} end", NULL});
    for (int i = 0; i < 300; i++) {
        (void)snprintf(store[i], sizeof(store[i]), "event %04d of {a:ip} end", i);
        list[i] = store[i];
    }
    list[300] = NULL;
    begin(&many, list);
    /* Each of them is found; that none slows the others down is the trie's shape, not a clock's. */
    for (int i = 0; i < 300; i++) {
        char want[64];

        (void)snprintf(text, sizeof(text), "event %04d of 192.0.2.%d end", i, i % 250);
        (void)snprintf(want, sizeof(want), "%d a=192.0.2.%d", i, i % 250);
        expect(&many, text, want);
    }
    expect(&few, "event 0150 of 192.0.2.7 end", "0 a=192.0.2.7");
    expect(&many, "event 0300 of 192.0.2.7 end", "-");
    mm_arena_done(&few.arena);
    mm_arena_done(&many.arena);
}

TEST(pattern_says_where_a_line_stopped_fitting_and_what_could_have_stood_there)
{
    static const struct {
        const char *line;
        size_t at;
        const char *want;
    } cases[] = {
        {"login of bob from here", 18, "{ip}"},
        {"login of bob from 192.0.2.1 port", 28, "\"at \""},
        {"login of bob from 192.0.2.1 at 10x", 33, "$"},
        {"logout", 3, "\"in of \""},
        {"", 0, "\"login of \""},
    };
    struct mm_arena a;
    struct mm_patterns *set;
    struct mm_buf out;
    size_t at = 0;

    mm_arena_init(&a, 1 << 20);
    mm_buf_init(&out, 4096);
    set = mm_patterns_new(&a);
    CHECK(mm_patterns_add(set, MM_S("login of {user:word} from {ip:ip} at {n:int}"), 1, NULL) ==
          MM_OK);
    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        CHECK(mm_patterns_expected(set, mm_slice_str(cases[i].line), &at, &out));
        CHECK_NUM(at, cases[i].at);
        CHECK_SLICE(mm_buf_slice(&out), cases[i].want);
    }
    CHECK(!mm_patterns_expected(set, MM_S("login of b from 192.0.2.1 at 1"), &at, &out));
    mm_buf_done(&out);
    mm_arena_done(&a);
}
