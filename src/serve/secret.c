/* serve/secret.c - see secret.h for the contract. */
#include "serve/secret.h"

#include <errno.h>
#include <stdio.h>

#include "os/file.h"
#include "serve/state.h"

#define SEALED "sealed:"
#define VERSION "1:"

enum { BOX_MAX = MM_SECRET_MAX - 1 + MM_SEAL_EXTRA };

static_assert(sizeof(SEALED VERSION) - 1 + (BOX_MAX * 4 + 2) / 3 < MM_SECRET_TEXT, "text of a box");

/* One line that is a secret. */
static bool good(struct mm_slice s)
{
    return s.n > 0 && s.n < MM_SECRET_MAX && mm_slice_find(s, 0, 0) == SIZE_MAX &&
           mm_slice_find(s, '\n', 0) == SIZE_MAX && mm_slice_find(s, '\r', 0) == SIZE_MAX;
}

bool mm_secret_seal(const struct mm_key *key, struct mm_slice secret, char ret[MM_SECRET_TEXT])
{
    struct mm_buf box;
    bool sealed;

    if (!good(secret))
        return false;
    mm_buf_init(&box, BOX_MAX);
    sealed = mm_seal(key, secret, &box);
    if (sealed) {
        memcpy(ret, SEALED VERSION, sizeof(SEALED VERSION));
        mm_base64url(mm_buf_slice(&box), ret + sizeof(SEALED VERSION) - 1,
                     MM_SECRET_TEXT - sizeof(SEALED VERSION) + 1);
    }
    mm_buf_done(&box);
    return sealed;
}

/* The key of the state into *ret. */
static enum mm_code load_key(const char *state, struct mm_key *ret, struct mm_buf *why)
{
    char path[MM_MAX_PATH] = "";
    enum mm_code code = mm_crypt_init();

    if (code == MM_OK)
        code = mm_state_key(state, path);
    if (code == MM_OK)
        code = mm_state_key_read(path, ret, why);
    if (code == MM_E_NOTFOUND)
        mm_buf_fmt(why, "%s: the key that opens sealed secrets is not there", path);
    return code == MM_OK ? MM_OK : MM_E_CONFIG;
}

static enum mm_code unseal(const char *name, struct mm_slice text, const char *state,
                           struct mm_buf *out, struct mm_buf *why)
{
    const struct mm_slice version = MM_S(VERSION);
    struct mm_key key;
    uint8_t box[BOX_MAX];
    size_t n;
    enum mm_code code;

    if (!mm_slice_starts(text, version)) {
        mm_buf_fmt(why, "%s: sealed by a newer release; run that one, or seal it anew", name);
        return MM_E_VERSION;
    }
    code = load_key(state, &key, why);
    if (code != MM_OK)
        return code;
    if (!mm_base64url_read(mm_slice_sub(text, version.n, SIZE_MAX), box, sizeof(box), &n) ||
        mm_unseal(&key, mm_slice_of(box, n), out) != MM_OK) {
        mm_buf_fmt(why,
                   "%s: was not sealed with the key of %s, or is damaged; seal it anew: mimamori "
                   "config seal --state %s",
                   name, state, state);
        code = MM_E_CONFIG;
    }
    mm_wipe(&key, sizeof(key));
    return code;
}

/* Blanks are left: they may be part of it. */
static struct mm_slice without_line_end(struct mm_slice s)
{
    while (s.n > 0 && (s.p[s.n - 1] == '\n' || s.p[s.n - 1] == '\r'))
        s.n--;
    return s;
}

/* Both ways end here: *out has room for a secret and the end of its line. */
static enum mm_code read_into(const struct mm_config *c, enum mm_config_key k, const char *state,
                              struct mm_buf *out, struct mm_buf *why)
{
    const char *name = mm_config_about(k)->key;
    struct mm_slice value = mm_slice_str(mm_config_text(c, k));
    char path[MM_MAX_PATH];
    enum mm_code code;

    if (mm_slice_starts(value, MM_S(SEALED)))
        return unseal(name, mm_slice_sub(value, sizeof(SEALED) - 1, SIZE_MAX), state, out, why);
    if (!mm_config_path(c, k, path)) {
        mm_buf_fmt(why, "%s: there is no such credential", name);
        return MM_E_CONFIG;
    }
    code = mm_file_read(path, out);
    if (code != MM_OK && code != MM_E_LIMIT)
        mm_buf_fmt(why, "%s: %s cannot be read: %s", name, path, strerror(errno));
    else if (code == MM_E_LIMIT)
        mm_buf_fmt(why, "%s: %s is longer than %d bytes", name, path, MM_SECRET_MAX - 1);
    return code == MM_OK ? MM_OK : MM_E_CONFIG;
}

enum mm_code mm_secret_read(const struct mm_config *c, enum mm_config_key k, const char *state,
                            char ret[MM_SECRET_MAX], struct mm_buf *why)
{
    const struct mm_config_about *about = mm_config_about(k);
    struct mm_buf text;
    struct mm_slice secret;
    enum mm_code code;

    MM_ASSERT(about->kind == MM_CFG_SECRET && state != NULL);
    if (mm_config_text(c, k)[0] == 0) {
        ret[0] = 0;
        return MM_OK;
    }
    mm_buf_init(&text, MM_SECRET_MAX + 1);
    /* All room at once: what grows leaves a copy behind. */
    code = mm_buf_room(&text, MM_SECRET_MAX + 1) == NULL ? MM_E_NOMEM
                                                         : read_into(c, k, state, &text, why);
    secret = without_line_end(mm_buf_slice(&text));
    if (code == MM_OK && (!good(secret) || secret.n < about->min)) {
        mm_buf_fmt(why, "%s: must be one line of %llu to %d bytes", about->key,
                   (unsigned long long)about->min + (about->min == 0), MM_SECRET_MAX - 1);
        code = MM_E_CONFIG;
    }
    if (code == MM_OK) {
        memcpy(ret, secret.p, secret.n);
        ret[secret.n] = 0;
    }
    if (text.n > 0)
        mm_wipe(text.p, text.n);
    mm_buf_done(&text);
    return code;
}

enum mm_code mm_secrets_check(const struct mm_config *c, const char *state, struct mm_buf *why)
{
    enum mm_code code = MM_OK;
    char secret[MM_SECRET_MAX];

    for (enum mm_config_key k = 0; k < MM_CFG_COUNT && code == MM_OK; k++) {
        if (mm_config_about(k)->kind == MM_CFG_SECRET)
            code = mm_secret_read(c, k, state, secret, why);
    }
    mm_wipe(secret, sizeof(secret));
    return code;
}
