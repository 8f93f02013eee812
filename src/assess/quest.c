/* assess/quest.c - see quest.h for the contract: head, scales, score and what must fit together. */
#include "assess/quest.h"

#include <stdio.h>
#include <stdlib.h>

#include "assess/quest_priv.h"

enum { ARENA_MAX = 96 * 1024 * 1024 }; /* the tree of the largest file: 400,000 nodes */

static bool policy_read(struct mm_quest_reader *x, const struct mm_yaml *map, const char *key,
                        bool refused_too, struct mm_policy *ret)
{
    static const enum mm_policy_kind kinds[] = {MM_POLICY_LEFT_OUT, MM_POLICY_LOWEST,
                                                MM_POLICY_HIGHEST, MM_POLICY_REFUSED};
    const struct mm_yaml *node = mm_yaml_get(map, key);
    const char *words = refused_too ? MM_QUEST_POLICIES " refused" : MM_QUEST_POLICIES;
    char expected[64];
    size_t which;
    int64_t milli;

    if (node == NULL)
        return false;
    if (node->kind == MM_YAML_SCALAR && mm_read_one_of(words, node->text, &which)) {
        *ret = (struct mm_policy){.kind = kinds[which]};
        return true;
    }
    if (node->kind == MM_YAML_SCALAR && mm_milli_parse(node->text, &milli) &&
        milli >= -MM_QUEST_MILLI_MAX && milli <= MM_QUEST_MILLI_MAX) {
        *ret = (struct mm_policy){.kind = MM_POLICY_VALUE, .milli = milli};
        return true;
    }
    (void)snprintf(expected, sizeof(expected), "%s -1", words);
    return mm_read_fail(&x->r, node, "choice", node->text, expected);
}

static void levels_read(struct mm_quest_reader *x, const struct mm_yaml *list, struct mm_scale *s)
{
    size_t valued = 0;

    s->level = mm_read_alloc(&x->r, list->count, sizeof(*s->level));
    if (s->level == NULL)
        return;
    for (const struct mm_yaml *m = list->first; m != NULL; m = m->next) {
        struct mm_scale_level *l = &s->level[s->levels++];

        if (!mm_read_map(&x->r, m, "level! value words! help"))
            continue;
        (void)mm_read_id(&x->r, m, "level", &l->id);
        (void)mm_read_words(&x->r, m, "words", &l->words);
        (void)mm_read_words(&x->r, m, "help", &l->help);
        if (!mm_read_milli(&x->r, m, "value", -MM_QUEST_MILLI_MAX, MM_QUEST_MILLI_MAX, &l->milli))
            continue;
        valued++;
        if (s->levels > 1 && l->milli < l[-1].milli)
            (void)mm_read_fail(&x->r, m, "falls", l->id, NULL);
    }
    (void)mm_read_unique(&x->r, list, "level");
    s->scored = valued == s->levels;
    if (valued != 0 && !s->scored)
        (void)mm_read_fail(&x->r, list, "values", (struct mm_slice){0}, NULL);
}

void mm_quest_scale_read(struct mm_quest_reader *x, const struct mm_yaml *map, struct mm_scale *s)
{
    const struct mm_yaml *list = mm_read_list(&x->r, map, "levels", 2, MM_QUEST_LEVELS_MAX);

    s->unknown = (struct mm_policy){.kind = MM_POLICY_LOWEST};
    s->not_applicable = (struct mm_policy){.kind = MM_POLICY_LEFT_OUT};
    s->blank = (struct mm_policy){.kind = MM_POLICY_LEFT_OUT};
    (void)policy_read(x, map, "unknown", true, &s->unknown);
    (void)policy_read(x, map, "not-applicable", true, &s->not_applicable);
    (void)policy_read(x, map, "blank", false, &s->blank);
    if (list != NULL)
        levels_read(x, list, s);
}

static void scales_read(struct mm_quest_reader *x, const struct mm_yaml *doc)
{
    const struct mm_yaml *list = mm_read_list(&x->r, doc, "scales", 1, MM_QUEST_SCALES_MAX);

    if (list == NULL)
        return;
    x->q->scale = mm_read_alloc(&x->r, list->count, sizeof(*x->q->scale));
    if (x->q->scale == NULL)
        return;
    for (const struct mm_yaml *m = list->first; m != NULL; m = m->next) {
        struct mm_scale *s = &x->q->scale[x->q->scales++];

        if (!mm_read_map(&x->r, m, "scale! title levels! unknown not-applicable blank"))
            continue;
        (void)mm_read_id(&x->r, m, "scale", &s->id);
        (void)mm_read_words(&x->r, m, "title", &s->title);
        mm_quest_scale_read(x, m, s);
    }
    (void)mm_read_unique(&x->r, list, "scale");
}

static void groups_read(struct mm_quest_reader *x, const struct mm_yaml *doc, const char *key,
                        const char *id, const char *keys, struct mm_quest_group **ret,
                        size_t *ret_n)
{
    const struct mm_yaml *list = mm_read_list(&x->r, doc, key, 1, MM_QUEST_GROUPS_MAX);
    struct mm_quest_group *g;
    size_t n = 0;

    if (list == NULL)
        return;
    g = mm_read_alloc(&x->r, list->count, sizeof(*g));
    if (g == NULL)
        return;
    for (const struct mm_yaml *m = list->first; m != NULL; m = m->next, n++) {
        if (!mm_read_map(&x->r, m, keys))
            continue;
        (void)mm_read_id(&x->r, m, id, &g[n].id);
        (void)mm_read_id(&x->r, m, "reached-at", &g[n].reached_at);
        (void)mm_read_words(&x->r, m, "words", &g[n].words);
    }
    (void)mm_read_unique(&x->r, list, id);
    *ret = g;
    *ret_n = n;
}

int mm_quest_group_read(struct mm_quest_reader *x, const struct mm_yaml *map, const char *key,
                        const struct mm_quest_group *group, size_t n, int fallback)
{
    const struct mm_yaml *node = mm_yaml_get(map, key);

    if (node == NULL)
        return fallback;
    for (size_t i = 0; i < n; i++) {
        if (node->kind == MM_YAML_SCALAR && mm_slice_eq(group[i].id, node->text))
            return (int)i;
    }
    (void)mm_read_fail(&x->r, node, "nowhere", node->text, NULL);
    return fallback;
}

/* ---- score ---- */

static void lines_read(struct mm_quest_reader *x, const struct mm_yaml *map)
{
    const struct mm_yaml *list = mm_read_list(&x->r, map, "lines", 1, MM_QUEST_LINES_MAX);
    struct mm_quest_score *s = &x->q->score;

    if (list == NULL)
        return;
    s->line = mm_read_alloc(&x->r, list->count, sizeof(*s->line));
    if (s->line == NULL)
        return;
    for (const struct mm_yaml *m = list->first; m != NULL; m = m->next) {
        struct mm_quest_line *l = &s->line[s->lines++];
        bool least, most;

        if (!mm_read_map(&x->r, m, "line! at-least at-most words!"))
            continue;
        (void)mm_read_id(&x->r, m, "line", &l->id);
        (void)mm_read_words(&x->r, m, "words", &l->words);
        least = mm_yaml_get(m, "at-least") != NULL;
        most = mm_yaml_get(m, "at-most") != NULL;
        l->at_least = least;
        if (least == most)
            (void)mm_read_fail(&x->r, m, "either", l->id, "at-least at-most");
        else /* a sum may be larger than any one number of a file */
            (void)mm_read_milli(&x->r, m, least ? "at-least" : "at-most", -MM_QUEST_SUM_MAX,
                                MM_QUEST_SUM_MAX, &l->milli);
    }
    (void)mm_read_unique(&x->r, list, "line");
}

static void score_read(struct mm_quest_reader *x, const struct mm_yaml *doc)
{
    static const char rollups[] = "mean weighted-mean sum worst share";
    const struct mm_yaml *map = mm_yaml_get(doc, "score");
    struct mm_quest_score *s = &x->q->score;
    size_t which;
    uint64_t v;

    if (map == NULL || !mm_read_map(&x->r, map,
                                    "sections! total! of least show not-asked criteria rounding! "
                                    "share-at lines bands deviation"))
        return;
    *s = (struct mm_quest_score){
        .given = true, .least = 1, .not_asked = {.kind = MM_POLICY_LEFT_OUT}};
    if (mm_read_choice(&x->r, map, "sections", rollups, &which))
        s->sections = (enum mm_rollup)which;
    if (mm_read_choice(&x->r, map, "total", rollups, &which))
        s->total = (enum mm_rollup)which;
    if (mm_read_choice(&x->r, map, "of", "questions sections", &which))
        s->of_sections = which == 1;
    if (mm_read_whole(&x->r, map, "least", 1, MM_QUEST_QUESTIONS_MAX, &v))
        s->least = (size_t)v;
    if (mm_read_choice(&x->r, map, "show", "raw percent", &which))
        s->percent = which == 1;
    if (mm_read_choice(&x->r, map, "criteria", "note cap", &which))
        s->criteria_cap = which == 1;
    if (mm_read_choice(&x->r, map, "deviation", "population sample", &which))
        s->deviation = which == 0 ? MM_DEVIATION_POPULATION : MM_DEVIATION_SAMPLE;
    (void)policy_read(x, map, "not-asked", false, &s->not_asked);
    (void)mm_read_id(&x->r, map, "share-at", &s->share_at);
    map = mm_yaml_get(map, "rounding");
    if (map != NULL && mm_read_map(&x->r, map, "rule! digits!")) {
        if (mm_read_choice(&x->r, map, "rule", "half-up half-even floor", &which))
            s->rounding = (enum mm_rounding)which;
        if (mm_read_whole(&x->r, map, "digits", 0, 3, &v))
            s->digits = (unsigned)v;
    }
    lines_read(x, mm_yaml_get(doc, "score"));
    mm_read_bands(&x->r, mm_yaml_get(doc, "score"), &s->band, &s->bands);
}

/* ---- what must fit together ---- */

static bool averages(enum mm_rollup r)
{
    return r == MM_ROLLUP_MEAN || r == MM_ROLLUP_WEIGHTED_MEAN || r == MM_ROLLUP_WORST;
}

static bool same_range(const struct mm_scale *a, const struct mm_scale *b)
{
    return a->level[0].milli == b->level[0].milli &&
           a->level[a->levels - 1].milli == b->level[b->levels - 1].milli;
}

/* Every scored question has the level that shares and tiers count from, and a range of its own. */
static void fit_question(struct mm_quest_reader *x, const struct mm_yaml *score,
                         const struct mm_question *u)
{
    const struct mm_quest *q = x->q;
    const struct mm_scale *s = u->scale;
    struct mm_yaml at = {.line = u->line, .column = 1};

    if (q->score.share_at.n > 0 && mm_scale_level(s, q->score.share_at) < 0)
        (void)mm_read_fail(&x->r, &at, "no-share-level", u->id, NULL);
    if (q->score.percent && s->level[0].milli == s->level[s->levels - 1].milli)
        (void)mm_read_fail(&x->r, &at, "flat", u->id, NULL);
    for (size_t t = 0; u->tier >= 0 && t < q->tiers; t++) {
        if (t >= (size_t)u->tier && q->tier[t].reached_at.n > 0 &&
            mm_scale_level(s, q->tier[t].reached_at) < 0)
            (void)mm_read_fail(&x->r, score, "no-tier-level", u->id, NULL);
    }
}

static void fit(struct mm_quest_reader *x, const struct mm_yaml *doc)
{
    const struct mm_quest_score *s = &x->q->score;
    const struct mm_yaml *score = mm_yaml_get(doc, "score");
    const struct mm_scale *first = NULL;
    bool share = s->total == MM_ROLLUP_SHARE || s->sections == MM_ROLLUP_SHARE, mixed = false;

    if (!s->given)
        return;
    for (size_t i = 0; i < x->q->questions; i++) {
        const struct mm_question *u = &x->q->question[i];

        if (!u->counts)
            continue;
        fit_question(x, score, u);
        first = first == NULL ? u->scale : first;
        mixed = mixed || !same_range(first, u->scale);
    }
    if (first == NULL)
        (void)mm_read_fail(&x->r, score, "nothing-counts", (struct mm_slice){0}, NULL);
    if (mixed && !s->percent && (averages(s->sections) || (!s->of_sections && averages(s->total))))
        (void)mm_read_fail(&x->r, score, "mixed-scales", (struct mm_slice){0}, "show: percent");
    if (share != (s->share_at.n > 0))
        (void)mm_read_fail(&x->r, score, "share-at", (struct mm_slice){0}, NULL);
    if (s->of_sections &&
        (s->total == MM_ROLLUP_SHARE || (s->total == MM_ROLLUP_SUM && s->percent)))
        (void)mm_read_fail(&x->r, score, "of-sections", mm_slice_str(mm_rollup_name(s->total)),
                           NULL);
}

/* ---- the whole ---- */

static int by_id(const void *a, const void *b, void *arg)
{
    const struct mm_quest *q = arg;

    return mm_slice_cmp(q->question[*(const uint32_t *)a].id, q->question[*(const uint32_t *)b].id);
}

static void index_ids(struct mm_quest_reader *x)
{
    struct mm_quest *q = x->q;

    q->by_id = mm_read_alloc(&x->r, q->questions, sizeof(*q->by_id));
    if (q->by_id == NULL || q->questions == 0)
        return;
    for (size_t i = 0; i < q->questions; i++)
        q->by_id[i] = (uint32_t)i;
    qsort_r(q->by_id, q->questions, sizeof(*q->by_id), by_id, q);
    for (size_t i = 1; i < q->questions; i++) {
        const struct mm_question *a = &q->question[q->by_id[i - 1]];
        const struct mm_question *b = &q->question[q->by_id[i]];
        struct mm_yaml at = {.line = a->line > b->line ? a->line : b->line, .column = 1};

        if (a->id.n > 0 && mm_slice_eq(a->id, b->id))
            (void)mm_read_fail(&x->r, &at, "twice", b->id, NULL);
    }
}

static void doc_read(struct mm_quest_reader *x, const struct mm_yaml *doc)
{
    struct mm_quest *q = x->q;
    uint64_t v;

    if (!mm_read_map(&x->r, doc,
                     "questionnaire! version! title! intro minutes source purpose "
                     "tiers pillars measures scales score sections!") &&
        doc->kind != MM_YAML_MAP)
        return;
    q->purpose = MM_S("assessment");
    (void)mm_read_id(&x->r, doc, "questionnaire", &q->id);
    if (mm_read_whole(&x->r, doc, "version", 1, 9999, &v))
        q->version = (uint32_t)v;
    if (mm_read_whole(&x->r, doc, "minutes", 1, 10000, &v))
        q->minutes = (uint32_t)v;
    (void)mm_read_words(&x->r, doc, "title", &q->title);
    (void)mm_read_words(&x->r, doc, "intro", &q->intro);
    (void)mm_read_words(&x->r, doc, "source", &q->source);
    (void)mm_read_word(&x->r, doc, "purpose", "assessment supplier awareness practices survey",
                       &q->purpose);
    groups_read(x, doc, "tiers", "tier", "tier! reached-at! words!", &q->tier, &q->tiers);
    groups_read(x, doc, "pillars", "pillar", "pillar! words!", &q->pillar, &q->pillars);
    groups_read(x, doc, "measures", "measure", "measure! words!", &q->measure, &q->measures);
    scales_read(x, doc);
    score_read(x, doc);
    mm_quest_sections_read(x, doc);
    index_ids(x);
    if (x->r.errors->count == 0 && !x->r.nomem)
        fit(x, doc); /* asks levels that have to be there */
}

enum mm_code mm_quest_read(struct mm_slice yaml, struct mm_quest **ret,
                           struct mm_quest_errors *errors)
{
    struct mm_quest *q = calloc(1, sizeof(*q));
    struct mm_quest_reader x = {.q = q};
    const struct mm_yaml *doc = NULL;
    enum mm_code code;

    MM_ASSERT(ret != NULL && errors != NULL);
    if (q == NULL)
        return MM_E_NOMEM;
    mm_arena_init(&q->arena, ARENA_MAX);
    x.r = (struct mm_reader){.arena = &q->arena, .errors = errors};
    code = mm_read_doc(&x.r, yaml, &doc);
    if (code == MM_OK)
        doc_read(&x, doc);
    code = mm_read_end(&x.r, code);
    if (code == MM_OK)
        *ret = q;
    else
        mm_quest_free(&q);
    return code;
}

void mm_quest_free(struct mm_quest **q)
{
    if (*q == NULL)
        return;
    mm_arena_done(&(*q)->arena);
    free(*q);
    *q = NULL;
}

size_t mm_quest_find(const struct mm_quest *q, struct mm_slice id)
{
    size_t lo = 0, hi = q->questions;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = mm_slice_cmp(q->question[q->by_id[mid]].id, id);

        if (c == 0)
            return q->by_id[mid];
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return SIZE_MAX;
}

int mm_scale_level(const struct mm_scale *s, struct mm_slice id)
{
    for (size_t i = 0; i < s->levels; i++) {
        if (mm_slice_eq(s->level[i].id, id))
            return (int)i;
    }
    return -1;
}

const char *mm_rollup_name(enum mm_rollup rollup)
{
    static const char *const names[MM_ROLLUPS] = {"mean", "weighted-mean", "sum", "worst", "share"};

    MM_ASSERT(rollup < MM_ROLLUPS);
    return names[rollup];
}

const char *mm_quest_kind_name(enum mm_quest_kind kind)
{
    static const char *const names[MM_QUEST_KINDS] = {"one", "many", "text", "number", "date"};

    MM_ASSERT(kind < MM_QUEST_KINDS);
    return names[kind];
}
