/* web/portal/guide.c - see guide.h for the contract. */
#include "web/portal/guide.h"

#include <stdlib.h>

#include "assess/read.h"
#include "base/buf.h"

enum {
    ARENA_MAX = 4 * 1024 * 1024, /* the tree of a file of nothing but short nodes, several times */
    URL_MAX = 200,
    DAY = 10, /* YYYY-MM-DD */
};

#define BLANKS "address port"

/* ---- blanks ---- */

/* The first blank at or behind `from`: a lower-case word in braces. Other braces are text. */
static bool next_blank(struct mm_slice s, size_t from, size_t *ret_at, struct mm_slice *ret_name)
{
    for (size_t at = mm_slice_find(s, '{', from); at != SIZE_MAX;
         at = mm_slice_find(s, '{', at + 1)) {
        size_t end = at + 1;

        while (end < s.n && s.p[end] >= 'a' && s.p[end] <= 'z')
            end++;
        if (end > at + 1 && end < s.n && s.p[end] == '}') {
            *ret_at = at;
            *ret_name = mm_slice_sub(s, at + 1, end - at - 1);
            return true;
        }
    }
    return false;
}

void mm_guide_fill(struct mm_slice text, const struct mm_guide_values *v, struct mm_buf *out)
{
    struct mm_slice name = {0};
    size_t at = 0, from = 0;

    while (next_blank(text, from, &at, &name)) {
        mm_buf_add(out, mm_slice_sub(text, from, at - from));
        mm_buf_add(out, mm_slice_eq(name, MM_S("port")) ? v->port : v->address);
        from = at + name.n + 2;
    }
    mm_buf_add(out, mm_slice_sub(text, from, SIZE_MAX));
}

/* ---- reading ---- */

/* `blanks`: those that may stand there, as "a b". */
static void blanks_check(struct mm_reader *r, const struct mm_yaml *node, const char *blanks)
{
    struct mm_slice name = {0};
    size_t at = 0;

    if (node == NULL)
        return;
    for (size_t from = 0; next_blank(node->text, from, &at, &name); from = at + 1) {
        if (!mm_read_one_of(blanks, name, NULL))
            (void)mm_read_fail(r, node, "blank", name, blanks);
    }
}

static void words_check(struct mm_reader *r, const struct mm_yaml *words, const char *blanks)
{
    for (int i = 0; i < MM_LANG_COUNT; i++)
        blanks_check(r, mm_yaml_get(words, mm_lang_tag((enum mm_lang)i)), blanks);
}

static void steps_read(struct mm_reader *r, const struct mm_yaml *doc, struct mm_guide *g)
{
    const struct mm_yaml *list = mm_read_list(r, doc, "steps", 1, MM_GUIDE_STEPS_MAX);

    g->step = list == NULL ? NULL : mm_read_alloc(r, list->count, sizeof(*g->step));
    if (g->step == NULL)
        return;
    for (const struct mm_yaml *m = list->first; m != NULL; m = m->next) {
        struct mm_guide_step *s = &g->step[g->steps++];

        if (!mm_read_map(r, m, "text! commands"))
            continue;
        (void)mm_read_words(r, m, "text", &s->text);
        (void)mm_read_scalar(r, m, "commands", MM_GUIDE_COMMANDS_MAX, &s->commands);
        words_check(r, mm_yaml_get(m, "text"), BLANKS);
        blanks_check(r, mm_yaml_get(m, "commands"), BLANKS);
    }
}

static void troubles_read(struct mm_reader *r, const struct mm_yaml *doc, struct mm_guide *g)
{
    const struct mm_yaml *list = mm_read_list(r, doc, "wrong", 1, MM_GUIDE_STEPS_MAX);

    g->trouble = list == NULL ? NULL : mm_read_alloc(r, list->count, sizeof(*g->trouble));
    if (g->trouble == NULL)
        return;
    for (const struct mm_yaml *m = list->first; m != NULL; m = m->next) {
        struct mm_guide_trouble *t = &g->trouble[g->troubles++];

        if (!mm_read_map(r, m, "sign! help!"))
            continue;
        (void)mm_read_words(r, m, "sign", &t->sign);
        (void)mm_read_words(r, m, "help", &t->help);
        words_check(r, mm_yaml_get(m, "sign"), BLANKS);
        words_check(r, mm_yaml_get(m, "help"), BLANKS);
    }
}

static void texts_read(struct mm_reader *r, const struct mm_yaml *doc, const char *key,
                       const char *blanks, struct mm_texts *ret)
{
    const struct mm_yaml *list = mm_yaml_get(doc, key);

    (void)mm_read_texts(r, doc, key, MM_QUEST_TEXTS_MAX, ret);
    for (const struct mm_yaml *m = list == NULL ? NULL : list->first; m != NULL; m = m->next)
        words_check(r, m, blanks);
}

static bool is_day(struct mm_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (i == 4 || i == 7 ? s.p[i] != '-' : s.p[i] < '0' || s.p[i] > '9')
            return false;
    }
    return s.n == DAY;
}

/* The vendor's public document, and the day it was looked at. */
static void source_read(struct mm_reader *r, const struct mm_yaml *doc, struct mm_guide *g)
{
    const struct mm_yaml *map = mm_yaml_get(doc, "source");

    if (map == NULL || !mm_read_map(r, map, "url! day!"))
        return;
    if (mm_read_scalar(r, map, "url", URL_MAX, &g->source) &&
        !mm_slice_starts(g->source, MM_S("https://")))
        (void)mm_read_fail(r, mm_yaml_get(map, "url"), "choice", g->source, "https://");
    if (mm_read_scalar(r, map, "day", DAY, &g->source_day) && !is_day(g->source_day))
        (void)mm_read_fail(r, mm_yaml_get(map, "day"), "choice", g->source_day, "YYYY-MM-DD");
}

static void head_read(struct mm_reader *r, const struct mm_yaml *doc, struct mm_guide *g)
{
    uint64_t port = 0;
    size_t via = 0;

    (void)mm_read_id(r, doc, "guide", &g->id);
    (void)mm_read_words(r, doc, "title", &g->title);
    (void)mm_read_names(r, doc, "formats", &g->formats);
    if (mm_read_choice(r, doc, "via", "udp tcp", &via))
        g->via = via == 0 ? MM_GUIDE_UDP : MM_GUIDE_TCP;
    if (mm_read_whole(r, doc, "port", 1, UINT16_MAX, &port))
        g->port = (uint16_t)port; /* checked: at most UINT16_MAX */
    if (mm_read_scalar(r, doc, "checked", URL_MAX, &g->checked) &&
        mm_slice_eq(g->checked, MM_S("untested")))
        g->checked = MM_S("");
}

enum mm_code mm_guide_read(struct mm_slice yaml, struct mm_guide **ret,
                           struct mm_quest_errors *errors)
{
    struct mm_guide *g = calloc(1, sizeof(*g));
    struct mm_reader r = {.errors = errors};
    const struct mm_yaml *doc = NULL;
    enum mm_code code;

    if (g == NULL)
        return MM_E_NOMEM;
    mm_arena_init(&g->arena, ARENA_MAX);
    r.arena = &g->arena;
    code = mm_read_doc(&r, yaml, &doc);
    if (code == MM_OK &&
        (mm_read_map(&r, doc,
                     "guide! title! formats! via! port checked! source! before! steps! see! "
                     "wrong! naming!") ||
         doc->kind == MM_YAML_MAP)) {
        head_read(&r, doc, g);
        source_read(&r, doc, g);
        texts_read(&r, doc, "before", BLANKS, &g->before);
        steps_read(&r, doc, g);
        texts_read(&r, doc, "see", BLANKS, &g->see);
        troubles_read(&r, doc, g);
        /* Also shown where there is nowhere to send. */
        texts_read(&r, doc, "naming", "", &g->naming);
    }
    code = mm_read_end(&r, code);
    if (code == MM_OK)
        *ret = g;
    else
        mm_guide_free(&g);
    return code;
}

void mm_guide_free(struct mm_guide **g)
{
    if (*g == NULL)
        return;
    mm_arena_done(&(*g)->arena);
    free(*g);
    *g = NULL;
}
