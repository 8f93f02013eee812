/* codec/repeat.c - see repeat.h for the contract. */
#include "codec/repeat.h"

#include "base/rd.h"

/* "repeated 3 times" at the cursor; the blank before it has been read. */
static bool count(struct mm_rd *rd, uint64_t *ret)
{
    uint32_t n;

    if (!mm_rd_lit(rd, MM_S("repeated ")) || !mm_rd_dec(rd, 9, &n) || n == 0 ||
        !mm_rd_lit(rd, MM_S(" time")))
        return false;
    (void)mm_rd_byte(rd, 's');
    *ret = n;
    return true;
}

/* rsyslog: "message repeated 3 times: [ text]"; the word "message " has been read. */
static bool in_brackets(struct mm_rd rd, struct mm_repeat *ret)
{
    uint64_t times;

    if (!count(&rd, &times) || !mm_rd_lit(&rd, MM_S(": [")) || mm_rd_left(&rd) < 2 ||
        rd.in.p[rd.in.n - 1] != ']')
        return false;
    (void)mm_rd_byte(&rd, ' ');
    ret->message = mm_slice_sub(rd.in, rd.pos, mm_rd_left(&rd) - 1);
    ret->times = times;
    return ret->message.n > 0;
}

/* syslog-ng: "'text' repeated 3 times, suppressed by ..."; the text may hold quotes: the last place
 * counts. */
static bool in_quotes(struct mm_rd rd, struct mm_repeat *ret)
{
    static const struct mm_slice behind = MM_S_INIT("' repeated ");
    uint64_t times;

    if (!mm_rd_byte(&rd, '\'') || mm_rd_left(&rd) <= behind.n)
        return false;
    for (size_t at = rd.in.n - behind.n; at > rd.pos; at--) {
        struct mm_rd tail = {.in = rd.in, .pos = at + 2};

        if (rd.in.p[at] != '\'' || !mm_slice_starts(mm_slice_sub(rd.in, at, SIZE_MAX), behind))
            continue;
        if (!count(&tail, &times) || !mm_rd_lit(&tail, MM_S(", suppressed by ")))
            return false;
        *ret = (struct mm_repeat){times, mm_slice_sub(rd.in, rd.pos, at - rd.pos)};
        return true;
    }
    return false;
}

bool mm_repeat_read(struct mm_slice text, struct mm_repeat *ret)
{
    struct mm_rd rd = mm_rd_of(mm_slice_trim(text));
    struct mm_repeat r = {0};
    bool dashes = mm_rd_lit(&rd, MM_S("--- "));

    if (mm_rd_lit(&rd, MM_S("message "))) {
        if (!in_brackets(rd, &r))
            return false;
        *ret = r;
        return true;
    }
    if (!mm_rd_lit(&rd, MM_S("last message ")) && !mm_rd_lit(&rd, MM_S("Last message ")) &&
        !mm_rd_lit(&rd, MM_S("same message ")))
        return false;
    if (!in_quotes(rd, &r)) {
        if (!count(&rd, &r.times))
            return false;
        (void)mm_rd_byte(&rd, '.');
        if (dashes && !mm_rd_lit(&rd, MM_S(" ---")))
            return false;
        if (mm_rd_left(&rd) > 0)
            return false;
    }
    *ret = r;
    return true;
}
