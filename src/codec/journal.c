/* codec/journal.c - see journal.h for the contract. */
#include "codec/journal.h"

#include "base/rd.h"

void mm_journal_init(struct mm_journal *j, struct mm_slice entry)
{
    *j = (struct mm_journal){.in = entry};
    while (j->pos < entry.n && entry.p[j->pos] == '\n')
        j->pos++;
}

static bool is_name(struct mm_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];

        if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'))
            return false;
    }
    return s.n > 0 && s.n <= MM_JOURNAL_MAX_NAME;
}

/* Length and bytes behind a name that stood alone. */
static enum mm_code binary(struct mm_rd *rd, struct mm_slice *ret, struct mm_fault *fault)
{
    uint64_t n;

    if (!mm_rd_u64le(rd, &n))
        return mm_fail(fault, MM_E_MORE, rd->pos, "journal.length");
    if (n > mm_rd_left(rd) || !mm_rd_take(rd, (size_t)n, ret)) /* below the input's size */
        return mm_fail(fault, MM_E_MORE, rd->pos, "journal.value");
    if (mm_rd_left(rd) > 0 && !mm_rd_byte(rd, '\n'))
        return mm_fail(fault, MM_E_SYNTAX, rd->pos, "journal.value");
    return MM_OK;
}

enum mm_code mm_journal_next(struct mm_journal *j, struct mm_journal_field *ret,
                             struct mm_fault *fault)
{
    struct mm_rd rd = {.in = j->in, .pos = j->pos};
    struct mm_journal_field field = {0};
    struct mm_slice line;
    size_t end, assign;
    enum mm_code code;

    MM_ASSERT(ret != NULL);
    if (mm_rd_left(&rd) == 0 || mm_rd_peek(&rd) == '\n')
        return MM_E_NOTFOUND;
    end = mm_slice_find(j->in, '\n', j->pos);
    line = mm_slice_sub(j->in, j->pos, end == SIZE_MAX ? SIZE_MAX : end - j->pos);
    assign = mm_slice_find(line, '=', 0);
    field.name = mm_slice_sub(line, 0, assign);
    if (!is_name(field.name))
        return mm_fail(fault, MM_E_SYNTAX, j->pos, "journal.name");
    rd.pos = end == SIZE_MAX ? j->in.n : end + 1;
    if (assign != SIZE_MAX) {
        field.value = mm_slice_sub(line, assign + 1, SIZE_MAX);
    } else if ((code = binary(&rd, &field.value, fault)) != MM_OK) {
        return code;
    }
    j->pos = rd.pos;
    *ret = field;
    return MM_OK;
}
