/*
 * assess/read.h - what the readers of questionnaires, controls, averages and guides share.
 *
 * Purpose   One way to say what was refused: line, column, what stood there, what could.
 * Owns      Nothing: texts stay in the arena that the YAML tree lives in.
 * Threads   One reader, one thread.
 * Trust     Files may be foreign; everything is bounded. A reader goes on after a fault, so that
 *           whoever writes a file sees all of them at once: values stay as they were.
 */
#ifndef MM_ASSESS_READ_H
#define MM_ASSESS_READ_H

#include "assess/quest.h"
#include "codec/ext/yaml.h"

struct mm_reader {
    struct mm_arena *arena;
    struct mm_quest_errors *errors;
    bool nomem;
};

/* Note a fault at this node (NULL: the file). `what` is a key below "quest.error."; expected may be
 * NULL. Always false. */
bool mm_read_fail(struct mm_reader *r, const struct mm_yaml *node, const char *what,
                  struct mm_slice detail, const char *expected);
/* Empty the list of errors and read the one document of a file; what is wrong is noted. */
MM_MUST_USE enum mm_code mm_read_doc(struct mm_reader *r, struct mm_slice yaml,
                                     const struct mm_yaml **ret);
/* How reading ended: code of mm_read_doc, MM_E_NOMEM, MM_E_SYNTAX when anything was noted. */
MM_MUST_USE enum mm_code mm_read_end(const struct mm_reader *r, enum mm_code code);
/* count things of size bytes, zeroed; NULL with r->nomem set. */
void *mm_read_alloc(struct mm_reader *r, size_t count, size_t size);

/* It is a map and has no keys but these ("a b c"; one that ends in ! must be there). */
bool mm_read_map(struct mm_reader *r, const struct mm_yaml *node, const char *keys);
/* The list under that key with min..max members, or NULL: absent (no fault when min is 0), or no
 * such list. */
const struct mm_yaml *mm_read_list(struct mm_reader *r, const struct mm_yaml *map, const char *key,
                                   size_t min, size_t max);

/* The readers below leave *ret alone when the key is absent or its value was refused, and say
 * whether it was read. */
bool mm_read_id(struct mm_reader *r, const struct mm_yaml *map, const char *key,
                struct mm_slice *ret);
bool mm_read_words(struct mm_reader *r, const struct mm_yaml *map, const char *key,
                   struct mm_words *ret);
bool mm_read_texts(struct mm_reader *r, const struct mm_yaml *map, const char *key, size_t max,
                   struct mm_texts *ret);
bool mm_read_names(struct mm_reader *r, const struct mm_yaml *map, const char *key,
                   struct mm_names *ret);
/* A scalar of 1..max bytes. */
bool mm_read_scalar(struct mm_reader *r, const struct mm_yaml *map, const char *key, size_t max,
                    struct mm_slice *ret);
/* One of the words ("a b c"): which. */
bool mm_read_choice(struct mm_reader *r, const struct mm_yaml *map, const char *key,
                    const char *words, size_t *ret);
/* The same, as a slice that lives as long as the tree. */
bool mm_read_word(struct mm_reader *r, const struct mm_yaml *map, const char *key,
                  const char *words, struct mm_slice *ret);
bool mm_read_whole(struct mm_reader *r, const struct mm_yaml *map, const char *key, uint64_t min,
                   uint64_t max, uint64_t *ret);
/* A decimal in thousandths, min..max. */
bool mm_read_milli(struct mm_reader *r, const struct mm_yaml *map, const char *key, int64_t min,
                   int64_t max, int64_t *ret);
bool mm_read_flag(struct mm_reader *r, const struct mm_yaml *map, const char *key, bool *ret);

/* bands: of the map, from the best to the worst, only the last without `from`. */
void mm_read_bands(struct mm_reader *r, const struct mm_yaml *map, struct mm_quest_band **ret,
                   size_t *ret_n);

/* Whether one of the words of "a b c" is s; ret (or NULL) says which. */
bool mm_read_one_of(const char *words, struct mm_slice s, size_t *ret);
bool mm_read_is_id(struct mm_slice s);
/* The members `key` of the maps in the list are all different; faults otherwise. */
bool mm_read_unique(struct mm_reader *r, const struct mm_yaml *list, const char *key);

#endif
