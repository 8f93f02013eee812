/* web/portal/session.c - see session.h for the contract. */
#include "web/portal/session.h"

enum { VISITOR_BYTES = 16, COOKIE_MAX = MM_SESSION_TICKET + 128 };

/* Under TLS the __Host- prefix ties the cookie to this host and to TLS. */
static const char *session_name(const struct mm_page *p)
{
    return p->req->tls ? "__Host-mm" : "mm";
}

static const char *visitor_name(const struct mm_page *p)
{
    return p->req->tls ? "__Host-mm_visit" : "mm_visit";
}

static void set_cookie(struct mm_page *p, const char *name, const char *value, bool keep)
{
    char cookie[COOKIE_MAX];
    int n = snprintf(cookie, sizeof(cookie), "%s=%s; Path=/; HttpOnly; SameSite=Lax%s%s", name,
                     value, p->req->tls ? "; Secure" : "", keep ? "" : "; Max-Age=0");

    MM_ASSERT(n > 0 && (size_t)n < sizeof(cookie));
    mm_http_set(p->req, "Set-Cookie", cookie);
}

void mm_session_cookie(struct mm_page *p, const char *token)
{
    set_cookie(p, session_name(p), token, token[0] != 0);
}

static const char *ticket_name(const struct mm_page *p)
{
    return p->req->tls ? "__Host-mm_oidc" : "mm_oidc";
}

void mm_session_ticket(struct mm_page *p, const char *ticket)
{
    set_cookie(p, ticket_name(p), ticket, ticket[0] != 0);
}

bool mm_session_ticket_find(const struct mm_page *p, struct mm_slice *ret)
{
    return mm_http_cookie(p->req, ticket_name(p), ret);
}

/* The form token of a visitor without session: a keyed digest of the visitor's cookie. */
static bool visitor_csrf(struct mm_page *p, struct mm_slice visitor)
{
    static const char hex[] = "0123456789abcdef";
    struct mm_digest d;
    uint8_t *text = mm_arena_bytes(p->arena, 32);

    if (text == NULL)
        return false;
    mm_digest_keyed(&p->portal->forms, visitor, &d);
    for (size_t i = 0; i < 16; i++) {
        text[i * 2] = (uint8_t)hex[d.b[i] >> 4];
        text[i * 2 + 1] = (uint8_t)hex[d.b[i] & 15];
    }
    p->csrf = mm_slice_of(text, 32);
    return true;
}

static bool visitor_ok(struct mm_slice s)
{
    uint64_t half;

    return s.n == VISITOR_BYTES * 2 && mm_slice_hex(mm_slice_sub(s, 0, 16), &half) &&
           mm_slice_hex(mm_slice_sub(s, 16, 16), &half);
}

static enum mm_code find_visitor(struct mm_page *p)
{
    uint64_t random[2];
    char text[VISITOR_BYTES * 2 + 1];
    struct mm_slice s;

    if (mm_http_cookie(p->req, visitor_name(p), &s) && visitor_ok(s))
        return visitor_csrf(p, s) ? MM_OK : MM_E_NOMEM;
    mm_random(random, sizeof(random));
    (void)snprintf(text, sizeof(text), "%016llx%016llx", (unsigned long long)random[0],
                   (unsigned long long)random[1]);
    set_cookie(p, visitor_name(p), text, true);
    return visitor_csrf(p, mm_slice_str(text)) ? MM_OK : MM_E_NOMEM;
}

enum mm_code mm_session_find(struct mm_page *p)
{
    struct mm_auth *auth = p->portal->cfg.auth;
    struct mm_slice token;
    enum mm_code code;

    if (mm_http_bearer(p->req, &token)) {
        code = mm_auth_bearer(auth, token, p->now_us, p->arena, &p->me);
        p->signed_in = code == MM_OK;
        return code;
    }
    if (mm_http_cookie(p->req, session_name(p), &p->token)) {
        code = mm_auth_session(auth, p->token, p->now_us, p->arena, &p->me);
        if (code == MM_OK) {
            p->signed_in = true;
            p->csrf = mm_slice_str(p->me.csrf);
            return MM_OK;
        }
        if (code != MM_E_AUTH)
            return code;
    }
    return find_visitor(p);
}

/* Is this origin, "https://name:port", the machine that was asked? */
static bool is_host(const struct mm_page *p, struct mm_slice origin)
{
    struct mm_slice host;
    size_t name = mm_slice_search(origin, MM_S("://"));

    return name != SIZE_MAX && mm_http_header(p->req, "Host", &host) &&
           mm_slice_ieq(mm_slice_sub(origin, name + 3, SIZE_MAX), host);
}

/*
 * A browser says where a form stood; an answer that names another site is refused outright. Older
 * ones say its origin only, which is ours where it is the host that was asked: a proxy that asks
 * for another one stands behind browsers that say the first.
 */
static bool same_site(const struct mm_page *p)
{
    struct mm_slice said;

    if (mm_http_has(p->req, "Sec-Fetch-Site"))
        return mm_http_header(p->req, "Sec-Fetch-Site", &said) &&
               (mm_slice_eq(said, MM_S("same-origin")) || mm_slice_eq(said, MM_S("none")));
    if (mm_http_has(p->req, "Origin"))
        return mm_http_header(p->req, "Origin", &said) && is_host(p, said);
    return true;
}

enum mm_code mm_session_check_form(struct mm_page *p)
{
    struct mm_slice given = mm_input_get(&p->in, "csrf");

    if (p->signed_in && p->me.api)
        return MM_OK;
    if (!same_site(p))
        return MM_E_DENIED;
    if (p->signed_in)
        return mm_auth_csrf(&p->me, given) ? MM_OK : MM_E_DENIED;
    return p->csrf.n > 0 && mm_same(given, p->csrf) ? MM_OK : MM_E_DENIED;
}
