/* codec/directive.c - see directive.h for the contract. */
#include "codec/directive.h"

bool mm_directive_read(struct mm_slice line, struct mm_directive *ret)
{
    size_t at = 1;
    uint8_t c;

    MM_ASSERT(ret != NULL);
    if (line.n < 2 || line.p[0] != '#')
        return false;
    for (; at < line.n && at <= MM_DIRECTIVE_MAX_NAME; at++) {
        c = line.p[at];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-'))
            break;
    }
    if (at == 1 || at > MM_DIRECTIVE_MAX_NAME)
        return false;
    if (at < line.n && line.p[at] != ':' && line.p[at] != ' ' && line.p[at] != '\t')
        return false;
    ret->name = mm_slice_sub(line, 1, at - 1);
    ret->value = mm_slice_trim(mm_slice_sub(line, at + 1, SIZE_MAX));
    return true;
}
