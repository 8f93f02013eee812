/* parse/decode_when.c - a moment whose form nobody told. */
#include "parse/format.h"

bool mm_when_any(struct mm_slice text, struct mm_when *ret)
{
    static const enum mm_when_form forms[] = {MM_WHEN_YMD,   MM_WHEN_COMPACT, MM_WHEN_EPOCH,
                                              MM_WHEN_CLF,   MM_WHEN_BSD,     MM_WHEN_CTIME,
                                              MM_WHEN_DMONY, MM_WHEN_JP};

    for (size_t i = 0; i < MM_COUNT(forms); i++) {
        struct mm_rd rd = mm_rd_of(text);
        struct mm_when when = {0};

        if (!mm_when_read(&rd, forms[i], &when))
            continue;
        (void)mm_rd_byte(&rd, ' ');
        if (!when.is_epoch && !when.has_zone)
            (void)!mm_when_read(&rd, MM_WHEN_ZONE, &when);
        if (mm_rd_left(&rd) > 0)
            continue;
        *ret = when;
        return true;
    }
    return false;
}
