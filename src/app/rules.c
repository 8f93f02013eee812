/* app/rules.c - `mimamori rules`: are rules good, which are there, take some in, why (not) this
 * one. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "app/rules_coverage.h"
#include "app/rules_why.h"
#include "base/utf8.h"
#include "detect/filter.h"
#include "os/file.h"

enum { EXIT_BAD = 1, EXIT_USAGE = 2, PATHS_MAX = 256, OUT_MAX = 256 * 1024 * 1024 };

#define STATE_DEFAULT "/var/lib/mimamori"

struct args {
    bool json;
    enum mm_lang lang;
    const char *state;
    const char *path[PATHS_MAX];
    size_t path_n;
};

static int usage(void)
{
    fputs("usage: mimamori rules check [--json] PATH...\n"
          "       mimamori rules list [--json] [--state DIR | PATH...]\n"
          "       mimamori rules add [--json] [--state DIR] PATH...\n"
          "       mimamori rules coverage [--json] [--state DIR | PATH...]\n"
          "       mimamori rules why [--json] [--lang ja|en] RULE.yml... EVENT.json\n"
          "  check  read Sigma rules (files, folders) and say what is wrong with which line\n"
          "  list   every rule and what becomes of it (default: those under DIR/rules)\n"
          "  add    copy good rules into DIR/rules (default " STATE_DEFAULT "); the engine\n"
          "         takes them in by itself\n"
          "  coverage  which logsources the rules are about, and which no format of ours writes\n"
          "  why    does the rule match the event (- for standard input), which part of it does "
          "not,\n"
          "         and what the event holds there; files may hold filters as well\n"
          "Exit: 0 good, 1 some rule was refused or does not match, 2 wrong usage.\n",
          stderr);
    return EXIT_USAGE;
}

static bool read_args(struct args *a, int argc, char **argv)
{
    *a = (struct args){.state = STATE_DEFAULT, .lang = mm_rules_cli_lang()};
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            a->json = true;
        } else if (strcmp(argv[i], "--state") == 0 && i + 1 < argc) {
            a->state = argv[++i];
        } else if (strcmp(argv[i], "--lang") == 0 && i + 1 < argc) {
            if (!mm_lang_parse(mm_slice_str(argv[++i]), &a->lang))
                return false;
        } else if ((argv[i][0] == '-' && argv[i][1] != 0) || a->path_n == PATHS_MAX) {
            return false;
        } else {
            a->path[a->path_n++] = argv[i];
        }
    }
    return true;
}

static const char *state_word(enum mm_rule_state state)
{
    static const char *const words[MM_RULE_STATE_COUNT] = {"active", "no source", "needs values",
                                                           "next stage"};

    return words[state];
}

/* Load or say why not. */
static struct mm_ruleset *load(const char *const *path, size_t n)
{
    struct mm_ruleset *set = NULL;
    struct mm_fault fault = {0};
    enum mm_code code = mm_rules_load(path, n, NULL, &set, &fault);

    if (code == MM_E_IO)
        fprintf(stderr, "mimamori: cannot read %s: %s\n", path[fault.at], strerror(errno));
    else if (code != MM_OK)
        fprintf(stderr, "mimamori: %s\n", mm_rules_reason(fault.what));
    return set;
}

static void key_text(struct mm_buf *out, const char *key, struct mm_slice v)
{
    mm_buf_fmt(out, ",\"%s\":", key);
    mm_utf8_json(out, v);
}

static void remark_json(struct mm_buf *out, const struct mm_rule_refusal *r, bool first)
{
    mm_buf_fmt(out, "%s{\"line\":%u", first ? "" : ",", r->line);
    key_text(out, "file", r->file);
    key_text(out, "reason", mm_slice_str(r->what));
    key_text(out, "text", mm_slice_str(mm_rules_reason(r->what)));
    key_text(out, "detail", r->detail);
    mm_buf_byte(out, '}');
}

static void remarks_json(struct mm_buf *out, const struct mm_ruleset *set)
{
    mm_buf_str(out, "\"refused\":[");
    for (size_t i = 0; i < mm_rules_refused(set); i++)
        remark_json(out, mm_rules_refusal(set, i), i == 0);
    mm_buf_str(out, "],\"warnings\":[");
    for (size_t i = 0; i < mm_rules_warnings(set); i++)
        remark_json(out, mm_rules_warning(set, i), i == 0);
    mm_buf_byte(out, ']');
}

static void remark_text(FILE *to, const struct mm_rule_refusal *r, const char *kind)
{
    fprintf(to, "%.*s:%u: %s%s", MM_S_ARG(r->file), r->line, kind, mm_rules_reason(r->what));
    if (r->detail.n > 0)
        fprintf(to, ": %.*s", MM_S_ARG(r->detail)); /* printable: detect.h */
    fputc('\n', to);
}

static void remarks_text(FILE *to, const struct mm_ruleset *set)
{
    for (size_t i = 0; i < mm_rules_refused(set); i++)
        remark_text(to, mm_rules_refusal(set, i), "");
    for (size_t i = 0; i < mm_rules_warnings(set); i++)
        remark_text(to, mm_rules_warning(set, i), "warning: ");
}

static void count_states(const struct mm_ruleset *set, size_t ret[MM_RULE_STATE_COUNT])
{
    memset(ret, 0, sizeof(ret[0]) * MM_RULE_STATE_COUNT);
    for (size_t i = 0; i < mm_rules_count(set); i++)
        ret[mm_rules_get(set, i)->state]++;
}

static void states_json(struct mm_buf *out, const struct mm_ruleset *set)
{
    size_t n[MM_RULE_STATE_COUNT];

    count_states(set, n);
    mm_buf_fmt(out,
               "\"rules\":%zu,\"active\":%zu,\"no_source\":%zu,\"needs_values\":%zu,"
               "\"next_stage\":%zu,\"filters\":%zu,",
               mm_rules_count(set), n[MM_RULE_ACTIVE], n[MM_RULE_NO_SOURCE],
               n[MM_RULE_NEEDS_VALUES], n[MM_RULE_NEXT_STAGE], mm_filters_count(set));
}

static void states_text(const struct mm_ruleset *set)
{
    size_t n[MM_RULE_STATE_COUNT];

    count_states(set, n);
    printf("%zu rules: %zu active, %zu without a source that writes such events, %zu need values "
           "for placeholders, %zu for correlation; %zu filters; %zu refused\n",
           mm_rules_count(set), n[MM_RULE_ACTIVE], n[MM_RULE_NO_SOURCE], n[MM_RULE_NEEDS_VALUES],
           n[MM_RULE_NEXT_STAGE], mm_filters_count(set), mm_rules_refused(set));
}

static void print_buf(struct mm_buf *out)
{
    mm_buf_byte(out, '\n');
    if (mm_buf_ok(out))
        (void)fwrite(out->p, 1, out->n, stdout);
    mm_buf_done(out);
}

static int check(const struct args *a)
{
    struct mm_ruleset *set;
    struct mm_buf out;
    int rc;

    if (a->path_n == 0)
        return usage();
    set = load(a->path, a->path_n);
    if (set == NULL)
        return EXIT_BAD;
    rc = mm_rules_refused(set) > 0 ? EXIT_BAD : 0;
    if (a->json) {
        mm_buf_init(&out, OUT_MAX);
        mm_buf_byte(&out, '{');
        states_json(&out, set);
        remarks_json(&out, set);
        mm_buf_byte(&out, '}');
        print_buf(&out);
    } else {
        remarks_text(stdout, set);
        states_text(set);
    }
    mm_rules_unref(&set);
    return rc;
}

static void list_json(const struct mm_ruleset *set)
{
    struct mm_buf out;

    mm_buf_init(&out, OUT_MAX);
    mm_buf_byte(&out, '[');
    for (size_t i = 0; i < mm_rules_count(set); i++) {
        const struct mm_rule *r = mm_rules_get(set, i);

        mm_buf_fmt(&out, "%s{\"line\":%u,\"level\":\"%s\",\"state\":\"%s\"", i == 0 ? "" : ",\n",
                   r->line, mm_level_name(r->level), state_word(r->state));
        key_text(&out, "id", r->id);
        key_text(&out, "title", r->title);
        key_text(&out, "author", r->author);
        key_text(&out, "file", r->file);
        key_text(&out, "product", r->product);
        key_text(&out, "category", r->category);
        key_text(&out, "service", r->service);
        if (r->missing.n > 0)
            key_text(&out, "missing", r->missing);
        mm_buf_byte(&out, '}');
    }
    mm_buf_byte(&out, ']');
    print_buf(&out);
}

/* Foreign text on a terminal: no control characters. */
static void print_clean(struct mm_slice s)
{
    struct mm_buf out;

    mm_buf_init(&out, 1024 * 1024);
    mm_utf8_clean(&out, s);
    for (size_t i = 0; mm_buf_ok(&out) && i < out.n; i++)
        putchar(out.p[i] < 0x20 || out.p[i] == 0x7f ? ' ' : out.p[i]);
    mm_buf_done(&out);
}

/* The rules of the paths, or those under the state; NULL after a word why. */
static struct mm_ruleset *load_args(const struct args *a)
{
    char own[MM_MAX_PATH];
    const char *only = own;

    if (a->path_n > 0)
        return load(a->path, a->path_n);
    return mm_path_join(own, a->state, "rules") == MM_OK ? load(&only, 1) : NULL;
}

static int coverage(const struct args *a)
{
    struct mm_ruleset *set = load_args(a);
    bool ok = set != NULL && mm_rules_cli_coverage(set, a->json);

    mm_rules_unref(&set);
    return ok ? 0 : EXIT_BAD;
}

static int list(const struct args *a)
{
    struct mm_ruleset *set = load_args(a);

    if (set == NULL)
        return EXIT_BAD;
    if (a->json) {
        list_json(set);
        mm_rules_unref(&set);
        return 0;
    }
    for (size_t i = 0; i < mm_rules_count(set); i++) {
        const struct mm_rule *r = mm_rules_get(set, i);

        printf("%-13s %-12s ", mm_level_name(r->level), state_word(r->state));
        print_clean(r->title);
        printf(" (");
        print_clean(r->id);
        puts(")");
    }
    for (size_t i = 0; i < mm_filters_count(set); i++) {
        const struct mm_filter *f = mm_filters_get(set, i);

        printf("%-13s %-12s ", "filter", f->rule_n > 0 ? "active" : "no rule");
        print_clean(f->title);
        printf(" (");
        print_clean(f->id);
        printf(") at %zu rules\n", f->rule_n);
    }
    remarks_text(stdout, set);
    states_text(set);
    mm_rules_unref(&set);
    return 0;
}

/* Where the file goes: below `to`, under its path relative to the argument that named it. */
static bool target_path(const struct args *a, struct mm_slice file, const char *to,
                        char ret[MM_MAX_PATH])
{
    for (size_t i = 0; i < a->path_n; i++) {
        struct mm_slice arg = mm_slice_str(a->path[i]), rest = file;
        size_t slash;
        int n;

        if (!mm_slice_starts(file, arg))
            continue;
        while (arg.n > 1 && arg.p[arg.n - 1] == '/')
            arg.n--;
        for (slash = arg.n; slash > 0 && arg.p[slash - 1] != '/'; slash--)
            continue;
        if (file.n == arg.n || mm_slice_eq(mm_slice_sub(arg, slash, SIZE_MAX), MM_S(".")) ||
            mm_slice_eq(mm_slice_sub(arg, slash, SIZE_MAX), MM_S("..")))
            rest = mm_slice_sub(file, file.n == arg.n ? slash : arg.n + 1, SIZE_MAX);
        else
            rest = mm_slice_sub(file, slash, SIZE_MAX); /* with the folder's own name */
        n = snprintf(ret, MM_MAX_PATH, "%s/%.*s", to, MM_S_ARG(rest));
        return n > 0 && n < MM_MAX_PATH;
    }
    return false;
}

static enum mm_code copy_file(struct mm_slice from, const char *to)
{
    char path[MM_MAX_PATH];
    struct mm_buf text;
    enum mm_code code;

    (void)snprintf(path, sizeof(path), "%.*s", MM_S_ARG(from));
    mm_buf_init(&text, 8 * 1024 * 1024);
    code = mm_file_read(path, &text);
    if (code == MM_OK)
        code = mm_file_put(to, mm_buf_slice(&text));
    mm_buf_done(&text);
    return code;
}

/* Does a rule stand in this file? */
static bool holds_rule(const struct mm_ruleset *set, struct mm_slice file)
{
    for (size_t i = 0; i < mm_rules_count(set); i++) {
        if (mm_slice_eq(mm_rules_get(set, i)->file, file))
            return true;
    }
    return false;
}

/* Copy every file that holds a good rule or filter; *ret_n says how many. */
static enum mm_code copy_all(const struct args *a, const struct mm_ruleset *set, const char *to,
                             size_t *ret_n)
{
    size_t rules = mm_rules_count(set), n = rules + mm_filters_count(set);
    struct mm_slice last = {0};
    char path[MM_MAX_PATH];

    *ret_n = 0;
    for (size_t i = 0; i < n; i++) { /* rules of one file follow each other, filters as well */
        bool filter = i >= rules;
        struct mm_slice file =
            filter ? mm_filters_get(set, i - rules)->file : mm_rules_get(set, i)->file;
        enum mm_code code;

        if (mm_slice_eq(file, last) || (filter && holds_rule(set, file)))
            continue;
        last = file;
        if (!target_path(a, file, to, path))
            return MM_E_LIMIT;
        code = copy_file(file, path);
        if (code != MM_OK) {
            fprintf(stderr, "mimamori: cannot write %s: %s\n", path, mm_code_key(code));
            return code;
        }
        (*ret_n)++;
    }
    return MM_OK;
}

static int add(const struct args *a)
{
    char to[MM_MAX_PATH];
    struct mm_ruleset *set;
    struct mm_buf out;
    size_t files;
    int rc;

    if (a->path_n == 0 || mm_path_join(to, a->state, "rules") != MM_OK)
        return usage();
    set = load(a->path, a->path_n);
    if (set == NULL)
        return EXIT_BAD;
    rc = copy_all(a, set, to, &files) != MM_OK || mm_rules_refused(set) > 0 ? EXIT_BAD : 0;
    if (a->json) {
        mm_buf_init(&out, OUT_MAX);
        mm_buf_fmt(&out, "{\"files\":%zu,", files);
        states_json(&out, set);
        remarks_json(&out, set);
        mm_buf_byte(&out, '}');
        print_buf(&out);
    } else {
        remarks_text(stdout, set);
        printf("%zu files copied to %s\n", files, to);
        states_text(set);
    }
    mm_rules_unref(&set);
    return rc;
}

int main(int argc, char **argv)
{
    struct args a;

    if (argc < 2 || !read_args(&a, argc, argv))
        return usage();
    if (strcmp(argv[1], "check") == 0)
        return check(&a);
    if (strcmp(argv[1], "list") == 0)
        return list(&a);
    if (strcmp(argv[1], "add") == 0)
        return add(&a);
    if (strcmp(argv[1], "coverage") == 0)
        return coverage(&a);
    if (strcmp(argv[1], "why") == 0 && a.path_n < 2)
        return usage();
    if (strcmp(argv[1], "why") == 0)
        return mm_rules_cli_why(a.path, a.path_n, a.json, a.lang);
    return usage();
}
