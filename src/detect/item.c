/* detect/item.c - one "field|modifier|modifier: values" of a detection as an expression. */
#include "detect/item.h"

enum modifier {
#define MM_MODIFIER(id, name) M_##id,
#include "detect/modifiers.def"
#undef MM_MODIFIER
    M_COUNT
};

static const struct mm_slice modifier_names[M_COUNT] = {
#define MM_MODIFIER(id, name) MM_S_INIT(name),
#include "detect/modifiers.def"
#undef MM_MODIFIER
};

enum mm_code mm_item_refuse(struct mm_item *it, const char *what, struct mm_slice detail)
{
    return mm_rule_refuse(it->b, MM_E_SYNTAX, it->line, what, detail);
}

static enum mm_code nomem(struct mm_item *it)
{
    return mm_rule_refuse(it->b, MM_E_NOMEM, it->line, "err.nomem", (struct mm_slice){0});
}

enum mm_code mm_item_add(struct mm_item *it, struct mm_value v)
{
    if (it->n == MM_VALUES_MAX)
        return mm_rule_refuse(it->b, MM_E_LIMIT, v.line, "rule.values.many", it->field);
    if (!MM_VEC_ROOM_IN(&it->b->tmp, it->v, it->n, it->cap))
        return nomem(it);
    it->v[it->n++] = v;
    return MM_OK;
}

static enum mm_code pat_fail(struct mm_item *it, enum mm_code code, const struct mm_value *v)
{
    it->line = v->line;
    if (code == MM_E_NOMEM)
        return nomem(it);
    if (code == MM_E_LIMIT)
        return mm_rule_refuse(it->b, code, v->line, "rule.value.long", v->raw);
    return mm_rule_refuse(it->b, code, v->line, "rule.value.encoding", v->raw);
}

static enum mm_code parse_texts(struct mm_item *it)
{
    for (size_t i = 0; i < it->n; i++) {
        enum mm_code code;

        if (it->v[i].null)
            continue;
        code = mm_pat_parse(&it->b->tmp, it->v[i].raw, &it->v[i].pat);
        if (code != MM_OK)
            return pat_fail(it, code, &it->v[i]);
    }
    return MM_OK;
}

/* Replace every value by those that fn makes of it, all of the same group. */
static enum mm_code windash(struct mm_item *it)
{
    struct mm_pat made[MM_PAT_MAX_WINDASH];
    size_t old = it->n;

    for (size_t i = 0; i < old; i++) {
        struct mm_value v = it->v[i];
        size_t n;
        enum mm_code code = mm_pat_windash(&it->b->tmp, &v.pat, made, &n);

        if (code != MM_OK)
            return pat_fail(it, code, &v);
        it->v[i].pat = made[0];
        for (size_t k = 1; k < n; k++) {
            v.pat = made[k];
            code = mm_item_add(it, v);
            if (code != MM_OK)
                return code;
        }
    }
    return MM_OK;
}

static enum mm_code base64offset(struct mm_item *it)
{
    size_t old = it->n;

    for (size_t i = 0; i < old; i++) {
        struct mm_value v = it->v[i];

        for (unsigned shift = 0; shift < 3; shift++) {
            struct mm_value w = v;
            enum mm_code code = mm_pat_base64offset(&it->b->tmp, shift, &w.pat);

            if (code == MM_OK && shift > 0)
                code = mm_item_add(it, w);
            else if (code == MM_OK)
                it->v[i] = w;
            if (code != MM_OK)
                return it->b->fault.what != NULL ? code : pat_fail(it, code, &v);
        }
    }
    return MM_OK;
}

static enum mm_code each(struct mm_item *it, enum modifier m)
{
    for (size_t i = 0; i < it->n; i++) {
        struct mm_pat *p = &it->v[i].pat;
        enum mm_code code;

        if (m == M_BASE64)
            code = mm_pat_base64(&it->b->tmp, p);
        else
            code = mm_pat_utf16(&it->b->tmp, m == M_UTF16BE, m == M_UTF16, p);
        if (code != MM_OK)
            return pat_fail(it, code, &it->v[i]);
    }
    it->modified = true;
    return MM_OK;
}

/* Modifiers that say what kind of thing the values are stand first and alone. */
static enum mm_code set_kind(struct mm_item *it, enum modifier m, enum mm_atom_op op)
{
    if (it->op != MM_A_EXACT || it->modified)
        return mm_item_refuse(it, "rule.modifier.order", modifier_names[m]);
    it->op = op;
    return MM_OK;
}

static enum mm_code set_star(struct mm_item *it, enum modifier m, bool front, bool back)
{
    if (it->op != MM_A_EXACT && it->op != MM_A_REGEX && it->op != MM_A_REF)
        return mm_item_refuse(it, "rule.modifier.order", modifier_names[m]);
    it->front |= front;
    it->back |= back;
    if (it->op != MM_A_EXACT)
        return MM_OK;
    it->modified = true;
    for (size_t i = 0; i < it->n; i++) {
        enum mm_code code;

        if (it->v[i].null)
            return mm_item_refuse(it, "rule.modifier.null", modifier_names[m]);
        code = mm_pat_wrap(&it->b->tmp, front, back, &it->v[i].pat);
        if (code != MM_OK)
            return pat_fail(it, code, &it->v[i]);
    }
    return MM_OK;
}

static enum mm_code set_flag(struct mm_item *it, enum modifier m, unsigned flag)
{
    if (it->op != MM_A_REGEX)
        return mm_item_refuse(it, "rule.modifier.order", modifier_names[m]);
    it->re_flags |= flag;
    return MM_OK;
}

static enum mm_code set_cmp(struct mm_item *it, enum modifier m, enum mm_cmp cmp)
{
    if ((it->op != MM_A_EXACT && it->op != MM_A_TIME) || it->compared || it->modified)
        return mm_item_refuse(it, "rule.modifier.order", modifier_names[m]);
    it->compared = true;
    it->cmp = cmp;
    if (it->op == MM_A_EXACT)
        it->op = MM_A_NUMBER;
    return MM_OK;
}

static enum mm_code set_unit(struct mm_item *it, enum modifier m, enum mm_unit unit)
{
    if ((it->op != MM_A_EXACT && it->op != MM_A_NUMBER) || it->timed || it->modified)
        return mm_item_refuse(it, "rule.modifier.order", modifier_names[m]);
    it->timed = true;
    it->unit = unit;
    it->op = MM_A_TIME;
    return MM_OK;
}

/* Modifiers that change texts. */
static enum mm_code text_modifier(struct mm_item *it, enum modifier m)
{
    if (it->op != MM_A_EXACT)
        return mm_item_refuse(it, "rule.modifier.order", modifier_names[m]);
    for (size_t i = 0; i < it->n; i++) {
        if (it->v[i].null)
            return mm_item_refuse(it, "rule.modifier.null", modifier_names[m]);
    }
    switch (m) {
    case M_WINDASH:
        it->modified = true;
        return windash(it);
    case M_BASE64OFFSET:
        it->modified = true;
        return base64offset(it);
    default:
        return each(it, m);
    }
}

static enum mm_code reference(struct mm_item *it, enum modifier m)
{
    if (it->op != MM_A_EXACT || (it->modified && !it->front && !it->back))
        return mm_item_refuse(it, "rule.modifier.order", modifier_names[m]);
    it->op = MM_A_REF;
    it->front |= m == M_ENDSWITHFIELD;
    return MM_OK;
}

/* Modifiers that compare numbers or parts of dates; *ret_done says whether m is one. */
static enum mm_code apply_number(struct mm_item *it, enum modifier m, bool *ret_done)
{
    static const struct {
        enum modifier m;
        bool compares;
        uint8_t what; /* enum mm_cmp or enum mm_unit */
    } rows[] = {
        {M_LT, true, MM_CMP_LT},           {M_LTE, true, MM_CMP_LTE},
        {M_GT, true, MM_CMP_GT},           {M_GTE, true, MM_CMP_GTE},
        {M_MINUTE, false, MM_UNIT_MINUTE}, {M_HOUR, false, MM_UNIT_HOUR},
        {M_DAY, false, MM_UNIT_DAY},       {M_WEEK, false, MM_UNIT_WEEK},
        {M_MONTH, false, MM_UNIT_MONTH},   {M_YEAR, false, MM_UNIT_YEAR},
    };

    *ret_done = true;
    for (size_t i = 0; i < MM_COUNT(rows); i++) {
        if (rows[i].m != m)
            continue;
        return rows[i].compares ? set_cmp(it, m, (enum mm_cmp)rows[i].what)
                                : set_unit(it, m, (enum mm_unit)rows[i].what);
    }
    *ret_done = false;
    return MM_OK;
}

static enum mm_code apply(struct mm_item *it, enum modifier m)
{
    bool done;
    enum mm_code code = apply_number(it, m, &done);

    if (done)
        return code;
    switch (m) {
    case M_ALL:
    case M_NEQ:
        return MM_OK; /* known before the values were read, as `expand` is */
    case M_CASED:
        it->cased = true;
        return it->op == MM_A_EXACT || it->op == MM_A_REF
                   ? MM_OK
                   : mm_item_refuse(it, "rule.modifier.order", modifier_names[m]);
    case M_EXPAND:
        return MM_OK; /* expand.c has put the values in */
    case M_CONTAINS:
        return set_star(it, m, true, true);
    case M_STARTSWITH:
        return set_star(it, m, false, true);
    case M_ENDSWITH:
        return set_star(it, m, true, false);
    case M_EXISTS:
        return set_kind(it, m, MM_A_PRESENT);
    case M_RE:
        return set_kind(it, m, MM_A_REGEX);
    case M_CIDR:
        return set_kind(it, m, MM_A_CIDR);
    case M_FIELDREF:
    case M_EQUALSFIELD:
    case M_ENDSWITHFIELD:
        return reference(it, m);
    case M_IGNORECASE:
    case M_IGNORECASE_SHORT:
        return set_flag(it, m, MM_REGEX_ICASE);
    case M_MULTILINE:
    case M_MULTILINE_SHORT:
        return set_flag(it, m, MM_REGEX_MULTILINE);
    case M_DOTALL:
    case M_DOTALL_SHORT:
        return set_flag(it, m, MM_REGEX_DOTALL);
    case M_BASE64:
    case M_BASE64OFFSET:
    case M_UTF16:
    case M_UTF16BE:
    case M_UTF16LE:
    case M_WIDE:
    case M_WINDASH:
        return text_modifier(it, m);
    default:
        break;
    }
    MM_ASSERT(false); /* every modifier has its place above */
    return MM_E_BUG;
}

static bool modifier_find(struct mm_slice name, enum modifier *ret)
{
    for (size_t i = 0; i < M_COUNT; i++) {
        if (mm_slice_eq(modifier_names[i], name)) {
            *ret = (enum modifier)i;
            return true;
        }
    }
    return false;
}

/* The values of a scalar or list node. */
static enum mm_code read_values(struct mm_item *it, const struct mm_yaml *node, bool keywords)
{
    bool list = node->kind == MM_YAML_LIST;
    const struct mm_yaml *v = list ? node->first : node;

    for (uint32_t group = 0; v != NULL; v = list ? v->next : NULL, group++) {
        enum mm_code code;

        if (keywords && v->kind == MM_YAML_MAP)
            continue; /* a map among keywords is read by rule.c */
        if (v->kind != MM_YAML_SCALAR)
            return mm_rule_refuse(it->b, MM_E_SYNTAX, v->line, "rule.value.kind", it->field);
        code = mm_item_add(it, (struct mm_value){.raw = v->text,
                                                 .null = mm_yaml_is_null(v),
                                                 .plain = v->plain,
                                                 .line = v->line,
                                                 .group = group});
        if (code != MM_OK)
            return code;
    }
    if (it->n == 0)
        return mm_item_refuse(it, "rule.values.none", it->field);
    return MM_OK;
}

/* Split "field|a|b" and apply the modifiers in order. */
static enum mm_code read_modifiers(struct mm_item *it, struct mm_slice rest)
{
    enum mm_code code;

    while (rest.n > 0) {
        size_t bar = mm_slice_find(rest, '|', 1);
        struct mm_slice name = mm_slice_sub(rest, 1, bar == SIZE_MAX ? SIZE_MAX : bar - 1);
        enum modifier m;

        if (!modifier_find(name, &m))
            return mm_item_refuse(it, "rule.modifier.unknown", name);
        code = apply(it, m);
        if (code != MM_OK)
            return code;
        rest = bar == SIZE_MAX ? (struct mm_slice){0} : mm_slice_sub(rest, bar, SIZE_MAX);
    }
    return MM_OK;
}

/* Is `name` among the modifiers of the key? */
static bool has_modifier(struct mm_slice key, struct mm_slice name)
{
    size_t at = mm_slice_find(key, '|', 0);

    while (at != SIZE_MAX) {
        size_t end = mm_slice_find(key, '|', at + 1);

        if (mm_slice_eq(mm_slice_sub(key, at + 1, end == SIZE_MAX ? SIZE_MAX : end - at - 1), name))
            return true;
        at = end;
    }
    return false;
}

/* The item's key on top of its expression, the field's name on the parts (not, all) below. */
static enum mm_code label(struct mm_item *it, struct mm_slice key, struct mm_expr *top)
{
    if (!mm_arena_dup(&it->b->set->arena, key, &top->label))
        return nomem(it);
    for (struct mm_expr *x = top->first; x != NULL; x = x->next) {
        x->label = mm_slice_sub(top->label, 0, it->field.n);
        for (struct mm_expr *c = x->first; c != NULL; c = c->next)
            c->label = x->label;
    }
    return MM_OK;
}

enum mm_code mm_item_finish(struct mm_item *it, struct mm_slice modifiers)
{
    enum mm_code code = parse_texts(it);

    return code == MM_OK ? read_modifiers(it, modifiers) : code;
}

enum mm_code mm_item_build(struct mm_build *b, const struct mm_yaml *item, bool keywords,
                           struct mm_expr **ret)
{
    struct mm_item it = {.b = b, .line = item->line, .op = MM_A_EXACT, .keywords = keywords};
    struct mm_slice key = keywords ? (struct mm_slice){0} : item->key;
    struct mm_slice modifiers = {0};
    size_t bar = mm_slice_find(key, '|', 0);
    uint32_t *set = NULL, groups = 0;
    enum mm_code code;
    uint16_t slot = 0;

    it.field = mm_slice_sub(key, 0, bar == SIZE_MAX ? SIZE_MAX : bar);
    if (bar != SIZE_MAX)
        modifiers = mm_slice_sub(key, bar, SIZE_MAX);
    if (it.field.n == 0)
        it.keywords = true;
    it.all = has_modifier(key, MM_S("all"));
    it.neq = has_modifier(key, MM_S("neq"));
    it.multiplies = has_modifier(key, MM_S("windash")) || has_modifier(key, MM_S("base64offset"));
    code = read_values(&it, item, keywords);
    if (code == MM_OK)
        code = mm_slot_find(b, it.field, &slot);
    if (code == MM_OK) {
        groups = mm_item_groups(&it);
        set = mm_arena_array(&b->tmp, groups, sizeof(*set));
        code = set == NULL ? nomem(&it) : MM_OK;
    }
    if (code == MM_OK && has_modifier(key, MM_S("expand")) && mm_item_expands(&it)) {
        code = mm_item_expand(&it, modifiers, slot, groups, set);
    } else if (code == MM_OK) {
        code = mm_item_finish(&it, modifiers);
        if (code == MM_OK)
            code = mm_item_sets(&it, slot, groups, set);
    }
    if (code == MM_OK)
        code = mm_item_expr(&it, set, groups, ret);
    return code == MM_OK ? label(&it, key, *ret) : code;
}
