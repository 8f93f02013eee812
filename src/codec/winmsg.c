/* codec/winmsg.c - see winmsg.h for the contract. */
#include "codec/winmsg.h"

enum { NAME_MAX_BYTES = 128 }; /* "Account For Which Logon Failed" has 30, in Japanese 3 a letter */

static bool is_break(uint8_t c)
{
    return c == '\t' || c == '\r' || c == '\n';
}

/* Text up to two blanks, a tab or a line end; false at the end of the input. */
static bool next_piece(struct mm_slice in, size_t *pos, struct mm_slice *ret)
{
    size_t at = *pos, from;

    while (at < in.n && (in.p[at] == ' ' || is_break(in.p[at])))
        at++;
    from = at;
    while (at < in.n && !is_break(in.p[at]) &&
           !(in.p[at] == ' ' && at + 1 < in.n && (in.p[at + 1] == ' ' || is_break(in.p[at + 1]))))
        at++;
    *pos = at;
    *ret = mm_slice_trim(mm_slice_sub(in, from, at - from));
    return ret->n > 0;
}

/* "Account Name:", but not the drive "C:". */
static bool is_name(struct mm_slice piece)
{
    return piece.n > 2 && piece.p[piece.n - 1] == ':';
}

/* "Source Port: 445" with one blank only: where the value begins, or 0. A name is short, begins
 * like a word and is no path, so that a sentence with a colon in it stays what it is. */
static size_t one_blank(struct mm_slice piece)
{
    size_t colon = mm_slice_find(mm_slice_sub(piece, 0, NAME_MAX_BYTES), ':', 0);
    uint8_t c = piece.n > 0 ? piece.p[0] : 0;

    if (colon == SIZE_MAX || colon < 2 || colon + 2 >= piece.n || piece.p[colon + 1] != ' ' ||
        !((c >= 'A' && c <= 'Z') || c >= 0x80))
        return 0;
    for (size_t i = 0; i < colon; i++) {
        if (piece.p[i] == '\\' || piece.p[i] == '/' || piece.p[i] == '=')
            return 0;
    }
    return colon + 2;
}

void mm_winmsg_init(struct mm_winmsg *walk, struct mm_slice text, struct mm_slice *ret_title)
{
    struct mm_slice piece = {0}, title = {0};
    size_t pos = 0;

    *walk = (struct mm_winmsg){.in = text};
    while (next_piece(text, &pos, &piece) && !is_name(piece) && one_blank(piece) == 0) {
        title = title.n > 0 ? title : piece;
        walk->pos = pos;
    }
    *ret_title = title;
}

/* A name without a value was a section's. */
static void begin_section(struct mm_winmsg *walk, struct mm_slice name)
{
    if (name.n == 0)
        return;
    walk->outer = walk->section;
    walk->section = name;
}

bool mm_winmsg_next(struct mm_winmsg *walk, struct mm_winmsg_pair *ret)
{
    struct mm_slice name = {0}, piece;

    MM_ASSERT(walk->pos <= walk->in.n);
    while (next_piece(walk->in, &walk->pos, &piece)) {
        size_t value = one_blank(piece);

        if (is_name(piece) || value > 0) {
            begin_section(walk, name);
            name = mm_slice_sub(piece, 0, value > 0 ? value - 2 : piece.n - 1);
        }
        if (is_name(piece) || name.n == 0)
            continue;
        *ret = (struct mm_winmsg_pair){.section = walk->section,
                                       .outer = walk->outer,
                                       .name = name,
                                       .value = mm_slice_sub(piece, value, SIZE_MAX)};
        return true;
    }
    return false;
}
