/* web/portal/rule_sets_page.c - sets of rules that were installed as a whole: what changed, back.
 */
#include "os/file.h"
#include "web/portal/ask.h"
#include "web/portal/pages.h"
#include "web/portal/rule_sets_view.h"
#include "web/portal/rules.h"
#include "web/portal/wishes.h"

enum { NOTE_MAX = 4 * 1024 * 1024 }; /* as app/rules_update.c writes it */

/* Rules of the set that are in force, and what of it is refused now. */
static void write_counts(const struct mm_ruleset *set, const char *folder, struct mm_doc *d)
{
    struct mm_slice below = mm_slice_str(folder);
    int64_t rules = 0, active = 0, refused = 0;

    for (size_t i = 0; i < mm_rules_count(set); i++) {
        const struct mm_rule *r = mm_rules_get(set, i);
        bool of_set = mm_slice_starts(r->file, below);

        rules += of_set ? 1 : 0;
        active += of_set && r->state == MM_RULE_ACTIVE ? 1 : 0;
    }
    for (size_t i = 0; i < mm_rules_refused(set); i++)
        refused += mm_slice_starts(mm_rules_refusal(set, i)->file, below) ? 1 : 0;
    mm_doc_int(d, "rules", rules);
    mm_doc_int(d, "active", active);
    mm_doc_int(d, "refused_now", refused);
}

/* What was done to it last; a set that was copied there by hand has no note. */
static enum mm_code write_note(struct mm_page *p, const char *name, struct mm_doc *to)
{
    static const char *const numbers[] = {"new_n", "changed_n", "removed_n", "refused_n"};
    struct mm_doc *box = mm_doc_new(p->arena), *d;
    const struct mm_doc *note;
    char path[MM_MAX_PATH];
    struct mm_buf text;
    enum mm_code code;

    if (!mm_set_path(p, "rules", name, "/.note.json", path))
        return MM_OK;
    mm_buf_init(&text, NOTE_MAX);
    code = mm_file_read(path, &text);
    if (code == MM_OK)
        code = mm_page_json(p, mm_buf_slice(&text), box, "note");
    note = mm_answer_member(box, "note", MM_DOC_OBJECT);
    if (code == MM_OK && note != NULL) {
        d = mm_doc_object(to, "note");
        mm_doc_str(d, "verb",
                   mm_slice_eq(mm_answer_text(note, "verb"), MM_S("rollback")) ? "rollback"
                                                                               : "update");
        mm_doc_time(d, "at", mm_answer_number(note, "at_us"));
        mm_doc_text(d, "by", mm_answer_text(note, "by"));
        mm_doc_text(d, "from", mm_answer_text(note, "from"));
        for (size_t i = 0; i < MM_COUNT(numbers); i++)
            mm_doc_int(d, numbers[i], mm_answer_number(note, numbers[i]));
        mm_set_write_items(note, d);
        mm_set_write_refused(p, note, d);
    }
    mm_buf_done(&text);
    return code == MM_E_NOMEM ? code : MM_OK;
}

static bool has_former(const struct mm_page *p, const char *name)
{
    char path[MM_MAX_PATH];

    return mm_set_path(p, "rules-sets", name, ".old", path) && mm_set_is(path);
}

static enum mm_code write_set(struct mm_page *p, const struct mm_ruleset *rules, const char *name,
                              struct mm_doc *list)
{
    struct mm_doc *d = mm_doc_object(list, NULL);
    char folder[MM_MAX_PATH];

    mm_doc_text(d, "name", mm_slice_str(name));
    mm_doc_bool(d, "former", has_former(p, name));
    if (mm_set_path(p, "rules", name, "/", folder))
        write_counts(rules, folder, d);
    return write_note(p, name, d);
}

enum mm_code mm_page_rule_sets(struct mm_page *p)
{
    struct mm_set_name *sets = mm_arena_array(p->arena, MM_SETS_MAX, sizeof(*sets));
    struct mm_doc *list = mm_doc_array(p->doc, "sets");
    struct mm_ruleset *rules = NULL;
    size_t n;
    enum mm_code code = mm_page_read(p);

    if (code != MM_OK || sets == NULL)
        return code != MM_OK ? code : MM_E_NOMEM;
    code = mm_portal_rules(p->portal, p->now_us, &rules);
    n = mm_set_list(p, sets);
    for (size_t i = 0; code == MM_OK && i < n; i++)
        code = write_set(p, rules, sets[i].text, list);
    mm_rules_unref(&rules);
    if (code == MM_OK)
        code = mm_page_wishes(p, MM_WISH_SET);
    if (code == MM_OK)
        mm_doc_bool(p->doc, "has_wishes", mm_doc_get(p->doc, MM_S("wishes"))->n > 0);
    return code;
}

enum mm_code mm_page_rule_set_back(struct mm_page *p)
{
    struct mm_wish wish = {.what = MM_WISH_SET, .remove = true, .name = p->match->param[0]};
    char name[MM_WISH_RULE_NAME + 1], path[MM_MAX_PATH], id[MM_DIR_ID_MAX];
    enum mm_code code;

    if (!mm_wish_rule_name_ok(wish.name))
        return MM_E_NOTFOUND;
    (void)snprintf(name, sizeof(name), "%.*s", MM_S_ARG(wish.name));
    if (!has_former(p, name))
        return MM_E_NOTFOUND;
    if (!mm_slice_eq(mm_input_get(&p->in, "sure"), MM_S("yes"))) {
        p->template = "rule_sets";
        mm_page_refuse(p, "sure", "rule.sets.sure");
        return mm_page_rule_sets(p);
    }
    if (!mm_set_path(p, "rules", name, "", path) || mm_dir_id(path, id) != MM_OK)
        return MM_E_NOTFOUND;
    wish.test = mm_slice_str(id);
    code = mm_page_wish(p, &wish);
    if (code != MM_OK)
        return code;
    mm_page_go(p, "/rules/sets");
    mm_doc_text(p->doc, "set", wish.name);
    return MM_OK;
}
