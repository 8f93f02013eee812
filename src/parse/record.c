/* parse/record.c - records of several lines: parse.h and SCHEMA.md have the contract. */
#include "parse/load.h"

enum { LINES_DEFAULT = 500, LINES_MAX = 10000 }; /* the deepest stack a JVM shows has 1024 */

size_t mm_format_record_lines(const struct mm_formats *formats, uint16_t index)
{
    MM_ASSERT(index < formats->count);
    return formats->format[index]->record_lines;
}

bool mm_format_continues(const struct mm_formats *formats, uint16_t index, struct mm_slice line)
{
    MM_UNINIT struct mm_pattern_hit hit;
    const struct mm_format *f;

    MM_ASSERT(index < formats->count);
    f = formats->format[index];
    if (f->record_blank && line.n > 0 && (line.p[0] == ' ' || line.p[0] == '\t'))
        return true;
    return f->record_starts != NULL && !mm_patterns_match(f->record_starts, line, NULL, &hit);
}

bool mm_load_multiline(struct mm_loader *l, const struct mm_yaml *node)
{
    static const char *const known[] = {"starts", "blank", "lines", NULL};
    const struct mm_yaml *starts = mm_yaml_get(node, "starts"), *one;
    const struct mm_yaml *blank = mm_yaml_get(node, "blank"), *lines = mm_yaml_get(node, "lines");
    uint64_t max = LINES_DEFAULT;
    struct mm_patterns *set;

    l->f->record_lines = 1;
    if (node == NULL)
        return true;
    if (!mm_load_keys(l, node, known))
        return false;
    if (blank != NULL && !mm_yaml_bool(blank, &l->f->record_blank))
        return mm_load_fail(l, blank, "format.bool", blank->text);
    if (lines != NULL && (!mm_slice_u64(lines->text, &max) || max < 2 || max > LINES_MAX))
        return mm_load_fail(l, lines, "format.number", lines->text);
    l->f->record_lines = (size_t)max; /* at most LINES_MAX */
    if (starts == NULL)
        return l->f->record_blank ||
               mm_load_fail(l, node, "format.multiline", (struct mm_slice){0});
    set = mm_patterns_new(l->arena);
    if (set == NULL)
        return mm_load_fail(l, node, "format.memory", (struct mm_slice){0});
    one = starts->kind == MM_YAML_LIST ? starts->first : starts;
    for (; one != NULL; one = starts->kind == MM_YAML_LIST ? one->next : NULL) {
        if (!mm_load_pattern(l, set, one, 0))
            return false;
    }
    l->f->record_starts = set;
    return true;
}
