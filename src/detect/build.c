/* detect/build.c - rule sets: vectors, sets without doubles, loading, life and death. */
#include <dirent.h>
#include <errno.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/utf8.h"
#include "detect/ir.h"
#include "detect/tuning.h"

enum { DOCUMENT_MAX = 64 * 1024 * 1024 };

static const struct {
    const char *what, *text;
} reasons[] = {
#define MM_REASON(what, text) {what, text},
#include "detect/reasons.def"
#undef MM_REASON
};

const char *mm_rules_reason(const char *what)
{
    for (size_t i = 0; i < MM_COUNT(reasons); i++) {
        if (strcmp(reasons[i].what, what) == 0)
            return reasons[i].text;
    }
    return what;
}

enum mm_code mm_rule_refuse(struct mm_build *b, enum mm_code code, uint32_t line, const char *what,
                            struct mm_slice detail)
{
    struct mm_rule_fault *f = &b->fault;
    size_t n = 0;

    MM_ASSERT(code != MM_OK && what != NULL);
    if (f->what != NULL) /* the first reason is the reason */
        return code;
    f->line = line;
    f->what = what;
    detail = mm_utf8_cut(detail, sizeof(f->detail) - 1);
    for (size_t i = 0; i < detail.n; i++) /* for terminals: no control characters */
        f->detail[n++] = (char)(detail.p[i] < 0x20 || detail.p[i] == 0x7f ? '.' : detail.p[i]);
    f->detail[n] = '\0';
    return code;
}

struct mm_expr *mm_expr_new(struct mm_build *b, enum mm_expr_kind kind)
{
    struct mm_expr *x = mm_arena_alloc(&b->set->arena, sizeof(*x));

    if (x != NULL)
        *x = (struct mm_expr){.kind = kind};
    return x;
}

void mm_expr_adopt(struct mm_expr *parent, struct mm_expr *child)
{
    MM_ASSERT(parent != child && child->next == NULL);
    if (parent->last == NULL)
        parent->first = child;
    else
        parent->last->next = child;
    parent->last = child;
}

/* What an atom compares, as bytes: equal bytes, equal meaning. */
static void spell_atom(struct mm_buf *out, const struct mm_atom *a)
{
    mm_buf_byte(out, a->op);
    mm_buf_byte(out, a->cased);
    mm_buf_byte(out, a->cmp);
    mm_buf_byte(out, a->unit);
    mm_buf_byte(out, a->how);
    mm_buf_u32le(out, a->ref);
    switch ((enum mm_atom_op)a->op) {
    case MM_A_GLOB:
        mm_buf_byte(out, (uint8_t)(a->glob.open_front | a->glob.open_back << 1));
        for (size_t i = 0; i < a->glob.part_n; i++) {
            mm_buf_u64le(out, a->glob.part[i].n);
            mm_buf_add(out, mm_slice_of(a->glob.part[i].t, a->glob.part[i].n * sizeof(uint16_t)));
        }
        break;
    case MM_A_REGEX:
        mm_buf_u64le(out, a->src.n);
        mm_buf_add(out, a->src);
        break;
    case MM_A_CIDR:
        mm_buf_add(out, mm_slice_of(a->cidr.net.b, sizeof(a->cidr.net.b)));
        mm_buf_byte(out, a->cidr.bits);
        break;
    case MM_A_NUMBER:
    case MM_A_TIME:
        mm_buf_add(out, mm_slice_of(&a->num, sizeof(a->num)));
        break;
    default:
        mm_buf_u64le(out, a->lit.n);
        mm_buf_add(out, a->lit);
        break;
    }
}

static enum mm_code full(struct mm_build *b)
{
    return mm_rule_refuse(b, MM_E_LIMIT, b->rule->line, "rule.set.full", (struct mm_slice){0});
}

enum mm_code mm_set_intern(struct mm_build *b, uint16_t slot, size_t atom_first, uint32_t *ret)
{
    struct mm_ruleset *s = b->set;
    struct mm_set set = {
        .slot = slot, .atom = (uint32_t)atom_first, .atom_n = (uint32_t)(s->atom_n - atom_first)};
    struct mm_slice key;
    struct mm_buf spell;
    uint64_t *known;
    bool ok;

    MM_ASSERT(s->atom_n > atom_first && s->atom_n <= MM_ATOMS_MAX);
    mm_buf_init(&spell, MM_RULES_MAX_MEMORY);
    mm_buf_u32le(&spell, slot);
    for (size_t i = atom_first; i < s->atom_n; i++)
        spell_atom(&spell, &s->atom[i]);
    ok = mm_buf_ok(&spell);
    known = ok ? mm_map_get(&b->sets, mm_buf_slice(&spell)) : NULL;
    if (ok && known == NULL)
        ok = mm_arena_dup(&b->names, mm_buf_slice(&spell), &key);
    mm_buf_done(&spell);
    if (!ok)
        return full(b);
    if (known != NULL) {
        s->atom_n = atom_first; /* an equal set exists: forget these atoms */
        *ret = (uint32_t)*known;
        return MM_OK;
    }
    mm_set_judge(b, &set);
    if (!MM_VEC_ROOM(s->sets, s->set_n, s->set_cap, MM_SETS_MAX) ||
        mm_map_set(&b->sets, key, s->set_n) != MM_OK)
        return full(b);
    s->sets[s->set_n] = set;
    *ret = (uint32_t)s->set_n++;
    return MM_OK;
}

/* The worst of what may be chosen is what counts for witnesses. */
static void judge_choice(const struct mm_ruleset *s, struct mm_set *set)
{
    set->home = MM_HOME_NONE;
    for (uint32_t i = 0; i <= set->choice->n; i++) {
        uint32_t one = i < set->choice->n ? set->choice->set[i] : set->choice->other;

        if (one == MM_SET_NONE)
            continue;
        set->absent |= s->sets[one].absent;
        set->odds = s->sets[one].odds > set->odds ? s->sets[one].odds : set->odds;
    }
    set->odds += 0.5F; /* as what is not literal: mm_set_judge */
}

enum mm_code mm_set_choose(struct mm_build *b, uint16_t slot, const struct mm_choice *choice,
                           uint32_t *ret)
{
    struct mm_ruleset *s = b->set;
    struct mm_set set = {.slot = slot, .choice = choice};
    struct mm_slice key = {0};
    struct mm_buf spell;
    uint64_t *known;
    bool ok;

    mm_buf_init(&spell, MM_RULES_MAX_MEMORY);
    mm_buf_u32le(&spell, UINT32_MAX); /* no slot: sets of atoms begin with theirs */
    mm_buf_u32le(&spell, slot);
    mm_buf_u32le(&spell, choice->other);
    mm_buf_add(&spell, mm_slice_of(choice->company, choice->n * sizeof(*choice->company)));
    mm_buf_add(&spell, mm_slice_of(choice->set, choice->n * sizeof(*choice->set)));
    ok = mm_buf_ok(&spell);
    known = ok ? mm_map_get(&b->sets, mm_buf_slice(&spell)) : NULL;
    if (known != NULL)
        *ret = (uint32_t)*known;
    else if (ok)
        ok = mm_arena_dup(&b->names, mm_buf_slice(&spell), &key);
    mm_buf_done(&spell);
    if (known != NULL)
        return MM_OK;
    judge_choice(s, &set);
    if (!ok || !MM_VEC_ROOM(s->sets, s->set_n, s->set_cap, MM_SETS_MAX) ||
        mm_map_set(&b->sets, key, s->set_n) != MM_OK)
        return full(b);
    s->sets[s->set_n] = set;
    *ret = (uint32_t)s->set_n++;
    return MM_OK;
}

/* The choices of the document that was read. */
static struct mm_waits waits_of(const struct mm_build *b)
{
    /* Below MM_SETS_MAX. */
    return (struct mm_waits){.at = (uint32_t)b->waits_first,
                             .n = (uint32_t)(b->set->waits_n - b->waits_first)};
}

static bool build_init(struct mm_build *b, const struct mm_rules_options *options)
{
    struct mm_seed seed;
    struct mm_ruleset *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return false;
    if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed)) {
        free(s);
        return false;
    }
    *b = (struct mm_build){.set = s, .options = options};
    if (options != NULL && options->tuning != NULL)
        s->digest = options->tuning->digest;
    s->refs = 1;
    mm_everyday_init(&b->everyday);
    mm_arena_init(&s->arena, MM_RULES_MAX_MEMORY);
    mm_arena_init(&b->tmp, DOCUMENT_MAX);
    mm_arena_init(&b->listing, DOCUMENT_MAX);
    mm_arena_init(&b->names, MM_RULES_MAX_MEMORY);
    mm_map_init(&b->extras, seed, MM_EXTRA_MAX);
    mm_map_init(&b->slots, seed, MM_SLOT_MAX);
    mm_map_init(&b->sets, seed, MM_SETS_MAX);
    mm_map_init(&b->ids, seed, MM_RULES_MAX + MM_FILTERS_MAX);
    return mm_sources_init(&s->arena, &s->sources);
}

static void build_done(struct mm_build *b)
{
    mm_pipelines_free(b);
    mm_arena_done(&b->tmp);
    mm_arena_done(&b->listing);
    mm_arena_done(&b->names);
    mm_map_done(&b->slots);
    mm_map_done(&b->sets);
    mm_map_done(&b->extras);
    mm_map_done(&b->ids);
    mm_rules_unref(&b->set);
}

enum mm_code mm_rule_warn(struct mm_build *b, struct mm_slice file, uint32_t line, const char *what,
                          struct mm_slice detail)
{
    struct mm_ruleset *s = b->set;
    struct mm_rule_refusal w = {.file = file, .line = line, .what = what};

    MM_ASSERT(b->fault.what == NULL);
    (void)mm_rule_refuse(b, MM_E_SYNTAX, line, what, detail); /* makes the detail printable */
    detail = mm_slice_str(b->fault.detail);
    b->fault.what = NULL;
    if (s->warning_n == MM_RULES_MAX)
        return MM_OK;
    if (!mm_arena_dup(&s->arena, detail, &w.detail) ||
        !MM_VEC_ROOM(s->warning, s->warning_n, s->warning_cap, MM_RULES_MAX))
        return MM_E_NOMEM;
    s->warning[s->warning_n++] = w;
    return MM_OK;
}

static enum mm_code add_refusal(struct mm_build *b, struct mm_slice file)
{
    struct mm_ruleset *s = b->set;
    struct mm_rule_refusal r = {
        .file = file, .line = b->fault.line, .column = b->fault.column, .what = b->fault.what};

    MM_ASSERT(r.what != NULL);
    if (!mm_arena_dup(&s->arena, mm_slice_str(b->fault.detail), &r.detail) ||
        !MM_VEC_ROOM(s->refusal, s->refusal_n, s->refusal_cap, MM_RULES_MAX))
        return MM_E_NOMEM;
    s->refusal[s->refusal_n++] = r;
    b->fault = (struct mm_rule_fault){0};
    return MM_OK;
}

/* Read and keep a filter; what is wrong with it is in b->fault. */
static enum mm_code add_filter(struct mm_build *b, struct mm_slice file, const struct mm_yaml *doc)
{
    struct mm_ruleset *s = b->set;
    struct mm_filter f = {.file = file};
    struct mm_filter_code own = {.start = MM_STEP_FALSE};
    struct mm_rule head = {.file = file};
    enum mm_code code = mm_filter_read(b, doc, &head, &f, &own.expr);

    if (code == MM_OK)
        code = mm_program_make(b, own.expr, &own.start);
    if (code == MM_OK && mm_map_get(&b->ids, f.id) != NULL)
        code = mm_rule_refuse(b, MM_E_EXISTS, doc->line, "rule.double", f.id);
    if (code != MM_OK)
        return code;
    own.waits = waits_of(b);
    if (b->missing.n > 0) { /* what it would hide is not known */
        own.start = MM_STEP_FALSE;
        code = mm_rule_warn(b, file, doc->line, "filter.values", b->missing);
    }
    if (code != MM_OK)
        return code;
    if (!MM_VEC_ROOM(s->filter, s->filter_n, s->filter_cap, MM_FILTERS_MAX) ||
        !MM_VEC_ROOM(s->filter_code, s->filter_n, s->filter_code_cap, MM_FILTERS_MAX))
        return mm_rule_refuse(b, MM_E_LIMIT, doc->line, "rule.set.full", (struct mm_slice){0});
    if (mm_map_set(&b->ids, f.id, MM_ID_FILTER | s->filter_n) != MM_OK)
        return MM_E_NOMEM;
    s->filter[s->filter_n] = f;
    s->filter_code[s->filter_n++] = own;
    return MM_OK;
}

static enum mm_code add_document(struct mm_build *b, struct mm_slice file, struct mm_yaml *doc)
{
    struct mm_ruleset *s = b->set;
    struct mm_rule rule = {.file = file};
    struct mm_correlation *correlation = NULL;
    struct mm_expr *x = NULL;
    uint32_t start = MM_STEP_FALSE;
    enum mm_code code;

    b->atom_first = s->atom_n;
    b->regex_first = s->regex_n;
    b->waits_first = s->waits_n;
    code = mm_pipelines_apply(b, doc);
    if (mm_yaml_get(doc, "filter") != NULL) {
        if (code == MM_OK)
            code = add_filter(b, file, doc);
        return code == MM_OK || code == MM_E_NOMEM ? code : add_refusal(b, file);
    }
    if (code == MM_OK)
        code = mm_rule_read(b, doc, &rule, &x);
    if (code == MM_OK && rule.state == MM_RULE_NEXT_STAGE)
        code = mm_correlation_read(b, doc, &correlation);
    if (code == MM_OK && x != NULL)
        code = mm_program_make(b, x, &start);

    if (code == MM_OK && mm_map_get(&b->ids, rule.id) != NULL)
        code = mm_rule_refuse(b, MM_E_EXISTS, doc->line, "rule.double", rule.id);
    if (code == MM_E_NOMEM)
        return code;
    if (code != MM_OK)
        return add_refusal(b, file);
    if (!MM_VEC_ROOM(s->rule, s->rule_n, s->rule_cap, MM_RULES_MAX) ||
        !MM_VEC_ROOM(s->code, s->rule_n, s->code_cap, MM_RULES_MAX)) {
        (void)mm_rule_refuse(b, MM_E_LIMIT, doc->line, "rule.set.full", (struct mm_slice){0});
        return add_refusal(b, file);
    }
    if (mm_map_set(&b->ids, rule.id, s->rule_n) != MM_OK)
        return MM_E_NOMEM;
    s->rule[s->rule_n] = rule;
    s->code[s->rule_n] = (struct mm_rule_code){
        .expr = x, .start = start, .waits = waits_of(b), .correlation = correlation};
    s->rule_n++;
    return MM_OK;
}

/* The documents of a text, NULL when it was refused. */
static enum mm_code read_text(struct mm_build *b, struct mm_arena *a, struct mm_slice text,
                              struct mm_slice *io_file, struct mm_yaml **ret)
{
    struct mm_yaml_fault fault = {0};
    enum mm_code code;

    *ret = NULL;
    if (!mm_arena_dup(&b->set->arena, *io_file, io_file))
        return MM_E_NOMEM;
    b->set->digest = b->set->digest * 31 + mm_hash((struct mm_seed){1, 2}, text);
    code = mm_yaml_read(a, text, ret, &fault);
    if (code == MM_OK || code == MM_E_NOMEM)
        return code;
    (void)mm_rule_refuse(b, code, fault.line, "rule.yaml", mm_slice_str(fault.what));
    b->fault.column = fault.column;
    return add_refusal(b, *io_file);
}

static enum mm_code add_text(struct mm_build *b, struct mm_slice file, struct mm_slice text)
{
    struct mm_yaml *doc;
    enum mm_code code;

    mm_arena_reset(&b->tmp);
    code = read_text(b, &b->tmp, text, &file, &doc);
    for (; doc != NULL && code == MM_OK; doc = doc->next) {
        if (doc->kind == MM_YAML_SCALAR && mm_yaml_is_null(doc))
            continue; /* "---" behind the last document */
        code = add_document(b, file, doc);
    }
    return code;
}

static enum mm_code add_pipeline(struct mm_build *b, struct mm_slice file, struct mm_slice text)
{
    struct mm_yaml *doc;
    enum mm_code code = read_text(b, &b->names, text, &file, &doc);

    for (; doc != NULL && code == MM_OK; doc = doc->next) {
        if (doc->kind == MM_YAML_SCALAR && mm_yaml_is_null(doc))
            continue;
        code = mm_pipeline_read(b, file, doc);
        if (code != MM_OK && code != MM_E_NOMEM)
            code = add_refusal(b, file);
    }
    return code;
}

typedef enum mm_code taker(struct mm_build *b, struct mm_slice file, struct mm_slice text);

static enum mm_code add_file(struct mm_build *b, const char *path, taker *take)
{
    struct mm_slice name = mm_slice_str(path);
    struct mm_buf text;
    FILE *f = fopen(path, "rbe");
    enum mm_code code = MM_OK;
    uint8_t *p;
    size_t n;

    if (f == NULL)
        return MM_E_IO;
    mm_buf_init(&text, MM_YAML_MAX_SIZE + 1);
    do {
        p = mm_buf_room(&text, mm_min_size(64 * 1024, MM_YAML_MAX_SIZE + 1 - text.n));
        n = p == NULL ? 0 : fread(p, 1, mm_min_size(64 * 1024, MM_YAML_MAX_SIZE + 1 - text.n), f);
        text.n += n;
    } while (n > 0 && text.n <= MM_YAML_MAX_SIZE);
    if (ferror(f) || p == NULL)
        code = ferror(f) ? MM_E_IO : MM_E_NOMEM;
    (void)fclose(f);
    if (code == MM_OK)
        code = take(b, name, mm_buf_slice(&text));
    mm_buf_done(&text);
    return code;
}

static bool rule_file(const char *name)
{
    struct mm_slice s = mm_slice_str(name);

    return mm_slice_ends(s, MM_S(".yml")) || mm_slice_ends(s, MM_S(".yaml"));
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

struct walk {
    struct mm_build *b;
    size_t files;
};

static enum mm_code add_path(struct walk *w, const char *path, size_t depth);

static enum mm_code take_file(struct walk *w, const char *path, taker *take)
{
    return ++w->files > MM_RULES_MAX_FILES ? MM_E_LIMIT : add_file(w->b, path, take);
}

/* Is this a folder of pipelines, by its name? */
static bool pipelines_folder(const char *path)
{
    struct mm_slice s = mm_slice_str(path);
    struct stat st;

    while (s.n > 1 && s.p[s.n - 1] == '/')
        s.n--;
    return (mm_slice_eq(s, MM_S("pipelines")) || mm_slice_ends(s, MM_S("/pipelines"))) &&
           stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/*
 * What a folder holds: folders (not through links, which may go round), rule files (also through
 * links). One that cannot be read is refused, the rest goes on: somebody may be copying.
 */
static enum mm_code add_entry(struct walk *w, const char *path, size_t depth, bool pipeline)
{
    struct stat st;
    enum mm_code code = MM_OK;
    struct mm_slice file;

    if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        /* Pipelines were read before anything else of the folder. */
        if (depth < MM_RULES_MAX_DEPTH && !pipeline && !pipelines_folder(path))
            code = add_path(w, path, depth + 1);
    } else if (rule_file(path)) {
        code = stat(path, &st) == 0 && S_ISREG(st.st_mode)
                   ? take_file(w, path, pipeline ? add_pipeline : add_text)
                   : MM_E_IO;
    }
    if (code != MM_E_IO)
        return code;
    if (!mm_arena_dup(&w->b->set->arena, mm_slice_str(path), &file))
        return MM_E_NOMEM;
    (void)mm_rule_refuse(w->b, MM_E_IO, 1, "rule.file", mm_slice_str(strerror(errno)));
    return add_refusal(w->b, file);
}

/* All that a folder holds, in name order. */
static enum mm_code add_folder(struct walk *w, const char *path, size_t depth, bool pipeline)
{
    struct dirent **list = NULL;
    enum mm_code code = MM_OK;
    int n = scandir(path, &list, NULL, by_name);

    if (n < 0)
        return MM_E_IO;
    for (int i = 0; i < n; i++) {
        char sub[MM_MAX_PATH];
        int len = snprintf(sub, sizeof(sub), "%s/%s", path, list[i]->d_name);
        bool fits = len > 0 && (size_t)len < sizeof(sub) && list[i]->d_name[0] != '.';

        free(list[i]);
        if (code == MM_OK && fits)
            code = add_entry(w, sub, depth, pipeline);
    }
    free(list);
    return code;
}

/*
 * A file, or a folder: its pipelines, which are in force until its end, and its rules. Depth is
 * bounded: recursion is too.
 */
static enum mm_code add_path(struct walk *w, const char *path, size_t depth)
{
    struct mm_pipelines before = w->b->pipelines;
    char sub[MM_MAX_PATH];
    int n = snprintf(sub, sizeof(sub), "%s/pipelines", path);
    enum mm_code code = MM_OK;
    struct stat st;

    if (stat(path, &st) != 0)
        return MM_E_IO;
    if (!S_ISDIR(st.st_mode))
        return take_file(w, path, add_text);
    if (pipelines_folder(path)) { /* named by the caller: are they good? */
        code = add_folder(w, path, depth, true);
    } else {
        if (n > 0 && (size_t)n < sizeof(sub) && pipelines_folder(sub))
            code = add_folder(w, sub, depth, true);
        if (code == MM_OK)
            code = add_folder(w, path, depth, false);
    }
    w->b->pipelines = before;
    return code;
}

/* Those that the caller gives are in force everywhere. */
static enum mm_code add_pipelines(struct mm_build *b, struct mm_fault *fault, size_t path_n)
{
    const struct mm_rules_options *o = b->options;
    enum mm_code code = MM_OK;

    for (size_t i = 0; o != NULL && i < o->pipeline_n && code == MM_OK; i++) {
        const struct mm_rules_text *t = &o->pipeline[i];

        code = t->text.p != NULL ? add_pipeline(b, t->name, t->text)
                                 : add_file(b, (const char *)t->name.p, add_pipeline);
        if (code != MM_OK)
            (void)mm_fail(fault, code, path_n + i,
                          code == MM_E_IO ? "rules.path" : mm_code_key(code));
    }
    return code;
}

enum mm_code mm_rules_load(const char *const *paths, size_t path_n,
                           const struct mm_rules_options *options, struct mm_ruleset **ret,
                           struct mm_fault *fault)
{
    struct mm_build b;
    struct walk w = {.b = &b};
    enum mm_code code = MM_OK;

    if (!build_init(&b, options)) {
        build_done(&b);
        return mm_fail(fault, MM_E_NOMEM, 0, "err.nomem");
    }
    code = add_pipelines(&b, fault, path_n);
    for (size_t i = 0; i < path_n && code == MM_OK; i++) {
        code = add_path(&w, paths[i], 0);
        if (code != MM_OK)
            (void)mm_fail(fault, code, i, code == MM_E_IO ? "rules.path" : mm_code_key(code));
    }
    for (size_t i = 0; code == MM_OK && options != NULL && i < options->text_n; i++) {
        code = add_text(&b, options->text[i].name, options->text[i].text);
        if (code != MM_OK)
            (void)mm_fail(fault, code, i, mm_code_key(code));
    }
    if (code == MM_OK) {
        code = mm_compile(&b);
        if (code != MM_OK)
            (void)mm_fail(fault, code, 0, "rule.set.full");
    }
    if (code == MM_OK)
        *ret = mm_rules_ref(b.set);
    build_done(&b);
    return code;
}

enum mm_code mm_rules_load_text(struct mm_slice name, struct mm_slice text,
                                const struct mm_rules_options *options, struct mm_ruleset **ret)
{
    struct mm_build b;
    enum mm_code code;

    if (!build_init(&b, options)) {
        build_done(&b);
        return MM_E_NOMEM;
    }
    code = add_pipelines(&b, NULL, 0);
    if (code == MM_OK)
        code = add_text(&b, name, text);
    if (code == MM_OK)
        code = mm_compile(&b);
    if (code == MM_OK)
        *ret = mm_rules_ref(b.set);
    build_done(&b);
    return code;
}

struct mm_ruleset *mm_rules_ref(struct mm_ruleset *set)
{
    (void)__atomic_add_fetch(&set->refs, 1, __ATOMIC_RELAXED);
    return set;
}

void mm_rules_unref(struct mm_ruleset **set)
{
    struct mm_ruleset *s = *set;

    *set = NULL;
    if (s == NULL || __atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    for (size_t i = 0; i < s->regex_n; i++)
        mm_regex_free(&s->regex[i]);
    mm_arena_done(&s->arena);
    free(s->rule);
    free(s->code);
    free(s->filter);
    free(s->filter_code);
    free(s->refusal);
    free(s->warning);
    free(s->slot);
    free(s->extra_name);
    free(s->atom);
    free(s->waits);
    free(s->sets);
    free(s->step);
    free(s->regex);
    free(s->group);
    free(s->pipeline);
    free(s);
}

size_t mm_rules_count(const struct mm_ruleset *set)
{
    return set->rule_n;
}

const struct mm_rule *mm_rules_get(const struct mm_ruleset *set, size_t index)
{
    MM_ASSERT(index < set->rule_n);
    return &set->rule[index];
}

size_t mm_rules_refused(const struct mm_ruleset *set)
{
    return set->refusal_n;
}

const struct mm_rule_refusal *mm_rules_refusal(const struct mm_ruleset *set, size_t index)
{
    MM_ASSERT(index < set->refusal_n);
    return &set->refusal[index];
}

size_t mm_rules_warnings(const struct mm_ruleset *set)
{
    return set->warning_n;
}

const struct mm_rule_refusal *mm_rules_warning(const struct mm_ruleset *set, size_t index)
{
    MM_ASSERT(index < set->warning_n);
    return &set->warning[index];
}

size_t mm_rules_pipelines(const struct mm_ruleset *set)
{
    return set->pipeline_n;
}

const struct mm_rules_pipeline *mm_rules_pipeline(const struct mm_ruleset *set, size_t index)
{
    MM_ASSERT(index < set->pipeline_n);
    return &set->pipeline[index];
}

uint64_t mm_rules_digest(const struct mm_ruleset *set)
{
    return set->digest;
}
