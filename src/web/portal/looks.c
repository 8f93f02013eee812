/* web/portal/looks.c - see looks.h for the contract. */
#include "web/portal/looks.h"

static enum mm_code note(const struct mm_page *p, const struct mm_scope *scope,
                         const uint32_t *company, size_t n, const struct mm_page_looked *l)
{
    return mm_audit_look(p->portal->cfg.records, scope, company, n,
                         &(struct mm_audit){.time_us = p->now_us,
                                            .user = p->me.user,
                                            .actor = p->me.login,
                                            .action = mm_slice_str(l->action),
                                            .object = mm_slice_str(l->object),
                                            .text = l->text});
}

enum mm_code mm_page_look(const struct mm_page *p, const struct mm_page_looked *l)
{
    MM_ASSERT(p->narrow != NULL);
    return note(p, p->narrow, &p->company, 1, l);
}

enum mm_code mm_page_look_at(const struct mm_page *p, const uint32_t *company, size_t n,
                             const struct mm_page_looked *l)
{
    return note(p, p->me.scope, company, n, l);
}

/* ---- showing ---- */

/* Whether po/ has words for PREFIX.NAME. */
static bool has_words(const char *prefix, struct mm_slice name)
{
    char key[MM_AUDIT_WORD_MAX + 16];
    int n = snprintf(key, sizeof(key), "%s.%.*s", prefix, MM_S_ARG(name));

    return n > 0 && (size_t)n < sizeof(key) &&
           mm_lang_text(MM_LANG_JA, mm_slice_of(key, (size_t)n), 1) != NULL;
}

/* "case 12": what kind of thing, and which. */
static void write_object(struct mm_doc *d, struct mm_slice object)
{
    size_t n = mm_min_size(mm_slice_find(object, ' ', 0), object.n);
    bool known = has_words("audit.on", mm_slice_sub(object, 0, n));

    mm_doc_text(d, "object", object);
    if (known)
        mm_doc_text(d, "kind", mm_slice_sub(object, 0, n));
    mm_doc_text(d, "which", known ? mm_slice_sub(object, n + 1, SIZE_MAX) : object);
}

bool mm_page_audit_entry(void *list, const struct mm_audit_row *row)
{
    struct mm_doc *d = mm_doc_object(list, NULL);

    mm_doc_int(d, "number", (int64_t)row->number);
    mm_doc_time(d, "time", row->entry.time_us);
    mm_doc_text(d, "actor", row->entry.actor);
    mm_doc_text(d, "action", row->entry.action);
    mm_doc_bool(d, "known", has_words("audit.do", row->entry.action));
    write_object(d, row->entry.object);
    mm_doc_text(d, "text", row->entry.text);
    mm_doc_bool(d, "erased", row->erased);
    return true;
}
