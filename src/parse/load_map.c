/* parse/load_map.c - the part of a format file that maps: fields, set, rules. */
#include "parse/load.h"

enum {
    MAX_SCALE = 1000000000, /* map.c relies on it: a fraction of 9 digits times this fits 64 bits */
    MAX_PIECES = 16,        /* of one template: map.c's table */
};

bool mm_load_extra(struct mm_loader *l, const struct mm_yaml *node, struct mm_slice name,
                   struct mm_target *ret)
{
    if (mm_symtab_add(&l->f->extras, name, &ret->extra_id) != MM_OK || ret->extra_id >= MM_WIRE_MAX)
        return mm_load_fail(l, node, "format.limit", name);
    ret->field = MM_F_NONE;
    ret->extra = l->f->extras.word[ret->extra_id];
    return true;
}

static bool load_target(struct mm_loader *l, const struct mm_yaml *node, struct mm_slice name,
                        struct mm_target *ret)
{
    struct mm_slice prefix = l->f->prefix;
    bool known = false;

    ret->field = mm_field_find(name);
    ret->extra = (struct mm_slice){0};
    if (ret->field != MM_F_NONE)
        return true;
    if (name.n == 0 || name.n > MM_MAX_FIELD_NAME)
        return mm_load_fail(l, node, "format.unknown_field", name);
    known = prefix.n > 0 && mm_slice_starts(name, prefix);
    for (const struct mm_yaml *m = l->more == NULL ? NULL : l->more->first; m != NULL; m = m->next)
        known = known || mm_slice_eq(m->text, name);
    if (!known)
        return mm_load_fail(l, node, "format.unknown_field", name);
    return mm_load_extra(l, node, name, ret);
}

static bool is_mac(enum mm_field f)
{
    return f == MM_F_SOURCE_MAC || f == MM_F_DESTINATION_MAC || f == MM_F_HOST_MAC;
}

/* What is worked out is a number: it goes to a field of numbers or to an extra. */
static bool needs_number(struct mm_loader *l, const struct mm_yaml *node, const struct mm_op *op)
{
    bool number = op->kind == MM_OP_SCALE || op->kind == MM_OP_BYTES || op->kind == MM_OP_DURATION;

    if (number && op->to.field != MM_F_NONE && mm_field_type(op->to.field) != MM_FT_UINT)
        return mm_load_fail(l, node, "format.scale_needs_number", (struct mm_slice){0});
    return true;
}

static bool load_as(struct mm_loader *l, const struct mm_yaml *as, struct mm_op *op)
{
    static const struct {
        struct mm_slice name;
        enum mm_op_kind kind;
    } kinds[] = {
        {MM_S_INIT("plus"), MM_OP_PLUS},         {MM_S_INIT("lower"), MM_OP_LOWER},
        {MM_S_INIT("labels"), MM_OP_LABELS},     {MM_S_INIT("mac"), MM_OP_MAC},
        {MM_S_INIT("user"), MM_OP_USER},         {MM_S_INIT("host"), MM_OP_HOST},
        {MM_S_INIT("host-ip"), MM_OP_HOST_IP},   {MM_S_INIT("host-port"), MM_OP_HOST_PORT},
        {MM_S_INIT("text"), MM_OP_COPY},         {MM_S_INIT("account"), MM_OP_ACCOUNT},
        {MM_S_INIT("bytes"), MM_OP_BYTES},       {MM_S_INIT("bytes-1024"), MM_OP_BYTES},
        {MM_S_INIT("duration"), MM_OP_DURATION}, {MM_S_INIT("forwarded"), MM_OP_FORWARDED},
    };

    for (size_t i = 0; i < MM_COUNT(kinds); i++) {
        if (mm_slice_eq(kinds[i].name, as->text)) {
            op->kind = kinds[i].kind;
            op->times = mm_slice_ends(as->text, MM_S("-1024")) ? 1024 : 1000;
            return needs_number(l, as, op);
        }
    }
    return mm_load_fail(l, as, "format.unknown_as", as->text);
}

static bool load_scale(struct mm_loader *l, const struct mm_yaml *node, struct mm_op *op)
{
    const struct mm_yaml *times = mm_yaml_get(node, "times"), *per = mm_yaml_get(node, "per");

    op->kind = MM_OP_SCALE;
    op->times = op->per = 1;
    if (times != NULL && (!mm_slice_u64(times->text, &op->times) || op->times > MAX_SCALE))
        return mm_load_fail(l, times, "format.number", times->text);
    if (per != NULL && (!mm_slice_u64(per->text, &op->per) || op->per == 0 || op->per > MAX_SCALE))
        return mm_load_fail(l, per, "format.number", per->text);
    return needs_number(l, node, op);
}

static bool load_map(struct mm_loader *l, const struct mm_yaml *map, struct mm_op *op)
{
    op->kind = MM_OP_MAP;
    mm_symtab_init(&op->map, l->arena);
    if (map->kind != MM_YAML_MAP || map->count == 0)
        return mm_load_fail(l, map, "format.map", (struct mm_slice){0});
    op->map_value = mm_load_alloc(l, map->count, sizeof(*op->map_value));
    if (op->map_value == NULL)
        return false;
    for (const struct mm_yaml *m = map->first; m != NULL; m = m->next) {
        uint16_t sym;

        if (m->kind != MM_YAML_SCALAR)
            return mm_load_fail(l, m, "format.map", m->key);
        if (mm_symtab_add(&op->map, m->key, &sym) != MM_OK)
            return mm_load_fail(l, m, "format.limit", m->key);
        if (mm_yaml_is_null(m))
            continue; /* p stays NULL: leave out */
        if (!mm_load_dup(l, m->text, &op->map_value[sym]))
            return false;
    }
    return true;
}

static bool load_else(struct mm_loader *l, const struct mm_yaml *node, struct mm_op *op)
{
    op->otherwise = MM_ELSE_KEEP;
    if (node == NULL || mm_slice_eq(node->text, MM_S("keep")))
        return true;
    if (mm_yaml_is_null(node)) {
        op->otherwise = MM_ELSE_DROP;
        return true;
    }
    op->otherwise = MM_ELSE_VALUE;
    return mm_load_dup(l, node->text, &op->else_value);
}

/* Templates over one value. */
static bool load_match(struct mm_loader *l, const struct mm_yaml *node, struct mm_op *op)
{
    const struct mm_yaml *one = node->kind == MM_YAML_LIST ? node->first : node;
    struct mm_patterns *set = mm_patterns_new(l->arena);

    op->kind = MM_OP_MATCH;
    op->to.field = MM_F_NONE;
    op->match = set;
    if (set == NULL)
        return mm_load_fail(l, node, "format.memory", (struct mm_slice){0});
    for (; one != NULL; one = node->kind == MM_YAML_LIST ? one->next : NULL) {
        if (!mm_load_pattern(l, set, one, 0))
            return false;
    }
    op->match_slot = mm_load_alloc(l, mm_patterns_names(set) + 1, sizeof(*op->match_slot));
    for (size_t i = 0; op->match_slot != NULL && i < mm_patterns_names(set); i++) {
        if (!mm_load_slot(l, node, mm_patterns_name(set, i), &op->match_slot[i]))
            return false;
    }
    return op->match_slot != NULL;
}

/* One mapping: a target's name, or a map with `to`. */
static bool load_op(struct mm_loader *l, const struct mm_yaml *node, struct mm_op **ret)
{
    static const char *const known[] = {"to",  "as",    "map",    "else", "times",
                                        "per", "loose", "length", NULL};
    static const char *const matching[] = {"match", "must", NULL};
    struct mm_op *op = mm_load_alloc(l, 1, sizeof(*op));
    const struct mm_yaml *to = node, *as, *map, *loose, *length;
    const struct mm_yaml *match = mm_yaml_get(node, "match");

    if (op == NULL)
        return false;
    *ret = op;
    if (match != NULL) {
        const struct mm_yaml *must = mm_yaml_get(node, "must");

        if (must != NULL && !mm_yaml_bool(must, &op->must))
            return mm_load_fail(l, must, "format.bool", must->text);
        return mm_load_keys(l, node, matching) && load_match(l, match, op);
    }
    if (node->kind == MM_YAML_MAP) {
        to = mm_yaml_get(node, "to");
        if (!mm_load_keys(l, node, known))
            return false;
    }
    if (to == NULL || to->kind != MM_YAML_SCALAR)
        return mm_load_fail(l, node, "format.needs_to", node->key);
    if (!load_target(l, to, to->text, &op->to))
        return false;
    op->kind = is_mac(op->to.field) ? MM_OP_MAC : MM_OP_COPY;
    as = mm_yaml_get(node, "as");
    map = mm_yaml_get(node, "map");
    loose = mm_yaml_get(node, "loose");
    length = mm_yaml_get(node, "length");
    if (as != NULL && !load_as(l, as, op))
        return false;
    if ((mm_yaml_get(node, "times") != NULL || mm_yaml_get(node, "per") != NULL) &&
        !load_scale(l, node, op))
        return false;
    if (map != NULL && (!load_map(l, map, op) || !load_else(l, mm_yaml_get(node, "else"), op)))
        return false;
    if (length != NULL && !mm_slice_u64(length->text, &op->length))
        return mm_load_fail(l, length, "format.number", length->text);
    if (loose != NULL && !mm_yaml_bool(loose, &op->loose))
        return mm_load_fail(l, loose, "format.bool", loose->text);
    return true;
}

bool mm_load_fields(struct mm_loader *l, const struct mm_yaml *node)
{
    if (node == NULL)
        return true;
    if (node->kind != MM_YAML_MAP)
        return mm_load_fail(l, node, "format.needs_map", MM_S("fields"));
    for (const struct mm_yaml *m = node->first; m != NULL; m = m->next) {
        const struct mm_yaml *one = m->kind == MM_YAML_LIST ? m->first : m;
        struct mm_op **tail;
        uint16_t slot;

        if (!mm_load_slot(l, m, m->key, &slot))
            return false;
        tail = &l->f->slot[slot].ops;
        for (; one != NULL; one = m->kind == MM_YAML_LIST ? one->next : NULL) {
            if (!load_op(l, one, tail))
                return false;
            tail = &(*tail)->next;
        }
    }
    return true;
}

/* What a name in a condition or template means: a wire field the format reads, else an ECS field
 * set so far, else a wire field that only this place asks for. */
static bool load_name(struct mm_loader *l, const struct mm_yaml *node, struct mm_slice name,
                      enum mm_field *ret_field, uint16_t *ret_slot)
{
    *ret_field = MM_F_NONE;
    *ret_slot = mm_symtab_get(&l->f->names, name);
    if (*ret_slot != MM_SYM_NONE)
        return true;
    *ret_field = mm_field_find(name);
    if (*ret_field != MM_F_NONE) {
        *ret_slot = 0;
        return true;
    }
    return mm_load_slot(l, node, name, ret_slot);
}

static bool load_piece(struct mm_loader *l, const struct mm_yaml *node, struct mm_slice name,
                       struct mm_piece *ret)
{
    if (name.n == 0)
        return mm_load_fail(l, node, "format.template", node->text);
    if (!load_name(l, node, name, &ret->field, &ret->slot))
        return false;
    ret->kind = ret->field != MM_F_NONE ? MM_PIECE_FIELD : MM_PIECE_SLOT;
    return true;
}

static bool load_template(struct mm_loader *l, const struct mm_yaml *node, struct mm_template **ret)
{
    struct mm_template *t = mm_load_alloc(l, 1, sizeof(*t));
    struct mm_slice text = node->text;
    size_t at = 0;

    if (t == NULL || (t->piece = mm_load_alloc(l, MAX_PIECES, sizeof(*t->piece))) == NULL)
        return false;
    if (node->kind != MM_YAML_SCALAR)
        return mm_load_fail(l, node, "format.template", node->key);
    while (at < text.n || t->count == 0) {
        struct mm_piece *p = &t->piece[t->count];
        size_t end;

        if (t->count++ >= MAX_PIECES)
            return mm_load_fail(l, node, "format.template_long", text);
        if (at < text.n && text.p[at] == '{') {
            end = mm_slice_find(text, '}', at);
            if (end == SIZE_MAX)
                return mm_load_fail(l, node, "format.template", text);
            if (!load_piece(l, node, mm_slice_sub(text, at + 1, end - at - 1), p))
                return false;
            at = end + 1;
            continue;
        }
        end = mm_slice_find(text, '{', at);
        end = end == SIZE_MAX ? text.n : end;
        p->kind = MM_PIECE_TEXT;
        if (!mm_load_dup(l, mm_slice_sub(text, at, end - at), &p->text))
            return false;
        at = end;
    }
    *ret = t;
    return true;
}

bool mm_load_sets(struct mm_loader *l, const struct mm_yaml *node, struct mm_set **ret)
{
    struct mm_set **tail = ret;

    if (node == NULL)
        return true;
    if (node->kind != MM_YAML_MAP)
        return mm_load_fail(l, node, "format.needs_map", MM_S("set"));
    for (const struct mm_yaml *m = node->first; m != NULL; m = m->next) {
        struct mm_set *s = mm_load_alloc(l, 1, sizeof(*s));
        const struct mm_yaml *one = m->kind == MM_YAML_LIST ? m->first : m;
        struct mm_template **value;

        if (s == NULL || !load_target(l, m, m->key, &s->to))
            return false;
        value = &s->value;
        if (m->kind == MM_YAML_SCALAR && mm_yaml_is_null(m))
            one = NULL;
        for (; one != NULL; one = m->kind == MM_YAML_LIST ? one->next : NULL) {
            if (!load_template(l, one, value))
                return false;
            value = &(*value)->next;
        }
        *tail = s;
        tail = &s->next;
    }
    return true;
}

bool mm_load_class(struct mm_loader *l, const struct mm_yaml *owner, struct mm_set **ret)
{
    const struct mm_yaml *name = mm_yaml_get(owner, "class"), *sets = NULL;
    struct mm_set **tail = ret;

    if (name != NULL) {
        sets = name->kind == MM_YAML_SCALAR ? mm_yaml_get(l->classes, (const char *)name->text.p)
                                            : NULL;
        if (sets == NULL)
            return mm_load_fail(l, name, "format.unknown_class", name->text);
        if (!mm_load_sets(l, sets, ret))
            return false;
    }
    while (*tail != NULL)
        tail = &(*tail)->next;
    return mm_load_sets(l, mm_yaml_get(owner, "set"), tail);
}

/* The words of a condition as globs. */
static bool load_globs(struct mm_loader *l, const struct mm_yaml *node, struct mm_cond *c)
{
    c->glob = mm_load_alloc(l, c->count, sizeof(*c->glob));
    for (size_t i = 0; i < c->count && c->glob != NULL; i++) {
        struct mm_slice t = c->word[i];

        /* Among globs a star inside is one that was meant to match, and would not. */
        if (t.n > 2 && memchr(t.p + 1, '*', t.n - 2) != NULL)
            return mm_load_fail(l, node, "format.condition", t);
        c->glob[i].open_front = t.n > 0 && t.p[0] == '*';
        t = mm_slice_sub(t, c->glob[i].open_front ? 1 : 0, SIZE_MAX);
        c->glob[i].open_back = t.n > 0 && t.p[t.n - 1] == '*';
        c->glob[i].text = mm_slice_sub(t, 0, t.n - (c->glob[i].open_back ? 1 : 0));
    }
    return c->glob != NULL;
}

/* Words become symbols of their slot, so that a condition is one look-up and one bit. The mask is
 * made in a second pass, when all symbols are known: here the words are kept. */
static bool load_words_cond(struct mm_loader *l, const struct mm_yaml *node, struct mm_cond *c)
{
    struct mm_slice *words =
        mm_load_alloc(l, node->kind == MM_YAML_LIST ? node->count + 1 : 1, sizeof(*words));
    bool glob = false;

    if (words == NULL || !mm_load_words(l, node, words, MM_LOAD_MAX_WORDS, &c->count))
        return false;
    for (size_t i = 0; i < c->count; i++)
        glob =
            glob || (words[i].n > 0 && (words[i].p[0] == '*' || words[i].p[words[i].n - 1] == '*'));
    c->word = words;
    c->kind = glob ? MM_COND_GLOB : MM_COND_IN;
    for (size_t i = 0; i < c->count && !glob && c->field == MM_F_NONE; i++) {
        uint16_t sym;

        if (mm_symtab_add(&l->f->slot[c->slot].symbols, words[i], &sym) != MM_OK)
            return mm_load_fail(l, node, "format.limit", words[i]);
        if (c->mask == NULL)
            c->mask = mm_load_alloc(l, MM_SYM_MAX / 64, sizeof(*c->mask));
        if (c->mask == NULL)
            return false;
        c->mask[sym / 64] |= UINT64_C(1) << (sym % 64);
    }
    if (!glob)
        return true;
    return load_globs(l, node, c);
}

static bool load_special_cond(struct mm_loader *l, const struct mm_yaml *node, struct mm_cond *c)
{
    const struct mm_yaml *is = mm_yaml_get(node, "is");
    const struct mm_yaml *from = mm_yaml_get(node, "from"), *to = mm_yaml_get(node, "to");

    if (is != NULL && node->count == 1) {
        c->kind = mm_slice_eq(is->text, MM_S("private")) ? MM_COND_PRIVATE : MM_COND_PUBLIC;
        if (c->kind == MM_COND_PUBLIC && !mm_slice_eq(is->text, MM_S("public")))
            return mm_load_fail(l, is, "format.condition", is->text);
        return true;
    }
    if (from == NULL && to == NULL)
        return mm_load_fail(l, node, "format.condition", node->key);
    c->kind = MM_COND_RANGE;
    c->hi = UINT64_MAX;
    if (from != NULL && !mm_slice_u64(from->text, &c->lo))
        return mm_load_fail(l, from, "format.number", from->text);
    if (to != NULL && !mm_slice_u64(to->text, &c->hi))
        return mm_load_fail(l, to, "format.number", to->text);
    return true;
}

static bool load_cond(struct mm_loader *l, const struct mm_yaml *node, struct mm_slice name,
                      struct mm_cond **ret)
{
    struct mm_cond *c = mm_load_alloc(l, 1, sizeof(*c));
    const struct mm_yaml *not = mm_yaml_get(node, "not");

    if (c == NULL || !load_name(l, node, name, &c->field, &c->slot))
        return false;
    *ret = c;
    if (not != NULL && node->count == 1) {
        c->negate = true;
        node = not ;
    }
    if (node->kind == MM_YAML_SCALAR && mm_yaml_is_null(node)) {
        c->negate = !c->negate;
        c->kind = MM_COND_PRESENT;
        return true;
    }
    if (node->kind == MM_YAML_SCALAR && mm_slice_eq(node->text, MM_S("*"))) {
        c->kind = MM_COND_PRESENT;
        return true;
    }
    if (node->kind == MM_YAML_MAP)
        return load_special_cond(l, node, c);
    return load_words_cond(l, node, c);
}

static bool load_rule(struct mm_loader *l, const struct mm_yaml *node, struct mm_rule **ret)
{
    static const char *const known[] = {"when", "class", "set", "rules", "also", NULL};
    struct mm_rule *r = mm_load_alloc(l, 1, sizeof(*r));
    const struct mm_yaml *when = mm_yaml_get(node, "when"), *also = mm_yaml_get(node, "also");
    struct mm_cond **tail;

    if (r == NULL || !mm_load_keys(l, node, known))
        return false;
    *ret = r;
    tail = &r->conds;
    if (when != NULL && when->kind != MM_YAML_MAP)
        return mm_load_fail(l, when, "format.needs_map", MM_S("when"));
    for (const struct mm_yaml *c = when == NULL ? NULL : when->first; c != NULL; c = c->next) {
        if (!load_cond(l, c, c->key, tail))
            return false;
        tail = &(*tail)->next;
    }
    if (also != NULL && !mm_yaml_bool(also, &r->also))
        return mm_load_fail(l, also, "format.bool", also->text);
    return mm_load_class(l, node, &r->sets) &&
           mm_load_rules(l, mm_yaml_get(node, "rules"), &r->rules);
}

/* Recursion is as deep as the document, which MM_YAML_MAX_DEPTH bounds. */
bool mm_load_rules(struct mm_loader *l, const struct mm_yaml *node, struct mm_rule **ret)
{
    struct mm_rule **tail = ret;

    if (node == NULL)
        return true;
    if (node->kind != MM_YAML_LIST)
        return mm_load_fail(l, node, "format.needs_list", MM_S("rules"));
    for (const struct mm_yaml *m = node->first; m != NULL; m = m->next) {
        if (!load_rule(l, m, tail))
            return false;
        tail = &(*tail)->next;
    }
    return true;
}

static bool load_own_name(struct mm_loader *l, struct mm_slot *slot, struct mm_slice name)
{
    struct mm_op *op = mm_load_alloc(l, 1, sizeof(*op));
    struct mm_slice prefix = l->f->prefix;
    uint8_t *p;

    if (op == NULL)
        return false;
    op->to.field = mm_field_find(name);
    op->kind = is_mac(op->to.field) ? MM_OP_MAC : MM_OP_COPY;
    slot->ops = op;
    if (op->to.field != MM_F_NONE)
        return true;
    p = mm_arena_bytes(l->arena, prefix.n + name.n);
    if (p == NULL)
        return mm_load_fail(l, NULL, "format.memory", name);
    if (prefix.n > 0)
        memcpy(p, prefix.p, prefix.n);
    if (name.n > 0)
        memcpy(p + prefix.n, name.p, name.n);
    return mm_load_extra(l, NULL, mm_slice_of(p, prefix.n + name.n), &op->to);
}

/* Without a prefix, a name that nobody maps may be that of any field. */
static bool load_ecs(struct mm_loader *l)
{
    struct mm_format *f = l->f;
    uint16_t sym;

    for (unsigned i = 0; i < MM_F_COUNT && f->keep_unknown && f->prefix.n == 0; i++) {
        if (mm_symtab_add(&f->ecs, mm_field_name((enum mm_field)i), &sym) != MM_OK)
            return mm_load_fail(l, NULL, "format.memory", (struct mm_slice){0});
        MM_ASSERT(sym == i); /* no two fields have one name */
    }
    return true;
}

bool mm_load_rest(struct mm_loader *l)
{
    struct mm_format *f = l->f;

    for (size_t i = 0; i < f->names.count; i++) {
        struct mm_slice name = f->names.word[i];
        bool engine = i == f->slot_message || i == f->slot_host || i == f->slot_app ||
                      i == f->slot_proc || i == f->slot_msgid;

        if (f->slot[i].ops != NULL || f->slot[i].dropped || engine)
            continue;
        if (mm_field_find(name) == MM_F_NONE && !f->keep_unknown)
            continue;
        if (!load_own_name(l, &f->slot[i], name))
            return false;
    }
    return load_ecs(l);
}
