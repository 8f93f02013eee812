/* web/portal/source_pages.c - sources with their health, and what belongs to nobody. */
#include "job/job.h"
#include "web/portal/facts.h"
#include "web/portal/feature.h"
#include "web/portal/pages.h"
#include "web/portal/rules.h"
#include "web/portal/tailor_view.h"

enum {
    LIST_MAX = 200,
    HEX_BYTES = 64, /* of a record set aside: enough to see what it is */
};

enum mm_code mm_page_sources(struct mm_page *p)
{
    struct mm_fact_sources src;
    struct mm_doc *counts;
    enum mm_code code = mm_page_company(p);

    if (code == MM_OK)
        code = mm_facts_sources(p, &src);
    if (code != MM_OK)
        return code;
    counts = mm_doc_object(p->doc, "counts");
    mm_doc_int(counts, "sources", (int64_t)src.n);
    mm_doc_int(counts, "silent", (int64_t)src.silent);
    mm_doc_int(counts, "never", (int64_t)src.never);
    mm_facts_write_sources(p, &src, mm_doc_array(p->doc, "sources"));
    return MM_OK;
}

static void write_hex(struct mm_doc *d, struct mm_slice bytes)
{
    static const char digits[] = "0123456789abcdef";
    char hex[HEX_BYTES * 3 + 1];
    size_t n = 0;

    for (size_t i = 0; i < bytes.n && i < HEX_BYTES; i++) {
        hex[n++] = digits[bytes.p[i] >> 4];
        hex[n++] = digits[bytes.p[i] & 15];
        hex[n++] = ' ';
    }
    mm_doc_text(d, "hex", mm_slice_of(hex, n > 0 ? n - 1 : 0));
    mm_doc_text(d, "text", mm_slice_sub(bytes, 0, 512));
    mm_doc_int(d, "bytes", (int64_t)bytes.n);
}

static enum mm_code list_aside(struct mm_page *p)
{
    struct mm_doc *list = mm_doc_array(p->doc, "set_aside");
    struct mm_q q;

    mm_q_begin(&q, p->tx, &mm_portal_stmts[MM_P_ASIDE]);
    mm_q_int(&q, ":max", LIST_MAX);
    while (mm_q_row(&q)) {
        struct mm_doc *d = mm_doc_object(list, NULL);

        mm_doc_int(d, "company", mm_q_col_int(&q, 0));
        mm_doc_text(d, "company_name", mm_q_col_text(&q, 7));
        mm_doc_int(d, "queue", mm_q_col_int(&q, 1));
        mm_doc_int(d, "seq", mm_q_col_int(&q, 2));
        mm_doc_int(d, "source", mm_q_col_int(&q, 3));
        mm_doc_time(d, "received", mm_q_col_int(&q, 4));
        mm_doc_text(d, "why", mm_q_col_text(&q, 5));
        write_hex(d, mm_q_col_blob(&q, 6));
    }
    return mm_q_end(&q);
}

/* What a finding of ours is about, in words where it is a job or a rule. */
static void write_entity(struct mm_page *p, const struct mm_ruleset *rules, struct mm_slice field,
                         struct mm_slice entity, struct mm_doc *d)
{
    const struct mm_rule *rule;
    char key[96];

    mm_doc_text(d, "entity_field", field);
    mm_doc_text(d, "entity", entity);
    (void)snprintf(key, sizeof(key), "job.kind.%.*s", MM_S_ARG(mm_slice_sub(entity, 0, 64)));
    if (mm_slice_eq(field, mm_slice_str(MM_JOB_FINDING_FIELD)) &&
        mm_lang_text(p->lang, mm_slice_str(key), 1) != NULL)
        mm_doc_text(d, "job", entity);
    (void)snprintf(key, sizeof(key), "quarantine.thing.%.*s",
                   MM_S_ARG(mm_slice_sub(entity, 0, 64)));
    if (mm_lang_text(p->lang, mm_slice_str(key), 1) != NULL)
        mm_doc_text(d, "thing", entity);
    rule =
        mm_slice_eq(field, MM_S("rule.id")) && rules != NULL ? mm_portal_rule(rules, entity) : NULL;
    if (rule != NULL) {
        mm_doc_text(d, "rule", entity);
        mm_doc_text(d, "rule_title", mm_portal_rule_title(p, rule));
    }
}

enum mm_code mm_page_quarantine(struct mm_page *p)
{
    struct mm_ruleset *rules = NULL;
    struct mm_doc *list;
    struct mm_q q;
    enum mm_code code = mm_page_read(p);

    if (code != MM_OK)
        return code;
    if (mm_portal_rules(p->portal, p->now_us, &rules) != MM_OK)
        rules = NULL; /* the page can do without titles */
    list = mm_doc_array(p->doc, "own");
    mm_q_begin(&q, p->tx, &mm_portal_stmts[MM_P_STRANGERS]);
    mm_q_int(&q, ":max", LIST_MAX);
    while (mm_q_row(&q)) {
        struct mm_doc *d = mm_doc_object(list, NULL);
        struct mm_slice kind = mm_q_col_text(&q, 2);
        char key[96];

        (void)snprintf(key, sizeof(key), "finding.kind.%.*s", MM_S_ARG(mm_slice_sub(kind, 0, 64)));
        mm_doc_text(d, "kind", kind);
        mm_doc_bool(d, "known", mm_lang_text(p->lang, mm_slice_str(key), 1) != NULL);
        write_entity(p, rules, mm_q_col_text(&q, 0), mm_q_col_text(&q, 1), d);
        mm_doc_int(d, "n", mm_q_col_int(&q, 3));
        mm_doc_time(d, "first", mm_q_col_int(&q, 4));
        mm_doc_time(d, "last", mm_q_col_int(&q, 5));
        mm_doc_text(d, "state", mm_q_col_text(&q, 6));
        if (!mm_q_col_null(&q, 7))
            mm_doc_int(d, "exception_of", mm_q_col_int(&q, 7));
    }
    code = mm_q_end(&q);
    mm_rules_unref(&rules);
    return code == MM_OK ? list_aside(p) : code;
}
