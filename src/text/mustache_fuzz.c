/*
 * text/mustache_fuzz.c - no input may break these promises: any text is a template or is refused
 * with a place inside it; a template that was taken renders; and whatever a document holds, a name
 * writes no byte that could end a text or a quoted attribute of HTML.
 */
#include "tests/harness/test.h"
#include "text/mustache.h"

static void hostile_value(struct mm_slice in)
{
    struct mm_buf out;

    mm_buf_init(&out, 8 * 1024 * 1024);
    mm_tpl_escape(&out, in);
    MM_ASSERT(mm_buf_ok(&out) || in.n > 1024 * 1024);
    for (size_t i = 0; i < out.n; i++)
        MM_ASSERT(out.p[i] != '<' && out.p[i] != '>' && out.p[i] != '"' && out.p[i] != '\'');
    mm_buf_done(&out);
}

static void fill(struct mm_doc *doc, struct mm_slice in)
{
    struct mm_doc *rows = mm_doc_array(doc, "rows");

    mm_doc_text(doc, "x", in);
    mm_doc_int(doc, "n", (int64_t)in.n);
    mm_doc_time(doc, "when", 1);
    for (int i = 0; i < 2; i++)
        mm_doc_text(mm_doc_object(rows, NULL), "x", in);
}

FUZZ(in)
{
    struct mm_arena arena;
    struct mm_buf out;
    const struct mm_tpl_source src[] = {{"in", in}, {"page", MM_S("{{x}}")}};
    struct mm_tpl_render r = {.out = &out};
    struct mm_fault fault = {0};
    size_t at = 0;

    hostile_value(in);
    mm_arena_init(&arena, 4 * 1024 * 1024);
    if (mm_tpl_load(&arena, src, 2, &r.set, &at, &fault) != MM_OK) {
        MM_ASSERT(fault.what != NULL && fault.at <= in.n && at == 0);
    } else {
        struct mm_doc *doc = mm_doc_new(&arena);

        mm_buf_init(&out, 256 * 1024);
        fill(doc, in);
        r.doc = doc;
        MM_ASSERT(mm_tpl_render(&r, "in") == MM_OK);
        mm_buf_done(&out);
    }
    mm_arena_done(&arena);
}
