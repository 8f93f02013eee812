/* app/rules_set.c - see rules_set.h for the contract. */
#include "app/rules_set.h"

#include <stdio.h>

#include "app/rules_print.h"
#include "app/rules_why.h"
#include "app/say.h"
#include "app/tables.h"
#include "app/tailoring.h"
#include "base/time.h"
#include "store/records/system_scope.h"

static int usage(enum mm_lang lang)
{
    mm_say_line(stderr, lang, "cli.rules.set.usage");
    return 2;
}

struct setting {
    const char *state, *rule, *company, *programme, *level, *reason;
    bool unset, off, on, json;
    enum mm_lang lang;
    struct mm_place at;
    struct mm_tailor_adjust x;
    enum mm_tailor_state became;
    int64_t now_us;
    struct mm_fault fault;
};

static bool read_args(struct setting *s, int argc, char **argv)
{
    for (int i = 2; i < argc; i++) {
        const struct {
            const char *name, **to;
        } options[] = {{"--state", &s->state},
                       {"--company", &s->company},
                       {"--programme", &s->programme},
                       {"--level", &s->level},
                       {"--reason", &s->reason}};
        size_t k = 0;

        while (k < MM_COUNT(options) && strcmp(argv[i], options[k].name) != 0)
            k++;
        if (k < MM_COUNT(options) && i + 1 < argc) {
            *options[k].to = argv[++i];
        } else if (strcmp(argv[i], "--off") == 0) {
            s->off = true;
        } else if (strcmp(argv[i], "--on") == 0) {
            s->on = true;
        } else if (strcmp(argv[i], "--json") == 0) {
            s->json = true;
        } else if (strcmp(argv[i], "--lang") == 0 && i + 1 < argc) {
            if (!mm_lang_parse(mm_slice_str(argv[++i]), &s->lang))
                return false;
        } else if (argv[i][0] == '-' || s->rule != NULL) {
            return false;
        } else {
            s->rule = argv[i];
        }
    }
    s->x.enabled = !s->off;
    s->x.has_level = s->level != NULL;
    if (s->level != NULL && !mm_level_find(mm_slice_str(s->level), &s->x.level))
        return false;
    if (s->unset)
        return s->rule != NULL && !s->off && !s->on && s->level == NULL;
    return s->rule != NULL && !(s->off && s->on) && (s->off || s->on || s->level != NULL);
}

static enum mm_code do_set(struct mm_tx *tx, void *arg)
{
    struct setting *s = arg;

    if (s->unset)
        return mm_place_release(tx, &s->at, mm_slice_str(s->rule), mm_slice_str(s->reason),
                                s->now_us);
    return mm_place_adjust(tx, &s->at, &s->x, s->now_us, &s->became, &s->fault);
}

static const struct mm_rule *find_rule(const struct mm_ruleset *set, struct mm_slice id)
{
    for (size_t i = 0; i < mm_rules_count(set); i++) {
        if (mm_slice_eq(mm_rules_get(set, i)->id, id))
            return mm_rules_get(set, i);
    }
    return NULL;
}

static bool fail(const struct setting *s, enum mm_code code)
{
    if (code == MM_E_RANGE && s->fault.what != NULL)
        return mm_tailoring_complain(s->lang, s->fault.what, NULL);
    if (code == MM_E_NOTFOUND && s->unset)
        return mm_tailoring_complain(s->lang, "tailor.no_adjust", s->rule);
    return mm_tailoring_complain(s->lang, mm_code_key(code), NULL);
}

static bool write_it(struct setting *s)
{
    struct mm_records *records = NULL;
    enum mm_code code;
    bool ok;

    if (mm_app_records(s->state, &records) != MM_OK)
        return false;
    ok = mm_place_find(records, s->lang, s->company, s->programme, &s->at);
    if (ok) {
        s->x.programme = s->at.programme;
        s->x.rule = mm_slice_str(s->rule);
        s->x.reason = mm_slice_str(s->reason);
        code = mm_records_write(records, mm_system_scope(), do_set, s);
        ok = code == MM_OK || fail(s, code);
    }
    mm_records_close(&records);
    return ok;
}

static void tell(const struct setting *s)
{
    const char *word = s->unset ? "ended" : mm_tailor_state_name(s->became);
    char key[64];
    const char *text;

    if (s->json) {
        printf("{\"state\":\"%s\"}\n", word);
        return;
    }
    (void)snprintf(key, sizeof(key), "tailor.state.%s", word);
    text = mm_lang_text(s->lang, mm_slice_str(key), 1);
    puts(text == NULL ? word : text);
}

int mm_rules_cli_set(int argc, char **argv, const char *state_default)
{
    struct setting s = {.state = state_default,
                        .unset = strcmp(argv[1], "unset") == 0,
                        .lang = mm_rules_cli_lang(),
                        .now_us = mm_now_us()};
    const struct mm_rule *rule = NULL;
    struct mm_ruleset *set = NULL;
    bool ok;

    if (!read_args(&s, argc, argv))
        return usage(s.lang);
    ok = (s.reason != NULL && s.reason[0] != 0) ||
         mm_tailoring_complain(s.lang, "tailor.reason", NULL);
    if (ok && !s.unset) { /* an adjustment can be taken back when its rule is gone */
        set = mm_tailoring_rules(s.state, NULL);
        rule = set == NULL ? NULL : find_rule(set, mm_slice_str(s.rule));
        ok = rule != NULL || mm_tailoring_complain(s.lang, "tailor.no_rule", s.rule);
    }
    if (rule != NULL) {
        s.x.title = rule->title;
        s.x.rule_level = rule->level;
    }
    ok = ok && write_it(&s);
    mm_rules_unref(&set);
    if (ok)
        tell(&s);
    return ok && fflush(stdout) == 0 ? 0 : 1;
}
