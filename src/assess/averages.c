/* assess/averages.c - see averages.h for the contract. */
#include "assess/averages.h"

#include <stdlib.h>

#include "assess/read.h"
#include "base/time.h"

enum {
    ARENA_MAX = 96 * 1024 * 1024, /* the tree of the largest file, as of questionnaires */
    COMPANIES_MAX = 100 * 1000 * 1000,
};

/* 2025-04-01: a day that there is. */
static bool is_day(struct mm_slice s)
{
    char text[] = "2025-04-01T00:00:00Z";
    int64_t us;
    bool zone;

    if (s.n != 10)
        return false;
    memcpy(text, s.p, s.n);
    return mm_time_parse(mm_slice_str(text), 0, &us, &zone);
}

static void day_read(struct mm_reader *r, const struct mm_yaml *doc, struct mm_slice *ret)
{
    struct mm_slice s = {0};

    if (!mm_read_scalar(r, doc, "as-of", 10, &s))
        return;
    if (is_day(s))
        *ret = s;
    else
        (void)mm_read_fail(r, mm_yaml_get(doc, "as-of"), "day", s, "2025-04-01");
}

static void row_read(struct mm_reader *r, const struct mm_yaml *m, struct mm_average *row)
{
    static const char *const kinds[] = {"mean", "at-least", "at-most"};
    size_t which = 0, n = 0;

    if (!mm_read_map(r, m, "of! id mean sd n at-least at-most k"))
        return;
    if (mm_read_choice(r, m, "of", "total section question", &which))
        row->of = (enum mm_average_of)which;
    (void)mm_read_id(r, m, "id", &row->id);
    if ((row->of == MM_AVERAGE_TOTAL) != (row->id.n == 0))
        (void)mm_read_fail(r, m, "missing", MM_S("id"), NULL);
    for (size_t i = 0; i < MM_COUNT(kinds); i++) {
        if (mm_yaml_get(m, kinds[i]) == NULL)
            continue;
        n++;
        row->kind = (enum mm_average_kind)i;
        (void)mm_read_milli(r, m, kinds[i], -MM_QUEST_SUM_MAX, MM_QUEST_SUM_MAX, &row->milli);
    }
    if (n != 1)
        (void)mm_read_fail(r, m, "either", row->id, "mean at-least at-most");
    row->has_sd = mm_read_milli(r, m, "sd", 1, MM_QUEST_SUM_MAX, &row->sd_milli);
    (void)mm_read_whole(r, m, "n", 1, COMPANIES_MAX, &row->n);
    if ((row->kind == MM_AVERAGE_MEAN) == (mm_yaml_get(m, "k") != NULL))
        (void)mm_read_fail(r, m, "either", row->id, "mean k");
    else if (row->kind != MM_AVERAGE_MEAN)
        (void)mm_read_whole(r, m, "k", 0, row->n, &row->k);
}

static void doc_read(struct mm_reader *r, const struct mm_yaml *doc, struct mm_averages *a)
{
    const struct mm_yaml *list;
    uint64_t v;

    if (!mm_read_map(r, doc,
                     "averages! questionnaire! version! as-of! cohort! source! n! items!") &&
        doc->kind != MM_YAML_MAP)
        return;
    (void)mm_read_id(r, doc, "averages", &a->id);
    (void)mm_read_id(r, doc, "questionnaire", &a->questionnaire);
    if (mm_read_whole(r, doc, "version", 1, 9999, &v))
        a->version = (uint32_t)v;
    day_read(r, doc, &a->as_of);
    (void)mm_read_words(r, doc, "cohort", &a->cohort);
    (void)mm_read_words(r, doc, "source", &a->source);
    (void)mm_read_whole(r, doc, "n", 1, COMPANIES_MAX, &a->n);
    list = mm_read_list(r, doc, "items", 1, MM_AVERAGES_MAX);
    a->row = list == NULL ? NULL : mm_read_alloc(r, list->count, sizeof(*a->row));
    if (a->row == NULL)
        return;
    for (const struct mm_yaml *m = list->first; m != NULL; m = m->next) {
        a->row[a->rows].n = a->n;
        row_read(r, m, &a->row[a->rows++]);
    }
}

enum mm_code mm_averages_read(struct mm_slice yaml, struct mm_averages **ret,
                              struct mm_quest_errors *errors)
{
    struct mm_averages *a = calloc(1, sizeof(*a));
    struct mm_reader r = {.errors = errors};
    const struct mm_yaml *doc = NULL;
    enum mm_code code;

    MM_ASSERT(ret != NULL && errors != NULL);
    if (a == NULL)
        return MM_E_NOMEM;
    mm_arena_init(&a->arena, ARENA_MAX);
    r.arena = &a->arena;
    code = mm_read_doc(&r, yaml, &doc);
    if (code == MM_OK)
        doc_read(&r, doc, a);
    code = mm_read_end(&r, code);
    if (code == MM_OK)
        *ret = a;
    else
        mm_averages_free(&a);
    return code;
}

void mm_averages_free(struct mm_averages **a)
{
    if (*a == NULL)
        return;
    mm_arena_done(&(*a)->arena);
    free(*a);
    *a = NULL;
}

static bool has_section(const struct mm_quest *q, struct mm_slice id)
{
    for (size_t i = 0; i < q->sections; i++) {
        if (mm_slice_eq(q->section[i].id, id))
            return true;
    }
    return false;
}

enum mm_code mm_averages_check(const struct mm_averages *a, const struct mm_quest *q,
                               struct mm_quest_errors *errors)
{
    struct mm_reader r = {.errors = errors};

    errors->count = 0;
    if (!mm_slice_eq(a->questionnaire, q->id) || a->version != q->version)
        (void)mm_read_fail(&r, NULL, "other", a->questionnaire, NULL);
    for (size_t i = 0; i < a->rows; i++) {
        const struct mm_average *row = &a->row[i];

        if (row->of == MM_AVERAGE_SECTION && !has_section(q, row->id))
            (void)mm_read_fail(&r, NULL, "nowhere", row->id, NULL);
        if (row->of == MM_AVERAGE_QUESTION && mm_quest_find(q, row->id) == SIZE_MAX)
            (void)mm_read_fail(&r, NULL, "no-question", row->id, NULL);
    }
    return mm_read_end(&r, MM_OK);
}

const struct mm_average *mm_averages_mean(const struct mm_averages *a, enum mm_average_of of,
                                          struct mm_slice id)
{
    for (size_t i = 0; i < a->rows; i++) {
        if (a->row[i].kind == MM_AVERAGE_MEAN && a->row[i].of == of &&
            mm_slice_eq(a->row[i].id, id))
            return &a->row[i];
    }
    return NULL;
}
