/*
 * detect/fuzzkit.h - what the fuzz targets of this folder share: events from lines, one invariant.
 *
 * Purpose   The answer of the indexes must be that of every rule's program alone.
 * Owns      Nothing.
 * Threads   One.
 * Trust     Input is hostile by design. Test code only.
 */
#ifndef MM_DETECT_FUZZKIT_H
#define MM_DETECT_FUZZKIT_H

#include "detect/detect.h"
#include "detect/matcher.h"

/* The next line of *io, without its end. */
static inline struct mm_slice kit_line(struct mm_slice *io)
{
    size_t at = mm_slice_find(*io, '\n', 0);
    struct mm_slice line = mm_slice_sub(*io, 0, at);

    *io = at == SIZE_MAX ? (struct mm_slice){0} : mm_slice_sub(*io, at + 1, SIZE_MAX);
    return line;
}

/* An event of "name=value" lines; "original" and "format" are the envelope's. */
static inline void kit_lines_event(struct mm_event *ev, struct mm_slice text)
{
    mm_event_reset(ev);
    mm_event_text(ev, MM_F_WINLOG_CHANNEL, MM_S("Security"));
    while (text.n > 0) {
        struct mm_slice value = kit_line(&text);
        size_t at = mm_slice_find(value, '=', 0);
        struct mm_slice name = mm_slice_sub(value, 0, at);

        value = at == SIZE_MAX ? (struct mm_slice){0} : mm_slice_sub(value, at + 1, SIZE_MAX);
        if (mm_slice_eq(name, MM_S("original")))
            ev->original = value;
        else if (mm_slice_eq(name, MM_S("format")))
            ev->format = value;
        else if (!mm_event_name(ev, name, value))
            continue; /* not of its field's type, or full: the event goes without */
    }
}

/* What the matcher says is what each rule says alone, and asking twice changes nothing. */
static inline void kit_check_match(struct mm_ruleset *set, const struct mm_event *ev)
{
    struct mm_matcher *m = mm_matcher_new(set);
    uint32_t hits[64];
    size_t n, again, alone = 0;

    MM_ASSERT(m != NULL);
    n = mm_rules_match(m, ev, hits, MM_COUNT(hits));
    for (size_t i = 1; i < mm_min_size(n, MM_COUNT(hits)); i++)
        MM_ASSERT(hits[i - 1] < hits[i]);
    for (size_t r = 0; r < mm_rules_count(set); r++) {
        bool routed, hit = false, plain = mm_match_plain(m, ev, r, &routed);

        for (size_t i = 0; i < mm_min_size(n, MM_COUNT(hits)); i++)
            hit |= hits[i] == r;
        MM_ASSERT(hit == plain || n > MM_COUNT(hits));
        MM_ASSERT(!plain || mm_rules_get(set, r)->state == MM_RULE_ACTIVE);
        alone += plain;
    }
    MM_ASSERT(alone == n);
    again = mm_rules_match(m, ev, hits, 0);
    MM_ASSERT(again == n);
    mm_matcher_free(&m);
}

#endif
