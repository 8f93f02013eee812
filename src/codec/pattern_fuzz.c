/*
 * codec/pattern_fuzz.c - the lines up to an empty one are templates, what follows is matched. No
 * input may break these promises: captures lie inside the text, in order; a whole match ends at
 * its end and names a template that was added; matching again gives the same; a text that no
 * template takes still gives captures inside it; what a type takes anywhere mm_scan_may allows.
 */
#include "codec/pattern.h"
#include "codec/pattern_scan.h"
#include "tests/harness/test.h"

enum { TEMPLATES_MAX = 16, LOOK_MAX = 256 };

/* Wherever a type takes something, its bit is set. */
static void check_may(struct mm_slice text)
{
    for (size_t at = 0; at <= text.n && at < LOOK_MAX; at++) {
        uint64_t may = mm_scan_may(text, at);

        for (unsigned scan = 0; scan < MM_SCAN_COUNT; scan++) {
            struct mm_when when = {0};
            struct mm_scanned got;

            if (mm_scan_take((enum mm_scan)scan, MM_S(" "), text, at, &when, &got))
                MM_ASSERT((may >> scan & 1) != 0);
        }
    }
}

FUZZ(in)
{
    struct mm_arena arena;
    struct mm_patterns *set;
    struct mm_pattern_hit hit, again;
    struct mm_pattern_begin begin;
    struct mm_rd rd = mm_rd_of(in);
    struct mm_slice line, text;
    const uint8_t *from;
    uint16_t count = 0;

    mm_arena_init(&arena, 8 * 1024 * 1024);
    set = mm_patterns_new(&arena);
    MM_ASSERT(set != NULL);
    while (mm_rd_until(&rd, '\n', &line) && line.n > 0 && count < TEMPLATES_MAX) {
        struct mm_fault f = {0};

        if (mm_patterns_add(set, line, count, &f) != MM_OK) {
            MM_ASSERT(f.what != NULL && f.at <= line.n);
            mm_arena_done(&arena);
            return; /* a set to which adding failed may only be thrown away */
        }
        count++;
    }
    text = mm_rd_rest(&rd);
    from = text.p;
    (void)mm_patterns_match(set, text, NULL, &hit);
    mm_patterns_begin(text, &begin);
    MM_ASSERT(!hit.whole || mm_patterns_may_take(set, &begin));
    MM_ASSERT(!hit.whole || mm_patterns_may_take(set, &begin)); /* also when it is asked again */
    MM_ASSERT(!hit.whole || text.n == 0 || mm_patterns_may_begin(set, text.p[0]));
    MM_ASSERT(hit.stop <= text.n && hit.count <= MM_PATTERN_MAX_CAPTURES);
    MM_ASSERT(!hit.whole || (hit.stop == text.n && hit.pattern < count));
    for (size_t i = 0; i < hit.count; i++) {
        MM_ASSERT(hit.capture[i].name < mm_patterns_names(set));
        MM_ASSERT(hit.capture[i].text.p >= from);
        from = hit.capture[i].text.p + hit.capture[i].text.n;
        MM_ASSERT(from <= text.p + text.n);
    }
    check_may(text);
    MM_ASSERT(mm_patterns_match(set, text, NULL, &again) == hit.whole && again.count == hit.count);
    mm_arena_done(&arena);
}
