/* detect/fields.c - see fields.h for the contract; also slots. */
#include "detect/fields.h"

struct sigma_row {
    struct mm_slice scope, field, place;
};

static const struct sigma_row sigma_rows[] = {
#define MM_SIGMA(scope, field, ecs) {MM_S_INIT(scope), MM_S_INIT(field), MM_S_INIT(ecs)},
#include "detect/taxonomy.def"
#undef MM_SIGMA
};

enum win_kind { WIN_TEXT, WIN_ADDR, WIN_NUM, WIN_PROTO, WIN_COPY, WIN_HEAD };

static const struct {
    struct mm_slice name, place;
    enum win_kind kind;
} win_rows[] = {
#define MM_WIN(name, ecs, kind) {MM_S_INIT(name), MM_S_INIT(ecs), WIN_##kind},
#include "model/winfields.def"
#undef MM_WIN
};

struct places {
    struct mm_slice *v;
    size_t n;
};

static void add_place(struct places *p, struct mm_slice place)
{
    for (size_t i = 0; i < p->n; i++) {
        if (mm_slice_eq(p->v[i], place))
            return;
    }
    if (p->n < MM_SLOT_CAND_MAX)
        p->v[p->n++] = place;
}

static bool in_scope(const struct mm_rule *r, struct mm_slice scope)
{
    size_t colon = mm_slice_find(scope, ':', 0);
    struct mm_slice kind = mm_slice_sub(scope, 0, colon);
    struct mm_slice name = mm_slice_sub(scope, colon + 1, SIZE_MAX);

    if (mm_slice_eq(kind, MM_S("category")))
        return mm_slice_eq(r->category, name);
    if (mm_slice_eq(kind, MM_S("product")))
        return mm_slice_eq(r->product, name);
    return mm_slice_eq(r->service, name);
}

/* prefix and name joined in the arena. */
static bool join(struct mm_arena *a, struct mm_slice prefix, struct mm_slice name,
                 struct mm_slice *ret)
{
    uint8_t *p = mm_arena_bytes(a, prefix.n + name.n + 1);

    if (p == NULL)
        return false;
    memcpy(p, prefix.p, prefix.n);
    if (name.n > 0)
        memcpy(p + prefix.n, name.p, name.n);
    *ret = mm_slice_of(p, prefix.n + name.n);
    return true;
}

static bool has_windows_names(const struct mm_rule *r)
{
    return r->product.n == 0 || mm_slice_eq(r->product, MM_S("windows")) ||
           mm_slice_eq(r->product, MM_S("linux")) || mm_slice_eq(r->product, MM_S("macos"));
}

/* What the product's own format calls its fields that have no ECS name. */
static struct mm_slice vendor_prefix(const struct mm_rule *r)
{
    static const struct {
        struct mm_slice product, service, prefix; /* service empty: any */
    } rows[] = {
        {MM_S_INIT("windows"), {0}, MM_S_INIT("winlog.event_data.")},
        {MM_S_INIT("fortigate"), {0}, MM_S_INIT("fortinet.")},
        {MM_S_INIT("fortios"), {0}, MM_S_INIT("fortinet.")},
        {MM_S_INIT("suricata"), {0}, MM_S_INIT("suricata.eve.")},
        {MM_S_INIT("zeek"), {0}, MM_S_INIT("zeek.")},
        {MM_S_INIT("aws"), {0}, MM_S_INIT("aws.")},
        {MM_S_INIT("azure"), {0}, MM_S_INIT("entra.")},
        {MM_S_INIT("m365"), {0}, MM_S_INIT("m365.")},
        {MM_S_INIT("linux"), MM_S_INIT("auditd"), MM_S_INIT("auditd.")},
        {MM_S_INIT("linux"), {0}, MM_S_INIT("winlog.event_data.")},
    };

    for (size_t i = 0; i < MM_COUNT(rows); i++) {
        if (mm_slice_eq(r->product, rows[i].product) &&
            (rows[i].service.n == 0 || mm_slice_eq(r->service, rows[i].service)))
            return rows[i].prefix;
    }
    return (struct mm_slice){0};
}

enum mm_code mm_fields_places(struct mm_arena *a, const struct mm_rule *rule, struct mm_slice field,
                              struct mm_slice ret[MM_SLOT_CAND_MAX], size_t *ret_n)
{
    struct places p = {.v = ret};
    struct mm_slice joined, prefix = vendor_prefix(rule);

    MM_ASSERT(field.n > 0);
    for (size_t i = 0; i < MM_COUNT(sigma_rows); i++) {
        if (mm_slice_eq(sigma_rows[i].field, field) && in_scope(rule, sigma_rows[i].scope))
            add_place(&p, sigma_rows[i].place);
    }
    for (size_t i = 0; i < MM_COUNT(win_rows) && has_windows_names(rule); i++) {
        if (win_rows[i].kind != WIN_COPY && mm_slice_eq(win_rows[i].name, field))
            add_place(&p, win_rows[i].place);
    }
    if (rule->product.n == 0 && p.n == 0 && mm_slice_find(field, '.', 0) == SIZE_MAX)
        prefix = MM_S("winlog.event_data.");
    if (prefix.n > 0) {
        if (!join(a, prefix, field, &joined))
            return MM_E_NOMEM;
        add_place(&p, joined);
    }
    add_place(&p, field);
    *ret_n = p.n;
    return MM_OK;
}

static enum mm_code refuse_full(struct mm_build *b, struct mm_slice name)
{
    return mm_rule_refuse(b, MM_E_LIMIT, b->rule->line, "rule.set.full", name);
}

/* The number of an extra's name, a new one when it has none. */
static enum mm_code extra_number(struct mm_build *b, struct mm_slice name, uint16_t *ret)
{
    struct mm_ruleset *s = b->set;
    uint64_t *known = mm_map_get(&b->extras, name);
    struct mm_slice own;

    if (known == NULL) {
        if (!MM_VEC_ROOM(s->extra_name, s->extra_n, s->extra_cap, MM_EXTRA_MAX) ||
            !mm_arena_dup(&s->arena, name, &own) ||
            mm_map_set(&b->extras, own, s->extra_n) != MM_OK)
            return refuse_full(b, name);
        s->extra_name[s->extra_n] = own;
        *ret = (uint16_t)(MM_CAND_EXTRA + s->extra_n++); /* below MM_EXTRA_MAX */
        return MM_OK;
    }
    *ret = (uint16_t)(MM_CAND_EXTRA + *known);
    return MM_OK;
}

/* Places that are worked out of other fields. */
static const struct {
    struct mm_slice name;
    uint16_t cand;
} made[] = {
    {MM_S_INIT("@timestamp"), MM_CAND_TIME},
    {MM_S_INIT("TimeCreated"), MM_CAND_TIME},
    {MM_S_INIT("timestamp"), MM_CAND_TIME},
    {MM_S_INIT("@url.path"), MM_CAND_URL_PATH},
    {MM_S_INIT("@url.extension"), MM_CAND_URL_EXTENSION},
};

static enum mm_code place_number(struct mm_build *b, struct mm_slice place, uint16_t *ret)
{
    enum mm_field f = mm_field_find(place);

    if (f != MM_F_NONE) {
        *ret = (uint16_t)f;
        return MM_OK;
    }
    for (size_t i = 0; i < MM_COUNT(made); i++) {
        if (mm_slice_eq(place, made[i].name)) {
            *ret = made[i].cand;
            return MM_OK;
        }
    }
    return extra_number(b, place, ret);
}

enum mm_code mm_slot_find(struct mm_build *b, struct mm_slice name, uint16_t *ret)
{
    struct mm_ruleset *s = b->set;
    struct mm_slot slot = {.kind = name.n == 0 ? MM_SLOT_ALL : MM_SLOT_FIELD};
    struct mm_slice places[MM_SLOT_CAND_MAX], key;
    enum mm_code code = MM_OK;
    size_t n = 0;
    uint64_t *known;

    if (name.n > MM_MAX_FIELD_NAME)
        return mm_rule_refuse(b, MM_E_LIMIT, b->rule->line, "rule.field.long", name);
    if (name.n > 0)
        code = mm_fields_places(&b->tmp, b->rule, name, places, &n);
    for (size_t i = 0; i < n && code == MM_OK; i++)
        code = place_number(b, places[i], &slot.cand[slot.cand_n++]);
    if (code != MM_OK)
        return code == MM_E_NOMEM ? refuse_full(b, name) : code;
    /* The same places are the same slot, whatever the rule calls it. */
    if (!mm_arena_dup(&s->arena, mm_slice_of(slot.cand, sizeof(slot.cand[0]) * slot.cand_n),
                      &key) ||
        !mm_arena_dup(&s->arena, name, &slot.name))
        return refuse_full(b, name);
    known = mm_map_get(&b->slots, key);
    if (known != NULL) {
        *ret = (uint16_t)*known;
        return MM_OK;
    }
    if (!MM_VEC_ROOM(s->slot, s->slot_n, s->slot_cap, MM_SLOT_MAX) ||
        mm_map_set(&b->slots, key, s->slot_n) != MM_OK)
        return refuse_full(b, name);
    s->slot[s->slot_n] = slot;
    *ret = (uint16_t)s->slot_n++; /* below MM_SLOT_MAX */
    return MM_OK;
}
