/* assess/assess.c - see assess.h for the contract: texts, assessments, kept scores. */
#include "assess/assess.h"

#include "assess/assess_priv.h"
#include "codec/ext/sha256.h"
#include "store/records/system_scope.h"

enum { TEXT_ARENA = 8 * 1024 * 1024, WORK_ARENA = 32 * 1024 * 1024, SCORES_MAX = 300 };

static const char *const states[MM_ASSESS_STATES] = {"open", "submitted", "interview", "signed",
                                                     "closed"};
static const char *const sides[MM_SIDES] = {"self", "interviewer"};
static const char *const origins[MM_ORIGINS] = {"self", "interviewer", "carried", "imported",
                                                "proposed"};

const char *mm_assess_state_name(enum mm_assess_state state)
{
    MM_ASSERT(state < MM_ASSESS_STATES);
    return states[state];
}

const char *mm_assess_side_name(enum mm_assess_side side)
{
    MM_ASSERT(side < MM_SIDES);
    return sides[side];
}

const char *mm_assess_origin_name(enum mm_assess_origin origin)
{
    MM_ASSERT(origin < MM_ORIGINS);
    return origins[origin];
}

bool mm_assess_state_find(struct mm_slice name, enum mm_assess_state *ret)
{
    for (int i = 0; i < MM_ASSESS_STATES; i++) {
        if (mm_slice_eq(name, mm_slice_str(states[i]))) {
            *ret = (enum mm_assess_state)i;
            return true;
        }
    }
    return false;
}

bool mm_assess_origin_find(struct mm_slice name, enum mm_assess_origin *ret)
{
    for (int i = 0; i < MM_ORIGINS; i++) {
        if (mm_slice_eq(name, mm_slice_str(origins[i]))) {
            *ret = (enum mm_assess_origin)i;
            return true;
        }
    }
    return false;
}

/* ---- texts ---- */

static bool digest_of(struct mm_slice yaml, char ret[2 * MM_SHA256 + 1])
{
    struct mm_sha256 *h = mm_sha256_new();
    uint8_t raw[MM_SHA256];

    if (h == NULL)
        return false;
    mm_sha256_add(h, yaml);
    mm_sha256_take(h, raw);
    mm_sha256_free(&h);
    for (size_t i = 0; i < MM_SHA256; i++) {
        ret[2 * i] = "0123456789abcdef"[raw[i] >> 4];
        ret[2 * i + 1] = "0123456789abcdef"[raw[i] & 15];
    }
    ret[2 * MM_SHA256] = 0;
    return true;
}

static enum mm_code text_add(struct mm_tx *tx, const struct mm_quest *q, struct mm_slice yaml,
                             const char *digest, int64_t now_us, int64_t *ret)
{
    struct mm_q st;
    enum mm_code code;

    /* Texts belong to nobody, so no company's scope may write them: this one row, and no other. */
    mm_tx_elevate(tx);
    mm_assess_begin(&st, tx, MM_ASSESS_STMT_TEXT_KEEP);
    mm_q_text(&st, ":name", q->id);
    mm_q_int(&st, ":version", q->version);
    mm_q_text(&st, ":digest", mm_slice_str(digest));
    mm_q_text(&st, ":yaml", yaml);
    mm_q_int(&st, ":now", now_us);
    code = mm_q_end(&st);
    mm_tx_drop(tx);
    if (code == MM_OK)
        *ret = mm_tx_last_id(tx);
    return code;
}

enum mm_code mm_assess_text_keep(struct mm_tx *tx, const struct mm_quest *q, struct mm_slice yaml,
                                 int64_t now_us, int64_t *ret)
{
    char digest[2 * MM_SHA256 + 1];
    struct mm_q st;
    enum mm_code code;

    MM_ASSERT(q->id.n > 0 && yaml.n <= MM_QUEST_SIZE_MAX);
    if (!digest_of(yaml, digest))
        return MM_E_NOMEM;
    mm_assess_begin(&st, tx, MM_ASSESS_STMT_TEXT_FIND);
    mm_q_text(&st, ":name", q->id);
    mm_q_int(&st, ":version", q->version);
    mm_q_text(&st, ":digest", mm_slice_str(digest));
    code = mm_q_end_int(&st, ret);
    return code == MM_E_NOTFOUND ? text_add(tx, q, yaml, digest, now_us, ret) : code;
}

enum mm_code mm_assess_text_read(struct mm_tx *tx, int64_t questionnaire, struct mm_quest **ret)
{
    struct mm_quest_errors errors = {0};
    struct mm_slice yaml = {0};
    struct mm_arena a;
    bool found = false;
    struct mm_q st;
    enum mm_code code;

    mm_arena_init(&a, TEXT_ARENA);
    mm_assess_begin(&st, tx, MM_ASSESS_STMT_TEXT_GET);
    mm_q_int(&st, ":questionnaire", questionnaire);
    if (mm_q_row(&st)) {
        yaml = mm_q_col_dup(&st, 0, &a);
        found = true;
    }
    code = mm_q_end(&st);
    if (code == MM_OK && !found)
        code = MM_E_NOTFOUND;
    if (code == MM_OK)
        code = mm_quest_read(yaml, ret, &errors);
    mm_arena_done(&a);
    return code == MM_E_SYNTAX ? MM_E_VERSION : code;
}

/* ---- assessments ---- */

/* ASSESS_COLUMNS. */
static void read_row(struct mm_q *st, struct mm_arena *a, struct mm_assessment *ret)
{
    *ret = (struct mm_assessment){.assessment = mm_q_col_int(st, 0),
                                  .company = mm_q_col_u32(st, 1),
                                  .questionnaire = mm_q_col_int(st, 2),
                                  .name = mm_q_col_dup(st, 3, a),
                                  .version = mm_q_col_u32(st, 4),
                                  .state = MM_ASSESS_CLOSED, /* of a damaged table */
                                  .due_us = mm_q_col_int(st, 6),
                                  .follows = mm_q_col_int(st, 7),
                                  .opened_us = mm_q_col_int(st, 8),
                                  .opened_by = mm_q_col_u32(st, 9),
                                  .submitted_us = mm_q_col_int(st, 10),
                                  .signed_us = mm_q_col_int(st, 11),
                                  .signed_by = mm_q_col_u32(st, 12),
                                  .closed_us = mm_q_col_int(st, 13)};
    (void)!mm_assess_state_find(mm_q_col_text(st, 5), &ret->state);
}

enum mm_code mm_assess_get(struct mm_tx *tx, int64_t assessment, struct mm_arena *a,
                           struct mm_assessment *ret)
{
    struct mm_assessment one = {0};
    bool found = false;
    struct mm_q st;
    enum mm_code code;

    mm_assess_begin(&st, tx, MM_ASSESS_STMT_GET);
    mm_q_int(&st, ":assessment", assessment);
    if (mm_q_row(&st)) {
        read_row(&st, a, &one);
        found = true;
    }
    code = mm_q_end(&st);
    if (code == MM_OK && !found)
        code = MM_E_NOTFOUND;
    if (code == MM_OK)
        *ret = one;
    return code;
}

enum mm_code mm_assess_list(struct mm_tx *tx, const struct mm_assess_which *w, struct mm_arena *a,
                            struct mm_assessment **ret, size_t *ret_n)
{
    struct mm_assessment *list;
    struct mm_q st;
    size_t n = 0;
    enum mm_code code;

    MM_ASSERT(w->max >= 1 && w->max <= MM_ASSESS_LIST_MAX);
    list = mm_arena_array(a, w->max, sizeof(*list));
    if (list == NULL)
        return MM_E_NOMEM;
    mm_assess_begin(&st, tx, MM_ASSESS_STMT_LIST);
    mm_q_text(&st, ":name", w->name);
    mm_q_int(&st, ":closed", w->closed_too ? 1 : 0);
    mm_q_int(&st, ":before", w->before == 0 ? INT64_MAX : w->before);
    mm_q_int(&st, ":max", (int64_t)w->max);
    while (n < w->max && mm_q_row(&st))
        read_row(&st, a, &list[n++]);
    code = mm_q_end(&st);
    if (code == MM_OK) {
        *ret = list;
        *ret_n = n;
    }
    return code;
}

static bool may_move(enum mm_assess_state from, enum mm_assess_state to)
{
    /* Bit t of row f: from f to t. */
    static const uint8_t steps[MM_ASSESS_STATES] = {
        [MM_ASSESS_OPEN] = 1 << MM_ASSESS_SUBMITTED | 1 << MM_ASSESS_CLOSED,
        [MM_ASSESS_SUBMITTED] =
            1 << MM_ASSESS_OPEN | 1 << MM_ASSESS_INTERVIEW | 1 << MM_ASSESS_CLOSED,
        [MM_ASSESS_INTERVIEW] =
            1 << MM_ASSESS_SUBMITTED | 1 << MM_ASSESS_SIGNED | 1 << MM_ASSESS_CLOSED,
        [MM_ASSESS_SIGNED] = 1 << MM_ASSESS_INTERVIEW,
    };

    return (steps[from] >> to & 1) != 0;
}

enum mm_code mm_assess_move(struct mm_tx *tx, int64_t assessment, enum mm_assess_state to,
                            uint32_t by, int64_t now_us)
{
    struct mm_assessment one = {0};
    struct mm_arena a;
    struct mm_q st;
    enum mm_code code;

    MM_ASSERT(to < MM_ASSESS_STATES);
    mm_arena_init(&a, TEXT_ARENA);
    code = mm_assess_get(tx, assessment, &a, &one);
    mm_arena_done(&a);
    if (code != MM_OK)
        return code;
    if (!may_move(one.state, to))
        return one.state == to ? MM_E_EXISTS : MM_E_RANGE;
    mm_assess_begin(&st, tx, MM_ASSESS_STMT_STATE_SET);
    mm_q_int(&st, ":assessment", assessment);
    mm_q_text(&st, ":state", mm_slice_str(states[to]));
    mm_q_text(&st, ":from", mm_slice_str(states[one.state]));
    mm_q_int(&st, ":user", by);
    mm_q_int(&st, ":now", now_us);
    code = mm_q_end_touch(&st);
    /* Whoever is compared with others from now on has a score of what was handed in. */
    if (code == MM_OK && (to == MM_ASSESS_SUBMITTED || to == MM_ASSESS_SIGNED))
        code = mm_assess_score(tx, assessment, now_us);
    return code;
}

static void bind_time(struct mm_q *st, const char *name, int64_t us)
{
    if (us == 0)
        mm_q_null(st, name);
    else
        mm_q_int(st, name, us);
}

enum mm_code mm_assess_due(struct mm_tx *tx, int64_t assessment, int64_t due_us)
{
    struct mm_q st;

    mm_assess_begin(&st, tx, MM_ASSESS_STMT_DUE_SET);
    mm_q_int(&st, ":assessment", assessment);
    bind_time(&st, ":due", due_us);
    return mm_q_end_touch(&st);
}

/* ---- taking over what was answered before ---- */

/* The answer to that id among those said (sorted by nothing we rely on); the interviewer's first.
 */
static const struct mm_said *said_before(const struct mm_said *said, size_t n, struct mm_slice id)
{
    const struct mm_said *best = NULL;

    for (size_t i = 0; i < n; i++) {
        if (mm_slice_eq(said[i].question, id) && said[i].state != MM_ANSWER_BLANK &&
            !said[i].provisional && (best == NULL || said[i].side == MM_SIDE_INTERVIEWER))
            best = &said[i];
    }
    return best;
}

static enum mm_code carry_one(struct mm_tx *tx, int64_t assessment, const struct mm_quest *q,
                              const struct mm_question *u, const struct mm_said *said, size_t n,
                              int64_t now_us)
{
    const struct mm_said *old = said_before(said, n, u->id);
    struct mm_answer fits;
    struct mm_said s;
    int64_t row;

    for (size_t i = 0; old == NULL && i < u->was.n; i++)
        old = said_before(said, n, u->was.v[i]);
    if (old == NULL)
        return MM_OK;
    s = *old;
    s.answer = 0;
    s.question = u->id;
    s.side = MM_SIDE_SELF;
    s.origin = MM_ORIGIN_CARRIED;
    s.provisional = true;
    s.ticked = false; /* criteria are looked at anew */
    s.met = (struct mm_slice){0};
    s.reason = (struct mm_slice){0};
    /* Levels or policies that are others now: it is asked as if for the first time. */
    if (!mm_said_answer(u, &s, &fits))
        return MM_OK;
    return mm_assess_say(tx, assessment, q, &s, now_us, &row, NULL);
}

static enum mm_code carry(struct mm_tx *tx, int64_t assessment, const struct mm_assess_new *n,
                          int64_t now_us)
{
    struct mm_said *said = NULL;
    struct mm_arena a;
    size_t count = 0;
    enum mm_code code;

    mm_arena_init(&a, WORK_ARENA);
    code = mm_assess_said(tx, n->follows, &a, &said, &count);
    for (size_t i = 0; i < n->q->questions && code == MM_OK; i++)
        code = carry_one(tx, assessment, n->q, &n->q->question[i], said, count, now_us);
    mm_arena_done(&a);
    return code;
}

enum mm_code mm_assess_open(struct mm_tx *tx, const struct mm_assess_new *n, int64_t now_us,
                            int64_t *ret)
{
    struct mm_assessment before;
    struct mm_arena a;
    struct mm_q st;
    enum mm_code code = MM_OK;
    int64_t id;

    mm_arena_init(&a, TEXT_ARENA);
    if (n->follows != 0)
        code = mm_assess_get(tx, n->follows, &a, &before);
    mm_arena_done(&a);
    if (code != MM_OK)
        return code;
    mm_assess_begin(&st, tx, MM_ASSESS_STMT_OPEN);
    mm_q_int(&st, ":questionnaire", n->questionnaire);
    mm_q_text(&st, ":name", n->q->id);
    mm_q_int(&st, ":version", n->q->version);
    bind_time(&st, ":due", n->due_us);
    bind_time(&st, ":follows", n->follows);
    mm_q_int(&st, ":user", n->by);
    mm_q_int(&st, ":now", now_us);
    code = mm_q_end(&st);
    if (code != MM_OK)
        return code;
    id = mm_tx_last_id(tx);
    if (n->follows != 0)
        code = carry(tx, id, n, now_us);
    if (code == MM_OK)
        *ret = id;
    return code;
}

/* ---- kept scores ---- */

/* Where the next score goes. */
struct keeper {
    struct mm_tx *tx;
    int64_t assessment, now_us, at;
};

static enum mm_code keep_one(struct keeper *k, const char *part, struct mm_slice id,
                             const struct mm_score *s)
{
    struct mm_q st;

    mm_assess_begin(&st, k->tx, MM_ASSESS_STMT_SCORE_KEEP);
    mm_q_int(&st, ":assessment", k->assessment);
    mm_q_int(&st, ":at", k->at++);
    mm_q_text(&st, ":part", mm_slice_str(part));
    mm_q_text(&st, ":part_id", id);
    if (s->measured) {
        mm_q_int(&st, ":num", s->value.num);
        mm_q_int(&st, ":den", s->value.den);
    } else {
        mm_q_null(&st, ":num");
        mm_q_null(&st, ":den");
    }
    mm_q_int(&st, ":k", (int64_t)s->k);
    mm_q_int(&st, ":n", (int64_t)s->n.counted);
    mm_q_int(&st, ":questions", (int64_t)s->n.questions);
    mm_q_int(&st, ":unknown", (int64_t)s->n.unknown);
    mm_q_int(&st, ":not_applicable", (int64_t)s->n.not_applicable);
    mm_q_int(&st, ":blank", (int64_t)s->n.blank);
    mm_q_int(&st, ":not_asked", (int64_t)s->n.not_asked);
    mm_q_int(&st, ":now", k->now_us);
    return mm_q_end(&st);
}

static enum mm_code keep_groups(struct keeper *k, const char *part, const struct mm_quest_group *g,
                                const struct mm_score *s, size_t n)
{
    enum mm_code code = MM_OK;

    for (size_t i = 0; i < n && code == MM_OK; i++)
        code = keep_one(k, part, g[i].id, &s[i]);
    return code;
}

enum mm_code mm_assess_keep(struct mm_tx *tx, int64_t assessment, const struct mm_result *r,
                            int64_t now_us)
{
    struct keeper k = {.tx = tx, .assessment = assessment, .now_us = now_us};
    const struct mm_quest *q = r->quest;
    struct mm_q st;
    enum mm_code code;

    mm_assess_begin(&st, tx, MM_ASSESS_STMT_SCORES_FORGET);
    mm_q_int(&st, ":assessment", assessment);
    code = mm_q_end(&st);
    if (code == MM_OK)
        code = keep_one(&k, "total", MM_S(""), &r->total);
    for (size_t i = 0; i < q->sections && code == MM_OK; i++)
        code = keep_one(&k, "section", q->section[i].id, &r->section[i]);
    if (code == MM_OK)
        code = keep_groups(&k, "category", q->category, r->category, q->categories);
    if (code == MM_OK)
        code = keep_groups(&k, "pillar", q->pillar, r->pillar, q->pillars);
    if (code == MM_OK)
        code = keep_groups(&k, "measure", q->measure, r->measure, q->measures);
    for (size_t i = 0; i < q->tiers && code == MM_OK; i++) {
        const struct mm_tier_score *t = &r->tier[i];
        struct mm_score s = {.n.questions = t->n, .n.counted = t->n, .k = t->k};

        s.measured = t->n > 0 && mm_ratio_make((int64_t)t->k, (int64_t)t->n, &s.value);
        code = keep_one(&k, "tier", q->tier[i].id, &s);
    }
    return code;
}

enum mm_code mm_assess_score(struct mm_tx *tx, int64_t assessment, int64_t now_us)
{
    struct mm_assessment one = {0};
    struct mm_quest *q = NULL;
    struct mm_answer *answer;
    struct mm_said *said = NULL;
    struct mm_result r;
    struct mm_arena a;
    size_t n = 0;
    enum mm_code code;

    mm_arena_init(&a, WORK_ARENA);
    code = mm_assess_get(tx, assessment, &a, &one);
    if (code == MM_OK)
        code = mm_assess_text_read(tx, one.questionnaire, &q);
    if (code == MM_OK)
        code = mm_assess_said(tx, assessment, &a, &said, &n);
    if (code == MM_OK) {
        answer = mm_arena_array(&a, q->questions, sizeof(*answer));
        code = answer == NULL ? MM_E_NOMEM : MM_OK;
    }
    if (code == MM_OK) {
        mm_assess_count(q, said, n, false, answer);
        code = mm_score(q, answer, &a, &r);
    }
    if (code == MM_OK)
        code = mm_assess_keep(tx, assessment, &r, now_us);
    mm_quest_free(&q);
    mm_arena_done(&a);
    return code;
}

enum mm_code mm_assess_scores(struct mm_tx *tx, int64_t assessment, struct mm_arena *a,
                              struct mm_assess_score **ret, size_t *ret_n)
{
    struct mm_assess_score *list = mm_arena_array(a, SCORES_MAX, sizeof(*list));
    struct mm_q st;
    size_t n = 0;
    enum mm_code code;

    if (list == NULL)
        return MM_E_NOMEM;
    mm_assess_begin(&st, tx, MM_ASSESS_STMT_SCORES);
    mm_q_int(&st, ":assessment", assessment);
    mm_q_int(&st, ":max", SCORES_MAX);
    while (n < SCORES_MAX && mm_q_row(&st)) {
        int64_t den = mm_q_col_int(&st, 3);

        list[n] = (struct mm_assess_score){.part = mm_q_col_dup(&st, 0, a),
                                           .id = mm_q_col_dup(&st, 1, a),
                                           .measured = den > 0,
                                           .value = {mm_q_col_int(&st, 2), den > 0 ? den : 1},
                                           .k = mm_q_col_int(&st, 4),
                                           .n = mm_q_col_int(&st, 5),
                                           .questions = mm_q_col_int(&st, 6),
                                           .unknown = mm_q_col_int(&st, 7),
                                           .not_applicable = mm_q_col_int(&st, 8),
                                           .blank = mm_q_col_int(&st, 9),
                                           .not_asked = mm_q_col_int(&st, 10),
                                           .scored_us = mm_q_col_int(&st, 11)};
        n++;
    }
    code = mm_q_end(&st);
    if (code == MM_OK) {
        *ret = list;
        *ret_n = n;
    }
    return code;
}

enum mm_code mm_assess_peers(struct mm_tx *tx, struct mm_slice name, uint32_t version,
                             struct mm_slice part, struct mm_slice id, uint32_t after,
                             struct mm_arena *a, struct mm_assess_peer **ret, size_t *ret_n)
{
    struct mm_assess_peer *list = mm_arena_array(a, MM_ASSESS_PEERS_MAX, sizeof(*list));
    struct mm_q st;
    size_t n = 0;
    enum mm_code code;

    if (list == NULL)
        return MM_E_NOMEM;
    mm_assess_begin(&st, tx, MM_ASSESS_STMT_PEERS);
    mm_q_text(&st, ":name", name);
    mm_q_int(&st, ":version", version);
    mm_q_text(&st, ":part", part);
    mm_q_text(&st, ":part_id", id);
    mm_q_int(&st, ":after", after);
    mm_q_int(&st, ":max", MM_ASSESS_PEERS_MAX);
    while (n < MM_ASSESS_PEERS_MAX && mm_q_row(&st)) {
        int64_t den = mm_q_col_int(&st, 3);

        if (den > 0) /* else of a damaged table */
            list[n++] = (struct mm_assess_peer){.company = mm_q_col_u32(&st, 0),
                                                .assessment = mm_q_col_int(&st, 1),
                                                .value = {mm_q_col_int(&st, 2), den}};
    }
    code = mm_q_end(&st);
    if (code == MM_OK) {
        *ret = list;
        *ret_n = n;
    }
    return code;
}
