/* web/portal/rules.c - see rules.h for the contract. */
#include "web/portal/rules.h"

#include <unistd.h>

#include "base/time.h"

enum { KEEP_US = 60 * 1000 * 1000, SOURCE_MAX = 4096 };

static enum mm_code load(struct mm_portal *p, struct mm_ruleset **ret)
{
    const char *paths[MM_COUNT(p->cfg.rule_dirs)];
    struct mm_fault fault = {0};
    size_t n = 0;

    for (size_t i = 0; i < MM_COUNT(p->cfg.rule_dirs); i++) {
        if (p->cfg.rule_dirs[i] != NULL && access(p->cfg.rule_dirs[i], R_OK) == 0)
            paths[n++] = p->cfg.rule_dirs[i];
    }
    return n == 0 ? MM_E_NOTFOUND : mm_rules_load(paths, n, NULL, ret, &fault);
}

enum mm_code mm_portal_rules(struct mm_portal *portal, int64_t now_us, struct mm_ruleset **ret)
{
    enum mm_code code = MM_OK;

    (void)pthread_mutex_lock(&portal->rules_lock);
    if (portal->rules == NULL || now_us - portal->rules_us > KEEP_US || now_us < portal->rules_us) {
        struct mm_ruleset *fresh = NULL;

        code = load(portal, &fresh);
        if (code == MM_OK) {
            mm_rules_unref(&portal->rules);
            portal->rules = fresh;
            portal->rules_us = now_us;
        }
    }
    if (code == MM_OK)
        *ret = mm_rules_ref(portal->rules);
    (void)pthread_mutex_unlock(&portal->rules_lock);
    return code;
}

/* Words of po/ for one part of a logsource; NULL where it has none. */
static const char *log_words(enum mm_lang lang, struct mm_slice part)
{
    char key[96];
    int n = snprintf(key, sizeof(key), "rule.log.%.*s", MM_S_ARG(part));

    return n > 0 && (size_t)n < sizeof(key) ? mm_lang_text(lang, mm_slice_of(key, (size_t)n), 1)
                                            : NULL;
}

void mm_portal_rule_source(const struct mm_page *p, const struct mm_slice logsource[3],
                           struct mm_doc *d)
{
    struct mm_buf words, plain;
    bool all = true;

    mm_buf_init(&words, SOURCE_MAX);
    mm_buf_init(&plain, SOURCE_MAX);
    for (size_t i = 0; i < 3; i++) {
        const char *w = log_words(p->lang, logsource[i]);

        if (logsource[i].n == 0)
            continue;
        all &= w != NULL;
        mm_buf_str(&words, words.n > 0 ? " · " : "");
        mm_buf_str(&words, w == NULL ? "" : w);
        mm_buf_str(&plain, plain.n > 0 ? " " : "");
        mm_buf_add(&plain, logsource[i]);
    }
    mm_doc_text(d, "source", mm_buf_slice(all ? &words : &plain));
    mm_buf_done(&words);
    mm_buf_done(&plain);
}

const char *mm_portal_rule_state(const struct mm_rule *rule)
{
    static const char *const names[] = {
        [MM_RULE_ACTIVE] = "active",
        [MM_RULE_NO_SOURCE] = "no_source",
        [MM_RULE_NEEDS_VALUES] = "needs_values",
        [MM_RULE_NEXT_STAGE] = "next_stage",
    };

    static_assert(MM_COUNT(names) == MM_RULE_STATE_COUNT, "one word a state");
    MM_ASSERT((size_t)rule->state < MM_COUNT(names));
    return names[rule->state];
}

const struct mm_rule *mm_portal_rule(const struct mm_ruleset *set, struct mm_slice id)
{
    for (size_t i = 0; id.n > 0 && i < mm_rules_count(set); i++) {
        if (mm_slice_eq(mm_rules_get(set, i)->id, id))
            return mm_rules_get(set, i);
    }
    return NULL;
}

struct mm_slice mm_portal_rule_detail(const struct mm_page *p, struct mm_slice detail)
{
    const char *words =
        mm_slice_starts(detail, MM_S("yaml.")) ? mm_lang_text(p->lang, detail, 1) : NULL;

    return words == NULL ? detail : mm_slice_str(words);
}

struct mm_slice mm_portal_rule_title(const struct mm_page *p, const struct mm_rule *rule)
{
    const struct mm_rule_words *w = p->lang == MM_LANG_EN ? &rule->en : &rule->ja;

    return w->title.n > 0 ? w->title : rule->title;
}
