/* assess/read.c - see read.h for the contract. */
#include "assess/read.h"

#include <stdio.h>

static void put(char *to, size_t size, struct mm_slice s)
{
    struct mm_slice cut = mm_slice_sub(s, 0, size - 1);

    /* Not in the middle of a character. */
    while (cut.n < s.n && cut.n > 0 && (s.p[cut.n] & 0xc0) == 0x80)
        cut.n--;
    if (cut.n > 0)
        memcpy(to, cut.p, cut.n);
    to[cut.n] = 0;
}

static bool note(struct mm_quest_errors *errors, uint32_t line, uint32_t column, const char *what,
                 struct mm_slice detail, const char *expected)
{
    struct mm_quest_error *e;

    if (errors->count++ >= MM_QUEST_ERRORS_MAX)
        return false;
    e = &errors->error[errors->count - 1];
    *e = (struct mm_quest_error){.line = line, .column = column, .what = what};
    put(e->detail, sizeof(e->detail), detail);
    put(e->expected, sizeof(e->expected), mm_slice_str(expected));
    return false;
}

bool mm_read_fail(struct mm_reader *r, const struct mm_yaml *node, const char *what,
                  struct mm_slice detail, const char *expected)
{
    return note(r->errors, node == NULL ? 0 : node->line, node == NULL ? 0 : node->column, what,
                detail, expected);
}

enum mm_code mm_read_doc(struct mm_reader *r, struct mm_slice yaml, const struct mm_yaml **ret)
{
    struct mm_yaml_fault fault = {0};
    struct mm_yaml *doc = NULL;
    enum mm_code code = mm_yaml_read(r->arena, yaml, &doc, &fault);

    r->errors->count = 0;
    if (code == MM_E_NOMEM)
        return code;
    if (code != MM_OK) {
        (void)note(r->errors, fault.line, fault.column, "yaml", mm_slice_str(fault.what), NULL);
        return MM_E_SYNTAX;
    }
    if (doc == NULL || doc->next != NULL) {
        (void)mm_read_fail(r, doc == NULL ? NULL : doc->next, "documents", (struct mm_slice){0},
                           NULL);
        return MM_E_SYNTAX;
    }
    *ret = doc;
    return MM_OK;
}

enum mm_code mm_read_end(const struct mm_reader *r, enum mm_code code)
{
    if (code != MM_OK)
        return code;
    if (r->nomem)
        return MM_E_NOMEM;
    return r->errors->count > 0 ? MM_E_SYNTAX : MM_OK;
}

void *mm_read_alloc(struct mm_reader *r, size_t count, size_t size)
{
    void *p = mm_arena_array(r->arena, count, size);

    r->nomem = r->nomem || p == NULL;
    return p;
}

/* The next word of "a b c" behind *at; empty behind the last. */
static struct mm_slice next_word(const char *words, size_t *at)
{
    size_t from = *at + strspn(words + *at, " "), n = strcspn(words + from, " ");

    *at = from + n;
    return mm_slice_of(words + from, n);
}

bool mm_read_one_of(const char *words, struct mm_slice s, size_t *ret)
{
    size_t at = 0, i = 0;

    for (struct mm_slice w = next_word(words, &at); w.n > 0; w = next_word(words, &at), i++) {
        if (mm_slice_eq(w, s)) {
            if (ret != NULL)
                *ret = i;
            return true;
        }
    }
    return false;
}

bool mm_read_map(struct mm_reader *r, const struct mm_yaml *node, const char *keys)
{
    char known[sizeof(r->errors->error[0].expected)]; /* longer than any list of keys */
    size_t n = 0, at = 0;
    bool ok = true;

    if (node->kind != MM_YAML_MAP)
        return mm_read_fail(r, node, "map", node->text, keys);
    for (const char *k = keys; *k != 0 && n + 1 < sizeof(known); k++) {
        if (*k != '!')
            known[n++] = *k;
    }
    known[n] = 0;
    for (const struct mm_yaml *m = node->first; m != NULL; m = m->next) {
        if (!mm_read_one_of(known, m->key, NULL))
            ok = mm_read_fail(r, m, "key", m->key, known);
    }
    for (struct mm_slice w = next_word(keys, &at); w.n > 0; w = next_word(keys, &at)) {
        char key[MM_QUEST_ID_MAX];

        if (w.p[w.n - 1] != '!')
            continue;
        put(key, sizeof(key), mm_slice_sub(w, 0, w.n - 1));
        if (mm_yaml_get(node, key) == NULL)
            ok = mm_read_fail(r, node, "missing", mm_slice_str(key), NULL);
    }
    return ok;
}

const struct mm_yaml *mm_read_list(struct mm_reader *r, const struct mm_yaml *map, const char *key,
                                   size_t min, size_t max)
{
    const struct mm_yaml *list = mm_yaml_get(map, key);
    char range[48];

    if (list == NULL)
        return NULL;
    (void)snprintf(range, sizeof(range), "%zu..%zu", min, max);
    if (list->kind == MM_YAML_LIST && list->count >= min && list->count <= max)
        return list;
    (void)mm_read_fail(r, list, "list", list->key, range);
    return NULL;
}

bool mm_read_is_id(struct mm_slice s)
{
    bool ok = s.n > 0 && s.n <= MM_QUEST_ID_MAX && s.p[0] != '-' && s.p[0] != '.';

    for (size_t i = 0; ok && i < s.n; i++)
        ok = (s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') ||
             s.p[i] == '-' || s.p[i] == '.';
    return ok;
}

static bool is_id(struct mm_reader *r, const struct mm_yaml *node)
{
    return (node->kind == MM_YAML_SCALAR && mm_read_is_id(node->text)) ||
           mm_read_fail(r, node, "id", node->text, NULL);
}

bool mm_read_id(struct mm_reader *r, const struct mm_yaml *map, const char *key,
                struct mm_slice *ret)
{
    const struct mm_yaml *node = mm_yaml_get(map, key);

    if (node == NULL || !is_id(r, node))
        return false;
    *ret = node->text;
    return true;
}

static bool words_of(struct mm_reader *r, const struct mm_yaml *node, struct mm_words *ret)
{
    struct mm_words w = {{{0}}};

    if (!mm_read_map(r, node, "ja! en!"))
        return false;
    for (int i = 0; i < MM_LANG_COUNT; i++) {
        const struct mm_yaml *one = mm_yaml_get(node, mm_lang_tag((enum mm_lang)i));

        if (one->kind != MM_YAML_SCALAR || mm_slice_trim(one->text).n == 0)
            return mm_read_fail(r, one, "text", one->key, NULL);
        if (one->text.n > MM_QUEST_TEXT_MAX)
            return mm_read_fail(r, one, "long", one->key, "2000");
        w.in[i] = one->text;
    }
    *ret = w;
    return true;
}

bool mm_read_words(struct mm_reader *r, const struct mm_yaml *map, const char *key,
                   struct mm_words *ret)
{
    const struct mm_yaml *node = mm_yaml_get(map, key);

    return node != NULL && words_of(r, node, ret);
}

bool mm_read_texts(struct mm_reader *r, const struct mm_yaml *map, const char *key, size_t max,
                   struct mm_texts *ret)
{
    const struct mm_yaml *list = mm_read_list(r, map, key, 1, max);
    struct mm_texts t = {0};
    bool ok = true;

    if (list == NULL)
        return false;
    t.v = mm_read_alloc(r, list->count, sizeof(*t.v));
    if (t.v == NULL)
        return false;
    for (const struct mm_yaml *m = list->first; m != NULL; m = m->next)
        ok = words_of(r, m, &t.v[t.n++]) && ok;
    if (ok)
        *ret = t;
    return ok;
}

bool mm_read_names(struct mm_reader *r, const struct mm_yaml *map, const char *key,
                   struct mm_names *ret)
{
    const struct mm_yaml *list = mm_read_list(r, map, key, 1, MM_QUEST_NAMES_MAX);
    struct mm_names t = {0};
    bool ok = true;

    if (list == NULL)
        return false;
    t.v = mm_read_alloc(r, list->count, sizeof(*t.v));
    if (t.v == NULL)
        return false;
    for (const struct mm_yaml *m = list->first; m != NULL; m = m->next) {
        ok = is_id(r, m) && ok;
        t.v[t.n++] = m->text;
    }
    if (ok)
        *ret = t;
    return ok;
}

bool mm_read_scalar(struct mm_reader *r, const struct mm_yaml *map, const char *key, size_t max,
                    struct mm_slice *ret)
{
    const struct mm_yaml *node = mm_yaml_get(map, key);

    if (node == NULL)
        return false;
    if (node->kind != MM_YAML_SCALAR || node->text.n == 0)
        return mm_read_fail(r, node, "text", node->key, NULL);
    if (node->text.n > max)
        return mm_read_fail(r, node, "long", node->key, NULL);
    *ret = node->text;
    return true;
}

bool mm_read_choice(struct mm_reader *r, const struct mm_yaml *map, const char *key,
                    const char *words, size_t *ret)
{
    const struct mm_yaml *node = mm_yaml_get(map, key);

    if (node == NULL)
        return false;
    return (node->kind == MM_YAML_SCALAR && mm_read_one_of(words, node->text, ret)) ||
           mm_read_fail(r, node, "choice", node->text, words);
}

bool mm_read_word(struct mm_reader *r, const struct mm_yaml *map, const char *key,
                  const char *words, struct mm_slice *ret)
{
    size_t which;

    if (!mm_read_choice(r, map, key, words, &which))
        return false;
    *ret = mm_yaml_text(map, key);
    return true;
}

bool mm_read_whole(struct mm_reader *r, const struct mm_yaml *map, const char *key, uint64_t min,
                   uint64_t max, uint64_t *ret)
{
    const struct mm_yaml *node = mm_yaml_get(map, key);
    char range[64];
    uint64_t v;

    if (node == NULL)
        return false;
    if (node->kind == MM_YAML_SCALAR && mm_slice_u64(node->text, &v) && v >= min && v <= max) {
        *ret = v;
        return true;
    }
    (void)snprintf(range, sizeof(range), "%llu..%llu", (unsigned long long)min,
                   (unsigned long long)max);
    return mm_read_fail(r, node, "whole", node->text, range);
}

bool mm_read_milli(struct mm_reader *r, const struct mm_yaml *map, const char *key, int64_t min,
                   int64_t max, int64_t *ret)
{
    const struct mm_yaml *node = mm_yaml_get(map, key);
    struct mm_buf range;
    int64_t v;

    if (node == NULL)
        return false;
    if (node->kind == MM_YAML_SCALAR && mm_milli_parse(node->text, &v) && v >= min && v <= max) {
        *ret = v;
        return true;
    }
    mm_buf_init(&range, 64);
    mm_decimal_print(&range, min, 3);
    mm_buf_str(&range, "..");
    mm_decimal_print(&range, max, 3);
    mm_buf_byte(&range, 0);
    (void)mm_read_fail(r, node, "number", node->text,
                       mm_buf_ok(&range) ? (const char *)range.p : NULL);
    mm_buf_done(&range);
    return false;
}

bool mm_read_flag(struct mm_reader *r, const struct mm_yaml *map, const char *key, bool *ret)
{
    const struct mm_yaml *node = mm_yaml_get(map, key);

    return node != NULL &&
           (mm_yaml_bool(node, ret) || mm_read_fail(r, node, "choice", node->text, "true false"));
}

bool mm_read_unique(struct mm_reader *r, const struct mm_yaml *list, const char *key)
{
    bool ok = true;

    if (list == NULL)
        return true;
    for (const struct mm_yaml *m = list->first; m != NULL; m = m->next) {
        struct mm_slice id = mm_yaml_text(m, key);
        bool twice = false;

        for (const struct mm_yaml *o = list->first; o != m && !twice; o = o->next)
            twice = id.n > 0 && mm_slice_eq(id, mm_yaml_text(o, key));
        if (twice)
            ok = mm_read_fail(r, m, "twice", id, NULL);
    }
    return ok;
}

void mm_read_bands(struct mm_reader *r, const struct mm_yaml *map, struct mm_quest_band **ret,
                   size_t *ret_n)
{
    const struct mm_yaml *list = mm_read_list(r, map, "bands", 1, MM_QUEST_BANDS_MAX);
    struct mm_quest_band *band;
    size_t n = 0;

    if (list == NULL)
        return;
    band = mm_read_alloc(r, list->count, sizeof(*band));
    if (band == NULL)
        return;
    for (const struct mm_yaml *m = list->first; m != NULL; m = m->next) {
        struct mm_quest_band *b = &band[n++];

        if (!mm_read_map(r, m, "band! from words!"))
            continue;
        (void)mm_read_id(r, m, "band", &b->id);
        (void)mm_read_words(r, m, "words", &b->words);
        b->has_from = mm_read_milli(r, m, "from", -MM_QUEST_SUM_MAX, MM_QUEST_SUM_MAX, &b->milli);
        if (b->has_from == (m->next == NULL) || (n > 1 && b->has_from && b->milli >= b[-1].milli))
            (void)mm_read_fail(r, m, "bands", b->id, NULL);
    }
    (void)mm_read_unique(r, list, "band");
    *ret = band;
    *ret_n = n;
}

int mm_bands_find(const struct mm_quest_band *band, size_t n, struct mm_ratio value)
{
    for (size_t i = 0; i < n; i++) {
        if (!band[i].has_from || mm_ratio_cmp(value, mm_ratio_milli(band[i].milli)) >= 0)
            return (int)i;
    }
    return -1;
}
