/* detect/corpus_test.c - the public rules of SigmaHQ, when they are at hand. */
#include <sys/stat.h>

#include "base/time.h"
#include "tests/harness/test.h"

#include "detect/testkit.h"

/* $MIMAMORI_CORPORA/sigma/<sub>, or the test is skipped. */
static const char *corpus(char path[MM_MAX_PATH], const char *sub)
{
    const char *root = getenv("MIMAMORI_CORPORA");
    struct stat st;

    if (root == NULL)
        mm_test_skip("no corpus");
    (void)snprintf(path, MM_MAX_PATH, "%s/sigma/%s", root, sub);
    if (stat(path, &st) != 0)
        mm_test_skip("no corpus");
    return path;
}

TEST(sigmahq_rules_load_without_refusal)
{
    static const char *const dirs[] = {
        "rules",      "rules-emerging-threats", "rules-threat-hunting", "rules-compliance",
        "rules-dfir", "rules-placeholder"};
    char path[MM_COUNT(dirs)][MM_MAX_PATH];
    const char *list[MM_COUNT(dirs)];
    size_t count[MM_RULE_STATE_COUNT] = {0};
    struct mm_ruleset *set = NULL;
    int64_t began;

    for (size_t i = 0; i < MM_COUNT(dirs); i++)
        list[i] = corpus(path[i], dirs[i]);
    began = mm_mono_us();
    CHECK(mm_rules_load(list, MM_COUNT(dirs), NULL, &set, NULL) == MM_OK);
    printf("# loaded in %lld ms\n", (long long)((mm_mono_us() - began) / 1000));
    for (size_t i = 0; i < mm_rules_refused(set); i++) {
        const struct mm_rule_refusal *r = mm_rules_refusal(set, i);

        printf("# %.*s:%u: %s (%.*s)\n", MM_S_ARG(r->file), r->line, mm_rules_reason(r->what),
               MM_S_ARG(r->detail));
    }
    for (size_t i = 0; i < mm_rules_count(set); i++)
        count[mm_rules_get(set, i)->state]++;
    printf("# %zu active, %zu without a source, %zu need values, %zu for the next stage, "
           "%zu refused\n",
           count[MM_RULE_ACTIVE], count[MM_RULE_NO_SOURCE], count[MM_RULE_NEEDS_VALUES],
           count[MM_RULE_NEXT_STAGE], mm_rules_refused(set));
    CHECK_NUM(mm_rules_refused(set), 0);
    mm_rules_unref(&set);
}
