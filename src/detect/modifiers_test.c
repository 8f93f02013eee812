/* detect/modifiers_test.c - every modifier, what it matches and what it refuses. */
#include "tests/harness/test.h"

#include "detect/testkit.h"

TEST(modifiers_contains_startswith_endswith_all)
{
    HIT("  s:\n    A|contains: 'BC'\n  condition: s\n", "A", "abcd");
    MISS("  s:\n    A|contains: 'bx'\n  condition: s\n", "A", "abcd");
    HIT("  s:\n    A|startswith: 'AB'\n  condition: s\n", "A", "abcd");
    MISS("  s:\n    A|startswith: 'b'\n  condition: s\n", "A", "abcd");
    HIT("  s:\n    A|endswith:\n      - x\n      - 'CD'\n  condition: s\n", "A", "abcd");
    MISS("  s:\n    A|endswith: 'c'\n  condition: s\n", "A", "abcd");
    HIT("  s:\n    A|contains|all:\n      - ab\n      - cd\n  condition: s\n", "A", "abcd");
    MISS("  s:\n    A|contains|all:\n      - ab\n      - xx\n  condition: s\n", "A", "abcd");
    HIT("  s:\n    A|all|contains:\n      - ab\n      - cd\n  condition: s\n", "A", "abcd");
    HIT("  s:\n    A|contains: 'a*d'\n  condition: s\n", "A", "xabcdx");
    HIT("  s:\n    A|endswith: '\\\\*\\cmd.exe'\n  condition: s\n", "A", "C:\\x\\cmd.exe");
    HIT("  s:\n    A: 'a?c*'\n  condition: s\n", "A", "ABCD");
    MISS("  s:\n    A: 'a?c'\n  condition: s\n", "A", "ABCD");
}

TEST(modifiers_cased_neq)
{
    HIT("  s:\n    A|cased: aBc\n  condition: s\n", "A", "aBc");
    MISS("  s:\n    A|cased: aBc\n  condition: s\n", "A", "abc");
    HIT("  s:\n    A|contains|cased: Bc\n  condition: s\n", "A", "xaBcx");
    MISS("  s:\n    A|endswith|cased: Bc\n  condition: s\n", "A", "abc");
    HIT("  s:\n    A|neq: b\n  condition: s\n", "A", "a");
    MISS("  s:\n    A|neq: b\n  condition: s\n", "A", "B");
    MISS("  s:\n    A|neq:\n      - b\n      - c\n  condition: s\n", "A", "c");
    HIT("  s:\n    B: x\n    A|neq: b\n  condition: s\n", "B", "x"); /* absent is different */
    HIT("  s:\n    A|contains|neq: b\n  condition: s\n", "A", "xyz");
}

TEST(modifiers_re_i_m_s)
{
    HIT("  s:\n    A|re: '^a.c$'\n  condition: s\n", "A", "abc");
    MISS("  s:\n    A|re: '^a.c$'\n  condition: s\n", "A", "ABC");
    HIT("  s:\n    A|re|i: '^a.c$'\n  condition: s\n", "A", "ABC");
    HIT("  s:\n    A|re|ignorecase: 'B'\n  condition: s\n", "A", "abc");
    HIT("  s:\n    A|re: 'b+'\n  condition: s\n", "A", "aabbcc"); /* a search, not a match */
    MISS("  s:\n    A|re: '^b'\n  condition: s\n", "A", "a\nb");
    HIT("  s:\n    A|re|m: '^b'\n  condition: s\n", "A", "a\nb");
    MISS("  s:\n    A|re: 'a.b'\n  condition: s\n", "A", "a\nb");
    HIT("  s:\n    A|re|s: 'a.b'\n  condition: s\n", "A", "a\nb");
    HIT("  s:\n    A|re|dotall|multiline: '^b.$'\n  condition: s\n", "A", "a\nb\n");
    HIT("  s:\n    A|re: '(?i)ABC\\d{2}'\n  condition: s\n", "A", "xabc12");
    HIT("  s:\n    A|re: 'a(?=b)'\n  condition: s\n", "A", "ab");
    HIT("  s:\n    A|re:\n      - x\n      - c$\n  condition: s\n", "A", "abc");
    HIT("  s:\n    A|re: 'b'\n  condition: s\n", "A",
        "\xff"
        "b"); /* around bad bytes */
}

TEST(modifiers_cidr)
{
    HIT("  s:\n    A|cidr: 10.0.0.0/8\n  condition: s\n", "A", "10.2.3.4");
    MISS("  s:\n    A|cidr: 10.0.0.0/8\n  condition: s\n", "A", "11.2.3.4");
    MISS("  s:\n    A|cidr: 10.0.0.0/8\n  condition: s\n", "A", "ten");
    HIT("  s:\n    A|cidr:\n      - 10.0.0.0/8\n      - fe80::/10\n  condition: s\n", "A",
        "fe80::1");
    HIT("  s:\n    SourceIp|cidr: 192.168.0.0/16\n  condition: s\n", "source.ip", "192.168.3.4");
    HIT("  s:\n    SourceIp: '0:0:0:0:0:0:0:1'\n  condition: s\n", "source.ip", "::1");
    HIT("  s:\n    SourceIp|startswith: '192.168.'\n  condition: s\n", "source.ip", "192.168.3.4");
}

TEST(modifiers_compare_numbers)
{
    HIT("  s:\n    A|lt: 10\n  condition: s\n", "A", "9");
    MISS("  s:\n    A|lt: 10\n  condition: s\n", "A", "10");
    HIT("  s:\n    A|lte: 10\n  condition: s\n", "A", "10");
    HIT("  s:\n    A|gt: -1.5\n  condition: s\n", "A", "-1");
    MISS("  s:\n    A|gt: 10\n  condition: s\n", "A", "9"); /* numbers, not texts */
    HIT("  s:\n    A|gte: 10\n  condition: s\n", "A", "0x10");
    MISS("  s:\n    A|gte: 10\n  condition: s\n", "A", "many");
    HIT("  s:\n    DestinationPort|gte: 1024\n  condition: s\n", "destination.port", "8080");
    HIT("  s:\n    DestinationPort:\n      - 443\n      - 8080\n  condition: s\n",
        "destination.port", "8080");
    HIT("  s:\n    EventID: 4624\n  condition: s\n", "event.code", "4624");
    HIT("  s:\n    A: 0x1410\n  condition: s\n", "A", "0x1410");
    HIT("  s:\n    A: 0x1410\n  condition: s\n", "A", "5136");
    MISS("  s:\n    A: '0x1410'\n  condition: s\n", "A", "5136");
}

TEST(modifiers_fieldref)
{
    HIT("  s:\n    A|fieldref: B\n  condition: s\n", "A", "x", "B", "X");
    MISS("  s:\n    A|fieldref: B\n  condition: s\n", "A", "x", "B", "y");
    MISS("  s:\n    A|fieldref: B\n  condition: s\n", "A", "x");
    HIT("  s:\n    A|fieldref|endswith: B\n  condition: s\n", "A", "C:\\dir\\x", "B", "\\x");
    HIT("  s:\n    A|fieldref|startswith: B\n  condition: s\n", "A", "xyz", "B", "XY");
    HIT("  s:\n    A|contains|fieldref: B\n  condition: s\n", "A", "xyz", "B", "y");
    HIT("  s:\n    A|fieldref|neq: B\n  condition: s\n", "A", "x", "B", "y");
    MISS("  s:\n    A|fieldref|cased: B\n  condition: s\n", "A", "x", "B", "X");
    HIT("  s:\n    A|equalsfield: B\n  condition: s\n", "A", "x", "B", "x");
    HIT("  s:\n    A|endswithfield: B\n  condition: s\n", "A", "ax", "B", "x");
    HIT("  s:\n    SourceIp|fieldref: DestinationIp\n  condition: s\n", "source.ip", "10.0.0.1",
        "destination.ip", "10.0.0.1");
}

TEST(modifiers_encode_texts)
{
    HIT("  s:\n    A|base64: foo\n  condition: s\n", "A", "Zm9v");
    HIT("  s:\n    A|base64|contains: 'http://'\n  condition: s\n", "A", "xaHR0cDovLw==y");
    HIT("  s:\n    A|base64offset|contains: 'http://'\n  condition: s\n", "A", "aHR0cDovL3g=");
    HIT("  s:\n    A|base64offset|contains: 'http://'\n  condition: s\n", "A", "eGh0dHA6Ly95");
    HIT("  s:\n    A|base64offset|contains: 'http://'\n  condition: s\n", "A", "eHhodHRwOi8veQ==");
    MISS("  s:\n    A|base64offset|contains: 'http://'\n  condition: s\n", "A", "eHhmdHA6Ly95");
    /* base64 of the UTF-16LE of "IEX (New" */
    HIT("  s:\n    A|wide|base64offset|contains: 'IEX'\n  condition: s\n", "A",
        "-enc SQBFAFgAIAAoAE4AZQB3AA==");
    HIT("  s:\n    A|utf16le|base64offset|contains: 'New'\n  condition: s\n", "A",
        "-enc SQBFAFgAIAAoAE4AZQB3AA==");
    HIT("  s:\n    A|utf16be|base64: 'ab'\n  condition: s\n", "A", "AGEAYg==");
    HIT("  s:\n    A|utf16|base64: 'ab'\n  condition: s\n", "A", "//5hAGIA");
}

TEST(modifiers_windash)
{
    const char *d = "  s:\n    A|contains|windash: ' -enc '\n  condition: s\n";

    HIT(d, "A", "powershell -enc x");
    HIT(d, "A", "powershell /enc x");
    HIT(d, "A",
        "powershell \xe2\x80\x93"
        "enc x");
    HIT(d, "A",
        "powershell \xe2\x80\x94"
        "enc x");
    HIT(d, "A",
        "powershell \xe2\x80\x95"
        "enc x");
    MISS(d, "A", "powershell enc x");
    HIT("  s:\n    A|contains|all|windash:\n      - '-a'\n      - '/b'\n  condition: s\n", "A",
        "x /a -b");
    MISS("  s:\n    A|contains|all|windash:\n      - '-a'\n      - '/b'\n  condition: s\n", "A",
         "x /a -c");
}

TEST(modifiers_parts_of_dates)
{
    HIT("  s:\n    A|hour: 3\n  condition: s\n", "A", "2025-01-31 03:05:00.123");
    HIT("  s:\n    A|minute: 5\n  condition: s\n", "A", "2025-01-31T03:05:00+09:00");
    HIT("  s:\n    A|day: 31\n  condition: s\n", "A", "2025-01-31T03:05:00Z");
    HIT("  s:\n    A|month: 1\n  condition: s\n", "A", "2025-01-31T03:05:00Z");
    HIT("  s:\n    A|year: 2025\n  condition: s\n", "A", "2025-01-31T03:05:00Z");
    HIT("  s:\n    A|week: 5\n  condition: s\n", "A", "2025-01-31T03:05:00Z");
    HIT("  s:\n    A|week: 1\n  condition: s\n", "A", "2024-12-30T03:05:00Z"); /* ISO 8601 */
    HIT("  s:\n    A|week: 53\n  condition: s\n", "A", "2021-01-03T03:05:00Z");
    HIT("  s:\n    A|hour|gte: 22\n  condition: s\n", "A", "2025-01-31T23:05:00Z");
    MISS("  s:\n    A|hour|lt: 22\n  condition: s\n", "A", "2025-01-31T23:05:00Z");
    MISS("  s:\n    A|hour: 3\n  condition: s\n", "A", "at three");
    HIT("  s:\n    '@timestamp|year': 1970\n  condition: s\n", "A", "x");
}

TEST(keywords_search_the_whole_event)
{
    struct mm_ruleset *set = kit_load(KIT_HEAD "  k:\n    - 'evil*tool'\n    - c:\\temp\n"
                                               "  all:\n    '|all':\n      - one\n      - two\n"
                                               "  condition: k or all\n");
    struct mm_event ev;

    kit_event(&ev, KIT_NV("A", "x"));
    CHECK_NUM(kit_match(set, &ev), 0);
    ev.original = MM_S("<13>host app: the EVIL new tool");
    CHECK_NUM(kit_match(set, &ev), 1);
    ev.original = MM_S("two and One");
    CHECK_NUM(kit_match(set, &ev), 1);
    ev.original = MM_S("two and three");
    CHECK_NUM(kit_match(set, &ev), 0);
    /* A document's line is escaped: its values are searched. */
    kit_event(&ev, KIT_NV("A", "C:\\Temp\\x"));
    ev.original = MM_S("{\"A\":\"C:\\\\Temp\\\\x\"}");
    CHECK_NUM(kit_match(set, &ev), 1);
    ev.original = MM_S("<13>host app: {\"A\":\"C:\\\\Temp\\\\x\"}");
    CHECK_NUM(kit_match(set, &ev), 1);
    mm_rules_unref(&set);
    set = kit_load(KIT_HEAD "  k: single\n  condition: k\n");
    ev.original = MM_S("a SINGLE word");
    CHECK_NUM(kit_match(set, &ev), 1);
    mm_rules_unref(&set);
}

TEST(rule_with_an_error_is_refused_alone_with_its_line)
{
    static const struct {
        const char *detection;
        uint32_t line;
        const char *what;
    } cases[] = {
        {"  s:\n    A|frobnicate: x\n  condition: s\n", 5, "rule.modifier.unknown"},
        {"  s:\n    A|: x\n  condition: s\n", 5, "rule.modifier.unknown"},
        {"  s:\n    A|re: '('\n  condition: s\n", 5, "rule.regex.syntax"},
        {"  s:\n    A|i: 'x'\n  condition: s\n", 5, "rule.modifier.order"},
        {"  s:\n    A|contains|re: 'x'\n  condition: s\n", 5, "rule.modifier.order"},
        {"  s:\n    A|re|cidr: 'x'\n  condition: s\n", 5, "rule.modifier.order"},
        {"  s:\n    A|cidr: 10.0.0.1/8\n  condition: s\n", 5, "rule.value.network"},
        {"  s:\n    A|gt: many\n  condition: s\n", 5, "rule.value.number"},
        {"  s:\n    A|hour: noon\n  condition: s\n", 5, "rule.value.number"},
        {"  s:\n    A|exists: maybe\n  condition: s\n", 5, "rule.value.boolean"},
        {"  s:\n    A|base64: 'a*'\n  condition: s\n", 5, "rule.value.encoding"},
        {"  s:\n    A|contains: null\n  condition: s\n", 5, "rule.modifier.null"},
        {"  s:\n    A|contains|windash: '-a -b -c -d'\n  condition: s\n", 5, "rule.value.long"},
        {"  s:\n    A: {b: c}\n  condition: s\n", 5, "rule.value.kind"},
        {"  s:\n    A: []\n  condition: s\n", 5, "rule.values.none"},
        {"  s: {}\n  condition: s\n", 4, "rule.detection.empty"},
        {"  s:\n    A: x\n", 4, "rule.condition.none"},
        {"  s:\n    A: x\n  condition: t\n", 6, "rule.condition.unknown"},
        {"  s:\n    A: x\n  condition: 1 of t*\n", 6, "rule.condition.nothing"},
        {"  s:\n    A: x\n  condition: s | count() > 3\n", 6, "rule.condition.aggregation"},
        {"  s:\n    A: x\n  timeframe: 5m\n  condition: s\n", 6, "rule.timeframe"},
        {"  s:\n    A: x\n  condition: s\nlevel: huge\n", 7, "rule.level"},
        {"  s:\n    A: x\n  condition: s\nmimamori: {entity: no.such}\n", 7, "rule.entity"},
    };
    char text[2048];

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_ruleset *set = NULL;

        (void)snprintf(text, sizeof(text),
                       KIT_HEAD "%s---\n" KIT_TITLE("u") "  ok:\n    A: x\n  condition: ok\n",
                       cases[i].detection);
        printf("# %s\n", cases[i].what);
        CHECK(mm_rules_load_text(MM_S("t.yml"), mm_slice_str(text), NULL, &set) == MM_OK);
        CHECK_NUM(mm_rules_count(set), 1); /* its neighbour loads */
        CHECK_NUM(mm_rules_refused(set), 1);
        CHECK_SLICE(mm_slice_str(mm_rules_refusal(set, 0)->what), cases[i].what);
        CHECK_NUM(mm_rules_refusal(set, 0)->line, cases[i].line);
        CHECK(mm_rules_reason(cases[i].what) != cases[i].what); /* there are words for it */
        mm_rules_unref(&set);
    }
}
