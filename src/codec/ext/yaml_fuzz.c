/*
 * codec/ext/yaml_fuzz.c - no input may break these promises: a tree has as many members as it
 * counts, lines lie inside the input, and a refusal says why.
 */
#include "codec/ext/yaml.h"
#include "tests/harness/test.h"

static void walk(const struct mm_yaml *node, size_t lines, size_t depth)
{
    size_t n = 0;

    MM_ASSERT(depth <= MM_YAML_MAX_DEPTH); /* bounds this recursion too */
    MM_ASSERT(node->line >= 1 && node->line <= lines);
    for (const struct mm_yaml *m = node->first; m != NULL; m = m->next, n++)
        walk(m, lines, depth + 1);
    MM_ASSERT(n == node->count);
    MM_ASSERT(node->kind != MM_YAML_SCALAR || node->text.p[node->text.n] == 0);
}

FUZZ(in)
{
    struct mm_arena a;
    struct mm_yaml *doc = NULL;
    struct mm_yaml_fault f = {0};
    size_t lines = in.n + 2; /* libyaml also counts NEL, LS and PS as line ends */

    mm_arena_init(&a, 64 * 1024 * 1024);
    if (mm_yaml_read(&a, in, &doc, &f) != MM_OK) {
        MM_ASSERT(f.what != NULL && f.line >= 1);
    } else {
        for (; doc != NULL; doc = doc->next)
            walk(doc, lines, 0);
    }
    mm_arena_done(&a);
}
