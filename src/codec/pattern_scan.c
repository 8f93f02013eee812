/* codec/pattern_scan.c - see pattern_scan.h for the contract. */
#include "codec/pattern_scan.h"

#include "base/ip.h"

/* By scanner, from the first that is no time form. */
static const struct mm_slice scan_names[] = {
#define NAME(id, name) [MM_SCAN_##id - MM_SCAN_MAC] = MM_S_INIT(name)
    NAME(MAC, "mac"),
    NAME(IP_DOT_PORT, "ip.port"),
    NAME(IP_COLON_PORT, "ip:port"),
    NAME(IP_HASH_PORT, "ip#port"),
    NAME(IP_ANY_PORT, "addrport"),
    NAME(IP, "ip"),
    NAME(PORT, "port"),
    NAME(INT, "int"),
    NAME(NUM, "num"),
    NAME(HEX, "hex"),
    NAME(QUOTED, "quoted"),
    NAME(IDENT, "ident"),
    NAME(HOST, "host"),
    NAME(WORD, "word"),
    NAME(BLANKS, "blanks"),
    NAME(TO, "to"),
    NAME(LAST, "last"),
    NAME(REST, "rest"),
#undef NAME
};
static_assert(MM_COUNT(scan_names) == MM_SCAN_COUNT - MM_SCAN_MAC, "one name per scanner");

enum mm_scan mm_scan_find(struct mm_slice name)
{
    enum mm_when_form form = mm_when_form_find(name);

    if (form != MM_WHEN_COUNT)
        return (enum mm_scan)form; /* time scanners are the time forms */
    for (size_t i = 0; i < MM_COUNT(scan_names); i++) {
        if (mm_slice_eq(scan_names[i], name))
            return (enum mm_scan)(MM_SCAN_MAC + i);
    }
    return MM_SCAN_COUNT;
}

struct mm_slice mm_scan_name(enum mm_scan scan)
{
    MM_ASSERT(scan < MM_SCAN_COUNT);
    return (int)scan < (int)MM_WHEN_COUNT ? mm_when_form_name((enum mm_when_form)scan)
                                          : scan_names[scan - MM_SCAN_MAC];
}

enum { C_DIGIT = 1, C_HEX = 2, C_IDENT = 4, C_HOST = 8, C_V6 = 16 };

static const uint8_t classes[256] = {
    ['0' ... '9'] = C_DIGIT | C_HEX | C_IDENT | C_HOST | C_V6,
    ['a' ... 'f'] = C_HEX | C_IDENT | C_HOST | C_V6,
    ['A' ... 'F'] = C_HEX | C_IDENT | C_HOST | C_V6,
    ['g' ... 'z'] = C_IDENT | C_HOST,
    ['G' ... 'Z'] = C_IDENT | C_HOST,
    ['_'] = C_IDENT | C_HOST,
    ['-'] = C_IDENT | C_HOST,
    ['.'] = C_HOST | C_V6,
    [':'] = C_HOST | C_V6,
};

bool mm_scan_may_begin(enum mm_scan scan, uint8_t first)
{
    if (mm_scan_time(scan)) {
        enum mm_when_form form = (enum mm_when_form)scan; /* time scanners are the time forms */

        /* Days and months have names; of the other forms not all begin with a digit. */
        if (form == MM_WHEN_BSD || form == MM_WHEN_CTIME)
            return (first | 0x20) >= 'a' && (first | 0x20) <= 'z';
        return (form != MM_WHEN_YMD && form != MM_WHEN_EPOCH && form != MM_WHEN_CLF) ||
               (classes[first] & C_DIGIT) != 0;
    }
    switch (scan) {
    case MM_SCAN_INT:
    case MM_SCAN_NUM:
    case MM_SCAN_PORT:
        return (classes[first] & C_DIGIT) != 0;
    case MM_SCAN_IP_DOT_PORT:
    case MM_SCAN_IP_COLON_PORT:
    case MM_SCAN_IP_HASH_PORT:
    case MM_SCAN_IP_ANY_PORT:
    case MM_SCAN_IP:
        return first == '[' || (classes[first] & C_V6) != 0;
    case MM_SCAN_MAC:
    case MM_SCAN_HEX:
        return (classes[first] & C_HEX) != 0;
    case MM_SCAN_IDENT:
        return (classes[first] & C_IDENT) != 0;
    case MM_SCAN_HOST:
        return (classes[first] & C_HOST) != 0;
    case MM_SCAN_QUOTED:
        return first == '"';
    case MM_SCAN_BLANKS:
        return first == ' ' || first == '\t';
    case MM_SCAN_WORD:
        return first != ' ' && first != '\t';
    default:
        return true;
    }
}

static size_t run(struct mm_slice in, size_t at, uint8_t class)
{
    while (at < in.n && (classes[in.p[at]] & class) != 0)
        at++;
    return at;
}

/* End of a dotted quad at `at`, or 0. */
static size_t quad(struct mm_slice in, size_t at)
{
    for (int i = 0; i < 4; i++) {
        uint32_t v = 0;
        size_t from = at;

        if (i > 0 && (at >= in.n || in.p[at++] != '.'))
            return 0;
        from = at;
        while (at < in.n && at - from < 3 && in.p[at] >= '0' && in.p[at] <= '9')
            v = v * 10 + (uint32_t)(in.p[at++] - '0');
        if (at == from || v > 255 || (at - from > 1 && in.p[from] == '0'))
            return 0;
    }
    /* 1.2.3.4567 is not 1.2.3.456 with a 7 behind it. */
    return at < in.n && in.p[at] >= '0' && in.p[at] <= '9' ? 0 : at;
}

enum { V6_MAX = 46 + 6 }; /* an address and a port behind it */

/* "%eth0.10" behind an address: its end; with `port` a last ".digits" stays outside. */
static size_t zone(struct mm_slice in, size_t at, bool port)
{
    enum { ZONE_MAX = 24 };
    struct mm_slice near = mm_slice_sub(in, 0, at + ZONE_MAX);
    size_t end;

    if (at + 1 >= in.n || in.p[at] != '%' || (classes[in.p[at + 1]] & C_IDENT) == 0)
        return at;
    end = run(near, at + 1, C_IDENT);
    while (end + 1 < near.n && near.p[end] == '.' && (classes[near.p[end + 1]] & C_DIGIT) != 0) {
        size_t next = run(near, end + 1, C_DIGIT);

        if (port && (next >= near.n || near.p[next] != '.'))
            break;
        end = next;
    }
    return end;
}

/* End of an IPv6 address at `at`, or 0. With a gap ('.', ':') a last ".digits" or ":digits" stays
 * outside: the latter only where what stands before it is an address and all of it is none. */
static size_t v6(struct mm_slice in, size_t at, uint8_t gap)
{
    size_t end = run(mm_slice_sub(in, 0, at + V6_MAX), at, C_V6), whole;
    struct mm_ip ip;

    if (mm_slice_find(mm_slice_sub(in, 0, end), ':', at) == SIZE_MAX)
        return 0;
    whole = end;
    if (gap == '.' && (end >= in.n || in.p[end] != '%')) {
        while (end > at && in.p[end - 1] != '.')
            end--;
        end -= end > at ? 1 : 0;
    } else {
        while (end > at && in.p[end - 1] == '.')
            end--; /* the full stop of a sentence */
        if (end > at + 2 && in.p[end - 1] == ':' && in.p[end - 2] != ':')
            end--;
    }
    if (mm_ip_parse(mm_slice_sub(in, at, end - at), &ip))
        return zone(in, end, gap == '.');
    if (gap != ':')
        return 0;
    for (end = whole; end > at && in.p[end - 1] != ':'; end--)
        continue;
    return end > at && mm_ip_parse(mm_slice_sub(in, at, end - 1 - at), &ip) ? end - 1 : 0;
}

static size_t address(struct mm_slice in, size_t at, uint8_t gap)
{
    size_t end = quad(in, at);

    return end != 0 ? end : v6(in, at, gap);
}

/* A port number at `at`: end, or 0. */
static size_t port_end(struct mm_slice in, size_t at)
{
    size_t end = run(in, at, C_DIGIT);
    uint64_t v;

    if (end == at || end - at > 5 || !mm_slice_u64(mm_slice_sub(in, at, end - at), &v) || v > 65535)
        return 0;
    return end;
}

static bool take_endpoint(uint8_t gap, struct mm_slice in, size_t at, struct mm_scanned *ret)
{
    bool bracket = gap == ':' && at < in.n && in.p[at] == '[';
    size_t from = at + (bracket ? 1 : 0);
    size_t end = address(in, from, gap);
    size_t port = end, port_stop;

    if (end == 0)
        return false;
    if (bracket && (port >= in.n || in.p[port++] != ']'))
        return false;
    if (port >= in.n || in.p[port] != gap)
        return false;
    port_stop = port_end(in, port + 1);
    if (port_stop == 0)
        return false;
    *ret = (struct mm_scanned){.end = port_stop,
                               .text = mm_slice_sub(in, from, end - from),
                               .second = mm_slice_sub(in, port + 1, port_stop - port - 1)};
    return true;
}

/* An address with a port behind it in any way, or without one. */
static bool take_any_endpoint(struct mm_slice in, size_t at, struct mm_scanned *ret)
{
    static const uint8_t gaps[] = {':', '.', '#', '/'};
    bool bracket = at < in.n && in.p[at] == '[';
    size_t from = at + (bracket ? 1 : 0), end;

    for (size_t i = 0; i < MM_COUNT(gaps); i++) {
        if (take_endpoint(gaps[i], in, at, ret))
            return true;
    }
    end = address(in, from, 0);
    if (end == 0 || (bracket && (end >= in.n || in.p[end] != ']')))
        return false;
    *ret = (struct mm_scanned){.end = end + (bracket ? 1 : 0),
                               .text = mm_slice_sub(in, from, end - from)};
    if (!bracket && end < in.n && in.p[end] == '(') {
        size_t stop = port_end(in, end + 1);

        if (stop != 0 && stop < in.n && in.p[stop] == ')') {
            ret->second = mm_slice_sub(in, end + 1, stop - end - 1);
            ret->end = stop + 1;
        }
    }
    return true;
}

static size_t mac_end(struct mm_slice in, size_t at)
{
    static const size_t lengths[] = {20, 17, 14, 13, 12};
    char text[MM_MAC_TEXT];
    size_t n;

    /* The longest run of digits and colons: 0:a0:de:1:2:3 */
    for (n = 0; n < 17 && at + n < in.n; n++) {
        if ((classes[in.p[at + n]] & C_HEX) == 0 && in.p[at + n] != ':')
            break;
    }
    n -= n > 0 && in.p[at + n - 1] == ':' ? 1 : 0;
    if (n >= 11 && n < 17 && n != 14 && mm_mac_parse(mm_slice_sub(in, at, n), text))
        return at + n;
    for (size_t i = 0; i < MM_COUNT(lengths); i++) {
        n = lengths[i];
        if (in.n - at < n || !mm_mac_parse(mm_slice_sub(in, at, n), text))
            continue;
        if (at + n < in.n && (classes[in.p[at + n]] & C_HEX) != 0)
            continue;
        return at + n;
    }
    return 0;
}

static size_t num_end(struct mm_slice in, size_t at)
{
    size_t end = run(in, at, C_DIGIT);

    if (end == at)
        return 0;
    if (end + 1 < in.n && in.p[end] == '.' && (classes[in.p[end + 1]] & C_DIGIT) != 0)
        end = run(in, end + 1, C_DIGIT);
    return end;
}

static bool take_quoted(struct mm_slice in, size_t at, struct mm_scanned *ret)
{
    size_t from = at + 1;

    if (at >= in.n || in.p[at] != '"')
        return false;
    for (at = from; at < in.n && in.p[at] != '"'; at++) {
        if (in.p[at] == '\\' && at + 1 < in.n)
            at++;
    }
    if (at >= in.n)
        return false;
    *ret = (struct mm_scanned){.end = at + 1, .text = mm_slice_sub(in, from, at - from)};
    return true;
}

static size_t word_end(struct mm_slice next, struct mm_slice in, size_t at)
{
    uint8_t stop = next.n > 0 ? next.p[0] : ' ';

    while (at < in.n && in.p[at] != ' ' && in.p[at] != stop && in.p[at] != '\t')
        at++;
    return at;
}

static size_t blanks_end(struct mm_slice in, size_t at)
{
    while (at < in.n && (in.p[at] == ' ' || in.p[at] == '\t'))
        at++;
    return at;
}

static size_t to_end(struct mm_slice next, struct mm_slice in, size_t at)
{
    size_t hit;

    if (next.n == 0)
        return in.n;
    hit = mm_slice_search(mm_slice_sub(in, at, SIZE_MAX), next);
    return hit == SIZE_MAX ? at : at + hit;
}

/* Before the last place where the literal stands: what an attacker put into a name stays there. */
static size_t last_end(struct mm_slice next, struct mm_slice in, size_t at)
{
    size_t end = in.n;

    if (next.n == 0 || in.n - at <= next.n)
        return at;
    for (end = in.n - next.n; end > at; end--) {
        if (in.p[end] == next.p[0] && memcmp(in.p + end, next.p, next.n) == 0)
            return end;
    }
    return at;
}

/* End of a capture that is a run of bytes; `at` or less when nothing of that kind stands there. */
static size_t run_end(enum mm_scan scan, struct mm_slice next, struct mm_slice in, size_t at)
{
    switch (scan) {
    case MM_SCAN_MAC:
        return mac_end(in, at);
    case MM_SCAN_IP:
        return address(in, at, 0);
    case MM_SCAN_PORT:
        return port_end(in, at);
    case MM_SCAN_INT:
        return run(in, at, C_DIGIT);
    case MM_SCAN_NUM:
        return num_end(in, at);
    case MM_SCAN_HEX:
        return run(in, at, C_HEX);
    case MM_SCAN_IDENT:
        return run(in, at, C_IDENT);
    case MM_SCAN_HOST:
        return run(in, at, C_HOST);
    case MM_SCAN_WORD:
        return word_end(next, in, at);
    case MM_SCAN_BLANKS:
        return blanks_end(in, at);
    case MM_SCAN_TO:
        return to_end(next, in, at);
    default:
        return last_end(next, in, at);
    }
}

#define BIT(scan) (UINT64_C(1) << (scan))

enum { MAC_MIN = 11, SHORT_RUN = 20 }; /* the shortest MAC address; no form has a longer number */

/* By the type of what a text begins with. */
#define NUMBERS (BIT(MM_SCAN_INT) | BIT(MM_SCAN_NUM) | BIT(MM_SCAN_PORT) | BIT(MM_WHEN_EPOCH))
#define ADDRESSES                                                                                  \
    (BIT(MM_SCAN_IP) | BIT(MM_SCAN_IP_DOT_PORT) | BIT(MM_SCAN_IP_COLON_PORT) |                     \
     BIT(MM_SCAN_IP_HASH_PORT) | BIT(MM_SCAN_IP_ANY_PORT))
#define JAPANESE (BIT(MM_WHEN_JP) | BIT(MM_WHEN_JP_DATE))
/* Two-digit numbers with signs between them, months by name among them. */
#define SHORT_DATES                                                                                \
    (BIT(MM_WHEN_CLF) | BIT(MM_WHEN_DMONY) | BIT(MM_WHEN_DMONY_DATE) | BIT(MM_WHEN_MDY) |          \
     BIT(MM_WHEN_MDY_DATE) | BIT(MM_WHEN_DMY) | BIT(MM_WHEN_DMY_DATE) | BIT(MM_WHEN_IDS))
#define LONG_NUMBERS                                                                               \
    (BIT(MM_WHEN_COMPACT_DATE) | BIT(MM_WHEN_COMPACT_CLOCK) | BIT(MM_WHEN_COMPACT) |               \
     BIT(MM_WHEN_FILETIME))
/* Of what is not among these any bytes may stand in front; so it is with a form that is added
 * to codec/when.h until somebody says here how it begins. */
#define TOLD                                                                                       \
    (NUMBERS | ADDRESSES | JAPANESE | SHORT_DATES | LONG_NUMBERS | BIT(MM_SCAN_HEX) |              \
     BIT(MM_SCAN_MAC) | BIT(MM_SCAN_QUOTED) | BIT(MM_WHEN_CLOCK) | BIT(MM_WHEN_YMD) |              \
     BIT(MM_WHEN_DATE) | BIT(MM_WHEN_BSD) | BIT(MM_WHEN_CTIME))
#define OTHERS (~(uint64_t)TOLD)

static uint8_t byte_at(struct mm_slice in, size_t at)
{
    return at < in.n ? in.p[at] : 0;
}

/* What a number of n digits may begin that `behind` follows. */
static uint64_t may_number(size_t n, uint8_t behind)
{
    bool dash = behind == '-' || behind == '/' || behind == '.', far = behind >= 0x80;
    uint64_t may = NUMBERS | BIT(MM_SCAN_HEX);

    if (n >= 6)
        return may | LONG_NUMBERS;
    if (n <= 2)
        may |= SHORT_DATES | (behind == ':' ? BIT(MM_WHEN_CLOCK) : 0);
    if (n == 4 && dash)
        may |= BIT(MM_WHEN_YMD) | BIT(MM_WHEN_DATE);
    if ((n == 4 || n == 2) && (dash || far))
        may |= JAPANESE;
    if (n <= 3 && behind == '.')
        may |= ADDRESSES;
    if (n == 1 && behind == 'x')
        may |= BIT(MM_WHEN_FILETIME);
    return may;
}

/* What a word of letters may begin. */
static uint64_t may_letters(struct mm_slice in, size_t at)
{
    static const uint8_t months[32] = {['j' & 31] = 1, ['f' & 31] = 1, ['m' & 31] = 1,
                                       ['a' & 31] = 1, ['s' & 31] = 1, ['o' & 31] = 1,
                                       ['n' & 31] = 1, ['d' & 31] = 1};
    static const uint8_t days[32] = {
        ['s' & 31] = 1, ['m' & 31] = 1, ['t' & 31] = 1, ['w' & 31] = 1, ['f' & 31] = 1};
    uint8_t letter = in.p[at] & 31, second = byte_at(in, at + 1);
    uint64_t may = (classes[in.p[at]] & C_HEX) != 0 ? BIT(MM_SCAN_HEX) : 0;

    if (months[letter] != 0)
        may |= BIT(MM_WHEN_BSD);
    if (days[letter] != 0)
        may |= BIT(MM_WHEN_CTIME) | BIT(MM_WHEN_DMONY);
    if (second >= '0' && second <= '9')
        may |= JAPANESE;
    return may;
}

/* An IPv6 address has one to four digits before its first colon; a MAC address a run of its own. */
static uint64_t may_hex(struct mm_slice in, size_t at)
{
    struct mm_slice near = mm_slice_sub(in, 0, at + SHORT_RUN);
    size_t end = run(near, at, C_HEX), stop = end;
    uint64_t may = end - at <= 4 && byte_at(near, end) == ':' ? ADDRESSES : 0;

    while (stop < near.n && stop - at < MAC_MIN &&
           ((classes[near.p[stop]] & C_HEX) != 0 || near.p[stop] == ':' || near.p[stop] == '-' ||
            near.p[stop] == '.' || near.p[stop] == ' '))
        stop++;
    return stop - at >= MAC_MIN ? may | BIT(MM_SCAN_MAC) : may;
}

uint64_t mm_scan_may(struct mm_slice in, size_t at)
{
    uint8_t c = byte_at(in, at);

    MM_ASSERT(at <= in.n);
    if ((classes[c] & C_DIGIT) != 0) {
        size_t end = run(mm_slice_sub(in, 0, at + SHORT_RUN), at, C_DIGIT);

        return OTHERS | may_number(end - at, byte_at(in, end)) | may_hex(in, at);
    }
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
        return OTHERS | may_letters(in, at) | ((classes[c] & C_HEX) != 0 ? may_hex(in, at) : 0);
    if (c == '"')
        return OTHERS | BIT(MM_SCAN_QUOTED);
    if (c == ':' || c == '[')
        return OTHERS | ADDRESSES | BIT(MM_SCAN_MAC);
    return OTHERS | (c >= 0x80 ? JAPANESE : 0);
}

bool mm_scan_take(enum mm_scan scan, struct mm_slice next, struct mm_slice in, size_t at,
                  struct mm_when *when, struct mm_scanned *ret)
{
    size_t end = 0;

    MM_ASSERT(scan < MM_SCAN_COUNT && at <= in.n);
    if (mm_scan_time(scan)) {
        struct mm_rd rd = {.in = in, .pos = at};

        if (!mm_when_read(&rd, (enum mm_when_form)scan, when))
            return false;
        end = rd.pos;
    } else if (scan == MM_SCAN_IP_ANY_PORT) {
        return take_any_endpoint(in, at, ret);
    } else if (mm_scan_pair(scan)) {
        static const uint8_t gaps[] = {'.', ':', '#'};

        return take_endpoint(gaps[scan - MM_SCAN_IP_DOT_PORT], in, at, ret);
    } else if (scan == MM_SCAN_QUOTED) {
        return take_quoted(in, at, ret);
    } else if (scan == MM_SCAN_REST) {
        end = in.n;
    } else {
        end = run_end(scan, next, in, at);
        if (end <= at)
            return false;
    }
    *ret = (struct mm_scanned){.end = end, .text = mm_slice_sub(in, at, end - at)};
    return true;
}
