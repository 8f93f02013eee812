/* app/rules_diff.c - see rules_diff.h for the contract. */
#include "app/rules_diff.h"

#include <stdio.h>
#include <sys/random.h>

#include "app/rules_pack.h"
#include "app/rules_print.h"
#include "app/rules_sets.h"
#include "detect/filter.h"
#include "os/file.h"

enum {
    ITEMS_MAX = MM_RULES_MAX + MM_FILTERS_MAX,
    MEMORY_MAX = 256 * 1024 * 1024, /* lists and keys of two of the largest sets */
};

static enum mm_code read_text(const struct mm_rules_diff *d, struct mm_slice file,
                              struct mm_buf *out)
{
    char path[MM_MAX_PATH];
    int n = snprintf(path, sizeof(path), "%.*s", MM_S_ARG(file));
    enum mm_code code = n < 0 || (size_t)n >= sizeof(path) ? MM_E_LIMIT : MM_OK;

    mm_buf_init(out, MM_RULES_FILE_MAX);
    if (code == MM_OK)
        code = mm_file_read(path, out);
    return code == MM_OK ? MM_OK : mm_rules_cli_complain(d->lang, path, code);
}

/* The items of a set that is loaded, with what their files hold. */
static enum mm_code read_side(struct mm_rules_diff *d, struct mm_rules_side *s)
{
    size_t rules = mm_rules_count(s->set);
    enum mm_code code = MM_OK;

    s->n = rules + mm_filters_count(s->set);
    s->item = mm_arena_array(&d->arena, s->n + 1, sizeof(*s->item));
    if (s->item == NULL)
        return MM_E_NOMEM;
    for (size_t i = 0; i < s->n && code == MM_OK; i++) {
        bool filter = i >= rules;
        const struct mm_rule *r = filter ? NULL : mm_rules_get(s->set, i);
        const struct mm_filter *f = filter ? mm_filters_get(s->set, i - rules) : NULL;
        struct mm_rules_item *it = &s->item[i];
        struct mm_buf text;

        *it = filter ? (struct mm_rules_item){.filter = true,
                                              .id = f->id,
                                              .title = f->title,
                                              .file = f->file}
                     : (struct mm_rules_item){.id = r->id, .title = r->title, .file = r->file};
        if (i > 0 && mm_slice_eq(it->file, it[-1].file)) {
            it->text = it[-1].text;
        } else {
            code = read_text(d, it->file, &text);
            it->text = mm_hash(d->seed, mm_buf_slice(&text));
            mm_buf_done(&text);
        }
        if (code == MM_OK)
            code = mm_map_set(&s->by_id, it->id, i);
    }
    return code;
}

static void note(struct mm_rules_diff *d, enum mm_rules_change c, const struct mm_rules_item *it)
{
    MM_ASSERT(d->n[c] < ITEMS_MAX);
    d->list[c][d->n[c]++] = it;
}

static enum mm_code compare(struct mm_rules_diff *d)
{
    for (size_t c = 0; c < MM_RULES_CHANGES; c++) {
        d->list[c] = mm_arena_array(&d->arena, d->before.n + d->after.n + 1, sizeof(*d->list[c]));
        if (d->list[c] == NULL)
            return MM_E_NOMEM;
    }
    for (size_t i = 0; i < d->after.n; i++) {
        const struct mm_rules_item *it = &d->after.item[i];
        const uint64_t *was = mm_map_get(&d->before.by_id, it->id);

        if (was == NULL)
            note(d, MM_RULES_NEW, it);
        else if (d->before.item[*was].text != it->text)
            note(d, MM_RULES_CHANGED, it);
        else
            d->same++;
    }
    for (size_t i = 0; i < d->before.n; i++) {
        if (mm_map_get(&d->after.by_id, d->before.item[i].id) == NULL)
            note(d, MM_RULES_REMOVED, &d->before.item[i]);
    }
    return MM_OK;
}

bool mm_rules_diff_read(struct mm_rules_diff *d, const char *before, const char *after,
                        enum mm_lang lang)
{
    enum mm_code code = MM_OK;

    d->lang = lang;
    mm_arena_init(&d->arena, MEMORY_MAX);
    if (getrandom(&d->seed, sizeof(d->seed), 0) != (ssize_t)sizeof(d->seed))
        code = MM_E_IO;
    mm_map_init(&d->before.by_id, d->seed, ITEMS_MAX);
    mm_map_init(&d->after.by_id, d->seed, ITEMS_MAX);
    if (code != MM_OK)
        return mm_rules_cli_complain(lang, after, code) == MM_OK;
    d->after.set = mm_rules_cli_load(lang, &after, 1, NULL);
    if (d->after.set == NULL)
        return false;
    code = read_side(d, &d->after);
    if (code == MM_OK && mm_rules_set_is(before)) {
        d->before.set = mm_rules_cli_load(lang, &before, 1, NULL);
        if (d->before.set == NULL)
            return false;
        code = read_side(d, &d->before);
    }
    if (code == MM_OK)
        code = compare(d);
    return code == MM_OK || mm_rules_cli_complain(lang, after, code) == MM_OK;
}

void mm_rules_diff_done(struct mm_rules_diff *d)
{
    mm_map_done(&d->before.by_id);
    mm_map_done(&d->after.by_id);
    mm_rules_unref(&d->before.set);
    mm_rules_unref(&d->after.set);
    mm_arena_done(&d->arena);
}

bool mm_rules_diff_none(const struct mm_rules_diff *d)
{
    return d->n[MM_RULES_NEW] + d->n[MM_RULES_CHANGED] + d->n[MM_RULES_REMOVED] == 0;
}

enum mm_code mm_rules_diff_put(const struct mm_rules_diff *d, const char *from, const char *to)
{
    enum mm_code code = MM_OK;
    size_t prefix = strlen(from);

    for (size_t i = 0; i < d->after.n && code == MM_OK; i++) {
        struct mm_slice rel = mm_slice_sub(d->after.item[i].file, prefix, SIZE_MAX);
        struct mm_buf text;

        if (i > 0 && mm_slice_eq(d->after.item[i].file, d->after.item[i - 1].file))
            continue;
        while (rel.n > 0 && rel.p[0] == '/')
            rel = mm_slice_sub(rel, 1, SIZE_MAX);
        code = read_text(d, d->after.item[i].file, &text);
        if (code == MM_OK)
            code = mm_rules_set_put(to, rel, mm_buf_slice(&text));
        mm_buf_done(&text);
    }
    return code;
}

static const char *const names[MM_RULES_CHANGES] = {"new", "changed", "removed"};

const char *mm_rules_change_name(enum mm_rules_change c)
{
    MM_ASSERT(c < MM_RULES_CHANGES);
    return names[c];
}

static void note_items(const struct mm_rules_diff *d, enum mm_rules_change c, struct mm_doc *to)
{
    static const char *const counts[MM_RULES_CHANGES] = {"new_n", "changed_n", "removed_n"};
    struct mm_doc *list;

    mm_doc_int(to, counts[c], (int64_t)d->n[c]);
    list = mm_doc_array(to, names[c]);
    for (size_t i = 0; i < d->n[c] && i < MM_RULES_DIFF_NOTED; i++) {
        struct mm_doc *o = mm_doc_object(list, NULL);

        mm_doc_text(o, "id", d->list[c][i]->id);
        mm_doc_text(o, "title", d->list[c][i]->title);
    }
}

void mm_rules_diff_note(const struct mm_rules_diff *d, const char *dir, struct mm_doc *note)
{
    const struct mm_ruleset *set = d->after.set;
    struct mm_doc *list;

    for (int c = 0; c < MM_RULES_CHANGES; c++)
        note_items(d, (enum mm_rules_change)c, note);
    mm_doc_int(note, "refused_n", (int64_t)mm_rules_refused(set));
    list = mm_doc_array(note, "refused");
    for (size_t i = 0; i < mm_rules_refused(set) && i < MM_RULES_DIFF_NOTED; i++) {
        const struct mm_rule_refusal *r = mm_rules_refusal(set, i);
        struct mm_slice file = r->file;
        struct mm_doc *o = mm_doc_object(list, NULL);

        if (mm_slice_starts(file, mm_slice_str(dir)))
            file = mm_slice_sub(file, strlen(dir), SIZE_MAX);
        while (file.n > 0 && file.p[0] == '/' && file.n < r->file.n)
            file = mm_slice_sub(file, 1, SIZE_MAX);
        mm_doc_text(o, "file", file);
        mm_doc_int(o, "line", r->line);
        mm_doc_str(o, "code", r->what);
        mm_doc_text(o, "detail", r->detail);
    }
}
