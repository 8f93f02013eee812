/* web/portal/people_pages.c - users, and who did what. */
#include "register/audit.h"
#include "web/portal/access_view.h"
#include "web/portal/feature.h"
#include "web/portal/looks.h"
#include "web/portal/pages.h"

enum { USERS_PAGE = 200, AUDIT_PAGE = 100 };

/* Roles that a user of this company can have (register/roles.def). */
static void write_roles(struct mm_page *p)
{
    struct mm_doc *list = mm_doc_array(p->doc, "roles");

    for (int i = MM_ROLE_NONE + 1; i < MM_ROLE_COUNT; i++) {
        const struct mm_role *r = mm_role((enum mm_role_id)i);
        bool person = r->place == MM_PLACE_PERSON;

        /* An owner needs its programme: entered at the machine. */
        if (r->place == MM_PLACE_CHECK ||
            (r->place != MM_PLACE_OWNER && person == (p->company != MM_COMPANY_OPERATOR)))
            mm_doc_str(mm_doc_object(list, NULL), "role", r->name);
    }
}

static enum mm_code list_users(struct mm_page *p)
{
    struct mm_doc *list = mm_doc_array(p->doc, "users");
    uint64_t from = 0;
    int64_t last = 0;
    struct mm_q q;

    if (mm_input_has(&p->in, "from") && !mm_slice_u64(mm_input_get(&p->in, "from"), &from))
        return MM_E_RANGE;
    mm_q_begin(&q, p->tx, &mm_portal_stmts[MM_P_USERS]);
    mm_q_int(&q, ":from", (int64_t)(from & INT64_MAX));
    mm_q_int(&q, ":max", USERS_PAGE);
    while (mm_q_row(&q)) {
        struct mm_doc *d = mm_doc_object(list, NULL);

        last = mm_q_col_int(&q, 0);
        mm_doc_int(d, "user", last);
        mm_doc_text(d, "login", mm_q_col_text(&q, 1));
        mm_doc_text(d, "name", mm_q_col_text(&q, 2));
        mm_doc_text(d, "mail", mm_q_col_text(&q, 3));
        mm_doc_text(d, "role", mm_q_col_text(&q, 4));
        mm_doc_int(d, "company", mm_q_col_int(&q, 5));
        mm_doc_text(d, "company_name", mm_q_col_text(&q, 6));
        mm_doc_time(d, "last_seen", mm_q_col_int(&q, 7));
    }
    if (list->n == USERS_PAGE)
        mm_doc_int(p->doc, "next", last + 1);
    return mm_q_end(&q);
}

enum mm_code mm_people_list(struct mm_page *p)
{
    p->template = "users";
    write_roles(p);
    return list_users(p);
}

enum mm_code mm_page_users(struct mm_page *p)
{
    enum mm_code code = mm_page_read(p);

    return code == MM_OK ? list_users(p) : code;
}

enum mm_code mm_page_company_users(struct mm_page *p)
{
    enum mm_code code = mm_page_company(p);

    return code == MM_OK ? mm_people_list(p) : code;
}

enum mm_code mm_page_audit(struct mm_page *p)
{
    struct mm_audit_proof proof;
    struct mm_doc *list, *chain;
    char head[MM_AUDIT_HEAD_TEXT];
    uint64_t before = 0;
    enum mm_code code = mm_page_company(p);

    if (mm_input_has(&p->in, "before") && !mm_slice_u64(mm_input_get(&p->in, "before"), &before))
        return MM_E_RANGE;
    if (code == MM_OK)
        code = mm_audit_verify(p->tx, NULL, &proof);
    if (code != MM_OK)
        return code;
    chain = mm_doc_object(p->doc, "chain");
    mm_doc_int(chain, "n", (int64_t)proof.entries);
    mm_doc_bool(chain, "whole", proof.broken_at == 0);
    mm_doc_int(chain, "broken_at", (int64_t)proof.broken_at);
    mm_audit_head_text(&proof.last, head);
    mm_doc_text(chain, "head", mm_slice_str(head));
    list = mm_doc_array(p->doc, "entries");
    code = mm_audit_each(p->tx, before, AUDIT_PAGE, mm_page_audit_entry, list);
    if (list->n == AUDIT_PAGE)
        mm_doc_int(p->doc, "next", mm_doc_get(list->last, MM_S("number"))->i);
    return code;
}
