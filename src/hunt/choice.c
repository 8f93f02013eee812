/* hunt/choice.c - see choice.h for the contract. */
#include "hunt/choice.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/vec.h"
#include "os/file.h"

static const struct mm_slice kinds[MM_HUNT_KINDS] = {MM_S_INIT("tag:"), MM_S_INIT("status:"),
                                                     MM_S_INIT("level:"), MM_S_INIT("rule:"),
                                                     MM_S_INIT("host:")};

static enum mm_code put(struct mm_hunt_choice *c, struct mm_hunt_word w)
{
    if (c->n == MM_HUNT_CHOICES_MAX)
        return MM_E_LIMIT;
    if (!MM_VEC_ROOM(c->word, c->n, c->cap, MM_HUNT_CHOICES_MAX))
        return MM_E_NOMEM;
    c->word[c->n++] = w;
    return MM_OK;
}

enum mm_code mm_hunt_choice_add(struct mm_hunt_choice *c, struct mm_slice word, bool only)
{
    for (size_t i = 0; i < MM_HUNT_KINDS; i++) {
        struct mm_hunt_word w = {.kind = (enum mm_hunt_kind)i, .only = only};
        enum mm_level level;

        if (!mm_slice_starts(word, kinds[i]))
            continue;
        w.text = mm_slice_sub(word, kinds[i].n, SIZE_MAX);
        if (w.text.n == 0 || (i == MM_HUNT_BY_LEVEL && !mm_level_find(w.text, &level)))
            return MM_E_SYNTAX;
        return put(c, w);
    }
    return MM_E_SYNTAX;
}

enum mm_code mm_hunt_choice_file(struct mm_hunt_choice *c, const char *path, bool only)
{
    struct mm_hunt_word w = {.kind = MM_HUNT_BY_RULE, .only = only};
    struct mm_slice rest;
    struct mm_buf file;
    enum mm_code code;

    if (c->text.size_max == 0)
        mm_arena_init(&c->text, MM_HUNT_CHOICE_FILE_MAX);
    mm_buf_init(&file, MM_HUNT_CHOICE_FILE_MAX);
    code = mm_file_read(path, &file);
    for (rest = mm_buf_slice(&file); rest.n > 0 && code == MM_OK;) {
        size_t end = mm_slice_find(rest, '\n', 0);
        struct mm_slice line = mm_slice_sub(rest, 0, end);

        rest = end == SIZE_MAX ? (struct mm_slice){0} : mm_slice_sub(rest, end + 1, SIZE_MAX);
        line = mm_slice_trim(mm_slice_sub(line, 0, mm_slice_find(line, '#', 0)));
        if (line.n > 0)
            code = mm_arena_dup(&c->text, line, &w.text) ? put(c, w) : MM_E_LIMIT;
    }
    mm_buf_done(&file);
    return code;
}

void mm_hunt_choice_done(struct mm_hunt_choice *c)
{
    mm_arena_done(&c->text);
    free(c->word);
    *c = (struct mm_hunt_choice){0};
}

/* Equal up to case, and a dash is an underscore; have may go on behind a dot. */
static bool begins(struct mm_slice have, struct mm_slice want)
{
    if (have.n < want.n || (have.n > want.n && have.p[want.n] != '.'))
        return false;
    for (size_t i = 0; i < want.n; i++) {
        uint8_t a = have.p[i], b = want.p[i];

        a = a >= 'A' && a <= 'Z' ? (uint8_t)(a | 0x20) : a == '_' ? '-' : a;
        b = b >= 'A' && b <= 'Z' ? (uint8_t)(b | 0x20) : b == '_' ? '-' : b;
        if (a != b)
            return false;
    }
    return true;
}

static bool has_tag(const struct mm_rule *r, struct mm_slice want)
{
    for (size_t i = 0; i < r->tags.n; i++) {
        struct mm_slice have = r->tags.v[i];

        if (begins(have, want) || (mm_slice_starts(have, MM_S("attack.")) &&
                                   begins(mm_slice_sub(have, 7, SIZE_MAX), want)))
            return true;
    }
    return false;
}

static bool means(const struct mm_hunt_word *w, const struct mm_rule *r)
{
    switch (w->kind) {
    case MM_HUNT_BY_TAG:
        return has_tag(r, w->text);
    case MM_HUNT_BY_STATUS:
        return mm_slice_ieq(r->status, w->text);
    case MM_HUNT_BY_LEVEL:
        return mm_slice_ieq(mm_slice_str(mm_level_name(r->level)), w->text);
    default:
        return mm_slice_ieq(r->id, w->text) || mm_slice_ieq(r->title, w->text);
    }
}

size_t mm_hunt_choice_rules(const struct mm_hunt_choice *c, const struct mm_ruleset *set,
                            bool *pass)
{
    size_t passed = 0;

    for (size_t r = 0; r < mm_rules_count(set); r++) {
        const struct mm_rule *rule = mm_rules_get(set, r);
        bool asked[MM_HUNT_KINDS] = {0}, met[MM_HUNT_KINDS] = {0};

        pass[r] = false;
        for (size_t i = 0; i < c->n && !pass[r]; i++) {
            const struct mm_hunt_word *w = &c->word[i];
            bool yes = w->kind != MM_HUNT_BY_HOST && means(w, rule);

            pass[r] = yes && !w->only;
            asked[w->kind] |= w->only && w->kind != MM_HUNT_BY_HOST;
            met[w->kind] |= w->only && yes;
        }
        for (size_t k = 0; k < MM_HUNT_KINDS; k++)
            pass[r] |= asked[k] && !met[k];
        passed += pass[r];
    }
    return passed;
}

bool mm_hunt_choice_host(const struct mm_hunt_choice *c, struct mm_slice host)
{
    bool asked = false, met = false;

    for (size_t i = 0; i < c->n; i++) {
        const struct mm_hunt_word *w = &c->word[i];
        bool yes = w->kind == MM_HUNT_BY_HOST && begins(host, w->text);

        if (yes && !w->only)
            return false;
        asked |= w->kind == MM_HUNT_BY_HOST && w->only;
        met |= yes;
    }
    return !asked || met;
}
