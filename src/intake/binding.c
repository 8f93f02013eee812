/* intake/binding.c - see binding.h for the contract. */
#include "intake/binding.h"

#include <stdlib.h>

#include "base/rd.h"
#include "base/vec.h"
#include "codec/relay.h"

void mm_bindings_init(struct mm_binding_table *t)
{
    *t = (struct mm_binding_table){0};
}

void mm_bindings_done(struct mm_binding_table *t)
{
    free(t->row);
    *t = (struct mm_binding_table){0};
}

enum mm_code mm_bindings_add(struct mm_binding_table *t, const struct mm_binding *b)
{
    if (t->n == MM_BINDINGS_MAX)
        return MM_E_LIMIT;
    if (!MM_VEC_ROOM(t->row, t->n, t->cap, MM_BINDINGS_MAX))
        return MM_E_NOMEM;
    t->row[t->n++] = *b;
    t->sorted = false;
    return MM_OK;
}

/* By kind, then by key; longer prefixes first, so that the first hit is the best. */
static int compare(const struct mm_binding *a, const struct mm_binding *b)
{
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    switch (a->kind) {
    case MM_BIND_TOKEN:
        return memcmp(&a->token, &b->token, sizeof(a->token));
    case MM_BIND_LISTENER:
        if (a->transport != b->transport)
            return a->transport < b->transport ? -1 : 1;
        return (int)a->port - (int)b->port;
    case MM_BIND_ADDRESS:
        if (a->address.bits != b->address.bits)
            return a->address.bits > b->address.bits ? -1 : 1;
        return memcmp(&a->address.net, &b->address.net, sizeof(a->address.net));
    case MM_BIND_RELAY:
        return memcmp(&a->token, &b->token, sizeof(a->token));
    case MM_BIND_RELAYED:
        return a->relay == b->relay ? 0 : a->relay < b->relay ? -1 : 1;
    }
    MM_ASSERT(false);
}

static int by_key(const void *a, const void *b)
{
    return compare(a, b);
}

/* Rows with the same key in one order, too, so that equal tables are equal row by row. */
static int by_all(const void *a, const void *b)
{
    const struct mm_binding *x = a, *y = b;
    int c = compare(x, y);

    if (c == 0 && x->company != y->company)
        c = x->company < y->company ? -1 : 1;
    if (c == 0 && x->source != y->source)
        c = x->source < y->source ? -1 : 1;
    return c;
}

void mm_bindings_seal(struct mm_binding_table *t)
{
    if (t->n > 1)
        qsort(t->row, t->n, sizeof(t->row[0]), by_all);
    t->sorted = true;
}

bool mm_bindings_same(const struct mm_binding_table *a, const struct mm_binding_table *b)
{
    MM_ASSERT(a->sorted && b->sorted);
    /* Rows were zeroed before they were filled, so padding compares equal, too. */
    return a->n == b->n && (a->n == 0 || memcmp(a->row, b->row, a->n * sizeof(a->row[0])) == 0);
}

/* The one row with this key; NULL also when rows of several sources have it. */
static const struct mm_binding *find(const struct mm_binding_table *t, const struct mm_binding *key)
{
    const struct mm_binding *hit;
    size_t at, from;

    MM_ASSERT(t->sorted);
    if (t->n == 0)
        return NULL;
    hit = bsearch(key, t->row, t->n, sizeof(*key), by_key);
    if (hit == NULL)
        return NULL;
    for (from = (size_t)(hit - t->row); from > 0 && compare(&t->row[from - 1], key) == 0;)
        from--;
    for (at = from; at < t->n && compare(&t->row[at], key) == 0; at++) {
        if (t->row[at].company != hit->company || t->row[at].source != hit->source)
            return NULL;
    }
    return hit;
}

const struct mm_binding *mm_bindings_token(const struct mm_binding_table *t,
                                           const struct mm_digest *token)
{
    /* The digest of a guess tells nothing about the next guess: its comparison may take as long
     * as it likes; the whole digest is still compared in constant time by who uses the row. */
    struct mm_binding key = {.kind = MM_BIND_TOKEN, .token = *token};
    const struct mm_binding *hit = find(t, &key);

    if (hit == NULL ||
        !mm_same(mm_slice_of(hit->token.b, MM_DIGEST), mm_slice_of(token->b, MM_DIGEST)))
        return NULL;
    return hit;
}

const struct mm_binding *mm_bindings_relay(const struct mm_binding_table *t,
                                           const struct mm_digest *token)
{
    struct mm_binding key = {.kind = MM_BIND_RELAY, .token = *token};
    const struct mm_binding *hit = find(t, &key); /* as above */

    if (hit == NULL ||
        !mm_same(mm_slice_of(hit->token.b, MM_DIGEST), mm_slice_of(token->b, MM_DIGEST)))
        return NULL;
    return hit;
}

const struct mm_binding *mm_bindings_relayed(const struct mm_binding_table *t, uint32_t relay,
                                             size_t *ret_n)
{
    struct mm_binding key = {.kind = MM_BIND_RELAYED, .relay = relay};
    const struct mm_binding *hit;
    size_t from, end;

    MM_ASSERT(t->sorted);
    *ret_n = 0;
    hit = t->n == 0 ? NULL : bsearch(&key, t->row, t->n, sizeof(key), by_key);
    if (hit == NULL)
        return NULL;
    from = end = (size_t)(hit - t->row);
    while (from > 0 && compare(&t->row[from - 1], &key) == 0)
        from--;
    while (end < t->n && compare(&t->row[end], &key) == 0)
        end++;
    *ret_n = end - from;
    return &t->row[from];
}

const struct mm_binding *mm_bindings_listener(const struct mm_binding_table *t,
                                              enum mm_transport transport, uint16_t port)
{
    struct mm_binding key = {.kind = MM_BIND_LISTENER, .transport = transport, .port = port};

    return find(t, &key);
}

static struct mm_ip masked(const struct mm_ip *ip, unsigned bits)
{
    struct mm_ip net = *ip;

    for (unsigned i = 0; i < 16; i++) {
        unsigned keep = bits >= (i + 1) * 8 ? 8 : bits > i * 8 ? bits - i * 8 : 0;

        net.b[i] = (uint8_t)(net.b[i] & (0xFF00 >> keep));
    }
    return net;
}

const struct mm_binding *mm_bindings_address(const struct mm_binding_table *t,
                                             const struct mm_ip *ip)
{
    struct mm_binding key = {.kind = MM_BIND_ADDRESS};

    /* From the longest prefix on; a sender that two sources claim is nobody's, also when a
     * shorter prefix would have it. */
    for (int bits = 128; bits >= 0; bits--) {
        key.address.bits = (uint8_t)bits;
        key.address.net = masked(ip, (unsigned)bits);
        if (t->n > 0 && bsearch(&key, t->row, t->n, sizeof(key), by_key) != NULL)
            return find(t, &key);
    }
    return NULL;
}

bool mm_binding_listener_parse(struct mm_slice s, enum mm_transport *ret, uint16_t *ret_port)
{
    enum mm_transport transport = MM_TRANSPORT_TCP;
    uint64_t port;

    if (mm_slice_starts(s, MM_S("udp/")))
        transport = MM_TRANSPORT_UDP;
    else if (!mm_slice_starts(s, MM_S("tcp/")))
        return false;
    if (!mm_slice_u64(mm_slice_sub(s, 4, SIZE_MAX), &port) || port == 0 || port > UINT16_MAX)
        return false;
    *ret = transport;
    *ret_port = (uint16_t)port;
    return true;
}

bool mm_binding_relayed_parse(struct mm_slice s, struct mm_binding *ret)
{
    uint64_t number;

    ret->by = MM_BY_LISTENER;
    if (mm_binding_listener_parse(s, &ret->transport, &ret->port))
        return true;
    ret->by = MM_BY_FILE;
    if (!mm_slice_starts(s, MM_S("file/")) ||
        !mm_slice_u64(mm_slice_sub(s, 5, SIZE_MAX), &number) || number == 0 ||
        number > MM_RELAY_FILES)
        return false;
    ret->port = (uint16_t)number;
    return true;
}

/* The next word of a line; empty at its end. */
static struct mm_slice word(struct mm_rd *rd)
{
    size_t from;

    while (mm_rd_skip(rd, ' ') + mm_rd_skip(rd, '\t') > 0)
        continue;
    from = rd->pos;
    while (mm_rd_peek(rd) >= 0 && mm_rd_peek(rd) != ' ' && mm_rd_peek(rd) != '\t')
        rd->pos++;
    return mm_slice_sub(rd->in, from, rd->pos - from);
}

static bool number(struct mm_slice s, uint32_t *ret)
{
    uint64_t v;

    if (!mm_slice_u64(s, &v) || v > UINT32_MAX)
        return false;
    *ret = (uint32_t)v;
    return true;
}

bool mm_binding_behind_parse(struct mm_slice s, struct mm_binding *ret)
{
    size_t slash = mm_slice_find(s, '/', 0);
    struct mm_slice rest = mm_slice_sub(s, slash == SIZE_MAX ? s.n : slash + 1, SIZE_MAX);

    if (!number(mm_slice_sub(s, 0, slash), &ret->relay) || ret->relay == 0)
        return false;
    ret->by = MM_BY_ALL;
    if (slash == SIZE_MAX || mm_binding_relayed_parse(rest, ret))
        return true;
    ret->by = MM_BY_ADDRESS;
    return mm_cidr_parse(rest, &ret->address);
}

/* RELAY/TOKEN, or RELAY/ and what names a source behind it. */
static const char *parse_relay(struct mm_slice kind, struct mm_slice what, const struct mm_key *key,
                               struct mm_binding *b)
{
    size_t slash = mm_slice_find(what, '/', 0);
    struct mm_slice rest = mm_slice_sub(what, slash == SIZE_MAX ? what.n : slash + 1, SIZE_MAX);

    if (!number(mm_slice_sub(what, 0, slash), &b->relay) || b->relay == 0 || rest.n == 0)
        return "bindings.relay";
    if (mm_slice_eq(kind, MM_S("relay"))) {
        b->kind = MM_BIND_RELAY;
        mm_digest_keyed(key, rest, &b->token);
        return NULL;
    }
    b->kind = MM_BIND_RELAYED;
    return mm_binding_behind_parse(what, b) ? NULL : "bindings.relay";
}

/* NULL, or what is wrong with the line. */
static const char *parse_line(struct mm_slice line, const struct mm_key *key, struct mm_binding *b)
{
    struct mm_rd rd = mm_rd_of(line);
    struct mm_slice name, kind, what;

    if (!number(word(&rd), &b->company))
        return "bindings.company";
    if (!number(word(&rd), &b->source))
        return "bindings.source";
    name = word(&rd);
    if (name.n == 0 || name.n >= sizeof(b->name))
        return "bindings.name";
    memcpy(b->name, name.p, name.n);
    kind = word(&rd);
    what = word(&rd);
    if (what.n == 0 || word(&rd).n != 0)
        return "bindings.words";
    if (mm_slice_eq(kind, MM_S("token"))) {
        b->kind = MM_BIND_TOKEN;
        mm_digest_keyed(key, what, &b->token);
        return NULL;
    }
    if (mm_slice_eq(kind, MM_S("listener"))) {
        b->kind = MM_BIND_LISTENER;
        return mm_binding_listener_parse(what, &b->transport, &b->port) ? NULL
                                                                        : "bindings.listener";
    }
    if (mm_slice_eq(kind, MM_S("relay")) || mm_slice_eq(kind, MM_S("relayed")))
        return parse_relay(kind, what, key, b);
    b->kind = MM_BIND_ADDRESS;
    if (!mm_slice_eq(kind, MM_S("address")))
        return "bindings.kind";
    return mm_cidr_parse(what, &b->address) ? NULL : "bindings.address";
}

enum mm_code mm_bindings_parse(struct mm_slice text, const struct mm_key *key,
                               struct mm_binding_table *t, struct mm_fault *fault)
{
    size_t line_no = 1;

    for (size_t at = 0; at < text.n; line_no++) {
        size_t lf = mm_slice_find(text, '\n', at);
        size_t end = lf == SIZE_MAX ? text.n : lf;
        struct mm_slice line = mm_slice_trim(mm_slice_sub(text, at, end - at));
        struct mm_binding b = {0};
        const char *wrong;
        enum mm_code c;

        at = end + 1;
        if (line.n == 0 || line.p[0] == '#')
            continue;
        wrong = parse_line(line, key, &b);
        if (wrong != NULL)
            return mm_fail(fault, MM_E_CONFIG, line_no, wrong);
        c = mm_bindings_add(t, &b);
        if (c != MM_OK)
            return mm_fail(fault, c, line_no, "bindings.many");
    }
    return MM_OK;
}
