/* parse/map.c - wire fields to ECS fields: the operations and rules of a format. */
#include <stdio.h>

#include "base/ip.h"
#include "base/rd.h"
#include "codec/unit.h"
#include "parse/convert.h"
#include "parse/format.h"

/* State of one line's mapping. */
struct mapping {
    const struct mm_format *f;
    struct mm_wire *w;
    struct mm_event *ev;
    bool whole;   /* every value was of its type */
    bool prefill; /* the decoder has put extras itself: names must be compared */
};

/* A value was not of its type; of several the first is remembered. */
static void wrong(struct mapping *m, struct mm_slice name, struct mm_slice value)
{
    m->whole = false;
    if (m->w->wrong.p != NULL)
        return;
    m->w->wrong = value;
    m->w->wrong_name = name;
}

static bool is_absent(const struct mm_format *f, struct mm_slice v)
{
    if (v.n == 0)
        return true;
    return f->absent_first[v.p[0]] && mm_symtab_get(&f->absent, v) != MM_SYM_NONE;
}

static_assert(MM_MAX_EXTRA <= UINT8_MAX, "wire.h keeps places of extras in bytes");

static void put_extra(struct mapping *m, const struct mm_target *to, struct mm_slice value)
{
    struct mm_event *ev = m->ev;
    struct mm_wire *w = m->w;

    if (w->extra_stamp[to->extra_id] == w->line) {
        ev->extra[w->extra_at[to->extra_id]].value = value;
        return;
    }
    for (size_t i = 0; i < ev->extra_n && m->prefill; i++) {
        if (mm_slice_eq(ev->extra[i].name, to->extra)) {
            ev->extra[i].value = value;
            return;
        }
    }
    if (ev->extra_n >= MM_MAX_EXTRA || to->extra.n > MM_MAX_FIELD_NAME) {
        ev->flags |= MM_EV_EXTRA_FULL;
        return;
    }
    w->extra_stamp[to->extra_id] = w->line;
    w->extra_at[to->extra_id] = (uint8_t)ev->extra_n;
    ev->extra[ev->extra_n++] = (struct mm_extra){.name = to->extra, .value = value};
}

static const bool is_port[MM_F_COUNT + 1] = {
    [MM_F_SOURCE_PORT] = true,
    [MM_F_DESTINATION_PORT] = true,
    [MM_F_SOURCE_NAT_PORT] = true,
    [MM_F_DESTINATION_NAT_PORT] = true,
};

/* Set a target from text of any type; false when the text is not of the field's type. */
static bool put(struct mapping *m, const struct mm_target *to, struct mm_slice value)
{
    uint64_t u;

    if (is_port[to->field]) {
        if (!mm_slice_u64(value, &u) || u > UINT16_MAX)
            return false;
        mm_event_uint(m->ev, to->field, u);
        return true;
    }
    if (to->field != MM_F_NONE)
        return mm_event_parse(m->ev, to->field, value);
    put_extra(m, to, value);
    return true;
}

/* Letters in lower case, or blanks for "+". */
static bool translate(struct mapping *m, enum mm_op_kind kind, struct mm_slice v,
                      struct mm_slice *ret)
{
    uint8_t first = kind == MM_OP_PLUS ? '+' : 'A', last = kind == MM_OP_PLUS ? '+' : 'Z';
    uint8_t *out;
    size_t at = 0;

    while (at < v.n && !(v.p[at] >= first && v.p[at] <= last))
        at++;
    if (at == v.n) {
        *ret = v;
        return true;
    }
    out = mm_arena_bytes(m->w->arena, v.n);
    if (out == NULL)
        return false;
    for (size_t i = 0; i < v.n; i++) {
        out[i] = v.p[i];
        if (v.p[i] >= first && v.p[i] <= last) /* capitals end before 0xFF - 32 */
            out[i] = kind == MM_OP_PLUS ? ' ' : (uint8_t)(v.p[i] + 32);
    }
    *ret = mm_slice_of(out, v.n);
    return true;
}

/*
 * The name in labels with their lengths in front, as Windows' DNS server writes it:
 * "(3)www(7)example(0)" is www.example, "(0)" the root. Lengths that are not those of the labels
 * make the value wrong.
 */
static bool put_labels(struct mapping *m, const struct mm_target *to, struct mm_slice v)
{
    struct mm_rd rd = mm_rd_of(v);
    struct mm_slice label;
    uint8_t *out = mm_arena_bytes(m->w->arena, v.n);
    uint32_t length;
    size_t n = 0;

    if (out == NULL)
        return false;
    for (;;) {
        if (!mm_rd_byte(&rd, '(') || !mm_rd_dec(&rd, 2, &length) || !mm_rd_byte(&rd, ')'))
            return false;
        if (length == 0)
            break;
        if (!mm_rd_take(&rd, length, &label))
            return false;
        /* A label took at least three bytes more of v: there is room for its dot. */
        if (n > 0)
            out[n++] = '.';
        memcpy(out + n, label.p, label.n);
        n += label.n;
    }
    if (mm_rd_left(&rd) > 0)
        return false;
    return put(m, to, n > 0 ? mm_slice_of(out, n) : MM_S("."));
}

/* Pieces one behind the other in the arena. */
static bool join(struct mapping *m, const struct mm_slice *part, size_t count, struct mm_slice *ret)
{
    size_t n = 0, at = 0;
    uint8_t *out;

    for (size_t i = 0; i < count; i++)
        n += part[i].n; /* at most 16 parts of at most MM_MAX_LINE bytes */
    out = mm_arena_bytes(m->w->arena, n);
    if (out == NULL || !mm_work_take(&m->w->work, n / 4))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (part[i].n > 0)
            memcpy(out + at, part[i].p, part[i].n);
        at += part[i].n;
    }
    *ret = mm_slice_of(out, n);
    return true;
}

static const bool is_mac[MM_F_COUNT + 1] = {
    [MM_F_SOURCE_MAC] = true,
    [MM_F_DESTINATION_MAC] = true,
    [MM_F_HOST_MAC] = true,
};

static bool put_mac(struct mapping *m, const struct mm_target *to, struct mm_slice v)
{
    char text[MM_MAC_TEXT];
    struct mm_slice own;

    if (!mm_mac_parse(v, text))
        return false;
    if (v.n == 17 && memcmp(v.p, text, 17) == 0)
        return put(m, to, v);
    return mm_arena_dup(m->w->arena, mm_slice_of(text, 17), &own) && put(m, to, own);
}

static bool put_mapped(struct mapping *m, const struct mm_op *op, struct mm_slice v)
{
    uint16_t sym = mm_symtab_get(&op->map, v);

    if (sym != MM_SYM_NONE)
        return op->map_value[sym].p == NULL || put(m, &op->to, op->map_value[sym]);
    switch (op->otherwise) {
    case MM_ELSE_KEEP:
        return put(m, &op->to, v);
    case MM_ELSE_VALUE:
        return put(m, &op->to, op->else_value);
    case MM_ELSE_DROP:
        break;
    }
    return true;
}

static bool put_host(struct mapping *m, const struct mm_op *op, struct mm_slice v)
{
    struct mm_slice host, port, scheme;
    struct mm_ip ip;

    mm_convert_host(v, &host, &port, &scheme);
    if (op->kind == MM_OP_HOST)
        return host.n == 0 || put(m, &op->to, host);
    if (op->kind == MM_OP_HOST_IP)
        return !mm_ip_parse_log(host, &ip) || put(m, &op->to, host);
    if (port.n > 0)
        return put(m, &op->to, port);
    if (mm_slice_ieq(scheme, MM_S("http")))
        return put(m, &op->to, MM_S("80"));
    if (mm_slice_ieq(scheme, MM_S("https")))
        return put(m, &op->to, MM_S("443"));
    return true;
}

/* Where the domain of an account goes that goes there; MM_F_NONE: it has no field. */
static enum mm_field domain_of(enum mm_field account)
{
    return account == MM_F_USER_NAME          ? MM_F_USER_DOMAIN
           : account == MM_F_USER_TARGET_NAME ? MM_F_USER_TARGET_DOMAIN
           : account == MM_F_SOURCE_USER      ? MM_F_SOURCE_USER_DOMAIN
                                              : MM_F_NONE;
}

static bool put_account(struct mapping *m, const struct mm_op *op, struct mm_slice v)
{
    struct mm_account a;
    enum mm_field domain = domain_of(op->to.field);
    struct mm_slice parts[2], own;

    mm_convert_account(v, op->kind == MM_OP_ACCOUNT, &a);
    /* Without a place for the domain the value stays whole. */
    if (a.domain.n == 0 || domain == MM_F_NONE)
        return put(m, &op->to, v);
    mm_event_text(m->ev, domain, a.domain);
    if (!a.machine)
        return put(m, &op->to, a.name);
    parts[0] = a.name;
    parts[1] = MM_S("$");
    return join(m, parts, 2, &own) && put(m, &op->to, own);
}

/* A number that was worked out, in its field or as the text of an extra. */
static bool put_number(struct mapping *m, const struct mm_op *op, uint64_t u)
{
    char text[24];
    struct mm_slice own;
    int n;

    if (op->to.field != MM_F_NONE) {
        mm_event_uint(m->ev, op->to.field, u);
        return true;
    }
    n = snprintf(text, sizeof(text), "%llu", (unsigned long long)u);
    MM_ASSERT(n > 0 && (size_t)n < sizeof(text));
    return mm_arena_dup(m->w->arena, mm_slice_of(text, (size_t)n), &own) && put(m, &op->to, own);
}

/* Numbers with units and factors. */
static bool put_measured(struct mapping *m, const struct mm_op *op, struct mm_slice v)
{
    uint64_t u;
    bool ok = op->kind == MM_OP_SCALE      ? mm_convert_scale(v, op->times, op->per, &u)
              : op->kind == MM_OP_DURATION ? mm_unit_duration(v, &u)
                                           : mm_unit_bytes(v, op->times, &u);

    return ok && put_number(m, op, u);
}

static bool put_forwarded(struct mapping *m, const struct mm_op *op, struct mm_slice v)
{
    struct mm_slice client;

    return mm_convert_forwarded(v, &client) && (client.n == 0 || put(m, &op->to, client));
}

/* Captures are put behind the fields that are still to be mapped, and are mapped in their turn. */
static bool run_match(struct mapping *m, const struct mm_op *op, struct mm_slice v)
{
    MM_UNINIT struct mm_pattern_hit hit;

    if (!mm_patterns_match(op->match, v, &m->w->work, &hit))
        return !op->must;
    for (size_t i = 0; i < hit.count; i++)
        mm_wire_slot(m->w, op->match_slot[hit.capture[i].name], hit.capture[i].text);
    return true;
}

static bool run_op(struct mapping *m, const struct mm_op *op, struct mm_slice v)
{
    struct mm_slice text;

    switch (op->kind) {
    case MM_OP_COPY:
        return put(m, &op->to, v);
    case MM_OP_MAP:
        return put_mapped(m, op, v);
    case MM_OP_SCALE:
    case MM_OP_BYTES:
    case MM_OP_DURATION:
        return put_measured(m, op, v);
    case MM_OP_LOWER:
    case MM_OP_PLUS:
        return translate(m, op->kind, v, &text) && put(m, &op->to, text);
    case MM_OP_LABELS:
        return put_labels(m, &op->to, v);
    case MM_OP_MAC:
        return put_mac(m, &op->to, v);
    case MM_OP_USER:
    case MM_OP_ACCOUNT:
        return put_account(m, op, v);
    case MM_OP_FORWARDED:
        return put_forwarded(m, op, v);
    case MM_OP_HOST:
    case MM_OP_HOST_IP:
    case MM_OP_HOST_PORT:
        return put_host(m, op, v);
    case MM_OP_MATCH:
        return run_match(m, op, v);
    }
    return false;
}

/* The text a condition or template asks for; false when it isn't there. */
static bool text_of(struct mapping *m, enum mm_field field, uint16_t slot, char tmp[MM_FIELD_TEXT],
                    struct mm_slice *ret)
{
    if (field != MM_F_NONE) {
        if (!mm_event_has(m->ev, field))
            return false;
        *ret = mm_event_as_text(m->ev, field, tmp);
        return true;
    }
    if (!mm_wire_has(m->w, slot) || is_absent(m->f, m->w->value[slot]))
        return false;
    *ret = m->w->value[slot];
    return true;
}

static bool glob_holds(const struct mm_glob *g, struct mm_slice v)
{
    if (g->open_front && g->open_back)
        return mm_slice_search(v, g->text) != SIZE_MAX;
    if (g->open_front)
        return mm_slice_ends(v, g->text);
    return g->open_back ? mm_slice_starts(v, g->text) : mm_slice_eq(v, g->text);
}

static bool private_holds(struct mapping *m, const struct mm_cond *c, struct mm_slice v)
{
    struct mm_ip ip;

    if (c->field != MM_F_NONE && mm_field_type(c->field) == MM_FT_IP)
        ip = m->ev->val[c->field].ip;
    else if (!mm_ip_parse_log(v, &ip))
        return false;
    return mm_ip_is_private(&ip) == (c->kind == MM_COND_PRIVATE);
}

/* The symbol of a slot's value, looked up once a line. */
static uint16_t symbol(struct mapping *m, uint16_t slot, struct mm_slice v)
{
    struct mm_wire *w = m->w;

    if (w->sym_stamp[slot] != w->line) {
        w->sym_stamp[slot] = w->line;
        w->sym[slot] = mm_symtab_get(&m->f->slot[slot].symbols, v);
    }
    return w->sym[slot];
}

static bool words_hold(struct mapping *m, const struct mm_cond *c, struct mm_slice v)
{
    if (c->mask != NULL) {
        uint16_t sym = symbol(m, c->slot, v);

        return sym != MM_SYM_NONE && (c->mask[sym / 64] >> (sym % 64) & 1) != 0;
    }
    for (size_t i = 0; i < c->count; i++) {
        if (mm_slice_eq(c->word[i], v))
            return true;
    }
    return false;
}

static bool cond_holds(struct mapping *m, const struct mm_cond *c)
{
    MM_UNINIT char tmp[MM_FIELD_TEXT];
    struct mm_slice v;
    bool holds = false;
    uint64_t u;

    if (text_of(m, c->field, c->slot, tmp, &v)) {
        switch (c->kind) {
        case MM_COND_IN:
            holds = words_hold(m, c, v);
            break;
        case MM_COND_GLOB:
            (void)mm_work_take(&m->w->work, c->count * (2 + v.n / 4));
            for (size_t i = 0; i < c->count && !holds; i++)
                holds = glob_holds(&c->glob[i], v);
            break;
        case MM_COND_PRESENT:
            holds = true;
            break;
        case MM_COND_RANGE:
            holds = mm_slice_u64(v, &u) && u >= c->lo && u <= c->hi;
            break;
        case MM_COND_PRIVATE:
        case MM_COND_PUBLIC:
            holds = private_holds(m, c, v);
            break;
        }
    }
    return holds != c->negate;
}

/* Build a template's text from several pieces; false when a piece is missing or the arena is full.
 */
static bool render_long(struct mapping *m, const struct mm_template *t, struct mm_slice *ret)
{
    MM_UNINIT struct mm_slice part[16];
    MM_UNINIT char tmp[16][MM_FIELD_TEXT];

    MM_ASSERT(t->count <= MM_COUNT(part));
    for (size_t i = 0; i < t->count; i++) {
        const struct mm_piece *p = &t->piece[i];

        if (p->kind == MM_PIECE_TEXT)
            part[i] = p->text;
        else if (!text_of(m, p->kind == MM_PIECE_FIELD ? p->field : MM_F_NONE, p->slot, tmp[i],
                          &part[i]))
            return false;
    }
    /* A single part that lives longer than this call is handed on as it is. */
    if (t->count == 1 && part[0].p != (const uint8_t *)tmp[0]) {
        *ret = part[0];
        return true;
    }
    return join(m, part, t->count, ret);
}

/* Most templates are a constant or one wire field: those are handed on as they are. */
static bool render(struct mapping *m, const struct mm_template *t, struct mm_slice *ret)
{
    const struct mm_piece *p = &t->piece[0];

    if (t->count != 1 || p->kind == MM_PIECE_FIELD)
        return render_long(m, t, ret);
    if (p->kind == MM_PIECE_TEXT) {
        *ret = p->text;
        return true;
    }
    if (!mm_wire_has(m->w, p->slot) || is_absent(m->f, m->w->value[p->slot]))
        return false;
    *ret = m->w->value[p->slot];
    return true;
}

static void run_sets(struct mapping *m, const struct mm_set *s)
{
    for (; s != NULL; s = s->next) {
        struct mm_slice text;

        if (s->value == NULL && s->to.field != MM_F_NONE)
            mm_event_unset(m->ev, s->to.field);
        for (const struct mm_template *t = s->value; t != NULL; t = t->next) {
            if (!render(m, t, &text))
                continue;
            if (!(is_mac[s->to.field] ? put_mac(m, &s->to, text) : put(m, &s->to, text)))
                wrong(m, (struct mm_slice){0}, text);
            break;
        }
    }
}

/* Rules nest at most MM_YAML_MAX_DEPTH deep: the loader bounds the recursion. */
static void run_rules(struct mapping *m, const struct mm_rule *r)
{
    for (; r != NULL && !mm_wire_spent(m->w); r = r->next) {
        const struct mm_cond *c = r->conds;

        while (c != NULL && cond_holds(m, c))
            c = c->next;
        if (c != NULL)
            continue;
        run_sets(m, r->sets);
        run_rules(m, r->rules);
        if (!r->also)
            return;
    }
}

/* A name under the format's prefix is no fixed field. */
static void put_new(struct mm_event *ev, struct mm_slice name, struct mm_slice value)
{
    if (ev->extra_n >= MM_MAX_EXTRA || name.n > MM_MAX_FIELD_NAME)
        ev->flags |= MM_EV_EXTRA_FULL;
    else
        ev->extra[ev->extra_n++] = (struct mm_extra){.name = name, .value = value};
}

static void put_unknown(struct mapping *m)
{
    struct mm_wire *w = m->w;

    for (size_t i = 0; i < w->unknown_count; i++) {
        const struct mm_extra *x = &w->unknown[i];
        struct mm_slice name = x->name;
        uint16_t field;

        if (!mm_work_take(&w->work, MM_WORK_VALUE))
            return;
        if (is_absent(m->f, x->value))
            continue;
        if (m->f->prefix.n > 0) {
            uint8_t *p = mm_arena_bytes(w->arena, m->f->prefix.n + name.n);

            if (p == NULL) {
                m->whole = false;
                return;
            }
            memcpy(p, m->f->prefix.p, m->f->prefix.n);
            if (name.n > 0)
                memcpy(p + m->f->prefix.n, name.p, name.n);
            name = mm_slice_of(p, m->f->prefix.n + name.n);
        }
        field = m->f->prefix.n > 0 ? MM_SYM_NONE : mm_symtab_get(&m->f->ecs, name);
        if (field == MM_SYM_NONE)
            put_new(m->ev, name, x->value);
        else if (!mm_event_parse(m->ev, (enum mm_field)field, x->value))
            m->whole = false;
    }
    if (w->unknown_full)
        m->ev->flags |= MM_EV_EXTRA_FULL;
}

bool mm_map_apply(const struct mm_format *f, struct mm_wire *w, struct mm_event *ev)
{
    struct mapping m = {.f = f, .w = w, .ev = ev, .whole = true, .prefill = ev->extra_n > 0};

    run_sets(&m, f->sets);
    for (size_t i = 0; i < w->put_count; i++) {
        uint16_t slot = w->put[i];
        struct mm_slice v = w->value[slot];

        if (f->slot[slot].ops == NULL || is_absent(f, v))
            continue;
        for (const struct mm_op *op = f->slot[slot].ops; op != NULL; op = op->next) {
            /* Copying a value takes a look at it; other operations read all its bytes. */
            if (!mm_work_take(&w->work, MM_WORK_VALUE / 2 + (op->kind == MM_OP_COPY ? 0 : v.n / 2)))
                return false;
            if ((op->length == 0 || op->length == v.n) && !run_op(&m, op, v) && !op->loose)
                m.whole = false;
        }
        if (!m.whole)
            wrong(&m, f->names.word[slot], v);
    }
    if (w->pattern != MM_FORMAT_NONE && w->pattern < f->pattern_count &&
        f->pattern_rule[w->pattern] != NULL)
        run_rules(&m, f->pattern_rule[w->pattern]);
    run_rules(&m, f->rules);
    if (f->keep_unknown)
        put_unknown(&m);
    return m.whole;
}
