/* parse/reason.c - why a format was refused, in words. */
#include "parse/parse.h"

const char *mm_formats_reason(const char *what)
{
    static const struct {
        const char *key, *words;
    } reasons[] = {
#define MM_REASON(key, words) {key, words},
#include "parse/reasons.def"
#undef MM_REASON
    };

    for (size_t i = 0; i < MM_COUNT(reasons); i++) {
        if (strcmp(reasons[i].key, what) == 0)
            return reasons[i].words;
    }
    return what;
}
