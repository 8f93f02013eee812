/* web/portal/case_pages.c - the list of cases and one case. */
#include "register/audit.h"
#include "web/portal/case_view.h"
#include "web/portal/facts.h"
#include "web/portal/looks.h"
#include "web/portal/pages.h"

enum { CASES_PAGE = 50 };

static enum mm_code list_cases(struct mm_page *p)
{
    bool closed = mm_slice_eq(mm_input_get(&p->in, "show"), MM_S("all"));
    struct mm_fact_case *cases;
    uint64_t before = 0;
    struct mm_doc *list;
    size_t n;
    enum mm_code code;

    if (mm_input_has(&p->in, "before") &&
        (!mm_slice_u64(mm_input_get(&p->in, "before"), &before) || before > INT64_MAX))
        return MM_E_RANGE;
    code = mm_facts_cases(p, closed, (int64_t)before, CASES_PAGE, &cases, &n);
    if (code != MM_OK)
        return code;
    mm_doc_bool(p->doc, "closed_too", closed);
    list = mm_doc_array(p->doc, "cases");
    for (size_t i = 0; i < n; i++)
        mm_facts_write_case(p, &cases[i], mm_doc_object(list, NULL));
    if (closed && n == CASES_PAGE)
        mm_doc_int(p->doc, "next", cases[n - 1].case_id);
    return MM_OK;
}

enum mm_code mm_page_cases(struct mm_page *p)
{
    enum mm_code code = mm_page_read(p);

    mm_doc_bool(p->doc, "all_companies", true);
    return code == MM_OK ? list_cases(p) : code;
}

enum mm_code mm_page_company_cases(struct mm_page *p)
{
    enum mm_code code = mm_page_company(p);

    p->template = "cases";
    mm_doc_bool(p->doc, "all_companies", false);
    return code == MM_OK ? list_cases(p) : code;
}

enum mm_code mm_page_case(struct mm_page *p)
{
    char object[32];
    uint64_t number;
    enum mm_code code = mm_page_company(p);

    if (code == MM_OK)
        code = mm_page_number(p, 1, &number);
    if (code == MM_OK)
        code = mm_case_view(p, (int64_t)(number & INT64_MAX));
    /* A case holds lines of the company; its own people are at home in it. */
    if (code != MM_OK || p->me.company == p->company)
        return code;
    (void)snprintf(object, sizeof(object), "case %llu", (unsigned long long)number);
    return mm_page_look(p, &(struct mm_page_looked){.action = "look.case", .object = object});
}

/* ---- what people do to a case ---- */

struct act {
    struct mm_page *p;
    int64_t case_id;
    int64_t request;
    uint32_t minutes; /* that it took; 0: nobody said */
    enum { ACT_TAKE, ACT_NOTE, ACT_ASK, ACT_CLOSE, ACT_REOPEN, ACT_ANSWER } what;
};

static enum mm_code do_act(struct mm_tx *tx, void *arg)
{
    const struct act *a = arg;
    const struct mm_input *in = &a->p->in;
    struct mm_slice text = mm_input_get(in, "text");
    uint32_t user = a->p->me.user;
    int64_t now = a->p->now_us;
    struct mm_audit entry = {.time_us = now, .user = user, .actor = a->p->me.login};
    static const char *const names[] = {"case.take",  "case.note",   "case.ask",
                                        "case.close", "case.reopen", "case.answer"};
    char object[32];
    enum mm_code code = MM_E_BUG;

    switch (a->what) {
    case ACT_TAKE:
        code = mm_case_take(tx, a->case_id, user, now);
        break;
    case ACT_NOTE:
        code = mm_case_step_add(tx, a->case_id, user, "note", text, now);
        break;
    case ACT_ASK:
        code = mm_case_ask(tx, a->case_id, user, text, now);
        break;
    case ACT_CLOSE:
        code = mm_case_close(tx, a->case_id, user, mm_input_get(in, "outcome"), text, now);
        break;
    case ACT_REOPEN:
        code = mm_case_reopen(tx, a->case_id, user, now);
        break;
    case ACT_ANSWER:
        code =
            mm_case_answer(tx, a->case_id, a->request, user, mm_input_get(in, "answer"), text, now);
        break;
    }
    if (code == MM_OK && a->minutes > 0)
        code = mm_case_minutes(tx, a->case_id, user, a->minutes);
    if (code != MM_OK)
        return code;
    (void)snprintf(object, sizeof(object), "case %lld", (long long)a->case_id);
    entry.action = mm_slice_str(names[a->what]);
    entry.object = mm_slice_str(object);
    return mm_audit_add(tx, &entry);
}

/* What who acts says that it took. Of the operator's people only: theirs is what a company costs.
 */
static enum mm_code read_minutes(const struct mm_page *p, uint32_t *ret)
{
    struct mm_slice text = mm_input_get(&p->in, "minutes");
    uint64_t n = 0;

    if (text.n == 0 || !mm_page_staff(p))
        return MM_OK;
    if (!mm_slice_u64(text, &n) || n > MM_CASE_MINUTES_MAX)
        return MM_E_RANGE;
    *ret = (uint32_t)n;
    return MM_OK;
}

/* Do it under the scope of the case's company, then show the case again. */
static enum mm_code act_on(struct mm_page *p, struct act *a)
{
    uint64_t number, request = 0;
    enum mm_code code = mm_page_company(p);

    if (code == MM_OK)
        code = mm_page_number(p, 1, &number);
    if (code == MM_OK && a->what == ACT_ANSWER)
        code = mm_page_number(p, 2, &request);
    if (code == MM_OK)
        code = read_minutes(p, &a->minutes);
    if (code != MM_OK)
        return code;
    a->p = p;
    a->case_id = (int64_t)(number & INT64_MAX);
    a->request = (int64_t)(request & INT64_MAX);
    code = mm_records_write(p->portal->cfg.records, p->narrow, do_act, a);
    if (code != MM_OK)
        return code;
    mm_page_go(p, "/companies/%u/cases/%lld", p->company, (long long)a->case_id);
    mm_doc_int(p->doc, "case", a->case_id);
    return MM_OK;
}

enum mm_code mm_page_case_take(struct mm_page *p)
{
    return act_on(p, &(struct act){.what = ACT_TAKE});
}

enum mm_code mm_page_case_note(struct mm_page *p)
{
    return act_on(p, &(struct act){.what = ACT_NOTE});
}

enum mm_code mm_page_case_ask(struct mm_page *p)
{
    return act_on(p, &(struct act){.what = ACT_ASK});
}

enum mm_code mm_page_case_close(struct mm_page *p)
{
    return act_on(p, &(struct act){.what = ACT_CLOSE});
}

enum mm_code mm_page_case_reopen(struct mm_page *p)
{
    return act_on(p, &(struct act){.what = ACT_REOPEN});
}

enum mm_code mm_page_case_answer(struct mm_page *p)
{
    return act_on(p, &(struct act){.what = ACT_ANSWER});
}
