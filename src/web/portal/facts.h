/*
 * web/portal/facts.h - what several pages say of sources and cases, read and written once.
 *
 * Purpose   Rows of records with what follows from them (is it silent? how soon to act?).
 * Owns      Nothing; texts live in the request's arena.
 * Threads   See page.h.
 * Trust     Texts come from people and from logs: documents carry them, templates escape them.
 */
#ifndef MM_WEB_PORTAL_FACTS_H
#define MM_WEB_PORTAL_FACTS_H

#include "triage/case.h"
#include "web/portal/page.h"

enum {
    MM_FACT_SOURCES_MAX = 500,
};

/* How a company stands, worst first. */
enum mm_standing {
    MM_STANDING_ACT,    /* a case must be acted on today */
    MM_STANDING_SILENT, /* logs do not arrive: nobody can say that all is well */
    MM_STANDING_WATCH,  /* cases that can wait */
    MM_STANDING_NEW,    /* nothing has ever arrived */
    MM_STANDING_OK,
};
/* "act", "silent", "watch", "new", "ok". */
const char *mm_standing_name(enum mm_standing s);

enum mm_source_state { MM_SOURCE_OK, MM_SOURCE_SILENT, MM_SOURCE_NEW, MM_SOURCE_PAUSED };

struct mm_fact_source {
    uint32_t source;
    struct mm_slice name, format, bind, device, place, kind, maintainer, maintainer_tel;
    enum mm_source_state state;
    bool counted; /* there are counters */
    int64_t received, spooled, dropped, parsed, unparsed, costly, last_seen_us;
};

struct mm_fact_sources {
    struct mm_fact_source *list;
    size_t n, silent, never;
    int64_t last_seen_us; /* of all */
};

/* As people call the log format, in the reader's language; its name where nobody knows it. */
struct mm_slice mm_facts_format_title(struct mm_page *p, struct mm_slice name);
/* A format's name, its title and whether it is untested, as `format`, `format_title`, `untested`.
 */
void mm_facts_write_format(struct mm_page *p, struct mm_slice name, struct mm_doc *d);
/* Sources of the company of p->tx. */
MM_MUST_USE enum mm_code mm_facts_sources(struct mm_page *p, struct mm_fact_sources *ret);
void mm_facts_write_sources(struct mm_page *p, const struct mm_fact_sources *s,
                            struct mm_doc *list);

struct mm_fact_case {
    int64_t case_id;
    uint32_t company, number, confidence;
    struct mm_slice how, entity_field, entity, act, state, outcome, title, what, first;
    int64_t opened_us, event_us, updated_us;
    struct mm_slice company_name, handler;
    uint64_t many; /* as struct mm_case */
};

/* Cases that p->tx sees, open ones by urgency (or, with closed or a cursor, newest first). */
MM_MUST_USE enum mm_code mm_facts_cases(struct mm_page *p, bool closed, int64_t before, size_t max,
                                        struct mm_fact_case **ret, size_t *ret_n);
void mm_facts_write_case(struct mm_page *p, const struct mm_fact_case *c, struct mm_doc *d);

/*
 * The title in the reader's language; where a rule has none, the operator sees the rule's own and
 * a company's person a plain sentence instead of an engineer's.
 */
struct mm_slice mm_facts_title(const struct mm_page *p, struct mm_slice words,
                               struct mm_slice title);
/* Which word stands before an entity: its ECS field, in four kinds that people know, and the
 * plurals of these where `many` are counted together. */
const char *mm_facts_entity_kind(struct mm_slice field, uint64_t many);
/* A text member of a small JSON object, in the arena; empty where there is none. */
struct mm_slice mm_facts_member(struct mm_page *p, struct mm_slice json, const char *name);

struct mm_case_words {
    struct mm_slice title, what, first;
};
/*
 * Words of a rule in the reader's language out of a case's or finding's doc; empty where the rule
 * has none. Texts live in the arena.
 */
void mm_facts_words(struct mm_page *p, struct mm_slice doc, struct mm_case_words *ret);

#endif
