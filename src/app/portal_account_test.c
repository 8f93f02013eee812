/* app/portal_account_test.c - pages about logins: one's own, and those an administrator looks
 * after. */
#include "tests/portal/site.h"

#include "register/access.h"
#include "web/portal/router.h"

#define HANAKO "/companies/1/users/4"
#define QUIET "Seven+quiet+rivers"

/* A second window: the one before stays in `kept`. */
static void another_window(struct site *s, char kept[COOKIE_MAX], const char *name)
{
    (void)snprintf(kept, COOKIE_MAX, "%s", s->cookie);
    CHECK(login(s, name, PASSWORD_FORM));
}

/* A visitor without session, at /welcome; leaves the secret of its forms. */
static void visit_welcome(struct site *s, char csrf[128])
{
    s->cookie[0] = 0;
    get(s, "/welcome");
    CHECK_NUM(s->status, 200);
    csrf_of(s, csrf);
    cut(s->head, "Set-Cookie: ", ";\r", s->cookie, sizeof(s->cookie));
}

static void come(struct site *s, const char *csrf, const char *code, const char *more)
{
    char form[512];

    CHECK(snprintf(form, sizeof(form), "csrf=%s&code=%s%s", csrf, code, more) < (int)sizeof(form));
    post(s, "/welcome", form);
}

TEST(portal_shows_whose_login_is_open_where_and_ends_it)
{
    struct site s;
    char first[COOKIE_MAX], second[COOKIE_MAX], name[32], path[96];

    site_open(&s);
    CHECK(login(&s, "hanako", PASSWORD_FORM));
    another_window(&s, first, "hanako");
    (void)snprintf(second, sizeof(second), "%s", s.cookie);
    fits_schema(&s, "/account", "account");
    CHECK(has(s.body, "\"peer\":\"127.0.0.1\"") && has(s.body, "\"here\":true"));
    CHECK(has(s.body, "\"codes_left\":5"));
    /* the first one, by its name: it is the one that is not here */
    get(&s, "/account");
    cut(s.body, "action=\"/account/sessions/", "/", name, sizeof(name));
    CHECK_NUM(strlen(name), 16);
    send_form_of(&s, "/account", "/account/sessions/end", "");
    CHECK_NUM(s.status, 303);
    become(&s, first);
    get_json(&s, "/companies/1");
    CHECK_NUM(s.status, 401);
    become(&s, second);
    get_json(&s, "/companies/1");
    CHECK_NUM(s.status, 200);
    (void)snprintf(path, sizeof(path), "/account/sessions/%s/end", "0123456789abcdef");
    send_form_of(&s, "/account", path, "");
    CHECK_NUM(s.status, 404);
    /* an administrator ends what is left */
    CHECK(login(&s, "soc", PASSWORD_FORM));
    fits_schema(&s, HANAKO, "user");
    CHECK(has(s.body, "\"login\":\"hanako\"") && has(s.body, "\"session\":"));
    send_form_of(&s, HANAKO, HANAKO "/sessions/end", "");
    CHECK_NUM(s.status, 303);
    become(&s, second);
    get_json(&s, "/companies/1");
    CHECK_NUM(s.status, 401);
    site_close(&s);
}

TEST(portal_invites_a_new_user_who_sets_a_password_once)
{
    struct site s;
    char csrf[128], code[MM_INVITE_TEXT];

    site_open(&s);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    send_form_of(&s, "/companies/2/users", "/companies/2/users",
                 "login=taro&name=Taro+B&role=analyst");
    CHECK(s.status == 422 && has(s.body, "その役割になれません") && has(s.body, "value=\"taro\""));
    send_form_of(&s, "/companies/2/users", "/companies/2/users",
                 "login=hanako&name=Taro+B&role=charge");
    CHECK(s.status == 422 && has(s.body, "すでに使われています"));
    send_form_of(&s, "/companies/2/users", "/companies/2/users", "login=&name=Taro+B&role=charge");
    CHECK_NUM(s.status, 422);
    send_form_of(&s, "/companies/2/users", "/companies/2/users",
                 "login=taro&name=Taro+B&role=charge");
    CHECK_NUM(s.status, 200);
    cut(s.body, "class=\"secret\">", "<", code, sizeof(code));
    CHECK_NUM(strlen(code), MM_INVITE_TEXT - 1);
    CHECK(has(s.body, "http://t/welcome?code="));
    visit_welcome(&s, csrf);
    come(&s, csrf, "AAAA-BBBB-CCCC-DDDD", "");
    CHECK(s.status == 422 && !has(s.body, "taro"));
    come(&s, csrf, code, "");
    CHECK(s.status == 200 && has(s.body, "Taro B") && has(s.body, "value=\"taro\""));
    come(&s, csrf, code, "&new=" QUIET "&again=Seven");
    CHECK(s.status == 422 && has(s.body, "value=\"taro\""));
    come(&s, csrf, code, "&new=taro&again=taro");
    CHECK(s.status == 422 && has(s.body, "role=\"alert\""));
    CHECK(!login(&s, "taro", QUIET));
    visit_welcome(&s, csrf);
    come(&s, csrf, code, "&new=" QUIET "&again=" QUIET);
    CHECK(s.status == 303 && has(s.head, "Location: /login\r"));
    come(&s, csrf, code, "&new=" QUIET "&again=" QUIET);
    CHECK_NUM(s.status, 422);
    CHECK(login(&s, "taro", QUIET));
    get(&s, "/companies/2");
    CHECK_NUM(s.status, 200);
    site_close(&s);
}

TEST(portal_takes_an_invitation_back)
{
    struct site s;
    char csrf[128], code[MM_INVITE_TEXT];

    site_open(&s);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    send_form_of(&s, HANAKO, HANAKO "/invite", "");
    CHECK_NUM(s.status, 200);
    cut(s.body, "class=\"secret\">", "<", code, sizeof(code));
    fits_schema(&s, HANAKO, "user");
    CHECK(has(s.body, "\"invited\":\"2026-11-20T"));
    send_form_of(&s, HANAKO, HANAKO "/invite/end", "");
    CHECK_NUM(s.status, 303);
    send_form_of(&s, HANAKO, HANAKO "/invite/end", "");
    CHECK_NUM(s.status, 404);
    visit_welcome(&s, csrf);
    come(&s, csrf, code, "");
    CHECK_NUM(s.status, 422);
    CHECK(login(&s, "hanako", PASSWORD_FORM)); /* and the old password stands */
    get(&s, HANAKO);
    CHECK_NUM(s.status, 403);
    site_close(&s);
}

static void ask_with(struct site *s, const char *token, const char *path)
{
    char head[256];

    s->cookie[0] = 0;
    (void)snprintf(head, sizeof(head), "Authorization: Bearer %s\r\nAccept: application/json\r\n",
                   token);
    ask(s, "GET", path, head, NULL);
}

TEST(portal_makes_a_token_that_may_do_what_was_ticked_and_no_more)
{
    struct site s;
    char mine[COOKIE_MAX], token[MM_AUTH_TEXT];

    site_open(&s);
    CHECK(login(&s, "hanako", PASSWORD_FORM));
    send_form_of(&s, "/account", "/account/tokens", "name=x&rights=read&days=30");
    CHECK(s.status == 422 && has(s.body, "一つ以上選んで"));
    send_form_of(&s, "/account", "/account/tokens", "name=&rights=read&days=30&scope=see");
    CHECK_NUM(s.status, 422);
    send_form_of(&s, "/account", "/account/tokens", "name=x&rights=read&days=367&scope=see");
    CHECK_NUM(s.status, 400);
    send_form_of(&s, "/account", "/account/tokens",
                 "name=Board&rights=write&days=30&scope=see&scope=people");
    CHECK_NUM(s.status, 200);
    cut(s.body, "class=\"secret\">", "<", token, sizeof(token));
    CHECK(strncmp(token, "mm_", 3) == 0);
    (void)snprintf(mine, sizeof(mine), "%s", s.cookie);
    ask_with(&s, token, "/companies/1");
    CHECK_NUM(s.status, 200);
    ask_with(&s, token, "/companies/1/report");
    CHECK_NUM(s.status, 403); /* the role may, the token was not given it */
    ask_with(&s, token, HANAKO);
    CHECK_NUM(s.status, 403); /* the role may not, so the token was not given it */
    ask_with(&s, token, "/account");
    CHECK_NUM(s.status, 403); /* what opens doors is not shown to a token */
    ask(&s, "POST", "/account/codes", "Accept: application/json\r\n", "");
    CHECK_NUM(s.status, 401);
    become(&s, mine);
    fits_schema(&s, "/account", "account");
    CHECK(has(s.body, "\"scopes\":\"see\"") && has(s.body, "\"until_day\":\"2026-12-20\""));
    send_form_of(&s, "/account", "/account/tokens/2/end", "");
    CHECK_NUM(s.status, 303);
    send_form_of(&s, "/account", "/account/tokens/1/end", ""); /* jugyoin's */
    CHECK_NUM(s.status, 404);
    ask_with(&s, token, "/companies/1");
    CHECK_NUM(s.status, 401);
    ask_with(&s, s.f.token, "/companies/1");
    CHECK_NUM(s.status, 403); /* an employee sees no pages; but the token stands */
    site_close(&s);
}

TEST(portal_lets_in_with_a_printed_code_who_lost_the_app)
{
    struct site s;
    char csrf[128], visit[128], form[8600], ticket[8192], code[MM_CODE_TEXT];

    site_open(&s);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    send_form_of(&s, "/account", "/account/codes", "");
    CHECK_NUM(s.status, 200);
    cut(s.body, "class=\"secret\">", "<", code, sizeof(code));
    CHECK_NUM(strlen(code), MM_CODE_TEXT - 1);
    for (int again = 0; again < 2; again++) {
        s.cookie[0] = 0;
        get(&s, "/login");
        csrf_of(&s, csrf);
        cut(s.head, "Set-Cookie: ", ";\r", visit, sizeof(visit));
        (void)snprintf(s.cookie, sizeof(s.cookie), "%s", visit);
        (void)snprintf(form, sizeof(form), "csrf=%s&login=soc&secret=" PASSWORD_FORM, csrf);
        post(&s, "/login", form);
        cut(s.body, "name=\"ticket\" value=\"", "\"", ticket, sizeof(ticket));
        CHECK(ticket[0] != 0);
        CHECK(snprintf(form, sizeof(form), "csrf=%s&ticket=%s&digits=&printed=%s", csrf, ticket,
                       code) < (int)sizeof(form));
        post(&s, "/login", form);
        CHECK_NUM(s.status, again == 0 ? 303 : 422); /* each code once */
    }
    site_close(&s);
}

/* ---- who may do what ---- */

/* What roles.def and routes.def say, worked out apart from the portal. */
static bool may(const struct mm_role *role, const struct mm_route *route)
{
    bool staff = role->place == MM_PLACE_STAFF || role->place == MM_PLACE_CHECK;

    if ((route->who & MM_WHO_STAFF) != 0 && !staff)
        return false;
    for (unsigned bit = 1; bit < MM_WHO_RIGHTS; bit <<= 1) {
        if ((route->who & bit) != 0 && (role->rights & bit) == 0)
            return false;
    }
    return true;
}

/* The route's path with numbers of company 1 in it. */
static void path_of(const struct mm_route *route, char *ret, size_t size)
{
    size_t n = 0;

    for (const char *c = route->path; *c != 0 && n + 2 < size; c++) {
        if (*c != ':') {
            ret[n++] = *c;
            continue;
        }
        ret[n++] = '1';
        while (c[1] != 0 && c[1] != '/')
            c++;
    }
    ret[n] = 0;
}

TEST(portal_lets_each_role_do_what_the_registries_say_and_nothing_else)
{
    static const struct {
        const char *login, *role;
    } people[] = {
        {"soc", "administrator"}, {"bunseki", "analyst"},  {"kansa", "auditor"},
        {"hanako", "charge"},     {"shacho", "president"}, {"jugyoin", "employee"},
        {"jigyo", "owner"},
    };
    struct site s;
    char path[128], csrf[128], form[160];
    int refused = 0, let = 0;

    site_open(&s);
    for (size_t i = 0; i < MM_COUNT(people); i++) {
        const struct mm_role *role = mm_role_find(mm_slice_str(people[i].role));

        CHECK(login(&s, people[i].login, PASSWORD_FORM));
        get(&s, "/account");
        csrf_of(&s, csrf);
        (void)snprintf(form, sizeof(form), "csrf=%s", csrf);
        for (size_t at = 0; mm_route_at(at) != NULL; at++) {
            const struct mm_route *r = mm_route_at(at);
            bool get_it = r->method == MM_HTTP_GET;

            if ((r->who & (MM_WHO_ALL | MM_WHO_SESSION)) != 0 || strcmp(r->path, "/live") == 0)
                continue;
            /* Programmes are not for people of a company, which is the scope's matter. */
            if (role->place == MM_PLACE_PERSON && strncmp(r->path, "/programmes", 11) == 0)
                continue;
            path_of(r, path, sizeof(path));
            if (get_it)
                get_json(&s, path);
            else
                post(&s, path, form);
            if ((s.status == 403) == may(role, r))
                printf("# %s %s: %d\n", people[i].role, path, s.status);
            CHECK((s.status == 403) != may(role, r));
            refused += s.status == 403;
            let += s.status != 403;
        }
    }
    CHECK(refused > 100 && let > 50);
    site_close(&s);
}

TEST(portal_slows_down_who_asks_too_often_and_nobody_else)
{
    struct site s;
    char mine[COOKIE_MAX];
    int n = 0;

    site_open(&s);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    (void)snprintf(mine, sizeof(mine), "%s", s.cookie);
    CHECK(login(&s, "hanako", PASSWORD_FORM));
    mm_pace_free(&s.portal->pace);
    CHECK_NUM(mm_pace_new(1, &s.portal->pace), MM_OK);
    do {
        get_json(&s, "/companies/1");
    } while (s.status == 200 && n++ < 2 * MM_PACE_BURST_S);
    CHECK(n >= MM_PACE_BURST_S && n <= MM_PACE_BURST_S + 5); /* seconds go by */
    CHECK_NUM(s.status, 429);
    CHECK(has(s.head, "Retry-After: 1\r") && has(s.body, "err.pace"));
    become(&s, mine);
    get_json(&s, "/companies/1");
    CHECK_NUM(s.status, 200);
    site_close(&s);
}

/* ---- a person leaves ---- */

#define BUNSEKI "/companies/0/users/2"

TEST(portal_hands_over_what_a_person_who_leaves_was_doing)
{
    struct site s;
    struct people who;

    site_open(&s);
    log_both_in(&s, &who);
    become(&s, who.analyst);
    send_form_of(&s, "/companies/1/cases/1", "/companies/1/cases/1/take", "");
    CHECK_NUM(s.status, 303);
    send_form_of(&s, "/companies/6/cases/4", "/companies/6/cases/4/take", "");
    CHECK_NUM(s.status, 303);
    become(&s, who.admin);
    fits_schema(&s, BUNSEKI "/handover", "handover");
    CHECK(has(s.body, "\"case\":1,") && has(s.body, "\"case\":4,"));
    send_form_of(&s, BUNSEKI "/handover", BUNSEKI "/handover", "to=");
    CHECK(s.status == 422 && has(s.body, "後任を選んで"));
    send_form_of(&s, BUNSEKI "/handover", BUNSEKI "/handover", "to=0");
    CHECK(s.status == 422 && has(s.body, "対応中の案件があるため"));
    send_form_of(&s, BUNSEKI "/handover", BUNSEKI "/handover", "to=4"); /* of a company */
    CHECK_NUM(s.status, 422);
    send_form_of(&s, BUNSEKI "/handover", BUNSEKI "/handover", "to=8"); /* an owner */
    CHECK(s.status == 422 && has(s.body, "案件に対応できません"));
    become(&s, who.analyst); /* nothing has happened yet */
    get_json(&s, "/cases");
    CHECK(s.status == 200 && has(s.body, "\"handler\":\"分析 二郎\""));
    become(&s, who.admin);
    send_form_of(&s, BUNSEKI "/handover", BUNSEKI "/handover", "to=1");
    CHECK(s.status == 200 && has(s.body, "引き継ぎが終わりました") && has(s.body, "見守 花"));
    get_json(&s, "/companies/1/cases/1");
    CHECK(has(s.body, "\"what\":\"passed\""));
    get_json(&s, "/cases");
    CHECK(has(s.body, "\"handler\":\"見守 花\"") && !has(s.body, "分析 二郎"));
    get_json(&s, BUNSEKI);
    CHECK_NUM(s.status, 404);
    become(&s, who.analyst);
    get_json(&s, "/companies");
    CHECK_NUM(s.status, 401);
    CHECK(!login(&s, "bunseki", PASSWORD_FORM));
    site_close(&s);
}

TEST(portal_hands_a_post_over_with_its_telephone_still_to_be_checked)
{
    struct site s;

    site_open(&s);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    get_json(&s, "/companies/1");
    CHECK(has(s.body, "総務 花子"));
    get_json(&s, HANAKO "/handover");
    CHECK(has(s.body, "\"posts\":[{"));
    send_form_of(&s, HANAKO "/handover", HANAKO "/handover", "to=7");
    CHECK_NUM(s.status, 200);
    get_json(&s, "/companies/1");
    CHECK(has(s.body, "新任 三郎") && !has(s.body, "総務 花子"));
    send_form_of(&s, "/companies/0/users/1/handover", "/companies/0/users/1/handover", "to=0");
    CHECK_NUM(s.status, 403); /* not oneself */
    site_close(&s);
}

/* A form of that many bytes, so that only its length is wrong. */
static void post_long(struct site *s, const char *path, size_t size)
{
    char *form = malloc(size + 1);

    CHECK(form != NULL);
    memset(form, 'x', size);
    memcpy(form, "text=", 5);
    form[size] = 0;
    post(s, path, form);
    free(form);
}

TEST(portal_takes_no_longer_body_than_a_route_needs)
{
    static const struct {
        const char *path;
        size_t max;
    } routes[] = {
        {"/login", 16 * 1024},
        {"/welcome", 16 * 1024},
        {"/companies/1/cases/1/note", 64 * 1024},
        {"/rules/try", 256 * 1024},
    };
    struct site s;

    site_open(&s);
    CHECK(login(&s, "soc", PASSWORD_FORM));
    for (size_t i = 0; i < MM_COUNT(routes); i++) {
        post_long(&s, routes[i].path, routes[i].max);
        CHECK_NUM(s.status, 403); /* read, and refused for its missing secret */
        post_long(&s, routes[i].path, routes[i].max + 1);
        CHECK_NUM(s.status, 413);
    }
    site_close(&s);
}
