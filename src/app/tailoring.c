/* app/tailoring.c - see tailoring.h for the contract. */
#include "app/tailoring.h"

#include <stdio.h>
#include <unistd.h>

#include "app/content.h"
#include "app/tables.h"
#include "base/utf8.h"
#include "codec/ext/yaml.h"
#include "os/file.h"
#include "register/audit.h"
#include "store/records/system_scope.h"

enum { ARENA_MAX = 64 * 1024 * 1024, SAID_MAX = 64 * 1024 };

bool mm_tailoring_complain(enum mm_lang lang, const char *key, const char *value)
{
    const char *words = mm_lang_text(lang, mm_slice_str(key), 1);
    struct mm_buf clean;

    mm_buf_init(&clean, 64 * 1024);
    if (value != NULL) /* what was typed: no control characters */
        mm_utf8_json(&clean, mm_slice_str(value));
    fprintf(stderr, "mimamori: %s%s%.*s\n", words == NULL ? key : words, value == NULL ? "" : ": ",
            MM_S_ARG(mm_buf_slice(&clean)));
    mm_buf_done(&clean);
    return false;
}

bool mm_place_find(struct mm_records *records, enum mm_lang lang, const char *company,
                   const char *programme, struct mm_place *ret)
{
    struct mm_place at = {.company = MM_COMPANY_OPERATOR, .programme = MM_TAILOR_OWN};
    struct mm_tx *tx = NULL;
    enum mm_code code;

    if ((company == NULL) == (programme == NULL))
        return mm_tailoring_complain(lang, "tailor.place", NULL);
    code = mm_records_read(records, mm_system_scope(), &tx);
    if (code == MM_OK && company != NULL)
        code = mm_app_company(tx, company, &at.company);
    else if (code == MM_OK)
        code = mm_app_programme(tx, programme, &at.programme);
    mm_records_read_done(&tx);
    if (code == MM_E_NOTFOUND)
        return company != NULL ? mm_tailoring_complain(lang, "tailor.no_company", company)
                               : mm_tailoring_complain(lang, "tailor.no_programme", programme);
    if (code != MM_OK)
        return mm_tailoring_complain(lang, mm_code_key(code), NULL);
    *ret = at;
    return true;
}

/* ---- changing, with the audit log ---- */

static enum mm_code audit(struct mm_tx *tx, const struct mm_place *at, const char *action,
                          struct mm_slice what, struct mm_slice text, int64_t now_us)
{
    char actor[32], object[MM_AUDIT_WORD_MAX + 1];

    (void)snprintf(actor, sizeof(actor), "uid %u", (unsigned)getuid());
    if (at->programme == MM_TAILOR_OWN)
        (void)snprintf(object, sizeof(object), "%.*s", MM_S_ARG(mm_utf8_cut(what, 80)));
    else
        (void)snprintf(object, sizeof(object), "programme %u %.*s", at->programme,
                       MM_S_ARG(mm_utf8_cut(what, 70)));
    return mm_audit_add(tx, &(struct mm_audit){.time_us = now_us,
                                               .actor = mm_slice_str(actor),
                                               .action = mm_slice_str(action),
                                               .object = mm_slice_str(object),
                                               .text = text});
}

enum mm_code mm_place_put(struct mm_tx *tx, const struct mm_place *at, struct mm_slice name,
                          struct mm_slices values, int64_t now_us, struct mm_fault *fault)
{
    struct mm_buf said;
    enum mm_code code = mm_tx_narrow(tx, at->company);

    if (code != MM_OK)
        return code;
    mm_buf_init(&said, SAID_MAX);
    for (size_t i = 0; i < values.n && said.n < MM_AUDIT_TEXT_MAX; i++) {
        mm_buf_add(&said, values.v[i]);
        mm_buf_byte(&said, '\n');
    }
    code = mm_tailor_put(tx, at->programme, name, values, 0, now_us, fault);
    if (code == MM_OK)
        code = audit(tx, at, values.n == 0 ? "values.remove" : "values.set", name,
                     mm_buf_slice(&said), now_us);
    mm_buf_done(&said);
    mm_tx_widen(tx);
    return code;
}

enum mm_code mm_place_adjust(struct mm_tx *tx, const struct mm_place *at,
                             const struct mm_tailor_adjust *x, int64_t now_us,
                             enum mm_tailor_state *ret, struct mm_fault *fault)
{
    struct mm_buf said;
    int64_t id;
    enum mm_code code = mm_tx_narrow(tx, at->company);

    MM_ASSERT(x->programme == at->programme);
    if (code != MM_OK)
        return code;
    mm_buf_init(&said, SAID_MAX);
    code = mm_tailor_adjust_rule(tx, x, now_us, &id, ret, fault);
    if (code == MM_OK) {
        mm_tailor_say(x, &said);
        code = audit(tx, at, "rule.adjust", x->rule, mm_buf_slice(&said), now_us);
    }
    mm_buf_done(&said);
    mm_tx_widen(tx);
    return code;
}

enum mm_code mm_place_release(struct mm_tx *tx, const struct mm_place *at, struct mm_slice rule,
                              struct mm_slice reason, int64_t now_us)
{
    const struct mm_tailor_which which = {
        .programme = at->programme, .rule = rule, .max = MM_TAILOR_ADJUSTS_MAX};
    struct mm_tailor_adjust *list = NULL;
    struct mm_arena a;
    size_t n = 0;
    enum mm_code code = mm_tx_narrow(tx, at->company);

    if (code != MM_OK)
        return code;
    mm_arena_init(&a, ARENA_MAX);
    code = mm_tailor_adjusts(tx, &which, &a, &list, &n);
    for (size_t i = 0; i < n && code == MM_OK; i++)
        code = mm_tailor_end(tx, list[i].adjust, 0, now_us);
    if (code == MM_OK)
        code = n == 0 ? MM_E_NOTFOUND : audit(tx, at, "rule.adjust.end", rule, reason, now_us);
    mm_arena_done(&a);
    mm_tx_widen(tx);
    return code;
}

/* ---- for trying rules ---- */

bool mm_tailoring_of(const char *state, enum mm_lang lang, const char *company,
                     uint32_t *ret_company, struct mm_tuning **ret)
{
    struct mm_tailored all = {0};
    struct mm_records *records = NULL;
    struct mm_place at;
    struct mm_tx *tx = NULL;
    struct mm_buf text;
    struct mm_arena a;
    enum mm_code code = mm_app_records(state, &records);
    bool found;

    if (code != MM_OK)
        return false; /* it was said */
    mm_arena_init(&a, ARENA_MAX);
    mm_buf_init(&text, 2 * MM_YAML_MAX_SIZE);
    found = mm_place_find(records, lang, company, NULL, &at);
    if (found)
        code = mm_records_read(records, mm_system_scope(), &tx);
    if (found && code == MM_OK)
        code = mm_tailor_of(tx, at.company, (struct mm_slice){0}, &a, &all);
    mm_records_read_done(&tx);
    if (found && code == MM_OK) {
        mm_tailored_write(&all, at.company, &text);
        code = mm_tuning_read(mm_buf_slice(&text), ret, NULL);
    }
    if (code != MM_OK)
        found = mm_tailoring_complain(lang, mm_code_key(code), NULL);
    if (found)
        *ret_company = at.company;
    mm_buf_done(&text);
    mm_arena_done(&a);
    mm_records_close(&records);
    return found;
}

struct mm_ruleset *mm_tailoring_rules(const char *state, const struct mm_tuning *tuning)
{
    const struct mm_rules_options options = {.tuning = tuning};
    char content[MM_MAX_PATH], own[MM_MAX_PATH];
    const char *dirs[2];
    struct mm_ruleset *set = NULL;
    struct mm_fault fault = {0};
    size_t n = 0;

    if (mm_content_path("rules", content) == MM_OK && access(content, R_OK) == 0)
        dirs[n++] = content;
    if (mm_path_join(own, state, "rules") == MM_OK && access(own, R_OK) == 0)
        dirs[n++] = own;
    if (mm_rules_load(dirs, n, &options, &set, &fault) != MM_OK)
        fprintf(stderr, "mimamori: %s\n", fault.what == NULL ? "?" : mm_rules_reason(fault.what));
    return set;
}
