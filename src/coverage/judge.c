/* coverage/judge.c - what a source's formats say of it; see coverage.h for the contract. */
#include "base/time.h"
#include "coverage/coverage.h"

struct mm_cover_sum mm_cover_sum(const struct mm_cover_day *days, size_t n, int64_t from,
                                 int64_t to)
{
    struct mm_cover_sum sum = {0};

    for (size_t i = 0; i < n; i++) {
        if (days[i].day < from || days[i].day >= to)
            continue;
        sum.parsed += days[i].parsed; /* counted one by one: far below 2^63 */
        sum.unparsed += days[i].unparsed;
        sum.topics |= days[i].topics;
    }
    return sum;
}

int64_t mm_cover_permille(const struct mm_cover_sum *s)
{
    uint64_t all = s->parsed + s->unparsed;

    return all == 0 ? -1 : (int64_t)(s->parsed * 1000 / all);
}

bool mm_cover_fell(const struct mm_cover_sum *before, const struct mm_cover_sum *after)
{
    return before->parsed + before->unparsed >= MM_COVER_FELL_MIN &&
           after->parsed + after->unparsed >= MM_COVER_FELL_MIN &&
           mm_cover_permille(after) + MM_COVER_FELL <= mm_cover_permille(before);
}

size_t mm_cover_sends(const struct mm_source_format *list, size_t n, size_t *ret_before)
{
    size_t now = SIZE_MAX, before = SIZE_MAX;

    for (size_t i = 0; i < n; i++) {
        if (list[i].parsed >= MM_COVER_FORMAT_MIN && list[i].format.n > 0 &&
            (now == SIZE_MAX || list[i].last_us > list[now].last_us))
            now = i;
    }
    for (size_t i = 0; i < n && now != SIZE_MAX; i++) {
        if (i != now && list[i].parsed >= MM_COVER_FORMAT_MIN && list[i].format.n > 0 &&
            list[i].last_us + MM_COVER_FORMAT_S * MM_US_PER_S < list[now].last_us &&
            (before == SIZE_MAX || list[i].last_us > list[before].last_us))
            before = i;
    }
    *ret_before = before;
    return now;
}

size_t mm_cover_other(const struct mm_source_format *list, size_t n, struct mm_slice told)
{
    size_t other = SIZE_MAX;
    uint64_t of_told = 0;

    for (size_t i = 0; i < n; i++) {
        if (mm_slice_eq(list[i].format, told))
            of_told = list[i].parsed;
        else if (list[i].format.n > 0 && (other == SIZE_MAX || list[i].parsed > list[other].parsed))
            other = i;
    }
    return told.n > 0 && other != SIZE_MAX && list[other].parsed >= MM_COVER_OTHER_MIN &&
                   list[other].parsed / 10 >= of_told
               ? other
               : SIZE_MAX;
}
