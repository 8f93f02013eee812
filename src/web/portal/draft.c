/* web/portal/draft.c - see draft.h for the contract. */
#include "web/portal/draft.h"

#include "web/portal/ask.h"

enum {
    WAIT_MS = 10 * 1000, /* it takes a tenth of a second */
    NAME_MAX_BYTES = 64,
};

static void put_line(struct mm_page *p, struct mm_doc *list, struct mm_slice line)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t *hex = mm_arena_bytes(p->arena, line.n * 2 + 1); /* lines have MM_UNREAD_LINE bytes */

    if (hex == NULL)
        return;
    for (size_t i = 0; i < line.n; i++) {
        hex[2 * i] = (uint8_t)digits[line.p[i] >> 4];
        hex[2 * i + 1] = (uint8_t)digits[line.p[i] & 15];
    }
    mm_doc_text(list, NULL, mm_slice_of(hex, line.n * 2));
}

static const struct mm_doc *question_of(struct mm_page *p, const struct mm_draft_ask *ask)
{
    struct mm_doc *d = mm_doc_new(p->arena), *list;

    mm_doc_text(d, "shape", ask->line->shape);
    mm_doc_text(d, "title", ask->title);
    mm_doc_text(d, "category", ask->category);
    mm_doc_text(d, "outcome", ask->outcome);
    mm_doc_text(d, "yaml", ask->yaml);
    mm_doc_text(d, "test", ask->test);
    list = mm_doc_array(d, "lines");
    for (size_t i = 0; i < ask->line->lines; i++)
        put_line(p, list, ask->line->line[i]);
    for (size_t i = 0; i < ask->others; i++)
        put_line(p, list, ask->other[i].line[0]);
    list = mm_doc_array(d, "marks");
    for (size_t i = 0; i < ask->marks; i++) {
        struct mm_doc *o = mm_doc_object(list, NULL);

        mm_doc_int(o, "from", (int64_t)(ask->mark[i].from & INT32_MAX));
        mm_doc_int(o, "n", (int64_t)(ask->mark[i].n & INT32_MAX));
        mm_doc_text(o, "field", ask->mark[i].field);
    }
    list = mm_doc_array(d, "words");
    for (size_t i = 0; i < ask->words; i++) {
        struct mm_doc *o = mm_doc_object(list, NULL);

        mm_doc_text(o, "word", ask->word[i].word);
        mm_doc_text(o, "outcome", ask->word[i].outcome);
    }
    return d;
}

enum mm_code mm_draft_ask(struct mm_page *p, const struct mm_draft_ask *ask, struct mm_doc *at,
                          const char *key)
{
    char name[NAME_MAX_BYTES];
    const char *argv[] = {p->portal->cfg.format_program,
                          "draft",
                          "--state",
                          p->portal->cfg.state_dir,
                          "--name",
                          name,
                          NULL};

    if (argv[0] == NULL)
        return MM_E_NOTFOUND;
    MM_ASSERT(ask->name.n < sizeof(name) && ask->line->lines > 0);
    (void)snprintf(name, sizeof(name), "%.*s", MM_S_ARG(ask->name));
    if (ask->name.n == 0)
        argv[4] = NULL;
    return mm_page_ask(p, MM_ASK_FORMAT, argv, question_of(p, ask), WAIT_MS, at, key);
}
