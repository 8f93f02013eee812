/* register/auth.c - see auth.h for the contract: keys, sessions and bearers. Login: login.c. */
#include "register/auth.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "codec/ext/totp.h"
#include "os/file.h"
#include "register/auth_priv.h"
#include "register/feature.h"
#include "store/records/scope_make.h"
#include "store/records/system_scope.h"

enum {
    /* Companies of one programme; also bounds what a scope costs to make. */
    SCOPE_COMPANIES_MAX = 20000,
    /* Seconds between two notes that a session or token is used: one write a minute, not a page. */
    SEEN_EVERY_S = 60,
};

enum mm_code mm_key_load(const char *path, struct mm_key *ret)
{
    struct mm_key key;
    struct stat st;
    uint8_t more;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum mm_code code = MM_OK;

    if (fd < 0)
        return errno == ENOENT ? MM_E_NOTFOUND : MM_E_IO;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        code = MM_E_IO;
    else if (!mm_file_private(&st))
        code = MM_E_DENIED;
    else if (read(fd, key.b, sizeof(key.b)) != (ssize_t)sizeof(key.b) || read(fd, &more, 1) != 0)
        code = MM_E_SYNTAX;
    (void)close(fd);
    if (code == MM_OK)
        *ret = key;
    mm_wipe(&key, sizeof(key));
    return code;
}

enum mm_code mm_auth_open(struct mm_records *rec, const struct mm_key *key, struct mm_auth **ret)
{
    return mm_auth_open_with(rec, key, MM_PASSWORD_MEMORY, ret);
}

enum mm_code mm_auth_open_with(struct mm_records *rec, const struct mm_key *key,
                               size_t password_memory, struct mm_auth **ret)
{
    struct mm_auth *auth;
    enum mm_code code = mm_crypt_init();

    if (code == MM_OK)
        code = mm_totp_init();
    if (code != MM_OK)
        return code;
    auth = calloc(1, sizeof(*auth));
    if (auth == NULL)
        return MM_E_NOMEM;
    auth->rec = rec;
    auth->key = *key;
    mm_password_rules(&auth->rules);
    auth->password_memory = password_memory;
    (void)pthread_mutex_init(&auth->hash_lock, NULL);
    (void)pthread_cond_init(&auth->hash_free, NULL);
    code = mm_password_hash(MM_S("nobody"), password_memory, auth->nobody);
    if (code != MM_OK) {
        mm_auth_close(&auth);
        return code;
    }
    *ret = auth;
    return MM_OK;
}

void mm_auth_close(struct mm_auth **auth)
{
    if (*auth == NULL)
        return;
    (void)pthread_cond_destroy(&(*auth)->hash_free);
    (void)pthread_mutex_destroy(&(*auth)->hash_lock);
    mm_wipe(*auth, sizeof(**auth));
    free(*auth);
    *auth = NULL;
}

const struct mm_password_rules *mm_auth_password_rules(const struct mm_auth *auth)
{
    return &auth->rules;
}

enum mm_code mm_auth_hasher(struct mm_auth *auth)
{
    struct mm_auth_load *l = &auth->load;
    enum mm_code code = MM_OK;

    (void)pthread_mutex_lock(&auth->hash_lock);
    if (l->running == MM_AUTH_HASHERS && l->waiting == MM_AUTH_HASHERS_WAIT) {
        l->refused++;
        code = MM_E_BUSY;
    } else {
        l->waiting++;
        while (l->running == MM_AUTH_HASHERS)
            (void)pthread_cond_wait(&auth->hash_free, &auth->hash_lock);
        l->waiting--;
        l->running++;
        if (l->running > l->running_max)
            l->running_max = l->running;
    }
    (void)pthread_mutex_unlock(&auth->hash_lock);
    return code;
}

void mm_auth_hasher_done(struct mm_auth *auth)
{
    (void)pthread_mutex_lock(&auth->hash_lock);
    MM_ASSERT(auth->load.running > 0);
    auth->load.running--;
    auth->load.done++;
    (void)pthread_cond_signal(&auth->hash_free);
    (void)pthread_mutex_unlock(&auth->hash_lock);
}

void mm_auth_load(struct mm_auth *auth, struct mm_auth_load *ret)
{
    (void)pthread_mutex_lock(&auth->hash_lock);
    *ret = auth->load;
    (void)pthread_mutex_unlock(&auth->hash_lock);
}

enum mm_code mm_auth_verify(struct mm_auth *auth, struct mm_slice hash, struct mm_slice password)
{
    enum mm_code code = mm_auth_hasher(auth);

    if (code != MM_OK)
        return code;
    if (!mm_password_verify(hash, password, auth->password_memory))
        code = MM_E_AUTH;
    mm_auth_hasher_done(auth);
    return code;
}

enum mm_code mm_auth_hash(struct mm_auth *auth, struct mm_slice password,
                          char ret[MM_PASSWORD_TEXT])
{
    enum mm_code code = mm_auth_hasher(auth);

    if (code != MM_OK)
        return code;
    code = mm_password_hash(password, auth->password_memory, ret);
    mm_auth_hasher_done(auth);
    return code;
}

void mm_auth_digest(const struct mm_key *key, struct mm_slice token, struct mm_digest *ret)
{
    mm_digest_keyed(key, token, ret);
}

void mm_session_make(const struct mm_auth *auth, char ret[MM_AUTH_TEXT],
                     struct mm_digest *ret_digest)
{
    uint8_t random[32];

    mm_random(random, sizeof(random));
    mm_base64url(mm_slice_of(random, sizeof(random)), ret, MM_AUTH_TEXT);
    mm_auth_digest(&auth->key, mm_slice_str(ret), ret_digest);
    mm_wipe(random, sizeof(random));
}

/* ---- from a user's row to a scope ---- */

enum {
    COL_USER,
    COL_COMPANY,
    COL_ROLE,
    COL_PROGRAMME,
    COL_LOGIN,
    COL_NAME,
    COL_LANGUAGE,
    COL_STRONG,
    COL_MUST_CHANGE,
    COL_SEEN,
    COL_EXPIRES,
    COL_RIGHTS,
    COL_UNTIL,
    COL_SCOPES
};

/* A token's own rights: all that its role has, or those named. What cannot be read is none. */
static unsigned scopes_of(struct mm_slice names)
{
    unsigned bits = 0;

    if (names.n == 0)
        return ~0u;
    return mm_rights_parse(names, &bits) == MM_OK ? bits : 0;
}

/* What a session or a token says of its user; texts live in the arena. */
struct who {
    struct mm_session s;
    uint32_t programme;
    bool strong;
    int64_t seen_us, expires_us;
    char rights; /* first letter of a token's rights, 0 for a session */
    struct mm_slice until;
    unsigned scopes; /* rights that a token is narrowed to */
};

static void read_who(struct mm_q *q, struct mm_arena *a, bool token, struct who *ret)
{
    struct mm_slice rights = mm_q_col_text(q, COL_RIGHTS);

    *ret = (struct who){
        .s = {.user = mm_q_col_u32(q, COL_USER),
              .company = mm_q_col_u32(q, COL_COMPANY),
              .role = mm_role_find(mm_q_col_text(q, COL_ROLE)),
              .login = mm_q_col_dup(q, COL_LOGIN, a),
              .name = mm_q_col_dup(q, COL_NAME, a),
              .language = mm_q_col_dup(q, COL_LANGUAGE, a),
              .must_change = mm_q_col_int(q, COL_MUST_CHANGE) != 0,
              .api = token},
        .programme = mm_q_col_u32(q, COL_PROGRAMME),
        .strong = mm_q_col_int(q, COL_STRONG) != 0,
        .seen_us = mm_q_col_int(q, COL_SEEN),
        .expires_us = mm_q_col_int(q, COL_EXPIRES),
        .rights = rights.n > 0 ? (char)rights.p[0] : (char)0,
        .until = token ? mm_q_col_dup(q, COL_UNTIL, a) : (struct mm_slice){0},
        .scopes = scopes_of(mm_q_col_text(q, COL_SCOPES)),
    };
}

/* Companies that are members of the programme now. */
static enum mm_code members(struct mm_tx *tx, uint32_t programme, struct mm_arena *a,
                            struct mm_scope_spec *spec)
{
    uint32_t *set = mm_arena_array(a, SCOPE_COMPANIES_MAX, sizeof(*set));
    struct mm_q q;

    if (set == NULL)
        return MM_E_NOMEM;
    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_MEMBERS_OF]);
    mm_q_int(&q, ":programme", programme);
    while (spec->count < SCOPE_COMPANIES_MAX && mm_q_row(&q))
        set[spec->count++] = mm_q_col_u32(&q, 0);
    spec->companies = set;
    return mm_q_end(&q);
}

/* The one place where a user becomes a scope. */
static enum mm_code scope_of(struct mm_tx *tx, const struct who *w, struct mm_arena *a,
                             const struct mm_scope **ret)
{
    const struct mm_role *role = w->s.role;
    struct mm_scope_spec spec = {
        .kind = MM_SCOPE_OPERATOR,
        .programme = w->programme,
        .user = w->s.user,
        .role = (uint32_t)role->id,
        .readonly = role->place == MM_PLACE_CHECK || (w->s.api && w->rights != 'w'),
    };
    enum mm_code code = MM_OK;

    if (role->place == MM_PLACE_PERSON || (role->place == MM_PLACE_CHECK && w->s.company != 0)) {
        spec.kind = MM_SCOPE_COMPANY;
        spec.company = w->s.company;
    } else if (w->s.company != 0) {
        return MM_E_AUTH; /* the schema refuses such a user */
    } else {
        if (role->place == MM_PLACE_OWNER)
            spec.kind = MM_SCOPE_PROGRAMME;
        if (w->programme != 0)
            code = members(tx, w->programme, a, &spec);
        else if (role->place == MM_PLACE_OWNER)
            return MM_E_AUTH;
        else
            spec.all = true;
    }
    return code == MM_OK ? mm_scope_make(a, &spec, ret) : code;
}

static enum mm_code finish(struct mm_tx *tx, struct who *w, struct mm_arena *a)
{
    if (w->s.role == NULL)
        return MM_E_AUTH;
    w->s.rights = w->s.role->rights;
    if (w->s.api && w->rights != 'w')
        w->s.rights &= (unsigned)(MM_MAY_SEE | MM_MAY_SEARCH | MM_MAY_AUDIT);
    w->s.rights &= w->scopes;
    if (w->s.role->second && !w->strong) {
        w->s.rights = 0;
        return MM_OK; /* no scope yet */
    }
    return scope_of(tx, w, a, &w->s.scope);
}

/* A token is good through its last day, UTC. */
static bool past(struct mm_slice until, int64_t now_us)
{
    char today[MM_TIME_TEXT];

    if (until.n == 0)
        return false;
    mm_time_text(now_us, today);
    return mm_slice_cmp(until, mm_slice_of(today, 10)) < 0;
}

static enum mm_code look_up(struct mm_auth *auth, enum mm_register_stmt stmt,
                            const struct mm_digest *digest, int64_t now_us, struct mm_arena *a,
                            struct who *ret)
{
    bool token = stmt == MM_R_TOKEN_BEARER, found;
    struct mm_tx *tx = NULL;
    struct mm_q q;
    enum mm_code code = mm_records_read(auth->rec, mm_system_scope(), &tx);

    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_register_stmts[stmt]);
    mm_q_blob(&q, ":digest", mm_digest_slice(digest));
    found = mm_q_row(&q);
    if (found)
        read_who(&q, a, token, ret);
    code = mm_q_end(&q);
    if (code == MM_OK && (!found || past(ret->until, now_us)))
        code = MM_E_AUTH;
    if (code == MM_OK && !token &&
        (now_us >= ret->expires_us || now_us - ret->seen_us > MM_AUTH_IDLE_MIN * 60 * MM_US_PER_S))
        code = MM_E_AUTH;
    if (code == MM_OK)
        code = finish(tx, ret, a);
    mm_records_read_done(&tx);
    return code;
}

/* ---- sessions ---- */

struct seen {
    enum mm_register_stmt stmt;
    struct mm_digest digest;
    int64_t now_us;
};

static enum mm_code work_seen(struct mm_tx *tx, void *arg)
{
    struct seen *s = arg;
    struct mm_q q;

    mm_q_begin(&q, tx, &mm_register_stmts[s->stmt]);
    mm_q_blob(&q, ":digest", mm_digest_slice(&s->digest));
    mm_q_int(&q, ":now", s->now_us);
    return mm_q_end(&q);
}

static void seen_done(void *arg, enum mm_code code)
{
    (void)code; /* a lost note only shortens the session, or shows a token as used earlier */
    free(arg);
}

static void note_seen(struct mm_auth *auth, enum mm_register_stmt stmt,
                      const struct mm_digest *digest, int64_t now_us)
{
    struct seen *s = malloc(sizeof(*s));

    if (s == NULL)
        return;
    *s = (struct seen){.stmt = stmt, .digest = *digest, .now_us = now_us};
    if (mm_records_write_async(auth->rec, mm_system_scope(), work_seen, seen_done, s) != MM_OK)
        free(s);
}

static void csrf_of(const struct mm_auth *auth, const struct mm_digest *session,
                    char ret[MM_AUTH_TEXT])
{
    uint8_t text[4 + MM_DIGEST] = {'c', 's', 'r', 'f'};
    struct mm_digest d;

    memcpy(text + 4, session->b, sizeof(session->b));
    mm_digest_keyed(&auth->key, mm_slice_of(text, sizeof(text)), &d);
    mm_base64url(mm_digest_slice(&d), ret, MM_AUTH_TEXT);
}

enum mm_code mm_auth_session(struct mm_auth *auth, struct mm_slice token, int64_t now_us,
                             struct mm_arena *a, struct mm_session *ret)
{
    struct mm_digest digest;
    struct who w;
    enum mm_code code;

    if (token.n == 0 || token.n >= MM_AUTH_TEXT)
        return MM_E_AUTH;
    mm_auth_digest(&auth->key, token, &digest);
    code = look_up(auth, MM_R_SESSION_GET, &digest, now_us, a, &w);
    if (code != MM_OK)
        return code;
    if (now_us - w.seen_us > SEEN_EVERY_S * MM_US_PER_S)
        note_seen(auth, MM_R_SESSION_SEEN, &digest, now_us);
    csrf_of(auth, &digest, w.s.csrf);
    *ret = w.s;
    return MM_OK;
}

enum mm_code mm_auth_bearer(struct mm_auth *auth, struct mm_slice token, int64_t now_us,
                            struct mm_arena *a, struct mm_session *ret)
{
    struct mm_digest digest;
    struct who w;
    enum mm_code code;

    if (token.n == 0 || token.n >= MM_AUTH_TEXT)
        return MM_E_AUTH;
    mm_auth_digest(&auth->key, token, &digest);
    code = look_up(auth, MM_R_TOKEN_BEARER, &digest, now_us, a, &w);
    if (code != MM_OK)
        return code;
    if (now_us - w.seen_us > SEEN_EVERY_S * MM_US_PER_S)
        note_seen(auth, MM_R_TOKEN_SEEN, &digest, now_us);
    *ret = w.s;
    return MM_OK;
}

bool mm_auth_csrf(const struct mm_session *session, struct mm_slice given)
{
    return session->csrf[0] != 0 && mm_same(mm_slice_str(session->csrf), given);
}

static enum mm_code work_logout(struct mm_tx *tx, void *arg)
{
    struct mm_q q;

    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_SESSION_END]);
    mm_q_blob(&q, ":digest", mm_digest_slice(arg));
    return mm_q_end(&q);
}

struct renewal {
    struct mm_digest old, fresh;
};

static enum mm_code work_renew(struct mm_tx *tx, void *arg)
{
    const struct renewal *r = arg;
    struct mm_q q;

    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_SESSION_RENEW]);
    mm_q_blob(&q, ":digest", mm_digest_slice(&r->old));
    mm_q_blob(&q, ":fresh", mm_digest_slice(&r->fresh));
    return mm_q_end_touch(&q);
}

enum mm_code mm_auth_renew(struct mm_auth *auth, struct mm_slice token,
                           char ret_token[MM_AUTH_TEXT])
{
    struct renewal r;
    char fresh[MM_AUTH_TEXT];
    enum mm_code code;

    mm_session_make(auth, fresh, &r.fresh);
    mm_auth_digest(&auth->key, token, &r.old);
    code = mm_records_write(auth->rec, mm_system_scope(), work_renew, &r);
    if (code == MM_OK)
        memcpy(ret_token, fresh, sizeof(fresh));
    mm_wipe(fresh, sizeof(fresh));
    return code == MM_E_NOTFOUND ? MM_E_AUTH : code;
}

enum mm_code mm_auth_logout(struct mm_auth *auth, struct mm_slice token)
{
    struct mm_digest digest;

    mm_auth_digest(&auth->key, token, &digest);
    return mm_records_write(auth->rec, mm_system_scope(), work_logout, &digest);
}

enum mm_code mm_auth_ingest(struct mm_auth *auth, struct mm_slice token, int64_t now_us,
                            uint32_t *ret_company, uint32_t *ret_source)
{
    struct mm_digest digest;
    struct mm_tx *tx = NULL;
    struct mm_q q;
    uint32_t company = 0, source = 0;
    bool good = false;
    enum mm_code code;

    if (token.n == 0 || token.n >= MM_AUTH_TEXT)
        return MM_E_AUTH;
    mm_auth_digest(&auth->key, token, &digest);
    code = mm_records_read(auth->rec, mm_system_scope(), &tx);
    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_TOKEN_INGEST]);
    mm_q_blob(&q, ":digest", mm_digest_slice(&digest));
    if (mm_q_row(&q)) {
        company = mm_q_col_u32(&q, 0);
        source = mm_q_col_u32(&q, 1);
        good = !past(mm_q_col_text(&q, 2), now_us);
    }
    code = mm_q_end(&q);
    mm_records_read_done(&tx);
    if (code != MM_OK)
        return code;
    if (!good)
        return MM_E_AUTH;
    *ret_company = company;
    *ret_source = source;
    return MM_OK;
}
