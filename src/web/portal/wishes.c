/* web/portal/wishes.c - see wishes.h for the contract. */
#include "web/portal/wishes.h"

#include <stdio.h>

#include "register/audit.h"

enum { OBJECT_MAX = MM_WISH_RULE_NAME + 16 };

struct wishing {
    struct mm_page *p;
    struct mm_wish wish;
};

static enum mm_code write_wish(struct mm_tx *tx, void *arg)
{
    const struct wishing *w = arg;
    const char *what = mm_wish_what_name(w->wish.what);
    char object[OBJECT_MAX], action[32];
    enum mm_code code = mm_wish_add(tx, &w->wish, w->p->now_us);

    if (code != MM_OK)
        return code;
    (void)snprintf(object, sizeof(object), "%s %.*s", what, MM_S_ARG(w->wish.name));
    (void)snprintf(action, sizeof(action), "%s.%s", what, w->wish.remove ? "remove" : "add");
    return mm_audit_add(tx, &(struct mm_audit){.time_us = w->p->now_us,
                                               .user = w->p->me.user,
                                               .actor = w->p->me.login,
                                               .action = mm_slice_str(action),
                                               .object = mm_slice_str(object),
                                               .text = w->wish.yaml});
}

enum mm_code mm_page_wish(struct mm_page *p, const struct mm_wish *wish)
{
    struct wishing w = {.p = p, .wish = *wish};
    struct mm_scope_hold hold;
    const struct mm_scope *operators = NULL;
    enum mm_code code = mm_scope_narrow(p->me.scope, MM_COMPANY_OPERATOR, &hold, &operators);

    w.wish.user = p->me.user;
    w.wish.who = p->me.login;
    if (code == MM_OK)
        code = mm_records_write(p->portal->cfg.records, operators, write_wish, &w);
    return code;
}

enum mm_code mm_page_wishes(struct mm_page *p, enum mm_wish_what what)
{
    struct mm_doc *list = mm_doc_array(p->doc, "wishes");
    struct mm_wish *wishes = NULL;
    size_t n = 0;
    enum mm_code code = mm_wish_list(p->tx, what, p->arena, &wishes, &n);

    for (size_t i = 0; code == MM_OK && i < n; i++) {
        struct mm_doc *o = mm_doc_object(list, NULL);

        mm_doc_str(o, "verb", wishes[i].remove ? "remove" : "add");
        mm_doc_text(o, mm_wish_what_name(what), wishes[i].name);
        mm_doc_text(o, "who", wishes[i].who);
        mm_doc_text(o, "state", wishes[i].state);
        mm_doc_text(o, "why", wishes[i].why);
        mm_doc_time(o, "wished", wishes[i].wished_us);
    }
    return code;
}
