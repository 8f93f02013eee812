/* register/access_test.c - invitations, sessions, tokens: who may open a door, and who shuts it. */
#include "register/access.h"

#include <pthread.h>
#include <stdio.h>

#include "register/house_test.h"

#define NEW_PASSWORD "Seven quiet rivers"
#define DAY MM_US_PER_DAY

static enum mm_code come(struct house *h, const char *code, const char *password, int64_t now_us)
{
    const struct mm_welcome w = {.code = mm_slice_str(code),
                                 .password = mm_slice_str(password),
                                 .peer = MM_S("192.0.2.9"),
                                 .now_us = now_us};
    struct mm_welcomed who = {0};
    enum mm_code code_of = mm_access_welcome(h->auth, &w, &h->arena, &who);

    CHECK((code_of == MM_E_RANGE) == (who.broken != 0));
    CHECK((code_of == MM_E_BUSY) == (who.wait_s != 0));
    CHECK((code_of == MM_OK || code_of == MM_E_MORE || code_of == MM_E_RANGE) ==
          (who.login.n > 0 && who.name.n > 0));
    return code_of;
}

static void invite(struct house *h, const struct mm_scope *scope, uint32_t user, int64_t now_us,
                   char code[MM_INVITE_TEXT])
{
    int64_t until_us = 0;

    CHECK_NUM(mm_access_invite(h->auth, scope, user, now_us, code, &until_us), MM_OK);
    CHECK_NUM(until_us, now_us + MM_INVITE_DAYS * DAY);
    CHECK_NUM(strlen(code), 19);
}

/* The scope of somebody who is logged in with an app. */
static const struct mm_scope *scope_of(struct house *h, const char *name, int64_t now_us)
{
    char token[MM_AUTH_TEXT];
    uint8_t secret[MM_TOTP_SECRET];
    struct mm_session s;

    enrol(h, name, now_us, secret, token);
    CHECK_NUM(mm_auth_session(h->auth, mm_slice_str(token), now_us, &h->arena, &s), MM_OK);
    return s.scope;
}

TEST(invitation_sets_one_password_once)
{
    struct house h = built();
    struct mm_scope_hold hold;
    const struct mm_scope *own = mm_system_company(&hold, h.company);
    int64_t now = MM_REGISTER_NOW + MINUTE;
    char code[MM_INVITE_TEXT], spoken[32], token[MM_AUTH_TEXT];

    invite(&h, own, h.charge, now, code);
    CHECK_NUM(come(&h, "", "", now), MM_E_AUTH);
    CHECK_NUM(come(&h, code, "", now), MM_E_MORE);
    CHECK_NUM(come(&h, code, "hanako", now), MM_E_RANGE);
    CHECK_NUM(login(&h, "hanako", PASSWORD, "", now, token), MM_OK); /* nothing has changed yet */
    (void)snprintf(spoken, sizeof(spoken), "%.4s %.4s %.4s%.4s", code, code + 5, code + 10,
                   code + 15);
    for (char *c = spoken; *c != 0; c++)
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c == '1' ? 'l' : *c;
    CHECK_NUM(come(&h, spoken, NEW_PASSWORD, now), MM_OK);
    CHECK_NUM(come(&h, code, NEW_PASSWORD " 2", now), MM_E_AUTH);
    CHECK_NUM(login(&h, "hanako", PASSWORD, "", now, token), MM_E_AUTH);
    CHECK_NUM(login(&h, "hanako", NEW_PASSWORD, "", now, token), MM_OK);
    gone(&h);
}

TEST(invitation_ends_with_time_its_maker_its_successor_and_its_user)
{
    struct house h = built();
    struct mm_scope_hold hold;
    const struct mm_scope *own = mm_system_company(&hold, h.company);
    int64_t now = MM_REGISTER_NOW;
    char code[2][MM_INVITE_TEXT];

    invite(&h, own, h.charge, now, code[0]);
    CHECK_NUM(come(&h, code[0], "", now + MM_INVITE_DAYS * DAY - 1), MM_E_MORE);
    now += MM_INVITE_DAYS * DAY;
    CHECK_NUM(come(&h, code[0], "", now), MM_E_AUTH);
    invite(&h, own, h.charge, now, code[1]);
    CHECK_NUM(come(&h, code[0], "", now), MM_E_AUTH);
    CHECK_NUM(come(&h, code[1], "", now), MM_E_MORE);
    CHECK_NUM(mm_access_uninvite(h.auth, own, h.charge, now), MM_OK);
    CHECK_NUM(mm_access_uninvite(h.auth, own, h.charge, now), MM_E_NOTFOUND);
    CHECK_NUM(come(&h, code[1], "", now), MM_E_AUTH);
    invite(&h, own, h.charge, now, code[0]);
    CHECK_NUM(mm_register_end(h.rec, own, mm_entity(MM_REG_USER), h.charge), MM_OK);
    CHECK_NUM(come(&h, code[0], "", now), MM_E_AUTH);
    gone(&h);
}

TEST(invitation_guesses_wait_and_count_for_their_address_alone)
{
    struct house h = built();
    struct mm_scope_hold hold;
    int64_t now = MM_REGISTER_NOW;
    char code[MM_INVITE_TEXT], token[MM_AUTH_TEXT];

    invite(&h, mm_system_company(&hold, h.company), h.charge, now, code);
    for (int i = 0; i < 21; i++)
        CHECK_NUM(come(&h, "AAAA-BBBB-CCCC-DDDD", "", now), MM_E_AUTH);
    CHECK_NUM(come(&h, code, "", now), MM_E_BUSY);
    CHECK_NUM(come(&h, code, "", now + 3 * MM_US_PER_S), MM_E_MORE);
    CHECK_NUM(login(&h, "hanako", PASSWORD, "", now, token), MM_OK); /* another address */
    gone(&h);
}

TEST(access_shows_sessions_and_ends_the_one_that_is_named)
{
    struct house h = built();
    int64_t now = MM_REGISTER_NOW;
    char token[3][MM_AUTH_TEXT];
    struct mm_session s;
    struct mm_access x;
    const struct mm_scope *scope;

    for (int i = 0; i < 3; i++)
        CHECK_NUM(login(&h, "hanako", PASSWORD, "", now + i * MM_US_PER_S, token[i]), MM_OK);
    CHECK_NUM(mm_auth_session(h.auth, mm_slice_str(token[1]), now, &h.arena, &s), MM_OK);
    scope = s.scope;
    CHECK_NUM(mm_access_own(h.auth, &s, mm_slice_str(token[1]), now, &h.arena, &x), MM_OK);
    CHECK_NUM(x.session_n, 3);
    CHECK(!x.session[0].here && x.session[1].here && !x.session[2].here); /* the newest first */
    CHECK_SLICE(x.session[0].peer, "192.0.2.1");
    CHECK(x.has_password && !x.must_change && !x.has_app && x.codes == 0);
    CHECK_NUM(mm_access_end_session(h.auth, scope, h.charge, x.session[2].name, MM_S(""), now),
              MM_OK);
    CHECK_NUM(mm_access_end_session(h.auth, scope, h.charge, x.session[2].name, MM_S(""), now),
              MM_E_NOTFOUND);
    CHECK_NUM(mm_auth_session(h.auth, mm_slice_str(token[0]), now, &h.arena, &s), MM_E_AUTH);
    CHECK_NUM(mm_auth_session(h.auth, mm_slice_str(token[2]), now, &h.arena, &s), MM_OK);
    CHECK_NUM(mm_access_end_session(h.auth, scope, h.charge, MM_S(""), mm_slice_str(token[1]), now),
              MM_OK);
    CHECK_NUM(mm_auth_session(h.auth, mm_slice_str(token[2]), now, &h.arena, &s), MM_E_AUTH);
    CHECK_NUM(mm_auth_session(h.auth, mm_slice_str(token[1]), now, &h.arena, &s), MM_OK);
    /* what has idled too long is no session any more */
    CHECK_NUM(mm_access_own(h.auth, &s, MM_S(""), now + 62 * MINUTE, &h.arena, &x), MM_OK);
    CHECK_NUM(x.session_n, 0);
    gone(&h);
}

TEST(access_is_shut_to_other_companies_and_to_who_may_only_read)
{
    struct house h = built();
    int64_t now = MM_REGISTER_NOW, until_us = 0;
    uint32_t other = mm_register_company(h.rec, "beta");
    struct mm_scope_hold hold;
    const struct mm_scope *beta = mm_system_company(&hold, other);
    const struct mm_scope *auditor = scope_of(&h, "audie", now);
    const struct mm_scope *const shut[] = {beta, auditor};
    const enum mm_code told[] = {MM_E_NOTFOUND, MM_E_DENIED};
    char token[MM_AUTH_TEXT], code[MM_INVITE_TEXT], made[MM_AUTH_TEXT];
    const struct mm_token_wish wish = {
        .name = MM_S("x"), .rights = MM_S("read"), .scopes = MM_S("see"), .days = 1};
    struct mm_session s;

    CHECK_NUM(login(&h, "hanako", PASSWORD, "", now, token), MM_OK);
    for (size_t i = 0; i < MM_COUNT(shut); i++) {
        CHECK_NUM(mm_access_end_session(h.auth, shut[i], h.charge, MM_S(""), MM_S(""), now),
                  told[i]);
        CHECK_NUM(mm_access_invite(h.auth, shut[i], h.charge, now, code, &until_us), told[i]);
        CHECK_NUM(mm_access_uninvite(h.auth, shut[i], h.charge, now), told[i]);
        CHECK_NUM(mm_access_token(h.auth, shut[i], h.charge, &wish, now, made, NULL), told[i]);
        CHECK_NUM(mm_access_end_token(h.auth, shut[i], h.charge, 1, now), told[i]);
    }
    CHECK_NUM(mm_auth_session(h.auth, mm_slice_str(token), now, &h.arena, &s), MM_OK);
    CHECK_NUM(mm_access_end_session(h.auth, auditor, h.auditor, MM_S(""), MM_S(""), now), MM_OK);
    gone(&h);
}

TEST(access_token_is_narrowed_to_its_scopes_and_shows_its_last_use)
{
    struct house h = built();
    int64_t now = MM_REGISTER_NOW;
    struct mm_scope_hold hold;
    const struct mm_scope *own = mm_system_company(&hold, h.company);
    struct mm_token_wish wish = {
        .name = MM_S("button"), .rights = MM_S("write"), .scopes = MM_S("report"), .days = 30};
    char token[MM_AUTH_TEXT], none[MM_AUTH_TEXT] = "";
    struct mm_fault fault = {0};
    struct mm_session s, owner = {.user = h.charge, .company = h.company};
    struct mm_access x;

    CHECK_NUM(mm_access_token(h.auth, own, h.charge, &wish, now, token, &fault), MM_OK);
    CHECK_NUM(mm_auth_bearer(h.auth, mm_slice_str(token), now, &h.arena, &s), MM_OK);
    CHECK_NUM(s.rights, MM_MAY_REPORT); /* and not what else a person in charge may */
    CHECK_NUM(mm_auth_bearer(h.auth, mm_slice_str(token), now + 31 * DAY, &h.arena, &s), MM_E_AUTH);
    wish.scopes = MM_S("see,people");
    CHECK_NUM(mm_access_token(h.auth, own, h.charge, &wish, now, none, &fault), MM_OK);
    CHECK_NUM(mm_auth_bearer(h.auth, mm_slice_str(none), now, &h.arena, &s), MM_OK);
    CHECK_NUM(s.rights, MM_MAY_SEE); /* a scope never gives what the role has not */
    wish.scopes = MM_S("see,everything");
    CHECK_NUM(mm_access_token(h.auth, own, h.charge, &wish, now, none, &fault), MM_E_SYNTAX);
    CHECK(strcmp(fault.what, "token.scopes") == 0);
    wish = (struct mm_token_wish){.name = MM_S("b"), .rights = MM_S("ingest"), .days = 1};
    CHECK_NUM(mm_access_token(h.auth, own, h.charge, &wish, now, none, &fault), MM_E_SYNTAX);
    mm_records_close(&h.rec); /* what was written beside is there */
    h.rec = mm_register_open();
    h.auth->rec = h.rec;
    CHECK_NUM(mm_access_own(h.auth, &owner, MM_S(""), now, &h.arena, &x), MM_OK);
    CHECK_NUM(x.token_n, 2);
    CHECK_SLICE(x.token[0].name, "button");
    CHECK_SLICE(x.token[0].scopes, "report");
    CHECK_SLICE(x.token[0].until, "2020-10-13");
    CHECK_NUM(x.token[0].used_us, now);
    CHECK_NUM(mm_access_end_token(h.auth, own, h.auditor, x.token[0].token, now), MM_E_NOTFOUND);
    CHECK_NUM(mm_access_end_token(h.auth, own, h.charge, x.token[0].token, now), MM_OK);
    CHECK_NUM(mm_auth_bearer(h.auth, mm_slice_str(token), now, &h.arena, &s), MM_E_AUTH);
    gone(&h);
}

/* ---- many at once ---- */

enum { CROWD = 50 };

struct one {
    struct house *h;
    enum mm_code code;
    int64_t wait_s;
};

static void *one_main(void *arg)
{
    struct one *o = arg;
    char token[MM_AUTH_TEXT];
    const struct mm_login l = {.login = MM_S("hanako"),
                               .secret = MM_S(PASSWORD),
                               .peer = MM_S("192.0.2.1"),
                               .now_us = MM_REGISTER_NOW};

    o->wait_s = -1;
    o->code = mm_auth_login(o->h->auth, &l, token, &o->wait_s);
    return NULL;
}

TEST(auth_of_fifty_logins_at_once_computes_two_and_turns_the_rest_away_unharmed)
{
    struct house h = built();
    struct one crowd[CROWD];
    pthread_t thread[CROWD];
    struct mm_auth_load load;
    uint64_t busy = 0, before;

    mm_auth_load(h.auth, &load);
    before = load.done;
    for (int i = 0; i < MM_AUTH_HASHERS; i++)
        CHECK_NUM(mm_auth_hasher(h.auth), MM_OK); /* both places are taken while they come */
    for (int i = 0; i < CROWD; i++) {
        crowd[i] = (struct one){.h = &h};
        CHECK(pthread_create(&thread[i], NULL, one_main, &crowd[i]) == 0);
    }
    do { /* until each of them waits or was turned away: nobody else moves */
        mm_auth_load(h.auth, &load);
        CHECK(load.running == MM_AUTH_HASHERS && load.waiting <= MM_AUTH_HASHERS_WAIT);
    } while (load.waiting + load.refused < CROWD);
    CHECK_NUM(load.waiting, MM_AUTH_HASHERS_WAIT);
    for (int i = 0; i < MM_AUTH_HASHERS; i++)
        mm_auth_hasher_done(h.auth);
    for (int i = 0; i < CROWD; i++) {
        CHECK(pthread_join(thread[i], NULL) == 0);
        CHECK(crowd[i].code == MM_OK || crowd[i].code == MM_E_BUSY);
        CHECK_NUM(crowd[i].wait_s, 0); /* no failure: nothing is held against them */
        busy += crowd[i].code == MM_E_BUSY;
    }
    mm_auth_load(h.auth, &load);
    CHECK_NUM(busy, CROWD - MM_AUTH_HASHERS_WAIT);
    CHECK_NUM(load.refused, busy);
    CHECK_NUM(load.running_max, MM_AUTH_HASHERS);
    CHECK_NUM(load.done - before, CROWD - busy + MM_AUTH_HASHERS);
    CHECK_NUM(load.running + load.waiting, 0);
    gone(&h);
}

static void *wrong_main(void *arg)
{
    struct one *o = arg;
    char token[MM_AUTH_TEXT];

    o->code = login(o->h, "hanako", "wrong", "", MM_REGISTER_NOW, token);
    return NULL;
}

TEST(auth_counts_each_of_the_guesses_that_come_at_once)
{
    struct house h = built();
    struct one crowd[8];
    pthread_t thread[8];
    char token[MM_AUTH_TEXT];

    for (int i = 0; i < 8; i++) {
        crowd[i] = (struct one){.h = &h};
        CHECK(pthread_create(&thread[i], NULL, wrong_main, &crowd[i]) == 0);
    }
    for (int i = 0; i < 8; i++)
        CHECK(pthread_join(thread[i], NULL) == 0);
    /* Five are free; counted once for all, the right password would still be let in. */
    CHECK_NUM(login(&h, "hanako", PASSWORD, "", MM_REGISTER_NOW, token), MM_E_BUSY);
    gone(&h);
}
