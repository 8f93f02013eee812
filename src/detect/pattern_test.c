/* detect/pattern_test.c - values: escapes, wildcards, encodings, folding. */
#include "tests/harness/test.h"

#include "detect/fold.h"
#include "detect/pattern.h"
#include "detect/regex.h"

/* Tokens as text: a star is written <*>, a question mark <?>. */
static void check_tokens(struct mm_pat p, const char *want)
{
    char out[512];
    size_t n = 0;

    for (size_t i = 0; i < p.n; i++) {
        if (p.t[i] > 0xff) {
            memcpy(out + n, p.t[i] == MM_PAT_ANY ? "<*>" : "<?>", 3);
            n += 3;
        } else {
            out[n++] = (char)p.t[i];
        }
    }
    CHECK_SLICE(mm_slice_of(out, n), want);
}

TEST(value_escapes_follow_the_specification)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"plain", "plain"},
        {"a*b?c", "a<*>b<?>c"},
        {"\\*", "*"},
        {"\\?", "?"},
        {"C:\\Windows\\cmd.exe", "C:\\Windows\\cmd.exe"},
        {"a\\\\b", "a\\b"},   /* two are one */
        {"\\\\*", "\\<*>"},   /* a backslash, then anything */
        {"\\\\\\*", "\\*"},   /* both are plain */
        {"\\\\\\", "\\\\"},   /* three in a row are two */
        {"\\\\\\\\", "\\\\"}, /* so are four */
        {"\\\\\\\\server", "\\\\server"},
        {"end\\", "end\\"},
        {"a**b", "a<*>b"},
        {"??", "<?><?>"},
        {"\\*\\\\*", "*\\<*>"},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_arena a;
        struct mm_pat p;

        mm_arena_init(&a, 1024 * 1024);
        printf("# %s\n", cases[i].text);
        CHECK(mm_pat_parse(&a, mm_slice_str(cases[i].text), &p) == MM_OK);
        check_tokens(p, cases[i].want);
        mm_arena_done(&a);
    }
}

static bool globs(const char *pattern, const char *text, bool cased)
{
    struct mm_arena a;
    struct mm_pat p;
    struct mm_glob g;
    uint8_t folded[512];
    struct mm_slice s = mm_slice_str(text);
    bool yes;

    mm_arena_init(&a, 1024 * 1024);
    CHECK(mm_pat_parse(&a, mm_slice_str(pattern), &p) == MM_OK);
    CHECK(mm_glob_make(&a, &p, cased, &g) == MM_OK);
    if (!cased)
        s = mm_slice_of(folded, mm_fold(folded, s));
    yes = mm_glob_match(&g, s);
    mm_arena_done(&a);
    return yes;
}

TEST(glob_matches_like_sigma)
{
    static const struct {
        const char *pattern, *text;
        bool yes;
    } cases[] = {
        {"abc", "ABC", true},
        {"abc", "abcd", false},
        {"", "", true},
        {"", "a", false},
        {"*", "", true},
        {"*", "x", true},
        {"a*", "abc", true},
        {"a*", "ba", false},
        {"*c", "abc", true},
        {"*c", "abcd", false},
        {"*b*", "abc", true},
        {"*x*", "abc", false},
        {"a*c", "abc", true},
        {"a*c", "ac", true},
        {"a*c", "acb", false},
        {"a*b*c", "aXbYc", true},
        {"a*b*c", "acb", false},
        {"*aab*", "aaab", true},
        {"a?c", "abc", true},
        {"a?c", "ac", false},
        {"?", "", false},
        {"a?c",
         "a\xe3\x81\x82"
         "c",
         true}, /* one character, three bytes */
        {"*?c",
         "\xe3\x81\x82"
         "c",
         true},
        {"??", "\xe3\x81\x82", false},
        {"*a?", "xa\xe3\x81\x82", true},
        {"a?", "a\xff", true},
        {"*ab*ab", "abab", true},
        {"*ab*ab", "ab", false},
        {"a*a", "a", false},
        {"*.exe", "X.EXE", true},
        {"\xc3\x84*", "\xc3\xa4x", true}, /* Umlaut */
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        printf("# %s %s\n", cases[i].pattern, cases[i].text);
        CHECK(globs(cases[i].pattern, cases[i].text, false) == cases[i].yes);
    }
    CHECK(!globs("abc", "ABC", true));
    CHECK(globs("a*C", "abC", true));
}

static const char *encode(struct mm_arena *a, const char *text, const char *how, char *out)
{
    struct mm_pat p;
    size_t n = 0;
    enum mm_code code = mm_pat_parse(a, mm_slice_str(text), &p);

    for (; *how != '\0' && code == MM_OK; how++) {
        if (*how == 'w' || *how == 'b' || *how == 'm')
            code = mm_pat_utf16(a, *how == 'b', *how == 'm', &p);
        else if (*how == '6')
            code = mm_pat_base64(a, &p);
        else
            code = mm_pat_base64offset(a, (unsigned)(*how - '0'), &p);
    }
    if (code != MM_OK)
        return "refused";
    for (size_t i = 0; i < p.n; i++)
        out[n++] = (char)(p.t[i] > 0xff ? '*' : p.t[i] == 0 ? '.' : p.t[i]);
    out[n] = '\0';
    return out;
}

TEST(encodings_are_those_that_others_compute)
{
    /* Expected values: Python's base64 and codecs. */
    static const struct {
        const char *text, *how, *want;
    } cases[] = {
        {"foo", "6", "Zm9v"},
        {"fo", "6", "Zm8="},
        {"f", "6", "Zg=="},
        {"", "6", ""},
        {"foobar", "0", "Zm9vYmFy"},
        {"foobar", "1", "Zvb2Jhc"},
        {"foobar", "2", "mb29iYX"},
        {"cmd", "w", "c.m.d."},
        {"cmd", "b", ".c.m.d"},
        {"a*b", "w", "a.*b."},
        {"cmd", "m",
         "\xff\xfe"
         "c.m.d."},
        {"http", "w6", "aAB0AHQAcAA="},
        {"a*", "6", "refused"},
        {"a", "0", "Y"},
        {"a", "2", "h"},
        {"a", "1", "refused"}, /* nothing of it is its own */
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_arena a;
        char out[256];

        mm_arena_init(&a, 1024 * 1024);
        printf("# %s %s\n", cases[i].text, cases[i].how);
        CHECK_SLICE(mm_slice_str(encode(&a, cases[i].text, cases[i].how, out)), cases[i].want);
        mm_arena_done(&a);
    }
}

TEST(windash_changes_only_dashes_in_front_of_words)
{
    static const struct {
        const char *text;
        size_t n;
    } cases[] = {{" -enc ", 5},  {"/c", 5},     {"a-b", 1},           {" --x", 5},       {"- ", 1},
                 {" -a -b", 25}, {"x/y /z", 5}, {"\xe2\x80\x93x", 5}, {"-a -b -c -d", 0}};

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_pat made[MM_PAT_MAX_WINDASH], p;
        struct mm_arena a;
        size_t n = 0;

        mm_arena_init(&a, 4 * 1024 * 1024);
        printf("# %s\n", cases[i].text);
        CHECK(mm_pat_parse(&a, mm_slice_str(cases[i].text), &p) == MM_OK);
        CHECK(mm_pat_windash(&a, &p, made, &n) == (cases[i].n == 0 ? MM_E_LIMIT : MM_OK));
        CHECK_NUM(n, cases[i].n);
        mm_arena_done(&a);
    }
}

TEST(folding_knows_more_than_ascii)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"ABC xyz 0-9 @[`{", "abc xyz 0-9 @[`{"},
        {"\xc3\x84\xc3\x96", "\xc3\xa4\xc3\xb6"},
        {"\xce\xa3\xcf\x82", "\xcf\x83\xcf\x83"},                 /* both sigmas are one */
        {"\xef\xbc\xa1\xef\xbd\x81", "\xef\xbd\x81\xef\xbd\x81"}, /* full-width letters */
        {"\xd0\x96", "\xd0\xb6"},
        {"\xc8\xba", "\xe2\xb1\xa5"}, /* grows */
        {"\xe2\x84\xaa", "k"},        /* shrinks */
        {"\xff\xc3", "\xff\xc3"},     /* not UTF-8: left alone */
        {"\xe3\x81\x82", "\xe3\x81\x82"},
        {"ABCDEFG\xc3\x84HIJKLMNOP", "abcdefg\xc3\xa4hijklmnop"},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        uint8_t out[64];
        struct mm_slice in = mm_slice_str(cases[i].text);

        CHECK(mm_fold_room(in.n) <= sizeof(out));
        CHECK_SLICE(mm_slice_of(out, mm_fold(out, in)), cases[i].want);
    }
}

TEST(folding_twice_is_folding_once)
{
    for (uint32_t c = 0; c <= 0x10ffff; c++)
        CHECK(mm_fold_point(mm_fold_point(c)) == mm_fold_point(c));
}

TEST(regular_expressions_own_up_to_the_text_they_need)
{
    static const struct {
        const char *src, *want;
    } cases[] = {
        {"abc", "abc"},
        {"^abc$", "abc"},
        {"ab.cde", "cde"},
        {"abc*de", "ab"},
        {"abcd?e", "abc"},
        {"abc+de", "abc"},
        {"abcd{0,3}e", "abc"},
        {"a\\.b\\\\c", "a.b\\c"},
        {"net\\s+user\\s+", "user"},
        {"(abc|de)fgh", "fgh"},
        {"abc|def", ""},
        {"(?i)abc", "abc"},
        {"(?x)a b c", ""},
        {"ab(?!cdef)g", "ab"},
        {"x(abc)?y", "x"},
        {"[abc]def[^]x]ghij", "ghij"},
        {"[[:alpha:]]def", "def"},
        {"[\\]a]def", "def"},
        {"\\Qa.b\\E", ""},
        {"\\x41bcd", ""},
        {"\\p{L}bcd", ""},
        {"\\1abc", ""},
        {"abc)", ""},
        {"(abc", ""},
        {"\xe3\x81\x82\xe3\x81\x84?x", "\xe3\x81\x82"},
        {"(*UCP)abc", ""},
        {"a{b|c}def", ""}, /* no quantifier: the bar divides */
        {"[[:x]def", ""},
        {"[\\Q]\\E]def", ""},
        {"[abc", ""},
        {"a(b(c)d)ef", "ef"},
        {"", ""},
        {"C:\\\\Windows\\\\System32\\\\[a-z]+zqmzxkwj",
         "zqmzxkwj"}, /* tells more than a longer one */
        {"ab[a-z]+\\.exe", ".exe"},
    };
    struct mm_everyday everyday;

    mm_everyday_init(&everyday);
    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_arena a;
        struct mm_slice got;

        mm_arena_init(&a, 1024 * 1024);
        printf("# %s\n", cases[i].src);
        CHECK(mm_regex_literal(&a, &everyday, mm_slice_str(cases[i].src), &got) == MM_OK);
        CHECK_SLICE(got, cases[i].want);
        mm_arena_done(&a);
    }
}
