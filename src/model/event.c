/* model/event.c - see event.h for the contract. */
#include "model/event.h"

#include "base/time.h"
#include "base/utf8.h"

static const struct {
    struct mm_slice name;
    enum mm_ftype type;
    enum mm_fstore store;
} fields[MM_F_COUNT] = {
#define MM_FIELD(id, ecs, type, store) {MM_S_INIT(ecs), MM_FT_##type, MM_FS_##store},
#include "model/fields.def"
#undef MM_FIELD
};

struct mm_slice mm_field_name(enum mm_field f)
{
    MM_ASSERT(f < MM_F_COUNT);
    return fields[f].name;
}

enum mm_ftype mm_field_type(enum mm_field f)
{
    MM_ASSERT(f < MM_F_COUNT);
    return fields[f].type;
}

enum mm_fstore mm_field_store(enum mm_field f)
{
    MM_ASSERT(f < MM_F_COUNT);
    return fields[f].store;
}

enum mm_field mm_field_find(struct mm_slice name)
{
    /* Formats and rules resolve names once, when they are loaded: a walk is quick enough. */
    for (size_t i = 0; i < MM_F_COUNT; i++) {
        if (mm_slice_eq(fields[i].name, name))
            return (enum mm_field)i;
    }
    return MM_F_NONE;
}

void mm_event_reset(struct mm_event *ev)
{
    memset(ev, 0, offsetof(struct mm_event, val));
    ev->extra_n = 0;
}

static void mark(struct mm_event *ev, enum mm_field f)
{
    ev->has[f / 64] |= UINT64_C(1) << (f % 64);
}

void mm_event_text(struct mm_event *ev, enum mm_field f, struct mm_slice v)
{
    MM_ASSERT(f < MM_F_COUNT);
    MM_ASSERT(fields[f].type == MM_FT_KEYWORD || fields[f].type == MM_FT_TEXT);
    ev->val[f].text = v;
    mark(ev, f);
}

void mm_event_uint(struct mm_event *ev, enum mm_field f, uint64_t v)
{
    MM_ASSERT(f < MM_F_COUNT && fields[f].type == MM_FT_UINT);
    ev->val[f].u = v;
    mark(ev, f);
}

void mm_event_ip(struct mm_event *ev, enum mm_field f, const struct mm_ip *v)
{
    MM_ASSERT(f < MM_F_COUNT && fields[f].type == MM_FT_IP);
    ev->val[f].ip = *v;
    mark(ev, f);
}

bool mm_event_parse(struct mm_event *ev, enum mm_field f, struct mm_slice text)
{
    struct mm_ip ip;
    uint64_t u;

    MM_ASSERT(f < MM_F_COUNT);
    switch (fields[f].type) {
    case MM_FT_IP:
        if (!mm_ip_parse_log(text, &ip))
            return false;
        mm_event_ip(ev, f, &ip);
        return true;
    case MM_FT_UINT:
        if (!mm_slice_u64(text, &u))
            return false;
        mm_event_uint(ev, f, u);
        return true;
    case MM_FT_KEYWORD:
    case MM_FT_TEXT:
        break;
    }
    mm_event_text(ev, f, text);
    return true;
}

bool mm_event_name(struct mm_event *ev, struct mm_slice name, struct mm_slice text)
{
    enum mm_field f = mm_field_find(name);

    if (f != MM_F_NONE)
        return mm_event_parse(ev, f, text);
    if (ev->extra_n >= MM_MAX_EXTRA || name.n > MM_MAX_FIELD_NAME) {
        ev->flags |= MM_EV_EXTRA_FULL;
        return false;
    }
    ev->extra[ev->extra_n++] = (struct mm_extra){.name = name, .value = text};
    return true;
}

void mm_event_unset(struct mm_event *ev, enum mm_field f)
{
    MM_ASSERT(f < MM_F_COUNT);
    ev->has[f / 64] &= ~(UINT64_C(1) << (f % 64));
}

const struct mm_slice *mm_event_extra(const struct mm_event *ev, struct mm_slice name)
{
    for (size_t i = 0; i < ev->extra_n; i++) {
        if (mm_slice_eq(ev->extra[i].name, name))
            return &ev->extra[i].value;
    }
    return NULL;
}

struct mm_slice mm_event_as_text(const struct mm_event *ev, enum mm_field f,
                                 char tmp[MM_FIELD_TEXT])
{
    int n;

    MM_ASSERT(f < MM_F_COUNT && mm_event_has(ev, f));
    switch (fields[f].type) {
    case MM_FT_IP:
        mm_ip_text(&ev->val[f].ip, tmp);
        return mm_slice_str(tmp);
    case MM_FT_UINT:
        n = snprintf(tmp, MM_FIELD_TEXT, "%llu", (unsigned long long)ev->val[f].u);
        return mm_slice_of(tmp, (size_t)n);
    case MM_FT_KEYWORD:
    case MM_FT_TEXT:
        break;
    }
    return ev->val[f].text;
}

void mm_event_json(struct mm_buf *out, const struct mm_event *ev, bool original)
{
    char tmp[MM_FIELD_TEXT];
    char when[MM_TIME_TEXT];

    mm_time_text(ev->time_us, when);
    mm_buf_fmt(out, "{\"@timestamp\":\"%s\"", when);
    for (size_t i = 0; i < MM_F_COUNT; i++) {
        enum mm_field f = (enum mm_field)i;

        if (!mm_event_has(ev, f))
            continue;
        mm_buf_byte(out, ',');
        mm_utf8_json(out, fields[i].name);
        mm_buf_byte(out, ':');
        if (fields[i].type == MM_FT_UINT)
            mm_buf_u64(out, ev->val[i].u);
        else
            mm_utf8_json(out, mm_event_as_text(ev, f, tmp));
    }
    for (size_t i = 0; i < ev->extra_n; i++) {
        mm_buf_byte(out, ',');
        mm_utf8_json(out, ev->extra[i].name);
        mm_buf_byte(out, ':');
        mm_utf8_json(out, ev->extra[i].value);
    }
    if (original) {
        mm_buf_str(out, ",\"event.original\":");
        mm_utf8_json(out, ev->original);
    }
    mm_buf_byte(out, '}');
}

static bool has_text(const struct mm_event *ev, enum mm_field f, const char *text)
{
    return mm_event_has(ev, f) && mm_slice_eq(ev->val[f].text, mm_slice_str(text));
}

bool mm_event_prevented(const struct mm_event *ev)
{
    static const char *const stopped[] = {
#define MM_PREVENTED(category) category,
#include "model/prevented.def"
#undef MM_PREVENTED
    };

    if (!has_text(ev, MM_F_EVENT_TYPE, "denied") || !has_text(ev, MM_F_EVENT_OUTCOME, "failure"))
        return false;
    for (size_t i = 0; i < MM_COUNT(stopped); i++) {
        if (has_text(ev, MM_F_EVENT_CATEGORY, stopped[i]))
            return true;
    }
    return false;
}

bool mm_event_let_in(const struct mm_event *ev)
{
    return has_text(ev, MM_F_EVENT_CATEGORY, "authentication") &&
           has_text(ev, MM_F_EVENT_OUTCOME, "success");
}

uint32_t mm_event_stands_for(const struct mm_event *ev)
{
    uint64_t n = mm_event_has(ev, MM_F_EVENT_COUNT) ? ev->val[MM_F_EVENT_COUNT].u : 1;

    return n == 0 ? 1 : n > MM_EVENT_STANDS_MAX ? MM_EVENT_STANDS_MAX : (uint32_t)n;
}
