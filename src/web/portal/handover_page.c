/* web/portal/handover_page.c - a person leaves, the post stays: what passes to whom, on paper. */
#include "register/audit.h"
#include "triage/case.h"
#include "web/portal/access_view.h"
#include "web/portal/feature.h"
#include "web/portal/pages.h"

enum {
    CASES_MAX = 500,  /* open cases of one handler; who has more is passed on in steps */
    PEOPLE_MAX = 200, /* successors to choose from */
    POSTS_MAX = 20,
};

struct held_case {
    uint32_t company;
    int64_t case_id;
};

struct handover {
    struct mm_page *p;
    struct mm_rec from, to; /* to.id: 0 nobody */
    struct held_case *cases;
    size_t case_n;
    uint32_t post[POSTS_MAX]; /* contacts */
    size_t post_n;
    size_t done; /* cases, while they are passed on */
};

/* ---- what there is to hand over ---- */

/* Of all companies that the actor sees: staff handle cases of many. */
static enum mm_code read_cases(struct handover *h)
{
    struct mm_page *p = h->p;
    struct mm_doc *list = mm_doc_array(p->doc, "cases");
    struct mm_tx *tx = NULL;
    struct mm_q q;
    enum mm_code code;

    h->cases = mm_arena_array(p->arena, CASES_MAX, sizeof(*h->cases));
    if (h->cases == NULL)
        return MM_E_NOMEM;
    code = mm_records_read(p->portal->cfg.records, p->me.scope, &tx);
    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_portal_stmts[MM_P_HANDLED]);
    mm_q_int(&q, ":user", h->from.id);
    mm_q_int(&q, ":max", CASES_MAX);
    while (h->case_n < CASES_MAX && mm_q_row(&q)) {
        struct mm_doc *d = mm_doc_object(list, NULL);
        struct held_case *c = &h->cases[h->case_n++];

        *c = (struct held_case){.company = mm_q_col_u32(&q, 0), .case_id = mm_q_col_int(&q, 1)};
        mm_doc_int(d, "company_id", c->company);
        mm_doc_int(d, "case", c->case_id);
        mm_doc_int(d, "number", mm_q_col_int(&q, 2));
        mm_doc_text(d, "title", mm_q_col_text(&q, 3));
        mm_doc_text(d, "company_name", mm_q_col_text(&q, 4));
    }
    code = mm_q_end(&q);
    mm_records_read_done(&tx);
    return code;
}

static enum mm_code read_posts(struct handover *h)
{
    struct mm_doc *list = mm_doc_array(h->p->doc, "posts");
    struct mm_q q;

    mm_q_begin(&q, h->p->tx, &mm_portal_stmts[MM_P_HELD_POSTS]);
    mm_q_text(&q, ":name", h->from.v[MM_F_user_name].s);
    if (h->from.v[MM_F_user_mail].null)
        mm_q_null(&q, ":mail");
    else
        mm_q_text(&q, ":mail", h->from.v[MM_F_user_mail].s);
    mm_q_int(&q, ":max", POSTS_MAX);
    while (h->post_n < POSTS_MAX && mm_q_row(&q)) {
        struct mm_doc *d = mm_doc_object(list, NULL);

        h->post[h->post_n++] = mm_q_col_u32(&q, 0);
        mm_doc_int(d, "contact", h->post[h->post_n - 1]);
        mm_doc_text(d, "title", mm_q_col_text(&q, 1));
    }
    return mm_q_end(&q);
}

static enum mm_code write_people(struct handover *h)
{
    struct mm_doc *list = mm_doc_array(h->p->doc, "people");
    struct mm_q q;

    mm_q_begin(&q, h->p->tx, &mm_portal_stmts[MM_P_SUCCESSORS]);
    mm_q_int(&q, ":user", h->from.id);
    mm_q_int(&q, ":max", PEOPLE_MAX);
    while (mm_q_row(&q)) {
        struct mm_doc *d = mm_doc_object(list, NULL);

        mm_doc_int(d, "user", mm_q_col_int(&q, 0));
        mm_doc_text(d, "login", mm_q_col_text(&q, 1));
        mm_doc_text(d, "name", mm_q_col_text(&q, 2));
        mm_doc_text(d, "role", mm_q_col_text(&q, 3));
    }
    return mm_q_end(&q);
}

/* Everything into the document; p->tx is a snapshot of the company. */
static enum mm_code read_all(struct handover *h)
{
    struct mm_page *p = h->p;
    struct mm_access x;
    char base[64];
    enum mm_code code =
        mm_access_of(p->portal->cfg.auth, p->tx, h->from.id, p->token, p->now_us, p->arena, &x);

    if (code != MM_OK)
        return code;
    mm_doc_int(p->doc, "user", h->from.id);
    mm_doc_text(p->doc, "login", h->from.v[MM_F_user_login].s);
    mm_doc_text(p->doc, "name", h->from.v[MM_F_user_name].s);
    mm_doc_text(p->doc, "role", h->from.v[MM_F_user_role].s);
    (void)snprintf(base, sizeof(base), "/companies/%u/users/%u", p->company, h->from.id);
    mm_access_write(p, &x, base);
    code = read_posts(h);
    if (code == MM_OK)
        code = write_people(h);
    return code == MM_OK ? read_cases(h) : code;
}

enum mm_code mm_page_handover(struct mm_page *p)
{
    struct handover h = {.p = p};
    enum mm_code code = mm_user_find(p, &h.from);

    mm_doc_bool(p->doc, "done", false);
    return code == MM_OK ? read_all(&h) : code;
}

/* ---- doing it ---- */

/* As many cases as follow one another in one company. */
static enum mm_code do_cases(struct mm_tx *tx, void *arg)
{
    struct handover *h = arg;
    struct mm_slice leaving = h->from.v[MM_F_user_name].s;
    uint32_t company = h->cases[h->done].company;
    char object[32];

    for (size_t i = h->done; i < h->case_n && h->cases[i].company == company; i++) {
        int64_t id = h->cases[i].case_id;
        enum mm_code code = mm_case_pass(tx, id, h->from.id, h->to.id, leaving, h->p->now_us);

        if (code == MM_E_NOTFOUND)
            continue; /* closed or taken by somebody meanwhile */
        (void)snprintf(object, sizeof(object), "case %lld", (long long)id);
        if (code == MM_OK)
            code = mm_audit_add(tx, &(struct mm_audit){.time_us = h->p->now_us,
                                                       .user = h->p->me.user,
                                                       .actor = h->p->me.login,
                                                       .action = MM_S("case.pass"),
                                                       .object = mm_slice_str(object),
                                                       .text = h->to.v[MM_F_user_login].s});
        if (code != MM_OK)
            return code;
    }
    return MM_OK;
}

static enum mm_code pass_cases(struct handover *h)
{
    enum mm_code code = MM_OK;

    while (h->done < h->case_n && code == MM_OK) {
        uint32_t company = h->cases[h->done].company;
        struct mm_scope_hold hold;
        const struct mm_scope *narrow;

        code = mm_scope_narrow(h->p->me.scope, company, &hold, &narrow);
        if (code == MM_OK)
            code = mm_records_write(h->p->portal->cfg.records, narrow, do_cases, h);
        while (h->done < h->case_n && h->cases[h->done].company == company)
            h->done++;
    }
    return code;
}

/* The contact of a post ends; the successor's begins, with what is known of the post. */
static enum mm_code pass_post(struct mm_tx *tx, struct handover *h, uint32_t contact)
{
    const struct mm_entity *e = mm_entity(MM_REG_CONTACT);
    struct mm_rec old, fresh;
    uint32_t id;
    enum mm_code code = mm_rec_get(tx, e, contact, h->p->arena, &old);

    if (code != MM_OK || old.ended_us != 0)
        return code == MM_E_NOTFOUND ? MM_OK : code;
    code = mm_rec_end(tx, e, contact, h->p->now_us);
    if (code != MM_OK || h->to.id == 0)
        return code;
    mm_rec_init(&fresh, e);
    fresh.v[MM_F_contact_post] = old.v[MM_F_contact_post];
    fresh.v[MM_F_contact_person] = h->to.v[MM_F_user_name];
    fresh.v[MM_F_contact_mail] = h->to.v[MM_F_user_mail];
    fresh.v[MM_F_contact_language] = h->to.v[MM_F_user_language];
    fresh.v[MM_F_contact_hours] = old.v[MM_F_contact_hours];
    return mm_rec_add(tx, &fresh, h->p->now_us, &id);
}

/* Last: posts pass, and the user ends with its sessions, tokens, codes and invitation. */
static enum mm_code do_end(struct mm_tx *tx, void *arg)
{
    struct handover *h = arg;
    char object[32];
    enum mm_code code = MM_OK;

    for (size_t i = 0; i < h->post_n && code == MM_OK; i++)
        code = pass_post(tx, h, h->post[i]);
    if (code == MM_OK)
        code = mm_rec_end(tx, mm_entity(MM_REG_USER), h->from.id, h->p->now_us);
    (void)snprintf(object, sizeof(object), "user %u", h->from.id);
    if (code != MM_OK)
        return code;
    return mm_audit_add(tx, &(struct mm_audit){.time_us = h->p->now_us,
                                               .user = h->p->me.user,
                                               .actor = h->p->me.login,
                                               .action = MM_S("user.handover"),
                                               .object = mm_slice_str(object),
                                               .text = h->to.v[MM_F_user_login].s});
}

/* The successor, of the same company; noted on the page when it cannot be. */
static enum mm_code read_successor(struct handover *h)
{
    struct mm_page *p = h->p;
    const struct mm_role *role;
    uint64_t user;
    enum mm_code code;

    if (!mm_slice_u64(mm_input_get(&p->in, "to"), &user) || user > UINT32_MAX) {
        mm_page_refuse(p, "to", "handover.choose");
        return MM_OK;
    }
    if (user == 0 && h->case_n > 0)
        mm_page_refuse(p, "to", "handover.cases");
    if (user == 0)
        return MM_OK;
    code = mm_rec_get(p->tx, mm_entity(MM_REG_USER), (uint32_t)user, p->arena, &h->to);
    if (code == MM_E_NOTFOUND || (code == MM_OK && h->to.ended_us != 0) || user == h->from.id) {
        mm_page_refuse(p, "to", "handover.choose");
        return MM_OK;
    }
    if (code != MM_OK)
        return code;
    role = mm_role_find(h->to.v[MM_F_user_role].s);
    if (h->case_n > 0 && (role == NULL || (role->rights & MM_MAY_HANDLE) == 0))
        mm_page_refuse(p, "to", "handover.role");
    return MM_OK;
}

enum mm_code mm_page_handover_do(struct mm_page *p)
{
    struct handover h = {.p = p};
    enum mm_code code = mm_user_find(p, &h.from);

    p->template = "handover";
    if (code == MM_OK && h.from.id == p->me.user)
        return MM_E_DENIED; /* nobody ends the login that does it */
    if (code == MM_OK)
        code = read_all(&h);
    if (code == MM_OK)
        code = read_successor(&h);
    mm_records_read_done(&p->tx);
    if (code != MM_OK || mm_page_refused(p)) {
        mm_doc_bool(p->doc, "done", false);
        return code;
    }
    code = pass_cases(&h);
    if (code == MM_OK && h.case_n == CASES_MAX) { /* there may be more: once again, then the end */
        mm_page_go(p, "/companies/%u/users/%u/handover", p->company, h.from.id);
        mm_doc_bool(p->doc, "done", false);
        return MM_OK;
    }
    if (code == MM_OK)
        code = mm_records_write(p->portal->cfg.records, p->narrow, do_end, &h);
    if (code != MM_OK)
        return code;
    mm_doc_bool(p->doc, "done", true);
    mm_doc_text(p->doc, "to_name", h.to.v[MM_F_user_name].s);
    mm_doc_text(p->doc, "by", p->me.name);
    return MM_OK;
}
