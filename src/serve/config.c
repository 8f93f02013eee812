/* serve/config.c - see config.h for the contract. */
#include "serve/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/rd.h"
#include "os/sock.h"
#include "serve/config_check.h"

enum {
    CONFIG_MAX = 64 * 1024, /* fifty keys with long values take 10 KB */
    SHOWN_MAX = 64,         /* of what somebody wrote, in a sentence */
    KEY_MAX = 40,           /* longest key with room; static_assert below */
    NEAR = 2,               /* letters that differ between a key and a slip of it */
};

#define TEXT MM_CFG_TEXT
#define PATH MM_CFG_PATH
#define SECRET MM_CFG_SECRET
#define NUMBER MM_CFG_NUMBER
#define ADDR MM_CFG_ADDR
#define ONOFF MM_CFG_ONOFF
static const struct mm_config_about keys[MM_CFG_COUNT] = {
#define MM_CONFIG(id, key, kind, preset, unit, min, max, used)                                     \
    {key, kind, preset, unit, min, max, used},
#include "serve/config.def"
#undef MM_CONFIG
};
#undef TEXT
#undef PATH
#undef SECRET
#undef NUMBER
#undef ADDR
#undef ONOFF
#define MM_CONFIG(id, key, kind, preset, unit, min, max, used)                                     \
    static_assert(sizeof(key) <= KEY_MAX && sizeof(key) + 9 <= MM_CONFIG_ENV, "a key is short");
#include "serve/config.def"
#undef MM_CONFIG

const struct mm_config_about *mm_config_about(enum mm_config_key k)
{
    MM_ASSERT(k < MM_CFG_COUNT);
    return &keys[k];
}

const char *mm_config_example(enum mm_config_kind kind)
{
    switch (kind) {
    case MM_CFG_NUMBER:
        return "4";
    case MM_CFG_ADDR:
        return "127.0.0.1:8443, [::1]:8443 or off";
    case MM_CFG_ONOFF:
        return "on or off";
    case MM_CFG_PATH:
        return "/etc/mimamori/cert.pem";
    case MM_CFG_SECRET:
        return "sealed:1:..., as `mimamori config seal` prints it, or credential:NAME";
    case MM_CFG_TEXT:
        break;
    }
    return "any text";
}

static bool value_ok(const struct mm_config_about *k, struct mm_slice v)
{
    struct mm_endpoint at;
    uint64_t n;

    switch (k->kind) {
    case MM_CFG_NUMBER:
        return mm_slice_u64(v, &n) && n >= k->min && n <= k->max;
    case MM_CFG_ONOFF:
        return mm_slice_eq(v, MM_S("on")) || mm_slice_eq(v, MM_S("off"));
    case MM_CFG_ADDR:
        return mm_slice_eq(v, MM_S("off")) || (mm_endpoint_parse(v, &at) && at.port > 0);
    case MM_CFG_PATH:
        return v.n < MM_MAX_PATH && mm_slice_find(v, 0, 0) == SIZE_MAX;
    case MM_CFG_SECRET:
        return v.n == 0 || mm_slice_starts(v, MM_S("sealed:")) ||
               (mm_slice_starts(v, MM_S("credential:")) && v.n < MM_MAX_PATH &&
                mm_slice_find(v, 0, 0) == SIZE_MAX);
    case MM_CFG_TEXT:
        break;
    }
    return mm_slice_find(v, 0, 0) == SIZE_MAX;
}

/* The key that was probably meant, or NULL. */
static const char *nearest(struct mm_slice key)
{
    const char *best = NULL;
    size_t least = NEAR + 1;

    for (size_t i = 0; i < MM_CFG_COUNT; i++) {
        size_t d = mm_slice_distance(key, mm_slice_str(keys[i].key));

        if (d < least) {
            least = d;
            best = keys[i].key;
        }
    }
    return best;
}

static size_t key_find(struct mm_slice key)
{
    for (size_t i = 0; i < MM_CFG_COUNT; i++) {
        if (mm_slice_eq(key, mm_slice_str(keys[i].key)))
            return i;
    }
    return SIZE_MAX;
}

static void say_no_key(struct mm_buf *why, const char *where, struct mm_slice key)
{
    const char *meant = nearest(key);

    mm_buf_fmt(why, "%s: there is no key \"%.*s\"", where,
               MM_S_ARG(mm_slice_sub(key, 0, SHOWN_MAX)));
    if (meant != NULL)
        mm_buf_fmt(why, "; is %s meant?", meant);
    else
        mm_buf_str(why, "; `mimamori config show` lists them");
}

static enum mm_code set(struct mm_config *c, const char *where, size_t k, struct mm_slice value,
                        struct mm_buf *why)
{
    const struct mm_config_about *about = &keys[k];

    if (!value_ok(about, value)) {
        if (about->kind == MM_CFG_SECRET) /* what stands there may be one, and is not shown */
            mm_buf_fmt(why, "%s: %s: a secret does not stand here in plain", where, about->key);
        else
            mm_buf_fmt(why, "%s: %s = \"%.*s\" cannot be used", where, about->key,
                       MM_S_ARG(mm_slice_sub(value, 0, SHOWN_MAX)));
        if (about->kind == MM_CFG_NUMBER)
            mm_buf_fmt(why, " (whole numbers from %llu to %llu, %s)",
                       (unsigned long long)about->min, (unsigned long long)about->max, about->unit);
        mm_buf_fmt(why, "; write for example: %s = %s", about->key, mm_config_example(about->kind));
        return MM_E_CONFIG;
    }
    c->value[k] = mm_arena_cstr(&c->arena, value);
    return c->value[k] == NULL ? MM_E_NOMEM : MM_OK;
}

/* One line of the file that is neither empty nor a comment. */
static enum mm_code take_line(struct mm_config *c, const char *path, size_t line,
                              struct mm_slice text, struct mm_buf *why)
{
    char where[MM_MAX_PATH + 32];
    size_t eq = mm_slice_find(text, '=', 0), k;
    struct mm_slice key = mm_slice_trim(mm_slice_sub(text, 0, eq));
    enum mm_code code;

    (void)snprintf(where, sizeof(where), "%s:%zu", path, line);
    if (eq == SIZE_MAX) {
        mm_buf_fmt(why, "%s: no \"=\" here; a line is: key = value", where);
        return MM_E_CONFIG;
    }
    k = key_find(key);
    if (k == SIZE_MAX) {
        say_no_key(why, where, key);
        return MM_E_CONFIG;
    }
    if (c->origin[k].from == MM_CFG_FROM_FILE) {
        mm_buf_fmt(why, "%s: %s stands in line %zu already; remove one of the two", where,
                   keys[k].key, c->origin[k].line);
        return MM_E_CONFIG;
    }
    code = set(c, where, k, mm_slice_trim(mm_slice_sub(text, eq + 1, SIZE_MAX)), why);
    c->origin[k].from = MM_CFG_FROM_FILE;
    c->origin[k].line = line;
    return code;
}

static enum mm_code parse(struct mm_config *c, const char *path, struct mm_slice text,
                          struct mm_buf *why)
{
    size_t at = 0, line = 0;

    while (at < text.n) {
        size_t end = mm_slice_find(text, '\n', at);
        struct mm_slice one =
            mm_slice_trim(mm_slice_sub(text, at, end == SIZE_MAX ? SIZE_MAX : end - at));
        enum mm_code code;

        at = end == SIZE_MAX ? text.n : end + 1;
        line++;
        if (one.n == 0 || one.p[0] == '#')
            continue;
        code = take_line(c, path, line, one, why);
        if (code != MM_OK)
            return code;
    }
    return MM_OK;
}

static enum mm_code read_file(struct mm_config *c, const char *path, struct mm_buf *why)
{
    FILE *f = fopen(path, "rb");
    uint8_t *p;
    size_t n;
    bool failed;

    if (f == NULL) {
        mm_buf_fmt(why, "%s: cannot be read: %s", path, strerror(errno));
        return MM_E_IO;
    }
    p = mm_arena_bytes(&c->arena, CONFIG_MAX);
    n = p == NULL ? 0 : fread(p, 1, CONFIG_MAX, f);
    failed = ferror(f) != 0;
    (void)fclose(f);
    if (failed) {
        mm_buf_fmt(why, "%s: cannot be read: is it a file?", path);
        return MM_E_IO;
    }
    if (n == CONFIG_MAX) {
        mm_buf_fmt(why, "%s: longer than %d bytes: is this a configuration file?", path,
                   (int)CONFIG_MAX);
        return MM_E_CONFIG;
    }
    return parse(c, path, mm_slice_of(p, n), why);
}

void mm_config_env(enum mm_config_key k, char ret[MM_CONFIG_ENV])
{
    int n = snprintf(ret, MM_CONFIG_ENV, "MIMAMORI_%s", mm_config_about(k)->key);

    MM_ASSERT(n > 9 && n < MM_CONFIG_ENV);
    for (char *p = ret; *p != 0; p++) {
        if (*p >= 'a' && *p <= 'z')
            *p = (char)(*p - 'a' + 'A');
        else if (*p == '.')
            *p = '_';
    }
}

/* Does a variable "MIMAMORI_GROUP_..." belong to a group that keys have ("portal.")? */
static bool of_a_group(struct mm_slice name)
{
    for (enum mm_config_key i = 0; i < MM_CFG_COUNT; i++) {
        char env[MM_CONFIG_ENV];
        const char *dot = strchr(keys[i].key, '.');

        MM_ASSERT(dot != NULL);
        mm_config_env(i, env);
        if (mm_slice_starts(name, mm_slice_of(env, 9 + (size_t)(dot - keys[i].key) + 1)))
            return true;
    }
    return false;
}

/* A variable that looks like a key and is none: a slip that would go unnoticed. */
static enum mm_code refuse_slips(struct mm_buf *why)
{
    for (char **e = environ; *e != NULL; e++) {
        struct mm_slice name = mm_slice_str(*e);
        bool known = false;

        name = mm_slice_sub(name, 0, mm_slice_find(name, '=', 0));
        if (!mm_slice_starts(name, MM_S("MIMAMORI_")) || !of_a_group(name))
            continue;
        for (enum mm_config_key i = 0; i < MM_CFG_COUNT && !known; i++) {
            char env[MM_CONFIG_ENV];

            mm_config_env(i, env);
            known = mm_slice_eq(name, mm_slice_str(env));
        }
        if (!known) {
            mm_buf_fmt(why,
                       "environment: there is no key for %.*s; `mimamori config show` lists "
                       "them",
                       MM_S_ARG(mm_slice_sub(name, 0, SHOWN_MAX)));
            return MM_E_CONFIG;
        }
    }
    return MM_OK;
}

static enum mm_code read_environment(struct mm_config *c, struct mm_buf *why)
{
    for (enum mm_config_key i = 0; i < MM_CFG_COUNT; i++) {
        char name[MM_CONFIG_ENV], where[MM_CONFIG_ENV + 16];
        const char *v;
        enum mm_code code;

        mm_config_env(i, name);
        v = getenv(name);
        if (v == NULL)
            continue;
        (void)snprintf(where, sizeof(where), "environment %s", name);
        code = set(c, where, i, mm_slice_str(v), why);
        if (code != MM_OK)
            return code;
        c->origin[i].from = MM_CFG_FROM_ENVIRONMENT;
        c->origin[i].line = 0;
    }
    return refuse_slips(why);
}

enum mm_code mm_config_load(const char *path, struct mm_config *ret, struct mm_buf *why)
{
    struct mm_config c = {0};
    enum mm_code code = MM_OK;

    MM_ASSERT(ret != NULL && why != NULL);
    mm_arena_init(&c.arena, 4 * CONFIG_MAX);
    for (size_t i = 0; i < MM_CFG_COUNT; i++) {
        MM_ASSERT(value_ok(&keys[i], mm_slice_str(keys[i].preset)));
        c.value[i] = keys[i].preset;
    }
    if (path != NULL)
        code = read_file(&c, path, why);
    if (code == MM_OK)
        code = read_environment(&c, why);
    if (code == MM_OK)
        code = mm_config_agrees(&c, path, why);
    if (code != MM_OK) {
        mm_arena_done(&c.arena);
        return code;
    }
    *ret = c;
    return MM_OK;
}

void mm_config_done(struct mm_config *c)
{
    mm_arena_done(&c->arena);
    *c = (struct mm_config){0};
}

uint64_t mm_config_number(const struct mm_config *c, enum mm_config_key k)
{
    uint64_t n = 0;

    MM_ASSERT(k < MM_CFG_COUNT && keys[k].kind == MM_CFG_NUMBER);
    MM_ASSERT(mm_slice_u64(mm_slice_str(c->value[k]), &n) && n <= keys[k].max);
    return n;
}

bool mm_config_on(const struct mm_config *c, enum mm_config_key k)
{
    MM_ASSERT(k < MM_CFG_COUNT);
    return c->value[k][0] != 0 && strcmp(c->value[k], "off") != 0;
}

unsigned mm_config_changed(const struct mm_config *a, const struct mm_config *b)
{
    unsigned used = 0;

    for (size_t i = 0; i < MM_CFG_COUNT; i++) {
        if (strcmp(a->value[i], b->value[i]) != 0)
            used |= keys[i].used;
    }
    return used;
}

bool mm_config_has_word(const struct mm_config *c, enum mm_config_key k, const char *word)
{
    struct mm_rd rd = mm_rd_of(mm_slice_str(mm_config_text(c, k)));
    struct mm_slice one;

    while (mm_rd_left(&rd) > 0) {
        if (!mm_rd_until(&rd, ' ', &one)) {
            one = mm_rd_rest(&rd);
            rd.pos = rd.in.n;
        }
        if (mm_slice_eq(one, mm_slice_str(word)))
            return true;
    }
    return false;
}
