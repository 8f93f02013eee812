/* web/form.c - see form.h for the contract. */
#include "web/form.h"

#include "base/utf8.h"

static int hex_of(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool is_text(struct mm_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];

        if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f)
            return false;
    }
    return mm_utf8_valid(s);
}

enum mm_code mm_form_decode(struct mm_arena *arena, struct mm_slice in, bool plus,
                            struct mm_slice *ret, struct mm_fault *fault)
{
    uint8_t *out = mm_arena_bytes(arena, in.n);
    size_t n = 0;

    MM_ASSERT(ret != NULL);
    if (out == NULL)
        return mm_fail(fault, MM_E_NOMEM, 0, "form.memory");
    for (size_t i = 0; i < in.n; i++) {
        uint8_t c = in.p[i];

        if (c == '%') {
            int hi = i + 2 < in.n ? hex_of(in.p[i + 1]) : -1;
            int lo = i + 2 < in.n ? hex_of(in.p[i + 2]) : -1;

            if (hi < 0 || lo < 0)
                return mm_fail(fault, MM_E_SYNTAX, i, "form.percent");
            c = (uint8_t)(hi * 16 + lo);
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        out[n++] = c;
    }
    if (!is_text(mm_slice_of(out, n)))
        return mm_fail(fault, MM_E_SYNTAX, 0, "form.text");
    *ret = mm_slice_of(out, n);
    return MM_OK;
}

enum mm_code mm_form_next(struct mm_arena *arena, struct mm_rd *rd, struct mm_slice *ret_name,
                          struct mm_slice *ret_value, struct mm_fault *fault)
{
    struct mm_slice piece, name, value;
    enum mm_code code;
    size_t eq, at;

    do {
        at = rd->pos;
        if (mm_rd_left(rd) == 0)
            return MM_E_NOTFOUND;
        if (!mm_rd_until(rd, '&', &piece)) {
            piece = mm_rd_rest(rd);
            rd->pos = rd->in.n;
        }
    } while (piece.n == 0);
    eq = mm_slice_find(piece, '=', 0);
    code = mm_form_decode(arena, mm_slice_sub(piece, 0, eq), true, &name, fault);
    if (code == MM_OK)
        code =
            mm_form_decode(arena, eq == SIZE_MAX ? MM_S("") : mm_slice_sub(piece, eq + 1, SIZE_MAX),
                           true, &value, fault);
    if (code != MM_OK) {
        if (fault != NULL)
            fault->at = at;
        return code;
    }
    *ret_name = name;
    *ret_value = value;
    return MM_OK;
}

enum mm_code mm_cookie_next(struct mm_rd *rd, struct mm_slice *ret_name, struct mm_slice *ret_value)
{
    while (mm_rd_left(rd) > 0) {
        struct mm_slice piece;
        size_t eq;

        if (!mm_rd_until(rd, ';', &piece)) {
            piece = mm_rd_rest(rd);
            rd->pos = rd->in.n;
        }
        piece = mm_slice_trim(piece);
        eq = mm_slice_find(piece, '=', 0);
        if (eq == SIZE_MAX || eq == 0)
            continue;
        *ret_name = mm_slice_sub(piece, 0, eq);
        *ret_value = mm_slice_sub(piece, eq + 1, SIZE_MAX);
        return MM_OK;
    }
    return MM_E_NOTFOUND;
}
