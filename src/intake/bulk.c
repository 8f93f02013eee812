/* intake/bulk.c - see bulk.h for the contract. */
#include "intake/bulk.h"

enum { NOTE_REFUSED = 0x80 }; /* beside the op in a note */

static const char *const op_name[MM_BULK_OPS] = {
    [MM_BULK_INDEX] = "index",
    [MM_BULK_CREATE] = "create",
    [MM_BULK_UPDATE] = "update",
    [MM_BULK_DELETE] = "delete",
};

void mm_bulk_init(struct mm_bulk *b, struct mm_slice body)
{
    *b = (struct mm_bulk){.rd = mm_rd_of(body)};
}

static void skip_blanks(struct mm_rd *rd)
{
    while (mm_rd_skip(rd, ' ') + mm_rd_skip(rd, '\t') > 0)
        ;
}

/* An action's line, trimmed: one of the names, and an object below it that nothing follows. */
static bool read_action(struct mm_slice line, enum mm_bulk_op *ret)
{
    struct mm_rd rd = mm_rd_of(line);
    struct mm_slice name;
    size_t op = 0;

    if (!mm_rd_byte(&rd, '{'))
        return false;
    skip_blanks(&rd);
    if (!mm_rd_byte(&rd, '"') || !mm_rd_until(&rd, '"', &name))
        return false;
    while (op < MM_BULK_OPS && !mm_slice_eq(name, mm_slice_str(op_name[op])))
        op++;
    if (op == MM_BULK_OPS)
        return false;
    skip_blanks(&rd);
    if (!mm_rd_byte(&rd, ':'))
        return false;
    skip_blanks(&rd);
    line = mm_rd_rest(&rd); /* {...}} */
    if (line.n < 3 || line.p[0] != '{' || line.p[line.n - 1] != '}')
        return false;
    line = mm_slice_trim(mm_slice_sub(line, 0, line.n - 1));
    if (line.n < 2 || line.p[line.n - 1] != '}')
        return false;
    *ret = (enum mm_bulk_op)op;
    return true;
}

/* The next line that is not blank, for an action; false at the end of the body. */
static bool action_line(struct mm_rd *rd, struct mm_slice *ret, size_t *ret_at)
{
    do {
        *ret_at = rd->pos;
        if (!mm_rd_until(rd, '\n', ret))
            return false;
        *ret = mm_slice_trim(*ret);
    } while (ret->n == 0);
    return true;
}

enum mm_code mm_bulk_next(struct mm_bulk *b, struct mm_bulk_item *ret, struct mm_fault *fault)
{
    struct mm_bulk_item item = {0};
    struct mm_slice line;
    size_t at;

    MM_ASSERT(ret != NULL);
    if (!action_line(&b->rd, &line, &at)) {
        if (mm_rd_left(&b->rd) > 0)
            return mm_fail(fault, MM_E_SYNTAX, at, "bulk.newline");
        return b->items > 0 ? MM_E_NOTFOUND : mm_fail(fault, MM_E_SYNTAX, at, "bulk.empty");
    }
    if (b->items == MM_BULK_ITEMS)
        return mm_fail(fault, MM_E_LIMIT, at, "bulk.items");
    if (!read_action(line, &item.op))
        return mm_fail(fault, MM_E_SYNTAX, at, "bulk.action");
    if (item.op != MM_BULK_DELETE) {
        at = b->rd.pos;
        if (!mm_rd_until(&b->rd, '\n', &line))
            return mm_fail(fault, MM_E_SYNTAX, at,
                           mm_rd_left(&b->rd) > 0 ? "bulk.newline" : "bulk.document");
        item.document = mm_slice_trim(line);
    }
    item.taken = item.op <= MM_BULK_CREATE && item.document.n > 0;
    b->items++;
    *ret = item;
    return MM_OK;
}

void mm_bulk_note(struct mm_buf *notes, const struct mm_bulk_item *item)
{
    mm_buf_byte(notes, (uint8_t)((unsigned)item->op | (item->taken ? 0 : NOTE_REFUSED)));
}

void mm_bulk_json(struct mm_slice notes, uint64_t took_ms, struct mm_buf *out)
{
    bool errors = false;

    for (size_t i = 0; i < notes.n; i++)
        errors = errors || notes.p[i] >= NOTE_REFUSED;
    mm_buf_fmt(out, "{\"took\":%llu,\"errors\":%s,\"items\":[", (unsigned long long)took_ms,
               errors ? "true" : "false");
    for (size_t i = 0; i < notes.n; i++) {
        unsigned op = notes.p[i] & ~(unsigned)NOTE_REFUSED;

        MM_ASSERT(op < MM_BULK_OPS);
        mm_buf_str(out, i == 0 ? "{\"" : ",{\"");
        mm_buf_str(out, op_name[op]);
        if (notes.p[i] < NOTE_REFUSED)
            mm_buf_str(out, "\":{\"status\":201}}");
        else
            mm_buf_fmt(out,
                       "\":{\"status\":400,\"error\":{\"type\":\"refused\",\"reason\":\"%s\"}}}",
                       op <= MM_BULK_CREATE ? "bulk.document" : "bulk.op");
    }
    mm_buf_str(out, "]}\n");
}
