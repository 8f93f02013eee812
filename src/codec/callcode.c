/* codec/callcode.c - see callcode.h for the contract. */
#include "codec/callcode.h"

/* Each digit leads from a row to a row; a whole code ends in row 0. */
static const uint8_t steps[10][10] = {
    {0, 3, 1, 7, 5, 9, 8, 6, 4, 2}, {7, 0, 9, 2, 1, 5, 4, 8, 6, 3}, {4, 2, 0, 6, 8, 7, 1, 3, 5, 9},
    {1, 7, 5, 0, 9, 8, 3, 4, 2, 6}, {6, 1, 2, 3, 0, 4, 5, 9, 7, 8}, {3, 6, 7, 4, 2, 0, 9, 5, 8, 1},
    {5, 8, 6, 9, 7, 2, 0, 1, 3, 4}, {8, 9, 4, 5, 3, 6, 2, 0, 1, 7}, {9, 4, 3, 8, 6, 1, 7, 2, 0, 5},
    {2, 5, 8, 1, 4, 3, 6, 7, 9, 0}};

/* The row after these digits; from row 0 that is the digit that leads back to it. */
static uint8_t row_of(const char *digits, size_t n, uint8_t row)
{
    for (size_t i = 0; i < n; i++) {
        MM_ASSERT(digits[i] >= '0' && digits[i] <= '9');
        row = steps[row][digits[i] - '0'];
    }
    return row;
}

/* The next sign: its digit, -1 for one that only parts groups, -2 for none that belongs here. */
static int sign_of(struct mm_slice *rest)
{
    static const struct {
        const char *from;
        int digit;
    } wide[] = {
        {"\xe2\x80\x90", -1}, {"\xe2\x80\x91", -1}, {"\xe2\x80\x93", -1}, {"\xe2\x80\x94", -1},
        {"\xe2\x88\x92", -1}, {"\xe3\x83\xbc", -1}, {"\xef\xbc\x8d", -1}, {"\xe3\x80\x80", -1},
    };
    uint8_t c = rest->p[0];
    size_t n = 1;
    int sign = -2;

    if (c >= '0' && c <= '9')
        sign = c - '0';
    else if (c == ' ' || c == '-' || c == '\t' || c == '\r' || c == '\n')
        sign = -1;
    else if (mm_slice_starts(*rest, MM_S("\xef\xbc")) && rest->n >= 3 && rest->p[2] >= 0x90 &&
             rest->p[2] <= 0x99) { /* U+FF10 to U+FF19 */
        sign = rest->p[2] - 0x90;
        n = 3;
    }
    for (size_t i = 0; sign == -2 && i < MM_COUNT(wide); i++) {
        if (mm_slice_starts(*rest, mm_slice_str(wide[i].from))) {
            sign = wide[i].digit;
            n = 3;
        }
    }
    *rest = mm_slice_sub(*rest, n, SIZE_MAX);
    return sign;
}

enum mm_code mm_callcode_parse(struct mm_slice text, struct mm_callcode *ret)
{
    char digits[MM_CALLCODE_DIGITS];
    size_t n = 0;

    while (text.n > 0) {
        int sign = sign_of(&text);

        if (sign == -2)
            return MM_E_SYNTAX;
        if (sign >= 0 && n == MM_CALLCODE_DIGITS)
            return MM_E_LIMIT;
        if (sign >= 0)
            digits[n++] = (char)('0' + sign);
    }
    if (n != MM_CALLCODE_DIGITS)
        return MM_E_LIMIT;
    if (row_of(digits, n, 0) != 0)
        return MM_E_RANGE;
    *ret = (struct mm_callcode){0};
    memcpy(ret->id, digits, MM_CALLCODE_ID);
    memcpy(ret->secret, digits + MM_CALLCODE_ID, MM_CALLCODE_SECRET);
    return MM_OK;
}

void mm_callcode_text(const struct mm_callcode *code, char ret[MM_CALLCODE_TEXT])
{
    uint8_t row = row_of(code->secret, MM_CALLCODE_SECRET, row_of(code->id, MM_CALLCODE_ID, 0));
    char digits[MM_CALLCODE_DIGITS];
    size_t at = 0;

    memcpy(digits, code->id, MM_CALLCODE_ID);
    memcpy(digits + MM_CALLCODE_ID, code->secret, MM_CALLCODE_SECRET);
    digits[MM_CALLCODE_DIGITS - 1] = (char)('0' + row);
    for (size_t i = 0; i < MM_CALLCODE_DIGITS; i++) {
        if (i > 0 && i % 4 == 0)
            ret[at++] = '-';
        ret[at++] = digits[i];
    }
    ret[at] = 0;
}

bool mm_callcode_of(const uint8_t bytes[MM_CALLCODE_DIGITS - 1], struct mm_callcode *ret)
{
    struct mm_callcode code = {0};

    for (size_t i = 0; i < MM_CALLCODE_DIGITS - 1; i++) {
        char *to = i < MM_CALLCODE_ID ? code.id + i : code.secret + (i - MM_CALLCODE_ID);

        if (bytes[i] >= 250)
            return false;
        *to = (char)('0' + bytes[i] % 10);
    }
    *ret = code;
    return true;
}
