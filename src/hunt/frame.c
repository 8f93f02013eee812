/* hunt/frame.c - see frame.h for the contract. */
#include "hunt/frame.h"

#include "base/utf8.h"

enum type { T_U32, T_U64, T_TEXT };

/* One member of a frame: which, what, and how much of it at most. */
struct member {
    enum type type;
    size_t at;
    size_t max;
    unsigned kinds; /* bit k: frames of kind k have it */
};

#define IN(kind) (1u << (MM_HF_##kind))
#define U32(name, kinds)                                                                           \
    {                                                                                              \
        T_U32, offsetof(struct mm_hunt_frame, name), 0, kinds                                      \
    }
#define U64(name, kinds)                                                                           \
    {                                                                                              \
        T_U64, offsetof(struct mm_hunt_frame, name), 0, kinds                                      \
    }
#define TEXT(name, max, kinds)                                                                     \
    {                                                                                              \
        T_TEXT, offsetof(struct mm_hunt_frame, name), max, kinds                                   \
    }

static const struct member members[] = {
    U32(part, IN(BEGIN)),
    TEXT(name, MM_HF_MAX_NAME, IN(BEGIN) | IN(BROKEN)),
    U32(rule, IN(HIT)),
    U64(record, IN(HIT) | IN(BROKEN)),
    U64(at, IN(BROKEN)),
    U64(time_us, IN(HIT)),
    U32(shown, IN(HIT)),
    U32(prevented, IN(HIT)),
    TEXT(host, MM_HF_MAX_TEXT, IN(HIT)),
    TEXT(user, MM_HF_MAX_TEXT, IN(HIT)),
    TEXT(entity_field, MM_HF_MAX_TEXT, IN(HIT)),
    TEXT(entity, MM_HF_MAX_TEXT, IN(HIT)),
    TEXT(tells, MM_HF_MAX_TELLS, IN(HIT)),
    TEXT(event, MM_HF_MAX_EVENT, IN(HIT)),
    U32(state, IN(END)),
    U64(sums.bytes, IN(END) | IN(MOVED)),
    U64(sums.events, IN(END) | IN(MOVED)),
    U64(sums.unread, IN(END)),
    U64(sums.outside, IN(END)),
    U64(sums.cut, IN(END)),
    U64(sums.broken, IN(END)),
    U64(sums.hits, IN(END)),
    U64(sums.first_us, IN(END)),
    U64(sums.last_us, IN(END)),
    U32(sums.seen, IN(END)),
    U32(sums.windows, IN(END)),
    U32(sums.lines, IN(END)),
};
static_assert(sizeof(int64_t) == sizeof(uint64_t), "times travel as their bits");

static struct mm_slice text_of(const struct mm_hunt_frame *f, const struct member *m)
{
    struct mm_slice s;

    memcpy(&s, (const uint8_t *)f + m->at, sizeof(s));
    return mm_slice_sub(s, 0, m->max);
}

void mm_hunt_frame_put(struct mm_buf *out, const struct mm_hunt_frame *f)
{
    size_t n = 1;
    uint32_t u32;
    uint64_t u64;

    MM_ASSERT(f->kind >= MM_HF_BEGIN && f->kind <= MM_HF_DONE);
    for (size_t i = 0; i < MM_COUNT(members); i++) {
        if ((members[i].kinds >> f->kind & 1) != 0)
            n += members[i].type == T_U64   ? 8
                 : members[i].type == T_U32 ? 4
                                            : 4 + text_of(f, &members[i]).n;
    }
    mm_buf_u32le(out, (uint32_t)n); /* at most MM_HF_MAX and a little */
    mm_buf_byte(out, (uint8_t)f->kind);
    for (size_t i = 0; i < MM_COUNT(members); i++) {
        const struct member *m = &members[i];

        if ((m->kinds >> f->kind & 1) == 0)
            continue;
        if (m->type == T_U32) {
            memcpy(&u32, (const uint8_t *)f + m->at, sizeof(u32));
            mm_buf_u32le(out, u32);
        } else if (m->type == T_U64) {
            memcpy(&u64, (const uint8_t *)f + m->at, sizeof(u64));
            mm_buf_u64le(out, u64);
        } else {
            mm_buf_u32le(out, (uint32_t)text_of(f, m).n);
            mm_buf_add(out, text_of(f, m));
        }
    }
}

static bool read_text(struct mm_rd *rd, size_t max, struct mm_slice *ret)
{
    uint32_t n;

    return mm_rd_u32le(rd, &n) && n <= max && mm_rd_take(rd, n, ret);
}

static bool read_member(struct mm_rd *rd, const struct member *m, struct mm_hunt_frame *f)
{
    struct mm_slice text;
    uint32_t u32;
    uint64_t u64;

    switch (m->type) {
    case T_U32:
        if (!mm_rd_u32le(rd, &u32))
            return false;
        memcpy((uint8_t *)f + m->at, &u32, sizeof(u32));
        return true;
    case T_U64:
        if (!mm_rd_u64le(rd, &u64))
            return false;
        memcpy((uint8_t *)f + m->at, &u64, sizeof(u64));
        return true;
    case T_TEXT:
        break;
    }
    if (!read_text(rd, m->max, &text))
        return false;
    memcpy((uint8_t *)f + m->at, &text, sizeof(text));
    return true;
}

enum mm_code mm_hunt_frame_read(struct mm_rd *rd, struct mm_hunt_frame *ret)
{
    struct mm_rd at = *rd, body;
    struct mm_hunt_frame f = {.part = 0};
    struct mm_slice s;
    uint32_t n;

    if (!mm_rd_u32le(&at, &n))
        return MM_E_MORE;
    if (n == 0 || n > MM_HF_MAX)
        return MM_E_SYNTAX;
    if (!mm_rd_take(&at, n, &s))
        return MM_E_MORE;
    if (s.p[0] < MM_HF_BEGIN || s.p[0] > MM_HF_DONE)
        return MM_E_SYNTAX;
    f.kind = (enum mm_hunt_frame_kind)s.p[0];
    body = mm_rd_of(mm_slice_sub(s, 1, SIZE_MAX));
    for (size_t i = 0; i < MM_COUNT(members); i++) {
        if ((members[i].kinds >> f.kind & 1) != 0 && !read_member(&body, &members[i], &f))
            return MM_E_SYNTAX;
    }
    if (mm_rd_left(&body) != 0)
        return MM_E_SYNTAX;
    *rd = at;
    *ret = f;
    return MM_OK;
}

void mm_hunt_frame_put_tell(struct mm_buf *tells, struct mm_slice name, struct mm_slice value)
{
    name = mm_utf8_cut(name, MM_HF_MAX_TEXT);
    value = mm_utf8_cut(value, MM_HF_MAX_TEXT);
    if (tells->n + 8 + name.n + value.n > MM_HF_MAX_TELLS)
        return;
    mm_buf_u32le(tells, (uint32_t)name.n);
    mm_buf_add(tells, name);
    mm_buf_u32le(tells, (uint32_t)value.n);
    mm_buf_add(tells, value);
}

bool mm_hunt_frame_tell(struct mm_rd *rd, struct mm_slice *ret_name, struct mm_slice *ret_value)
{
    struct mm_slice name, value;

    if (!read_text(rd, MM_HF_MAX_TEXT, &name) || !read_text(rd, MM_HF_MAX_TEXT, &value))
        return false;
    *ret_name = name;
    *ret_value = value;
    return true;
}
