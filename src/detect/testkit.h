/*
 * detect/testkit.h - rules and events from short texts, for this folder's tests.
 *
 * Purpose   hit("detection lines", "field=value", ...) says whether a rule matches an event.
 * Owns      Statics of the test program.
 * Threads   Tests are one thread.
 * Trust     Test code only.
 */
#ifndef MM_DETECT_TESTKIT_H
#define MM_DETECT_TESTKIT_H

#include "detect/detect.h"

/* The test includes tests/harness/test.h before this. */

#define KIT_HEAD KIT_TITLE("t")
#define KIT_TITLE(t) "title: " t "\nlogsource: {product: windows}\ndetection:\n"

/* A rule set of `text`, which must load without refusals. */
static inline struct mm_ruleset *kit_load(const char *text)
{
    struct mm_ruleset *set = NULL;

    CHECK(mm_rules_load_text(MM_S("test.yml"), mm_slice_str(text), NULL, &set) == MM_OK);
    for (size_t i = 0; i < mm_rules_refused(set); i++) {
        const struct mm_rule_refusal *r = mm_rules_refusal(set, i);

        printf("# %u: %s (%.*s)\n", r->line, r->what, MM_S_ARG(r->detail));
    }
    CHECK_NUM(mm_rules_refused(set), 0);
    return set;
}

/* Windows event of the fields: name, value, name, value, …, NULL. Values live as long as they do.
 */
static inline void kit_event(struct mm_event *ev, const char *const *nv)
{
    mm_event_reset(ev);
    CHECK(mm_event_name(ev, MM_S("winlog.channel"), MM_S("Security")));
    for (; nv[0] != NULL; nv += 2)
        CHECK(mm_event_name(ev, mm_slice_str(nv[0]), mm_slice_str(nv[1])));
}

/* How many rules of the set match. */
static inline size_t kit_match(struct mm_ruleset *set, const struct mm_event *ev)
{
    struct mm_matcher *m = mm_matcher_new(set);
    uint32_t hits[64];
    size_t n;

    CHECK(m != NULL);
    n = mm_rules_match(m, ev, hits, 64);
    CHECK_NUM(mm_rules_match(m, ev, hits, 64), n); /* asking again changes nothing */
    mm_matcher_free(&m);
    return n;
}

/* Does the rule of these detection lines match the event of these fields? */
static inline bool kit_hit(const char *detection, const char *const *nv)
{
    char text[8192];
    struct mm_ruleset *set;
    struct mm_event ev;
    size_t n;

    (void)snprintf(text, sizeof(text), KIT_HEAD "%s", detection);
    set = kit_load(text);
    kit_event(&ev, nv);
    n = kit_match(set, &ev);
    mm_rules_unref(&set);
    return n == 1;
}

#define KIT_NV(...) ((const char *const[]){__VA_ARGS__, NULL})
#define HIT(detection, ...) CHECK(kit_hit(detection, KIT_NV(__VA_ARGS__)))
#define MISS(detection, ...) CHECK(!kit_hit(detection, KIT_NV(__VA_ARGS__)))

#endif
