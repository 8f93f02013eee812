/* app/rules_coverage.c - see rules_coverage.h for the contract. */
#include "app/rules_coverage.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"

/* The rules of one logsource. */
struct row {
    const struct mm_rule *rule; /* one of them */
    size_t count[MM_RULE_STATE_COUNT];
    size_t all;
};

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
    const struct row *a = pa, *b = pb;
    bool lost_a = a->count[MM_RULE_NO_SOURCE] > 0, lost_b = b->count[MM_RULE_NO_SOURCE] > 0;

    if (lost_a != lost_b)
        return lost_a ? -1 : 1;
    if (a->all != b->all)
        return a->all > b->all ? -1 : 1;
    return same_source(a->rule, b->rule);
}

static void print_json(const struct row *row, size_t n)
{
    struct mm_buf out;

    mm_buf_init(&out, 16 * 1024 * 1024);
    for (size_t i = 0; i < n; i++) {
        mm_buf_str(&out, i == 0 ? "[{\"product\":" : ",\n{\"product\":");
        mm_utf8_json(&out, row[i].rule->product);
        mm_buf_str(&out, ",\"category\":");
        mm_utf8_json(&out, row[i].rule->category);
        mm_buf_str(&out, ",\"service\":");
        mm_utf8_json(&out, row[i].rule->service);
        mm_buf_fmt(&out, ",\"rules\":%zu,\"active\":%zu,\"no_source\":%zu,\"needs_values\":%zu}",
                   row[i].all, row[i].count[MM_RULE_ACTIVE], row[i].count[MM_RULE_NO_SOURCE],
                   row[i].count[MM_RULE_NEEDS_VALUES]);
    }
    mm_buf_str(&out, n == 0 ? "[]\n" : "]\n");
    if (mm_buf_ok(&out))
        (void)fwrite(out.p, 1, out.n, stdout);
    mm_buf_done(&out);
}

/* A word of a rule for a terminal: printable ASCII, or "-". */
static void print_word(struct mm_slice s, int width)
{
    char text[64] = "-";
    size_t n = mm_min_size(s.n, sizeof(text) - 1);

    for (size_t i = 0; i < n; i++)
        text[i] = (char)(s.p[i] < 0x20 || s.p[i] > 0x7e ? '?' : s.p[i]);
    text[n > 0 ? n : 1] = '\0';
    printf("%-*s ", width, text);
}

static void print_text(const struct row *row, size_t n)
{
    size_t count[MM_RULE_STATE_COUNT] = {0}, all = 0;

    printf("%6s %6s %6s  %-12s %-24s %s\n", "rules", "active", "values", "product", "category",
           "service");
    for (size_t i = 0; i < n; i++) {
        printf("%6zu %6zu %6zu  ", row[i].all, row[i].count[MM_RULE_ACTIVE],
               row[i].count[MM_RULE_NEEDS_VALUES]);
        print_word(row[i].rule->product, 12);
        print_word(row[i].rule->category, 24);
        print_word(row[i].rule->service, 0);
        puts("");
        all += row[i].all;
        for (size_t k = 0; k < MM_RULE_STATE_COUNT; k++)
            count[k] += row[i].count[k];
    }
    printf("%zu logsources, %zu rules: %zu active, %zu of logsources that no format of ours "
           "writes, %zu need values for placeholders\n",
           n, all, count[MM_RULE_ACTIVE], count[MM_RULE_NO_SOURCE], count[MM_RULE_NEEDS_VALUES]);
}

bool mm_rules_cli_coverage(const struct mm_ruleset *set, bool json)
{
    size_t rules = mm_rules_count(set), n = 0, rows = 0;
    const struct mm_rule **list = calloc(rules + 1, sizeof(struct mm_rule *));
    struct row *row = calloc(rules + 1, sizeof(*row));

    for (size_t i = 0; list != NULL && i < rules; i++) {
        if (mm_rules_get(set, i)->state != MM_RULE_NEXT_STAGE) /* correlations have none */
            list[n++] = mm_rules_get(set, i);
    }
    if (list == NULL || row == NULL) {
        free(list);
        free(row);
        return false;
    }
    qsort(list, n, sizeof(struct mm_rule *), by_source);
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || same_source(list[i], list[i - 1]) != 0)
            row[rows++].rule = list[i];
        row[rows - 1].all++;
        row[rows - 1].count[list[i]->state]++;
    }
    qsort(row, rows, sizeof(*row), by_size);
    if (json)
        print_json(row, rows);
    else
        print_text(row, rows);
    free(list);
    free(row);
    return true;
}
