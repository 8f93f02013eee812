/* app/rules_coverage.c - see rules_coverage.h for the contract. */
#include "app/rules_coverage.h"

#include <stdio.h>

#include "app/say.h"
#include "base/utf8.h"
#include "detect/reach.h"

enum { MEMORY_MAX = 64 * 1024 * 1024 }; /* rows of as many rules as one set may have */

static void print_json(const struct mm_rule_source *row, size_t n)
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

static void print_text(const struct mm_rule_source *row, size_t n, enum mm_lang lang)
{
    size_t count[MM_RULE_STATE_COUNT] = {0}, all = 0;

    mm_say_line(stdout, lang, "cli.rules.coverage.head");
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
    MM_SAY(stdout, lang, "cli.rules.coverage", MM_SAY_NUMBER("sources", n),
           MM_SAY_NUMBER("rules", all), MM_SAY_NUMBER("active", count[MM_RULE_ACTIVE]),
           MM_SAY_NUMBER("no_source", count[MM_RULE_NO_SOURCE]),
           MM_SAY_NUMBER("needs_values", count[MM_RULE_NEEDS_VALUES]));
    putchar('\n');
}

bool mm_rules_cli_coverage(const struct mm_ruleset *set, bool json, enum mm_lang lang)
{
    struct mm_rule_source *row = NULL;
    struct mm_arena a;
    size_t n = 0;
    bool ok;

    mm_arena_init(&a, MEMORY_MAX);
    ok = mm_rule_sources(set, &a, &row, &n) == MM_OK;
    if (ok && json)
        print_json(row, n);
    else if (ok)
        print_text(row, n, lang);
    mm_arena_done(&a);
    return ok;
}
