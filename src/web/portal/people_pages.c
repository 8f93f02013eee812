/* web/portal/people_pages.c - users, and who did what. */
#include "register/audit.h"
#include "web/portal/access_view.h"
#include "web/portal/feature.h"
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

/* Whether po/ has words for PREFIX.NAME. */
static bool has_words(const char *prefix, struct mm_slice name)
{
    char key[MM_AUDIT_WORD_MAX + 16];
    int n = snprintf(key, sizeof(key), "%s.%.*s", prefix, MM_S_ARG(name));

    return n > 0 && (size_t)n < sizeof(key) &&
           mm_lang_text(MM_LANG_JA, mm_slice_of(key, (size_t)n), 1) != NULL;
}

/* "case 12": what kind of thing, and which. */
static void write_object(struct mm_doc *d, struct mm_slice object)
{
    size_t n = mm_min_size(mm_slice_find(object, ' ', 0), object.n);
    bool known = has_words("audit.on", mm_slice_sub(object, 0, n));

    mm_doc_text(d, "object", object);
    if (known)
        mm_doc_text(d, "kind", mm_slice_sub(object, 0, n));
    mm_doc_text(d, "which", known ? mm_slice_sub(object, n + 1, SIZE_MAX) : object);
}

static bool write_entry(void *arg, const struct mm_audit_row *row)
{
    struct mm_doc *d = mm_doc_object(arg, NULL);

    mm_doc_int(d, "number", (int64_t)row->number);
    mm_doc_time(d, "time", row->entry.time_us);
    mm_doc_text(d, "actor", row->entry.actor);
    mm_doc_text(d, "action", row->entry.action);
    mm_doc_bool(d, "known", has_words("audit.do", row->entry.action));
    write_object(d, row->entry.object);
    mm_doc_text(d, "text", row->entry.text);
    mm_doc_bool(d, "erased", row->erased);
    return true;
}

enum mm_code mm_page_audit(struct mm_page *p)
{
    struct mm_audit_proof proof;
    struct mm_doc *list, *chain;
    uint64_t before = 0;
    enum mm_code code = mm_page_company(p);

    if (mm_input_has(&p->in, "before") && !mm_slice_u64(mm_input_get(&p->in, "before"), &before))
        return MM_E_RANGE;
    if (code == MM_OK)
        code = mm_audit_verify(p->tx, &proof);
    if (code != MM_OK)
        return code;
    chain = mm_doc_object(p->doc, "chain");
    mm_doc_int(chain, "n", (int64_t)proof.entries);
    mm_doc_bool(chain, "whole", proof.broken_at == 0);
    mm_doc_int(chain, "broken_at", (int64_t)proof.broken_at);
    list = mm_doc_array(p->doc, "entries");
    code = mm_audit_each(p->tx, before, AUDIT_PAGE, write_entry, list);
    if (list->n == AUDIT_PAGE)
        mm_doc_int(p->doc, "next", mm_doc_get(list->last, MM_S("number"))->i);
    return code;
}
