/* app/format_say.c - what `mimamori format` says, in the language of whoever started it. */
#include "app/format.h"
#include "base/utf8.h"
#include "text/mustache.h"

enum { SAY_MAX = 64 * 1024 };

/* Foreign text for a terminal, in the arena. */
static struct mm_slice clean(struct mm_arena *a, struct mm_slice text)
{
    struct mm_slice own = {0};
    struct mm_buf out;

    mm_buf_init(&out, SAY_MAX);
    mm_utf8_clean(&out, text);
    for (size_t i = 0; mm_buf_ok(&out) && i < out.n; i++)
        out.p[i] = out.p[i] < 0x20 || out.p[i] == 0x7f ? ' ' : out.p[i];
    if (!mm_buf_ok(&out) || !mm_arena_dup(a, mm_buf_slice(&out), &own))
        own = MM_S("");
    mm_buf_done(&out);
    return own;
}

void mm_format_say(const struct mm_format_cmd *c, FILE *to, const char *key,
                   const struct mm_format_arg *args)
{
    struct mm_arena a;
    struct mm_buf out;
    struct mm_doc *doc;

    mm_arena_init(&a, 4 * SAY_MAX);
    mm_buf_init(&out, SAY_MAX);
    doc = mm_doc_new(&a);
    for (; args != NULL && args->name != NULL; args++) {
        if (args->text.p != NULL)
            mm_doc_text(doc, args->name, clean(&a, args->text));
        else
            mm_doc_int(doc, args->name, (int64_t)args->number); /* counts: far below 2^63 */
    }
    mm_tpl_words(
        &(struct mm_tpl_render){.lang = c->lang, .mode = MM_TPL_PLAIN, .doc = doc, .out = &out},
        mm_slice_str(key));
    if (mm_buf_ok(&out) && out.n > 0)
        (void)fwrite(out.p, 1, out.n, to);
    fputc('\n', to);
    mm_buf_done(&out);
    mm_arena_done(&a);
}

bool mm_format_complain(const struct mm_format_cmd *c, const char *key, struct mm_slice what)
{
    fputs("mimamori: ", stderr);
    mm_format_say(c, stderr, key, (struct mm_format_arg[]){{"what", what, 0}, {0}});
    return false;
}

const char *mm_format_reason(const struct mm_format_cmd *c, const char *what)
{
    const char *words = mm_lang_text(c->lang, mm_slice_str(what), 1);

    return words != NULL ? words : mm_formats_reason(what);
}
