/* codec/relayset.c - see relayset.h for the contract. */
#include "codec/relayset.h"

#include "base/rd.h"

static const struct mm_slice first_line = MM_S_INIT("mimamori relay settings ");

/* A whole line "NAME REST"; *rest moves behind it. False when the next line is another one. */
static bool line_of(struct mm_rd *rd, struct mm_slice name, struct mm_slice *ret)
{
    size_t before = rd->pos;

    if (mm_rd_lit(rd, name) && mm_rd_byte(rd, ' ') && mm_rd_until(rd, '\n', ret))
        return true;
    rd->pos = before;
    return false;
}

bool mm_relayset_listen(struct mm_slice word, enum mm_relay_via *ret, uint16_t *ret_port)
{
    bool udp = mm_slice_starts(word, MM_S("udp/"));
    uint64_t port;

    if ((!udp && !mm_slice_starts(word, MM_S("tcp/"))) ||
        !mm_slice_u64(mm_slice_sub(word, 4, SIZE_MAX), &port) || port == 0 || port > UINT16_MAX)
        return false;
    *ret = udp ? MM_RELAY_UDP : MM_RELAY_TCP;
    *ret_port = (uint16_t)port;
    return true;
}

bool mm_relayset_path_ok(struct mm_slice path)
{
    if (path.n < 2 || path.n > MM_RELAYSET_PATH || path.p[0] != '/')
        return false;
    for (size_t i = 0; i < path.n; i++) {
        if (path.p[i] <= ' ' || path.p[i] == 0x7f)
            return false;
    }
    return true;
}

/* "NUMBER PATH" into the set. */
static bool take_follow(struct mm_slice line, struct mm_relayset *set, uint64_t *last)
{
    size_t blank = mm_slice_find(line, ' ', 0);
    struct mm_slice path = mm_slice_sub(line, blank == SIZE_MAX ? line.n : blank + 1, SIZE_MAX);
    uint64_t number;

    if (!mm_slice_u64(mm_slice_sub(line, 0, blank), &number) || number <= *last ||
        number > MM_RELAY_FILES || !mm_relayset_path_ok(path))
        return false;
    set->follow[number - 1] = path;
    *last = number;
    return true;
}

static enum mm_code take_body(struct mm_rd *rd, struct mm_relayset *set, struct mm_fault *fault)
{
    struct mm_slice line;
    uint64_t number, last = 0;

    if (!line_of(rd, MM_S("relay"), &line) || !mm_slice_u64(line, &number) || number == 0 ||
        number > UINT32_MAX)
        return mm_fail(fault, MM_E_SYNTAX, rd->pos, "relay.number");
    set->relay = (uint32_t)number;
    if (!line_of(rd, MM_S("serial"), &line) || !mm_slice_u64(line, &set->serial))
        return mm_fail(fault, MM_E_SYNTAX, rd->pos, "relay.serial");
    while (line_of(rd, MM_S("listen"), &line)) {
        if (set->listen_n == MM_RELAYSET_LISTEN ||
            !mm_relayset_listen(line, &set->listen[set->listen_n].via,
                                &set->listen[set->listen_n].port))
            return mm_fail(fault, MM_E_SYNTAX, rd->pos, "relay.listen");
        set->listen_n++;
    }
    while (line_of(rd, MM_S("follow"), &line)) {
        if (!take_follow(line, set, &last))
            return mm_fail(fault, MM_E_SYNTAX, rd->pos, "relay.follow");
    }
    return MM_OK;
}

enum mm_code mm_relayset_parse(struct mm_slice text, struct mm_relayset *ret,
                               struct mm_fault *fault)
{
    struct mm_rd rd = mm_rd_of(text);
    struct mm_relayset set = {0};
    struct mm_slice form;
    enum mm_code c;

    if (text.n > MM_RELAYSET_MAX)
        return mm_fail(fault, MM_E_LIMIT, 0, "relay.settings");
    if (!mm_rd_lit(&rd, first_line) || !mm_rd_until(&rd, '\n', &form))
        return mm_fail(fault, MM_E_SYNTAX, rd.pos, "relay.settings");
    if (!mm_slice_eq(form, MM_S("1")))
        return mm_fail(fault, MM_E_VERSION, rd.pos, "relay.settings");
    c = take_body(&rd, &set, fault);
    if (c != MM_OK)
        return c;
    set.body = mm_slice_sub(text, 0, rd.pos);
    if (!line_of(&rd, MM_S("signature"), &set.signature) || mm_rd_left(&rd) != 0)
        return mm_fail(fault, MM_E_SYNTAX, rd.pos, "relay.signature");
    *ret = set;
    return MM_OK;
}

/* The next word, parted by blanks and line ends; empty at the end. */
static struct mm_slice word_of(struct mm_slice *rest)
{
    size_t from = 0, to;
    struct mm_slice word;

    while (from < rest->n && rest->p[from] <= ' ')
        from++;
    for (to = from; to < rest->n && rest->p[to] > ' ';)
        to++;
    word = mm_slice_sub(*rest, from, to - from);
    *rest = mm_slice_sub(*rest, to, SIZE_MAX);
    return word;
}

enum mm_code mm_relayset_write(uint32_t relay, uint64_t serial, struct mm_slice listen,
                               struct mm_slice follow, struct mm_buf *out, struct mm_fault *fault)
{
    struct mm_slice word;
    enum mm_relay_via via;
    uint16_t port;
    size_t n = 0;

    mm_buf_add(out, first_line);
    mm_buf_fmt(out, "1\nrelay %u\nserial %llu\n", relay, (unsigned long long)serial);
    for (word = word_of(&listen); word.n > 0; word = word_of(&listen)) {
        if (n++ == MM_RELAYSET_LISTEN || !mm_relayset_listen(word, &via, &port))
            return mm_fail(fault, MM_E_SYNTAX, 0, "relay.listen");
        mm_buf_fmt(out, "listen %.*s\n", MM_S_ARG(word));
    }
    n = 0;
    for (word = word_of(&follow); word.n > 0; word = word_of(&follow)) {
        if (n++ == MM_RELAY_FILES || !mm_relayset_path_ok(word))
            return mm_fail(fault, MM_E_SYNTAX, 0, "relay.follow");
        mm_buf_fmt(out, "follow %zu %.*s\n", n, MM_S_ARG(word));
    }
    return mm_buf_ok(out) ? MM_OK : mm_fail(fault, MM_E_LIMIT, 0, "relay.settings");
}
