/* store/records/whole_test.c - promises about everything of one company. */
#include "store/records/whole.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/limits.h"
#include "store/records/sample_test.h"
#include "tests/harness/test.h"

static void fill(void)
{
    struct mm_records *rec = mm_sample_open(mm_test_dir());
    struct mm_scope_hold hold;

    mm_sample_companies(rec, 3);
    CHECK(mm_sample_add(rec, mm_system_company(&hold, 1), "canary of one") == MM_OK);
    CHECK(mm_sample_add(rec, mm_system_company(&hold, 1), "canary of one, too") == MM_OK);
    CHECK(mm_sample_add(rec, mm_system_company(&hold, 2), "thing of two") == MM_OK);
    mm_records_close(&rec);
}

static enum mm_code note(void *ctx, const struct mm_whole_row *row)
{
    struct mm_buf *out = ctx;

    mm_buf_fmt(out, "%s:", row->table);
    for (size_t i = 0; i < row->n; i++) {
        mm_buf_fmt(out, " %s=", row->value[i].name);
        if (row->value[i].type == MM_DB_INTEGER)
            mm_buf_i64(out, row->value[i].number);
        else
            mm_buf_add(out, row->value[i].bytes);
    }
    mm_buf_byte(out, '\n');
    return MM_OK;
}

static enum mm_code count(void *ctx, const char *table, uint64_t rows)
{
    mm_buf_fmt(ctx, "%s %llu\n", table, (unsigned long long)rows);
    return MM_OK;
}

TEST(whole_of_a_company_is_each_row_of_it_and_no_other)
{
    struct mm_buf out;

    mm_buf_init(&out, 65536);
    fill();
    CHECK(mm_whole_rows(mm_test_dir(), 2, note, &out) == MM_OK);
    CHECK_SLICE(mm_buf_slice(&out), "company: company=2 name=a company\n"
                                    "thing: thing=3 company=2 name=thing of two note=\n");
    mm_buf_reset(&out);
    CHECK(mm_whole_count(mm_test_dir(), 1, count, &out) == MM_OK);
    CHECK_SLICE(mm_buf_slice(&out), "company 1\nthing 2\n");
    mm_buf_done(&out);
}

/* Is the text anywhere in the file, also where no row is? */
static bool in_file(const char *name, const char *text)
{
    static char bytes[1 << 20];
    char path[MM_MAX_PATH];
    size_t n;
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s/%s", mm_test_dir(), name);
    f = fopen(path, "rb");
    n = f == NULL ? 0 : fread(bytes, 1, sizeof(bytes), f);
    if (f != NULL)
        (void)fclose(f);
    return mm_slice_search(mm_slice_of(bytes, n), mm_slice_str(text)) != SIZE_MAX;
}

TEST(whole_erased_leaves_nothing_in_the_file_but_what_is_kept)
{
    static const char *const keep[] = {"company", NULL};
    struct mm_records *rec;
    struct mm_buf out;

    mm_buf_init(&out, 65536);
    fill();
    CHECK(in_file("records.db", "canary") || in_file("records.db-wal", "canary"));
    CHECK(mm_whole_erase(mm_test_dir(), 1, keep,
                         "UPDATE company SET name = 'erased' WHERE company = ?1") == MM_OK);
    CHECK(!in_file("records.db", "canary") && !in_file("records.db-wal", "canary"));
    CHECK(mm_whole_rows(mm_test_dir(), 1, note, &out) == MM_OK);
    CHECK_SLICE(mm_buf_slice(&out), "company: company=1 name=erased\n");
    rec = mm_sample_open(mm_test_dir());
    CHECK_NUM(mm_sample_count_all(rec), 1);
    mm_records_close(&rec);
    mm_buf_done(&out);
}

TEST(whole_erase_that_something_forbids_changes_nothing)
{
    static const char *const keep[] = {NULL};
    struct mm_records *rec;

    fill();
    /* A row would cite a company that is not there. */
    CHECK(mm_whole_erase(mm_test_dir(), 1, keep,
                         "INSERT INTO thing(company, name) VALUES (77, 'of nobody')") != MM_OK);
    rec = mm_sample_open(mm_test_dir());
    CHECK_NUM(mm_sample_count_all(rec), 3);
    mm_records_close(&rec);
}
