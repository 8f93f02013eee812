/* codec/url.c - see url.h for the contract. */
#include "codec/url.h"

void mm_url_split(struct mm_slice target, struct mm_slice *ret_path, struct mm_slice *ret_query)
{
    size_t mark = mm_slice_find(target, '?', 0), hash;
    struct mm_slice query = {0};

    MM_ASSERT(ret_path != NULL && ret_query != NULL);
    if (mark != SIZE_MAX) {
        query = mm_slice_sub(target, mark + 1, SIZE_MAX);
        target = mm_slice_sub(target, 0, mark);
        hash = mm_slice_find(query, '#', 0);
        query = mm_slice_sub(query, 0, hash);
    }
    *ret_path = target;
    *ret_query = query;
}

bool mm_url_next(struct mm_rd *query, struct mm_slice *ret_name, struct mm_slice *ret_value)
{
    struct mm_slice piece;
    size_t equals;

    do {
        if (mm_rd_left(query) == 0)
            return false;
        if (!mm_rd_until(query, '&', &piece)) {
            piece = mm_rd_rest(query);
            query->pos = query->in.n;
        }
    } while (piece.n == 0);
    equals = mm_slice_find(piece, '=', 0);
    *ret_name = mm_slice_sub(piece, 0, equals);
    *ret_value = equals == SIZE_MAX ? mm_slice_sub(piece, piece.n, 0)
                                    : mm_slice_sub(piece, equals + 1, SIZE_MAX);
    return true;
}

bool mm_url_decode(struct mm_buf *out, struct mm_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        uint64_t v;

        if (s.p[i] == '+') {
            mm_buf_byte(out, ' ');
        } else if (s.p[i] == '%') {
            if (s.n - i < 3 || !mm_slice_hex(mm_slice_sub(s, i + 1, 2), &v))
                return false;
            mm_buf_byte(out, (uint8_t)v);
            i += 2;
        } else {
            mm_buf_byte(out, s.p[i]);
        }
    }
    return true;
}

void mm_url_encode(struct mm_buf *out, struct mm_slice s)
{
    static const char hex[] = "0123456789ABCDEF";

    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            c == '-' || c == '.' || c == '_' || c == '~') {
            mm_buf_byte(out, c);
        } else {
            const uint8_t esc[3] = {'%', (uint8_t)hex[c >> 4], (uint8_t)hex[c & 15]};

            mm_buf_add(out, mm_slice_of(esc, sizeof(esc)));
        }
    }
}
