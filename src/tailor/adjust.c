/* tailor/adjust.c - see tailor.h for the contract: rules off, on, of another level. */
#include "base/utf8.h"
#include "base/vec.h"
#include "tailor/tailor_priv.h"

static const char *const states[] = {"proposed", "active", "ended"};
static_assert(MM_COUNT(states) == MM_TAILOR_STATES, "one name a state");

const char *mm_tailor_state_name(enum mm_tailor_state state)
{
    MM_ASSERT(state < MM_TAILOR_STATES);
    return states[state];
}

/* ---- changing ---- */

bool mm_tailor_second(const struct mm_tailor_adjust *x)
{
    return x->rule_level == MM_LEVEL_CRITICAL &&
           (!x->enabled || (x->has_level && x->level < x->rule_level));
}

void mm_tailor_say(const struct mm_tailor_adjust *x, struct mm_buf *out)
{
    mm_buf_str(out, x->enabled ? "on" : "off");
    if (x->has_level)
        mm_buf_fmt(out, " %s", mm_level_name(x->level));
    mm_buf_fmt(out, " (author: %s)\n%.*s\n%.*s", mm_level_name(x->rule_level), MM_S_ARG(x->title),
               MM_S_ARG(x->reason));
}

static bool good_text(struct mm_slice s, size_t max)
{
    return s.n > 0 && s.n <= max && mm_utf8_valid(s);
}

/* Of a place: how many are in force or proposed. */
static enum mm_code check_room(struct mm_tx *tx, uint32_t programme, struct mm_fault *fault)
{
    int64_t n = 0;
    struct mm_q q;
    enum mm_code code;

    mm_tailor_begin(&q, tx, MM_TAILOR_STMT_ADJUST_COUNT);
    mm_q_int(&q, ":at", mm_scope_company(mm_tx_scope(tx)));
    mm_q_int(&q, ":programme", programme);
    code = mm_q_end_int(&q, &n);
    if (code == MM_OK && n >= MM_TAILOR_ADJUSTS_MAX)
        return mm_fail(fault, MM_E_RANGE, 0, "tailor.full");
    return code;
}

static enum mm_code check(struct mm_tx *tx, const struct mm_tailor_adjust *x,
                          struct mm_fault *fault)
{
    enum mm_code code;

    MM_ASSERT(x->rule_level < MM_LEVEL_COUNT && x->level < MM_LEVEL_COUNT);
    if (!good_text(x->rule, MM_ALERT_MAX_TEXT) || !good_text(x->title, MM_TAILOR_TITLE_MAX))
        return mm_fail(fault, MM_E_RANGE, 0, "tailor.rule");
    if (!good_text(x->reason, MM_TAILOR_REASON_MAX))
        return mm_fail(fault, MM_E_RANGE, 0, "tailor.reason");
    if (x->programme != MM_TAILOR_OWN && x->enabled && !x->has_level)
        return mm_fail(fault, MM_E_RANGE, 0, "tailor.nothing");
    code = mm_tailor_check_programme(tx, x->programme);
    return code == MM_OK ? check_room(tx, x->programme, fault) : code;
}

/* What stood for the rule in this place ends: all of it, or what was only proposed. */
static enum mm_code supersede(struct mm_tx *tx, uint32_t programme, struct mm_slice rule,
                              bool proposed, uint32_t user, int64_t now_us)
{
    struct mm_q q;

    mm_tailor_begin(&q, tx, MM_TAILOR_STMT_ADJUST_SUPERSEDE);
    mm_q_int(&q, ":programme", programme);
    mm_q_text(&q, ":rule", rule);
    mm_q_int(&q, ":proposed", proposed ? 1 : 0);
    mm_q_int(&q, ":user", user);
    mm_q_int(&q, ":now", now_us);
    return mm_q_end(&q);
}

enum mm_code mm_tailor_adjust_rule(struct mm_tx *tx, const struct mm_tailor_adjust *x,
                                   int64_t now_us, int64_t *ret, enum mm_tailor_state *ret_state,
                                   struct mm_fault *fault)
{
    enum mm_tailor_state state = mm_tailor_second(x) ? MM_TAILOR_PROPOSED : MM_TAILOR_ACTIVE;
    enum mm_code code = check(tx, x, fault);
    struct mm_q q;

    if (code == MM_OK)
        code =
            supersede(tx, x->programme, x->rule, state == MM_TAILOR_PROPOSED, x->made_by, now_us);
    if (code != MM_OK)
        return code;
    mm_tailor_begin(&q, tx, MM_TAILOR_STMT_ADJUST_ADD);
    mm_q_int(&q, ":programme", x->programme);
    mm_q_text(&q, ":rule", x->rule);
    mm_q_text(&q, ":title", x->title);
    mm_q_text(&q, ":rule_level", mm_slice_str(mm_level_name(x->rule_level)));
    mm_q_int(&q, ":enabled", x->enabled ? 1 : 0);
    mm_q_text(&q, ":level", mm_slice_str(x->has_level ? mm_level_name(x->level) : ""));
    mm_q_text(&q, ":reason", x->reason);
    mm_q_text(&q, ":state", mm_slice_str(states[state]));
    mm_q_int(&q, ":now", now_us);
    mm_q_int(&q, ":user", x->made_by);
    code = mm_q_end(&q);
    if (code != MM_OK)
        return code;
    *ret = mm_tx_last_id(tx);
    *ret_state = state;
    return MM_OK;
}

enum mm_code mm_tailor_agree(struct mm_tx *tx, int64_t adjust, uint32_t user, int64_t now_us)
{
    struct mm_tailor_adjust x = {0};
    struct mm_arena a;
    struct mm_q q;
    enum mm_code code;

    mm_arena_init(&a, 1024 * 1024);
    code = mm_tailor_adjust_get(tx, adjust, &a, &x);
    if (code == MM_OK && x.state != MM_TAILOR_PROPOSED)
        code = MM_E_NOTFOUND;
    if (code == MM_OK && (user == 0 || x.made_by == user))
        code = MM_E_DENIED;
    if (code == MM_OK) {
        /* The one that counted until now ends; the proposed one itself does not. */
        mm_tailor_begin(&q, tx, MM_TAILOR_STMT_ADJUST_REPLACE);
        mm_q_int(&q, ":programme", x.programme);
        mm_q_text(&q, ":rule", x.rule);
        mm_q_int(&q, ":user", user);
        mm_q_int(&q, ":now", now_us);
        code = mm_q_end(&q);
    }
    mm_arena_done(&a);
    if (code != MM_OK)
        return code;
    mm_tailor_begin(&q, tx, MM_TAILOR_STMT_ADJUST_AGREE);
    mm_q_int(&q, ":adjust", adjust);
    mm_q_int(&q, ":user", user);
    return mm_q_end_touch(&q);
}

enum mm_code mm_tailor_end(struct mm_tx *tx, int64_t adjust, uint32_t user, int64_t now_us)
{
    struct mm_q q;

    mm_tailor_begin(&q, tx, MM_TAILOR_STMT_ADJUST_END);
    mm_q_int(&q, ":adjust", adjust);
    mm_q_int(&q, ":user", user);
    mm_q_int(&q, ":now", now_us);
    return mm_q_end_touch(&q);
}

/* ---- reading ---- */

static enum mm_tailor_state state_of(struct mm_slice name)
{
    for (int i = 0; i < MM_TAILOR_STATES; i++) {
        if (mm_slice_eq(name, mm_slice_str(states[i])))
            return (enum mm_tailor_state)i;
    }
    return MM_TAILOR_ENDED; /* of a damaged table: it changes nothing */
}

/* ADJUST_COLUMNS */
static void read_row(struct mm_q *q, struct mm_arena *a, struct mm_tailor_adjust *ret)
{
    *ret = (struct mm_tailor_adjust){.adjust = mm_q_col_int(q, 0),
                                     .company = mm_q_col_u32(q, 1),
                                     .programme = mm_q_col_u32(q, 2),
                                     .rule = mm_q_col_dup(q, 3, a),
                                     .title = mm_q_col_dup(q, 4, a),
                                     .enabled = mm_q_col_int(q, 6) != 0,
                                     .reason = mm_q_col_dup(q, 8, a),
                                     .state = state_of(mm_q_col_text(q, 9)),
                                     .made_us = mm_q_col_int(q, 10),
                                     .made_by = mm_q_col_u32(q, 11),
                                     .agreed_by = mm_q_col_u32(q, 12),
                                     .ended_us = mm_q_col_int(q, 13),
                                     .ended_by = mm_q_col_u32(q, 14)};
    if (!mm_level_find(mm_q_col_text(q, 5), &ret->rule_level))
        ret->rule_level = MM_LEVEL_CRITICAL; /* of a damaged table: the one that needs most care */
    ret->has_level = mm_level_find(mm_q_col_text(q, 7), &ret->level);
}

enum mm_code mm_tailor_read_adjusts(struct mm_q *q, size_t max, struct mm_arena *a,
                                    struct mm_tailor_adjust **ret, size_t *ret_n)
{
    struct mm_tailor_adjust *list = NULL;
    size_t n = 0, cap = 0;
    enum mm_code code = MM_OK, end;

    while (n < max && mm_q_row(q)) {
        if (!MM_VEC_ROOM_IN(a, list, n, cap)) {
            code = MM_E_NOMEM;
            break;
        }
        read_row(q, a, &list[n++]);
    }
    end = mm_q_end(q);
    if (code != MM_OK || end != MM_OK)
        return code == MM_OK ? end : code;
    *ret = list;
    *ret_n = n;
    return MM_OK;
}

enum mm_code mm_tailor_adjust_get(struct mm_tx *tx, int64_t adjust, struct mm_arena *a,
                                  struct mm_tailor_adjust *ret)
{
    struct mm_tailor_adjust *list = NULL;
    size_t n = 0;
    struct mm_q q;
    enum mm_code code;

    mm_tailor_begin(&q, tx, MM_TAILOR_STMT_ADJUST_GET);
    mm_q_int(&q, ":adjust", adjust);
    code = mm_tailor_read_adjusts(&q, 1, a, &list, &n);
    if (code == MM_OK && n == 0)
        code = MM_E_NOTFOUND;
    if (code == MM_OK)
        *ret = list[0];
    return code;
}

enum mm_code mm_tailor_adjusts(struct mm_tx *tx, const struct mm_tailor_which *w,
                               struct mm_arena *a, struct mm_tailor_adjust **ret, size_t *ret_n)
{
    struct mm_q q;

    MM_ASSERT(w->max >= 1 && w->max <= MM_TAILOR_ROWS_MAX);
    mm_tailor_begin(&q, tx, MM_TAILOR_STMT_ADJUSTS);
    mm_q_int(&q, ":ended", w->ended_too ? 1 : 0);
    mm_q_text(&q, ":rule", w->rule);
    mm_q_int(&q, ":programme", w->programme);
    mm_q_int(&q, ":max", (int64_t)w->max);
    return mm_tailor_read_adjusts(&q, w->max, a, ret, ret_n);
}
