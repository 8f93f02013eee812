/*
 * decode/flat_fuzz.c - no document may break these promises:
 * items come in document order, each at most once; names are bounded and end in the item's key;
 * together with what was left out, no scalar outside lists is missed.
 */
#include "decode/flat.h"
#include "tests/harness/test.h"

enum { INPUT_MAX = 64 * 1024, ARENA_SIZE = 4 * 1024 * 1024 };

/* Scalars that stand in objects only. */
static size_t scalars(const struct mm_json_doc *doc)
{
    size_t n = 0;

    for (size_t i = 0; i < doc->n;) {
        const struct mm_json_item *it = &doc->item[i];

        n += mm_json_is_scalar(it) ? 1 : 0;
        i = it->type == MM_JSON_ARRAY ? it->end : i + 1;
    }
    return n;
}

FUZZ(in)
{
    static struct mm_json *json; /* kept between inputs, as a shard keeps it */
    struct mm_arena arena;
    struct mm_json_doc doc;
    struct mm_flat flat;
    struct mm_slice name;
    const struct mm_json_item *it;
    size_t before = 0, seen = 0;

    if (in.n > INPUT_MAX)
        return;
    if (json == NULL)
        json = mm_json_new(INPUT_MAX);
    MM_ASSERT(json != NULL);
    mm_arena_init(&arena, ARENA_SIZE);
    if (mm_json_parse(json, in, &arena, &doc, NULL) == MM_OK) {
        mm_flat_init(&flat, &doc, 0);
        flat.objects = in.n % 2 == 1;
        while (mm_flat_next(&flat, &name, &it)) {
            size_t at = mm_json_index(&doc, it);

            MM_ASSERT(at >= before && name.n <= MM_MAX_FIELD_NAME);
            MM_ASSERT(mm_slice_ends(name, it->key));
            seen += mm_json_is_scalar(it) && !mm_flat_in_list(&flat, it) ? 1 : 0;
            before = at + 1;
        }
        MM_ASSERT(flat.left_out > 0 || seen == scalars(&doc));
    }
    mm_arena_done(&arena);
}
