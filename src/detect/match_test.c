/* detect/match_test.c - quick ways to an answer give the answer that slow ones give. */
#include <sys/mman.h>
#include <unistd.h>

#include "detect/matcher.h"
#include "tests/harness/test.h"

#include "detect/testkit.h"

enum { LENGTHS = 300 };

TEST(text_of_ascii_is_known_at_every_length_and_place)
{
    uint8_t text[LENGTHS];

    memset(text, 'a', sizeof(text));
    for (size_t n = 0; n <= 130; n++) {
        CHECK(mm_text_is_ascii(mm_slice_of(text, n)));
        for (size_t i = 0; i < n; i++) {
            text[i] = 0x80;
            CHECK(!mm_text_is_ascii(mm_slice_of(text, n)));
            text[i] = 'a';
        }
        text[n] = 0x80; /* behind it, nobody looks */
        CHECK(mm_text_is_ascii(mm_slice_of(text, n)));
        text[n] = 'a';
    }
}

/* Does the set match an event whose one extra is this? */
static bool with_extra(struct mm_matcher *m, struct mm_slice value, struct mm_slice other)
{
    struct mm_event ev;
    uint32_t hit;

    mm_event_reset(&ev);
    CHECK(mm_event_name(&ev, MM_S("winlog.channel"), MM_S("Security")));
    CHECK(mm_event_name(&ev, MM_S("winlog.event_data.A"), value));
    CHECK(mm_event_name(&ev, MM_S("winlog.event_data.B"), other));
    return mm_rules_match(m, &ev, &hit, 1) == 1;
}

/* Words are sorted by their length and looked through at strides. */
TEST(keyword_is_found_at_every_place_of_every_length)
{
    static const struct mm_slice words[] = {MM_S_INIT("lsadump::"), MM_S_INIT("sekurlsa::logon")};
    static const struct mm_slice others[] = {MM_S_INIT("-"), MM_S_INIT("\xe3\x81\x82\xc3\x84")};
    struct mm_ruleset *set = kit_load(KIT_HEAD "  k:\n    - 'lsadump::'\n    - 'sekurlsa::logon'\n"
                                               "    - 'kerberos::golden'\n  condition: k\n");
    struct mm_matcher *m = mm_matcher_new(set);
    uint8_t text[LENGTHS];

    for (size_t w = 0; w < MM_COUNT(words); w++) {
        for (size_t n = words[w].n; n < LENGTHS; n += n < 70 ? 1 : 23) {
            memset(text, 'x', sizeof(text));
            CHECK(!with_extra(m, mm_slice_of(text, n), others[w]));
            for (size_t at = 0; at + words[w].n <= n; at += n < 70 ? 1 : 5) {
                memset(text, 'x', sizeof(text));
                memcpy(text + at, words[w].p, words[w].n);
                text[at] = (uint8_t)(text[at] - ('a' - 'A'));
                CHECK(with_extra(m, mm_slice_of(text, n), others[n % 2]));
                text[at + words[w].n - 1] = ';';
                CHECK(!with_extra(m, mm_slice_of(text, n), others[n % 2]));
            }
        }
    }
    mm_matcher_free(&m);
    mm_rules_unref(&set);
}

/* However the literals of an index are looked for: one by one, by pairs, by pieces. */
TEST(keywords_of_every_length_are_found_together)
{
    struct mm_ruleset *set =
        kit_load(KIT_HEAD "  k: [qz, qy, qx, qw, qv, qu, qt, qs, qr, qp, kerberosgolden]\n"
                          "  condition: k\n");
    struct mm_matcher *m = mm_matcher_new(set);

    CHECK(with_extra(m, MM_S("some-qr-thing"), MM_S("-")));
    CHECK(with_extra(m, MM_S("KerberosGolden"), MM_S("-")));
    CHECK(!with_extra(m, MM_S("q r"), MM_S("-")));
    mm_matcher_free(&m);
    mm_rules_unref(&set);
    set = kit_load(KIT_HEAD "  k: [kiwix, kerberos-golden-ticket, sekurlsa-logon-passwords]\n"
                            "  condition: k\n");
    m = mm_matcher_new(set);
    CHECK(with_extra(m, MM_S("some-KIWIX-thing"), MM_S("-")));
    CHECK(with_extra(m, MM_S("the-kerberos-golden-ticket"), MM_S("-")));
    CHECK(!with_extra(m, MM_S("some-kiwi-thing"), MM_S("-")));
    mm_matcher_free(&m);
    mm_rules_unref(&set);
}

static void nothing(void *ctx, uint32_t tag)
{
    (void)ctx;
    (void)tag;
}

/* A page that must not be read begins behind each text. */
TEST(search_reads_no_byte_behind_the_text)
{
    struct mm_lit lit[] = {{.text = MM_S_INIT("lsadump::"), .kind = MM_LIT_CONTAINS},
                           {.text = MM_S_INIT("sekurlsa::"), .kind = MM_LIT_CONTAINS},
                           {.text = MM_S_INIT("kerberos::ptt"), .kind = MM_LIT_CONTAINS},
                           {.text = MM_S_INIT("ends"), .kind = MM_LIT_SUFFIX},
                           {.text = MM_S_INIT("begins"), .kind = MM_LIT_PREFIX}};
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *p = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct mm_everyday everyday;
    struct mm_arena arena;
    struct mm_lits lits;

    CHECK(p != MAP_FAILED && mprotect(p + page, page, PROT_NONE) == 0);
    mm_everyday_init(&everyday);
    mm_arena_init(&arena, 1024 * 1024);
    CHECK(mm_lits_build(&arena, &everyday, lit, MM_COUNT(lit), &lits) == MM_OK);
    CHECK(lits.plain.bytes != NULL);
    for (size_t n = 0; n < 150; n++) {
        CHECK(mm_text_is_ascii(mm_slice_of(p + page - n, n)));
        mm_lits_find(&lits, mm_slice_of(p + page - n, n), true, nothing, NULL);
    }
    mm_arena_done(&arena);
    CHECK(munmap(p, 2 * page) == 0);
}

TEST(keyword_beyond_ascii_is_found_in_either_case)
{
    struct mm_ruleset *set = kit_load(KIT_HEAD "  k:\n    - '\xc3\xa4\xc3\xb6\xc3\xbcmimikatz'\n"
                                               "    - 'kiwilegitprinter'\n  condition: k\n");
    struct mm_matcher *m = mm_matcher_new(set);

    CHECK(with_extra(m, MM_S("is \xc3\x84\xc3\x96\xc3\x9cMimiKatz here"), MM_S("-")));
    CHECK(!with_extra(m, MM_S("is \xc3\x84\xc3\x96\xc3\x9f_MimiKatz here"), MM_S("-")));
    /* The Kelvin sign is a k. */
    CHECK(with_extra(m, MM_S("\xe2\x84\xaaiwiLegitPrinter"), MM_S("-")));
    CHECK(!with_extra(m, MM_S("\xe2\x84\xabiwiLegitPrinter"), MM_S("-")));
    mm_matcher_free(&m);
    mm_rules_unref(&set);
}

/* Numbers of extras are guessed from the event before: names that nearly agree are not confused. */
/* U+023A takes two bytes, and its small form U+2C65 three: what was short is long when folded. */
TEST(keyword_that_grows_when_it_is_folded_is_found)
{
    struct mm_ruleset *set =
        kit_load(KIT_HEAD "  k:\n    - '\xe2\xb1\xa5\xe2\xb1\xa5\xe2\xb1\xa5\xe2\xb1\xa5'\n"
                          "    - 'sekurlsa::logon'\n  condition: k\n");
    struct mm_matcher *m = mm_matcher_new(set);

    CHECK(with_extra(m, MM_S("\xc8\xba\xc8\xba\xc8\xba\xc8\xba"), MM_S("-")));
    CHECK(!with_extra(m, MM_S("\xc8\xba\xc8\xba\xc8\xba"), MM_S("-")));
    mm_matcher_free(&m);
    mm_rules_unref(&set);
}

TEST(extras_are_known_by_name_whatever_came_before)
{
    static const char *const names[] = {"winlog.event_data.LongerName1",
                                        "winlog.event_data.LongerName2",
                                        "winlog.event_data.ShortName_1",
                                        "winlog.event_data.Longer_ame1",
                                        "winlog.event_data.LongerName",
                                        "winlog.event_data.UnknownName",
                                        "x.y",
                                        "x.z"};
    struct mm_ruleset *set =
        kit_load(KIT_TITLE("a") "  s:\n    LongerName1: yes1\n  condition: s\n---\n" //
                 KIT_TITLE("b") "  s:\n    LongerName2: yes1\n  condition: s\n---\n" //
                 KIT_TITLE("c") "  s:\n    ShortName_1: yes1\n  condition: s\n---\n" //
                 KIT_TITLE("d") "  s:\n    Longer_ame1: yes1\n  condition: s\n---\n" //
                 KIT_TITLE("e") "  s:\n    LongerName: yes1\n  condition: s\n---\n"  //
                 KIT_TITLE("f") "  s:\n    x.y: yes1\n  condition: s\n");
    static const uint32_t rule_of[] = {0, 1, 2, 3, 4, UINT32_MAX, 5, UINT32_MAX};
    struct mm_matcher *m = mm_matcher_new(set);
    uint32_t seed = 1, hits[4];

    for (int round = 0; round < 400; round++) {
        size_t fill, yes;
        struct mm_event ev;

        seed = seed * 1103515245U + 12345U;
        fill = seed >> 16 & 1 ? MM_ROUTE_EXTRAS - 2 : seed >> 17 & 3;
        yes = (seed >> 20) % MM_COUNT(names);
        mm_event_reset(&ev);
        CHECK(mm_event_name(&ev, MM_S("winlog.channel"), MM_S("Security")));
        for (size_t i = 0; i < fill; i++)
            CHECK(mm_event_name(&ev, MM_S("some.thing"), MM_S("-")));
        for (size_t i = 0; i < MM_COUNT(names); i++) {
            size_t at = (i + (seed >> 24)) % MM_COUNT(names);

            CHECK(
                mm_event_name(&ev, mm_slice_str(names[at]), at == yes ? MM_S("yes1") : MM_S("no")));
        }
        CHECK_NUM(mm_rules_match(m, &ev, hits, 4), rule_of[yes] == UINT32_MAX ? 0 : 1);
        if (rule_of[yes] != UINT32_MAX)
            CHECK_NUM(hits[0], rule_of[yes]);
    }
    mm_matcher_free(&m);
    mm_rules_unref(&set);
}

/* A large set that wakes no rule is looked for at once: each of its values counts, no other does.
 */
TEST(large_sets_hold_for_each_of_their_values)
{
    static const char rule[] =
        "  s:\n    A: zzzz-zzzz-zzzz\n"
        "  f1:\n    B:\n      - one\n      - 'begins*'\n      - '*ends'\n      - '*within*'\n"
        "      - '*\xc3\xa4\xc3\xb6*'\n      - ''\n      - 'six'\n"
        "  condition: s and not f1\n";
    static const struct {
        const char *value;
        bool in;
    } cases[] = {
        {"one", true},
        {"ONE", true},
        {"ones", false},
        {"beginsX", true},
        {"Xbegins", false},
        {"Xends", true},
        {"endsX", false},
        {"a within b", true},
        {"a withi b", false},
        {"x\xc3\x84\xc3\x96y", true},
        {"x\xc3\x84y", false},
        {"", true},
        {"six", true},
        {"sixsix", false},
        {"\xe3\x81\x82 WITHIN", true},
    };
    struct mm_ruleset *set;
    size_t at_once = 0;

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        if (cases[i].in)
            MISS(rule, "winlog.event_data.A", "zzzz-zzzz-zzzz", "winlog.event_data.B",
                 cases[i].value);
        else
            HIT(rule, "winlog.event_data.A", "zzzz-zzzz-zzzz", "winlog.event_data.B",
                cases[i].value);
    }
    HIT(rule, "winlog.event_data.A", "zzzz-zzzz-zzzz");
    MISS("  s:\n    A: zz-zz-zz\n  f1:\n    B|cased: [Aa, Bb, Cc, Dd, Ee, Ff]\n"
         "  condition: s and not f1\n",
         "winlog.event_data.A", "zz-zz-zz", "winlog.event_data.B", "Ee");
    HIT("  s:\n    A: zz-zz-zz\n  f1:\n    B|cased: [Aa, Bb, Cc, Dd, Ee, Ff]\n"
        "  condition: s and not f1\n",
        "winlog.event_data.A", "zz-zz-zz", "winlog.event_data.B", "EE");
    set = kit_load(KIT_HEAD "  s:\n    A: z\n  f:\n    B: [a, b, c, d, e, '*f*']\n"
                            "  g:\n    B: [a, b, c, d, e, '*f*g']\n"
                            "  condition: s and not f and not g\n");
    for (size_t i = 0; i < set->set_n; i++)
        at_once += set->sets[i].lits != NULL;
    CHECK_NUM(at_once, 1); /* a wildcard within is no plain text */
    mm_rules_unref(&set);
}
