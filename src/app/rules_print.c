/* app/rules_print.c - see rules_print.h for the contract. */
#include "app/rules_print.h"

#include <errno.h>

#include "app/say.h"
#include "base/utf8.h"
#include "detect/filter.h"
#include "os/file.h"

/* err.notfound and err.denied speak of pages. */
static const char *words_of(enum mm_lang lang, enum mm_code code)
{
    const char *key = code == MM_E_NOTFOUND ? "cli.why.notfound"
                      : code == MM_E_DENIED ? "cli.why.denied"
                                            : mm_code_key(code);
    const char *words = mm_lang_text(lang, mm_slice_str(key), 1);

    return words == NULL ? key : words;
}

enum mm_code mm_rules_cli_complain(enum mm_lang lang, const char *path, enum mm_code code)
{
    fprintf(stderr, "mimamori: %s: %s\n", path, words_of(lang, code));
    return code;
}

const char *mm_rules_cli_reason(enum mm_lang lang, const char *what)
{
    const char *words = lang == MM_LANG_EN ? NULL : mm_lang_text(lang, mm_slice_str(what), 1);

    return words == NULL ? mm_rules_reason(what) : words;
}

struct mm_ruleset *mm_rules_cli_load(enum mm_lang lang, const char *const *path, size_t n,
                                     const struct mm_rules_options *options)
{
    struct mm_ruleset *set = NULL;
    struct mm_fault fault = {0};
    enum mm_code code = mm_rules_load(path, n, options, &set, &fault);

    if (code == MM_E_IO)
        MM_COMPLAIN(lang, "cli.rules.unreadable",
                    MM_SAY_TEXT("path", fault.at < n ? mm_slice_str(path[fault.at])
                                                     : options->pipeline[fault.at - n].name),
                    MM_SAY_TEXT("why", mm_slice_str(words_of(lang, mm_code_of_errno(errno)))));
    else if (code != MM_OK)
        fprintf(stderr, "mimamori: %s\n", mm_rules_cli_reason(lang, fault.what));
    return set;
}

struct mm_slice mm_rules_cli_title(enum mm_lang lang, const struct mm_rule *rule)
{
    struct mm_slice own = lang == MM_LANG_JA ? rule->ja.title : rule->en.title;

    return own.n > 0 ? own : rule->title;
}

void mm_rules_cli_key(struct mm_buf *out, const char *key, struct mm_slice v)
{
    mm_buf_fmt(out, ",\"%s\":", key);
    mm_utf8_json(out, v);
}

static void remark_json(struct mm_buf *out, const struct mm_rule_refusal *r, bool first)
{
    mm_buf_fmt(out, "%s{\"line\":%u", first ? "" : ",", r->line);
    if (r->column > 0)
        mm_buf_fmt(out, ",\"column\":%u", r->column);
    mm_rules_cli_key(out, "file", r->file);
    mm_rules_cli_key(out, "reason", mm_slice_str(r->what));
    mm_rules_cli_key(out, "text", mm_slice_str(mm_rules_reason(r->what)));
    mm_rules_cli_key(out, "detail", r->detail);
    mm_buf_byte(out, '}');
}

void mm_rules_cli_remarks_json(struct mm_buf *out, const struct mm_ruleset *set)
{
    mm_buf_str(out, "\"refused\":[");
    for (size_t i = 0; i < mm_rules_refused(set); i++)
        remark_json(out, mm_rules_refusal(set, i), i == 0);
    mm_buf_str(out, "],\"warnings\":[");
    for (size_t i = 0; i < mm_rules_warnings(set); i++)
        remark_json(out, mm_rules_warning(set, i), i == 0);
    mm_buf_byte(out, ']');
}

/* What the reader of YAML refused has words of its own. */
static struct mm_slice detail_of(enum mm_lang lang, const struct mm_rule_refusal *r)
{
    const char *words =
        mm_slice_starts(r->detail, MM_S("yaml.")) ? mm_lang_text(lang, r->detail, 1) : NULL;

    return words == NULL ? r->detail : mm_slice_str(words);
}

static void remark_text(FILE *to, enum mm_lang lang, const struct mm_rule_refusal *r, bool warning)
{
    fprintf(to, "%.*s:%u:", MM_S_ARG(r->file), r->line);
    if (r->column > 0)
        fprintf(to, "%u:", r->column);
    fputc(' ', to);
    if (warning)
        mm_say(to, lang, "cli.rules.warning", NULL, 0);
    fputs(mm_rules_cli_reason(lang, r->what), to);
    if (r->detail.n > 0)
        fprintf(to, ": %.*s", MM_S_ARG(detail_of(lang, r))); /* printable: detect.h */
    fputc('\n', to);
}

void mm_rules_cli_remarks(FILE *to, enum mm_lang lang, const struct mm_ruleset *set)
{
    for (size_t i = 0; i < mm_rules_refused(set); i++)
        remark_text(to, lang, mm_rules_refusal(set, i), false);
    for (size_t i = 0; i < mm_rules_warnings(set); i++)
        remark_text(to, lang, mm_rules_warning(set, i), true);
}

static void count_states(const struct mm_ruleset *set, size_t ret[MM_RULE_STATE_COUNT])
{
    memset(ret, 0, sizeof(ret[0]) * MM_RULE_STATE_COUNT);
    for (size_t i = 0; i < mm_rules_count(set); i++)
        ret[mm_rules_get(set, i)->state]++;
}

void mm_rules_cli_states_json(struct mm_buf *out, const struct mm_ruleset *set)
{
    size_t n[MM_RULE_STATE_COUNT];

    count_states(set, n);
    mm_buf_fmt(out,
               "\"rules\":%zu,\"active\":%zu,\"no_source\":%zu,\"needs_values\":%zu,"
               "\"next_stage\":%zu,\"filters\":%zu,\"pipelines\":[",
               mm_rules_count(set), n[MM_RULE_ACTIVE], n[MM_RULE_NO_SOURCE],
               n[MM_RULE_NEEDS_VALUES], n[MM_RULE_NEXT_STAGE], mm_filters_count(set));
    for (size_t i = 0; i < mm_rules_pipelines(set); i++) {
        const struct mm_rules_pipeline *p = mm_rules_pipeline(set, i);

        mm_buf_fmt(out, "%s{\"priority\":%lld,\"rules\":%zu", i == 0 ? "" : ",",
                   (long long)p->priority, p->rules);
        mm_rules_cli_key(out, "name", p->name);
        mm_rules_cli_key(out, "file", p->file);
        mm_buf_byte(out, '}');
    }
    mm_buf_str(out, "],");
}

void mm_rules_cli_states(enum mm_lang lang, const struct mm_ruleset *set)
{
    size_t n[MM_RULE_STATE_COUNT];

    count_states(set, n);
    MM_SAY(stdout, lang, "cli.rules.states", MM_SAY_NUMBER("rules", mm_rules_count(set)),
           MM_SAY_NUMBER("active", n[MM_RULE_ACTIVE]),
           MM_SAY_NUMBER("no_source", n[MM_RULE_NO_SOURCE]),
           MM_SAY_NUMBER("needs_values", n[MM_RULE_NEEDS_VALUES]),
           MM_SAY_NUMBER("next_stage", n[MM_RULE_NEXT_STAGE]),
           MM_SAY_NUMBER("filters", mm_filters_count(set)),
           MM_SAY_NUMBER("refused", mm_rules_refused(set)));
    putchar('\n');
    for (size_t i = 0; i < mm_rules_pipelines(set); i++) {
        const struct mm_rules_pipeline *p = mm_rules_pipeline(set, i);

        MM_SAY(stdout, lang, "cli.rules.pipeline", MM_SAY_TEXT("file", p->file),
               MM_SAY_NUMBER("rules", p->rules));
        putchar('\n');
    }
}

void mm_rules_cli_print(struct mm_buf *out)
{
    mm_buf_byte(out, '\n');
    if (mm_buf_ok(out))
        (void)fwrite(out->p, 1, out->n, stdout);
    mm_buf_done(out);
}

void mm_rules_cli_clean(struct mm_slice s)
{
    struct mm_buf out;

    mm_buf_init(&out, 1024 * 1024);
    mm_utf8_clean(&out, s);
    for (size_t i = 0; mm_buf_ok(&out) && i < out.n; i++)
        putchar(out.p[i] < 0x20 || out.p[i] == 0x7f ? ' ' : out.p[i]);
    mm_buf_done(&out);
}
