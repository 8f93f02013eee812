/* triage/triage.c - see triage.h for the contract. */
#include "triage/triage.h"

#include "triage/triage_priv.h"

static const char *const act_names[] = {"now", "today", "week", "meeting"};
static_assert(MM_COUNT(act_names) == MM_ACT_COUNT, "one name per act");
static const char *const sure_names[] = {"almost", "probably", "just_in_case"};
static_assert(MM_COUNT(sure_names) == MM_SURE_COUNT, "one name per degree");

const char *mm_act_name(enum mm_act act)
{
    MM_ASSERT(act < MM_ACT_COUNT);
    return act_names[act];
}

enum mm_sure mm_sure_of(uint32_t confidence)
{
    return confidence >= 90   ? MM_SURE_ALMOST
           : confidence >= 70 ? MM_SURE_PROBABLY
                              : MM_SURE_JUST_IN_CASE;
}

const char *mm_sure_name(enum mm_sure sure)
{
    MM_ASSERT(sure < MM_SURE_COUNT);
    return sure_names[sure];
}

uint32_t mm_triage_confidence(enum mm_level level)
{
    /* Until outcomes of closed cases are counted per rule, the author's level is all we know. */
    static const uint32_t percent[] = {20, 40, 60, 80, 95};
    static_assert(MM_COUNT(percent) == MM_LEVEL_COUNT, "one figure per level");

    MM_ASSERT(level < MM_LEVEL_COUNT);
    return percent[level];
}

enum mm_act mm_triage_act(enum mm_level level)
{
    switch (level) {
    case MM_LEVEL_CRITICAL:
        return MM_ACT_NOW;
    case MM_LEVEL_HIGH:
        return MM_ACT_TODAY;
    case MM_LEVEL_MEDIUM:
        return MM_ACT_WEEK;
    default:
        return MM_ACT_MEETING;
    }
}

static struct mm_made made_of(const struct mm_note *n)
{
    return (struct mm_made){.kind = n->kind,
                            .lane = MM_LANE_KNOWN, /* ours: takes no place of an alert's */
                            .field = mm_slice_str(n->entity_field),
                            .entity = n->entity,
                            .title = mm_slice_str(n->kind),
                            .doc = n->doc.n > 0 ? n->doc : MM_S("{}"),
                            .level = n->level,
                            .weight = n->level,
                            .count = 1,
                            .first_us = n->time_us,
                            .last_us = n->time_us};
}

enum mm_code mm_triage_note(struct mm_tx *tx, const struct mm_note *note, int64_t now_us,
                            struct mm_opened *ret_opened)
{
    struct mm_made m = made_of(note);
    struct mm_opened opened = {0};
    struct mm_found f;
    bool is = false;
    enum mm_code code = mm_triage_enter(tx, note->company, &is);

    if (code != MM_OK)
        return code;
    if (is) {
        code = mm_finding_get(tx, &m, &f);
        if (code == MM_OK)
            code = mm_finding_count(tx, &m, now_us, &f);
        if (code == MM_OK && m.level >= MM_CASE_LEVEL)
            code = mm_finding_into_case(tx, note->company, &m, &f, now_us, &opened);
    }
    mm_tx_widen(tx);
    if (code == MM_OK)
        *ret_opened = opened;
    return code;
}

enum mm_code mm_triage_over(struct mm_tx *tx, const struct mm_note *note)
{
    struct mm_made m = made_of(note);
    struct mm_q q;
    enum mm_code code = mm_tx_narrow(tx, note->company);

    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_triage_stmts[MM_TRIAGE_FINDING_CLOSE]);
    mm_q_text(&q, ":kind", mm_slice_str(m.kind));
    mm_q_text(&q, ":rule", m.rule);
    mm_q_text(&q, ":field", m.field);
    mm_q_text(&q, ":entity", m.entity);
    code = mm_q_end(&q);
    mm_tx_widen(tx);
    return code;
}

enum mm_code mm_triage_aside(struct mm_tx *tx, uint32_t company, uint16_t queue, uint64_t seq,
                             uint32_t source, int64_t received_us, const char *why,
                             struct mm_slice bytes)
{
    struct mm_note note = {.company = 0,
                           .kind = "set_aside",
                           .entity_field = "event.reason",
                           .entity = mm_slice_str(why),
                           .level = MM_LEVEL_LOW,
                           .time_us = received_us};
    struct mm_opened opened;
    struct mm_q q;
    bool is = false;
    enum mm_code code = mm_triage_enter(tx, company, &is);

    if (code != MM_OK)
        return code;
    if (is) {
        mm_q_begin(&q, tx, &mm_triage_stmts[MM_TRIAGE_ASIDE_ADD]);
        mm_q_int(&q, ":queue", queue);
        mm_q_int(&q, ":seq", (int64_t)seq);
        mm_q_int(&q, ":source", source);
        mm_q_int(&q, ":received", received_us);
        mm_q_text(&q, ":why", mm_slice_str(why));
        mm_q_blob(&q, ":bytes", mm_slice_sub(bytes, 0, MM_ASIDE_BYTES));
        code = mm_q_end_touch(&q);
    }
    mm_tx_widen(tx);
    if (code == MM_E_NOTFOUND)
        return MM_OK; /* it was set aside before, and counted then */
    return code == MM_OK ? mm_triage_note(tx, &note, received_us, &opened) : code;
}

enum mm_code mm_triage_position(struct mm_tx *tx, uint16_t queue, uint64_t *ret_seq)
{
    struct mm_q q;
    uint64_t seq = 1;
    enum mm_code code;

    mm_q_begin(&q, tx, &mm_triage_stmts[MM_TRIAGE_POSITION_GET]);
    mm_q_int(&q, ":queue", queue);
    if (mm_q_row(&q))
        seq = (uint64_t)mm_q_col_int(&q, 0);
    code = mm_q_end(&q);
    if (code == MM_OK)
        *ret_seq = seq;
    return code;
}

enum mm_code mm_triage_position_set(struct mm_tx *tx, uint16_t queue, uint64_t seq)
{
    struct mm_q q;
    enum mm_code code;

    mm_q_begin(&q, tx, &mm_triage_stmts[MM_TRIAGE_POSITION_SET]);
    mm_q_int(&q, ":queue", queue);
    mm_q_int(&q, ":seq", (int64_t)seq);
    code = mm_q_end(&q);
    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_triage_stmts[MM_TRIAGE_COUNTED_DONE]);
    mm_q_int(&q, ":queue", queue);
    return mm_q_end(&q);
}

enum mm_code mm_triage_counted(struct mm_tx *tx, uint16_t queue, struct mm_counted *ret)
{
    struct mm_counted counted = {0};
    struct mm_q q;
    enum mm_code code;

    mm_q_begin(&q, tx, &mm_triage_stmts[MM_TRIAGE_COUNTED_GET]);
    mm_q_int(&q, ":queue", queue);
    if (mm_q_row(&q))
        counted = (struct mm_counted){.to = (uint64_t)mm_q_col_int(&q, 0),
                                      .company = mm_q_col_u32(&q, 1),
                                      .source = mm_q_col_u32(&q, 2),
                                      .any = mm_q_col_int(&q, 3) != 0};
    code = mm_q_end(&q);
    if (code == MM_OK)
        *ret = counted;
    return code;
}

enum mm_code mm_triage_counted_set(struct mm_tx *tx, uint16_t queue,
                                   const struct mm_counted *counted)
{
    struct mm_q q;

    MM_ASSERT(counted->to > 0);
    mm_q_begin(&q, tx, &mm_triage_stmts[MM_TRIAGE_COUNTED_SET]);
    mm_q_int(&q, ":queue", queue);
    mm_q_int(&q, ":to", (int64_t)counted->to); /* numbers of a queue stay below 2^63 for ever */
    mm_q_int(&q, ":company", counted->company);
    mm_q_int(&q, ":source", counted->source);
    mm_q_int(&q, ":any", counted->any);
    return mm_q_end(&q);
}

enum mm_code mm_triage_header_set(struct mm_tx *tx, uint32_t company, uint32_t source,
                                  struct mm_slice lines)
{
    struct mm_q q;
    bool is = false;
    enum mm_code code = mm_triage_enter(tx, company, &is);

    if (code != MM_OK)
        return code;
    if (is) {
        mm_q_begin(&q, tx,
                   &mm_triage_stmts[lines.n > 0 ? MM_TRIAGE_HEADER_SET : MM_TRIAGE_HEADER_DONE]);
        mm_q_int(&q, ":source", source);
        if (lines.n > 0)
            mm_q_blob(&q, ":lines", lines);
        code = mm_q_end(&q);
    }
    mm_tx_widen(tx);
    return code;
}

enum mm_code mm_triage_headers(struct mm_tx *tx, size_t max,
                               void (*each)(void *ctx, uint32_t company, uint32_t source,
                                            struct mm_slice lines),
                               void *ctx)
{
    struct mm_q q;

    mm_q_begin(&q, tx, &mm_triage_stmts[MM_TRIAGE_HEADER_LIST]);
    mm_q_int(&q, ":max", (int64_t)max); /* a few hundred */
    while (mm_q_row(&q))
        each(ctx, mm_q_col_u32(&q, 0), mm_q_col_u32(&q, 1), mm_q_col_blob(&q, 2));
    return mm_q_end(&q);
}
