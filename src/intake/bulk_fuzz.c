/*
 * intake/bulk_fuzz.c - no bytes may break these promises: documents lie in the body, in order, hold
 * no line end and never overlap; what is taken has a document; a refusal names a byte of the body;
 * and documents that were found are found again when they are sent alone.
 */
#include "intake/bulk.h"

#include "tests/harness/test.h"

/* Where this document ends; it must not begin before `from`. */
static size_t end_of(struct mm_slice in, const struct mm_bulk_item *item, size_t from)
{
    if (item->document.n == 0)
        return from;
    MM_ASSERT(item->document.p >= in.p + from);
    MM_ASSERT(item->document.p + item->document.n < in.p + in.n); /* a line end follows */
    MM_ASSERT(mm_slice_find(item->document, '\n', 0) == SIZE_MAX);
    return (size_t)(item->document.p - in.p) + item->document.n;
}

static void again(const struct mm_buf *body, size_t taken)
{
    struct mm_bulk b;
    struct mm_bulk_item item;

    mm_bulk_init(&b, mm_buf_slice(body));
    for (size_t i = 0; i < taken; i++)
        MM_ASSERT(mm_bulk_next(&b, &item, NULL) == MM_OK && item.taken);
    MM_ASSERT(mm_bulk_next(&b, &item, NULL) == MM_E_NOTFOUND);
}

FUZZ(in)
{
    struct mm_bulk b;
    struct mm_bulk_item item;
    struct mm_fault fault = {0};
    struct mm_buf body;
    size_t at = 0, taken = 0;
    enum mm_code c;

    mm_buf_init(&body, in.n * 16 + 16);
    mm_bulk_init(&b, in);
    while ((c = mm_bulk_next(&b, &item, &fault)) == MM_OK) {
        at = end_of(in, &item, at);
        MM_ASSERT(item.op < MM_BULK_OPS && b.items <= MM_BULK_ITEMS);
        MM_ASSERT(!item.taken || (item.document.n > 0 && item.op <= MM_BULK_CREATE));
        if (!item.taken)
            continue;
        taken++;
        mm_buf_str(&body, "{\"create\":{}}\n");
        mm_buf_add(&body, item.document);
        mm_buf_byte(&body, '\n');
    }
    MM_ASSERT(c == MM_E_NOTFOUND || (fault.what != NULL && fault.at <= in.n));
    MM_ASSERT(mm_buf_ok(&body));
    if (taken > 0)
        again(&body, taken);
    mm_buf_done(&body);
}
