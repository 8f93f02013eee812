/* web/portal/rule_sets_view.c - see rule_sets_view.h for the contract. */
#include "web/portal/rule_sets_view.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "web/portal/ask.h"
#include "web/portal/rules.h"

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct mm_set_name *)a)->text, ((const struct mm_set_name *)b)->text);
}

bool mm_set_path(const struct mm_page *p, const char *folder, const char *name, const char *ending,
                 char ret[MM_MAX_PATH])
{
    int n =
        snprintf(ret, MM_MAX_PATH, "%s/%s/%s%s", p->portal->cfg.state_dir, folder, name, ending);

    return n > 0 && n < MM_MAX_PATH;
}

bool mm_set_is(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

size_t mm_set_list(const struct mm_page *p, struct mm_set_name ret[MM_SETS_MAX])
{
    char path[MM_MAX_PATH];
    DIR *dir = mm_set_path(p, "rules", "", "", path) ? opendir(path) : NULL;
    const struct dirent *e;
    size_t n = 0;

    while (dir != NULL && n < MM_SETS_MAX && (e = readdir(dir)) != NULL) {
        if (!mm_wish_rule_name_ok(mm_slice_str(e->d_name)) || strcmp(e->d_name, "pages") == 0 ||
            !mm_set_path(p, "rules", e->d_name, "", path) || !mm_set_is(path))
            continue;
        (void)snprintf(ret[n++].text, sizeof(ret[0].text), "%s", e->d_name);
    }
    if (dir != NULL)
        (void)closedir(dir);
    if (n > 0)
        qsort(ret, n, sizeof(ret[0]), by_name);
    return n;
}

void mm_set_write_items(const struct mm_doc *note, struct mm_doc *d)
{
    static const char *const kinds[] = {"new", "changed", "removed"};
    bool any = false;

    for (size_t k = 0; k < MM_COUNT(kinds); k++) {
        struct mm_doc *list = mm_doc_array(d, kinds[k]);

        for (const struct mm_doc *r = mm_answer_first(note, kinds[k]); r != NULL; r = r->next) {
            struct mm_doc *o = mm_doc_object(list, NULL);

            mm_doc_text(o, "id", mm_answer_text(r, "id"));
            mm_doc_text(o, "title", mm_answer_text(r, "title"));
            any = true;
        }
    }
    mm_doc_bool(d, "items", any);
}

void mm_set_write_refused(const struct mm_page *p, const struct mm_doc *note, struct mm_doc *d)
{
    struct mm_doc *list = mm_doc_array(d, "refused");

    for (const struct mm_doc *r = mm_answer_first(note, "refused"); r != NULL; r = r->next) {
        struct mm_slice code = mm_answer_text(r, "code");
        const char *words = mm_lang_text(p->lang, code, 1);
        struct mm_doc *o = mm_doc_object(list, NULL);

        mm_doc_text(o, "file", mm_answer_text(r, "file"));
        mm_doc_int(o, "line", mm_answer_number(r, "line"));
        mm_doc_text(o, "code", code);
        mm_doc_text(o, "reason", words != NULL ? mm_slice_str(words) : code);
        mm_doc_text(o, "detail", mm_portal_rule_detail(p, mm_answer_text(r, "detail")));
    }
}
