/*
 * detect/match_fuzz.c - no event may break these promises: rules of every kind of comparison
 * answer through the indexes as they do alone, in bounded time and without going past a value.
 */
#include "tests/harness/test.h"

#include "detect/fuzzkit.h"

#define RULE(n, detection)                                                                         \
    "title: r" n "\nlogsource: {product: windows}\ndetection:\n" detection "---\n"

/* Short literals, so that a fuzzer meets them; every operation at least once. */
static const char rules[] = RULE(
    "1",
    "  s: {A|contains: [ab, abc, abcd, abcde, b]}\n  condition: "
    "s\n") RULE("2",
                "  s: {A|endswith: [.exe, e, xe]}\n  f: {B|startswith: [a, ab]}\n"
                "  condition: s and not f\n") RULE("3", "  s: {A: [a, ab, '']}\n  t: {B: null}\n  "
                                                        "condition: s or t\n")
    RULE("4", "  s: {A: ['a*b', '?b*', '*a?c*d*']}\n  condition: s\n") RULE(
        "5", "  s: {A|re: ['^a+b', '(a|b)*c$'], B|exists: true}\n  condition: s\n")
        RULE("6", "  s: {SourceIp|cidr: [10.0.0.0/8, 'fe80::/10']}\n  condition: s\n") RULE(
            "7", "  s: {A|gt: 5}\n  t: {A|lte: 5}\n  u: {A|hour: 3}\n  condition: s or t or u\n")
            RULE("8", "  s: {A|fieldref: B}\n  t: {A|fieldref|contains: B}\n  condition: s or t\n")
                RULE("9", "  k: [abc, 'a*z', q]\n  condition: k\n") RULE(
                    "10",
                    "  s: {A|cased: aB}\n  t: {B|contains|cased: bC}\n  condition: 1 of them\n")
                    RULE("11", "  s: {A|contains|all: [a, bb, ccc, dddd]}\n  condition: not s\n")
                        RULE(
                            "12",
                            "  s: {A|base64offset|contains: ab}\n  t: {B|windash|contains: ' -a'}\n"
                            "  condition: s or t\n")
    /* Of another logsource, so that its keywords are looked for in all texts at once. */
    "title: r13\nlogsource: {product: windows, service: security}\n"
    "detection:\n  k: [abcdefg, kelvins]\n  s: {C|contains: [abcd, hijklmno]}\n"
    "  condition: k or s\n";

FUZZ(in)
{
    static struct mm_ruleset *set; /* made once: loading takes longer than an input */
    struct mm_event ev;

    if (set == NULL)
        MM_ASSERT(mm_rules_load_text(MM_S("r.yml"), mm_slice_str(rules), NULL, &set) == MM_OK);
    MM_ASSERT(mm_rules_refused(set) == 0);
    kit_lines_event(&ev, in);
    kit_check_match(set, &ev);
}
