/* app/values.c - `mimamori values`: what %placeholders% of rules stand for, by company. */
#include <stdio.h>
#include <unistd.h>

#include "app/language.h"
#include "app/say.h"
#include "app/tables.h"
#include "app/tailoring.h"
#include "base/time.h"
#include "base/utf8.h"
#include "serve/state.h"
#include "store/records/system_scope.h"
#include "text/doc.h"

enum { ARENA_MAX = 256 * 1024 * 1024, OUT_MAX = 256 * 1024 * 1024, WORDS_MAX = 1024 };

static int usage(enum mm_lang lang)
{
    mm_say_line(stderr, lang, "cli.values.usage");
    return 2;
}

struct args {
    const char *verb, *state, *name, *company, *programme;
    bool json;
    enum mm_lang lang;
    const char *value[WORDS_MAX];
    size_t value_n;
};

struct work {
    const struct args *args;
    struct mm_records *records;
    struct mm_arena a;
    struct mm_doc *doc;
    struct mm_place at;
    struct mm_slices values; /* typed, or of standard input */
    int64_t now_us;
    struct mm_fault fault;
};

/* An option that takes a value. */
static bool set_option(struct args *a, const char *name, const char *value)
{
    const struct {
        const char *name, **to;
    } texts[] = {
        {"--state", &a->state}, {"--company", &a->company}, {"--programme", &a->programme}};

    for (size_t i = 0; i < MM_COUNT(texts); i++) {
        if (strcmp(name, texts[i].name) == 0) {
            *texts[i].to = value;
            return true;
        }
    }
    return strcmp(name, "--lang") == 0 && mm_lang_parse(mm_slice_str(value), &a->lang);
}

static bool read_args(struct args *a, int argc, char **argv)
{
    *a = (struct args){
        .verb = argc > 1 ? argv[1] : "", .state = MM_STATE_DEFAULT, .lang = mm_app_language()};
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            a->json = true;
        } else if (strncmp(argv[i], "--", 2) == 0) {
            if (i + 1 == argc || !set_option(a, argv[i], argv[i + 1]))
                return false;
            i++;
        } else if (a->name == NULL) {
            a->name = argv[i];
        } else if (a->value_n < WORDS_MAX) {
            a->value[a->value_n++] = argv[i];
        } else {
            return false;
        }
    }
    return true;
}

static bool fail(const struct work *w, enum mm_code code)
{
    char at[32];

    (void)snprintf(at, sizeof(at), "%zu", w->fault.at);
    if (code == MM_E_RANGE && w->fault.what != NULL)
        return mm_tailoring_complain(w->args->lang, w->fault.what, w->fault.at > 0 ? at : NULL);
    if (code == MM_E_NOTFOUND)
        return mm_tailoring_complain(w->args->lang, "tailor.no_list", w->args->name);
    return mm_tailoring_complain(w->args->lang, mm_code_key(code), NULL);
}

/* Foreign text on a terminal: quoted, controls escaped. */
static void print_quoted(struct mm_slice s)
{
    struct mm_buf out;

    mm_buf_init(&out, 64 * 1024);
    mm_utf8_json(&out, s);
    printf("%.*s", MM_S_ARG(mm_buf_slice(&out)));
    mm_buf_done(&out);
}

/* ---- showing ---- */

static void write_list(struct work *w, struct mm_doc *d, const struct mm_tailor_list *l)
{
    struct mm_doc *values;

    mm_doc_int(d, "company", l->company);
    mm_doc_int(d, "programme", l->programme);
    mm_doc_text(d, "name", l->name);
    mm_doc_time(d, "changed", l->changed_us);
    values = mm_doc_array(d, "values");
    for (size_t i = 0; i < l->values.n; i++)
        mm_doc_text(values, NULL, l->values.v[i]);
    (void)w;
}

static bool list(struct work *w)
{
    struct mm_doc *items = mm_doc_array(w->doc, "items");
    bool one = w->args->company != NULL || w->args->programme != NULL;
    struct mm_tailor_list *l = NULL;
    struct mm_tx *tx = NULL;
    size_t n = 0;
    enum mm_code code;

    if (one &&
        !mm_place_find(w->records, w->args->lang, w->args->company, w->args->programme, &w->at))
        return false;
    code = mm_records_read(w->records, mm_system_scope(), &tx);
    if (code == MM_OK)
        code = mm_tailor_lists(tx, one ? (int64_t)w->at.programme : -1, &w->a, &l, &n);
    mm_records_read_done(&tx);
    if (code != MM_OK)
        return fail(w, code);
    for (size_t i = 0; i < n; i++) {
        if (one && l[i].company != w->at.company)
            continue;
        write_list(w, mm_doc_object(items, NULL), &l[i]);
        if (w->args->json)
            continue;
        if (l[i].programme == MM_TAILOR_OWN)
            printf("%u\t-\t", l[i].company);
        else
            printf("-\t%u\t", l[i].programme);
        print_quoted(l[i].name);
        printf("\t%zu\n", l[i].values.n);
    }
    return true;
}

/* The list that is named, of the place; false after saying why not. */
static bool get(struct work *w, struct mm_tailor_list *ret, bool must)
{
    struct mm_tx *tx = NULL;
    enum mm_code code;

    *ret = (struct mm_tailor_list){0};
    code = mm_records_read(w->records, mm_system_scope(), &tx);
    if (code == MM_OK)
        code = mm_tailor_get(tx, w->at.company, w->at.programme, mm_slice_str(w->args->name), &w->a,
                             ret);
    mm_records_read_done(&tx);
    return code == MM_OK || (code == MM_E_NOTFOUND && !must) || fail(w, code);
}

static bool show(struct work *w)
{
    struct mm_tailor_list l;

    if (!get(w, &l, true))
        return false;
    write_list(w, w->doc, &l);
    for (size_t i = 0; i < l.values.n && !w->args->json; i++)
        printf("%.*s\n", MM_S_ARG(l.values.v[i])); /* no controls: tuning.h */
    return true;
}

/* ---- changing ---- */

/* What was typed, or the lines of standard input for "-". */
static bool read_values(struct work *w)
{
    const struct args *a = w->args;
    struct mm_buf text;
    struct mm_slice kept;
    enum mm_code code;
    size_t n = 1;

    mm_buf_init(&text, MM_TAILOR_BYTES_MAX);
    if (a->value_n == 1 && strcmp(a->value[0], "-") == 0) {
        while (n > 0 && mm_buf_ok(&text)) {
            uint8_t piece[4096];

            n = fread(piece, 1, sizeof(piece), stdin);
            mm_buf_add(&text, mm_slice_of(piece, n));
        }
    } else {
        for (size_t i = 0; i < a->value_n; i++) {
            mm_buf_str(&text, a->value[i]);
            mm_buf_byte(&text, '\n');
        }
    }
    code = mm_buf_ok(&text) ? MM_OK : mm_fail(&w->fault, MM_E_RANGE, 0, "tailor.full");
    if (code == MM_OK && !mm_arena_dup(&w->a, mm_buf_slice(&text), &kept))
        code = MM_E_NOMEM;
    if (code == MM_OK)
        code = mm_tailor_values(kept, &w->a, &w->values, &w->fault);
    mm_buf_done(&text);
    return code == MM_OK || fail(w, code);
}

static enum mm_code do_put(struct mm_tx *tx, void *arg)
{
    struct work *w = arg;

    return mm_place_put(tx, &w->at, mm_slice_str(w->args->name), w->values, w->now_us, &w->fault);
}

static bool has(struct mm_slices s, struct mm_slice value)
{
    for (size_t i = 0; i < s.n; i++) {
        if (mm_slice_eq(s.v[i], value))
            return true;
    }
    return false;
}

/* The values that are kept, with those that were typed or without them. */
static bool join(struct work *w, bool without)
{
    struct mm_tailor_list l;
    struct mm_slice *v;
    size_t n = 0;

    if (!get(w, &l, without))
        return false;
    v = mm_arena_array(&w->a, l.values.n + w->values.n, sizeof(*v));
    if (v == NULL)
        return fail(w, MM_E_NOMEM);
    for (size_t i = 0; i < l.values.n; i++) {
        if (!without || !has(w->values, l.values.v[i]))
            v[n++] = l.values.v[i];
    }
    for (size_t i = 0; i < w->values.n && !without; i++) {
        if (!has(l.values, w->values.v[i]))
            v[n++] = w->values.v[i];
    }
    w->values = (struct mm_slices){.v = v, .n = n};
    return true;
}

static bool change(struct work *w)
{
    bool remove = strcmp(w->args->verb, "remove") == 0, add = strcmp(w->args->verb, "add") == 0;
    struct mm_tailor_list l;
    enum mm_code code;

    if (!read_values(w))
        return false;
    if (!remove && w->values.n == 0)
        return mm_tailoring_complain(w->args->lang, "tailor.none", NULL);
    if (remove && w->values.n == 0 && !get(w, &l, true))
        return false;
    if ((add || (remove && w->values.n > 0)) && !join(w, remove))
        return false;
    code = mm_records_write(w->records, mm_system_scope(), do_put, w);
    if (code != MM_OK)
        return fail(w, code);
    mm_doc_str(w->doc, "name", w->args->name);
    mm_doc_int(w->doc, "values", (int64_t)w->values.n);
    if (!w->args->json) {
        print_quoted(mm_slice_str(w->args->name));
        printf("\t%zu\n", w->values.n);
    }
    return true;
}

/* ---- what rules ask for ---- */

/* One placeholder: rules that ask for it, and of these how many wait. */
static void tell_wanted(const struct work *w, const struct mm_ruleset *set, struct mm_slice name,
                        struct mm_doc *items)
{
    struct mm_doc *d = mm_doc_object(items, NULL);
    size_t rules = 0, wait = 0;

    for (size_t i = 0; i < mm_rules_count(set); i++) {
        const struct mm_rule *r = mm_rules_get(set, i);

        if (!has(r->wanted, name))
            continue;
        rules++;
        wait += mm_rules_waits(set, i, w->at.company) ? 1 : 0;
    }
    mm_doc_text(d, "name", name);
    mm_doc_int(d, "rules", (int64_t)rules);
    mm_doc_int(d, "wait", (int64_t)wait);
    if (w->args->json)
        return;
    print_quoted(name);
    printf("\t%zu\t%zu\n", rules, wait);
}

static bool wanted(struct work *w)
{
    struct mm_doc *items = mm_doc_array(w->doc, "items");
    struct mm_tuning *tuning = NULL;
    struct mm_ruleset *set;
    struct mm_slice seen[WORDS_MAX];
    struct mm_slices names = {.v = seen, .n = 0};
    bool ok =
        w->args->company == NULL ||
        mm_tailoring_of(w->args->state, w->args->lang, w->args->company, &w->at.company, &tuning);

    set = ok ? mm_tailoring_rules(w->args->state, tuning) : NULL;
    for (size_t i = 0; set != NULL && i < mm_rules_count(set); i++) {
        const struct mm_rule *r = mm_rules_get(set, i);

        for (size_t k = 0; k < r->wanted.n; k++) {
            if (names.n == WORDS_MAX || has(names, r->wanted.v[k]))
                continue;
            seen[names.n++] = r->wanted.v[k];
            tell_wanted(w, set, r->wanted.v[k], items);
        }
    }
    mm_tuning_free(&tuning);
    ok = set != NULL;
    mm_rules_unref(&set);
    return ok;
}

static bool run(struct work *w)
{
    const struct args *a = w->args;

    if (strcmp(a->verb, "wanted") == 0)
        return wanted(w);
    if (mm_app_records(a->state, &w->records) != MM_OK)
        return false;
    if (strcmp(a->verb, "list") == 0)
        return list(w);
    if (!mm_place_find(w->records, a->lang, a->company, a->programme, &w->at))
        return false;
    return strcmp(a->verb, "show") == 0 ? show(w) : change(w);
}

/* Is what was asked for whole? */
static bool sensible(const struct args *a)
{
    static const char *const named[] = {"show", "set", "add", "remove"};

    if (strcmp(a->verb, "list") == 0 || strcmp(a->verb, "wanted") == 0)
        return a->name == NULL && (a->programme == NULL || a->verb[0] == 'l');
    for (size_t i = 0; i < MM_COUNT(named); i++) {
        if (strcmp(a->verb, named[i]) == 0)
            return a->name != NULL && (i > 0 || a->value_n == 0);
    }
    return false;
}

int main(int argc, char **argv)
{
    static struct args a;
    struct work w = {.args = &a, .now_us = mm_now_us()};
    struct mm_buf out;
    bool ok;

    if (!read_args(&a, argc, argv) || !sensible(&a))
        return usage(a.lang);
    mm_arena_init(&w.a, ARENA_MAX);
    w.doc = mm_doc_new(&w.a);
    ok = run(&w) && mm_doc_ok(w.doc);
    if (ok && a.json) {
        mm_buf_init(&out, OUT_MAX);
        mm_doc_json(&out, w.doc);
        printf("%.*s\n", MM_S_ARG(mm_buf_slice(&out)));
        mm_buf_done(&out);
    }
    mm_records_close(&w.records);
    mm_arena_done(&w.a);
    return ok && fflush(stdout) == 0 ? 0 : 1;
}
