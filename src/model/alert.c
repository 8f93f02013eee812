/* model/alert.c - see alert.h for the contract. */
#include "model/alert.h"

#include "base/utf8.h"

static const char *const level_names[] = {"informational", "low", "medium", "high", "critical"};
static_assert(MM_COUNT(level_names) == MM_LEVEL_COUNT, "one name per level");

const char *mm_level_name(enum mm_level level)
{
    MM_ASSERT(level < MM_LEVEL_COUNT);
    return level_names[level];
}

bool mm_level_find(struct mm_slice name, enum mm_level *ret)
{
    for (size_t i = 0; i < MM_LEVEL_COUNT; i++) {
        if (mm_slice_ieq(name, mm_slice_str(level_names[i]))) {
            *ret = (enum mm_level)i;
            return true;
        }
    }
    return false;
}

/* Texts in the order they stand on the wire, each with its limit. */
enum { TEXTS = 8 };

/* Beside the level: the author's stands in the third byte. */
enum { PREVENTED = 0x100, SUCCEEDED = 0x200, RULE_LEVEL_SHIFT = 16 };

static const size_t text_max[TEXTS] = {
    MM_ALERT_MAX_TEXT, MM_ALERT_MAX_TEXT, MM_ALERT_MAX_TEXT,  MM_ALERT_MAX_TEXT,
    MM_ALERT_MAX_TEXT, MM_ALERT_MAX_DOC,  MM_ALERT_MAX_EVENT, MM_ALERT_MAX_TEXT,
};

void mm_alert_encode(struct mm_buf *out, const struct mm_alert *a)
{
    const struct mm_slice text[TEXTS] = {a->rule_id, a->title, a->author, a->entity_field,
                                         a->entity,  a->doc,   a->event,  a->hidden_by};

    MM_ASSERT(a->level < MM_LEVEL_COUNT && a->rule_level < MM_LEVEL_COUNT);
    mm_buf_u64le(out, a->seq);
    mm_buf_u32le(out, a->queue);
    mm_buf_u32le(out, a->company);
    mm_buf_u32le(out, a->source);
    mm_buf_u64le(out, (uint64_t)a->received_us);
    mm_buf_u64le(out, (uint64_t)a->time_us);
    mm_buf_u32le(out, a->events);
    mm_buf_u32le(out, (uint32_t)a->level | (a->prevented ? PREVENTED : 0) |
                          (a->succeeded ? SUCCEEDED : 0) |
                          (uint32_t)a->rule_level << RULE_LEVEL_SHIFT);
    for (size_t i = 0; i < TEXTS; i++) {
        struct mm_slice t = mm_utf8_cut(text[i], text_max[i]);

        mm_buf_u32le(out, (uint32_t)t.n); /* at most text_max */
        mm_buf_add(out, t);
    }
}

bool mm_alert_decode(struct mm_rd *rd, struct mm_alert *ret)
{
    struct mm_slice text[TEXTS];
    struct mm_alert a = {0};
    uint64_t received, time;
    uint32_t queue, level, rule_level;

    if (!mm_rd_u64le(rd, &a.seq) || !mm_rd_u32le(rd, &queue) || !mm_rd_u32le(rd, &a.company) ||
        !mm_rd_u32le(rd, &a.source) || !mm_rd_u64le(rd, &received) || !mm_rd_u64le(rd, &time) ||
        !mm_rd_u32le(rd, &a.events) || !mm_rd_u32le(rd, &level))
        return false;
    a.prevented = (level & PREVENTED) != 0;
    a.succeeded = (level & SUCCEEDED) != 0;
    rule_level = level >> RULE_LEVEL_SHIFT;
    level &= (UINT32_C(1) << RULE_LEVEL_SHIFT) - 1 - PREVENTED - SUCCEEDED;
    if (queue > UINT16_MAX || a.events == 0 || level >= MM_LEVEL_COUNT ||
        rule_level >= MM_LEVEL_COUNT)
        return false;
    for (size_t i = 0; i < TEXTS; i++) {
        uint32_t n;

        if (!mm_rd_u32le(rd, &n) || n > text_max[i] || !mm_rd_take(rd, n, &text[i]))
            return false;
    }
    a.queue = (uint16_t)queue;
    a.level = (enum mm_level)level;
    a.rule_level = (enum mm_level)rule_level;
    a.received_us = (int64_t)received; /* two's complement both ways */
    a.time_us = (int64_t)time;
    a.rule_id = text[0];
    a.title = text[1];
    a.author = text[2];
    a.entity_field = text[3];
    a.entity = text[4];
    a.doc = text[5];
    a.event = text[6];
    a.hidden_by = text[7];
    *ret = a;
    return true;
}

enum mm_level mm_level_weigh(enum mm_level level, bool prevented)
{
    MM_ASSERT(level < MM_LEVEL_COUNT);
    return prevented && level > MM_LEVEL_LOW ? (enum mm_level)(level - 1) : level;
}
