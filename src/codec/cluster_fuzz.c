/*
 * codec/cluster_fuzz.c - each line of the input into one set. No input may break these promises: a
 * template is within its size, printable, and one that mm_patterns_add takes; unless a word was
 * masked it takes the line it was made of; its key brings it back; the same lines give the same.
 */
#include "base/rd.h"
#include "base/utf8.h"
#include "codec/cluster.h"
#include "codec/pattern.h"
#include "codec/pattern_scan.h"
#include "tests/harness/test.h"

enum { SET = 16 };

static void check_shape(const struct mm_shape *s, struct mm_slice line, bool fresh)
{
    struct mm_shape again;
    struct mm_buf key, key2, text;
    struct mm_arena arena;
    struct mm_patterns *set;
    bool masked = false;

    mm_buf_init(&key, MM_CLUSTER_TEXT);
    mm_buf_init(&key2, MM_CLUSTER_TEXT);
    mm_buf_init(&text, MM_CLUSTER_TEXT);
    mm_arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < s->count; i++)
        masked = masked || s->piece[i].scan == MM_SCAN_WORD;
    mm_shape_key(s, &key);
    mm_shape_template(s, &text);
    MM_ASSERT(mm_buf_ok(&key) && mm_buf_ok(&text) && mm_utf8_valid(mm_buf_slice(&text)));
    MM_ASSERT(mm_shape_read(mm_buf_slice(&key), &again) && again.count == s->count);
    mm_shape_key(&again, &key2);
    MM_ASSERT(mm_slice_eq(mm_buf_slice(&key), mm_buf_slice(&key2)));
    set = mm_patterns_new(&arena);
    MM_ASSERT(set != NULL);
    if (text.n > 0) {
        struct mm_pattern_hit hit;

        MM_ASSERT(mm_patterns_add(set, mm_buf_slice(&text), 0, NULL) == MM_OK);
        MM_ASSERT(!fresh || masked || mm_patterns_match(set, mm_slice_trim(line), NULL, &hit));
    }
    mm_arena_done(&arena);
    mm_buf_done(&key);
    mm_buf_done(&key2);
    mm_buf_done(&text);
}

FUZZ(in)
{
    struct mm_cluster set;
    struct mm_rd rd = mm_rd_of(in);
    struct mm_slice line;

    MM_ASSERT(mm_cluster_init(&set, SET) == MM_OK);
    while (mm_rd_until(&rd, '\n', &line)) {
        struct mm_shape s;
        size_t at;

        mm_shape_of(line, &s);
        check_shape(&s, line, true);
        at = mm_cluster_put(&set, 1, MM_S("app"), &s);
        MM_ASSERT(at < set.count || (at == SIZE_MAX && set.count == SET));
        if (at != SIZE_MAX)
            MM_ASSERT(mm_cluster_put(&set, 1, MM_S("app"), &s) < set.count);
    }
    for (size_t i = 0; i < set.count; i++)
        check_shape(&set.entry[i].shape, (struct mm_slice){0}, false);
    mm_shape_of(mm_rd_rest(&rd), &(struct mm_shape){0});
    mm_cluster_done(&set);
}
