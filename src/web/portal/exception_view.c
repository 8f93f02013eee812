/* web/portal/exception_view.c - see exception_view.h for the contract. */
#include "web/portal/exception_view.h"

/* What people know by name comes first. */
static const struct mm_candidate candidates[] = {
    {MM_S_INIT("host.name"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("user.name"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("user.target.name"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("source.ip"), MM_CANDIDATE_IP},
    {MM_S_INIT("source.domain"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("source.mac"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("destination.ip"), MM_CANDIDATE_IP},
    {MM_S_INIT("destination.domain"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("destination.port"), MM_CANDIDATE_NUMBER},
    {MM_S_INIT("process.executable"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("process.command_line"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("process.parent.executable"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("process.parent.command_line"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("file.path"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("file.name"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("file.hash.sha256"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("registry.path"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("service.name"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("url.domain"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("url.original"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("dns.question.name"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("network.application"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("rule.name"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("rule.id"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("event.code"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("event.action"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("observer.name"), MM_CANDIDATE_TEXT},
};

const struct mm_candidate *mm_candidate_at(size_t index)
{
    return index < MM_COUNT(candidates) ? &candidates[index] : NULL;
}

const struct mm_candidate *mm_candidate_find(struct mm_slice name)
{
    for (size_t i = 0; i < MM_COUNT(candidates); i++) {
        if (mm_slice_eq(candidates[i].name, name))
            return &candidates[i];
    }
    return NULL;
}

bool mm_candidate_takes(enum mm_candidate_kind kind, enum mm_filter_how how)
{
    switch (kind) {
    case MM_CANDIDATE_NUMBER:
        return how == MM_FILTER_EQUALS;
    case MM_CANDIDATE_IP:
        return how == MM_FILTER_EQUALS || how == MM_FILTER_CIDR;
    case MM_CANDIDATE_TEXT:
        return how != MM_FILTER_CIDR;
    }
    return false;
}

void mm_exception_write_term(struct mm_doc *list, const struct mm_filter_term *term)
{
    struct mm_doc *d = mm_doc_object(list, NULL);

    mm_doc_text(d, "name", term->field);
    mm_doc_bool(d, "known", mm_candidate_find(term->field) != NULL);
    mm_doc_str(d, "how", mm_exception_how_name(term->how));
    mm_doc_text(d, "value", term->value);
}

const struct mm_rule *mm_exception_rule(const struct mm_ruleset *set, struct mm_slice id)
{
    for (size_t i = 0; id.n > 0 && i < mm_rules_count(set); i++) {
        if (mm_slice_eq(mm_rules_get(set, i)->id, id))
            return mm_rules_get(set, i);
    }
    return NULL;
}

struct mm_slice mm_exception_title(const struct mm_page *p, const struct mm_rule *rule)
{
    const struct mm_rule_words *w = p->lang == MM_LANG_EN ? &rule->en : &rule->ja;

    return w->title.n > 0 ? w->title : rule->title;
}
