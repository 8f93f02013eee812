/* app/rules_print.c - see rules_print.h for the contract. */
#include "app/rules_print.h"

#include <errno.h>

#include "base/utf8.h"
#include "detect/filter.h"

struct mm_ruleset *mm_rules_cli_load(const char *const *path, size_t n,
                                     const struct mm_rules_options *options)
{
    struct mm_ruleset *set = NULL;
    struct mm_fault fault = {0};
    enum mm_code code = mm_rules_load(path, n, options, &set, &fault);

    if (code == MM_E_IO)
        fprintf(stderr, "mimamori: cannot read %s: %s\n",
                fault.at < n ? path[fault.at]
                             : (const char *)options->pipeline[fault.at - n].name.p,
                strerror(errno));
    else if (code != MM_OK)
        fprintf(stderr, "mimamori: %s\n", mm_rules_reason(fault.what));
    return set;
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

static void remark_text(FILE *to, const struct mm_rule_refusal *r, const char *kind)
{
    fprintf(to, "%.*s:%u:", MM_S_ARG(r->file), r->line);
    if (r->column > 0)
        fprintf(to, "%u:", r->column);
    fprintf(to, " %s%s", kind, mm_rules_reason(r->what));
    if (r->detail.n > 0)
        fprintf(to, ": %.*s", MM_S_ARG(r->detail)); /* printable: detect.h */
    fputc('\n', to);
}

void mm_rules_cli_remarks(FILE *to, const struct mm_ruleset *set)
{
    for (size_t i = 0; i < mm_rules_refused(set); i++)
        remark_text(to, mm_rules_refusal(set, i), "");
    for (size_t i = 0; i < mm_rules_warnings(set); i++)
        remark_text(to, mm_rules_warning(set, i), "warning: ");
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

void mm_rules_cli_states(const struct mm_ruleset *set)
{
    size_t n[MM_RULE_STATE_COUNT];

    count_states(set, n);
    printf("%zu rules: %zu active, %zu without a source that writes such events, %zu need values "
           "for placeholders, %zu for correlation; %zu filters; %zu refused\n",
           mm_rules_count(set), n[MM_RULE_ACTIVE], n[MM_RULE_NO_SOURCE], n[MM_RULE_NEEDS_VALUES],
           n[MM_RULE_NEXT_STAGE], mm_filters_count(set), mm_rules_refused(set));
    for (size_t i = 0; i < mm_rules_pipelines(set); i++) {
        const struct mm_rules_pipeline *p = mm_rules_pipeline(set, i);

        printf("pipeline ");
        mm_rules_cli_clean(p->file);
        printf(" changes %zu of them\n", p->rules);
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
