/* register/value.c - see value.h for the contract. */
#include "register/value.h"

#include "base/ip.h"
#include "base/time.h"
#include "base/utf8.h"
#include "register/keep.h"

enum {
    MAIL_MAX = 254, /* RFC 5321 4.5.3.1.3 less the angle brackets */
    TEL_MAX = 32,
    TEL_DIGITS_MIN = 3, /* 110 */
};

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_name(uint8_t c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '_' || c == '/' || c == '+' || c == '-' || c == '@';
}

/* Offset of the first byte that is no plain text, or SIZE_MAX. C1 controls (U+0080..9F) too. */
static size_t not_plain(struct mm_slice s)
{
    for (size_t i = 0; i < s.n;) {
        size_t n = mm_utf8_len(s, i);

        if (n == 0 || s.p[i] < 0x20 || s.p[i] == 0x7f ||
            (n == 2 && s.p[i] == 0xc2 && s.p[i + 1] < 0xa0))
            return i;
        i += n;
    }
    return SIZE_MAX;
}

bool mm_choice_has(const char *choices, struct mm_slice s)
{
    struct mm_slice all = mm_slice_str(choices);

    for (size_t from = 0; from <= all.n;) {
        size_t at = mm_slice_find(all, '|', from), end = at == SIZE_MAX ? all.n : at;

        if (mm_slice_eq(mm_slice_sub(all, from, end - from), s))
            return s.n > 0;
        from = end + 1;
    }
    return false;
}

static bool parse_date(struct mm_slice s)
{
    int64_t us;
    bool zone;
    uint8_t whole[20];

    if (s.n != 10)
        return false;
    memcpy(whole, s.p, 10);
    memcpy(whole + 10, "T00:00:00Z", 10);
    return mm_time_parse(mm_slice_of(whole, sizeof(whole)), 0, &us, &zone);
}

static bool parse_mail(struct mm_slice s)
{
    size_t at = mm_slice_find(s, '@', 0), dot;

    if (s.n > MAIL_MAX || at == SIZE_MAX || at == 0 || at > 64)
        return false;
    if (mm_slice_find(s, '@', at + 1) != SIZE_MAX)
        return false;
    dot = mm_slice_find(s, '.', at + 1);
    if (dot == SIZE_MAX || dot == at + 1 || s.p[s.n - 1] == '.')
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] <= 0x20 || s.p[i] >= 0x7f || memchr("()<>[]:;,\"\\", s.p[i], 11) != NULL)
            return false;
    }
    return true;
}

static bool parse_tel(struct mm_slice s)
{
    size_t digits = 0;

    for (size_t i = 0; i < s.n; i++) {
        digits += is_digit(s.p[i]);
        if (!is_digit(s.p[i]) && memchr("+-() #", s.p[i], 6) == NULL)
            return false;
    }
    return digits >= TEL_DIGITS_MIN && s.n <= TEL_MAX;
}

/* One spelling an address, so that two rows can't claim the same one unnoticed. */
static bool parse_net(struct mm_slice s)
{
    size_t slash = mm_slice_find(s, '/', 0);
    struct mm_slice address = mm_slice_sub(s, 0, slash);
    struct mm_cidr net;
    char text[MM_IP_TEXT];

    if (!mm_cidr_parse(s, &net))
        return false;
    mm_ip_text(&net.net, text);
    return mm_slice_eq(address, mm_slice_str(text));
}

static const char *check_text(const struct mm_field *f, struct mm_slice s, size_t *ret_at)
{
    size_t bad = not_plain(s);

    *ret_at = 0;
    if (bad != SIZE_MAX) {
        *ret_at = bad;
        return "register.value.plain";
    }
    switch (f->type) {
    case MM_FIELD_TEXT:
    case MM_FIELD_NAME:
        for (size_t i = 0; f->type == MM_FIELD_NAME && i < s.n; i++) {
            *ret_at = i;
            if (!is_name(s.p[i]))
                return "register.value.name";
        }
        *ret_at = f->max;
        return s.n <= f->max ? NULL : "register.value.long";
    case MM_FIELD_CHOICE:
        return mm_choice_has(f->extra, s) ? NULL : "register.value.choice";
    case MM_FIELD_DATE:
        return parse_date(s) ? NULL : "register.value.date";
    case MM_FIELD_MAIL:
        return parse_mail(s) ? NULL : "register.value.mail";
    case MM_FIELD_TEL:
        return parse_tel(s) ? NULL : "register.value.tel";
    case MM_FIELD_NET:
        return parse_net(s) ? NULL : "register.value.net";
    case MM_FIELD_INT:
    case MM_FIELD_REF:
    case MM_FIELD_BLOB:
        break;
    }
    return "register.value.ours"; /* a BLOB never comes from text */
}

static enum mm_code parse_number(const struct mm_field *f, struct mm_slice s, struct mm_value *ret,
                                 struct mm_fault *fault)
{
    uint64_t max = f->type == MM_FIELD_REF ? UINT32_MAX : f->max, v;

    if (!mm_slice_u64(s, &v))
        return mm_fail(fault, MM_E_SYNTAX, 0, "register.value.number");
    if (v > max || ((f->flags & MM_FIELD_DAYS) != 0 && v < MM_KEEP_DAYS_MIN))
        return mm_fail(fault, MM_E_RANGE, 0, "register.value.range");
    *ret = (struct mm_value){.i = (int64_t)v}; /* max fits 32 bits */
    return MM_OK;
}

enum mm_code mm_value_parse(const struct mm_field *f, struct mm_slice text, struct mm_value *ret,
                            struct mm_fault *fault)
{
    struct mm_slice s = mm_slice_trim(text);
    const char *why;
    size_t at;

    MM_ASSERT(f != NULL && ret != NULL);
    if (s.n == 0) {
        if (f->flags & MM_FIELD_NEED)
            return mm_fail(fault, MM_E_SYNTAX, 0, "register.value.need");
        *ret = (struct mm_value){.null = true};
        return MM_OK;
    }
    if (f->type == MM_FIELD_INT || f->type == MM_FIELD_REF)
        return parse_number(f, s, ret, fault);
    why = check_text(f, s, &at);
    if (why != NULL)
        return mm_fail(fault, MM_E_SYNTAX, (size_t)(s.p - text.p) + at, why);
    *ret = (struct mm_value){.s = s};
    return MM_OK;
}

struct mm_value mm_value_default(const struct mm_field *f)
{
    struct mm_value v = {.null = true};
    struct mm_slice text = {0};

    if (f->flags & MM_FIELD_FIRST) {
        text = mm_slice_str(f->extra);
        text = mm_slice_sub(text, 0, mm_slice_find(text, '|', 0));
    } else if (f->type != MM_FIELD_CHOICE && f->type != MM_FIELD_REF && f->extra != NULL) {
        text = mm_slice_str(f->extra);
    }
    if (text.n > 0) {
        enum mm_code code = mm_value_parse(f, text, &v, NULL);

        MM_ASSERT(code == MM_OK); /* defaults are ours; a test reads every one */
    }
    return v;
}
