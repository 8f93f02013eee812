/*
 * backup/manifest_fuzz.c - no text may break these promises: what is accepted writes itself again
 * byte for byte, its names stay below the backup and are found; a refusal names a byte inside.
 *
 * A digest ends each manifest and would stop every mutation: it is made anew for the input.
 */
#include <string.h>

#include "backup/manifest.h"
#include "tests/harness/test.h"

static void held(struct mm_slice in, const struct mm_manifest *m)
{
    struct mm_buf again;
    char path[MM_MAX_PATH];

    mm_buf_init(&again, MM_MANIFEST_MAX);
    mm_manifest_write(m, NULL, &again);
    MM_ASSERT(m->sealed || mm_slice_eq(mm_buf_slice(&again), in));
    for (size_t i = 0; i < m->files_n; i++) {
        MM_ASSERT(mm_manifest_path(m->file[i].name, path) == MM_OK);
        MM_ASSERT(path[0] != '/' && path[0] != 0 && strstr(path, "/../") == NULL);
        MM_ASSERT(mm_manifest_find(m, m->file[i].name) == &m->file[i]);
    }
    mm_buf_done(&again);
}

FUZZ(in)
{
    struct mm_manifest m = {0};
    struct mm_fault f = {0};
    struct mm_sha256 *h = mm_sha256_new();
    struct mm_buf text;
    uint8_t sum[MM_SHA256];

    MM_ASSERT(h != NULL);
    if (mm_manifest_parse(in, &m, &f) == MM_OK)
        held(in, &m);
    else
        MM_ASSERT(f.what != NULL && f.at <= in.n && m.file == NULL);
    mm_manifest_done(&m);

    mm_buf_init(&text, in.n + 256);
    mm_buf_add(&text, in);
    mm_buf_str(&text, "seal -\n");
    mm_sha256_add(h, mm_buf_slice(&text));
    mm_sha256_take(h, sum);
    mm_buf_str(&text, "sha256 ");
    for (size_t i = 0; i < sizeof(sum); i++)
        mm_buf_fmt(&text, "%02x", sum[i]);
    mm_buf_byte(&text, '\n');
    m = (struct mm_manifest){0};
    if (mm_manifest_parse(mm_buf_slice(&text), &m, NULL) == MM_OK)
        held(mm_buf_slice(&text), &m);
    mm_manifest_done(&m);
    mm_buf_done(&text);
    mm_sha256_free(&h);
}
