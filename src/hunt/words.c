/* hunt/words.c - see words.h for the contract. */
#include "hunt/words.h"

#include "hunt/show.h"
#include "text/mustache.h"

enum { KEY_MAX = 96, NUMBER_MAX = 32 };

void mm_hunt_say(const struct mm_hunt_words *w, const char *key, const struct mm_doc *doc)
{
    struct mm_tpl_render r = {
        .lang = w->asked->lang,
        .mode = MM_TPL_PLAIN,
        .offset_s = w->asked->offset_s,
        .doc = doc,
        .out = w->out,
    };
    struct mm_arena arena;

    mm_arena_init(&arena, 64 * 1024);
    if (doc == NULL)
        r.doc = mm_doc_new(&arena);
    mm_tpl_words(&r, mm_slice_str(key));
    mm_arena_done(&arena);
}

void mm_hunt_say_of(const struct mm_hunt_words *w, const char *prefix, struct mm_slice name)
{
    char key[KEY_MAX];
    int n = snprintf(key, sizeof(key), "%s.%.*s", prefix, (int)mm_min_size(name.n, KEY_MAX / 2),
                     (const char *)name.p);
    const char *text = mm_lang_text(w->asked->lang, mm_slice_of(key, (size_t)n), 1);

    if (text != NULL)
        mm_buf_str(w->out, text);
    else
        mm_hunt_clean(w->out, name);
}

void mm_hunt_say_number(const struct mm_hunt_words *w, int64_t v, size_t columns)
{
    struct mm_buf text;

    mm_buf_init(&text, NUMBER_MAX);
    mm_lang_number(&text, v);
    for (size_t i = text.n; i < columns; i++)
        mm_buf_byte(w->out, ' ');
    mm_buf_add(w->out, mm_buf_slice(&text));
    mm_buf_done(&text);
}

void mm_hunt_say_time(const struct mm_hunt_words *w, const struct mm_doc *at, const char *key,
                      enum mm_time_style style)
{
    const struct mm_doc *d = mm_doc_get(at, mm_slice_str(key));

    if (d == NULL || d->type != MM_DOC_TIME)
        mm_buf_byte(w->out, '-');
    else
        mm_lang_time(w->out, w->asked->lang, style, d->i, 0, w->asked->offset_s);
}

int64_t mm_hunt_int(const struct mm_doc *at, const char *key)
{
    const struct mm_doc *d = at == NULL ? NULL : mm_doc_get(at, mm_slice_str(key));

    return d == NULL ? 0 : d->i;
}

struct mm_slice mm_hunt_text(const struct mm_doc *at, const char *key)
{
    const struct mm_doc *d = at == NULL ? NULL : mm_doc_get(at, mm_slice_str(key));

    return d != NULL && d->type == MM_DOC_TEXT ? d->text : (struct mm_slice){0};
}

const struct mm_doc *mm_hunt_first(const struct mm_doc *at, const char *key)
{
    const struct mm_doc *d = mm_doc_get(at, mm_slice_str(key));

    return d == NULL ? NULL : d->first;
}

static void left_out(const struct mm_hunt_words *w, const char *indent, const char *key,
                     const struct mm_doc *asked, const char *level)
{
    mm_buf_str(w->out, indent);
    mm_hunt_say(w, key, asked);
    if (level != NULL) {
        mm_buf_byte(w->out, ' ');
        mm_hunt_say_of(w, "hunt.level", mm_hunt_text(asked, level));
    }
    mm_buf_byte(w->out, '\n');
}

void mm_hunt_say_left_out(const struct mm_hunt_words *w, const struct mm_doc *doc,
                          const char *indent)
{
    const struct mm_doc *asked = mm_doc_get(doc, MM_S("asked"));

    if (mm_hunt_int(asked, "left_out") > 0)
        left_out(w, indent, "hunt.asked.rules", asked, NULL);
    if (mm_doc_truthy(mm_doc_get(asked, MM_S("some_levels"))))
        left_out(w, indent, "hunt.asked.level", asked, "level");
    if (mm_doc_truthy(mm_doc_get(asked, MM_S("some_hosts"))))
        left_out(w, indent, "hunt.asked.hosts", asked, NULL);
}
