/*
 * detect/rule_fuzz.c - no rules, no event and no pipeline may break these promises: a refusal names
 * a line and a reason that has words; what loads can be matched; the indexes answer as the rules do
 * alone.
 */
#include "tests/harness/test.h"

#include "detect/fuzzkit.h"

/* What stands before the next "%%", which is taken off as well. */
static struct mm_slice part(struct mm_slice *io)
{
    size_t at = mm_slice_search(*io, MM_S("\n%%\n"));
    struct mm_slice head = mm_slice_sub(*io, 0, at);

    *io = at == SIZE_MAX ? (struct mm_slice){0} : mm_slice_sub(*io, at + 4, SIZE_MAX);
    return head;
}

FUZZ(in)
{
    struct mm_ruleset *set = NULL;
    struct mm_slice rules = part(&in), event = part(&in);
    struct mm_rules_text pipeline = {MM_S("pipeline.yml"), in};
    struct mm_rules_options options = {.pipeline = &pipeline, .pipeline_n = in.n > 0 ? 1 : 0};
    struct mm_event ev;

    if (mm_rules_load_text(MM_S("fuzz.yml"), rules, &options, &set) != MM_OK)
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
