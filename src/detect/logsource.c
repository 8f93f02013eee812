/* detect/logsource.c - see logsource.h for the contract. */
#include "detect/logsource.h"

enum { TERMS_MAX = 3, FIELD_FORMAT = MM_F_COUNT, FIELD_EVENT_TYPE };

struct term {
    uint32_t field; /* enum mm_field, or one of the two above */
    struct mm_slice values;
};

struct mm_source_row {
    struct mm_slice product, category, service;
    struct term term[TERMS_MAX];
    size_t term_n;
};

static const struct {
    struct mm_slice product, category, service, test;
} rows[] = {
#define MM_SOURCE(product, category, service, test)                                                \
    {MM_S_INIT(product), MM_S_INIT(category), MM_S_INIT(service), MM_S_INIT(test)},
#include "detect/logsource.def"
#undef MM_SOURCE
};

static_assert(MM_COUNT(rows) <= MM_SOURCE_WORDS * 64, "one bit a row");

static const struct mm_slice event_type = MM_S_INIT("winlog.event_data.EventType");

/* Fields that may decide a route; a term on another one would make keys lie. */
static const enum mm_field key_fields[] = {MM_F_WINLOG_CHANNEL, MM_F_EVENT_CODE,
                                           MM_F_EVENT_CATEGORY, MM_F_EVENT_PROVIDER,
                                           MM_F_EVENT_DATASET};

static uint32_t field_of(struct mm_slice name)
{
    enum mm_field f = mm_field_find(name);

    if (mm_slice_eq(name, MM_S("format")))
        return FIELD_FORMAT;
    if (mm_slice_eq(name, event_type))
        return FIELD_EVENT_TYPE;
    for (size_t i = 0; i < MM_COUNT(key_fields); i++) {
        if (f == key_fields[i])
            return f;
    }
    MM_ASSERT(false); /* a row of our own table */
    return 0;
}

/* Up to the next `sep`, which is taken off as well. */
static struct mm_slice cut(struct mm_slice *io, uint8_t sep)
{
    size_t at = mm_slice_find(*io, sep, 0);
    struct mm_slice head = mm_slice_sub(*io, 0, at);

    *io = at == SIZE_MAX ? (struct mm_slice){0} : mm_slice_sub(*io, at + 1, SIZE_MAX);
    return head;
}

bool mm_sources_init(struct mm_arena *a, struct mm_sources *ret)
{
    struct mm_source_row *row = mm_arena_array(a, MM_COUNT(rows), sizeof(*row));

    if (row == NULL)
        return false;
    for (size_t i = 0; i < MM_COUNT(key_fields); i++)
        MM_ASSERT(mm_field_type(key_fields[i]) == MM_FT_KEYWORD);
    for (size_t i = 0; i < MM_COUNT(rows); i++) {
        struct mm_slice rest = rows[i].test;

        row[i] = (struct mm_source_row){
            .product = rows[i].product, .category = rows[i].category, .service = rows[i].service};
        while (rest.n > 0) {
            struct mm_slice values = cut(&rest, ';');
            struct mm_slice name = cut(&values, '=');

            MM_ASSERT(row[i].term_n < TERMS_MAX);
            row[i].term[row[i].term_n++] = (struct term){.field = field_of(name), .values = values};
        }
        MM_ASSERT(row[i].term_n > 0);
    }
    *ret = (struct mm_sources){.row = row, .n = MM_COUNT(rows)};
    return true;
}

static bool agrees(struct mm_slice wanted, struct mm_slice have)
{
    return wanted.n == 0 || mm_slice_ieq(wanted, have);
}

bool mm_sources_select(const struct mm_sources *s, struct mm_slice product,
                       struct mm_slice category, struct mm_slice service,
                       struct mm_source_bits *ret)
{
    bool any = false;

    *ret = (struct mm_source_bits){0};
    for (size_t i = 0; i < s->n; i++) {
        if (!agrees(product, s->row[i].product) || !agrees(category, s->row[i].category) ||
            !agrees(service, s->row[i].service))
            continue;
        ret->w[i / 64] |= UINT64_C(1) << (i % 64);
        any = true;
    }
    return any;
}

static struct mm_slice value_of(const struct mm_event *ev, uint32_t field)
{
    const struct mm_slice *extra;

    if (field == FIELD_FORMAT)
        return ev->format;
    if (field == FIELD_EVENT_TYPE) {
        extra = mm_event_extra(ev, event_type);
        return extra == NULL ? (struct mm_slice){0} : *extra;
    }
    if (!mm_event_has(ev, (enum mm_field)field))
        return (struct mm_slice){0};
    return ev->val[field].text; /* key_fields are texts: see mm_sources_init */
}

static bool term_holds(const struct mm_event *ev, const struct term *t)
{
    struct mm_slice rest = t->values, value = value_of(ev, t->field);

    while (rest.n > 0 && value.n > 0) {
        struct mm_slice want = cut(&rest, '|');

        if (want.n > 0 && want.p[want.n - 1] == '*') {
            if (mm_slice_starts(value, mm_slice_sub(want, 0, want.n - 1)))
                return true;
        } else if (mm_slice_ieq(value, want)) {
            return true;
        }
    }
    return false;
}

void mm_sources_test(const struct mm_sources *s, const struct mm_event *ev,
                     struct mm_source_bits *ret)
{
    *ret = (struct mm_source_bits){0};
    for (size_t i = 0; i < s->n; i++) {
        size_t k = 0;

        while (k < s->row[i].term_n && term_holds(ev, &s->row[i].term[k]))
            k++;
        if (k == s->row[i].term_n)
            ret->w[i / 64] |= UINT64_C(1) << (i % 64);
    }
}

static bool put(uint8_t key[MM_ROUTE_KEY_MAX], size_t *n, struct mm_slice s)
{
    if (s.n > UINT8_MAX || *n + 1 + s.n > MM_ROUTE_KEY_MAX)
        return false;
    key[(*n)++] = (uint8_t)s.n;
    if (s.n > 0)
        memcpy(key + *n, s.p, s.n);
    *n += s.n;
    return true;
}

size_t mm_sources_key(const struct mm_event *ev, uint8_t key[MM_ROUTE_KEY_MAX])
{
    struct mm_slice channel = value_of(ev, MM_F_WINLOG_CHANNEL);
    struct mm_slice code = value_of(ev, MM_F_EVENT_CODE);
    size_t n = 0;

    if (!put(key, &n, ev->format) || !put(key, &n, channel) || !put(key, &n, code) ||
        !put(key, &n, value_of(ev, MM_F_EVENT_CATEGORY)))
        return 0;
    /* Providers and datasets only decide without a channel; the kind of a registry event only in
     * Sysmon's 12. */
    if (channel.n == 0 && (!put(key, &n, value_of(ev, MM_F_EVENT_PROVIDER)) ||
                           !put(key, &n, value_of(ev, MM_F_EVENT_DATASET))))
        return 0;
    if (mm_slice_eq(code, MM_S("12")) && !put(key, &n, value_of(ev, FIELD_EVENT_TYPE)))
        return 0;
    return n;
}
