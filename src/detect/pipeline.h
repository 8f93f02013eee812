/*
 * detect/pipeline.h - what an operator wants changed in rules before they are compiled.
 *
 * Purpose   A pipeline is a list of transformations in pySigma's YAML. pipeline.c reads and checks
 *           it once; pipeline_apply.c changes the YAML tree of each rule and filter with it, before
 *           anything of the rule is read. What comes out is a rule like any other.
 * Owns      Pipelines live as long as the load (mm_build); their expressions until
 *           mm_pipelines_free. What is put into a rule's tree lives in the arena of its document.
 * Threads   One build, one thread.
 * Trust     Pipelines come from the operator, rules from the internet: both are bounded, and
 *           what a pipeline makes of a rule as well. A pipeline with one fault does nothing at all.
 * Spec      pySigma's processing pipelines (docs/guides/processing_pipelines.rst), the part that
 *           pipeline.def names. docs/en/sigma.md says what is read differently.
 */
#ifndef MM_DETECT_PIPELINE_H
#define MM_DETECT_PIPELINE_H

#include "codec/ext/yaml.h"
#include "detect/detect.h"
#include "detect/regex.h"

enum {
    MM_PIPELINES_MAX = 64,             /* in force at one rule */
    MM_PIPELINE_ITEMS_MAX = 1000,      /* transformations of one; pySigma's longest has about 150 */
    MM_PIPELINE_CONDS_MAX = 64,        /* conditions of one transformation */
    MM_PIPELINE_ALTERNATIVES_MAX = 64, /* maps that one map becomes by one-to-many names */
    MM_PIPELINE_RULE_BYTES = 8 * 1024 * 1024, /* that all pipelines add to one rule */
};

enum mm_pipeline_op {
#define MM_PIPELINE_DOES(id, type, keys) MM_PIPELINE_##id,
#include "detect/pipeline.def"
#undef MM_PIPELINE_DOES
#undef MM_PIPELINE_NOT
    MM_PIPELINE_OP_COUNT
};

enum mm_pipeline_cond_kind { MM_PIPELINE_LOGSOURCE, MM_PIPELINE_FIELD, MM_PIPELINE_TAG };

struct mm_pipeline_cond {
    enum mm_pipeline_cond_kind kind;
    struct mm_slice product, category, service; /* LOGSOURCE: empty means any */
    struct mm_slice name;                       /* of the field, the tag */
};

/* One name or value, and what becomes of it: a scalar or a list of scalars. */
struct mm_pipeline_pair {
    struct mm_slice from;
    const struct mm_yaml *to;
};

struct mm_pipeline_item {
    enum mm_pipeline_op op;
    const struct mm_yaml *node; /* the whole transformation, for keys that only its op knows */
    const struct mm_yaml *arg;  /* the op's first key, where it has one */
    struct mm_pipeline_cond *cond;
    size_t cond_n;
    bool cond_any, cond_not;
    struct mm_slice *only, *except; /* field names: include_fields, exclude_fields */
    size_t only_n, except_n;
    struct mm_pipeline_pair *pair; /* by `from`, rising */
    size_t pair_n;
    bool negated; /* ADD_CONDITION */
    struct mm_regex *re;
};

struct mm_pipeline {
    struct mm_slice name;
    int64_t priority;
    struct mm_pipeline_item *item;
    size_t item_n;
    size_t number;            /* in the set's list */
    struct mm_pipeline *next; /* of all that were read */
};

/* Those in force at the rules being read, by priority; those of one priority as they came. */
struct mm_pipelines {
    struct mm_pipeline *v[MM_PIPELINES_MAX];
    size_t n;
};

struct mm_build;

/*
 * Read one document, whose nodes live as long as the build, and put it among those in force. The
 * refusal with line and column is in the build's fault; nothing is in force then that was not.
 */
MM_MUST_USE enum mm_code mm_pipeline_read(struct mm_build *b, struct mm_slice file,
                                          const struct mm_yaml *doc);
/* Change a rule or filter as the pipelines in force say. Refused as rules are. */
MM_MUST_USE enum mm_code mm_pipelines_apply(struct mm_build *b, struct mm_yaml *doc);
/* Expressions of all that were read. */
void mm_pipelines_free(struct mm_build *b);

#endif
