/*
 * web/multipart_fuzz.c - no input may break these promises: pieces lie inside the input in order;
 * enough input always gets an answer; a body says the same whole and torn into single bytes. The
 * first line of the input is the header's value.
 */
#include "base/hash.h"
#include "tests/harness/test.h"
#include "web/multipart.h"

struct told {
    enum mm_code code;
    size_t parts, data_n;
    uint32_t sum; /* of names and data */
};

static void count(struct mm_slice in, const struct mm_multipart_piece *piece, struct told *t)
{
    const struct mm_slice all[] = {piece->name, piece->file_name, piece->data};

    for (size_t i = 0; i < MM_COUNT(all); i++) {
        MM_ASSERT(all[i].n == 0 || (all[i].p >= in.p && all[i].p + all[i].n <= in.p + in.n));
        t->sum = mm_crc32c(t->sum, all[i]);
    }
    t->parts += piece->kind == MM_MULTIPART_PART ? 1 : 0;
    t->data_n += piece->data.n;
    MM_ASSERT(piece->kind != MM_MULTIPART_PART || piece->name.n > 0);
    MM_ASSERT(piece->kind != MM_MULTIPART_DATA || piece->data.n > 0);
}

static struct told walk(struct mm_multipart m, struct mm_slice in, size_t step)
{
    struct mm_multipart_piece piece = {.kind = MM_MULTIPART_PART};
    struct told t = {.code = MM_E_MORE};
    size_t from = 0, to = 0;

    while (piece.kind != MM_MULTIPART_END) {
        struct mm_slice now = mm_slice_sub(in, from, to - from);
        struct mm_fault fault = {0};
        size_t take = 0;

        t.code = mm_multipart_next(&m, now, &take, &piece, &fault);
        MM_ASSERT(t.code != MM_E_MORE || now.n < MM_MULTIPART_ENOUGH);
        if (t.code == MM_E_MORE && to < in.n) {
            to = in.n - to < step ? in.n : to + step;
            continue;
        }
        MM_ASSERT(t.code == MM_OK || t.code == MM_E_MORE || fault.what != NULL);
        if (t.code != MM_OK)
            break;
        MM_ASSERT(take > 0 && take <= now.n);
        count(now, &piece, &t);
        from += take;
    }
    return t;
}

FUZZ(in)
{
    size_t line = mm_min_size(mm_slice_find(in, '\n', 0), in.n);
    struct mm_slice body = mm_slice_sub(in, line + 1, SIZE_MAX);
    struct mm_multipart m;
    struct told whole, torn;

    if (mm_multipart_begin(mm_slice_sub(in, 0, line), &m) != MM_OK)
        return;
    whole = walk(m, body, SIZE_MAX);
    torn = walk(m, body, 1);
    MM_ASSERT(whole.code == torn.code && whole.parts == torn.parts);
    MM_ASSERT(whole.data_n <= body.n && whole.parts <= MM_MULTIPART_MAX_PARTS);
    /* Until the end is missing, the last bytes may be held back at different places. */
    if (whole.code == MM_OK)
        MM_ASSERT(whole.data_n == torn.data_n && whole.sum == torn.sum);
}
