/* serve/config.c - see config.h for the contract. */
#include "serve/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum kind { TEXT, PATH, NUMBER, ADDR, ONOFF };

enum { CONFIG_MAX = 64 * 1024, KEY_MAX = 64 };

static const struct {
    const char *key;
    enum kind kind;
    const char *preset;
    const char *what;
} keys[MM_CFG_COUNT] = {
#define MM_CONFIG(id, key, kind, preset, what) {key, kind, preset, what},
#include "serve/config.def"
#undef MM_CONFIG
};

static const char *example(enum kind kind)
{
    switch (kind) {
    case NUMBER:
        return "4";
    case ADDR:
        return "127.0.0.1:8443, [::1]:8443 or off";
    case ONOFF:
        return "on or off";
    case PATH:
        return "/etc/mimamori/cert.pem";
    case TEXT:
        break;
    }
    return "any text";
}

static bool addr_ok(struct mm_slice v)
{
    size_t colon = SIZE_MAX;
    uint64_t port;

    if (mm_slice_eq(v, MM_S("off")))
        return true;
    for (size_t at = 0; (at = mm_slice_find(v, ':', at)) != SIZE_MAX; at++)
        colon = at;
    return colon != SIZE_MAX && colon > 0 &&
           mm_slice_u64(mm_slice_sub(v, colon + 1, SIZE_MAX), &port) && port >= 1 && port <= 65535;
}

static bool value_ok(enum kind kind, struct mm_slice v)
{
    uint64_t n;

    switch (kind) {
    case NUMBER:
        return mm_slice_u64(v, &n) && n <= 1000000;
    case ONOFF:
        return mm_slice_eq(v, MM_S("on")) || mm_slice_eq(v, MM_S("off"));
    case ADDR:
        return addr_ok(v);
    case PATH:
    case TEXT:
        break;
    }
    return v.n == 0 || memchr(v.p, 0, v.n) == NULL;
}

static size_t key_find(struct mm_slice key)
{
    for (size_t i = 0; i < MM_CFG_COUNT; i++) {
        if (mm_slice_eq(key, mm_slice_str(keys[i].key)))
            return i;
    }
    return SIZE_MAX;
}

static enum mm_code set(struct mm_config *c, const char *where, size_t line, struct mm_slice key,
                        struct mm_slice value, struct mm_buf *why)
{
    size_t k = key_find(key);

    if (k == SIZE_MAX) {
        mm_buf_fmt(why, "%s:%zu: there is no key \"%.*s\"; `mimamori config show` lists them",
                   where, line, MM_S_ARG(mm_slice_sub(key, 0, KEY_MAX)));
        return MM_E_CONFIG;
    }
    if (!value_ok(keys[k].kind, value)) {
        mm_buf_fmt(why, "%s:%zu: %s = \"%.*s\" cannot be used; write for example: %s = %s", where,
                   line, keys[k].key, MM_S_ARG(mm_slice_sub(value, 0, KEY_MAX)), keys[k].key,
                   example(keys[k].kind));
        return MM_E_CONFIG;
    }
    c->value[k] = mm_arena_cstr(&c->arena, value);
    return c->value[k] == NULL ? MM_E_NOMEM : MM_OK;
}

static enum mm_code parse(struct mm_config *c, const char *path, struct mm_slice text,
                          struct mm_buf *why)
{
    size_t at = 0, line = 0;

    while (at < text.n) {
        size_t end = mm_slice_find(text, '\n', at), eq;
        struct mm_slice one =
            mm_slice_trim(mm_slice_sub(text, at, end == SIZE_MAX ? SIZE_MAX : end - at));
        enum mm_code code;

        at = end == SIZE_MAX ? text.n : end + 1;
        line++;
        if (one.n == 0 || one.p[0] == '#')
            continue;
        eq = mm_slice_find(one, '=', 0);
        if (eq == SIZE_MAX) {
            mm_buf_fmt(why, "%s:%zu: no \"=\" here; a line is: key = value", path, line);
            return MM_E_CONFIG;
        }
        code = set(c, path, line, mm_slice_trim(mm_slice_sub(one, 0, eq)),
                   mm_slice_trim(mm_slice_sub(one, eq + 1, SIZE_MAX)), why);
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

    if (f == NULL) {
        mm_buf_fmt(why, "%s: cannot be read: %s", path, strerror(errno));
        return MM_E_IO;
    }
    p = mm_arena_bytes(&c->arena, CONFIG_MAX);
    n = p == NULL ? 0 : fread(p, 1, CONFIG_MAX, f);
    (void)fclose(f);
    if (n == CONFIG_MAX) {
        mm_buf_fmt(why, "%s: longer than %d bytes: is this a configuration file?", path,
                   (int)CONFIG_MAX);
        return MM_E_CONFIG;
    }
    return parse(c, path, mm_slice_of(p, n), why);
}

static enum mm_code read_environment(struct mm_config *c, struct mm_buf *why)
{
    for (size_t i = 0; i < MM_CFG_COUNT; i++) {
        char name[KEY_MAX + 16];
        const char *v;
        enum mm_code code;
        size_t n;

        n = (size_t)snprintf(name, sizeof(name), "MIMAMORI_%s", keys[i].key);
        for (size_t j = 9; j < n; j++) {
            if (name[j] >= 'a' && name[j] <= 'z')
                name[j] = (char)(name[j] - 32);
            else if (name[j] == '.')
                name[j] = '_';
        }
        v = getenv(name);
        if (v == NULL)
            continue;
        code = set(c, "environment", 0, mm_slice_str(keys[i].key), mm_slice_str(v), why);
        if (code != MM_OK)
            return code;
    }
    return MM_OK;
}

enum mm_code mm_config_load(const char *path, struct mm_config *ret, struct mm_buf *why)
{
    struct mm_config c = {0};
    enum mm_code code = MM_OK;

    MM_ASSERT(ret != NULL && why != NULL);
    mm_arena_init(&c.arena, 4 * CONFIG_MAX);
    for (size_t i = 0; i < MM_CFG_COUNT; i++) {
        MM_ASSERT(value_ok(keys[i].kind, mm_slice_str(keys[i].preset)));
        c.value[i] = keys[i].preset;
    }
    if (path != NULL)
        code = read_file(&c, path, why);
    if (code == MM_OK)
        code = read_environment(&c, why);
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

    MM_ASSERT(k < MM_CFG_COUNT && keys[k].kind == NUMBER);
    MM_ASSERT(mm_slice_u64(mm_slice_str(c->value[k]), &n));
    return n;
}

bool mm_config_on(const struct mm_config *c, enum mm_config_key k)
{
    MM_ASSERT(k < MM_CFG_COUNT);
    return c->value[k][0] != 0 && strcmp(c->value[k], "off") != 0;
}

void mm_config_show(const struct mm_config *c, struct mm_buf *out)
{
    for (size_t i = 0; i < MM_CFG_COUNT; i++) {
        mm_buf_fmt(out, "# %s", keys[i].what);
        mm_buf_fmt(out, " (default: %s)\n", keys[i].preset[0] == 0 ? "empty" : keys[i].preset);
        mm_buf_fmt(out, "%s = %s\n", keys[i].key, c->value[i]);
    }
}
