/*
 * serve/config.h - the one configuration file, read whole or refused whole.
 *
 * Purpose   `key = value` lines; '#' begins a comment line. Every key has a default, so an empty
 *           file is a complete configuration.
 * Owns      A config owns its values.
 * Threads   Read-only after loading.
 * Trust     The file is the operator's; mistakes are expected and named.
 */
#ifndef MM_SERVE_CONFIG_H
#define MM_SERVE_CONFIG_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"

enum mm_config_key {
#define MM_CONFIG(id, key, kind, preset, what) MM_CFG_##id,
#include "serve/config.def"
#undef MM_CONFIG
    MM_CFG_COUNT
};

struct mm_config {
    struct mm_arena arena;
    const char *value[MM_CFG_COUNT]; /* never NULL */
};

/*
 * Read the file at path (NULL: defaults only), then MIMAMORI_<KEY> of the environment (upper case,
 * dots as underscores). On MM_E_CONFIG or MM_E_IO `why` holds file, line, key, what was wrong and
 * an example, in English; *ret is untouched. Free with _done.
 */
MM_MUST_USE enum mm_code mm_config_load(const char *path, struct mm_config *ret,
                                        struct mm_buf *why);
void mm_config_done(struct mm_config *c);
static inline const char *mm_config_text(const struct mm_config *c, enum mm_config_key k)
{
    MM_ASSERT(k < MM_CFG_COUNT);
    return c->value[k];
}
/* A NUMBER key's value. */
uint64_t mm_config_number(const struct mm_config *c, enum mm_config_key k);
/* An ONOFF key's value; for ADDR and TEXT keys: is it something else than "off" or empty? */
bool mm_config_on(const struct mm_config *c, enum mm_config_key k);
/* Every key with its value, default, kind and meaning, as the file would have it. */
void mm_config_show(const struct mm_config *c, struct mm_buf *out);

#endif
