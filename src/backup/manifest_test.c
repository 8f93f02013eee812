/* backup/manifest_test.c - promises of the list of a backup. */
#include "backup/manifest.h"

#include <stdio.h>

#include "tests/harness/test.h"

#define HEAD "mimamori-backup 1\nprogram 1.2\nstate 1\nmade 2026-11-20T01:02:03Z\nkeys no\n"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"
#define FILE_A "file " ZERO " 5 a%20b/c.bin\n"
#define FILE_B "file " ZERO " 0 records.db\n"

/* The text with its last two lines. */
static struct mm_slice ended(const char *text, struct mm_buf *out)
{
    struct mm_sha256 *h = mm_sha256_new();
    uint8_t sum[MM_SHA256];

    mm_buf_reset(out);
    mm_buf_str(out, text);
    mm_buf_str(out, "seal -\n");
    mm_sha256_add(h, mm_buf_slice(out));
    mm_sha256_take(h, sum);
    mm_sha256_free(&h);
    mm_buf_str(out, "sha256 ");
    for (size_t i = 0; i < sizeof(sum); i++)
        mm_buf_fmt(out, "%02x", sum[i]);
    mm_buf_byte(out, '\n');
    CHECK(mm_buf_ok(out));
    return mm_buf_slice(out);
}

TEST(manifest_says_what_was_written)
{
    struct mm_manifest m = {0};
    struct mm_buf text, again;
    char path[MM_MAX_PATH];

    mm_buf_init(&text, 65536);
    mm_buf_init(&again, 65536);
    CHECK(mm_manifest_parse(ended(HEAD "table events rows 12 expires 99\n"
                                       "queue 3 position 7 oldest 1 next 9\n" FILE_A FILE_B,
                                  &text),
                            &m, NULL) == MM_OK);
    CHECK_SLICE(m.program, "1.2");
    CHECK(m.state == 1 && !m.keys && m.tables_n == 1 && m.queues_n == 1 && m.files_n == 2);
    CHECK(m.table[0].rows == 12 && m.table[0].expires_s == 99);
    CHECK(m.queue[0].queue == 3 && m.queue[0].position == 7 && m.queue[0].next == 9);
    CHECK(m.file[0].size == 5);
    CHECK(mm_manifest_path(m.file[0].name, path) == MM_OK);
    CHECK_SLICE(mm_slice_str(path), "a b/c.bin");
    CHECK(mm_manifest_find(&m, MM_S("records.db")) == &m.file[1]);
    CHECK(mm_manifest_find(&m, MM_S("records.dc")) == NULL);
    mm_manifest_write(&m, NULL, &again);
    CHECK(mm_slice_eq(mm_buf_slice(&again), mm_buf_slice(&text)));
    mm_manifest_done(&m);
    mm_buf_done(&text);
    mm_buf_done(&again);
}

TEST(manifest_of_a_newer_version_names_who_wrote_it)
{
    CHECK_SLICE(mm_manifest_program(MM_S("mimamori-backup 2\nprogram 9.9.9\nnew things")), "9.9.9");
    CHECK_SLICE(mm_manifest_program(MM_S("mimamori-backup 2\nprogram ")), "unknown");
    CHECK_SLICE(mm_manifest_program(MM_S("mimamori-backup 2\nprogram \x1b[2J\n")), "unknown");
    CHECK_SLICE(mm_manifest_program(MM_S("")), "unknown");
}

TEST(manifest_refuses_what_is_not_whole_or_leads_outside)
{
    static const struct {
        const char *text;
        enum mm_code code;
    } cases[] = {
        {"", MM_E_SYNTAX},
        {"mimamori-backup 2\nanything", MM_E_VERSION},
        {"mimamori-backup 01\n", MM_E_SYNTAX},
        {HEAD "file " ZERO " 05 a\n", MM_E_SYNTAX},
        {HEAD "file " ZERO " 5 /etc/passwd\n", MM_E_SYNTAX},
        {HEAD "file " ZERO " 5 ../a\n", MM_E_SYNTAX},
        {HEAD "file " ZERO " 5 a/../b\n", MM_E_SYNTAX},
        {HEAD "file " ZERO " 5 a//b\n", MM_E_SYNTAX},
        {HEAD "file " ZERO " 5 a/\n", MM_E_SYNTAX},
        {HEAD "file " ZERO " 5 .\n", MM_E_SYNTAX},
        {HEAD "file " ZERO " 5 %2E%2E/a\n", MM_E_SYNTAX}, /* '.' is never written so */
        {HEAD "file " ZERO " 5 a%00b\n", MM_E_SYNTAX},
        {HEAD "file " ZERO " 5 a%0ab\n", MM_E_SYNTAX}, /* lower case */
        {HEAD "file " ZERO " 5 a%2\n", MM_E_SYNTAX},
        {HEAD FILE_B FILE_A, MM_E_SYNTAX}, /* not ascending */
        {HEAD FILE_A FILE_A, MM_E_SYNTAX},
        {HEAD "queue 70000 position 1 oldest 1 next 1\n", MM_E_SYNTAX},
        {HEAD FILE_A "table t rows 1 expires 0\n", MM_E_SYNTAX},
        {"mimamori-backup 1\nprogram 1.2\nstate 1\nmade 2026-11-20\nkeys no\n", MM_E_SYNTAX},
    };
    struct mm_buf text;

    mm_buf_init(&text, 65536);
    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_manifest m = {.state = 77};
        struct mm_fault f = {0};

        CHECK_NUM(mm_manifest_parse(ended(cases[i].text, &text), &m, &f), cases[i].code);
        CHECK(m.state == 77 && f.what != NULL && f.at <= text.n);
    }
    mm_buf_done(&text);
}

TEST(manifest_of_which_any_byte_is_changed_or_missing_is_refused)
{
    struct mm_manifest m = {0};
    struct mm_buf text;

    mm_buf_init(&text, 65536);
    (void)ended(HEAD "queue 3 position 7 oldest 1 next 9\n" FILE_A, &text);
    for (size_t i = 0; i < text.n; i++) {
        CHECK(mm_manifest_parse(mm_slice_of(text.p, i), &m, NULL) != MM_OK);
        text.p[i] ^= 1;
        CHECK(mm_manifest_parse(mm_buf_slice(&text), &m, NULL) != MM_OK);
        text.p[i] ^= 1;
    }
    CHECK(mm_manifest_parse(mm_buf_slice(&text), &m, NULL) == MM_OK);
    mm_manifest_done(&m);
    mm_buf_done(&text);
}

/* Who changes files and makes the digests anew has no key. */
TEST(manifest_seal_tells_ours_from_one_made_by_somebody_else)
{
    struct mm_key key = {.b = {1}}, other = {.b = {2}};
    struct mm_manifest m = {.program = MM_S("1.2"), .state = 1}, read = {0};
    struct mm_buf text;

    mm_buf_init(&text, 65536);
    mm_manifest_write(&m, &key, &text);
    CHECK(mm_manifest_parse(mm_buf_slice(&text), &read, NULL) == MM_OK);
    CHECK(read.sealed && mm_manifest_sealed_by(&read, &key));
    CHECK(!mm_manifest_sealed_by(&read, &other));
    mm_manifest_done(&read);
    (void)ended(HEAD, &text);
    CHECK(mm_manifest_parse(mm_buf_slice(&text), &read, NULL) == MM_OK);
    CHECK(!mm_manifest_sealed_by(&read, &key));
    mm_manifest_done(&read);
    mm_buf_done(&text);
}
