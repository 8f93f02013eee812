/* codec/ext/json_test.c - promises of the JSON reader. */
#include "codec/ext/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "tests/harness/test.h"

enum { SIZE_MAX_TEST = 64 * 1024, ARENA_TEST = 1024 * 1024 };

static enum mm_code parse(struct mm_slice in, struct mm_json_doc *ret, struct mm_fault *fault)
{
    struct mm_json *j = mm_json_new(SIZE_MAX_TEST);
    static struct mm_json_item items[64];
    static uint8_t kept[64 * 1024];
    struct mm_arena arena;
    struct mm_json_doc doc = {0};
    enum mm_code code;

    CHECK(j != NULL);
    mm_arena_init(&arena, ARENA_TEST);
    code = mm_json_parse(j, in, &arena, &doc, fault);
    if (code == MM_OK && ret != NULL) {
        CHECK(doc.n <= MM_COUNT(items));
        /* Texts borrow the arena that ends here: kept until the next parse. */
        for (size_t i = 0, used = 0; i < doc.n; i++) {
            CHECK(doc.item[i].text.n <= sizeof(kept) - used);
            items[i] = doc.item[i];
            if (items[i].text.n > 0)
                memcpy(kept + used, items[i].text.p, items[i].text.n);
            items[i].text.p = kept + used;
            used += items[i].text.n;
        }
        *ret = (struct mm_json_doc){.item = items, .n = doc.n};
    }
    mm_arena_done(&arena);
    mm_json_free(&j);
    CHECK(j == NULL);
    return code;
}

TEST(json_lists_members_in_order_with_depth_and_end)
{
    static const struct {
        const char *key, *text;
        uint8_t type, depth;
        uint32_t end;
    } want[] = {
        {"", "{\"a\": 1, \"b\": [true, null, {\"c\":\"x\"}], \"d\": -1.5e3}", MM_JSON_OBJECT, 0, 8},
        {"a", "1", MM_JSON_NUMBER, 1, 2},
        {"b", "[true, null, {\"c\":\"x\"}]", MM_JSON_ARRAY, 1, 7},
        {"", "true", MM_JSON_TRUE, 2, 4},
        {"", "null", MM_JSON_NULL, 2, 5},
        {"", "{\"c\":\"x\"}", MM_JSON_OBJECT, 2, 7},
        {"c", "x", MM_JSON_STRING, 3, 7},
        {"d", "-1.5e3", MM_JSON_NUMBER, 1, 8},
    };
    struct mm_json_doc d;

    CHECK(parse(MM_S(" {\"a\": 1, \"b\": [true, null, {\"c\":\"x\"}], \"d\": -1.5e3}\n"), &d,
                NULL) == MM_OK);
    CHECK_NUM(d.n, MM_COUNT(want));
    for (size_t i = 0; i < d.n; i++) {
        CHECK_SLICE(d.item[i].key, want[i].key);
        CHECK_SLICE(d.item[i].text, want[i].text);
        CHECK_NUM(d.item[i].type, want[i].type);
        CHECK_NUM(d.item[i].depth, want[i].depth);
        CHECK_NUM(d.item[i].end, want[i].end);
    }
}

TEST(json_resolves_every_escape)
{
    struct mm_json_doc d;

    CHECK(parse(MM_S("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t|\\u0041\\u00e9\\u65e5\\uD83D\\uDE00|\"]"), &d,
                NULL) == MM_OK);
    CHECK_SLICE(d.item[1].text, "\"\\/\b\f\n\r\t|A\xC3\xA9\xE6\x97\xA5\xF0\x9F\x98\x80|");
    /* Half a surrogate pair is legal JSON and no legal text. */
    CHECK(parse(MM_S("[\"\\uD83Dx\",\"\\uDE00\",\"\\ud83d\\u0041\"]"), &d, NULL) == MM_OK);
    CHECK_SLICE(d.item[1].text, "\xEF\xBF\xBDx");
    CHECK_SLICE(d.item[2].text, "\xEF\xBF\xBD");
    CHECK_SLICE(d.item[3].text, "\xEF\xBF\xBD"
                                "A");
    CHECK(parse(MM_S("[\"a\\u0000b\"]"), &d, NULL) == MM_OK);
    CHECK(d.item[1].text.n == 3 && d.item[1].text.p[1] == 0);
}

TEST(json_resolves_escapes_at_every_offset)
{
    char in[80], want[80];
    struct mm_json_doc d;

    for (int before = 0; before < 20; before++) {
        for (int behind = 0; behind < 20; behind++) {
            (void)snprintf(in, sizeof(in), "[\"%.*s\\n\\\\%.*s\"]", before, "abcdefghijklmnopqrst",
                           behind, "ABCDEFGHIJKLMNOPQRST");
            (void)snprintf(want, sizeof(want), "%.*s\n\\%.*s", before, "abcdefghijklmnopqrst",
                           behind, "ABCDEFGHIJKLMNOPQRST");
            CHECK(parse(mm_slice_str(in), &d, NULL) == MM_OK);
            CHECK_SLICE(d.item[1].text, want);
        }
    }
}

TEST(json_unescapes_names_and_finds_the_first_of_repeated_ones)
{
    struct mm_json *j = mm_json_new(100);
    struct mm_arena arena;
    struct mm_json_doc d;

    mm_arena_init(&arena, ARENA_TEST);
    CHECK(mm_json_parse(j, MM_S("{\"x\":{\"k\":0},\"\\u006b\":1,\"k\":2}"), &arena, &d, NULL) ==
          MM_OK);
    CHECK_SLICE(mm_json_get(&d, 0, MM_S("k"))->text, "1");
    CHECK(mm_json_get(&d, 0, MM_S("y")) == NULL);
    CHECK_SLICE(mm_json_get(&d, 1, MM_S("k"))->text, "0");
    CHECK_NUM(mm_json_index(&d, mm_json_get(&d, 0, MM_S("k"))), 3);
    mm_arena_done(&arena);
    mm_json_free(&j);
}

TEST(json_names_the_byte_it_refused)
{
    static const struct {
        const char *in;
        size_t at;
        const char *what;
    } cases[] = {
        {"", 0, "json.end"},
        {"  ", 2, "json.end"},
        {"{", 1, "json.key"},
        {"{\"a\"", 4, "json.colon"},
        {"{\"a\":", 5, "json.end"},
        {"{\"a\":1", 6, "json.comma"},
        {"{\"a\":1,}", 7, "json.key"},
        {"{\"a\":1 \"b\":2}", 7, "json.comma"},
        {"{\"a\"}", 4, "json.colon"},
        {"{a:1}", 1, "json.key"},
        {"[1,]", 3, "json.value"},
        {"[1 2]", 3, "json.comma"},
        {"[01]", 1, "json.value"},
        {"[1.]", 1, "json.value"},
        {"[-]", 1, "json.value"},
        {"[1e]", 1, "json.value"},
        {"[+1]", 1, "json.value"},
        {"[0x10]", 1, "json.value"},
        {"[NaN]", 1, "json.value"},
        {"[tru]", 1, "json.value"},
        {"[truee]", 1, "json.value"},
        {"[\"a\"b]", 4, "json.comma"},
        {"[\"a\"\"b\"]", 4, "json.comma"},
        {"[a\"b\"]", 1, "json.value"},
        {"{} {}", 3, "json.trailing"},
        {"{}]", 2, "json.trailing"},
        {"[}", 1, "json.value"},
        {"[\"abc", 5, "json.string"},
        {"[\"a\\x\"]", 3, "json.escape"},
        {"[\"a\\u12g4\"]", 3, "json.escape"},
        {"[\"a\\u12\"]", 3, "json.escape"},
        {"[\"a\x01\"]", 3, "json.control"},
        {"[\"a\n\"]", 3, "json.control"},
        {"[\"a\xff\"]", 3, "json.utf8"},
        {"[\"\xe3\x81\"]", 2, "json.utf8"},
        {"\xEF\xBB\xBF[x]", 4, "json.value"},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_json_doc d = {.n = 99};
        struct mm_fault f = {0};

        printf("# case %zu: %s\n", i, cases[i].what);
        CHECK(parse(mm_slice_str(cases[i].in), &d, &f) == MM_E_SYNTAX);
        CHECK_SLICE(mm_slice_str(f.what), cases[i].what);
        CHECK_NUM(f.at, cases[i].at);
        CHECK(d.n == 99 && d.item == NULL);
    }
}

TEST(json_bounds_depth_items_size_and_memory)
{
    struct mm_json *j = mm_json_new(SIZE_MAX_TEST);
    struct mm_arena arena;
    struct mm_json_doc d;
    struct mm_fault f;
    struct mm_buf b;

    mm_arena_init(&arena, 1024);
    mm_buf_init(&b, SIZE_MAX_TEST * 2);
    for (size_t depth = MM_JSON_MAX_DEPTH; depth <= MM_JSON_MAX_DEPTH + 1; depth++) {
        mm_buf_reset(&b);
        for (size_t i = 0; i < depth; i++)
            mm_buf_byte(&b, '[');
        for (size_t i = 0; i < depth; i++)
            mm_buf_byte(&b, ']');
        CHECK(mm_json_parse(j, mm_buf_slice(&b), &arena, &d, &f) ==
              (depth == MM_JSON_MAX_DEPTH ? MM_OK : MM_E_LIMIT));
    }
    CHECK_SLICE(mm_slice_str(f.what), "json.depth");
    CHECK_NUM(f.at, MM_JSON_MAX_DEPTH);

    mm_buf_reset(&b);
    mm_buf_byte(&b, '[');
    for (size_t i = 0; i < MM_JSON_MAX_ITEMS; i++)
        mm_buf_str(&b, i == 0 ? "0" : ",0");
    mm_buf_byte(&b, ']');
    CHECK(mm_json_parse(j, mm_buf_slice(&b), &arena, &d, &f) == MM_E_LIMIT);
    CHECK_SLICE(mm_slice_str(f.what), "json.items");

    mm_buf_reset(&b);
    for (size_t i = 0; i <= SIZE_MAX_TEST; i++)
        mm_buf_byte(&b, ' ');
    CHECK(mm_json_parse(j, mm_buf_slice(&b), &arena, &d, &f) == MM_E_LIMIT);
    CHECK_SLICE(mm_slice_str(f.what), "json.size");

    mm_buf_reset(&b);
    mm_buf_str(&b, "[\"\\n");
    for (size_t i = 0; i < 2000; i++)
        mm_buf_byte(&b, 'x');
    mm_buf_str(&b, "\"]");
    CHECK(mm_json_parse(j, mm_buf_slice(&b), &arena, &d, &f) == MM_E_NOMEM);
    mm_buf_done(&b);
    mm_arena_done(&arena);
    mm_json_free(&j);
}

/* The library's own promise is 64 bytes of padding; its first stage must not need them. */
TEST(json_reads_nothing_behind_its_input)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *p = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct mm_json *j = mm_json_new(SIZE_MAX_TEST);
    struct mm_arena arena;
    struct mm_json_doc d;

    CHECK(p != MAP_FAILED && j != NULL);
    CHECK(mprotect(p + page, page, PROT_NONE) == 0);
    mm_arena_init(&arena, ARENA_TEST);
    for (size_t n = 2; n < 300; n++) {
        uint8_t *at = p + page - n;

        memset(at, ' ', n);
        at[0] = '[';
        if (n > 4) {
            at[1] = '"';
            memset(at + 2, 'x', n - 4);
            at[n - 2] = '"';
        }
        at[n - 1] = ']';
        CHECK(mm_json_parse(j, mm_slice_of(at, n), &arena, &d, NULL) == MM_OK);
        CHECK_NUM(d.n, n > 4 ? 2 : 1);
        at[n - 1] = '"';
        CHECK(mm_json_parse(j, mm_slice_of(at, n), &arena, &d, NULL) == MM_E_SYNTAX);
    }
    mm_arena_done(&arena);
    mm_json_free(&j);
    CHECK(munmap(p, 2 * page) == 0);
}
