/* app/nouns.c - see nouns.h for the contract: what each verb does. */
#include "app/nouns.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "app/nouns_relay.h"
#include "app/tables.h"
#include "base/limits.h"
#include "base/time.h"
#include "register/audit.h"
#include "register/password.h"
#include "register/relay.h"
#include "register/scan.h"
#include "serve/state.h"
#include "store/records/system_scope.h"

enum {
    ARENA_MAX = 64 * 1024 * 1024, /* a list of all there is */
    OUT_MAX = 64 * 1024 * 1024,
};

/* ---- finding what is meant ----------------------------------------------------------------------
 */

struct search {
    struct mm_slice text;
    int at;
    uint32_t id, company;
    size_t found;
};

static bool same(void *arg, const struct mm_rec *rec)
{
    struct search *s = arg;

    if (!rec->v[s->at].null && mm_slice_eq(rec->v[s->at].s, s->text)) {
        s->id = rec->id;
        s->company = rec->company;
        s->found++;
    }
    return s->found < 2;
}

/*
 * The record that `text` means: its number, or its code, login, title or name. False when there is
 * none or more than one, without a word.
 */
static bool find(struct mm_tx *tx, const struct mm_entity *e, const char *text, uint32_t *ret_id,
                 uint32_t *ret_company)
{
    struct search s = {.text = mm_slice_str(text), .at = mm_noun_label(e)};
    struct mm_rec rec;
    struct mm_arena a;
    uint64_t number;
    bool ok = false;

    if (s.at >= 0 && mm_rec_each(tx, e, &(struct mm_rec_filter){0}, same, &s) == MM_OK &&
        s.found == 1) {
        *ret_id = s.id;
        *ret_company = s.company;
        return true;
    }
    if (!mm_slice_u64(s.text, &number) || number > UINT32_MAX)
        return false;
    mm_arena_init(&a, 65536);
    ok = mm_rec_get(tx, e, (uint32_t)number, &a, &rec) == MM_OK;
    mm_arena_done(&a);
    if (ok) {
        *ret_id = (uint32_t)number;
        *ret_company = rec.company;
    }
    return ok;
}

static bool refuse(struct mm_noun *n, enum mm_code code)
{
    mm_noun_word(n, "noun", n->entity->name);
    if (code == MM_E_EXISTS)
        return mm_noun_complain(n, "cli.exists");
    if (code == MM_E_NOTFOUND)
        return mm_noun_complain(n, "cli.gone");
    if (code == MM_E_RANGE && n->entity->id == MM_REG_USER)
        return mm_noun_complain(n, "cli.role_place");
    if (code == MM_E_RANGE)
        return mm_noun_complain(n, "cli.refused");
    mm_noun_word(n, "why", mm_code_key(code));
    mm_noun_word(n, "state", n->state);
    return mm_noun_complain(n, "cli.failed");
}

/* A snapshot that sees everything, or after --company, or for a company-owned record, one. */
static struct mm_tx *snapshot(struct mm_noun *n, const struct mm_scope *scope)
{
    struct mm_tx *tx = NULL;
    enum mm_code code = mm_records_read(n->records, scope, &tx);

    if (code != MM_OK)
        (void)refuse(n, code);
    return tx;
}

/* The number of --company; false after saying that there is none. */
static bool find_company(struct mm_noun *n, uint32_t *ret)
{
    struct mm_tx *tx = snapshot(n, mm_system_scope());
    uint32_t unused;
    bool ok;

    if (tx == NULL)
        return false;
    ok = find(tx, mm_entity(MM_REG_COMPANY), n->company, ret, &unused);
    mm_records_read_done(&tx);
    mm_noun_word(n, "value", n->company);
    return ok || mm_noun_complain(n, "cli.no_company");
}

/* The scope of --company, or everything. */
static bool scope_asked(struct mm_noun *n, struct mm_scope_hold *hold, const struct mm_scope **ret)
{
    uint32_t company;

    *ret = mm_system_scope();
    if (n->company == NULL)
        return true;
    if (!find_company(n, &company))
        return false;
    *ret = mm_system_company(hold, company);
    return true;
}

/* The record that n->id means, read; false after saying why not. */
static bool get(struct mm_noun *n, struct mm_rec *ret)
{
    struct mm_scope_hold hold;
    const struct mm_scope *scope;
    uint32_t id = 0, company = 0;
    struct mm_tx *tx;
    bool ok;

    if (!scope_asked(n, &hold, &scope) || (tx = snapshot(n, scope)) == NULL)
        return false;
    ok = find(tx, n->entity, n->id, &id, &company) &&
         mm_rec_get(tx, n->entity, id, &n->arena, ret) == MM_OK;
    mm_records_read_done(&tx);
    mm_noun_word(n, "value", n->id);
    mm_noun_word(n, "noun", n->entity->name);
    return ok || mm_noun_complain(n, "cli.not_found");
}

/* ---- values ---- */

/* A reference by name becomes its number. */
static bool put_reference(struct mm_noun *n, struct mm_rec *rec, const struct mm_scope *scope,
                          const struct mm_noun_field *given)
{
    const struct mm_field *f = &n->entity->fields[given->at];
    const struct mm_entity *meant = mm_entity_find(mm_slice_str(f->extra));
    struct mm_tx *tx = snapshot(n, scope);
    uint32_t id = 0, unused;
    bool ok;

    MM_ASSERT(meant != NULL);
    if (tx == NULL)
        return false;
    ok = find(tx, meant, given->text, &id, &unused);
    mm_records_read_done(&tx);
    if (!ok) {
        mm_noun_word(n, "option", f->name);
        mm_noun_word(n, "noun", meant->name);
        mm_noun_word(n, "value", given->text);
        return mm_noun_complain(n, "cli.no_reference");
    }
    rec->v[given->at] = (struct mm_value){.i = id};
    return true;
}

/* Every option into its field. References are looked up under the company's scope. */
static bool put_all(struct mm_noun *n, struct mm_rec *rec, const struct mm_scope *scope)
{
    for (size_t i = 0; i < n->field_count; i++) {
        const struct mm_noun_field *given = &n->field[i];
        const struct mm_field *f = &n->entity->fields[given->at];
        struct mm_fault fault = {0};

        if (f->type == MM_FIELD_REF && given->text[0] != 0 &&
            !((f->flags & MM_FIELD_ONCE) && rec->id != 0)) {
            if (!put_reference(n, rec, scope, given))
                return false;
        } else if (mm_rec_put(rec, given->at, mm_slice_str(given->text), &fault) != MM_OK) {
            mm_noun_word(n, "option", f->name);
            mm_noun_word(n, "value", given->text);
            mm_noun_word(n, "why", mm_lang_text(n->lang, mm_slice_str(fault.what), 1));
            mm_noun_number(n, "at", (int64_t)fault.at + 1);
            mm_noun_word(n, "choices", f->type == MM_FIELD_CHOICE ? f->extra : "");
            return mm_noun_complain(n, "cli.value");
        }
    }
    return true;
}

static bool complete(struct mm_noun *n, const struct mm_rec *rec)
{
    int missing = mm_rec_missing(rec);
    const struct mm_field *f;

    /* digest and prefix of a token are made, not given */
    if (missing < 0 || (n->entity->fields[missing].flags & MM_FIELD_OURS))
        return true;
    f = &n->entity->fields[missing];
    mm_noun_word(n, "option", f->name);
    mm_noun_word(n, "title", mm_noun_title(n, f));
    mm_noun_word(n, "choices", f->type == MM_FIELD_CHOICE ? f->extra : "");
    return mm_noun_complain(n, "cli.needs");
}

/* ---- writing, with its audit entry ---- */

struct change {
    struct mm_noun *n;
    struct mm_rec rec;
    uint32_t id;
    enum mm_verb verb;
};

static enum mm_code note(struct mm_tx *tx, const struct change *c, uint32_t company)
{
    char actor[MM_APP_ACTOR], action[64], object[64];
    enum mm_code code = mm_tx_narrow(tx, company);

    if (code != MM_OK)
        return code;
    mm_app_actor(actor);
    (void)snprintf(action, sizeof(action), "%s.%s", c->n->entity->name,
                   c->verb == MM_VERB_ADD   ? "add"
                   : c->verb == MM_VERB_SET ? "set"
                                            : "remove");
    (void)snprintf(object, sizeof(object), "%s %u", c->n->entity->name, c->id);
    code = mm_audit_add(tx, &(struct mm_audit){.time_us = c->n->now_us,
                                               .actor = mm_slice_str(actor),
                                               .action = mm_slice_str(action),
                                               .object = mm_slice_str(object)});
    mm_tx_widen(tx);
    return code;
}

static enum mm_code work_change(struct mm_tx *tx, void *arg)
{
    struct change *c = arg;
    const struct mm_entity *e = c->n->entity;
    uint32_t company = c->rec.company;
    enum mm_code code;

    if (c->verb == MM_VERB_ADD)
        code = mm_rec_add(tx, &c->rec, c->n->now_us, &c->id);
    else if (c->verb == MM_VERB_SET)
        code = mm_rec_set(tx, &c->rec, c->n->now_us);
    else
        code = mm_rec_end(tx, e, c->id, c->n->now_us);
    if (e->owner == MM_OWNER_ITSELF)
        company = c->id;
    return code == MM_OK ? note(tx, c, company) : code;
}

/* Programmes and companies are the operator's to make; everything else lies in one company. */
static const struct mm_scope *scope_of(const struct change *c, struct mm_scope_hold *hold)
{
    const struct mm_entity *e = c->n->entity;

    if (e->owner == MM_OWNER_SHARED || (e->owner == MM_OWNER_ITSELF && c->verb == MM_VERB_ADD))
        return mm_system_scope();
    return mm_system_company(hold, c->rec.company);
}

static bool write_change(struct mm_noun *n, struct change *c)
{
    struct mm_scope_hold hold;
    enum mm_code code = mm_records_write(n->records, scope_of(c, &hold), work_change, c);

    return code == MM_OK || refuse(n, code);
}

/* ---- what comes with users and tokens ---- */

static bool broken_rules(struct mm_noun *n, uint32_t company, unsigned broken)
{
    /* Who is of no company has a second factor. */
    size_t second = company == 0 ? 1 : 0;

    (void)mm_noun_complain(n, "cli.password");
    for (int i = 0; i < MM_PASSWORD_RULES; i++) {
        const char *key = mm_password_key((enum mm_password_rule)i);
        const char *text = mm_lang_text(n->lang, mm_slice_str(key), 1);

        if (broken & 1u << i)
            fprintf(stderr, "  - %s (%u)\n", text == NULL ? key : text,
                    mm_auth_password_rules(n->auth)->parameter[i][second]);
    }
    return false;
}

static bool set_password(struct mm_noun *n, uint32_t user, uint32_t company, struct mm_slice text,
                         bool must_change)
{
    struct mm_scope_hold hold;
    unsigned broken = 0;
    enum mm_code code =
        mm_account_password(n->auth, mm_system_company(&hold, company), user, text, must_change,
                            (struct mm_slice){0}, mm_now_us(), &broken);

    if (code == MM_E_RANGE)
        return broken_rules(n, company, broken);
    return code == MM_OK || refuse(n, code);
}

static bool password_of_stdin(struct mm_noun *n, uint32_t user, uint32_t company)
{
    uint8_t line[MM_PASSWORD_MAX + 2];
    size_t len = fread(line, 1, sizeof(line), stdin);
    struct mm_slice text = mm_slice_of(line, len);
    bool ok;

    text = mm_slice_sub(text, 0, mm_slice_find(text, '\n', 0));
    ok = set_password(n, user, company, text, false);
    mm_wipe(line, sizeof(line));
    return ok;
}

static bool made_password(struct mm_noun *n, uint32_t user, uint32_t company)
{
    char text[MM_PASSWORD_MADE];

    mm_account_make_password(n->auth, text);
    if (!set_password(n, user, company, mm_slice_str(text), true))
        return false;
    mm_noun_word(n, "password", text);
    mm_doc_str(n->doc, "password", text);
    mm_noun_tell(n, "cli.first_password");
    return true;
}

static bool printed_codes(struct mm_noun *n, uint32_t user, uint32_t company)
{
    char codes[MM_CODES_MAX][MM_CODE_TEXT];
    struct mm_scope_hold hold;
    struct mm_doc *list = mm_doc_array(n->doc, "codes");
    enum mm_code code;

    if (n->codes > MM_CODES_MAX) {
        mm_noun_number(n, "max", MM_CODES_MAX);
        return mm_noun_complain(n, "cli.codes_max");
    }
    code = mm_account_codes(n->auth, mm_system_company(&hold, company), user, n->codes, n->now_us,
                            codes);
    if (code != MM_OK)
        return refuse(n, code);
    mm_noun_tell(n, "cli.codes");
    for (uint32_t i = 0; i < n->codes; i++) {
        mm_doc_str(list, NULL, codes[i]);
        if (!n->json)
            printf("  %s\n", codes[i]);
    }
    mm_wipe(codes, sizeof(codes));
    return true;
}

static bool new_app(struct mm_noun *n, uint32_t user, uint32_t company)
{
    struct mm_scope_hold hold;
    char base32[MM_TOTP_BASE32];
    enum mm_code code =
        mm_account_totp(n->auth, mm_system_company(&hold, company), user, n->now_us, base32);

    mm_wipe(base32, sizeof(base32)); /* the user sets up its own at the next login */
    if (code != MM_OK)
        return refuse(n, code);
    mm_noun_tell(n, "cli.totp_reset");
    return true;
}

static bool invitation(struct mm_noun *n, uint32_t user, uint32_t company)
{
    struct mm_scope_hold hold;
    char text[MM_INVITE_TEXT];
    int64_t until_us = 0;
    enum mm_code code = mm_access_invite(n->auth, mm_system_company(&hold, company), user,
                                         n->now_us, text, &until_us);

    if (code != MM_OK)
        return refuse(n, code);
    mm_noun_word(n, "code", text);
    mm_noun_number(n, "days", MM_INVITE_DAYS);
    mm_doc_str(n->doc, "invitation", text);
    mm_doc_time(n->doc, "until", until_us);
    mm_noun_tell(n, "cli.invitation");
    mm_wipe(text, sizeof(text));
    return true;
}

static bool no_sessions(struct mm_noun *n, uint32_t user, uint32_t company)
{
    struct mm_scope_hold hold;
    enum mm_code code = mm_access_end_session(n->auth, mm_system_company(&hold, company), user,
                                              MM_S(""), MM_S(""), n->now_us);

    if (code != MM_OK)
        return refuse(n, code);
    mm_noun_tell(n, "cli.sessions_ended");
    return true;
}

/* Passwords, codes and apps that were asked for, after the user's row stands. */
static bool user_extras(struct mm_noun *n, uint32_t user, uint32_t company, bool added)
{
    bool make = n->make_password || (added && !n->password_stdin && n->codes == 0 && !n->invite);

    if (n->password_stdin && !password_of_stdin(n, user, company))
        return false;
    if (make && !made_password(n, user, company))
        return false;
    if (n->codes > 0 && !printed_codes(n, user, company))
        return false;
    if (n->reset_totp && !new_app(n, user, company))
        return false;
    if (n->end_sessions && !no_sessions(n, user, company))
        return false;
    return !n->invite || invitation(n, user, company);
}

/* What a relay needs after its row stands: settings that are signed, and a code to come with. */
static bool relay_extras(struct mm_noun *n, uint32_t relay, uint32_t company, bool added)
{
    struct mm_scope_hold hold;
    char text[MM_CALLCODE_TEXT];
    struct mm_fault fault = {0};
    int64_t until_us = 0;
    enum mm_code code = mm_relay_sign(n->auth, mm_system_company(&hold, company), relay, &fault);

    if (code == MM_E_SYNTAX)
        return mm_noun_complain(n, "cli.relay_settings");
    if (code != MM_OK)
        return refuse(n, code);
    if (!added && !n->new_code)
        return true;
    code = mm_relay_code(n->auth, mm_system_company(&hold, company), relay, n->now_us, text,
                         &until_us);
    if (code != MM_OK)
        return refuse(n, code);
    mm_noun_word(n, "code", text);
    mm_noun_number(n, "hours", MM_RELAY_CODE_H);
    mm_doc_str(n->doc, "code", text);
    mm_doc_time(n->doc, "until", until_us);
    mm_noun_tell(n, "cli.relay_code");
    mm_wipe(text, sizeof(text));
    return true;
}

/* A token that acts for somebody ends: in a year where nothing else was said. */
static void last_day(struct mm_noun *n, struct mm_rec *rec)
{
    char *day = mm_arena_alloc(&n->arena, MM_TIME_TEXT);

    if (day == NULL)
        return;
    mm_time_text(n->now_us + 365 * MM_US_PER_DAY, day);
    rec->v[MM_F_token_until] = (struct mm_value){.s = mm_slice_of(day, 10)};
}

static bool make_token(struct mm_noun *n, struct mm_rec *rec, struct mm_digest *digest,
                       char text[MM_AUTH_TEXT])
{
    enum mm_code code;

    if (rec->v[MM_F_token_rights].null && !rec->v[MM_F_token_source].null)
        rec->v[MM_F_token_rights] = (struct mm_value){.s = MM_S("ingest")};
    if (!complete(n, rec))
        return false;
    if (rec->v[MM_F_token_until].null && !rec->v[MM_F_token_user].null)
        last_day(n, rec);
    code = mm_account_token(n->auth, rec, digest, text);
    return code == MM_OK ||
           mm_noun_complain(n, code == MM_E_SYNTAX ? "cli.token_scopes" : "cli.token_of");
}

/* ---- scans of consents ---- */

/* The whole file in the arena; false after saying why not. */
static bool read_scan(struct mm_noun *n, struct mm_slice *ret)
{
    uint8_t *bytes = mm_arena_bytes(&n->arena, MM_SCAN_MAX + 1);
    FILE *f = fopen(n->scan, "rb");
    size_t len = 0;

    if (f != NULL && bytes != NULL)
        len = fread(bytes, 1, MM_SCAN_MAX + 1, f);
    if (f != NULL)
        (void)fclose(f);
    *ret = mm_slice_of(bytes, len);
    mm_noun_word(n, "value", n->scan);
    mm_noun_number(n, "max", MM_SCAN_MAX / 1024 / 1024);
    return (len > 0 && len <= MM_SCAN_MAX) || mm_noun_complain(n, "cli.scan");
}

struct scan_put {
    const struct mm_key *key;
    uint32_t consent;
    struct mm_slice name, bytes;
    int64_t now_us;
};

static enum mm_code work_scan(struct mm_tx *tx, void *arg)
{
    const struct scan_put *s = arg;

    return mm_scan_put(tx, s->key, s->consent, s->name, s->bytes, s->now_us);
}

static bool put_scan(struct mm_noun *n, uint32_t consent, uint32_t company)
{
    const char *slash = n->scan == NULL ? NULL : strrchr(n->scan, '/');
    struct scan_put s = {.key = &n->key, .consent = consent, .now_us = n->now_us};
    struct mm_scope_hold hold;
    enum mm_code code;

    if (n->scan == NULL)
        return true;
    if (!read_scan(n, &s.bytes))
        return false;
    s.name = mm_slice_str(slash == NULL ? n->scan : slash + 1);
    code = mm_records_write(n->records, mm_system_company(&hold, company), work_scan, &s);
    return code == MM_OK || refuse(n, code);
}

/* Writes the scan to a new file of its owner's only. */
static bool save_scan(struct mm_noun *n, uint32_t consent, uint32_t company)
{
    struct mm_scope_hold hold;
    struct mm_slice name, bytes = {0};
    struct mm_tx *tx;
    enum mm_code code;
    int fd;
    bool ok;

    if (n->scan_to == NULL)
        return true;
    tx = snapshot(n, mm_system_company(&hold, company));
    if (tx == NULL)
        return false;
    code = mm_scan_get(tx, &n->key, consent, &n->arena, &name, &bytes);
    mm_records_read_done(&tx);
    mm_noun_word(n, "value", n->scan_to);
    if (code != MM_OK)
        return mm_noun_complain(n, "cli.no_scan");
    fd = open(n->scan_to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ok = fd >= 0 && write(fd, bytes.p, bytes.n) == (ssize_t)bytes.n;
    if (fd >= 0)
        ok = close(fd) == 0 && ok;
    return ok || mm_noun_complain(n, "cli.scan_to");
}

/* ---- the verbs ---- */

static bool company_for_add(struct mm_noun *n, uint32_t *ret)
{
    *ret = 0;
    if (n->entity->owner != MM_OWNER_COMPANY)
        return true;
    mm_noun_word(n, "noun", n->entity->name);
    if (n->company == NULL)
        return mm_noun_complain(n, "cli.company_needed");
    return find_company(n, ret);
}

static void told(struct mm_noun *n, uint32_t id, const char *key)
{
    mm_noun_word(n, "noun", n->entity->name);
    mm_noun_number(n, "id", id);
    mm_noun_tell(n, key);
}

static bool verb_add(struct mm_noun *n)
{
    struct change c = {.n = n, .verb = MM_VERB_ADD};
    struct mm_scope_hold hold;
    struct mm_digest digest;
    char token[MM_AUTH_TEXT] = "";

    mm_rec_init(&c.rec, n->entity);
    if (!company_for_add(n, &c.rec.company) ||
        !put_all(n, &c.rec, mm_system_company(&hold, c.rec.company)))
        return false;
    if (n->entity->id == MM_REG_TOKEN && !make_token(n, &c.rec, &digest, token))
        return false;
    if (!complete(n, &c.rec) || !write_change(n, &c))
        return false;
    mm_doc_int(n->doc, "id", c.id);
    told(n, c.id, "cli.added");
    if (token[0] != 0) {
        mm_doc_str(n->doc, "token", token);
        mm_noun_word(n, "token", token);
        mm_noun_tell(n, "cli.token");
    }
    if (n->entity->id == MM_REG_CONSENT)
        return put_scan(n, c.id, c.rec.company);
    if (n->entity->id == MM_REG_RELAY)
        return relay_extras(n, c.id, c.rec.company, true);
    return n->entity->id != MM_REG_USER || user_extras(n, c.id, c.rec.company, true);
}

static bool verb_set(struct mm_noun *n)
{
    struct change c = {.n = n, .verb = MM_VERB_SET};
    struct mm_scope_hold hold;
    const struct mm_scope *scope;

    if (!get(n, &c.rec))
        return false;
    c.id = c.rec.id;
    scope = mm_system_company(&hold, c.rec.company);
    if (!put_all(n, &c.rec, scope) || !complete(n, &c.rec))
        return false;
    if (n->field_count > 0 && !write_change(n, &c))
        return false;
    mm_doc_int(n->doc, "id", c.id);
    if (n->entity->id == MM_REG_USER && !user_extras(n, c.id, c.rec.company, false))
        return false;
    if (n->entity->id == MM_REG_CONSENT && !put_scan(n, c.id, c.rec.company))
        return false;
    if (n->entity->id == MM_REG_RELAY && !relay_extras(n, c.id, c.rec.company, false))
        return false;
    told(n, c.id, "cli.changed");
    return true;
}

static bool verb_remove(struct mm_noun *n)
{
    struct change c = {.n = n, .verb = MM_VERB_REMOVE};

    if (!get(n, &c.rec))
        return false;
    c.id = c.rec.id;
    if (!write_change(n, &c))
        return false;
    mm_doc_int(n->doc, "id", c.id);
    told(n, c.id, "cli.removed");
    return true;
}

static bool verb_show(struct mm_noun *n)
{
    struct mm_rec rec;

    if (!get(n, &rec))
        return false;
    if (n->json)
        mm_noun_doc(n->doc, &rec);
    else
        mm_noun_show(n, &rec);
    if (n->entity->id == MM_REG_RELAY)
        mm_noun_relay_live(n, &rec);
    return save_scan(n, rec.id, rec.company);
}

struct listing {
    struct mm_noun *n;
    struct mm_doc *items;
    uint32_t count, last;
};

static bool list_one(void *arg, const struct mm_rec *rec)
{
    struct listing *l = arg;

    l->count++;
    l->last = rec->id;
    if (l->n->json)
        mm_noun_doc(mm_doc_object(l->items, NULL), rec);
    else
        mm_noun_row(l->n, rec);
    return true;
}

static bool verb_list(struct mm_noun *n)
{
    struct listing l = {.n = n, .items = mm_doc_array(n->doc, "items")};
    struct mm_rec_filter filter = {.from = n->from, .limit = n->limit, .ended = n->ended};
    struct mm_scope_hold hold;
    const struct mm_scope *scope;
    struct mm_tx *tx;
    enum mm_code code;

    if (!scope_asked(n, &hold, &scope) || (tx = snapshot(n, scope)) == NULL)
        return false;
    code = mm_rec_each(tx, n->entity, &filter, list_one, &l);
    mm_records_read_done(&tx);
    if (code != MM_OK)
        return refuse(n, code);
    if (n->limit > 0 && l.count == n->limit)
        mm_doc_int(n->doc, "next", (int64_t)l.last + 1);
    else
        mm_doc_null(n->doc, "next");
    return true;
}

static bool run(struct mm_noun *n)
{
    switch (n->verb) {
    case MM_VERB_ADD:
        return verb_add(n);
    case MM_VERB_SET:
        return verb_set(n);
    case MM_VERB_REMOVE:
        return verb_remove(n);
    case MM_VERB_SHOW:
        return verb_show(n);
    case MM_VERB_LIST:
        return verb_list(n);
    case MM_VERB_NONE:
    case MM_VERB_HELP:
        break;
    }
    return false;
}

static bool open_all(struct mm_noun *n)
{
    char path[MM_MAX_PATH];
    struct mm_buf why;
    bool ok;

    mm_buf_init(&why, 4096);
    ok = mm_state_prepare(n->state, &why) == MM_OK;
    if (!ok)
        fprintf(stderr, "mimamori: %.*s\n", MM_S_ARG(mm_buf_slice(&why)));
    mm_buf_done(&why);
    if (!ok || mm_app_records(n->state, &n->records) != MM_OK)
        return false;
    if (mm_state_key(n->state, path) != MM_OK)
        return false;
    mm_noun_word(n, "value", path);
    if (mm_key_load(path, &n->key) != MM_OK)
        return mm_noun_complain(n, "cli.key");
    return mm_auth_open(n->records, &n->key, &n->auth) == MM_OK;
}

static bool print_doc(struct mm_noun *n)
{
    struct mm_buf out;
    bool ok = mm_doc_ok(n->doc);

    mm_buf_init(&out, OUT_MAX);
    mm_doc_json(&out, n->doc);
    mm_buf_byte(&out, '\n');
    ok = ok && mm_buf_ok(&out) && fwrite(out.p, 1, out.n, stdout) == out.n;
    mm_buf_done(&out);
    return ok;
}

int mm_nouns_main(const char *noun, int argc, char **argv)
{
    struct mm_noun n = {.entity = mm_entity_find(mm_slice_str(noun)), .now_us = mm_now_us()};
    int rc = MM_NOUNS_USAGE;

    MM_ASSERT(n.entity != NULL);
    mm_arena_init(&n.arena, ARENA_MAX);
    n.doc = mm_doc_new(&n.arena);
    if (mm_noun_read(&n, argc, argv)) {
        if (n.verb == MM_VERB_HELP) {
            mm_noun_help(&n);
            rc = MM_NOUNS_OK;
        } else {
            rc = open_all(&n) && run(&n) && (!n.json || print_doc(&n)) ? MM_NOUNS_OK
                                                                       : MM_NOUNS_FAILED;
        }
    }
    mm_auth_close(&n.auth);
    mm_wipe(&n.key, sizeof(n.key));
    mm_records_close(&n.records);
    mm_arena_done(&n.arena);
    if (fflush(stdout) != 0)
        rc = MM_NOUNS_FAILED;
    return rc;
}

/* ---- nouns of their own ---- */

struct mm_slice mm_noun_words(const struct mm_noun *n, const char *prefix, struct mm_slice name)
{
    char key[64];
    int len = snprintf(key, sizeof(key), "%s%.*s", prefix, MM_S_ARG(mm_slice_sub(name, 0, 40)));
    const char *text;

    MM_ASSERT(len >= 0 && (size_t)len < sizeof(key)); /* prefixes are ours */
    text = mm_lang_text(n->lang, mm_slice_of(key, (size_t)len), 1);
    return text == NULL ? name : mm_slice_str(text);
}

bool mm_noun_see(struct mm_noun *n, struct mm_scope_hold *hold, struct mm_tx **ret)
{
    struct mm_tx *tx = NULL;
    uint32_t company = 0;
    enum mm_code code = mm_records_read(n->records, mm_system_scope(), &tx);

    if (code == MM_OK && n->company != NULL) {
        code = mm_app_company(tx, n->company, &company);
        mm_records_read_done(&tx);
        mm_noun_word(n, "value", n->company);
        if (code == MM_E_NOTFOUND)
            return mm_noun_complain(n, "cli.no_company");
        if (code == MM_OK)
            code = mm_records_read(n->records, mm_system_company(hold, company), &tx);
    }
    mm_noun_word(n, "why", mm_code_key(code));
    if (code != MM_OK)
        return mm_noun_complain(n, "cli.failed");
    *ret = tx;
    return true;
}

static bool run_own(const struct mm_noun_own *own, struct mm_noun *n, bool acting)
{
    mm_noun_word(n, "state", n->state);
    if (mm_app_records(n->state, &n->records) != MM_OK)
        return false;
    if (n->verb == MM_VERB_LIST)
        return own->list(n);
    return acting ? own->act(n) : own->show(n);
}

int mm_noun_own_main(const struct mm_noun_own *own, int argc, char **argv)
{
    struct mm_noun n = {.entity = mm_entity(MM_REG_COMPANY), .now_us = mm_now_us()};
    bool acting = argc > 1 && strcmp(argv[1], own->verb) == 0, ok;
    char verb[] = "show";

    if (argc < 2 || (!acting && strcmp(argv[1], "list") != 0 && strcmp(argv[1], "show") != 0))
        return own->usage();
    mm_arena_init(&n.arena, ARENA_MAX);
    n.doc = mm_doc_new(&n.arena);
    if (acting)
        argv[1] = verb;
    if (!mm_noun_read(&n, argc, argv) || (n.verb != MM_VERB_LIST && n.verb != MM_VERB_SHOW) ||
        (n.verb == MM_VERB_LIST && (n.id != NULL || (n.from > 0 && !own->pages)))) {
        mm_arena_done(&n.arena);
        return own->usage();
    }
    ok = run_own(own, &n, acting) && (!n.json || print_doc(&n));
    mm_records_close(&n.records);
    mm_arena_done(&n.arena);
    return ok && fflush(stdout) == 0 ? MM_NOUNS_OK : MM_NOUNS_FAILED;
}
