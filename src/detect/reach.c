/* detect/reach.c - see reach.h for the contract. */
#include "detect/reach.h"

#include <stdlib.h>

#include "detect/logsource.h"

struct mm_reach {
    struct mm_sources sources;
    struct mm_source_bits sent;
};

/* ---- rules by logsource ---- */

static int same_source(const struct mm_rule *a, const struct mm_rule *b)
{
    int c = mm_slice_cmp(a->product, b->product);

    if (c == 0)
        c = mm_slice_cmp(a->category, b->category);
    return c != 0 ? c : mm_slice_cmp(a->service, b->service);
}

static int by_source(const void *a, const void *b)
{
    return same_source(*(const struct mm_rule *const *)a, *(const struct mm_rule *const *)b);
}

/* Those that match nothing first, then the largest. */
static int by_size(const void *pa, const void *pb)
{
    const struct mm_rule_source *a = pa, *b = pb;
    bool lost_a = a->count[MM_RULE_NO_SOURCE] > 0, lost_b = b->count[MM_RULE_NO_SOURCE] > 0;

    if (lost_a != lost_b)
        return lost_a ? -1 : 1;
    if (a->all != b->all)
        return a->all > b->all ? -1 : 1;
    return same_source(a->rule, b->rule);
}

enum mm_code mm_rule_sources(const struct mm_ruleset *set, struct mm_arena *a,
                             struct mm_rule_source **ret, size_t *ret_n)
{
    size_t rules = mm_rules_count(set), n = 0, rows = 0;
    const struct mm_rule **list = mm_arena_array(a, rules + 1, sizeof(*list));
    struct mm_rule_source *row = mm_arena_array(a, rules + 1, sizeof(*row));

    if (list == NULL || row == NULL)
        return MM_E_NOMEM;
    for (size_t i = 0; i < rules; i++) {
        if (mm_rules_get(set, i)->state != MM_RULE_NEXT_STAGE)
            list[n++] = mm_rules_get(set, i);
    }
    if (n > 0)
        qsort(list, n, sizeof(*list), by_source);
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || same_source(list[i], list[i - 1]) != 0)
            row[rows++] = (struct mm_rule_source){.rule = list[i]};
        row[rows - 1].all++;
        row[rows - 1].count[list[i]->state]++;
    }
    if (rows > 0)
        qsort(row, rows, sizeof(*row), by_size);
    *ret = row;
    *ret_n = rows;
    return MM_OK;
}

/* ---- what comes ---- */

struct mm_reach *mm_reach_new(struct mm_arena *a)
{
    struct mm_reach *r = mm_arena_alloc(a, sizeof(*r));

    if (r == NULL)
        return NULL;
    *r = (struct mm_reach){0};
    return mm_sources_init(a, &r->sources) ? r : NULL;
}

void mm_reach_event(struct mm_reach *r, const struct mm_event *ev)
{
    struct mm_source_bits bits = {0};

    mm_sources_test(&r->sources, ev, &bits);
    for (size_t i = 0; i < MM_SOURCE_WORDS; i++)
        r->sent.w[i] |= bits.w[i];
}

bool mm_reach_rule(const struct mm_reach *r, const struct mm_rule *rule)
{
    struct mm_source_bits bits = {0};
    uint64_t common = 0;

    if (rule->state != MM_RULE_ACTIVE ||
        !mm_sources_select(&r->sources, rule->product, rule->category, rule->service, &bits))
        return false;
    for (size_t i = 0; i < MM_SOURCE_WORDS; i++)
        common |= bits.w[i] & r->sent.w[i];
    return common != 0;
}

/* ---- what would have to come ---- */

static bool agrees(struct mm_slice row, struct mm_slice rule)
{
    return row.n == 0 || mm_slice_eq(row, rule);
}

const char *mm_reach_need(const struct mm_rule *rule)
{
    static const struct {
        struct mm_slice product, category, service;
        const char *word;
    } needs[] = {
#define MM_NEED(product, category, service, word)                                                  \
    {MM_S_INIT(product), MM_S_INIT(category), MM_S_INIT(service), word},
#include "detect/needs.def"
#undef MM_NEED
    };

    if (rule->state != MM_RULE_ACTIVE)
        return "none";
    for (size_t i = 0; i < MM_COUNT(needs); i++) {
        if (agrees(needs[i].product, rule->product) && agrees(needs[i].category, rule->category) &&
            agrees(needs[i].service, rule->service))
            return needs[i].word;
    }
    if (!mm_slice_eq(rule->product, MM_S("windows")))
        return "device";
    /* Windows' categories are Sysmon's but for those above; its services are event channels. */
    return rule->category.n > 0 || mm_slice_eq(rule->service, MM_S("sysmon")) ? "sysmon"
                                                                              : "windows_channel";
}
