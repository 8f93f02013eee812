/* app/say.c - see say.h for the contract. */
#include "app/say.h"

#include "base/utf8.h"
#include "text/mustache.h"

enum { ARENA_MAX = 4 * 1024 * 1024, SENTENCE_MAX = 1024 * 1024 };

static void put_text(struct mm_doc *d, const char *name, struct mm_slice s)
{
    struct mm_buf clean;

    mm_buf_init(&clean, SENTENCE_MAX);
    mm_utf8_clean(&clean, s);
    for (size_t i = 0; i < clean.n; i++)
        clean.p[i] = clean.p[i] < 0x20 || clean.p[i] == 0x7f ? ' ' : clean.p[i];
    mm_doc_text(d, name, mm_buf_slice(&clean));
    mm_buf_done(&clean);
}

void mm_say(FILE *to, enum mm_lang lang, const char *key, const struct mm_say_arg *args, size_t n)
{
    struct mm_tpl_render r = {.lang = lang, .mode = MM_TPL_PLAIN};
    struct mm_arena arena;
    struct mm_buf out;
    struct mm_doc *d;

    mm_arena_init(&arena, ARENA_MAX);
    mm_buf_init(&out, SENTENCE_MAX);
    d = mm_doc_new(&arena);
    for (size_t i = 0; i < n; i++) {
        if (args[i].is_text)
            put_text(d, args[i].name, args[i].text);
        else
            mm_doc_int(d, args[i].name, args[i].number);
    }
    r.doc = d;
    r.out = &out;
    mm_tpl_words(&r, mm_slice_str(key));
    if (mm_buf_ok(&out) && out.n > 0)
        (void)fwrite(out.p, 1, out.n, to);
    mm_buf_done(&out);
    mm_arena_done(&arena);
}

void mm_say_line(FILE *to, enum mm_lang lang, const char *key)
{
    mm_say(to, lang, key, NULL, 0);
    fputc('\n', to);
}
