/* store/events/native.c - see native.h for the contract. */
#include "store/events/native.h"

#include <stdlib.h>
#include <sys/random.h>

/* column.c keeps numbers in the machine's order and writes them as they are. */
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "Native is little-endian");

enum {
    COLUMNS_MAX = 96,
    EVC_MORE = MM_EVC_HOT + MM_HOT_N,
    EVC_ORIGINAL,
    EVC_COUNT,
};

static_assert(MM_HOT_N < 64 && MM_F_COUNT >= 64, "HOT fields are bits of the first word");
static_assert(EVC_COUNT <= COLUMNS_MAX, "room for every column");
static_assert((int)MM_ALC_COUNT <= (int)COLUMNS_MAX, "room for every column");

static const uint64_t HOT_BITS = (UINT64_C(1) << MM_HOT_N) - 1;

struct mm_native {
    enum mm_etable table;
    bool failed;
    uint32_t rows;
    size_t bytes;
    size_t column_n;
    struct mm_column column[COLUMNS_MAX];
};

/* HOT fields come first in fields.def: a field's number is its column and its bit in `present`. */
#define HOT_HOT true
#define HOT_MAP false
static const bool is_hot[MM_F_COUNT] = {
#define MM_FIELD(id, name, type, store) [MM_F_##id] = HOT_##store,
#include "model/fields.def"
#undef MM_FIELD
};

enum mm_code mm_native_new(enum mm_etable table, struct mm_native **ret)
{
    struct mm_native *n = calloc(1, sizeof(*n));
    const struct mm_ecolumn *cols;
    uint64_t seed;

    MM_ASSERT(ret != NULL && table < MM_ET_COUNT);
    if (n == NULL)
        return MM_E_NOMEM;
    if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
        seed = (uint64_t)(uintptr_t)n; /* a guessable seed makes blocks larger, nothing worse */
    n->table = table;
    cols = mm_etable_columns(table, &n->column_n);
    MM_ASSERT(n->column_n <= COLUMNS_MAX);
    for (size_t f = 0; f < MM_F_COUNT; f++)
        MM_ASSERT(is_hot[f] == (f < MM_HOT_N));
    for (size_t i = 0; i < n->column_n; i++)
        mm_column_init(&n->column[i], cols[i].type, seed);
    *ret = n;
    return MM_OK;
}

void mm_native_free(struct mm_native **n)
{
    MM_ASSERT(n != NULL);
    if (*n == NULL)
        return;
    for (size_t i = 0; i < (*n)->column_n; i++)
        mm_column_done(&(*n)->column[i]);
    free(*n);
    *n = NULL;
}

void mm_native_reset(struct mm_native *n)
{
    for (size_t i = 0; i < n->column_n; i++)
        mm_column_reset(&n->column[i]);
    n->rows = 0;
    n->bytes = 0;
    n->failed = false;
}

size_t mm_native_rows(const struct mm_native *n)
{
    return n->rows;
}

size_t mm_native_bytes(const struct mm_native *n)
{
    return n->bytes;
}

static size_t put_field(struct mm_native *n, const struct mm_event *ev, enum mm_field f,
                        struct mm_column *col)
{
    switch (mm_field_type(f)) {
    case MM_FT_IP:
        mm_column_ip(col, n->rows, &ev->val[f].ip);
        return sizeof(struct mm_ip);
    case MM_FT_UINT:
        mm_column_uint(col, n->rows, ev->val[f].u);
        return sizeof(uint64_t);
    case MM_FT_KEYWORD:
    case MM_FT_TEXT:
        break;
    }
    mm_column_text(col, n->rows, ev->val[f].text);
    return ev->val[f].text.n;
}

/* mm_event_as_text with a quicker way for numbers, which most fields of the map are. */
static struct mm_slice map_text(const struct mm_event *ev, enum mm_field f, char tmp[MM_FIELD_TEXT])
{
    uint64_t v = ev->val[f].u;
    size_t at = MM_FIELD_TEXT;

    if (mm_field_type(f) != MM_FT_UINT)
        return mm_event_as_text(ev, f, tmp);
    do {
        tmp[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    return mm_slice_of(tmp + at, MM_FIELD_TEXT - at);
}

/* Every field that is set goes to its column or into the map. Returns about how many bytes. */
static size_t put_fields(struct mm_native *n, const struct mm_event *ev)
{
    struct mm_column *more = &n->column[EVC_MORE];
    uint64_t present = ev->has[0] & HOT_BITS;
    size_t bytes = 0;

    for (uint64_t left = present; left != 0; left &= left - 1) {
        unsigned hot = (unsigned)__builtin_ctzll(left);

        bytes += put_field(n, ev, (enum mm_field)hot, &n->column[MM_EVC_HOT + hot]);
    }
    for (size_t w = 0; w < MM_F_WORDS; w++) {
        uint64_t left = w == 0 ? ev->has[w] & ~HOT_BITS : ev->has[w];

        for (; left != 0; left &= left - 1) {
            enum mm_field f = (enum mm_field)(w * 64 + (unsigned)__builtin_ctzll(left));
            char tmp[MM_FIELD_TEXT];
            struct mm_slice v = map_text(ev, f, tmp);

            mm_column_pair(more, n->rows, mm_field_name(f), v);
            bytes += v.n + sizeof(uint64_t);
        }
    }
    for (size_t i = 0; i < ev->extra_n; i++) {
        mm_column_pair(more, n->rows, ev->extra[i].name, ev->extra[i].value);
        bytes += ev->extra[i].value.n + sizeof(uint64_t);
    }
    mm_column_pairs_end(more, n->rows);
    mm_column_uint(&n->column[MM_EVC_PRESENT], n->rows, present);
    return bytes;
}

/* Is there room for another row? */
static enum mm_code begin_row(const struct mm_native *n)
{
    if (n->failed)
        return MM_E_NOMEM;
    if (n->rows >= MM_NATIVE_ROWS_MAX || n->bytes >= MM_NATIVE_BYTES_MAX)
        return MM_E_LIMIT;
    return MM_OK;
}

enum mm_code mm_native_event(struct mm_native *n, const struct mm_event *ev)
{
    enum { ENVELOPE_BYTES = 64 };
    struct mm_column *c = n->column;
    uint32_t row = n->rows;
    enum mm_code code = begin_row(n);

    MM_ASSERT(n->table == MM_ET_EVENTS);
    if (code != MM_OK)
        return code;
    mm_column_uint(&c[MM_EVC_COMPANY], row, ev->company);
    mm_column_uint(&c[MM_EVC_RECEIVED], row, (uint64_t)ev->received_us);
    mm_column_uint(&c[MM_EVC_QUEUE], row, ev->queue);
    mm_column_uint(&c[MM_EVC_SEQ], row, ev->seq);
    mm_column_uint(&c[MM_EVC_TIME], row, (uint64_t)ev->time_us);
    mm_column_uint(&c[MM_EVC_TIME_QUALITY], row, ev->time_quality);
    mm_column_uint(&c[MM_EVC_FLAGS], row, ev->flags);
    mm_column_uint(&c[MM_EVC_KEEP_DAYS], row, ev->keep_days);
    mm_column_uint(&c[MM_EVC_SOURCE], row, ev->source);
    mm_column_text(&c[MM_EVC_FORMAT], row, ev->format);
    n->bytes += ENVELOPE_BYTES + ev->original.n + put_fields(n, ev);
    mm_column_text(&c[EVC_ORIGINAL], row, ev->original);
    n->rows++;
    n->failed = !mm_column_ok(&c[EVC_ORIGINAL]) || !mm_column_ok(&c[EVC_MORE]);
    return n->failed ? MM_E_NOMEM : MM_OK;
}

enum mm_code mm_native_alert(struct mm_native *n, const struct mm_alert *a, uint16_t keep_days)
{
    enum { ENVELOPE_BYTES = 48 };
    struct mm_column *c = n->column;
    uint32_t row = n->rows;
    enum mm_code code = begin_row(n);

    MM_ASSERT(n->table == MM_ET_ALERTS);
    if (code != MM_OK)
        return code;
    mm_column_uint(&c[MM_ALC_COMPANY], row, a->company);
    mm_column_uint(&c[MM_ALC_RECEIVED], row, (uint64_t)a->received_us);
    mm_column_uint(&c[MM_ALC_QUEUE], row, a->queue);
    mm_column_uint(&c[MM_ALC_SEQ], row, a->seq);
    mm_column_text(&c[MM_ALC_RULE], row, a->rule_id);
    mm_column_uint(&c[MM_ALC_TIME], row, (uint64_t)a->time_us);
    mm_column_uint(&c[MM_ALC_KEEP_DAYS], row, keep_days);
    mm_column_uint(&c[MM_ALC_SOURCE], row, a->source);
    mm_column_text(&c[MM_ALC_TITLE], row, a->title);
    mm_column_text(&c[MM_ALC_AUTHOR], row, a->author);
    mm_column_text(&c[MM_ALC_LEVEL], row, mm_slice_str(mm_level_name(a->level)));
    mm_column_text(&c[MM_ALC_ENTITY_FIELD], row, a->entity_field);
    mm_column_text(&c[MM_ALC_ENTITY], row, a->entity);
    mm_column_text(&c[MM_ALC_DOC], row, a->doc);
    mm_column_text(&c[MM_ALC_EVENT], row, a->event);
    mm_column_text(&c[MM_ALC_HIDDEN_BY], row, a->hidden_by);
    mm_column_uint(&c[MM_ALC_EVENTS], row, a->events);
    mm_column_text(&c[MM_ALC_RULE_LEVEL], row, mm_slice_str(mm_level_name(a->rule_level)));
    n->bytes += ENVELOPE_BYTES + a->entity.n + a->doc.n + a->event.n;
    n->rows++;
    n->failed = !mm_column_ok(&c[MM_ALC_EVENT]) || !mm_column_ok(&c[MM_ALC_HIDDEN_BY]);
    return n->failed ? MM_E_NOMEM : MM_OK;
}

enum mm_code mm_native_sieve(struct mm_native *n, const struct mm_sieve_row *r)
{
    enum { ENVELOPE_BYTES = 48 };
    struct mm_column *c = n->column;
    uint32_t row = n->rows;
    enum mm_code code = begin_row(n);

    MM_ASSERT(n->table == MM_ET_SIEVES);
    if (code != MM_OK)
        return code;
    mm_column_uint(&c[MM_SVC_COMPANY], row, r->company);
    mm_column_uint(&c[MM_SVC_RECEIVED], row, (uint64_t)r->received_us);
    mm_column_uint(&c[MM_SVC_QUEUE], row, r->queue);
    mm_column_uint(&c[MM_SVC_FROM], row, r->from);
    mm_column_uint(&c[MM_SVC_TO], row, r->to);
    mm_column_uint(&c[MM_SVC_KEEP_DAYS], row, r->keep_days);
    mm_column_uint(&c[MM_SVC_FORM], row, MM_SIEVE_FORM);
    mm_column_text(&c[MM_SVC_FOURS], row, r->fours);
    mm_column_text(&c[MM_SVC_EIGHTS], row, r->eights);
    n->bytes += ENVELOPE_BYTES + r->fours.n + r->eights.n;
    n->rows++;
    n->failed = !mm_column_ok(&c[MM_SVC_EIGHTS]);
    return n->failed ? MM_E_NOMEM : MM_OK;
}

static void put_name(mm_bytes_fn *put, void *ctx, struct mm_slice s)
{
    uint8_t head[10];

    put(ctx, mm_slice_of(head, mm_varint(s.n, head)));
    put(ctx, s);
}

static void put_column(const struct mm_native *n, size_t i, mm_bytes_fn *put, void *ctx)
{
    enum { NAME_MAX_BYTES = 256 };
    size_t cols_n;
    const struct mm_ecolumn *cols = mm_etable_columns(n->table, &cols_n);
    struct mm_buf name;

    mm_buf_init(&name, NAME_MAX_BYTES);
    mm_ecol_name(&name, &cols[i]);
    MM_ASSERT(mm_buf_ok(&name));
    put_name(put, ctx, mm_buf_slice(&name));
    mm_buf_done(&name);
    put_name(put, ctx, mm_slice_str(mm_ecol_type_name(cols[i].type)));
    mm_column_write(&n->column[i], put, ctx);
}

enum mm_code mm_native_put(struct mm_native *n, mm_bytes_fn *put, void *ctx)
{
    enum mm_code code = MM_OK;
    uint8_t head[10];

    if (n->rows == 0)
        goto out;
    for (size_t i = 0; i < n->column_n; i++) {
        mm_column_pad(&n->column[i], n->rows);
        if (!mm_column_ok(&n->column[i]))
            n->failed = true;
    }
    if (n->failed) {
        code = MM_E_NOMEM;
        goto out;
    }
    put(ctx, mm_slice_of(head, mm_varint(n->column_n, head)));
    put(ctx, mm_slice_of(head, mm_varint(n->rows, head)));
    for (size_t i = 0; i < n->column_n; i++)
        put_column(n, i, put, ctx);
out:
    mm_native_reset(n);
    return code;
}

static void put_buf(void *ctx, struct mm_slice bytes)
{
    mm_buf_add(ctx, bytes);
}

enum mm_code mm_native_write(struct mm_native *n, struct mm_buf *out)
{
    enum mm_code code = mm_native_put(n, put_buf, out);

    if (code == MM_OK && !mm_buf_ok(out))
        code = MM_E_NOMEM;
    return code;
}
