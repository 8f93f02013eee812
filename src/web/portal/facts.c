/* web/portal/facts.c - see facts.h for the contract. */
#include "web/portal/facts.h"

#include "base/time.h"
#include "codec/ext/json.h"
#include "parse/parse.h"
#include "triage/triage.h"
#include "web/portal/feature.h"
#include "web/portal/president.h"

const char *mm_standing_name(enum mm_standing s)
{
    static const char *const names[] = {
        [MM_STANDING_ACT] = "act", [MM_STANDING_SILENT] = "silent", [MM_STANDING_WATCH] = "watch",
        [MM_STANDING_NEW] = "new", [MM_STANDING_OK] = "ok",
    };

    MM_ASSERT((size_t)s < MM_COUNT(names));
    return names[s];
}

static enum mm_source_state source_state(struct mm_q *q, const struct mm_page *p)
{
    int64_t seen = mm_q_col_int(q, 14);

    if (mm_slice_eq(mm_q_col_text(q, 4), MM_S("paused")))
        return MM_SOURCE_PAUSED;
    if (seen == 0)
        return MM_SOURCE_NEW;
    return seen < p->now_us - mm_q_col_int(q, 5) * MM_US_PER_S ? MM_SOURCE_SILENT : MM_SOURCE_OK;
}

enum mm_code mm_facts_sources(struct mm_page *p, struct mm_fact_sources *ret)
{
    struct mm_arena *a = p->arena;
    struct mm_fact_sources s = {.list = mm_arena_array(a, MM_FACT_SOURCES_MAX, sizeof(*s.list))};
    struct mm_q q;

    if (s.list == NULL)
        return MM_E_NOMEM;
    mm_q_begin(&q, p->tx, &mm_portal_stmts[MM_P_SOURCES]);
    mm_q_int(&q, ":silence", MM_SILENCE_S);
    mm_q_int(&q, ":max", MM_FACT_SOURCES_MAX);
    while (s.n < MM_FACT_SOURCES_MAX && mm_q_row(&q)) {
        struct mm_fact_source *f = &s.list[s.n++];

        *f = (struct mm_fact_source){
            .source = mm_q_col_u32(&q, 0),
            .name = mm_q_col_dup(&q, 1, a),
            .format = mm_q_col_dup(&q, 2, a),
            .bind = mm_q_col_dup(&q, 3, a),
            .state = source_state(&q, p),
            .device = mm_q_col_dup(&q, 6, a),
            .place = mm_q_col_dup(&q, 7, a),
            .kind = mm_q_col_dup(&q, 8, a),
            .counted = !mm_q_col_null(&q, 9),
            .received = mm_q_col_int(&q, 9),
            .spooled = mm_q_col_int(&q, 10),
            .dropped = mm_q_col_int(&q, 11),
            .parsed = mm_q_col_int(&q, 12),
            .unparsed = mm_q_col_int(&q, 13),
            .last_seen_us = mm_q_col_int(&q, 14),
            .maintainer = mm_q_col_dup(&q, 15, a),
            .maintainer_tel = mm_q_col_dup(&q, 16, a),
            .costly = mm_q_col_int(&q, 17),
        };
        s.silent += f->state == MM_SOURCE_SILENT;
        s.never += f->state == MM_SOURCE_NEW;
        if (f->last_seen_us > s.last_seen_us)
            s.last_seen_us = f->last_seen_us;
    }
    *ret = s;
    return mm_q_end(&q);
}

/* A counter, or that nobody has counted yet: 0 and "not measured" are different. */
static void counter(struct mm_doc *d, const char *key, const struct mm_fact_source *f, int64_t v)
{
    if (f->counted)
        mm_doc_measured(d, key, v);
    else
        mm_doc_none(d, key, "not_measured");
}

struct mm_slice mm_facts_format_title(struct mm_page *p, struct mm_slice name)
{
    const struct mm_known_formats *known = mm_page_known(p);
    uint16_t at = known == NULL ? MM_FORMAT_NONE : mm_formats_find(mm_known_set(known), name);

    return at == MM_FORMAT_NONE ? name
                                : mm_formats_title(mm_known_set(known), at, mm_lang_tag(p->lang));
}

void mm_facts_write_format(struct mm_page *p, struct mm_slice name, struct mm_doc *d)
{
    const struct mm_known_formats *known = mm_page_known(p);
    uint16_t at = known == NULL ? MM_FORMAT_NONE : mm_formats_find(mm_known_set(known), name);

    mm_doc_text(d, "format", name);
    mm_doc_text(d, "format_title", mm_facts_format_title(p, name));
    mm_doc_bool(d, "untested",
                at != MM_FORMAT_NONE && mm_formats_untested(mm_known_set(known), at));
}

void mm_facts_write_sources(struct mm_page *p, const struct mm_fact_sources *s, struct mm_doc *list)
{
    static const char *const states[] = {"ok", "silent", "new", "paused"};

    for (size_t i = 0; i < s->n; i++) {
        const struct mm_fact_source *f = &s->list[i];
        struct mm_doc *d = mm_doc_object(list, NULL);
        int64_t read = f->parsed + f->unparsed;

        mm_doc_int(d, "source", f->source);
        mm_doc_text(d, "name", f->name);
        mm_doc_text(d, "device", f->device);
        mm_doc_text(d, "place", f->place);
        mm_doc_text(d, "kind", f->kind);
        mm_facts_write_format(p, f->format, d);
        mm_doc_text(d, "bind", f->bind);
        mm_doc_str(d, "state", states[f->state]);
        mm_doc_time(d, "last_seen", f->last_seen_us);
        counter(d, "received", f, f->received);
        counter(d, "spooled", f, f->spooled);
        counter(d, "parsed", f, f->parsed);
        counter(d, "unparsed", f, f->unparsed);
        counter(d, "costly", f, f->costly);
        mm_doc_bool(d, "was_costly", f->costly > 0);
        counter(d, "dropped", f, f->dropped);
        /* Of the lines that were looked at: k of n in thousandths. */
        if (read > 0)
            mm_doc_measured(d, "coverage_permille", f->parsed * 1000 / read);
        else
            mm_doc_none(d, "coverage_permille", f->counted ? "no_lines" : "not_measured");
        mm_doc_text(d, "maintainer", f->maintainer);
        mm_doc_text(d, "maintainer_tel", f->maintainer_tel);
    }
}

/* ---- cases ---- */

static struct mm_slice member(struct mm_page *p, const struct mm_json_doc *doc, size_t object,
                              struct mm_slice key)
{
    const struct mm_json_item *it = mm_json_get(doc, object, key);
    struct mm_slice own = {0};

    if (it == NULL || it->type != MM_JSON_STRING || !mm_arena_dup(p->arena, it->text, &own))
        return MM_S("");
    return own;
}

void mm_facts_words(struct mm_page *p, struct mm_slice doc, struct mm_case_words *ret)
{
    struct mm_json *parser;
    struct mm_json_doc json;
    const struct mm_json_item *words = NULL;
    size_t at;

    *ret = (struct mm_case_words){0};
    if (doc.n < 3 || doc.n > MM_ALERT_MAX_DOC) /* "{}" says nothing */
        return;
    parser = mm_json_new(MM_ALERT_MAX_DOC);
    if (parser == NULL)
        return;
    if (mm_json_parse(parser, doc, p->arena, &json, NULL) == MM_OK &&
        json.item[0].type == MM_JSON_OBJECT)
        words = mm_json_get(&json, 0, mm_slice_str(mm_lang_tag(p->lang)));
    if (words != NULL && words->type == MM_JSON_OBJECT) {
        at = mm_json_index(&json, words);
        ret->title = member(p, &json, at, MM_S("title"));
        ret->what = member(p, &json, at, MM_S("what"));
        ret->first = member(p, &json, at, MM_S("first"));
    }
    mm_json_free(&parser);
}

struct mm_slice mm_facts_title(const struct mm_page *p, struct mm_slice words,
                               struct mm_slice title)
{
    char key[96];
    const char *ours;

    if (words.n > 0)
        return words;
    /* What the program found wrong with itself is titled by its kind. */
    (void)snprintf(key, sizeof(key), "finding.kind.%.*s", MM_S_ARG(mm_slice_sub(title, 0, 64)));
    ours = mm_lang_text(p->lang, mm_slice_str(key), 1);
    if (ours != NULL)
        return mm_slice_str(ours);
    if (mm_page_staff(p))
        return title;
    return mm_slice_str(mm_lang_text(p->lang, MM_S("case.title.general"), 1));
}

struct mm_slice mm_facts_member(struct mm_page *p, struct mm_slice json, const char *name)
{
    struct mm_slice v = {0};
    struct mm_json *parser;
    struct mm_json_doc doc;

    if (json.n < 3 || json.n > MM_ALERT_MAX_DOC)
        return MM_S("");
    parser = mm_json_new(MM_ALERT_MAX_DOC);
    if (parser == NULL)
        return MM_S("");
    if (mm_json_parse(parser, json, p->arena, &doc, NULL) == MM_OK &&
        doc.item[0].type == MM_JSON_OBJECT)
        v = member(p, &doc, 0, mm_slice_str(name));
    mm_json_free(&parser);
    return v;
}

static void read_case(struct mm_page *p, struct mm_q *q, struct mm_fact_case *c)
{
    struct mm_arena *a = p->arena;
    struct mm_case_words words;

    *c = (struct mm_fact_case){
        .case_id = mm_q_col_int(q, 0),
        .company = mm_q_col_u32(q, 1),
        .number = mm_q_col_u32(q, 2),
        .how = mm_q_col_dup(q, 3, a),
        .entity_field = mm_q_col_dup(q, 4, a),
        .entity = mm_q_col_dup(q, 5, a),
        .confidence = mm_q_col_u32(q, 6),
        .act = mm_q_col_dup(q, 7, a),
        .state = mm_q_col_dup(q, 8, a),
        .outcome = mm_q_col_dup(q, 9, a),
        .title = mm_q_col_dup(q, 10, a),
        .opened_us = mm_q_col_int(q, 12),
        .event_us = mm_q_col_int(q, 13),
        .updated_us = mm_q_col_int(q, 14),
        .company_name = mm_q_col_dup(q, 15, a),
        .handler = mm_q_col_dup(q, 16, a),
        .many = (uint64_t)mm_q_col_int(q, 17),
    };
    mm_facts_words(p, mm_q_col_text(q, 11), &words);
    c->title = mm_page_president(p) ? mm_president_title(p, c->how, mm_q_col_text(q, 11))
                                    : mm_facts_title(p, words.title, c->title);
    c->what = words.what;
    c->first = words.first;
}

enum mm_code mm_facts_cases(struct mm_page *p, bool closed, int64_t before, size_t max,
                            struct mm_fact_case **ret, size_t *ret_n)
{
    struct mm_fact_case *list = mm_arena_array(p->arena, max, sizeof(*list));
    size_t n = 0;
    struct mm_q q;

    if (list == NULL)
        return MM_E_NOMEM;
    mm_q_begin(&q, p->tx, &mm_portal_stmts[MM_P_CASES]);
    mm_q_int(&q, ":closed", closed ? 1 : 0);
    mm_q_int(&q, ":before", before);
    mm_q_int(&q, ":max", (int64_t)max);
    while (n < max && mm_q_row(&q))
        read_case(p, &q, &list[n++]);
    *ret = list;
    *ret_n = n;
    return mm_q_end(&q);
}

const char *mm_facts_entity_kind(struct mm_slice field, uint64_t many)
{
    if (mm_slice_starts(field, MM_S("host.")))
        return many > 0 ? "hosts" : "host";
    if (mm_slice_starts(field, MM_S("user.")))
        return many > 0 ? "accounts" : "account";
    if (mm_slice_ends(field, MM_S(".ip")))
        return many > 0 ? "addresses" : "address";
    return many > 0 ? "others" : "other";
}

void mm_facts_write_case(struct mm_page *p, const struct mm_fact_case *c, struct mm_doc *d)
{
    mm_doc_int(d, "case", c->case_id);
    mm_doc_int(d, "number", c->number);
    mm_doc_int(d, "company", c->company);
    mm_doc_text(d, "company_name", c->company_name);
    mm_doc_text(d, "title", c->title);
    mm_doc_text(d, "entity_field", c->entity_field);
    mm_doc_text(d, "entity", c->entity);
    mm_doc_str(d, "entity_kind", mm_facts_entity_kind(c->entity_field, c->many));
    if (c->many > 0)
        mm_doc_int(d, "entities", (int64_t)c->many);
    mm_doc_text(d, "how", c->how);
    mm_doc_text(d, "act", c->act);
    mm_doc_text(d, "state", c->state);
    mm_doc_text(d, "outcome", c->outcome);
    if (mm_page_staff(p)) /* others read it in words */
        mm_doc_int(d, "confidence", c->confidence);
    mm_doc_str(d, "sure", mm_sure_name(mm_sure_of(c->confidence)));
    mm_doc_text(d, "handler", c->handler);
    mm_doc_time(d, "happened", c->event_us);
    mm_doc_time(d, "opened", c->opened_us);
    mm_doc_time(d, "updated", c->updated_us);
}
