/*
 * detect/rule_fuzz.c - no rules and no event may break these promises: a refusal names a line and
 * a reason that has words; what loads can be matched; the indexes answer as the rules do alone.
 */
#include "tests/harness/test.h"

#include "detect/fuzzkit.h"

FUZZ(in)
{
    struct mm_ruleset *set = NULL;
    size_t at = mm_slice_search(in, MM_S("\n%%\n"));
    struct mm_slice rules = mm_slice_sub(in, 0, at), event = {0};
    struct mm_event ev;

    if (at != SIZE_MAX)
        event = mm_slice_sub(in, at + 4, SIZE_MAX);
    if (mm_rules_load_text(MM_S("fuzz.yml"), rules, NULL, &set) != MM_OK)
        return;
    for (size_t i = 0; i < mm_rules_refused(set); i++) {
        const struct mm_rule_refusal *r = mm_rules_refusal(set, i);

        MM_ASSERT(r->line >= 1 && r->what != NULL);
        MM_ASSERT(mm_rules_reason(r->what) != r->what);
        for (size_t k = 0; k < r->detail.n; k++)
            MM_ASSERT(r->detail.p[k] >= 0x20 && r->detail.p[k] != 0x7f);
    }
    kit_lines_event(&ev, event);
    kit_check_match(set, &ev);
    mm_rules_unref(&set);
}
