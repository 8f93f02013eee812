/*
 * serve/config.h - the one configuration file, read whole or refused whole.
 *
 * Purpose   `key = value` lines; '#' begins a comment line. Every key has a default, so an empty
 *           file is a complete configuration. config.def is the one list of keys: reading, checks,
 *           `config show`, the page of the documentation and what a change restarts come from it.
 * Owns      A config owns its values.
 * Threads   Read-only after loading.
 * Trust     The file is the operator's; mistakes are expected and named.
 */
#ifndef MM_SERVE_CONFIG_H
#define MM_SERVE_CONFIG_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/limits.h"

enum mm_config_key {
#define MM_CONFIG(id, key, kind, preset, unit, min, max, used) MM_CFG_##id,
#include "serve/config.def"
#undef MM_CONFIG
    MM_CFG_COUNT
};

/* Who reads a key. */
enum mm_config_used {
    MM_USED_ENGINE = 1,
    MM_USED_INTAKE = 2,
    MM_USED_WORKER = 4,
    MM_USED_PORTAL = 8,
    MM_USED_SERVE = 16,
};

enum mm_config_kind {
    MM_CFG_TEXT,
    MM_CFG_PATH,
    MM_CFG_SECRET,
    MM_CFG_NUMBER,
    MM_CFG_ADDR,
    MM_CFG_ONOFF,
};

/* What config.def says of a key. */
struct mm_config_about {
    const char *key;
    enum mm_config_kind kind;
    const char *preset;
    const char *unit; /* "days"; "" where there is none */
    uint64_t min, max;
    unsigned used; /* enum mm_config_used */
};

enum mm_config_from { MM_CFG_FROM_DEFAULT, MM_CFG_FROM_FILE, MM_CFG_FROM_ENVIRONMENT };

struct mm_config {
    struct mm_arena arena;
    const char *value[MM_CFG_COUNT]; /* never NULL */
    struct {
        enum mm_config_from from;
        size_t line; /* of the file */
    } origin[MM_CFG_COUNT];
};

enum { MM_CONFIG_ENV = 80 }; /* "MIMAMORI_", a key, NUL */

const struct mm_config_about *mm_config_about(enum mm_config_key k);
/* The name of the environment's variable for this key: MIMAMORI_PORTAL_LISTEN. */
void mm_config_env(enum mm_config_key k, char ret[MM_CONFIG_ENV]);
/* How a value of this kind is written, for sentences to people. */
const char *mm_config_example(enum mm_config_kind kind);

/*
 * Read the file at path (NULL: defaults only), then the environment, and see whether the values
 * agree with each other. On MM_E_CONFIG or MM_E_IO `why` holds file, line, key, what was wrong and
 * an example, in English; *ret is untouched. A variable of the environment that begins as a key's
 * does and is none is refused, too. Free with _done.
 */
MM_MUST_USE enum mm_code mm_config_load(const char *path, struct mm_config *ret,
                                        struct mm_buf *why);
void mm_config_done(struct mm_config *c);
/* Are the files there that it names, and secret where they have to be? MM_E_CONFIG with `why`. */
MM_MUST_USE enum mm_code mm_config_files(const struct mm_config *c, struct mm_buf *why);
/* Who reads a key whose value differs in the two (enum mm_config_used); 0: they are the same. */
unsigned mm_config_changed(const struct mm_config *a, const struct mm_config *b);

static inline const char *mm_config_text(const struct mm_config *c, enum mm_config_key k)
{
    MM_ASSERT(k < MM_CFG_COUNT);
    return c->value[k];
}
/* A NUMBER key's value, between its bounds. */
uint64_t mm_config_number(const struct mm_config *c, enum mm_config_key k);
/* An ONOFF key's value; for ADDR and TEXT keys: is it something else than "off" or empty? */
bool mm_config_on(const struct mm_config *c, enum mm_config_key k);
/* The file that a PATH key, or a SECRET key that is not sealed, names: credential:NAME is NAME in
 * $CREDENTIALS_DIRECTORY, where systemd puts it. Empty where the value is; false when the path is
 * too long or there is no such directory. */
MM_MUST_USE bool mm_config_path(const struct mm_config *c, enum mm_config_key k,
                                char ret[MM_MAX_PATH]);
/* Does the value hold this word, between spaces? */
bool mm_config_has_word(const struct mm_config *c, enum mm_config_key k, const char *word);

#endif
