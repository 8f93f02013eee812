/*
 * parse/load.h - what the parts of the format loader share.
 *
 * Purpose   One place that turns a refused node into file, line, reason and word.
 * Owns      Nothing; what is compiled goes to the formats' arena.
 * Threads   One loader, one thread.
 * Trust     Content is ours, yet every name, index and length in it is checked.
 * Spec      parse/SCHEMA.md.
 */
#ifndef MM_PARSE_LOAD_H
#define MM_PARSE_LOAD_H

#include "codec/ext/yaml.h"
#include "parse/format.h"

enum { MM_LOAD_MAX_WORDS = 1024 }; /* alternatives of one condition */

struct mm_loader {
    struct mm_formats *set;
    struct mm_arena *arena;
    struct mm_format *f;
    const char *file;
    struct mm_format_errors *errors;
    const struct mm_yaml *more;    /* ECS names beyond fields.def that this format uses */
    const struct mm_yaml *classes; /* named sets that patterns and rules refer to */
    bool failed;
};

/* Note an error at a node (NULL: the file as a whole); always false. */
bool mm_load_fail(struct mm_loader *l, const struct mm_yaml *node, const char *what,
                  struct mm_slice detail);
/* n zeroed objects of size in the arena; NULL is reported. */
void *mm_load_alloc(struct mm_loader *l, size_t count, size_t size);
/* A copy of text in the arena. */
bool mm_load_dup(struct mm_loader *l, struct mm_slice text, struct mm_slice *ret);
/* The slot of a wire name, made when new. */
bool mm_load_slot(struct mm_loader *l, const struct mm_yaml *node, struct mm_slice name,
                  uint16_t *ret);
/* Every scalar of a list, or the one scalar; false when there are others or more than max. */
bool mm_load_words(struct mm_loader *l, const struct mm_yaml *node, struct mm_slice *words,
                   size_t max, size_t *ret_count);
/* Keys of a map that are not in the NULL-terminated list are errors. */
bool mm_load_keys(struct mm_loader *l, const struct mm_yaml *map, const char *const *known);

/* One byte, or `tab`; `~` is 0. Untouched when the map has no such key. */
bool mm_load_byte(struct mm_loader *l, const struct mm_yaml *map, const char *key, uint8_t *byte);
/* true or false. Untouched when the map has no such key. */
bool mm_load_flag(struct mm_loader *l, const struct mm_yaml *map, const char *key, bool *flag);
/* load_csv.c: `csv`, or its defaults when node is NULL. */
bool mm_load_csv(struct mm_loader *l, const struct mm_yaml *node);
/* load_json.c: `json`; nothing when node is NULL. */
bool mm_load_json(struct mm_loader *l, const struct mm_yaml *node);
/* Once all names are known: those of objects that hold any of them. */
bool mm_load_json_above(struct mm_loader *l);

/* A number of a map, at most max; *ret stays when the key is missing. */
bool mm_load_number(struct mm_loader *l, const struct mm_yaml *map, const char *key, uint64_t max,
                    uint64_t *ret);

/* inner.c: `inner`; nothing when node is NULL. */
bool mm_load_inner(struct mm_loader *l, const struct mm_yaml *node);

/* record.c: which lines go on with a record. */
bool mm_load_multiline(struct mm_loader *l, const struct mm_yaml *node);

/* Add one template to a set. */
bool mm_load_pattern(struct mm_loader *l, struct mm_patterns *set, const struct mm_yaml *node,
                     uint16_t number);

/* A target that is no fixed field. */
bool mm_load_extra(struct mm_loader *l, const struct mm_yaml *node, struct mm_slice name,
                   struct mm_target *ret);

/* load_map.c: fields, set and rules. */
bool mm_load_fields(struct mm_loader *l, const struct mm_yaml *node);
bool mm_load_sets(struct mm_loader *l, const struct mm_yaml *node, struct mm_set **ret);
/* What a pattern or rule sets: its class's fields, then its own. */
bool mm_load_class(struct mm_loader *l, const struct mm_yaml *owner, struct mm_set **ret);
bool mm_load_rules(struct mm_loader *l, const struct mm_yaml *node, struct mm_rule **ret);
/* Names without a mapping of their own: ECS names map to themselves, others become extras. */
bool mm_load_rest(struct mm_loader *l);

/* load_base.c: note a file that others include; text is copied. */
bool mm_load_base(struct mm_loader *l, const struct mm_yaml *doc, struct mm_slice text);
/* Bring what `include` names into the tree; what the document says itself wins. */
bool mm_load_include(struct mm_loader *l, struct mm_arena *trees, struct mm_yaml *doc);

#endif
