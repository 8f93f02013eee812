/*
 * codec/ext/yaml.h - YAML 1.1 documents as trees of nodes with line numbers (over libyaml).
 *
 * Purpose   Rules, formats and other content are YAML; their errors must name a line.
 * Owns      Nodes live in the arena that was passed; they die with it.
 * Threads   Pure functions over their arguments.
 * Trust     Input is hostile: depth, node count and size are bounded; aliases and
 *           anchors are refused (no billion laughs), tags are ignored, duplicate
 *           keys are refused. Scalars stay text: who reads them decides the type.
 * Spec      YAML 1.1 as libyaml 0.2 reads it. Fuzzed by yaml_fuzz.c.
 */
#ifndef MM_CODEC_EXT_YAML_H
#define MM_CODEC_EXT_YAML_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"

enum {
    MM_YAML_MAX_SIZE = 4 * 1024 * 1024, /* largest public framework library: 3.4 MB */
    MM_YAML_MAX_DEPTH = 32,             /* Sigma reaches 6, formats 8 */
    MM_YAML_MAX_NODES = 400 * 1000,     /* the same 3.4 MB file holds about 300,000 */
};

enum mm_yaml_kind { MM_YAML_SCALAR, MM_YAML_LIST, MM_YAML_MAP };

struct mm_yaml {
    enum mm_yaml_kind kind;
    bool plain;          /* scalar written without quotes: only those may mean null, numbers … */
    uint32_t line;       /* 1-based, where the node begins */
    uint32_t column;     /* 1-based */
    struct mm_slice key; /* in a map: this member's key */
    uint32_t key_line;   /* and where that begins; 0 elsewhere */
    uint32_t key_column;
    struct mm_slice text;  /* scalar: its text, a NUL behind it */
    size_t count;          /* list, map: members */
    struct mm_yaml *first; /* list, map: first member, in file order */
    struct mm_yaml *next;  /* next sibling, or next document */
};

/* Where and why a document was refused. */
struct mm_yaml_fault {
    uint32_t line;
    uint32_t column;
    const char *what; /* static key, or libyaml's own static problem text */
};

/*
 * Read every document of `in`; *ret is the first, the others follow by ->next, NULL when there are
 * none. MM_E_SYNTAX, MM_E_LIMIT or MM_E_NOMEM leave *ret untouched and fill fault (may be NULL).
 */
MM_MUST_USE enum mm_code mm_yaml_read(struct mm_arena *arena, struct mm_slice in,
                                      struct mm_yaml **ret, struct mm_yaml_fault *fault);

/* The member of a map by key, or NULL (also when map is NULL or no map). */
const struct mm_yaml *mm_yaml_get(const struct mm_yaml *map, const char *key);
/* Text of a scalar member, or the empty slice. */
struct mm_slice mm_yaml_text(const struct mm_yaml *map, const char *key);
/* A plain scalar that YAML reads as null: empty, ~, null, Null, NULL. */
bool mm_yaml_is_null(const struct mm_yaml *node);
/* A plain scalar that is true or false in YAML 1.2 core (true/false in three spellings). */
MM_MUST_USE bool mm_yaml_bool(const struct mm_yaml *node, bool *ret);

/* Append s between double quotes, so that it is read back as it is; bytes that are not UTF-8 become
 * U+FFFD. */
void mm_yaml_quote(struct mm_buf *out, struct mm_slice s);
/* Whether s holds what only double quotes can say: control characters, ends of lines and others
 * that YAML folds or refuses, bytes that are not UTF-8. */
bool mm_yaml_needs_escape(struct mm_slice s);

#endif
