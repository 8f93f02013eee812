/* store/events/rows.c - see rows.h for the contract. */
#include "store/events/rows.h"

#include "store/events/schema.h"

static bool varint(struct mm_rd *rd, uint64_t *ret)
{
    uint64_t v = 0;

    for (unsigned shift = 0; shift < 63 && mm_rd_left(rd) > 0; shift += 7) {
        uint8_t c = rd->in.p[rd->pos++];

        v |= (uint64_t)(c & 0x7f) << shift;
        if (c < 0x80) {
            *ret = v;
            return true;
        }
    }
    return false;
}

static bool text(struct mm_rd *rd, struct mm_slice *ret)
{
    uint64_t n;

    return varint(rd, &n) && n <= mm_rd_left(rd) && mm_rd_take(rd, (size_t)n, ret);
}

/* A little-endian number of 1 to 8 bytes. */
static bool number(struct mm_rd *rd, size_t bytes, uint64_t *ret)
{
    struct mm_slice s;
    uint64_t v = 0;

    MM_ASSERT(bytes >= 1 && bytes <= 8);
    if (!mm_rd_take(rd, bytes, &s))
        return false;
    for (size_t i = bytes; i > 0; i--)
        v = v << 8 | s.p[i - 1];
    *ret = v;
    return true;
}

/* One value of a column: a number, or bytes (text, address). MAP is read by its owner. */
struct cell {
    uint64_t u;
    struct mm_slice s;
};

static bool read_cell(struct mm_rd *rd, enum mm_ecol_type type, struct cell *ret)
{
    switch (type) {
    case MM_EC_U8:
        return number(rd, 1, &ret->u);
    case MM_EC_U16:
        return number(rd, 2, &ret->u);
    case MM_EC_U32:
        return number(rd, 4, &ret->u);
    case MM_EC_U64:
    case MM_EC_TIME:
        return number(rd, 8, &ret->u);
    case MM_EC_IP:
        return mm_rd_take(rd, sizeof(struct mm_ip), &ret->s);
    case MM_EC_STRING:
    case MM_EC_WORD:
        return text(rd, &ret->s);
    case MM_EC_MAP:
    case MM_EC_TYPE_COUNT:
        break;
    }
    MM_ASSERT(!"a column with one value");
    return false;
}

static void set_envelope(struct mm_event *ev, size_t column, const struct cell *c)
{
    switch ((enum mm_ev_column)column) {
    case MM_EVC_COMPANY:
        ev->company = (uint32_t)c->u; /* the column has 32 bits; the others as wide as theirs */
        break;
    case MM_EVC_RECEIVED:
        ev->received_us = (int64_t)c->u;
        break;
    case MM_EVC_QUEUE:
        ev->queue = (uint16_t)c->u;
        break;
    case MM_EVC_SEQ:
        ev->seq = c->u;
        break;
    case MM_EVC_TIME:
        ev->time_us = (int64_t)c->u;
        break;
    case MM_EVC_TIME_QUALITY:
        ev->time_quality = (uint8_t)c->u;
        break;
    case MM_EVC_FLAGS:
        ev->flags = (uint16_t)c->u;
        break;
    case MM_EVC_KEEP_DAYS:
        ev->keep_days = (uint16_t)c->u;
        break;
    case MM_EVC_SOURCE:
        ev->source = (uint32_t)c->u;
        break;
    case MM_EVC_FORMAT:
        ev->format = c->s;
        break;
    case MM_EVC_PRESENT:
    case MM_EVC_HOT:
        MM_ASSERT(!"handled by the caller");
        break;
    }
}

static void set_field(struct mm_event *ev, enum mm_field f, const struct cell *c)
{
    struct mm_ip ip;

    switch (mm_field_type(f)) {
    case MM_FT_IP:
        memcpy(ip.b, c->s.p, sizeof(ip.b)); /* read_cell took exactly 16 bytes */
        mm_event_ip(ev, f, &ip);
        return;
    case MM_FT_UINT:
        mm_event_uint(ev, f, c->u);
        return;
    case MM_FT_KEYWORD:
    case MM_FT_TEXT:
        break;
    }
    mm_event_text(ev, f, c->s);
}

static bool read_more(struct mm_rd *rd, struct mm_event *ev)
{
    uint64_t pairs;

    if (!varint(rd, &pairs))
        return false;
    for (uint64_t i = 0; i < pairs; i++) {
        struct mm_slice key, value;

        if (!text(rd, &key) || !text(rd, &value))
            return false;
        /* The original still has what does not fit. */
        if (!mm_event_name(ev, key, value))
            ev->flags |= MM_EV_EXTRA_FULL;
    }
    return true;
}

enum mm_code mm_rows_event(struct mm_rd *rd, struct mm_event *ret)
{
    size_t n;
    const struct mm_ecolumn *cols = mm_etable_columns(MM_ET_EVENTS, &n);
    uint64_t present = 0;

    MM_ASSERT(ret != NULL);
    mm_event_reset(ret);
    for (size_t i = 0; i < n; i++) {
        struct cell c = {0};

        if (cols[i].type == MM_EC_MAP) {
            if (!read_more(rd, ret))
                return MM_E_SYNTAX;
            continue;
        }
        if (!read_cell(rd, cols[i].type, &c))
            return MM_E_SYNTAX;
        if (i == MM_EVC_PRESENT)
            present = c.u;
        else if (i < MM_EVC_HOT)
            set_envelope(ret, i, &c);
        else if (cols[i].field == MM_F_NONE)
            ret->original = c.s;
        else if ((present >> (i - MM_EVC_HOT) & 1) != 0)
            set_field(ret, cols[i].field, &c);
    }
    return MM_OK;
}

enum mm_code mm_rows_alert(struct mm_rd *rd, struct mm_alert *ret)
{
    size_t n;
    const struct mm_ecolumn *cols = mm_etable_columns(MM_ET_ALERTS, &n);
    struct cell c[MM_ALC_COUNT];
    enum mm_level level, rule_level;

    MM_ASSERT(ret != NULL && n == MM_ALC_COUNT);
    memset(c, 0, sizeof(c));
    for (size_t i = 0; i < n; i++) {
        if (!read_cell(rd, cols[i].type, &c[i]))
            return MM_E_SYNTAX;
    }
    if (!mm_level_find(c[MM_ALC_LEVEL].s, &level))
        return MM_E_SYNTAX;
    if (!mm_level_find(c[MM_ALC_RULE_LEVEL].s, &rule_level))
        rule_level = level;
    *ret = (struct mm_alert){
        .seq = c[MM_ALC_SEQ].u,
        .queue = (uint16_t)c[MM_ALC_QUEUE].u, /* as wide as their columns */
        .company = (uint32_t)c[MM_ALC_COMPANY].u,
        .source = (uint32_t)c[MM_ALC_SOURCE].u,
        .received_us = (int64_t)c[MM_ALC_RECEIVED].u,
        .time_us = (int64_t)c[MM_ALC_TIME].u,
        .level = level,
        .rule_level = rule_level,
        .rule_id = c[MM_ALC_RULE].s,
        .title = c[MM_ALC_TITLE].s,
        .author = c[MM_ALC_AUTHOR].s,
        .entity_field = c[MM_ALC_ENTITY_FIELD].s,
        .entity = c[MM_ALC_ENTITY].s,
        .doc = c[MM_ALC_DOC].s,
        .event = c[MM_ALC_EVENT].s,
        .hidden_by = c[MM_ALC_HIDDEN_BY].s,
        .events = (uint32_t)c[MM_ALC_EVENTS].u,
    };
    return MM_OK;
}

enum mm_code mm_rows_run(struct mm_rd *rd, struct mm_rows_run *ret)
{
    uint64_t queue, from, to;

    if (!number(rd, 2, &queue) || !number(rd, 8, &from) || !number(rd, 8, &to))
        return MM_E_SYNTAX;
    *ret = (struct mm_rows_run){.queue = (uint16_t)queue, .from = from, .to = to}; /* 2 bytes */
    return MM_OK;
}
