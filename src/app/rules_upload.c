/* app/rules_upload.c - see rules_upload.h for the contract. */
#include "app/rules_upload.h"

#include <stdio.h>
#include <unistd.h>

#include "app/content.h"
#include "app/question.h"
#include "app/rules_diff.h"
#include "app/rules_pack.h"
#include "app/rules_print.h"
#include "app/tailoring.h"
#include "detect/filter.h"
#include "os/file.h"
#include "os/sandbox.h"

#define LABEL ".upload" /* in the folder: name of the set and of the file, a line each */

enum {
    ARENA_MAX = 64 * 1024 * 1024,
    ANSWER_MAX = 2 * 1024 * 1024,
    ROOM = 128 * 1024,               /* behind the last byte, for who reads in blocks */
    MEMORY_MAX = 1024 * 1024 * 1024, /* three of the largest sets are 400 MB */
    LABEL_MAX = MM_RULES_SET_NAME_MAX + MM_RULES_UPLOAD_NAME_MAX + 2,
};

/* ---- what waits ---- */

static bool is_rules(struct mm_slice name)
{
    return mm_slice_ends(name, MM_S(".yml")) || mm_slice_ends(name, MM_S(".yaml"));
}

static enum mm_code take_file(void *ctx, struct mm_slice name, struct mm_slice text)
{
    return mm_rules_set_put(ctx, name, text);
}

enum mm_code mm_rules_upload_unpack(struct mm_slice name, struct mm_slice bytes, char *dir)
{
    if (!is_rules(name))
        return mm_rules_unpack(bytes, take_file, dir);
    /* Its own name may be anything: the set has one file. */
    return bytes.n > MM_RULES_FILE_MAX ? MM_E_LIMIT
                                       : mm_rules_set_put(dir, MM_S("rules.yml"), bytes);
}

/* A small file of a folder; what is longer is none of ours. */
static enum mm_code read_small(const char *dir, const char *name, struct mm_buf *out)
{
    char path[MM_MAX_PATH];
    enum mm_code code = mm_path_join(path, dir, name);

    mm_buf_init(out, LABEL_MAX);
    return code == MM_OK ? mm_file_read(path, out) : code;
}

enum mm_code mm_rules_upload_find(const struct mm_rules_set *s, const char *id, const char *name,
                                  char ret[MM_RULES_UPLOAD_NAME_MAX + 1])
{
    char now[MM_DIR_ID_MAX] = "";
    struct mm_slice label, file;
    struct mm_buf text;
    size_t line;
    enum mm_code code = mm_dir_id(s->upload, now);

    if (code != MM_OK || strcmp(now, id) != 0)
        return MM_E_NOTFOUND;
    code = read_small(s->upload, LABEL, &text);
    label = mm_buf_slice(&text);
    line = mm_min_size(mm_slice_find(label, '\n', 0), label.n);
    file = mm_slice_trim(mm_slice_sub(label, line, SIZE_MAX));
    if (code != MM_OK || !mm_slice_eq(mm_slice_sub(label, 0, line), mm_slice_str(name)) ||
        file.n > MM_RULES_UPLOAD_NAME_MAX)
        code = MM_E_NOTFOUND;
    else
        (void)snprintf(ret, MM_RULES_UPLOAD_NAME_MAX + 1, "%.*s", MM_S_ARG(file));
    mm_buf_done(&text);
    return code;
}

static bool made_of(const char *dir, const char *id)
{
    struct mm_buf text;
    bool same = read_small(dir, MM_RULES_SET_TAKEN, &text) == MM_OK &&
                mm_slice_eq(mm_buf_slice(&text), mm_slice_str(id));

    mm_buf_done(&text);
    return same;
}

bool mm_rules_upload_taken(const struct mm_rules_set *s, const char *id)
{
    return made_of(s->in, id) || made_of(s->old, id);
}

/* ---- looking at it ---- */

struct looking {
    const char *state, *name, *file;
    struct mm_rules_set s;
    struct mm_rules_diff d;
    struct mm_doc *out;
};

/* Rules of an id that another place has already: the engine takes the first it reads. */
static void note_there(struct looking *l)
{
    struct mm_ruleset *all = mm_tailoring_rules(l->state, NULL);
    struct mm_slice own = mm_slice_str(l->s.in);
    struct mm_doc *list = mm_doc_array(l->out, "there");
    int64_t n = 0;

    for (size_t i = 0; all != NULL && i < mm_rules_count(all); i++) {
        const struct mm_rule *r = mm_rules_get(all, i);
        struct mm_doc *o;

        if ((mm_slice_starts(r->file, own) && r->file.n > own.n && r->file.p[own.n] == '/') ||
            mm_map_get(&l->d.after.by_id, r->id) == NULL || n++ >= MM_RULES_DIFF_NOTED)
            continue;
        o = mm_doc_object(list, NULL);
        mm_doc_text(o, "id", r->id);
        mm_doc_text(o, "title", r->title);
    }
    mm_doc_int(l->out, "there_n", n);
    mm_rules_unref(&all);
}

static void note_states(struct looking *l)
{
    const struct mm_ruleset *set = l->d.after.set;
    int64_t active = 0;

    for (size_t i = 0; i < mm_rules_count(set); i++)
        active += mm_rules_get(set, i)->state == MM_RULE_ACTIVE ? 1 : 0;
    mm_doc_int(l->out, "rules", (int64_t)mm_rules_count(set));
    mm_doc_int(l->out, "active", active);
    mm_doc_int(l->out, "filters", (int64_t)mm_filters_count(set));
    mm_doc_int(l->out, "same_n", (int64_t)l->d.same);
}

static const char *key_of(enum mm_code code)
{
    return code == MM_E_SYNTAX   ? "rule.upload.damaged"
           : code == MM_E_DENIED ? "rule.upload.path"
           : code == MM_E_LIMIT  ? "rule.upload.bomb"
           : code == MM_E_BUSY   ? "rule.upload.busy"
           : code == MM_E_FULL   ? "rule.upload.full"
                                 : "rule.upload.io";
}

/* Keep what can come into force; NULL, or the key of why not. */
static const char *keep(struct looking *l)
{
    char label[LABEL_MAX + 1], id[MM_DIR_ID_MAX];
    enum mm_code code;

    if (mm_rules_pipelines(l->d.after.set) > 0)
        return "rule.upload.pipelines";
    if (l->d.after.n == 0)
        return "rule.upload.none";
    note_states(l);
    note_there(l);
    (void)snprintf(label, sizeof(label), "%s\n%s", l->name, l->file);
    code = mm_rules_set_put(l->s.packed, MM_S(LABEL), mm_slice_str(label));
    if (code == MM_OK)
        code = mm_rules_set_keep(&l->s);
    if (code == MM_OK)
        code = mm_dir_id(l->s.upload, id);
    if (code == MM_OK)
        mm_doc_str(l->out, "upload", id);
    return code == MM_OK ? NULL : key_of(code);
}

/* Before rules of whoever are read: no network, no programs, no file but those of rules. */
static enum mm_code shut_doors(const struct mm_rules_set *s)
{
    char ours[MM_MAX_PATH];
    struct mm_sandbox_path paths[] = {{s->sets, MM_REACH_WRITE, false},
                                      {s->rules, MM_REACH_READ, false},
                                      {ours, MM_REACH_READ, false}};
    unsigned missing = 0;
    bool has_ours = mm_content_path("rules", ours) == MM_OK;

    return mm_sandbox_enter(&(struct mm_sandbox){.may = MM_MAY_READ_FILES | MM_MAY_WRITE_FILES,
                                                 .paths = paths,
                                                 .paths_n = has_ours ? 3 : 2,
                                                 .memory_max = MEMORY_MAX},
                            &missing);
}

/* Under the lock of sets. */
static const char *look(struct looking *l, struct mm_slice bytes)
{
    enum mm_code code = mm_rules_set_begin(l->s.packed);
    const char *error;

    if (code == MM_OK)
        code = mm_rules_upload_unpack(mm_slice_str(l->file), bytes, l->s.packed);
    if (code == MM_OK)
        code = shut_doors(&l->s);
    if (code != MM_OK)
        return key_of(code);
    if (!mm_rules_diff_read(&l->d, l->s.in, l->s.packed, MM_LANG_EN)) {
        mm_rules_diff_done(&l->d);
        return "rule.upload.io";
    }
    mm_rules_diff_note(&l->d, l->s.packed, l->out);
    mm_doc_bool(l->out, "nothing", mm_rules_diff_none(&l->d));
    error = keep(l);
    mm_rules_diff_done(&l->d);
    return error;
}

int mm_rules_cli_upload(const char *state, const char *name, const char *file)
{
    struct looking l = {.state = state, .name = name, .file = file};
    const char *error = NULL;
    struct mm_arena a;
    struct mm_buf bytes;
    enum mm_code code;
    bool ok;

    if (strlen(file) > MM_RULES_UPLOAD_NAME_MAX || strchr(file, '\n') != NULL)
        return 1;
    mm_arena_init(&a, ARENA_MAX);
    mm_buf_init(&bytes, MM_RULES_PACKED_MAX + ROOM);
    l.out = mm_doc_new(&a);
    code = mm_question_read(&bytes) ? MM_OK : MM_E_LIMIT;
    if (code == MM_OK)
        code = mm_rules_set_open(state, name, &l.s);
    if (code == MM_OK) {
        error = look(&l, mm_buf_slice(&bytes));
        if (mm_rules_set_drop(l.s.packed) != MM_OK)
            error = error == NULL ? "rule.upload.io" : error;
        mm_rules_set_close(&l.s);
    } else {
        error = code == MM_E_CONFIG ? "rule.upload.name" : key_of(code);
    }
    mm_doc_str(l.out, "error", error == NULL ? "" : error);
    ok = mm_question_answer(l.out, ANSWER_MAX);
    mm_buf_done(&bytes);
    mm_arena_done(&a);
    /* In the jail: what others do at the end of a program (leak detectors) is not allowed here. */
    _exit(ok ? 0 : 1);
}
