/* codec/ext/archive_test.c - promises of archives; the samples are those of the fuzz corpus. */
#include "codec/ext/archive.h"

#include <locale.h>
#include <stdio.h>

#include "base/buf.h"
#include "tests/harness/test.h"

struct bytes {
    struct mm_buf all;
    size_t at;
};

static ssize_t take(void *ctx, uint8_t *p, size_t n)
{
    struct bytes *b = ctx;
    struct mm_slice s = mm_slice_sub(mm_buf_slice(&b->all), b->at, n);

    if (s.n > 0)
        memcpy(p, s.p, s.n);
    b->at += s.n;
    return (ssize_t)s.n;
}

static int64_t seek(void *ctx, int64_t offset, int whence)
{
    struct bytes *b = ctx;
    int64_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? (int64_t)b->at : (int64_t)b->all.n;

    if (from + offset < 0 || from + offset > (int64_t)b->all.n)
        return -1;
    b->at = (size_t)(from + offset);
    return from + offset;
}

static void load(const char *name, struct bytes *b)
{
    char path[256];
    FILE *f;
    int c;

    (void)snprintf(path, sizeof(path), "tests/corpus/archive/%s", name);
    f = fopen(mm_test_source(path), "rb");
    CHECK(f != NULL);
    b->at = 0;
    mm_buf_init(&b->all, 1024 * 1024);
    while ((c = fgetc(f)) != EOF)
        mm_buf_byte(&b->all, (uint8_t)c);
    (void)fclose(f);
}

/* "name=contents|" of each file; "!" where a member cannot be read, "?" where the archive ends so.
 */
static void list(const char *name, bool pipe, const char *password, struct mm_buf *out)
{
    struct mm_archive_source source = {.read = take, .seek = pipe ? NULL : seek};
    struct mm_archive *a = NULL;
    struct mm_archive_member m;
    struct bytes b;
    enum mm_code c;

    load(name, &b);
    CHECK(mm_archive_is(mm_slice_sub(mm_buf_slice(&b.all), 0, 512)));
    source.ctx = &b;
    source.password = password;
    CHECK(mm_archive_new(&source, &a) == MM_OK);
    while ((c = mm_archive_next(a, &m)) == MM_OK) {
        uint8_t part[5];
        ssize_t n;

        if (!m.regular)
            continue;
        CHECK(m.raw == (name[0] == 'g' || name[0] == 'x' || name[0] == 'b' || name[1] == 's'));
        mm_buf_add(out, m.name);
        mm_buf_byte(out, '=');
        while ((n = mm_archive_read(a, part, sizeof(part))) > 0)
            mm_buf_add(out, mm_slice_of(part, (size_t)n));
        mm_buf_str(out, n < 0 ? m.encrypted ? "!locked|" : "!|" : "|");
    }
    if (c != MM_E_NOTFOUND)
        mm_buf_byte(out, '?');
    mm_archive_free(&a);
    CHECK(a == NULL);
    mm_buf_done(&b.all);
}

TEST(archive_hands_out_members_of_every_kind)
{
    static const struct {
        const char *file, *password, *want;
    } cases[] = {
        {"plain-zip", NULL, "a.log=hello evidence\n|d/b.log=second\n|"},
        {"tar", NULL, "a.log=hello evidence\n|d/b.log=second\n|"},
        {"gz", NULL, "=hello evidence\n|"},
        {"xz", NULL, "=hello evidence\n|"},
        {"bz2", NULL, "=hello evidence\n|"},
        {"zst", NULL, "=hello evidence\n|"},
        {"names-zip", NULL,
         "\xE5\x8F\x97\xE4\xBF\xA1.log=hello evidence\n|\x83\x8D\x83\x4F.log=second\n|=third\n|"
         "plain.log=last\n|"},
        {"names-tar", NULL,
         "\xE5\x8F\x97\xE4\xBF\xA1.log=hello evidence\n|plain.log=last\n|\x83\x8D\x83\x4F.log="
         "second\n|=third\n|"},
        {"names-7z", NULL, "plain.log=last\n|\xE5\x8F\x97\xE4\xBF\xA1.log=hello evidence\n|"},
        {"locked-zip", "infected", "a.log=hello evidence\n|"},
        {"locked-zip", "wrong", "a.log=!locked|"},
        {"locked-zip", NULL, "a.log=!locked|"},
    };
    locale_t names = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);

    CHECK(names != (locale_t)0);
    (void)uselocale(names);
    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_buf out;

        mm_buf_init(&out, 64 * 1024);
        list(cases[i].file, false, cases[i].password, &out);
        CHECK_SLICE(mm_buf_slice(&out), cases[i].want);
        mm_buf_done(&out);
    }
    (void)uselocale(LC_GLOBAL_LOCALE);
    freelocale(names);
}

TEST(archive_reads_pipes_and_says_where_it_was_torn)
{
    struct mm_buf out;

    mm_buf_init(&out, 64 * 1024);
    list("plain-zip", true, NULL, &out);
    CHECK_SLICE(mm_buf_slice(&out), "a.log=hello evidence\n|d/b.log=second\n|");
    mm_buf_reset(&out);
    list("torn-zip", true, NULL, &out);
    CHECK(mm_slice_starts(mm_buf_slice(&out), MM_S("a.log=hello evidence\n|")));
    CHECK(out.p[out.n - 1] == '?' || mm_slice_ends(mm_buf_slice(&out), MM_S("!|")));
    mm_buf_done(&out);
}

TEST(archive_is_told_by_its_first_bytes)
{
    CHECK(!mm_archive_is(MM_S("")));
    CHECK(!mm_archive_is(MM_S("PK is a word")));
    CHECK(!mm_archive_is(MM_S("ElfFile")));
}

TEST(archive_keeps_members_whose_names_cannot_be_converted)
{
    struct mm_buf out;

    mm_buf_init(&out, 64 * 1024);
    list("names-zip", false, NULL, &out);
    CHECK(mm_slice_ends(mm_buf_slice(&out), MM_S("=third\n|plain.log=last\n|")));
    CHECK_NUM(memmem(out.p, out.n, "=hello evidence\n|", 17) != NULL, 1);
    mm_buf_done(&out);
}

TEST(archive_refuses_what_is_packed_more_than_once)
{
    struct mm_archive *a = NULL;
    struct bytes b;
    struct mm_archive_source source = {.read = take, .ctx = &b};

    load("gz-gz", &b);
    CHECK(mm_archive_new(&source, &a) == MM_E_LIMIT);
    CHECK(a == NULL);
    mm_buf_done(&b.all);
}

TEST(archive_names_kinds_that_it_does_not_read)
{
    CHECK(mm_archive_foreign(MM_S("Rar!\x1A\x07\x01")));
    CHECK(mm_archive_foreign(MM_S("\x20\x30-lh5-")));
    CHECK(mm_archive_foreign(MM_S("\x30\0\0\0LfLe")));
    CHECK(!mm_archive_foreign(MM_S("PK\x03\x04")));
    CHECK(!mm_archive_foreign(MM_S("Rar")));
    CHECK(!mm_archive_foreign(MM_S("")));
}
