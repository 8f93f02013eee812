/* detect/atoms.c - values of an item as atoms, sets and an expression. */
#include "detect/item.h"
#include "detect/number.h"

/* Shorter texts stand nearly everywhere: searching for them saves nothing. */
enum { REGEX_LITERAL_MIN = 3 };

static enum mm_code nomem(struct mm_item *it)
{
    return mm_rule_refuse(it->b, MM_E_NOMEM, it->line, "err.nomem", (struct mm_slice){0});
}

static enum mm_code add_atom(struct mm_item *it, struct mm_atom atom)
{
    struct mm_ruleset *s = it->b->set;

    if (s->atom_n - it->b->atom_first >= MM_RULE_ATOMS_MAX)
        return mm_rule_refuse(it->b, MM_E_LIMIT, it->line, "rule.large", it->field);
    if (!MM_VEC_ROOM(s->atom, s->atom_n, s->atom_cap, MM_ATOMS_MAX))
        return mm_rule_refuse(it->b, MM_E_LIMIT, it->line, "rule.set.full", (struct mm_slice){0});
    s->atom[s->atom_n++] = atom;
    return MM_OK;
}

/* The literal op that a glob amounts to, or GLOB. */
static enum mm_atom_op classify(const struct mm_glob *g)
{
    if (g->part_n == 0)
        return g->open_front ? MM_A_PRESENT : MM_A_EXACT;
    if (g->part_n > 1 || g->part[0].has_one)
        return MM_A_GLOB;
    if (g->open_front)
        return g->open_back ? MM_A_CONTAINS : MM_A_SUFFIX;
    return g->open_back ? MM_A_PREFIX : MM_A_EXACT;
}

/* The longest run of bytes without wildcards in a glob. */
static bool longest_run(struct mm_arena *a, const struct mm_glob *g, struct mm_slice *ret)
{
    const uint16_t *best = NULL;
    size_t best_n = 0;
    uint8_t *text;

    for (size_t i = 0; i < g->part_n; i++) {
        const struct mm_glob_part *part = &g->part[i];

        for (size_t from = 0, k = 0; k <= part->n; k++) {
            if (k < part->n && part->t[k] != MM_PAT_ONE)
                continue;
            if (k - from > best_n) {
                best = part->t + from;
                best_n = k - from;
            }
            from = k + 1;
        }
    }
    text = mm_arena_bytes(a, best_n + 1);
    if (text == NULL)
        return false;
    for (size_t i = 0; i < best_n; i++)
        text[i] = (uint8_t)best[i];
    *ret = mm_slice_of(text, best_n);
    return true;
}

static enum mm_code text_atom(struct mm_item *it, const struct mm_pat *pat)
{
    struct mm_arena *a = &it->b->set->arena;
    struct mm_atom atom = {.cased = it->cased};
    struct mm_pat own = *pat;
    struct mm_glob g;

    if (it->keywords && mm_pat_wrap(&it->b->tmp, true, true, &own) != MM_OK)
        return mm_item_refuse(it, "rule.value.long", it->field);
    /* The glob keeps pointers into the tokens when they needn't be folded: give it its own. */
    uint16_t *t = mm_arena_array(a, own.n + 1, sizeof(*t));
    if (t == NULL)
        return nomem(it);
    if (own.n > 0)
        memcpy(t, own.t, own.n * sizeof(*t));
    own.t = t;
    if (mm_glob_make(a, &own, it->cased, &g) != MM_OK)
        return nomem(it);
    atom.op = (uint8_t)classify(&g);
    if (atom.op == MM_A_GLOB) {
        atom.glob = g;
        if (!longest_run(a, &g, &atom.lit))
            return nomem(it);
    } else if (g.part_n > 0) {
        atom.lit = g.part[0].text;
    }
    return add_atom(it, atom);
}

/* Other texts that mean the same: a hexadecimal number, an address in its short form. */
static enum mm_code other_spelling(struct mm_item *it, const struct mm_value *v)
{
    struct mm_pat p;
    struct mm_ip ip;
    char text[MM_IP_TEXT];
    uint64_t u;
    size_t n;

    if (it->modified || it->keywords || v->raw.n < 3)
        return MM_OK;
    if (v->plain && v->raw.p[0] == '0' && (v->raw.p[1] | 0x20) == 'x' &&
        mm_slice_hex(mm_slice_sub(v->raw, 2, SIZE_MAX), &u)) {
        n = (size_t)snprintf(text, sizeof(text), "%llu", (unsigned long long)u);
    } else if (mm_slice_find(v->raw, ':', 0) != SIZE_MAX && mm_ip_parse(v->raw, &ip)) {
        mm_ip_text(&ip, text);
        n = strlen(text);
    } else {
        return MM_OK;
    }
    if (mm_slice_eq(mm_slice_of(text, n), v->raw))
        return MM_OK;
    if (mm_pat_parse(&it->b->tmp, mm_slice_of(text, n), &p) != MM_OK)
        return nomem(it);
    return text_atom(it, &p);
}

static enum mm_code regex_atom(struct mm_item *it, const struct mm_value *v)
{
    struct mm_ruleset *s = it->b->set;
    struct mm_atom atom = {.op = MM_A_REGEX, .cased = true};
    struct mm_fault fault = {0};
    char why[120] = "";
    enum mm_code code;

    if (s->regex_n - it->b->regex_first >= MM_RULE_REGEX_MAX)
        return mm_rule_refuse(it->b, MM_E_LIMIT, v->line, "rule.large", it->field);
    if (!MM_VEC_ROOM(s->regex, s->regex_n, s->regex_cap, MM_ATOMS_MAX))
        return nomem(it);
    code = mm_regex_new(v->raw, it->re_flags, &atom.re, &fault, why, sizeof(why));
    if (code != MM_OK)
        return mm_rule_refuse(it->b, code, v->line, fault.what, mm_slice_str(why));
    s->regex[s->regex_n++] = atom.re;
    if (!mm_arena_dup(&s->arena, v->raw, &atom.src) ||
        mm_regex_literal(&s->arena, &it->b->everyday, v->raw, &atom.lit) != MM_OK)
        return nomem(it);
    if (atom.lit.n < REGEX_LITERAL_MIN)
        atom.lit.n = 0;
    atom.how = (uint8_t)it->re_flags; /* below 8 */
    return add_atom(it, atom);
}

static enum mm_code number_atom(struct mm_item *it, const struct mm_value *v)
{
    struct mm_atom atom = {
        .op = (uint8_t)it->op, .cased = true, .cmp = (uint8_t)it->cmp, .unit = (uint8_t)it->unit};

    if (!mm_number_parse(v->raw, &atom.num))
        return mm_rule_refuse(it->b, MM_E_SYNTAX, v->line, "rule.value.number", v->raw);
    return add_atom(it, atom);
}

static enum mm_code cidr_atom(struct mm_item *it, const struct mm_value *v)
{
    struct mm_atom atom = {.op = MM_A_CIDR, .cased = true};

    if (!mm_cidr_parse(v->raw, &atom.cidr))
        return mm_rule_refuse(it->b, MM_E_SYNTAX, v->line, "rule.value.network", v->raw);
    return add_atom(it, atom);
}

static enum mm_code exists_atom(struct mm_item *it, const struct mm_value *v)
{
    bool yes = mm_slice_ieq(v->raw, MM_S("true")) || mm_slice_ieq(v->raw, MM_S("yes"));
    bool no = mm_slice_ieq(v->raw, MM_S("false")) || mm_slice_ieq(v->raw, MM_S("no"));

    if ((!yes && !no) || it->keywords)
        return mm_rule_refuse(it->b, MM_E_SYNTAX, v->line, "rule.value.boolean", v->raw);
    return add_atom(it, (struct mm_atom){.op = yes ? MM_A_PRESENT : MM_A_ABSENT});
}

static enum mm_code ref_atom(struct mm_item *it, const struct mm_value *v)
{
    struct mm_atom atom = {.op = MM_A_REF, .cased = it->cased};
    enum mm_code code;

    if (it->keywords || v->raw.n == 0)
        return mm_rule_refuse(it->b, MM_E_SYNTAX, v->line, "rule.value.reference", v->raw);
    atom.how = it->front ? (it->back ? MM_A_CONTAINS : MM_A_SUFFIX)
                         : (it->back ? MM_A_PREFIX : MM_A_EXACT);
    code = mm_slot_find(it->b, v->raw, &atom.ref);
    return code == MM_OK ? add_atom(it, atom) : code;
}

static enum mm_code value_atoms(struct mm_item *it, const struct mm_value *v)
{
    struct mm_cidr net;
    enum mm_code code;

    if (v->null && it->op != MM_A_EXACT)
        return mm_rule_refuse(it->b, MM_E_SYNTAX, v->line, "rule.modifier.null", it->field);
    switch (it->op) {
    case MM_A_REGEX:
        return regex_atom(it, v);
    case MM_A_CIDR:
        return cidr_atom(it, v);
    case MM_A_NUMBER:
    case MM_A_TIME:
        return number_atom(it, v);
    case MM_A_PRESENT:
        return exists_atom(it, v);
    case MM_A_REF:
        return ref_atom(it, v);
    default:
        break;
    }
    if (v->null) /* absent; an empty or "null" value never reaches an event */
        return it->keywords ? mm_item_refuse(it, "rule.value.kind", v->raw)
                            : add_atom(it, (struct mm_atom){.op = MM_A_ABSENT});
    code = text_atom(it, &v->pat);
    if (code == MM_OK && v->listed && !it->modified && mm_cidr_parse(v->raw, &net))
        code = add_atom(it, (struct mm_atom){.op = MM_A_CIDR, .cased = true, .cidr = net});
    return code == MM_OK ? other_spelling(it, v) : code;
}

/* The set of the values of one group, or of all of them; what fails leaves nothing behind. */
static enum mm_code make_set(struct mm_item *it, uint16_t slot, bool one, uint32_t group,
                             uint32_t *ret)
{
    struct mm_ruleset *s = it->b->set;
    size_t first = s->atom_n, first_regex = s->regex_n;
    enum mm_code code = MM_OK;

    for (size_t i = 0; i < it->n && code == MM_OK; i++) {
        if (!one || it->v[i].group == group)
            code = value_atoms(it, &it->v[i]);
    }
    if (code == MM_OK)
        code = mm_set_intern(it->b, slot, first, ret);
    if (code == MM_OK)
        return MM_OK;
    s->atom_n = first;
    while (s->regex_n > first_regex)
        mm_regex_free(&s->regex[--s->regex_n]);
    return code;
}

uint32_t mm_item_groups(const struct mm_item *it)
{
    uint32_t groups = 0;

    for (size_t i = 0; i < it->n; i++)
        groups = it->v[i].group + 1 > groups ? it->v[i].group + 1 : groups;
    return it->all ? groups : 1;
}

enum mm_code mm_item_sets(struct mm_item *it, uint16_t slot, uint32_t groups, uint32_t *set)
{
    enum mm_code code = MM_OK;

    for (uint32_t g = 0; g < groups && code == MM_OK; g++)
        code = make_set(it, slot, groups > 1, g, &set[g]);
    return code;
}

enum mm_code mm_item_expr(struct mm_item *it, const uint32_t *set, uint32_t groups,
                          struct mm_expr **ret)
{
    struct mm_expr *x = mm_expr_new(it->b, groups > 1 ? MM_X_AND : MM_X_SET), *one;

    if (x == NULL)
        return nomem(it);
    x->set = set[0];
    for (uint32_t g = 0; g < groups && groups > 1; g++) {
        one = mm_expr_new(it->b, MM_X_SET);
        if (one == NULL)
            return nomem(it);
        one->set = set[g];
        mm_expr_adopt(x, one);
    }
    if (it->neq) {
        one = x;
        x = mm_expr_new(it->b, MM_X_NOT);
        if (x == NULL)
            return nomem(it);
        mm_expr_adopt(x, one);
    }
    *ret = x;
    return MM_OK;
}
