/* base/ip.c - see ip.h for the contract. */
#include "base/ip.h"

#include <arpa/inet.h>

#include "base/rd.h"

static const uint8_t v4_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

static bool parse_v4(struct mm_slice s, struct mm_ip *ret)
{
    struct mm_rd rd = mm_rd_of(s);
    struct mm_ip ip;

    memcpy(ip.b, v4_prefix, sizeof(v4_prefix));
    for (size_t i = 0; i < 4; i++) {
        size_t from;
        uint32_t v;

        if (i > 0 && !mm_rd_byte(&rd, '.'))
            return false;
        from = rd.pos;
        if (!mm_rd_dec(&rd, 3, &v) || v > 255)
            return false;
        if (s.p[from] == '0' && rd.pos - from > 1)
            return false; /* 010 is 8 to some readers and 10 to others */
        ip.b[12 + i] = (uint8_t)v;
    }
    if (mm_rd_left(&rd) > 0)
        return false;
    *ret = ip;
    return true;
}

bool mm_ip_parse(struct mm_slice s, struct mm_ip *ret)
{
    char text[MM_IP_TEXT];
    struct mm_ip ip;

    if (s.n < 2 || s.n >= sizeof(text))
        return false;
    if (mm_slice_find(s, ':', 0) == SIZE_MAX)
        return parse_v4(s, ret);
    if (memchr(s.p, 0, s.n) != NULL)
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = 0;
    if (inet_pton(AF_INET6, text, ip.b) != 1)
        return false;
    *ret = ip;
    return true;
}

struct mm_ip mm_ip_owner(const struct mm_ip *ip)
{
    struct mm_ip owner = *ip;

    if (!mm_ip_is_v4(ip))
        memset(owner.b + 8, 0, 8);
    return owner;
}

bool mm_ip_parse_log(struct mm_slice s, struct mm_ip *ret)
{
    enum { ZONE_MAX = 32 }; /* IFNAMSIZ is 16; Windows interface numbers are shorter */
    size_t zone;

    if (s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
        s = mm_slice_sub(s, 1, s.n - 2);
    zone = mm_slice_find(s, '%', 0);
    if (zone != SIZE_MAX) {
        size_t name_n = s.n - zone - 1;

        if (name_n == 0 || name_n > ZONE_MAX || mm_slice_find(s, ':', 0) >= zone)
            return false;
        s = mm_slice_sub(s, 0, zone);
    }
    return mm_ip_parse(s, ret);
}

bool mm_ip_is_v4(const struct mm_ip *ip)
{
    return memcmp(ip->b, v4_prefix, sizeof(v4_prefix)) == 0;
}

bool mm_ip_is_loopback(const struct mm_ip *ip)
{
    static const uint8_t loopback6[16] = {[15] = 1};

    return mm_ip_is_v4(ip) ? ip->b[12] == 127 : memcmp(ip->b, loopback6, 16) == 0;
}

bool mm_ip_is_private(const struct mm_ip *ip)
{
    const uint8_t *v4 = ip->b + 12;

    if (mm_ip_is_loopback(ip))
        return true;
    if (mm_ip_is_v4(ip))
        return v4[0] == 10 || (v4[0] == 172 && v4[1] >= 16 && v4[1] <= 31) ||
               (v4[0] == 192 && v4[1] == 168) || (v4[0] == 169 && v4[1] == 254);
    return (ip->b[0] & 0xFE) == 0xFC || (ip->b[0] == 0xFE && (ip->b[1] & 0xC0) == 0x80);
}

void mm_ip_text(const struct mm_ip *ip, char ret[MM_IP_TEXT])
{
    bool v4 = mm_ip_is_v4(ip);

    MM_ASSERT(inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? ip->b + 12 : ip->b, ret, MM_IP_TEXT) != NULL);
}

static bool bit(const struct mm_ip *ip, size_t at)
{
    return (ip->b[at / 8] >> (7 - at % 8) & 1) != 0;
}

bool mm_cidr_parse(struct mm_slice s, struct mm_cidr *ret)
{
    size_t slash = mm_slice_find(s, '/', 0);
    struct mm_cidr net = {.bits = 128};
    uint64_t bits;

    if (!mm_ip_parse(mm_slice_sub(s, 0, slash), &net.net))
        return false;
    if (slash != SIZE_MAX) {
        bool v4 = mm_ip_is_v4(&net.net);

        if (!mm_slice_u64(mm_slice_sub(s, slash + 1, SIZE_MAX), &bits) || bits > (v4 ? 32 : 128))
            return false;
        net.bits = (uint8_t)(bits + (v4 ? 96 : 0));
    }
    for (size_t i = net.bits; i < 128; i++) {
        if (bit(&net.net, i))
            return false;
    }
    *ret = net;
    return true;
}

bool mm_cidr_has(const struct mm_cidr *net, const struct mm_ip *ip)
{
    size_t whole = net->bits / 8;

    if (memcmp(net->net.b, ip->b, whole) != 0)
        return false;
    for (size_t i = whole * 8; i < net->bits; i++) {
        if (bit(&net->net, i) != bit(ip, i))
            return false;
    }
    return true;
}

static bool hex_digit(uint8_t c, char *ret)
{
    bool upper = c >= 'A' && c <= 'F';

    if (!upper && !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
        return false;
    *ret = (char)(upper ? c + 32 : c);
    return true;
}

/* Digits in groups of `group`, with one separator between them. */
static bool mac_groups(struct mm_slice s, size_t group, char digit[12])
{
    uint8_t gap = group < 12 ? s.p[group] : 0;
    size_t n = 0;

    if (group < 12 && gap != ':' && gap != '-' && gap != '.' && (gap != ' ' || group != 2))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (i % (group + 1) == group ? s.p[i] != gap : !hex_digit(s.p[i], &digit[n++]))
            return false;
    }
    MM_ASSERT(n == 12);
    return true;
}

/* Six groups of one or two digits between colons. */
static bool mac_short(struct mm_slice s, char digit[12])
{
    struct mm_rd rd = mm_rd_of(s);

    for (size_t i = 0; i < 6; i++) {
        size_t end = i < 5 ? mm_slice_find(s, ':', rd.pos) : s.n;

        if (end == SIZE_MAX || end == rd.pos || end - rd.pos > 2)
            return false;
        digit[2 * i] = '0';
        if ((end - rd.pos == 2 && !hex_digit(s.p[rd.pos], &digit[2 * i])) ||
            !hex_digit(s.p[end - 1], &digit[2 * i + 1]))
            return false;
        rd.pos = end + (i < 5 ? 1 : 0);
    }
    return true;
}

bool mm_mac_parse(struct mm_slice s, char ret[MM_MAC_TEXT])
{
    char digit[12];
    bool ok;

    /* The hardware type of Ethernet in front of a client identifier. */
    if (s.n == 20 && s.p[0] == '0' && s.p[1] == '1' && s.p[2] == s.p[5])
        s = mm_slice_sub(s, 3, 17);
    ok = s.n == 17   ? mac_groups(s, 2, digit)
         : s.n == 14 ? mac_groups(s, 4, digit)
         : s.n == 13 ? mac_groups(s, 6, digit)
         : s.n == 12 ? mac_groups(s, 12, digit)
                     : false;
    if (!ok && (s.n < 11 || s.n > 16 || !mac_short(s, digit)))
        return false;
    for (size_t i = 0; i < 12; i++)
        ret[i + i / 2] = digit[i];
    for (size_t i = 2; i < 17; i += 3)
        ret[i] = ':';
    ret[17] = 0;
    return true;
}
