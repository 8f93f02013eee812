/* parse/convert.c - see convert.h for the contract. */
#include "parse/convert.h"

#include "base/ip.h"
#include "codec/pattern_scan.h"

bool mm_convert_scale(struct mm_slice v, uint64_t a, uint64_t b, uint64_t *ret)
{
    size_t dot = mm_slice_find(v, '.', 0);
    struct mm_slice frac = dot == SIZE_MAX ? (struct mm_slice){0} : mm_slice_sub(v, dot + 1, 9);
    uint64_t whole, part = 0, unit = 1;

    MM_ASSERT(b > 0);
    if (!mm_slice_u64(mm_slice_sub(v, 0, dot), &whole))
        return false;
    if (frac.n > 0 && !mm_slice_u64(frac, &part))
        return false;
    for (size_t i = 0; i < frac.n; i++)
        unit *= 10;
    /* part < 10^9 and a is at most 10^9 (checked at loading): no overflow there. */
    if (__builtin_mul_overflow(whole, a, &whole) ||
        __builtin_add_overflow(whole, part * a / unit, &whole))
        return false;
    *ret = whole / b;
    return true;
}

void mm_convert_host(struct mm_slice v, struct mm_slice *ret_host, struct mm_slice *ret_port,
                     struct mm_slice *ret_scheme)
{
    size_t at = mm_slice_search(mm_slice_sub(v, 0, 32), MM_S("://"));
    struct mm_slice rest = v;
    size_t end = 0, colon;
    uint64_t number;

    *ret_scheme = (struct mm_slice){0};
    if (at != SIZE_MAX) {
        *ret_scheme = mm_slice_sub(v, 0, at);
        rest = mm_slice_sub(v, at + 3, SIZE_MAX);
    }
    while (end < rest.n && rest.p[end] != '/' && rest.p[end] != '?' && rest.p[end] != '#')
        end++;
    rest = mm_slice_sub(rest, 0, end);
    at = mm_slice_find(rest, '@', 0);
    if (at != SIZE_MAX)
        rest = mm_slice_sub(rest, at + 1, SIZE_MAX);
    *ret_port = (struct mm_slice){0};
    if (rest.n > 0 && rest.p[0] == '[') {
        end = mm_slice_find(rest, ']', 0);
        end = end == SIZE_MAX ? rest.n : end;
        *ret_host = mm_slice_sub(rest, 1, end - 1);
        if (end + 1 < rest.n && rest.p[end + 1] == ':')
            *ret_port = mm_slice_sub(rest, end + 2, SIZE_MAX);
        return;
    }
    colon = mm_slice_find(rest, ':', 0);
    *ret_host = mm_slice_sub(rest, 0, colon);
    if (colon == SIZE_MAX)
        return;
    *ret_port = mm_slice_sub(rest, colon + 1, SIZE_MAX);
    /* "error:invalid-request" is no host and port. */
    if (ret_scheme->n == 0 && !mm_slice_u64(*ret_port, &number))
        *ret_host = *ret_port = (struct mm_slice){0};
}

void mm_convert_account(struct mm_slice v, bool realms, struct mm_account *ret)
{
    size_t at = mm_slice_find(v, '\\', 0), dot;

    *ret = (struct mm_account){.name = v};
    if (at != SIZE_MAX) {
        if (at == 0 || at + 1 == v.n)
            return;
        ret->domain = mm_slice_sub(v, 0, at);
        ret->name = mm_slice_sub(v, at + 1, SIZE_MAX);
        return;
    }
    if (!realms)
        return;
    if (v.n > 5 && mm_slice_ieq(mm_slice_sub(v, 0, 5), MM_S("host/"))) {
        struct mm_slice host = mm_slice_sub(v, 5, SIZE_MAX);

        dot = mm_slice_find(host, '.', 0);
        if (dot == SIZE_MAX || dot == 0 || dot + 1 == host.n)
            return;
        ret->name = mm_slice_sub(host, 0, dot);
        ret->domain = mm_slice_sub(host, dot + 1, SIZE_MAX);
        ret->machine = true;
        return;
    }
    /* The last one: a name that somebody chose may hold more. */
    for (at = v.n; at > 0 && v.p[at - 1] != '@'; at--)
        continue;
    if (at < 2 || at == v.n)
        return;
    ret->name = mm_slice_sub(v, 0, at - 1);
    ret->domain = mm_slice_sub(v, at, SIZE_MAX);
}

/* One hop of a list: "192.0.2.1", "[2001:db8::1]:80", `for="192.0.2.1:80";proto=http`. False when
 * it is no address (RFC 7239 allows "unknown" and "_name"). */
static bool hop(struct mm_slice v, struct mm_slice *ret, bool *ret_public)
{
    size_t end = mm_slice_find(v, ';', 0);
    struct mm_scanned got;
    struct mm_when none = {0};
    struct mm_ip ip;

    v = mm_slice_trim(mm_slice_sub(v, 0, end));
    if (v.n > 4 && mm_slice_ieq(mm_slice_sub(v, 0, 4), MM_S("for=")))
        v = mm_slice_sub(v, 4, SIZE_MAX);
    if (v.n > 2 && v.p[0] == '"' && v.p[v.n - 1] == '"')
        v = mm_slice_sub(v, 1, v.n - 2);
    if (!mm_scan_take(MM_SCAN_IP_ANY_PORT, (struct mm_slice){0}, v, 0, &none, &got) ||
        got.end != v.n || !mm_ip_parse_log(got.text, &ip))
        return false;
    *ret = got.text;
    *ret_public = !mm_ip_is_private(&ip);
    return true;
}

bool mm_convert_forwarded(struct mm_slice v, struct mm_slice *ret_client)
{
    enum { HOPS_MAX = 32 }; /* longer lists are somebody's play; what stands in front decides */
    struct mm_slice first = {0}, one;
    size_t from = 0;
    bool open, known = false;

    for (size_t i = 0; i < HOPS_MAX && from <= v.n; i++) {
        size_t end = mm_slice_find(v, ',', from);
        struct mm_slice text = mm_slice_sub(v, from, end == SIZE_MAX ? end : end - from);

        from = end == SIZE_MAX ? v.n + 1 : end + 1;
        text = mm_slice_trim(text);
        if (!hop(text, &one, &open)) {
            known = known || mm_slice_ieq(text, MM_S("unknown")) || mm_slice_eq(text, MM_S("-"));
            continue;
        }
        if (open) {
            *ret_client = one;
            return true;
        }
        if (first.n == 0)
            first = one;
    }
    if (first.n == 0 && !known)
        return false;
    *ret_client = first;
    return true;
}
