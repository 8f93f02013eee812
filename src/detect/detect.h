/*
 * detect/detect.h - Sigma rules: load them, ask which ones an event matches.
 *
 * Purpose   A rule set is compiled once and then only read; a matcher answers for one thread. New
 *           rules mean a new set and a new matcher: build, swap the pointer, free the old.
 * Owns      A set owns its rules, texts and indexes until the last _unref. A matcher holds a
 *           reference to its set. Slices of rules live as long as the set.
 * Threads   A set is shared freely after loading; a matcher belongs to one thread.
 * Trust     Rules come from operators and from the internet: a bad one is refused alone, with
 *           file, line and reason. Events are hostile: matching allocates nothing, is bounded,
 *           and what could not be decided is counted, never passed over.
 * Spec      Sigma specification 2.1.0 (rules, modifiers, taxonomy). docs/en/sigma.md says
 *           what is read differently and why.
 */
#ifndef MM_DETECT_DETECT_H
#define MM_DETECT_DETECT_H

#include "base/base.h"
#include "model/alert.h"
#include "model/event.h"

enum {
    MM_RULES_MAX = 60 * 1000,                 /* SigmaHQ has 3,800; hits carry 16 bits and room */
    MM_RULES_MAX_FILES = 100 * 1000,          /* files of one load */
    MM_RULES_MAX_DEPTH = 24,                  /* folders in folders */
    MM_RULES_MAX_MEMORY = 1024 * 1024 * 1024, /* all of one set; SigmaHQ takes about 40 MiB */
    MM_RULE_DETAIL = 160,                     /* bytes of a refusal's detail */
};

struct mm_slices {
    const struct mm_slice *v;
    size_t n;
};

/* What becomes of a document that was read without error. */
enum mm_rule_state {
    MM_RULE_ACTIVE,
    MM_RULE_NO_SOURCE,    /* no source of ours produces its logsource */
    MM_RULE_NEEDS_VALUES, /* %placeholders% for which no company has values: never fires */
    MM_RULE_NEXT_STAGE,   /* a correlation: kept for the stage that reads them */
    MM_RULE_STATE_COUNT
};

/* Words for people; rules of ours carry them under `mimamori:`. Empty where the rule has none. */
struct mm_rule_words {
    struct mm_slice title;
    struct mm_slice what;  /* what happened */
    struct mm_slice first; /* what to do first */
};

struct mm_rule {
    enum mm_rule_state state;
    enum mm_level level;
    struct mm_slice file; /* where it was read */
    uint32_t line;
    struct mm_slice id; /* its UUID, or its name or title where it has none */
    struct mm_slice title;
    struct mm_slice name;
    struct mm_slice status;
    struct mm_slice description;
    struct mm_slice author; /* DRL 1.1: goes into every alert */
    struct mm_slice license;
    struct mm_slice product, category, service;
    struct mm_slices tags, references, falsepositives;
    struct mm_slices wanted; /* its placeholders: it waits in companies without values for one */
    struct mm_slice missing; /* NEEDS_VALUES: a placeholder without values */
    /* Rules of ours. */
    struct mm_rule_words ja, en;
    struct mm_slice klass; /* class of the pilot's table, or empty */
    enum mm_field entity;  /* what the alert is about; by logsource when the rule says nothing */
    struct mm_slice doc;   /* the words above, tags and falsepositives as one JSON object */
};

/* A document that was refused (the others load), or something in a loaded one worth a look. */
struct mm_rule_refusal {
    struct mm_slice file;
    uint32_t line;
    uint32_t column;        /* 0 where only the line is known */
    const char *what;       /* stable key, see detect/reasons.def */
    struct mm_slice detail; /* what stood there, or PCRE2's or libyaml's words; printable */
};

/* A text that is loaded as a file of that name would be. */
struct mm_rules_text {
    struct mm_slice name, text;
};

struct mm_tuning;

struct mm_rules_options {
    const struct mm_tuning *tuning;   /* detect/tuning.h, or NULL; not needed after loading */
    const struct mm_rules_text *text; /* loaded behind the paths */
    size_t text_n;
    /* In force at all rules of the load; text.p NULL means the file whose path the name is, with a
     * NUL behind it. */
    const struct mm_rules_text *pipeline;
    size_t pipeline_n;
};

/* A file of transformations (detect/pipeline.h) that was read without error. */
struct mm_rules_pipeline {
    struct mm_slice file, name;
    int64_t priority;
    size_t rules; /* rules and filters that it changed something of */
};

struct mm_ruleset;

/*
 * Load every *.yml and *.yaml under the paths (files or folders, in name order, hidden ones left
 * out). Refused documents are listed in the set. Documents with `filter:` become filters
 * (detect/filter.h), all others rules. Files of a folder named `pipelines` are in force at the
 * rules beside and below that folder. options may be NULL. Fails only when a path cannot be read
 * (fault.what; fault.at >= path_n: that of a pipeline) or memory is out.
 */
MM_MUST_USE enum mm_code mm_rules_load(const char *const *paths, size_t path_n,
                                       const struct mm_rules_options *options,
                                       struct mm_ruleset **ret, struct mm_fault *fault);
/* The same for one text: tests, and rules that are typed into a page. */
MM_MUST_USE enum mm_code mm_rules_load_text(struct mm_slice name, struct mm_slice text,
                                            const struct mm_rules_options *options,
                                            struct mm_ruleset **ret);
struct mm_ruleset *mm_rules_ref(struct mm_ruleset *set);
/* Takes the address and leaves NULL; the set dies with its last reference. */
void mm_rules_unref(struct mm_ruleset **set);

size_t mm_rules_count(const struct mm_ruleset *set);
/* index < mm_rules_count. Indexes follow the order of loading. */
const struct mm_rule *mm_rules_get(const struct mm_ruleset *set, size_t index);
size_t mm_rules_refused(const struct mm_ruleset *set);
const struct mm_rule_refusal *mm_rules_refusal(const struct mm_ruleset *set, size_t index);
/* What loaded but is probably not what was meant. */
size_t mm_rules_warnings(const struct mm_ruleset *set);
const struct mm_rule_refusal *mm_rules_warning(const struct mm_ruleset *set, size_t index);
/* Pipelines that were in force, in the order of loading; refused ones are not among them. */
size_t mm_rules_pipelines(const struct mm_ruleset *set);
const struct mm_rules_pipeline *mm_rules_pipeline(const struct mm_ruleset *set, size_t index);
/* A number that differs when the rules differ: checkpoints carry it. */
uint64_t mm_rules_digest(const struct mm_ruleset *set);
/* Text of a refusal's key in English, for terminals; the key itself when it is unknown. */
const char *mm_rules_reason(const char *what);

/* Differs when a file under the paths came, went or changed. What cannot be read counts as absent.
 */
uint64_t mm_rules_stamp(const char *const *paths, size_t path_n);

/* Zero it before the first call. */
struct mm_rules_watch {
    uint64_t seen, taken;
    bool begun;
};

/*
 * Called every few seconds: true once when the folders differ from what was taken in and have
 * been the same for two calls, so that a copy half done is not loaded.
 */
MM_MUST_USE bool mm_rules_changed(struct mm_rules_watch *w, const char *const *paths,
                                  size_t path_n);

struct mm_matcher;

/* NULL when memory is out. Takes a reference. */
struct mm_matcher *mm_matcher_new(struct mm_ruleset *set);
void mm_matcher_free(struct mm_matcher **m);

/*
 * Write the indexes of the rules that match into hits (ascending), at most max. Returns how many
 * match, which may be more than max. Matches that a filter hides are not among them: ask
 * mm_matcher_hidden. Allocates nothing.
 */
size_t mm_rules_match(struct mm_matcher *m, const struct mm_event *ev, uint32_t *hits, size_t max);

struct mm_matcher_stats {
    uint64_t events;
    uint64_t routed;         /* events that some rule's logsource names */
    uint64_t evaluated;      /* rules whose condition was worked out */
    uint64_t hits;           /* without hidden ones */
    uint64_t hidden;         /* by filters */
    uint64_t off;            /* by rules that are switched off in the event's company */
    uint64_t undecided;      /* conditions that a regular expression's limit left open */
    uint32_t undecided_rule; /* the last one's rule */
};

struct mm_matcher_stats mm_matcher_stats(const struct mm_matcher *m);
/* How often rule `index` was left undecided by this matcher. */
uint64_t mm_matcher_undecided(const struct mm_matcher *m, size_t index);

/*
 * Fill an alert for a hit, all but `event` (the caller encodes it once for all hits). Texts borrow
 * the set, the event and tmp.
 */
void mm_rules_alert(const struct mm_ruleset *set, uint32_t index, const struct mm_event *ev,
                    char tmp[MM_FIELD_TEXT], struct mm_alert *ret);

#endif
