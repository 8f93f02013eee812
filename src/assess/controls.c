/* assess/controls.c - see controls.h for the contract. */
#include "assess/controls.h"

#include <stdlib.h>

#include "assess/read.h"
#include "base/vec.h"

enum { ARENA_MAX = 128 * 1024 * 1024 }; /* trees of all files together */

struct mm_controls *mm_controls_new(void)
{
    struct mm_controls *c = calloc(1, sizeof(*c));

    if (c != NULL)
        mm_arena_init(&c->arena, ARENA_MAX);
    return c;
}

void mm_controls_free(struct mm_controls **c)
{
    if (*c == NULL)
        return;
    mm_arena_done(&(*c)->arena);
    free(*c);
    *c = NULL;
}

const struct mm_control *mm_control_find(const struct mm_controls *c, struct mm_slice id)
{
    for (size_t i = 0; i < c->controls; i++) {
        if (mm_slice_eq(c->control[i].id, id))
            return &c->control[i];
    }
    return NULL;
}

const struct mm_term *mm_term_find(const struct mm_controls *c, struct mm_slice id)
{
    for (size_t i = 0; i < c->terms; i++) {
        if (mm_slice_eq(c->term[i].id, id))
            return &c->term[i];
    }
    return NULL;
}

const struct mm_category *mm_category_find(const struct mm_controls *c, struct mm_slice id)
{
    for (size_t i = 0; i < c->categories; i++) {
        if (mm_slice_eq(c->category[i].id, id))
            return &c->category[i];
    }
    return NULL;
}

const struct mm_standard *mm_standard_find(const struct mm_controls *c, struct mm_slice id)
{
    for (size_t i = 0; i < c->standards; i++) {
        if (mm_slice_eq(c->standard[i].id, id))
            return &c->standard[i];
    }
    return NULL;
}

/* ---- reading ---- */

/* Its id, once in the whole map. */
static bool own_id(struct mm_reader *r, const struct mm_yaml *m, const char *key, bool there,
                   struct mm_slice id)
{
    return !there || mm_read_fail(r, mm_yaml_get(m, key), "twice", id, NULL);
}

static bool standard_read(struct mm_reader *r, struct mm_controls *c, const struct mm_yaml *m)
{
    struct mm_standard s = {0};

    if (!MM_VEC_ROOM_IN(r->arena, c->standard, c->standards, c->standard_cap))
        return false;
    if (!mm_read_map(r, m, "standard! title! edition") || !mm_read_id(r, m, "standard", &s.id) ||
        !own_id(r, m, "standard", mm_standard_find(c, s.id) != NULL, s.id))
        return true;
    (void)mm_read_words(r, m, "title", &s.title);
    (void)mm_read_scalar(r, m, "edition", MM_QUEST_ID_MAX, &s.edition);
    c->standard[c->standards++] = s;
    return true;
}

static bool category_read(struct mm_reader *r, struct mm_controls *c, const struct mm_yaml *m)
{
    struct mm_category k = {.line = m->line};

    if (!MM_VEC_ROOM_IN(r->arena, c->category, c->categories, c->category_cap))
        return false;
    if (!mm_read_map(r, m, "category! words! same partly") ||
        !mm_read_id(r, m, "category", &k.id) ||
        !own_id(r, m, "category", mm_category_find(c, k.id) != NULL, k.id))
        return true;
    (void)mm_read_words(r, m, "words", &k.words);
    (void)mm_read_names(r, m, "same", &k.same);
    (void)mm_read_names(r, m, "partly", &k.partly);
    c->category[c->categories++] = k;
    return true;
}

static bool term_read(struct mm_reader *r, struct mm_controls *c, const struct mm_yaml *m)
{
    struct mm_term t = {0};

    if (!MM_VEC_ROOM_IN(r->arena, c->term, c->terms, c->term_cap))
        return false;
    if (!mm_read_map(r, m, "term! words! meaning!") || !mm_read_id(r, m, "term", &t.id) ||
        !own_id(r, m, "term", mm_term_find(c, t.id) != NULL, t.id))
        return true;
    (void)mm_read_words(r, m, "words", &t.words);
    (void)mm_read_words(r, m, "meaning", &t.meaning);
    c->term[c->terms++] = t;
    return true;
}

static void refs_read(struct mm_reader *r, const struct mm_yaml *m, struct mm_control *k)
{
    const struct mm_yaml *list = mm_read_list(r, m, "refs", 1, MM_QUEST_NAMES_MAX);

    if (list == NULL)
        return;
    k->ref = mm_read_alloc(r, list->count, sizeof(*k->ref));
    if (k->ref == NULL)
        return;
    for (const struct mm_yaml *i = list->first; i != NULL; i = i->next) {
        struct mm_control_ref *ref = &k->ref[k->refs++];

        if (!mm_read_map(r, i, "standard! item! relation!"))
            continue;
        (void)mm_read_id(r, i, "standard", &ref->standard);
        (void)mm_read_scalar(r, i, "item", MM_QUEST_ID_MAX, &ref->item);
        (void)mm_read_word(r, i, "relation", "equal subset superset intersect", &ref->relation);
    }
}

static bool control_read(struct mm_reader *r, struct mm_controls *c, const struct mm_yaml *m)
{
    struct mm_control k = {.line = m->line};

    if (!MM_VEC_ROOM_IN(r->arena, c->control, c->controls, c->control_cap))
        return false;
    if (!mm_read_map(r, m, "control! words! measure refs") || !mm_read_id(r, m, "control", &k.id) ||
        !own_id(r, m, "control", mm_control_find(c, k.id) != NULL, k.id))
        return true;
    (void)mm_read_words(r, m, "words", &k.words);
    (void)mm_read_word(r, m, "measure", "organisation people physical technical", &k.measure);
    refs_read(r, m, &k);
    c->control[c->controls++] = k;
    return true;
}

enum mm_code mm_controls_add(struct mm_controls *c, struct mm_slice yaml,
                             struct mm_quest_errors *errors)
{
    static const struct {
        const char *key;
        bool (*read)(struct mm_reader *r, struct mm_controls *c, const struct mm_yaml *m);
    } kinds[] = {{"standards", standard_read},
                 {"categories", category_read},
                 {"terms", term_read},
                 {"controls", control_read}};
    struct mm_reader r = {.arena = &c->arena, .errors = errors};
    const struct mm_yaml *doc = NULL;
    enum mm_code code = mm_read_doc(&r, yaml, &doc);

    if (code == MM_OK &&
        (mm_read_map(&r, doc, "standards categories terms controls") || doc->kind == MM_YAML_MAP)) {
        for (size_t i = 0; i < MM_COUNT(kinds); i++) {
            const struct mm_yaml *list = mm_read_list(&r, doc, kinds[i].key, 1, MM_CONTROLS_MAX);

            for (const struct mm_yaml *m = list == NULL ? NULL : list->first; m != NULL && !r.nomem;
                 m = m->next)
                r.nomem = !kinds[i].read(&r, c, m) || r.nomem;
        }
    }
    return mm_read_end(&r, code);
}

static void names_check(struct mm_reader *r, const struct mm_controls *c, uint32_t line,
                        const struct mm_names *names)
{
    struct mm_yaml at = {.line = line, .column = 1};

    for (size_t i = 0; i < names->n; i++) {
        if (mm_category_find(c, names->v[i]) == NULL)
            (void)mm_read_fail(r, &at, "no-category", names->v[i], NULL);
    }
}

enum mm_code mm_controls_end(const struct mm_controls *c, struct mm_quest_errors *errors)
{
    struct mm_reader r = {.errors = errors};

    errors->count = 0;
    for (size_t i = 0; i < c->categories; i++) {
        names_check(&r, c, c->category[i].line, &c->category[i].same);
        names_check(&r, c, c->category[i].line, &c->category[i].partly);
    }
    for (size_t i = 0; i < c->controls; i++) {
        struct mm_yaml at = {.line = c->control[i].line, .column = 1};

        for (size_t k = 0; k < c->control[i].refs; k++) {
            struct mm_slice id = c->control[i].ref[k].standard;

            if (mm_standard_find(c, id) == NULL)
                (void)mm_read_fail(&r, &at, "no-standard", id, NULL);
        }
    }
    return mm_read_end(&r, MM_OK);
}

/* ---- what a questionnaire names ---- */

enum mm_code mm_controls_check(const struct mm_controls *c, const struct mm_quest *q,
                               struct mm_quest_errors *errors)
{
    struct mm_reader r = {.errors = errors};

    errors->count = 0;
    for (size_t i = 0; i < q->categories; i++) {
        if (mm_category_find(c, q->category[i].id) == NULL)
            (void)mm_read_fail(&r, NULL, "no-category", q->category[i].id, NULL);
    }
    for (size_t i = 0; i < q->questions; i++) {
        const struct mm_question *u = &q->question[i];
        struct mm_yaml at = {.line = u->line, .column = 1};

        for (size_t k = 0; k < u->controls.n; k++) {
            if (mm_control_find(c, u->controls.v[k]) == NULL)
                (void)mm_read_fail(&r, &at, "no-control", u->controls.v[k], NULL);
        }
        for (size_t k = 0; k < u->terms.n; k++) {
            if (mm_term_find(c, u->terms.v[k]) == NULL)
                (void)mm_read_fail(&r, &at, "no-term", u->terms.v[k], NULL);
        }
        for (size_t k = 0; k < u->refs; k++) {
            if (mm_standard_find(c, u->ref[k].standard) == NULL)
                (void)mm_read_fail(&r, &at, "no-standard", u->ref[k].standard, NULL);
        }
    }
    return mm_read_end(&r, MM_OK);
}
