/* web/portal/format_pages.c - the operator's own formats: what there is, what is on its way. */
#include <stdio.h>
#include <unistd.h>

#include "parse/draft.h"
#include "parse/parse.h"
#include "web/portal/facts.h"
#include "web/portal/feature.h"
#include "web/portal/formats.h"
#include "web/portal/pages.h"
#include "web/portal/wishes.h"

enum { USES_MAX = 200 };

/* Sources that are said to send it, or of which lines were read by it in the last 30 days. */
static enum mm_code write_uses(struct mm_page *p, struct mm_slice name, struct mm_doc *d)
{
    struct mm_doc *list = mm_doc_array(d, "sources");
    struct mm_q q;

    mm_q_begin(&q, p->tx, &mm_portal_stmts[MM_P_FORMAT_USES]);
    mm_q_text(&q, ":format", name);
    mm_q_int(&q, ":since", p->now_us - INT64_C(30) * 86400 * 1000000);
    mm_q_int(&q, ":max", USES_MAX);
    while (mm_q_row(&q)) {
        struct mm_doc *o = mm_doc_object(list, NULL);

        mm_doc_int(o, "company", mm_q_col_int(&q, 0));
        mm_doc_text(o, "company_name", mm_q_col_text(&q, 1));
        mm_doc_int(o, "source", mm_q_col_int(&q, 2));
        mm_doc_text(o, "name", mm_q_col_text(&q, 3));
        mm_doc_bool(o, "entered", mm_q_col_int(&q, 4) != 0);
    }
    return mm_q_end(&q);
}

static enum mm_code write_own(struct mm_page *p)
{
    const struct mm_known_formats *known = mm_page_known(p);
    struct mm_doc *list = mm_doc_array(p->doc, "formats");
    const struct mm_formats *set = known == NULL ? NULL : mm_known_set(known);
    enum mm_code code = MM_OK;

    mm_doc_int(p->doc, "ours", known == NULL ? 0 : (int64_t)mm_known_ours(known));
    for (size_t i = known == NULL ? 0 : mm_known_ours(known);
         set != NULL && i < mm_formats_count(set) && code == MM_OK; i++) {
        struct mm_slice name = mm_formats_name(set, (uint16_t)i); /* below MM_FORMATS_MAX */
        struct mm_doc *o = mm_doc_object(list, NULL);

        mm_doc_text(o, "format", name);
        mm_doc_text(o, "format_title", mm_formats_title(set, (uint16_t)i, mm_lang_tag(p->lang)));
        code = write_uses(p, name, o);
    }
    return code;
}

/* The formats that come with the program, as they speak of themselves. */
static void write_ours(struct mm_page *p)
{
    const struct mm_known_formats *known = mm_page_known(p);
    struct mm_doc *list = mm_doc_array(p->doc, "with_program");
    const struct mm_formats *set = known == NULL ? NULL : mm_known_set(known);
    const char *lang = mm_lang_tag(p->lang);

    for (size_t i = 0; set != NULL && i < mm_known_ours(known) && i < mm_formats_count(set); i++) {
        uint16_t at = (uint16_t)i; /* below MM_FORMATS_MAX */
        struct mm_slice covers = mm_formats_about(set, at, MM_ABOUT_COVERS, lang);
        struct mm_doc *o = mm_doc_object(list, NULL);

        mm_facts_write_format(p, mm_formats_name(set, at), o);
        mm_doc_text(o, "covers", covers.n > 0 ? covers : mm_formats_title(set, at, lang));
        mm_doc_text(o, "reads", mm_formats_about(set, at, MM_ABOUT_READS, lang));
        mm_doc_text(o, "tested", mm_formats_about(set, at, MM_ABOUT_TESTED, lang));
    }
}

/* Whether the operator has a file of this name, also one that is refused; then it can go. */
static bool has_file(const struct mm_page *p, struct mm_slice name)
{
    char path[MM_MAX_PATH];
    int n;

    if (p->portal->cfg.own_format_dir == NULL || !mm_draft_name_ok(name))
        return false;
    n = snprintf(path, sizeof(path), "%s/%.*s.yaml", p->portal->cfg.own_format_dir, MM_S_ARG(name));
    return n > 0 && (size_t)n < sizeof(path) && access(path, F_OK) == 0;
}

/* Why, in the page's language. libyaml's own words are English: they say where, not what to do. */
static void write_reason(struct mm_page *p, const struct mm_format_error *e, struct mm_doc *o)
{
    const char *words = mm_lang_text(p->lang, mm_slice_str(e->what), 1);
    bool own = words != NULL;

    mm_doc_str(o, "reason", own ? words : mm_lang_text(p->lang, MM_S("yaml.syntax"), 1));
    mm_doc_text(o, "detail", mm_slice_str(own ? e->detail : e->what));
}

/* Files of the operator that the engine refuses just as this loader does. */
static void write_refused(struct mm_page *p)
{
    const struct mm_known_formats *known = mm_page_known(p);
    struct mm_doc *list = mm_doc_array(p->doc, "refused");
    const struct mm_format_errors *errors = known == NULL ? NULL : mm_known_errors(known);

    for (size_t i = 0; errors != NULL && i < errors->count && i < MM_FORMATS_MAX_ERRORS; i++) {
        const struct mm_format_error *e = &errors->error[i];
        struct mm_slice name = mm_slice_str(e->file);
        struct mm_doc *o = mm_doc_object(list, NULL);

        mm_doc_text(o, "file", mm_slice_str(e->file));
        mm_doc_int(o, "line", e->line);
        mm_doc_int(o, "column", e->column);
        mm_doc_str(o, "code", e->what);
        write_reason(p, e, o);
        if (mm_slice_ends(name, MM_S(".yaml")))
            name.n -= strlen(".yaml");
        /* Its form stands behind the first of what is wrong with it. */
        if (has_file(p, name) && (i == 0 || strcmp(errors->error[i - 1].file, e->file) != 0))
            mm_doc_text(o, "format", name);
    }
}

enum mm_code mm_page_formats(struct mm_page *p)
{
    enum mm_code code = mm_page_read(p);

    p->template = "formats";
    if (code == MM_OK)
        code = write_own(p);
    if (code != MM_OK)
        return code;
    write_refused(p);
    write_ours(p);
    return mm_page_wishes(p, MM_WISH_FORMAT);
}

enum mm_code mm_page_format_remove(struct mm_page *p)
{
    struct mm_slice name = p->match->param[0];
    struct mm_wish wish = {.remove = true, .name = name};
    enum mm_code code;

    /* Ours cannot be taken away: they have no file there. */
    if (!has_file(p, name))
        return MM_E_NOTFOUND;
    if (!mm_slice_eq(mm_input_get(&p->in, "sure"), MM_S("yes"))) {
        mm_page_refuse(p, "sure", "formats.sure");
        return mm_page_formats(p);
    }
    code = mm_page_wish(p, &wish);
    if (code != MM_OK)
        return code;
    mm_page_go(p, "/formats");
    mm_doc_text(p->doc, "format", name);
    return MM_OK;
}
