/*
 * detect/tuning_fuzz.c - no text may break these promises: a refusal names a reason; what was read
 * reads back the same when it is written; rules load with it, and match as they do alone.
 */
#include "detect/tuning.h"
#include "tests/harness/test.h"

#include "detect/fuzzkit.h"

enum { TEXT_MAX = 8 * 1024 * 1024 };

static const char rules[] =
    "title: a\nlogsource: {product: windows}\ndetection:\n  s: {A|expand: '%a%'}\n"
    "  condition: s\n---\ntitle: b\nlogsource: {product: windows}\ndetection:\n"
    "  s: {A|contains|all|expand: ['x%a%', '%b%']}\n  condition: s\n---\n"
    "title: c\nlogsource: {product: windows}\ndetection:\n  s: {A: x}\n  f: {A|re|expand: '%b%'}\n"
    "  condition: s and not f\n";

static void write_all(const struct mm_tuning *t, struct mm_buf *out)
{
    for (size_t i = 0; i < t->list_n; i++)
        mm_tuning_put_list(out, &t->list[i]);
    for (size_t i = 0; i < t->rule_n; i++)
        mm_tuning_put_rule(out, &t->rule[i]);
    MM_ASSERT(mm_buf_ok(out));
}

FUZZ(in)
{
    struct mm_tuning *t = NULL, *again = NULL;
    struct mm_ruleset *set = NULL;
    struct mm_fault fault = {0};
    struct mm_buf first, second;
    struct mm_event ev;

    if (mm_tuning_read(in, &t, &fault) != MM_OK) {
        MM_ASSERT(fault.what != NULL && t == NULL);
        return;
    }
    mm_buf_init(&first, TEXT_MAX);
    mm_buf_init(&second, TEXT_MAX);
    write_all(t, &first);
    MM_ASSERT(mm_tuning_read(mm_buf_slice(&first), &again, NULL) == MM_OK);
    write_all(again, &second);
    MM_ASSERT(mm_slice_eq(mm_buf_slice(&first), mm_buf_slice(&second)));
    MM_ASSERT(mm_rules_load_text(MM_S("r"), mm_slice_str(rules),
                                 &(struct mm_rules_options){.tuning = t}, &set) == MM_OK);
    MM_ASSERT(mm_rules_refused(set) == 0); /* whatever the lists hold */
    mm_event_reset(&ev);
    ev.company = 3;
    mm_event_text(&ev, MM_F_WINLOG_CHANNEL, MM_S("Security"));
    MM_ASSERT(mm_event_name(&ev, MM_S("A"), MM_S("x")));
    kit_check_match(set, &ev);
    mm_rules_unref(&set);
    mm_buf_done(&first);
    mm_buf_done(&second);
    mm_tuning_free(&t);
    mm_tuning_free(&again);
}
