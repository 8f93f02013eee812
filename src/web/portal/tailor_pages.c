/* web/portal/tailor_pages.c - rules in one company: values for placeholders, what is adjusted. */
#include <stdlib.h>

#include "web/portal/feature.h"
#include "web/portal/pages.h"
#include "web/portal/rules.h"
#include "web/portal/tailor_view.h"

enum {
    NAMES_MAX = 1000, /* placeholders on a page; SigmaHQ asks for 27 */
    RULES_NAMED = 5,  /* of those that ask for one */
    SAID_MAX = 64 * 1024,
};

/* One placeholder. */
struct asked {
    struct mm_slice name;
    size_t rules;
    uint32_t example[RULES_NAMED];
};

struct here {
    struct mm_page *p;
    struct mm_ruleset *set;
    struct mm_tailored t;
    struct asked *asked;
    size_t n;
};

static struct asked *find_asked(struct here *h, struct mm_slice name)
{
    for (size_t i = 0; i < h->n; i++) {
        if (mm_slice_eq(h->asked[i].name, name))
            return &h->asked[i];
    }
    if (h->n == NAMES_MAX)
        return NULL;
    h->asked[h->n] = (struct asked){.name = name};
    return &h->asked[h->n++];
}

static int by_name(const void *pa, const void *pb)
{
    const struct asked *a = pa, *b = pb;

    return mm_slice_cmp(a->name, b->name);
}

/* What installed rules ask for, and lists that none asks for. */
static enum mm_code find_all(struct here *h)
{
    h->asked = mm_arena_array(h->p->arena, NAMES_MAX, sizeof(*h->asked));
    if (h->asked == NULL)
        return MM_E_NOMEM;
    for (size_t i = 0; i < mm_rules_count(h->set); i++) {
        const struct mm_rule *r = mm_rules_get(h->set, i);

        for (size_t k = 0; k < r->wanted.n; k++) {
            struct asked *a = find_asked(h, r->wanted.v[k]);

            if (a != NULL && a->rules < RULES_NAMED)
                a->example[a->rules] = (uint32_t)i; /* below MM_RULES_MAX */
            if (a != NULL)
                a->rules++;
        }
    }
    for (size_t i = 0; i < h->t.list_n; i++)
        (void)find_asked(h, h->t.list[i].name);
    if (h->n > 1)
        qsort(h->asked, h->n, sizeof(*h->asked), by_name);
    return MM_OK;
}

static const struct mm_tailor_list *own_list(const struct here *h, struct mm_slice name)
{
    const struct mm_tailor_list *l = mm_tailored_list(&h->t, name);

    return l != NULL && l->programme == MM_TAILOR_OWN ? l : NULL;
}

/* The values that the form shows: the company's own, or what was just refused. */
static void write_own(struct here *h, struct mm_doc *d, const struct asked *a)
{
    struct mm_page *p = h->p;
    const struct mm_tailor_list *own = own_list(h, a->name);
    struct mm_buf text;
    struct mm_slice kept = {0};

    if (mm_page_refused(p) && mm_slice_eq(mm_input_get(&p->in, "name"), a->name)) {
        mm_doc_text(d, "own", mm_input_get(&p->in, "values"));
        mm_doc_bool(d, "wrong", true);
        return;
    }
    mm_buf_init(&text, 2 * MM_TAILOR_BYTES_MAX);
    for (size_t i = 0; own != NULL && i < own->values.n; i++) {
        mm_buf_add(&text, own->values.v[i]);
        mm_buf_byte(&text, '\n');
    }
    if (mm_arena_dup(p->arena, mm_buf_slice(&text), &kept))
        mm_doc_text(d, "own", kept);
    mm_buf_done(&text);
}

static enum mm_code write_list(struct here *h, struct mm_doc *list, const struct asked *a,
                               size_t at)
{
    const struct mm_tailor_list *l = mm_tailored_list(&h->t, a->name);
    struct mm_doc *d = mm_doc_object(list, NULL), *rules;
    enum mm_code code;

    mm_doc_text(d, "name", a->name);
    mm_doc_int(d, "at", (int64_t)at);
    mm_doc_int(d, "rules", (int64_t)a->rules);
    rules = mm_doc_array(d, "examples");
    for (size_t i = 0; i < a->rules && i < RULES_NAMED; i++) {
        const struct mm_rule *r = mm_rules_get(h->set, a->example[i]);
        struct mm_doc *e = mm_doc_object(rules, NULL);

        mm_doc_text(e, "rule", r->id);
        mm_doc_text(e, "rule_title", mm_portal_rule_title(h->p, r));
    }
    mm_doc_str(d, "from", l == NULL ? "none" : l->programme == MM_TAILOR_OWN ? "own" : "programme");
    mm_doc_bool(d, "missing", l == NULL);
    code = mm_tailor_write_programme(h->p, d, l == NULL ? MM_TAILOR_OWN : l->programme);
    mm_doc_int(d, "values_n", l == NULL ? 0 : (int64_t)l->values.n);
    mm_doc_time(d, "changed", l == NULL ? 0 : l->changed_us);
    write_own(h, d, a);
    return code;
}

static void write_counts(struct here *h)
{
    int64_t off = 0, levels = 0, wait = 0, all = 0;

    for (size_t i = 0; i < mm_rules_count(h->set); i++) {
        const struct mm_rule *r = mm_rules_get(h->set, i);
        const struct mm_tailor_adjust *x = mm_tailored_adjust(&h->t, r->id);

        all++;
        wait += mm_tailor_waits(&h->t, r) ? 1 : 0;
        off += x != NULL && !x->enabled ? 1 : 0;
        levels += x != NULL && x->enabled && x->has_level && x->level != r->level ? 1 : 0;
    }
    mm_doc_int(h->p->doc, "n", all);
    mm_doc_int(h->p->doc, "off", off);
    mm_doc_int(h->p->doc, "relevelled", levels);
    mm_doc_int(h->p->doc, "waiting", wait);
}

static enum mm_code write_here(struct here *h)
{
    struct mm_page *p = h->p;
    struct mm_doc *adjusts = mm_doc_array(p->doc, "adjusts"),
                  *lists = mm_doc_array(p->doc, "lists");
    enum mm_code code = MM_OK;

    write_counts(h);
    mm_doc_int(p->doc, "values_max", MM_TUNING_LIST_MAX);
    for (size_t i = 0; i < h->t.adjust_n && code == MM_OK; i++)
        code = mm_tailor_write_adjust(p, adjusts, &h->t.adjust[i]);
    for (size_t i = 0; i < h->n && code == MM_OK; i++)
        code = write_list(h, lists, &h->asked[i], i);
    return code;
}

/* p->tx is a snapshot of the company. */
static enum mm_code show(struct mm_page *p)
{
    struct here h = {.p = p};
    enum mm_code code = mm_tailor_of(p->tx, p->company, (struct mm_slice){0}, p->arena, &h.t);

    mm_records_read_done(&p->tx);
    if (code == MM_OK)
        code = mm_page_read(p);
    if (code == MM_OK)
        code = mm_portal_rules(p->portal, p->now_us, &h.set);
    if (code == MM_OK)
        code = find_all(&h);
    if (code == MM_OK)
        code = write_here(&h);
    mm_rules_unref(&h.set);
    return code;
}

enum mm_code mm_page_rules_here(struct mm_page *p)
{
    enum mm_code code = mm_page_company(p);

    return code == MM_OK ? show(p) : code;
}

struct setting {
    struct mm_page *p;
    struct mm_slices values;
    struct mm_fault fault;
};

static enum mm_code do_set(struct mm_tx *tx, void *arg)
{
    struct setting *s = arg;
    struct mm_slice name = mm_input_get(&s->p->in, "name");
    enum mm_code code =
        mm_tailor_put(tx, MM_TAILOR_OWN, name, s->values, s->p->me.user, s->p->now_us, &s->fault);

    if (code != MM_OK)
        return code;
    return mm_tailor_audit(s->p, tx, s->values.n == 0 ? "values.remove" : "values.set",
                           MM_TAILOR_OWN, name, mm_input_get(&s->p->in, "values"));
}

enum mm_code mm_page_values_set(struct mm_page *p)
{
    struct setting s = {.p = p};
    enum mm_code code = mm_page_company(p);

    if (code != MM_OK)
        return code;
    code = mm_tailor_values(mm_input_get(&p->in, "values"), p->arena, &s.values, &s.fault);
    if (code == MM_OK)
        code = mm_records_write(p->portal->cfg.records, p->narrow, do_set, &s);
    if (code == MM_E_RANGE && s.fault.what != NULL) {
        p->template = "rules_here";
        mm_page_refuse(p, "values", s.fault.what);
        return show(p);
    }
    if (code != MM_OK)
        return code;
    mm_page_go(p, "/companies/%u/rules#values", p->company);
    mm_doc_text(p->doc, "name", mm_input_get(&p->in, "name"));
    mm_doc_int(p->doc, "values_n", (int64_t)s.values.n);
    return MM_OK;
}
