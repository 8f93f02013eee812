/*
 * web/portal/rules.h - the rules as the engine would load them, for showing.
 *
 * Purpose   Load the same folders as the engine, at most once a minute.
 * Owns      The portal keeps the newest set; who asks gets a reference and gives it back.
 * Threads   From many; a lock is held while loading.
 * Trust     Rules are files of the operator; detect/ refuses what is wrong in them.
 */
#ifndef MM_WEB_PORTAL_RULES_H
#define MM_WEB_PORTAL_RULES_H

#include "detect/detect.h"
#include "web/portal/page.h"

/* A reference to the rules of no longer than a minute ago; mm_rules_unref it. */
MM_MUST_USE enum mm_code mm_portal_rules(struct mm_portal *portal, int64_t now_us,
                                         struct mm_ruleset **ret);
/* "source": which logs a rule is about, in the reader's words where all three have some. */
void mm_portal_rule_source(const struct mm_page *p, const struct mm_slice logsource[3],
                           struct mm_doc *d);
/* "active" and other stable words for what became of a rule. */
const char *mm_portal_rule_state(const struct mm_rule *rule);
/* The rule of that id, or NULL; the set must outlive it. */
const struct mm_rule *mm_portal_rule(const struct mm_ruleset *set, struct mm_slice id);
/* What was refused of a rule, a word of it or of the reader of YAML, in the reader's language. */
struct mm_slice mm_portal_rule_detail(const struct mm_page *p, struct mm_slice detail);
/* The rule's title in the reader's language; its author's where we have none. */
struct mm_slice mm_portal_rule_title(const struct mm_page *p, const struct mm_rule *rule);

#endif
