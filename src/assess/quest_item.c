/* assess/quest_item.c - sections and questions of a questionnaire. */
#include "assess/quest_priv.h"

#define OWNERS "president general it factory purchasing sales personnel accounting everyone"

/* What a section says for all its questions. */
struct defaults {
    struct mm_slice scale;
    int tier, pillar, measure;
};

static int level_read(struct mm_quest_reader *x, const struct mm_yaml *map, const char *key,
                      const struct mm_scale *s)
{
    const struct mm_yaml *node = mm_yaml_get(map, key);
    int level;

    if (node == NULL)
        return -1;
    level = s == NULL || node->kind != MM_YAML_SCALAR ? -1 : mm_scale_level(s, node->text);
    if (level < 0)
        (void)mm_read_fail(&x->r, node, "level", node->text, NULL);
    return level;
}

static void criteria_read(struct mm_quest_reader *x, const struct mm_yaml *map,
                          struct mm_question *u)
{
    const struct mm_yaml *list = mm_read_list(&x->r, map, "criteria", 1, MM_QUEST_CRITERIA_MAX);

    if (list == NULL)
        return;
    u->criterion = mm_read_alloc(&x->r, list->count, sizeof(*u->criterion));
    if (u->criterion == NULL)
        return;
    for (const struct mm_yaml *m = list->first; m != NULL; m = m->next) {
        struct mm_criterion *c = &u->criterion[u->criteria++];
        int from;

        if (!mm_read_map(&x->r, m, "criterion! words! from!"))
            continue;
        (void)mm_read_id(&x->r, m, "criterion", &c->id);
        (void)mm_read_words(&x->r, m, "words", &c->words);
        from = level_read(x, m, "from", u->scale);
        c->from = from < 0 ? 0 : (size_t)from;
    }
    (void)mm_read_unique(&x->r, list, "criterion");
}

static void checks_read(struct mm_quest_reader *x, const struct mm_yaml *map, struct mm_question *u)
{
    const struct mm_yaml *list = mm_read_list(&x->r, map, "checks", 1, MM_QUEST_CHECKS_MAX);

    if (list == NULL)
        return;
    u->check = mm_read_alloc(&x->r, list->count, sizeof(*u->check));
    if (u->check == NULL)
        return;
    for (const struct mm_yaml *m = list->first; m != NULL; m = m->next) {
        struct mm_quest_check *c = &u->check[u->checks++];
        const struct mm_yaml *name;
        size_t colon;

        if (!mm_read_map(&x->r, m, "check! pass fail"))
            continue;
        name = mm_yaml_get(m, "check");
        colon = mm_slice_find(name->text, ':', 0);
        c->by = mm_slice_sub(name->text, 0, colon == SIZE_MAX ? 0 : colon);
        c->check = mm_slice_sub(name->text, colon == SIZE_MAX ? 0 : colon + 1, name->text.n);
        if (name->kind != MM_YAML_SCALAR || !mm_read_is_id(c->check) ||
            !mm_read_one_of("log finding probe inspect drill", c->by, NULL))
            (void)mm_read_fail(&x->r, name, "check", name->text,
                               "log:ID finding:ID probe:ID inspect:ID drill:ID");
        c->pass = level_read(x, m, "pass", u->scale);
        c->fail = level_read(x, m, "fail", u->scale);
        if (mm_yaml_get(m, "pass") == NULL && mm_yaml_get(m, "fail") == NULL)
            (void)mm_read_fail(&x->r, m, "either", name->text, "pass fail");
    }
}

static void refs_read(struct mm_quest_reader *x, const struct mm_yaml *map, struct mm_question *u)
{
    const struct mm_yaml *refs = mm_yaml_get(map, "refs");

    if (refs == NULL)
        return;
    if (refs->kind != MM_YAML_MAP || refs->count > MM_QUEST_NAMES_MAX) {
        (void)mm_read_fail(&x->r, refs, "map", refs->text, NULL);
        return;
    }
    u->ref = mm_read_alloc(&x->r, refs->count, sizeof(*u->ref));
    if (u->ref == NULL)
        return;
    for (const struct mm_yaml *m = refs->first; m != NULL; m = m->next) {
        struct mm_quest_ref *ref = &u->ref[u->refs++];

        ref->standard = m->key;
        if (!mm_read_is_id(m->key))
            (void)mm_read_fail(&x->r, m, "id", m->key, NULL);
        if (m->kind != MM_YAML_LIST || m->count == 0 || m->count > MM_QUEST_NAMES_MAX) {
            (void)mm_read_fail(&x->r, m, "list", m->key, "1..40");
            continue;
        }
        ref->items.v = mm_read_alloc(&x->r, m->count, sizeof(*ref->items.v));
        for (const struct mm_yaml *i = m->first; ref->items.v != NULL && i != NULL; i = i->next) {
            if (i->kind != MM_YAML_SCALAR || i->text.n == 0 || i->text.n > MM_QUEST_ID_MAX)
                (void)mm_read_fail(&x->r, i, "text", i->text, NULL);
            ref->items.v[ref->items.n++] = i->text;
        }
    }
}

/* The levels that a condition names, of the question that it asks. */
static uint32_t cond_levels(struct mm_quest_reader *x, const struct mm_yaml *list,
                            const struct mm_question *of, struct mm_quest_cond *c)
{
    uint32_t mask = 0;

    for (const struct mm_yaml *m = list->first; m != NULL; m = m->next) {
        int level = m->kind == MM_YAML_SCALAR ? mm_scale_level(of->scale, m->text) : -1;

        if (level >= 0)
            mask |= UINT32_C(1) << level;
        else if (c->kind == MM_QCOND_LEVELS && mm_slice_eq(m->text, MM_S("unknown")))
            c->unknown = true;
        else if (c->kind == MM_QCOND_LEVELS && mm_slice_eq(m->text, MM_S("not-applicable")))
            c->not_applicable = true;
        else
            (void)mm_read_fail(&x->r, m, "level", m->text, NULL);
    }
    return mask;
}

static void cond_read(struct mm_quest_reader *x, const struct mm_yaml *m, struct mm_quest_cond *c)
{
    static const char *const hows[] = {"is", "at-least", "not"};
    const struct mm_yaml *how = NULL;
    const struct mm_question *of;
    struct mm_slice id = {0};
    size_t n = 0;

    if (!mm_read_map(&x->r, m, "question! is at-least not") ||
        !mm_read_id(&x->r, m, "question", &id))
        return;
    while (c->question < x->q->questions && !mm_slice_eq(x->q->question[c->question].id, id))
        c->question++;
    /* The last one is the question that asks: only what comes before it may be asked for. */
    if (c->question + 1 >= x->q->questions || x->q->question[c->question].scale == NULL) {
        (void)mm_read_fail(&x->r, m, "earlier", id, NULL);
        return;
    }
    of = &x->q->question[c->question];
    for (size_t i = 0; i < MM_COUNT(hows); i++) {
        const struct mm_yaml *one = mm_yaml_get(m, hows[i]);

        if (one == NULL)
            continue;
        n++;
        how = one;
        c->kind = (enum mm_quest_cond_kind)i;
    }
    if (n != 1) {
        (void)mm_read_fail(&x->r, m, "either", id, "is at-least not");
    } else if (c->kind == MM_QCOND_LEAST) {
        int level = level_read(x, m, "at-least", of->scale);

        c->levels = level < 0 ? 0 : ~UINT32_C(0) << level;
    } else if (how->kind != MM_YAML_LIST || how->count == 0) {
        (void)mm_read_fail(&x->r, how, "list", how->key, "1..20");
    } else {
        c->levels = cond_levels(x, how, of, c);
    }
}

static void conds_read(struct mm_quest_reader *x, const struct mm_yaml *map, struct mm_question *u)
{
    const struct mm_yaml *list = mm_read_list(&x->r, map, "asked-if", 1, MM_QUEST_CONDS_MAX);

    if (list == NULL)
        return;
    u->cond = mm_read_alloc(&x->r, list->count, sizeof(*u->cond));
    if (u->cond == NULL)
        return;
    for (const struct mm_yaml *m = list->first; m != NULL; m = m->next)
        cond_read(x, m, &u->cond[u->conds++]);
}

static void yen_read(struct mm_quest_reader *x, const struct mm_yaml *map, struct mm_action *a)
{
    const uint64_t max = UINT64_C(1000000000); /* a billion: what no small supplier spends */
    const struct mm_yaml *yen = mm_yaml_get(map, "yen");

    if (yen == NULL || !mm_read_map(&x->r, yen, "low! likely! high! per!"))
        return;
    (void)mm_read_whole(&x->r, yen, "low", 0, max, &a->yen_low);
    (void)mm_read_whole(&x->r, yen, "likely", 0, max, &a->yen_likely);
    (void)mm_read_whole(&x->r, yen, "high", 0, max, &a->yen_high);
    (void)mm_read_word(&x->r, yen, "per", "once month year", &a->per);
    if (a->yen_low > a->yen_likely || a->yen_likely > a->yen_high)
        (void)mm_read_fail(&x->r, yen, "yen", (struct mm_slice){0}, NULL);
}

void mm_quest_action_read(struct mm_quest_reader *x, const struct mm_yaml *map,
                          struct mm_question *q)
{
    const struct mm_yaml *m = mm_yaml_get(map, "action");
    struct mm_action *a;
    uint64_t v;

    if (m == NULL || !mm_read_map(&x->r, m,
                                  "title! steps! who! minutes! yen! ease! forward "
                                  "service template"))
        return;
    a = mm_read_alloc(&x->r, 1, sizeof(*a));
    if (a == NULL)
        return;
    (void)mm_read_words(&x->r, m, "title", &a->title);
    (void)mm_read_words(&x->r, m, "forward", &a->forward);
    (void)mm_read_texts(&x->r, m, "steps", 8, &a->steps);
    (void)mm_read_word(&x->r, m, "who", "self it-firm president", &a->who);
    if (mm_read_whole(&x->r, m, "minutes", 1, 100000, &v))
        a->minutes = (uint32_t)v;
    if (mm_read_whole(&x->r, m, "ease", 1, 5, &v))
        a->ease = (uint32_t)v;
    yen_read(x, m, a);
    (void)mm_read_names(&x->r, m, "service", &a->service);
    (void)mm_read_names(&x->r, m, "template", &a->template);
    q->action = a;
}

/* The scale of a question: one that has a name, or levels of its own. */
static void scale_of(struct mm_quest_reader *x, const struct mm_yaml *m, struct mm_question *u,
                     struct mm_slice fallback)
{
    const struct mm_yaml *named = mm_yaml_get(m, "scale"), *own = mm_yaml_get(m, "levels");
    struct mm_slice id = named == NULL ? fallback : named->text;
    struct mm_scale *s;

    if (u->kind > MM_QUEST_MANY) {
        if (named != NULL || own != NULL)
            (void)mm_read_fail(&x->r, m, "no-scale", u->id, NULL);
        return;
    }
    if (named != NULL && own != NULL) {
        (void)mm_read_fail(&x->r, m, "either", u->id, "scale levels");
        return;
    }
    if (own != NULL) {
        s = mm_read_alloc(&x->r, 1, sizeof(*s));
        if (s != NULL)
            mm_quest_scale_read(x, m, s);
        u->scale = s;
        return;
    }
    for (size_t i = 0; i < x->q->scales && id.n > 0; i++) {
        if (mm_slice_eq(x->q->scale[i].id, id))
            u->scale = &x->q->scale[i];
    }
    if (u->scale == NULL)
        (void)mm_read_fail(&x->r, named == NULL ? m : named, id.n == 0 ? "missing" : "nowhere",
                           id.n == 0 ? MM_S("scale") : id, NULL);
}

static void examples_read(struct mm_quest_reader *x, const struct mm_yaml *map,
                          struct mm_question *u)
{
    const struct mm_yaml *m = mm_yaml_get(map, "examples");

    if (m == NULL || !mm_read_map(&x->r, m, "enough not-enough"))
        return;
    (void)mm_read_texts(&x->r, m, "enough", MM_QUEST_TEXTS_MAX, &u->enough);
    (void)mm_read_texts(&x->r, m, "not-enough", MM_QUEST_TEXTS_MAX, &u->not_enough);
}

static void question_read(struct mm_quest_reader *x, const struct mm_yaml *m, struct mm_question *u,
                          const struct defaults *d)
{
    struct mm_quest *q = x->q;
    size_t which;

    if (!mm_read_map(&x->r, m,
                     "question! scale levels unknown not-applicable blank kind ask! help where "
                     "examples audience criteria evidence terms weight counts tier pillar measure "
                     "asked-if controls refs checks was owner action") &&
        m->kind != MM_YAML_MAP)
        return;
    (void)mm_read_id(&x->r, m, "question", &u->id);
    if (mm_read_choice(&x->r, m, "kind", "one many text number date", &which))
        u->kind = (enum mm_quest_kind)which;
    scale_of(x, m, u, d->scale);
    (void)mm_read_words(&x->r, m, "ask", &u->ask);
    (void)mm_read_words(&x->r, m, "help", &u->help);
    (void)mm_read_words(&x->r, m, "where", &u->where);
    (void)mm_read_words(&x->r, m, "audience", &u->audience);
    (void)mm_read_words(&x->r, m, "evidence", &u->evidence);
    examples_read(x, m, u);
    (void)mm_read_names(&x->r, m, "terms", &u->terms);
    (void)mm_read_names(&x->r, m, "controls", &u->controls);
    (void)mm_read_names(&x->r, m, "was", &u->was);
    (void)mm_read_milli(&x->r, m, "weight", 1, MM_QUEST_MILLI_MAX, &u->weight);
    (void)mm_read_word(&x->r, m, "owner", OWNERS, &u->owner);
    u->counts = true;
    (void)mm_read_flag(&x->r, m, "counts", &u->counts);
    u->counts = u->counts && q->score.given && u->kind == MM_QUEST_ONE && u->scale != NULL &&
                u->scale->scored;
    u->tier = mm_quest_group_read(x, m, "tier", q->tier, q->tiers, u->counts ? d->tier : -1);
    u->pillar = mm_quest_group_read(x, m, "pillar", q->pillar, q->pillars, d->pillar);
    u->measure = mm_quest_group_read(x, m, "measure", q->measure, q->measures, d->measure);
    criteria_read(x, m, u);
    conds_read(x, m, u);
    refs_read(x, m, u);
    checks_read(x, m, u);
    mm_quest_action_read(x, m, u);
}

/* Categories are what sections name: each once, in the file's order. */
static int category_of(struct mm_quest_reader *x, const struct mm_yaml *m)
{
    struct mm_quest *q = x->q;
    struct mm_slice id = {0};

    if (!mm_read_id(&x->r, m, "category", &id))
        return -1;
    for (size_t i = 0; i < q->categories; i++) {
        if (mm_slice_eq(q->category[i].id, id))
            return (int)i;
    }
    q->category[q->categories].id = id;
    return (int)q->categories++;
}

static void section_read(struct mm_quest_reader *x, const struct mm_yaml *m,
                         const struct mm_yaml *questions, struct mm_quest_section *s)
{
    struct mm_quest *q = x->q;
    struct defaults d;

    (void)mm_read_id(&x->r, m, "section", &s->id);
    (void)mm_read_words(&x->r, m, "title", &s->title);
    (void)mm_read_words(&x->r, m, "intro", &s->intro);
    (void)mm_read_word(&x->r, m, "owner", OWNERS, &s->owner);
    s->weight = 1000;
    (void)mm_read_milli(&x->r, m, "weight", 1, MM_QUEST_MILLI_MAX, &s->weight);
    s->category = category_of(x, m);
    d = (struct defaults){
        .scale = mm_yaml_text(m, "scale"),
        .tier = mm_quest_group_read(x, m, "tier", q->tier, q->tiers, -1),
        .pillar = mm_quest_group_read(x, m, "pillar", q->pillar, q->pillars, -1),
        .measure = mm_quest_group_read(x, m, "measure", q->measure, q->measures, -1),
    };
    s->first = q->questions;
    for (const struct mm_yaml *i = questions->first; i != NULL; i = i->next) {
        struct mm_question *u = &q->question[q->questions++];

        *u = (struct mm_question){.section = (size_t)(s - q->section),
                                  .weight = 1000,
                                  .tier = -1,
                                  .pillar = -1,
                                  .measure = -1,
                                  .category = s->category,
                                  .owner = s->owner,
                                  .line = i->line};
        question_read(x, i, u, &d);
    }
    s->count = q->questions - s->first;
}

/* How many questions there are, so that they lie in one array; 0 after a fault. */
static size_t count_questions(struct mm_quest_reader *x, const struct mm_yaml *list)
{
    size_t n = 0;

    for (const struct mm_yaml *m = list->first; m != NULL; m = m->next) {
        const struct mm_yaml *questions = mm_yaml_get(m, "questions");

        n += questions == NULL ? 0 : questions->count;
    }
    if (n >= 1 && n <= MM_QUEST_QUESTIONS_MAX)
        return n;
    (void)mm_read_fail(&x->r, list, "list", MM_S("questions"), "1..2000");
    return 0;
}

void mm_quest_sections_read(struct mm_quest_reader *x, const struct mm_yaml *doc)
{
    const struct mm_yaml *list = mm_read_list(&x->r, doc, "sections", 1, MM_QUEST_SECTIONS_MAX);
    struct mm_quest *q = x->q;
    size_t n = list == NULL ? 0 : count_questions(x, list);

    if (n == 0)
        return;
    q->section = mm_read_alloc(&x->r, list->count, sizeof(*q->section));
    q->category = mm_read_alloc(&x->r, list->count, sizeof(*q->category));
    q->question = mm_read_alloc(&x->r, n, sizeof(*q->question));
    if (q->section == NULL || q->category == NULL || q->question == NULL)
        return;
    for (const struct mm_yaml *m = list->first; m != NULL; m = m->next) {
        const struct mm_yaml *questions;

        if (!mm_read_map(&x->r, m,
                         "section! title! intro category owner weight scale tier pillar "
                         "measure questions!"))
            continue;
        questions = mm_read_list(&x->r, m, "questions", 1, MM_QUEST_QUESTIONS_MAX);
        if (questions != NULL)
            section_read(x, m, questions, &q->section[q->sections++]);
    }
    (void)mm_read_unique(&x->r, list, "section");
}
