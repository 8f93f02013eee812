/* web/portal/rule_upload_page.c - rules come as a file: looked at first, taken by a second yes. */
#include "os/file.h"
#include "web/portal/ask.h"
#include "web/portal/pages.h"
#include "web/portal/rule_sets_view.h"
#include "web/portal/wishes.h"

enum {
    WAIT_MS = 90 * 1000, /* the largest archive, on a slow machine; SigmaHQ's takes two seconds */
    FILE_NAME_MAX = 255, /* as app/rules_upload.h */
};

static const struct mm_slice endings[] = {
    MM_S_INIT(".yml"),    MM_S_INIT(".yaml"), MM_S_INIT(".zip"), MM_S_INIT(".tar.gz"),
    MM_S_INIT(".tar.xz"), MM_S_INIT(".tgz"),  MM_S_INIT(".txz"), MM_S_INIT(".tar")};

/* The name without the ending of a file that is taken; false for any other. */
static bool stem_of(struct mm_slice file, struct mm_slice *ret)
{
    for (size_t i = 0; i < MM_COUNT(endings); i++) {
        struct mm_slice tail =
            mm_slice_sub(file, file.n - mm_min_size(endings[i].n, file.n), SIZE_MAX);

        if (!mm_slice_ieq(tail, endings[i]))
            continue;
        *ret = mm_slice_sub(file, 0, file.n - endings[i].n);
        return true;
    }
    return false;
}

/* A set that is named after its file: what no name may hold becomes '_'. */
static void name_after(struct mm_slice stem, char ret[MM_WISH_RULE_NAME + 1])
{
    size_t n = 0;

    for (size_t i = 0; i < stem.n && n < MM_WISH_RULE_NAME; i++) {
        uint8_t c = stem.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

        if (plain || (n > 0 && c < 0x80))
            ret[n++] = plain || c == '-' ? (char)c : '_';
    }
    ret[n] = 0;
    if (n == 0 || strcmp(ret, "pages") == 0)
        (void)snprintf(ret, MM_WISH_RULE_NAME + 1, "uploaded");
}

/* Which file, into which set; refusals are noted. */
static void read_form(struct mm_page *p, char name[MM_WISH_RULE_NAME + 1])
{
    const struct mm_input_file *f = &p->in.file;
    struct mm_slice set = mm_input_get(&p->in, "set"), stem;

    name[0] = 0;
    if (f->name.n == 0) {
        mm_page_refuse(p, "file", "rule.upload.choose");
    } else if (f->file_name.n > FILE_NAME_MAX || !stem_of(f->file_name, &stem)) {
        mm_page_refuse(p, "file", "rule.upload.type");
    } else if (f->bytes.n == 0) {
        mm_page_refuse(p, "file", "rule.upload.empty");
    } else if (set.n > 0 && (!mm_wish_rule_name_ok(set) || mm_slice_eq(set, MM_S("pages")))) {
        mm_page_refuse(p, "set", "rule.upload.name");
    } else if (set.n > 0) {
        (void)snprintf(name, MM_WISH_RULE_NAME + 1, "%.*s", MM_S_ARG(set));
    } else {
        name_after(stem, name);
    }
}

static enum mm_code ask(struct mm_page *p, const char *name, struct mm_doc *box,
                        const struct mm_doc **ret)
{
    char *file = mm_arena_cstr(p->arena, p->in.file.file_name);
    const char *argv[] = {p->portal->cfg.rules_program,
                          "upload",
                          "--state",
                          p->portal->cfg.state_dir,
                          "--name",
                          name,
                          "--file",
                          file,
                          NULL};
    enum mm_code code;

    if (argv[0] == NULL || file == NULL)
        return file == NULL ? MM_E_NOMEM : MM_E_NOTFOUND;
    code = mm_page_ask_bytes(p, MM_ASK_UPLOAD, argv, p->in.file.bytes, WAIT_MS, box, "answer");
    *ret = mm_answer_member(box, "answer", MM_DOC_OBJECT);
    return code == MM_OK && *ret == NULL ? MM_E_IO : code;
}

static void write_there(const struct mm_doc *answer, struct mm_doc *d)
{
    struct mm_doc *list = mm_doc_array(d, "there");

    for (const struct mm_doc *r = mm_answer_first(answer, "there"); r != NULL; r = r->next) {
        struct mm_doc *o = mm_doc_object(list, NULL);

        mm_doc_text(o, "id", mm_answer_text(r, "id"));
        mm_doc_text(o, "title", mm_answer_text(r, "title"));
    }
}

/* What it would change, or why it cannot. */
static void write_answer(struct mm_page *p, const struct mm_doc *answer)
{
    static const char *const numbers[] = {"new_n",  "changed_n", "removed_n",
                                          "same_n", "refused_n", "there_n",
                                          "rules",  "active",    "filters"};
    static const char *const cut[] = {"new_n", "changed_n", "removed_n", "refused_n", "there_n"};
    struct mm_slice error = mm_answer_text(answer, "error");
    struct mm_doc *d = p->doc;
    bool more = false;

    for (size_t i = 0; i < MM_COUNT(numbers); i++)
        mm_doc_int(d, numbers[i], mm_answer_number(answer, numbers[i]));
    for (size_t i = 0; i < MM_COUNT(cut); i++)
        more |= mm_answer_number(answer, cut[i]) > 100;
    mm_doc_bool(d, "more", more);
    mm_set_write_items(answer, d);
    mm_set_write_refused(p, answer, d);
    write_there(answer, d);
    mm_doc_text(d, "upload", mm_answer_text(answer, "upload"));
    mm_doc_bool(d, "nothing",
                error.n == 0 && mm_answer_number(answer, "new_n") == 0 &&
                    mm_answer_number(answer, "changed_n") == 0 &&
                    mm_answer_number(answer, "removed_n") == 0);
    if (error.n > 0) {
        char *key = mm_arena_cstr(p->arena, error);

        mm_page_refuse(p, "file", key == NULL ? "rule.upload.io" : key);
    }
}

enum mm_code mm_page_rule_upload(struct mm_page *p)
{
    struct mm_doc *box = mm_doc_new(p->arena);
    const struct mm_doc *answer = NULL;
    char name[MM_WISH_RULE_NAME + 1];
    enum mm_code code;

    if (mm_scope_programme(p->me.scope) != 0)
        return MM_E_DENIED; /* a set is everybody's */
    read_form(p, name);
    if (mm_page_refused(p)) {
        p->template = "rule_sets";
        return mm_page_rule_sets(p);
    }
    code = ask(p, name, box, &answer);
    if (code == MM_E_NOMEM)
        return code;
    mm_doc_text(p->doc, "set", mm_slice_str(name));
    mm_doc_text(p->doc, "file", p->in.file.file_name);
    if (code == MM_OK)
        write_answer(p, answer);
    else
        mm_page_refuse(p, "file", code == MM_E_BUSY ? "rule.upload.bomb" : "rule.upload.io");
    return MM_OK;
}

enum mm_code mm_page_rule_set_take(struct mm_page *p)
{
    struct mm_wish wish = {.what = MM_WISH_SET, .name = p->match->param[0]};
    char path[MM_MAX_PATH], id[MM_DIR_ID_MAX] = "";
    enum mm_code code;

    wish.test = mm_input_get(&p->in, "upload");
    if (!mm_wish_rule_name_ok(wish.name) || mm_slice_eq(wish.name, MM_S("pages")))
        return MM_E_NOTFOUND;
    if (!mm_set_path(p, "rules-sets", "upload", "", path) || mm_dir_id(path, id) != MM_OK ||
        !mm_slice_eq(wish.test, mm_slice_str(id))) {
        p->template = "rule_sets";
        mm_page_refuse(p, "upload", "rule.upload.gone");
        return mm_page_rule_sets(p);
    }
    code = mm_page_wish(p, &wish);
    if (code != MM_OK)
        return code;
    mm_page_go(p, "/rules/sets#wishes");
    mm_doc_text(p->doc, "set", wish.name);
    return MM_OK;
}
