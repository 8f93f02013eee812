/* triage/case.c - changes of a case; see case.h for the contract. */
#include "triage/case.h"

#include "base/utf8.h"
#include "job/job.h"
#include "triage/triage.h"
#include "triage/triage_priv.h"

static void begin(struct mm_q *q, struct mm_tx *tx, enum mm_triage_stmt st, int64_t case_id)
{
    mm_q_begin(q, tx, &mm_triage_stmts[st]);
    mm_q_int(q, ":case", case_id);
}

/* Is there such a case under this scope, and in which state? */
static enum mm_code state_of(struct mm_tx *tx, int64_t case_id, bool *ret_closed)
{
    struct mm_q q;
    bool is = false;
    enum mm_code code;

    begin(&q, tx, MM_TRIAGE_CASE_GET, case_id);
    if (mm_q_row(&q)) {
        is = true;
        *ret_closed = mm_slice_eq(mm_q_col_text(&q, 9), MM_S("closed"));
    }
    code = mm_q_end(&q);
    return code == MM_OK && !is ? MM_E_NOTFOUND : code;
}

enum mm_code mm_case_step_add(struct mm_tx *tx, int64_t case_id, uint32_t user, const char *what,
                              struct mm_slice text, int64_t now_us)
{
    struct mm_q q;

    if (text.n > MM_CASE_TEXT_MAX)
        return MM_E_LIMIT;
    if (!mm_utf8_valid(text))
        return MM_E_SYNTAX;
    begin(&q, tx, MM_TRIAGE_STEP_ADD, case_id);
    mm_q_int(&q, ":now", now_us);
    mm_q_int(&q, ":user", user);
    mm_q_text(&q, ":what", mm_slice_str(what));
    mm_q_text(&q, ":text", text);
    return mm_q_end_touch(&q);
}

enum mm_code mm_case_minutes(struct mm_tx *tx, int64_t case_id, uint32_t user, uint32_t minutes)
{
    struct mm_q q;

    if (minutes == 0 || minutes > MM_CASE_MINUTES_MAX)
        return MM_E_RANGE;
    begin(&q, tx, MM_TRIAGE_STEP_MINUTES, case_id);
    mm_q_int(&q, ":user", user);
    mm_q_int(&q, ":minutes", minutes);
    return mm_q_end_touch(&q);
}

static enum mm_code next_number(struct mm_tx *tx, int64_t *ret)
{
    struct mm_q q;

    mm_q_begin(&q, tx, &mm_triage_stmts[MM_TRIAGE_CASE_NEXT_NUMBER]);
    return mm_q_end_int(&q, ret);
}

enum mm_code mm_case_open(struct mm_tx *tx, const struct mm_case_new *c, int64_t *ret_case)
{
    struct mm_q q;
    int64_t number = 0, id;
    enum mm_code code = next_number(tx, &number);

    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_triage_stmts[MM_TRIAGE_CASE_ADD]);
    mm_q_int(&q, ":number", number);
    mm_q_text(&q, ":how", mm_slice_str(c->how));
    mm_q_text(&q, ":field", c->entity_field);
    mm_q_text(&q, ":entity", c->entity);
    mm_q_int(&q, ":level", c->level);
    mm_q_int(&q, ":confidence", mm_triage_confidence(c->level));
    mm_q_text(&q, ":act", mm_slice_str(mm_act_name(mm_triage_act(c->level))));
    mm_q_text(&q, ":title", c->title);
    mm_q_text(&q, ":doc", c->doc.n > 0 ? c->doc : MM_S("{}"));
    mm_q_int(&q, ":now", c->now_us);
    mm_q_int(&q, ":event", c->event_us);
    code = mm_q_end(&q);
    if (code != MM_OK)
        return code;
    id = mm_tx_last_id(tx);
    code = mm_case_step_add(tx, id, 0, "opened", (struct mm_slice){0}, c->now_us);
    if (code == MM_OK)
        code = mm_job_add(tx, MM_JOB_LOOK, id, c->now_us, c->now_us);
    if (code == MM_OK)
        code = mm_job_add(tx, MM_JOB_TELL, id, c->now_us, c->now_us);
    if (code == MM_OK)
        *ret_case = id;
    return code;
}

static enum mm_code open_of_entity(struct mm_tx *tx, const struct mm_case_new *c, int64_t *ret)
{
    struct mm_q q;

    *ret = 0;
    if (c->entity.n == 0)
        return MM_OK; /* nobody is named: such findings don't belong together */
    mm_q_begin(&q, tx, &mm_triage_stmts[MM_TRIAGE_CASE_OPEN_OF]);
    mm_q_text(&q, ":field", c->entity_field);
    mm_q_text(&q, ":entity", c->entity);
    if (mm_q_row(&q))
        *ret = mm_q_col_int(&q, 0);
    return mm_q_end(&q);
}

static enum mm_code raise(struct mm_tx *tx, int64_t case_id, const struct mm_case_new *c)
{
    struct mm_q q;
    enum mm_code code;

    begin(&q, tx, MM_TRIAGE_CASE_RAISE, case_id);
    mm_q_int(&q, ":level", c->level);
    mm_q_int(&q, ":confidence", mm_triage_confidence(c->level));
    mm_q_text(&q, ":act", mm_slice_str(mm_act_name(mm_triage_act(c->level))));
    mm_q_text(&q, ":title", c->title);
    mm_q_text(&q, ":doc", c->doc.n > 0 ? c->doc : MM_S("{}"));
    mm_q_int(&q, ":now", c->now_us);
    code = mm_q_end_touch(&q);
    if (code == MM_E_NOTFOUND)
        return MM_OK; /* not higher */
    /* Who was told "this week" must hear that it is today now. */
    return code == MM_OK ? mm_job_add(tx, MM_JOB_TELL, case_id, c->now_us, c->now_us) : code;
}

enum mm_code mm_case_for(struct mm_tx *tx, const struct mm_case_new *c, int64_t own,
                         int64_t *ret_case, bool *ret_new)
{
    int64_t id = own;
    bool closed = false;
    enum mm_code code = own == 0 ? MM_E_NOTFOUND : state_of(tx, own, &closed);

    if (code == MM_E_NOTFOUND || (code == MM_OK && closed))
        code = open_of_entity(tx, c, &id);
    if (code != MM_OK)
        return code;
    if (id == 0) {
        code = mm_case_open(tx, c, &id);
        *ret_new = code == MM_OK;
    } else {
        code = raise(tx, id, c);
        *ret_new = false;
    }
    if (code == MM_OK)
        *ret_case = id;
    return code;
}

enum mm_code mm_case_attach(struct mm_tx *tx, int64_t case_id, int64_t finding,
                            struct mm_slice title, int64_t now_us)
{
    struct mm_q q;
    int64_t before = 0;
    enum mm_code code;

    mm_q_begin(&q, tx, &mm_triage_stmts[MM_TRIAGE_FINDING_CASE_GET]);
    mm_q_int(&q, ":finding", finding);
    if (mm_q_row(&q))
        before = mm_q_col_int(&q, 0);
    code = mm_q_end(&q);
    if (code != MM_OK || before == case_id) {
        if (code == MM_OK) {
            begin(&q, tx, MM_TRIAGE_CASE_TOUCH, case_id);
            mm_q_int(&q, ":now", now_us);
            code = mm_q_end(&q);
        }
        return code;
    }
    begin(&q, tx, MM_TRIAGE_FINDING_CASE, case_id);
    mm_q_int(&q, ":finding", finding);
    code = mm_q_end(&q);
    return code == MM_OK ? mm_case_step_add(tx, case_id, 0, "finding",
                                            mm_utf8_cut(title, MM_CASE_TEXT_MAX), now_us)
                         : code;
}

enum mm_code mm_case_number(struct mm_tx *tx, int64_t case_id, uint32_t *ret)
{
    struct mm_q q;
    uint32_t number = 0;
    enum mm_code code;

    begin(&q, tx, MM_TRIAGE_CASE_GET, case_id);
    if (mm_q_row(&q))
        number = mm_q_col_u32(&q, 2);
    code = mm_q_end(&q);
    if (code == MM_OK && number == 0)
        code = MM_E_NOTFOUND;
    if (code == MM_OK)
        *ret = number;
    return code;
}

enum mm_code mm_case_event_add(struct mm_tx *tx, int64_t case_id, const struct mm_case_event *e)
{
    struct mm_q q;
    int64_t n = 0;
    enum mm_code code;

    begin(&q, tx, MM_TRIAGE_CASE_EVENT_COUNT, case_id);
    code = mm_q_end_int(&q, &n);
    if (code != MM_OK || n >= MM_CASE_EVENTS_MAX)
        return code;
    begin(&q, tx, MM_TRIAGE_CASE_EVENT_ADD, case_id);
    mm_q_int(&q, ":queue", e->queue);
    mm_q_int(&q, ":seq", (int64_t)e->seq); /* numbers of a queue stay below 2^63 */
    mm_q_text(&q, ":rule", e->rule);
    mm_q_int(&q, ":time", e->time_us);
    mm_q_int(&q, ":received", e->received_us);
    mm_q_int(&q, ":source", e->source);
    mm_q_text(&q, ":event", e->event);
    return mm_q_end(&q);
}

static enum mm_code set_state(struct mm_tx *tx, int64_t case_id, const char *state,
                              uint32_t handler, struct mm_slice outcome, struct mm_slice text,
                              int64_t now_us)
{
    struct mm_q q;

    begin(&q, tx, MM_TRIAGE_CASE_STATE, case_id);
    mm_q_text(&q, ":state", mm_slice_str(state));
    if (handler == 0)
        mm_q_null(&q, ":handler");
    else
        mm_q_int(&q, ":handler", handler);
    if (outcome.n == 0)
        mm_q_null(&q, ":outcome");
    else
        mm_q_text(&q, ":outcome", outcome);
    mm_q_text(&q, ":text", text);
    mm_q_int(&q, ":now", now_us);
    return mm_q_end_touch(&q);
}

/* Change the state and write the step that says so. */
static enum mm_code change(struct mm_tx *tx, int64_t case_id, const char *state, uint32_t user,
                           struct mm_slice outcome, const char *what, struct mm_slice text,
                           int64_t now_us)
{
    enum mm_code code;

    if (text.n > MM_CASE_TEXT_MAX)
        return MM_E_LIMIT;
    if (!mm_utf8_valid(text))
        return MM_E_SYNTAX;
    code = set_state(tx, case_id, state, user, outcome, outcome.n > 0 ? text : (struct mm_slice){0},
                     now_us);
    return code == MM_OK ? mm_case_step_add(tx, case_id, user, what, text, now_us) : code;
}

enum mm_code mm_case_take(struct mm_tx *tx, int64_t case_id, uint32_t user, int64_t now_us)
{
    return change(tx, case_id, "taken", user, (struct mm_slice){0}, "taken", (struct mm_slice){0},
                  now_us);
}

enum mm_code mm_case_pass(struct mm_tx *tx, int64_t case_id, uint32_t from, uint32_t to,
                          struct mm_slice text, int64_t now_us)
{
    struct mm_q q;
    enum mm_code code;

    MM_ASSERT(from != 0 && to != 0);
    begin(&q, tx, MM_TRIAGE_CASE_PASS, case_id);
    mm_q_int(&q, ":user", from);
    mm_q_int(&q, ":handler", to);
    mm_q_int(&q, ":now", now_us);
    code = mm_q_end_touch(&q);
    return code == MM_OK ? mm_case_step_add(tx, case_id, to, "passed", text, now_us) : code;
}

enum mm_code mm_case_close(struct mm_tx *tx, int64_t case_id, uint32_t user,
                           struct mm_slice outcome, struct mm_slice text, int64_t now_us)
{
    static const char *const outcomes[] = {"resolved", "nothing_found", "expected", "unknown"};
    struct mm_q q;
    bool known = false;
    enum mm_code code;

    for (size_t i = 0; i < MM_COUNT(outcomes); i++)
        known = known || mm_slice_eq(outcome, mm_slice_str(outcomes[i]));
    if (!known)
        return MM_E_RANGE;
    code = change(tx, case_id, "closed", user, outcome, "closed", text, now_us);
    if (code != MM_OK)
        return code;
    begin(&q, tx, MM_TRIAGE_FINDING_CLOSE_OF_CASE, case_id);
    return mm_q_end(&q);
}

enum mm_code mm_case_reopen(struct mm_tx *tx, int64_t case_id, uint32_t user, int64_t now_us)
{
    enum mm_code code = change(tx, case_id, "taken", user, (struct mm_slice){0}, "reopened",
                               (struct mm_slice){0}, now_us);

    return code == MM_OK ? mm_job_add(tx, MM_JOB_LOOK, case_id, now_us, now_us) : code;
}

enum mm_code mm_case_ask(struct mm_tx *tx, int64_t case_id, uint32_t user, struct mm_slice text,
                         int64_t now_us)
{
    struct mm_q q;
    enum mm_code code;

    if (text.n == 0)
        return MM_E_RANGE;
    code = change(tx, case_id, "waiting", user, (struct mm_slice){0}, "asked", text, now_us);
    if (code != MM_OK)
        return code;
    begin(&q, tx, MM_TRIAGE_REQUEST_ADD, case_id);
    mm_q_text(&q, ":text", text);
    mm_q_int(&q, ":now", now_us);
    return mm_q_end(&q);
}

enum mm_code mm_case_answer(struct mm_tx *tx, int64_t case_id, int64_t request, uint32_t user,
                            struct mm_slice state, struct mm_slice reason, int64_t now_us)
{
    struct mm_q q;
    enum mm_code code;

    if (!mm_slice_eq(state, MM_S("done")) && !mm_slice_eq(state, MM_S("cannot")) &&
        !mm_slice_eq(state, MM_S("unknown")))
        return MM_E_RANGE;
    if (reason.n > MM_CASE_TEXT_MAX)
        return MM_E_LIMIT;
    if (!mm_utf8_valid(reason))
        return MM_E_SYNTAX;
    begin(&q, tx, MM_TRIAGE_REQUEST_ANSWER, case_id);
    mm_q_int(&q, ":request", request);
    mm_q_text(&q, ":state", state);
    mm_q_text(&q, ":reason", reason);
    mm_q_int(&q, ":now", now_us);
    code = mm_q_end_touch(&q);
    return code == MM_OK ? mm_case_step_add(tx, case_id, user, "answered", state, now_us) : code;
}
