/* web/portal/access_view.c - see access_view.h for the contract. */
#include "web/portal/access_view.h"

#include "register/password.h"

enum { FLAG_MAX = 32 }; /* "is_invitation" */

static void write_sessions(struct mm_page *p, const struct mm_access *x)
{
    struct mm_doc *list = mm_doc_array(p->doc, "sessions");

    for (size_t i = 0; i < x->session_n; i++) {
        const struct mm_access_session *s = &x->session[i];
        struct mm_doc *d = mm_doc_object(list, NULL);

        mm_doc_text(d, "session", s->name);
        mm_doc_time(d, "begun", s->begun_us);
        mm_doc_time(d, "seen", s->seen_us);
        mm_doc_time(d, "until", s->until_us);
        mm_doc_text(d, "peer", s->peer);
        mm_doc_text(d, "agent", s->agent);
        mm_doc_text(d, "how", s->how);
        mm_doc_bool(d, "strong", s->strong);
        mm_doc_bool(d, "here", s->here);
    }
}

static void write_tokens(struct mm_page *p, const struct mm_access *x)
{
    struct mm_doc *list = mm_doc_array(p->doc, "tokens");

    for (size_t i = 0; i < x->token_n; i++) {
        const struct mm_access_token *t = &x->token[i];
        struct mm_doc *d = mm_doc_object(list, NULL);

        mm_doc_int(d, "token", t->token);
        mm_doc_text(d, "token_name", t->name);
        mm_doc_text(d, "prefix", t->prefix);
        mm_doc_text(d, "rights", t->rights);
        mm_doc_text(d, "scopes", t->scopes);
        mm_doc_text(d, "until_day", t->until);
        mm_doc_time(d, "made", t->made_us);
        mm_doc_time(d, "used", t->used_us);
    }
}

void mm_access_write(struct mm_page *p, const struct mm_access *x, const char *base)
{
    mm_doc_text(p->chrome, "base", mm_slice_str(base));
    mm_doc_bool(p->chrome, "has_sessions", x->session_n > 0);
    mm_doc_bool(p->chrome, "has_tokens", x->token_n > 0);
    mm_doc_bool(p->doc, "has_password", x->has_password);
    mm_doc_bool(p->doc, "must_change", x->must_change);
    mm_doc_bool(p->doc, "password_off", x->password_off);
    mm_doc_time(p->doc, "password_set", x->password_us);
    mm_doc_bool(p->doc, "has_app", x->has_app);
    mm_doc_int(p->doc, "codes_left", x->codes);
    mm_doc_time(p->doc, "invited", x->invited_us);
    mm_doc_time(p->doc, "invited_until", x->invited_until_us);
    mm_doc_text(p->doc, "identity", x->subject);
    mm_doc_text(p->doc, "identity_issuer", x->issuer);
    mm_doc_time(p->doc, "identity_tied", x->tied_us);
    mm_doc_time(p->doc, "identity_used", x->tie_used_us);
    write_sessions(p, x);
    write_tokens(p, x);
}

void mm_access_slip(struct mm_page *p, const char *kind, struct mm_slice login)
{
    char *flag = mm_arena_alloc(p->arena, FLAG_MAX);

    p->template = "slip";
    mm_doc_str(p->doc, "kind", kind);
    if (flag != NULL) {
        (void)snprintf(flag, FLAG_MAX, "is_%s", kind);
        mm_doc_bool(p->chrome, flag, true);
    }
    mm_doc_text(p->doc, "login", login);
}

static unsigned figure(const struct mm_page *p, enum mm_password_rule rule, bool second)
{
    return mm_auth_password_rules(p->portal->cfg.auth)->parameter[rule][second ? 1 : 0];
}

void mm_password_help(struct mm_page *p, bool second)
{
    mm_doc_int(p->doc, "chars", figure(p, MM_PASSWORD_CHARS, second));
}

void mm_password_broken(struct mm_page *p, unsigned broken, bool second)
{
    struct mm_doc *list = mm_doc_array(p->doc, "broken");

    for (unsigned r = 0; r < MM_PASSWORD_RULES; r++) {
        struct mm_doc *d;

        if ((broken >> r & 1) == 0)
            continue;
        d = mm_doc_object(list, NULL);
        mm_doc_str(d, "code", mm_password_key((enum mm_password_rule)r));
        mm_doc_int(d, "n", figure(p, (enum mm_password_rule)r, second));
    }
}
