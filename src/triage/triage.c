/* triage/triage.c - see triage.h for the contract. */
#include "triage/triage.h"

#include "base/utf8.h"
#include "triage/case.h"
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

static int same_finding(const struct mm_alert *a, const struct mm_alert *b)
{
    int c = a->company < b->company ? -1 : a->company > b->company;

    if (c == 0)
        c = mm_slice_cmp(a->rule_id, b->rule_id);
    if (c == 0)
        c = mm_slice_cmp(a->entity_field, b->entity_field);
    return c != 0 ? c : mm_slice_cmp(a->entity, b->entity);
}

int mm_alert_order(const void *pa, const void *pb)
{
    const struct mm_alert *a = pa, *b = pb;
    int c = (a->hidden_by.n > 0) - (b->hidden_by.n > 0);

    if (c == 0)
        c = same_finding(a, b);
    if (c == 0)
        c = mm_slice_cmp(a->hidden_by, b->hidden_by);
    if (c == 0)
        c = a->queue < b->queue ? -1 : a->queue > b->queue;
    return c != 0 ? c : a->seq < b->seq ? -1 : a->seq > b->seq;
}

/* Foreign text on its way into the records: valid UTF-8. Falls back to nothing without memory. */
static struct mm_slice clean(struct mm_buf *b, struct mm_slice s)
{
    if (mm_utf8_valid(s))
        return s;
    mm_buf_reset(b);
    mm_utf8_clean(b, s);
    return mm_buf_ok(b) ? mm_buf_slice(b) : (struct mm_slice){0};
}

/* What is written about one finding, whoever made it. */
struct made {
    const char *kind;
    struct mm_slice rule, field, entity, title, author, doc;
    enum mm_level level, weight; /* the rule's; with what was done against it */
    uint64_t count;
    int64_t first_us, last_us;
};

struct found {
    int64_t finding;
    int64_t case_id; /* 0: none */
    bool is_new;
};

static enum mm_code look_up(struct mm_tx *tx, const struct made *m, struct found *ret)
{
    struct mm_q q;

    mm_q_begin(&q, tx, &mm_triage_stmts[MM_TRIAGE_FINDING_GET]);
    mm_q_text(&q, ":kind", mm_slice_str(m->kind));
    mm_q_text(&q, ":rule", m->rule);
    mm_q_text(&q, ":field", m->field);
    mm_q_text(&q, ":entity", m->entity);
    *ret = (struct found){.is_new = true};
    if (mm_q_row(&q))
        *ret = (struct found){.finding = mm_q_col_int(&q, 0), .case_id = mm_q_col_int(&q, 2)};
    return mm_q_end(&q);
}

static enum mm_code add_or_count(struct mm_tx *tx, const struct made *m, struct found *f)
{
    struct mm_q q;
    enum mm_code code;

    mm_q_begin(&q, tx,
               &mm_triage_stmts[f->is_new ? MM_TRIAGE_FINDING_ADD : MM_TRIAGE_FINDING_COUNT]);
    if (f->is_new) {
        mm_q_text(&q, ":kind", mm_slice_str(m->kind));
        mm_q_text(&q, ":rule", m->rule);
        mm_q_text(&q, ":field", m->field);
        mm_q_text(&q, ":entity", m->entity);
        mm_q_int(&q, ":level", m->level);
        mm_q_text(&q, ":title", m->title);
        mm_q_text(&q, ":author", m->author);
        mm_q_text(&q, ":doc", m->doc);
    } else {
        mm_q_int(&q, ":finding", f->finding);
    }
    mm_q_int(&q, ":count", (int64_t)m->count); /* alerts of one batch: fits */
    mm_q_int(&q, ":first", m->first_us);
    mm_q_int(&q, ":last", m->last_us);
    code = mm_q_end(&q);
    if (code == MM_OK && f->is_new)
        f->finding = mm_tx_last_id(tx);
    return code;
}

static enum mm_code mark_get(struct mm_tx *tx, int64_t finding, uint16_t queue, uint64_t *ret)
{
    struct mm_q q;

    mm_q_begin(&q, tx, &mm_triage_stmts[MM_TRIAGE_MARK_GET]);
    mm_q_int(&q, ":finding", finding);
    mm_q_int(&q, ":queue", queue);
    *ret = mm_q_row(&q) ? (uint64_t)mm_q_col_int(&q, 0) : 0;
    return mm_q_end(&q);
}

static enum mm_code mark_set(struct mm_tx *tx, int64_t finding, uint16_t queue, uint64_t seq)
{
    struct mm_q q;

    mm_q_begin(&q, tx, &mm_triage_stmts[MM_TRIAGE_MARK_SET]);
    mm_q_int(&q, ":finding", finding);
    mm_q_int(&q, ":queue", queue);
    mm_q_int(&q, ":seq", (int64_t)seq); /* numbers of a queue stay below 2^63 for ever */
    return mm_q_end(&q);
}

/* Bring the finding into a case of its entity: its own, an open one, or a new one. */
static enum mm_code into_case(struct mm_tx *tx, uint32_t company, const struct made *m,
                              struct found *f, int64_t now_us, struct mm_opened *opened)
{
    struct mm_case_new fresh = {.how = "detected",
                                .entity_field = m->field,
                                .entity = m->entity,
                                .level = m->weight,
                                .title = m->title,
                                .doc = m->doc,
                                .event_us = m->first_us,
                                .now_us = now_us};
    bool is_new = false;
    enum mm_code code;

    code = mm_case_for(tx, &fresh, f->case_id, &f->case_id, &is_new);
    if (code == MM_OK)
        code = mm_case_attach(tx, f->case_id, f->finding, m->title, now_us);
    if (code == MM_OK && is_new) {
        opened->company = company;
        opened->case_id = f->case_id;
        opened->act = mm_triage_act(m->weight);
        code = mm_case_number(tx, f->case_id, &opened->number);
    }
    return code;
}

static enum mm_code copy_events(struct mm_tx *tx, const struct mm_alert *a, size_t n,
                                int64_t case_id, struct mm_buf *tmp)
{
    enum mm_code code = MM_OK;

    for (size_t i = 0; i < n && i < MM_FINDING_EVENTS_MAX && code == MM_OK; i++) {
        struct mm_case_event e = {.queue = a[i].queue,
                                  .seq = a[i].seq,
                                  .rule = a[i].rule_id,
                                  .time_us = a[i].time_us,
                                  .received_us = a[i].received_us,
                                  .source = a[i].source,
                                  .event = clean(tmp, a[i].event)};
        code = mm_case_event_add(tx, case_id, &e);
    }
    return code;
}

/* How many events there are, from when to when, and what they weigh together. */
static void sum_up(const struct mm_alert *a, size_t n, struct made *m)
{
    m->count = 0;
    m->first_us = m->last_us = a->time_us;
    m->weight = mm_level_weigh(a->level, true);
    for (size_t i = 0; i < n; i++) {
        m->count += a[i].events;
        if (!a[i].prevented) /* one that came through counts for all */
            m->weight = a->level;
        m->first_us = a[i].time_us < m->first_us ? a[i].time_us : m->first_us;
        m->last_us = a[i].time_us > m->last_us ? a[i].time_us : m->last_us;
    }
}

/* One run: alerts of one finding and one queue, in the order of their numbers. */
static enum mm_code take_run(struct mm_tx *tx, const struct mm_alert *a, size_t n, int64_t now_us,
                             struct mm_opened *opened)
{
    struct mm_buf text[5];
    struct made m = {.kind = "alert", .level = a->level};
    struct found f;
    uint64_t mark = 0;
    size_t done = 0;
    enum mm_code code;

    for (size_t i = 0; i < MM_COUNT(text); i++)
        mm_buf_init(&text[i], 4 * MM_ALERT_MAX_EVENT);
    m.rule = clean(&text[0], a->rule_id);
    m.field = a->entity_field;
    m.entity = clean(&text[1], a->entity);
    m.title = clean(&text[2], a->title);
    m.author = clean(&text[3], a->author);
    m.doc = clean(&text[4], a->doc.n > 0 ? a->doc : MM_S("{}"));
    code = look_up(tx, &m, &f);
    if (code == MM_OK && !f.is_new)
        code = mark_get(tx, f.finding, a->queue, &mark);
    while (code == MM_OK && done < n && a[done].seq <= mark)
        done++;
    if (code == MM_OK && done < n) {
        sum_up(a + done, n - done, &m);
        code = add_or_count(tx, &m, &f);
        if (code == MM_OK)
            code = mark_set(tx, f.finding, a->queue, a[n - 1].seq);
        if (code == MM_OK && m.level >= MM_CASE_LEVEL) {
            code = into_case(tx, a->company, &m, &f, now_us, opened);
            mm_buf_reset(&text[0]);
            if (code == MM_OK)
                code = copy_events(tx, a + done, n - done, f.case_id, &text[0]);
        }
    }
    for (size_t i = 0; i < MM_COUNT(text); i++)
        mm_buf_done(&text[i]);
    return code;
}

static enum mm_code company_is(struct mm_tx *tx, bool *ret)
{
    struct mm_q q;
    int64_t n = 0;
    enum mm_code code;

    mm_q_begin(&q, tx, &mm_triage_stmts[MM_TRIAGE_COMPANY_IS]);
    code = mm_q_end_int(&q, &n);
    *ret = n > 0;
    return code;
}

/* Narrow to the company; *ret_is says whether it exists. Widen only after MM_OK. */
static enum mm_code enter(struct mm_tx *tx, uint32_t company, bool *ret_is)
{
    enum mm_code code = mm_tx_narrow(tx, company);

    if (code != MM_OK)
        return code;
    code = company_is(tx, ret_is);
    if (code != MM_OK)
        mm_tx_widen(tx);
    return code;
}

enum mm_code mm_triage_alerts(struct mm_tx *tx, const struct mm_alert *alerts, size_t n,
                              int64_t now_us, size_t *ret_used, struct mm_opened *ret_opened,
                              size_t *ret_opened_n)
{
    size_t used = 0, opened_n = 0, all = n;

    while (n > 0 && alerts[n - 1].hidden_by.n > 0)
        n--; /* sorted: these are the last */
    for (size_t runs = 0; used < n && runs < MM_TRIAGE_RUNS_MAX; runs++) {
        const struct mm_alert *a = alerts + used;
        struct mm_opened opened = {0};
        size_t run = 1;
        bool is = false;
        enum mm_code code;

        while (used + run < n && same_finding(a, a + run) == 0 && a[run].queue == a->queue)
            run++;
        code = enter(tx, a->company, &is);
        if (code == MM_OK) {
            code = is ? take_run(tx, a, run, now_us, &opened) : MM_OK;
            mm_tx_widen(tx);
        }
        if (code != MM_OK)
            return code;
        if (opened.case_id != 0)
            ret_opened[opened_n++] = opened;
        used += run;
    }
    *ret_used = used == n ? all : used;
    *ret_opened_n = opened_n;
    return MM_OK;
}

static struct made made_of(const struct mm_note *n)
{
    return (struct made){.kind = n->kind,
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
    struct made m = made_of(note);
    struct mm_opened opened = {0};
    struct found f;
    bool is = false;
    enum mm_code code = enter(tx, note->company, &is);

    if (code != MM_OK)
        return code;
    if (is) {
        code = look_up(tx, &m, &f);
        if (code == MM_OK)
            code = add_or_count(tx, &m, &f);
        if (code == MM_OK && m.level >= MM_CASE_LEVEL)
            code = into_case(tx, note->company, &m, &f, now_us, &opened);
    }
    mm_tx_widen(tx);
    if (code == MM_OK)
        *ret_opened = opened;
    return code;
}

enum mm_code mm_triage_over(struct mm_tx *tx, const struct mm_note *note)
{
    struct made m = made_of(note);
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
    enum mm_code code = enter(tx, company, &is);

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
    enum mm_code code = enter(tx, company, &is);

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
