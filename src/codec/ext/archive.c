/* codec/ext/archive.c - see archive.h for the contract. */
#include "codec/ext/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { BLOCK = 64 * 1024, US = 1000000 };

struct mm_archive {
    struct archive *a;
    struct mm_archive_source source;
    uint8_t block[BLOCK];
};

bool mm_archive_is(struct mm_slice head)
{
    static const struct mm_slice magic[] = {
        MM_S_INIT("\x1F\x8B\x08"), MM_S_INIT("PK\x03\x04"),
        MM_S_INIT("PK\x05\x06"),   MM_S_INIT("7z\xBC\xAF\x27\x1C"),
        MM_S_INIT("\xFD\x37zXZ"),  MM_S_INIT("\x28\xB5\x2F\xFD"),
        MM_S_INIT("BZh"),
    };
    enum { TAR_MAGIC = 257 };

    for (size_t i = 0; i < MM_COUNT(magic); i++) {
        if (mm_slice_starts(head, magic[i]))
            return true;
    }
    return mm_slice_starts(mm_slice_sub(head, TAR_MAGIC, SIZE_MAX), MM_S("ustar"));
}

bool mm_archive_foreign(struct mm_slice head)
{
    static const struct {
        size_t at;
        struct mm_slice magic;
    } kinds[] = {
        {0, MM_S_INIT("Rar!\x1A\x07")},
        {0, MM_S_INIT("MSCF\0\0\0\0")}, /* cabinet */
        {2, MM_S_INIT("-lh")},
        {0, MM_S_INIT("\x1F\x9D")}, /* compress */
        {0, MM_S_INIT("\x04\x22\x4D\x18")},
        {0, MM_S_INIT("LZIP")}, /* lz4, lzip */
        {0, MM_S_INIT("MSWIM\0\0\0")},
        {0, MM_S_INIT("EVF\x09\x0D\x0A")}, /* EnCase */
        {0, MM_S_INIT("LPKSHHRH")},
        {4, MM_S_INIT("LfLe")}, /* journald, Windows XP */
    };

    for (size_t i = 0; i < MM_COUNT(kinds); i++) {
        if (mm_slice_starts(mm_slice_sub(head, kinds[i].at, SIZE_MAX), kinds[i].magic))
            return true;
    }
    return false;
}

static la_ssize_t on_read(struct archive *a, void *ctx, const void **ret)
{
    struct mm_archive *m = ctx;
    ssize_t n = m->source.read(m->source.ctx, m->block, sizeof(m->block));

    if (n < 0)
        archive_set_error(a, EIO, "cannot be read");
    *ret = m->block;
    return n;
}

static la_int64_t on_seek(struct archive *a, void *ctx, la_int64_t offset, int whence)
{
    struct mm_archive *m = ctx;
    int64_t at = m->source.seek(m->source.ctx, offset, whence);

    if (at < 0)
        archive_set_error(a, EIO, "cannot be read");
    return at < 0 ? ARCHIVE_FATAL : at;
}

/* What we read, and no filter that would start a program. */
static bool prepare(struct mm_archive *m)
{
    struct archive *a = m->a;
    int rc = 0;

    rc |= archive_read_support_filter_gzip(a);
    rc |= archive_read_support_filter_bzip2(a);
    rc |= archive_read_support_filter_xz(a);
    rc |= archive_read_support_filter_zstd(a);
    rc |= archive_read_support_format_zip(a);
    rc |= archive_read_support_format_7zip(a);
    rc |= archive_read_support_format_tar(a);
    rc |= archive_read_support_format_raw(a);
    if (m->source.password != NULL)
        rc |= archive_read_add_passphrase(a, m->source.password);
    rc |= archive_read_set_read_callback(a, on_read);
    if (m->source.seek != NULL)
        rc |= archive_read_set_seek_callback(a, on_seek);
    rc |= archive_read_set_callback_data(a, m);
    return rc == ARCHIVE_OK;
}

enum mm_code mm_archive_new(const struct mm_archive_source *source, struct mm_archive **ret)
{
    struct mm_archive *m = calloc(1, sizeof(*m));

    MM_ASSERT(source->read != NULL && ret != NULL);
    if (m == NULL)
        return MM_E_NOMEM;
    m->source = *source;
    m->a = archive_read_new();
    if (m->a == NULL || !prepare(m)) {
        mm_archive_free(&m);
        return MM_E_NOMEM;
    }
    if (archive_read_open1(m->a) != ARCHIVE_OK) {
        mm_archive_free(&m);
        return MM_E_SYNTAX;
    }
    if (archive_filter_count(m->a) > 2) { /* the last one is none at all */
        mm_archive_free(&m);
        return MM_E_LIMIT;
    }
    *ret = m;
    return MM_OK;
}

void mm_archive_free(struct mm_archive **a)
{
    if (*a == NULL)
        return;
    if ((*a)->a != NULL)
        (void)archive_read_free((*a)->a);
    free(*a);
    *a = NULL;
}

enum mm_code mm_archive_next(struct mm_archive *a, struct mm_archive_member *ret)
{
    struct archive_entry *e;
    struct mm_archive_member m = {.regular = false};
    const char *name;
    int rc = archive_read_next_header(a->a, &e);

    if (rc == ARCHIVE_EOF)
        return MM_E_NOTFOUND;
    if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
        return MM_E_SYNTAX;
    name = archive_entry_pathname(e);
    if (name == NULL)
        name = archive_entry_pathname_utf8(e);
    m.raw = archive_format(a->a) == ARCHIVE_FORMAT_RAW;
    if (!m.raw)
        m.name = mm_slice_str(name);
    m.regular = m.raw || archive_entry_filetype(e) == AE_IFREG;
    m.folder = archive_entry_filetype(e) == AE_IFDIR;
    m.encrypted = archive_entry_is_encrypted(e) != 0;
    if (archive_entry_mtime_is_set(e) && archive_entry_mtime(e) > 0 &&
        archive_entry_mtime(e) < INT64_MAX / US)
        m.changed_us = archive_entry_mtime(e) * US;
    *ret = m;
    return MM_OK;
}

ssize_t mm_archive_read(struct mm_archive *a, uint8_t *p, size_t n)
{
    la_ssize_t got = archive_read_data(a->a, p, n);

    return got < 0 ? -1 : got;
}
