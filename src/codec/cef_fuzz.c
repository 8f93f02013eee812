/*
 * codec/cef_fuzz.c - no input may break these promises: parts lie inside the input, in order; keys
 * are never empty and pairs move on; labels are those pairs whose key says so; a value counts as
 * escaped when it holds a backslash; unescaping never makes anything longer; a refusal names an
 * offset inside the input.
 */
#include "codec/cef.h"
#include "tests/harness/test.h"

static void walk_pairs(struct mm_slice in, struct mm_arena *arena)
{
    struct mm_cef_label label[MM_CEF_MAX_LABELS];
    struct mm_cef_walk walk;
    struct mm_cef_pair pair;
    size_t labels = 0, labels_n, pairs = 0;
    const uint8_t *before = in.p;

    MM_ASSERT(mm_cef_walk(&walk, in) <= in.n);
    labels_n = mm_cef_labels(in, label);
    while (mm_cef_next(&walk, &pair)) {
        struct mm_slice text;

        MM_ASSERT(pair.key.n > 0 && pair.key.p >= before);
        MM_ASSERT(pair.value.p > pair.key.p && pair.value.p + pair.value.n <= in.p + in.n);
        before = pair.value.p + pair.value.n;
        if (pair.escaped && mm_cef_unescape(arena, pair.value, &text))
            MM_ASSERT(text.n <= pair.value.n);
        MM_ASSERT(pair.escaped == (mm_slice_find(pair.value, '\\', 0) != SIZE_MAX));
        pairs++;
        if (!mm_cef_is_label(pair.key) || pair.value.n == 0 || labels == MM_CEF_MAX_LABELS)
            continue;
        MM_ASSERT(labels < labels_n && label[labels].key.p == pair.key.p &&
                  label[labels].key.n == pair.key.n - 5);
        MM_ASSERT(label[labels].name.p == pair.value.p && label[labels].name.n == pair.value.n);
        labels++;
    }
    MM_ASSERT(pairs <= in.n);
    MM_ASSERT(labels == labels_n);
}

FUZZ(in)
{
    struct mm_fault fault = {0};
    struct mm_arena arena;
    struct mm_cef cef;
    const uint8_t *at = in.p;

    mm_arena_init(&arena, 1024 * 1024);
    if (mm_cef_parse(in, &cef, &fault) == MM_OK) {
        for (size_t i = 0; i < MM_CEF_PARTS; i++) {
            MM_ASSERT(cef.part[i].p >= at && cef.part[i].p + cef.part[i].n <= in.p + in.n);
            at = cef.part[i].p + cef.part[i].n;
        }
        walk_pairs(cef.extension, &arena);
    } else {
        MM_ASSERT(fault.what != NULL && fault.at <= in.n);
    }
    walk_pairs(in, &arena);
    mm_arena_done(&arena);
}
