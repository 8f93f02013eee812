/* app/rules.c - `mimamori rules`: are rules good, which are there, take some in, a set as a whole,
 * why (not) this one. */
#include <stdio.h>
#include <unistd.h>

#include "app/content.h"
#include "app/lists.h"
#include "app/rules_coverage.h"
#include "app/rules_draft.h"
#include "app/rules_pack.h"
#include "app/rules_print.h"
#include "app/rules_set.h"
#include "app/rules_try.h"
#include "app/rules_update.h"
#include "app/rules_upload.h"
#include "app/rules_why.h"
#include "app/say.h"
#include "app/tailoring.h"
#include "detect/filter.h"
#include "os/file.h"

enum { EXIT_BAD = 1, EXIT_USAGE = 2, PATHS_MAX = 256, PIPELINES_MAX = 16 };

#define STATE_DEFAULT "/var/lib/mimamori"

struct args {
    bool json, yes;
    enum mm_lang lang;
    const char *state, *name, *company, *sha256, *ca_file, *by, *away, *lists, *file, *upload;
    struct mm_tuning *tuning; /* of the company, or of the file of lists */
    uint32_t company_number;
    uint64_t days;
    const char *path[PATHS_MAX];
    size_t path_n;
    struct mm_rules_text pipeline[PIPELINES_MAX];
    struct mm_rules_options options;
};

static int usage(enum mm_lang lang)
{
    mm_say_line(stderr, lang, "cli.rules.usage");
    return EXIT_USAGE;
}

/* An option that takes a value. */
static bool set_option(struct args *a, const char *name, const char *value)
{
    const struct {
        const char *name;
        const char **to;
    } texts[] = {{"--name", &a->name},     {"--state", &a->state}, {"--company", &a->company},
                 {"--sha256", &a->sha256}, {"--ca", &a->ca_file},  {"--by", &a->by},
                 {"--away", &a->away},     {"--lists", &a->lists}, {"--file", &a->file},
                 {"--upload", &a->upload}};

    for (size_t i = 0; i < MM_COUNT(texts); i++) {
        if (strcmp(name, texts[i].name) == 0) {
            *texts[i].to = value;
            return true;
        }
    }
    if (strcmp(name, "--days") == 0)
        return mm_slice_u64(mm_slice_str(value), &a->days);
    if (strcmp(name, "--lang") == 0)
        return mm_lang_parse(mm_slice_str(value), &a->lang);
    if (strcmp(name, "--pipeline") != 0 || a->options.pipeline_n == PIPELINES_MAX)
        return false;
    a->pipeline[a->options.pipeline_n++].name = mm_slice_str(value);
    return true;
}

static bool read_args(struct args *a, int argc, char **argv)
{
    *a = (struct args){.state = STATE_DEFAULT,
                       .name = MM_RULES_UPDATE_NAME,
                       .days = 7,
                       .lang = mm_rules_cli_lang(),
                       .options.pipeline = a->pipeline};
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            a->json = true;
        } else if (strcmp(argv[i], "--yes") == 0) {
            a->yes = true;
        } else if (argv[i][0] == '-' && argv[i][1] != 0) {
            if (i + 1 == argc || !set_option(a, argv[i], argv[i + 1]))
                return false;
            i++;
        } else if (a->path_n == PATHS_MAX) {
            return false;
        } else {
            a->path[a->path_n++] = argv[i];
        }
    }
    return true;
}

/* What counts for rules that are asked about; false after saying what is wrong. */
static bool load_tuning(struct args *a, const char *company)
{
    if (company != NULL &&
        !mm_tailoring_of(a->state, a->lang, a->company, &a->company_number, &a->tuning))
        return false;
    if (a->lists != NULL) {
        mm_tuning_free(&a->tuning);
        a->tuning = mm_app_lists(a->lists);
    }
    a->options.tuning = a->tuning;
    return a->lists == NULL || a->tuning != NULL;
}

static const char *state_word(enum mm_rule_state state)
{
    static const char *const words[MM_RULE_STATE_COUNT] = {"active", "no source", "needs values",
                                                           "next stage"};

    return words[state];
}

static int check(const struct args *a)
{
    struct mm_ruleset *set;
    struct mm_buf out;
    int rc;

    if (a->path_n + a->options.pipeline_n == 0)
        return usage(a->lang);
    set = mm_rules_cli_load(a->lang, a->path, a->path_n, &a->options);
    if (set == NULL)
        return EXIT_BAD;
    rc = mm_rules_refused(set) > 0 ? EXIT_BAD : 0;
    if (a->json) {
        mm_buf_init(&out, MM_RULES_CLI_OUT_MAX);
        mm_buf_byte(&out, '{');
        mm_rules_cli_states_json(&out, set);
        mm_rules_cli_remarks_json(&out, set);
        mm_buf_byte(&out, '}');
        mm_rules_cli_print(&out);
    } else {
        mm_rules_cli_remarks(stdout, a->lang, set);
        mm_rules_cli_states(a->lang, set);
    }
    mm_rules_unref(&set);
    return rc;
}

/* What becomes of a rule in the company that was named, or anywhere. */
static const char *state_there(const struct args *a, const struct mm_ruleset *set, size_t i)
{
    enum mm_rule_state state = mm_rules_get(set, i)->state;

    if (a->company != NULL && mm_rules_off(set, i, a->company_number))
        return "off";
    if (a->company != NULL && state == MM_RULE_ACTIVE && mm_rules_waits(set, i, a->company_number))
        return state_word(MM_RULE_NEEDS_VALUES);
    return state_word(state);
}

static enum mm_level level_there(const struct args *a, const struct mm_ruleset *set, size_t i)
{
    return a->company != NULL ? mm_rules_level(set, i, a->company_number)
                              : mm_rules_get(set, i)->level;
}

static void list_json(const struct args *a, const struct mm_ruleset *set)
{
    struct mm_buf out;

    mm_buf_init(&out, MM_RULES_CLI_OUT_MAX);
    mm_buf_byte(&out, '[');
    for (size_t i = 0; i < mm_rules_count(set); i++) {
        const struct mm_rule *r = mm_rules_get(set, i);

        mm_buf_fmt(&out, "%s{\"line\":%u,\"level\":\"%s\",\"state\":\"%s\"", i == 0 ? "" : ",\n",
                   r->line, mm_level_name(level_there(a, set, i)), state_there(a, set, i));
        if (level_there(a, set, i) != r->level)
            mm_buf_fmt(&out, ",\"rule_level\":\"%s\"", mm_level_name(r->level));
        mm_rules_cli_key(&out, "id", r->id);
        mm_rules_cli_key(&out, "title", r->title);
        mm_rules_cli_key(&out, "author", r->author);
        mm_rules_cli_key(&out, "file", r->file);
        mm_rules_cli_key(&out, "product", r->product);
        mm_rules_cli_key(&out, "category", r->category);
        mm_rules_cli_key(&out, "service", r->service);
        if (r->missing.n > 0)
            mm_rules_cli_key(&out, "missing", r->missing);
        mm_buf_byte(&out, '}');
    }
    mm_buf_byte(&out, ']');
    mm_rules_cli_print(&out);
}

/* The rules of the paths, or those under the state; for a company all that the engine has for it:
 * ours as well. NULL after a word why. */
static struct mm_ruleset *load_args(const struct args *a)
{
    char own[MM_MAX_PATH], ours[MM_MAX_PATH];
    const char *dirs[2];
    size_t n = 0;

    if (a->path_n > 0)
        return mm_rules_cli_load(a->lang, a->path, a->path_n, &a->options);
    if (a->company != NULL && mm_content_path("rules", ours) == MM_OK)
        dirs[n++] = ours;
    if (mm_path_join(own, a->state, "rules") != MM_OK)
        return NULL;
    if (n == 0 || access(own, R_OK) == 0)
        dirs[n++] = own;
    return mm_rules_cli_load(a->lang, dirs, n, &a->options);
}

static int coverage(const struct args *a)
{
    struct mm_ruleset *set = load_args(a);
    bool ok = set != NULL && mm_rules_cli_coverage(set, a->json, a->lang);

    mm_rules_unref(&set);
    return ok ? 0 : EXIT_BAD;
}

static const char *level_word(enum mm_lang lang, enum mm_level level)
{
    char key[32];
    const char *text;

    (void)snprintf(key, sizeof(key), "level.%s", mm_level_name(level));
    text = lang == MM_LANG_EN ? NULL : mm_lang_text(lang, mm_slice_str(key), 1);
    return text == NULL ? mm_level_name(level) : text;
}

/* A word in a column: signs above ASCII are two columns wide on a terminal. */
static void column(enum mm_lang lang, const char *kind, const char *word, size_t width)
{
    char key[64];
    const char *text;
    size_t used = 0;

    (void)snprintf(key, sizeof(key), "%s.%s", kind, word);
    for (char *c = key; *c != 0; c++)
        *c = *c == ' ' ? '_' : *c;
    text = lang == MM_LANG_EN ? NULL : mm_lang_text(lang, mm_slice_str(key), 1);
    text = text == NULL ? word : text;
    for (const char *c = text; *c != 0; c++)
        used += ((uint8_t)*c & 0xc0) == 0x80 ? 0 : (uint8_t)*c >= 0x80 ? 2 : 1;
    fputs(text, stdout);
    printf("%*s ", used < width ? (int)(width - used) : 0, ""); /* some ten columns */
}

static void list_text(const struct args *a, const struct mm_ruleset *set)
{
    for (size_t i = 0; i < mm_rules_count(set); i++) {
        const struct mm_rule *r = mm_rules_get(set, i);
        enum mm_level level = level_there(a, set, i);

        column(a->lang, "level", mm_level_name(level), 13);
        column(a->lang, "cli.rules.state", state_there(a, set, i), 12);
        if (level == r->level)
            MM_SAY(stdout, a->lang, "cli.rules.row",
                   MM_SAY_TEXT("title", mm_rules_cli_title(a->lang, r)), MM_SAY_TEXT("id", r->id));
        else
            MM_SAY(stdout, a->lang, "cli.rules.row.level",
                   MM_SAY_TEXT("title", mm_rules_cli_title(a->lang, r)), MM_SAY_TEXT("id", r->id),
                   MM_SAY_TEXT("level", mm_slice_str(level_word(a->lang, r->level))));
        putchar('\n');
    }
    for (size_t i = 0; i < mm_filters_count(set); i++) {
        const struct mm_filter *f = mm_filters_get(set, i);

        column(a->lang, "cli.rules.state", "filter", 13);
        column(a->lang, "cli.rules.state", f->rule_n > 0 ? "active" : "no rule", 12);
        MM_SAY(stdout, a->lang, "cli.rules.row.filter", MM_SAY_TEXT("title", f->title),
               MM_SAY_TEXT("id", f->id), MM_SAY_NUMBER("rules", f->rule_n));
        putchar('\n');
    }
    mm_rules_cli_remarks(stdout, a->lang, set);
    mm_rules_cli_states(a->lang, set);
}

static int list(const struct args *a)
{
    struct mm_ruleset *set = load_args(a);

    if (set == NULL)
        return EXIT_BAD;
    if (a->json) {
        list_json(a, set);
        mm_rules_unref(&set);
        return 0;
    }
    list_text(a, set);
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

/* Copy every file that holds a good rule, filter or pipeline; *ret_n says how many. */
static enum mm_code copy_all(const struct args *a, const struct mm_ruleset *set, const char *to,
                             size_t *ret_n)
{
    size_t rules = mm_rules_count(set), both = rules + mm_filters_count(set);
    size_t n = both + mm_rules_pipelines(set);
    struct mm_slice last = {0};
    char path[MM_MAX_PATH];

    *ret_n = 0;
    for (size_t i = 0; i < n; i++) { /* rules of one file follow each other, filters as well */
        bool filter = i >= rules && i < both;
        struct mm_slice file = i >= both ? mm_rules_pipeline(set, i - both)->file
                               : filter  ? mm_filters_get(set, i - rules)->file
                                         : mm_rules_get(set, i)->file;
        enum mm_code code;

        if (mm_slice_eq(file, last) || (filter && holds_rule(set, file)))
            continue;
        last = file;
        if (!target_path(a, file, to, path))
            return MM_E_LIMIT;
        code = copy_file(file, path);
        if (code != MM_OK)
            return mm_rules_cli_complain(a->lang, path, code);
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

    if (a->path_n == 0 || a->options.pipeline_n > 0 || mm_path_join(to, a->state, "rules") != MM_OK)
        return usage(a->lang);
    set = mm_rules_cli_load(a->lang, a->path, a->path_n, NULL);
    if (set == NULL)
        return EXIT_BAD;
    rc = copy_all(a, set, to, &files) != MM_OK || mm_rules_refused(set) > 0 ? EXIT_BAD : 0;
    if (a->json) {
        mm_buf_init(&out, MM_RULES_CLI_OUT_MAX);
        mm_buf_fmt(&out, "{\"files\":%zu,", files);
        mm_rules_cli_states_json(&out, set);
        mm_rules_cli_remarks_json(&out, set);
        mm_buf_byte(&out, '}');
        mm_rules_cli_print(&out);
    } else {
        mm_rules_cli_remarks(stdout, a->lang, set);
        MM_SAY(stdout, a->lang, "cli.rules.copied", MM_SAY_NUMBER("n", files),
               MM_SAY_TEXT("path", mm_slice_str(to)));
        putchar('\n');
        mm_rules_cli_states(a->lang, set);
    }
    mm_rules_unref(&set);
    return rc;
}

static int update(const struct args *a, const char *verb)
{
    bool from = verb[0] == 'u', back = verb[0] == 'r';

    if (a->path_n != (from ? 1 : 0) || (a->upload != NULL) != (verb[0] == 't'))
        return usage(a->lang);
    return mm_rules_cli_update(&(struct mm_rules_update){.state = a->state,
                                                         .name = a->name,
                                                         .from = from ? a->path[0] : NULL,
                                                         .upload = a->upload,
                                                         .sha256 = a->sha256,
                                                         .ca_file = a->ca_file,
                                                         .by = a->by,
                                                         .away = back ? a->away : NULL,
                                                         .lang = a->lang,
                                                         .yes = a->yes,
                                                         .json = a->json});
}

static int try(const struct args *a)
{
    if (a->path_n == 0 || a->company == NULL || a->days < 1 || a->days > MM_RULES_TRY_DAYS_MAX)
        return usage(a->lang);
    return mm_rules_cli_try(&(struct mm_rules_try_cli){.state = a->state,
                                                       .company = a->company,
                                                       .days = (uint32_t)a->days,
                                                       .json = a->json,
                                                       .lang = a->lang,
                                                       .path = a->path,
                                                       .path_n = a->path_n,
                                                       .options = &a->options});
}

static int run(const struct args *a, const char *verb)
{
    if (strcmp(verb, "check") == 0)
        return check(a);
    if (strcmp(verb, "list") == 0)
        return list(a);
    if (strcmp(verb, "add") == 0)
        return add(a);
    if (strcmp(verb, "update") == 0 || strcmp(verb, "rollback") == 0 ||
        strcmp(verb, "take") == 0) /* asked by the worker */
        return update(a, verb);
    if (strcmp(verb, "upload") == 0 && a->path_n == 0 && a->file != NULL)
        return mm_rules_cli_upload(a->state, a->name, a->file); /* asked by the portal */
    if (strcmp(verb, "try") == 0)
        return try(a);
    if (strcmp(verb, "coverage") == 0)
        return coverage(a);
    if (strcmp(verb, "draft") == 0 && a->path_n == 0)
        mm_rules_draft(a->state); /* asked by the portal */
    if (strcmp(verb, "unpack") == 0 && a->path_n == 0)
        mm_rules_unpack_child(); /* asked by update */
    if (strcmp(verb, "why") == 0 && a->path_n < 2)
        return usage(a->lang);
    if (strcmp(verb, "why") == 0)
        return mm_rules_cli_why(a->path, a->path_n, &a->options, a->company_number, a->json,
                                a->lang);
    return usage(a->lang);
}

int main(int argc, char **argv)
{
    struct args a;
    int rc;

    if (argc > 1 && (strcmp(argv[1], "set") == 0 || strcmp(argv[1], "unset") == 0))
        return mm_rules_cli_set(argc, argv, STATE_DEFAULT);
    if (argc < 2 || !read_args(&a, argc, argv))
        return usage(argc < 2 ? mm_rules_cli_lang() : a.lang);
    /* `try` looks at the rule first, then for the company. */
    if (!load_tuning(&a, strcmp(argv[1], "try") == 0 ? NULL : a.company))
        return EXIT_BAD;
    rc = run(&a, argv[1]);
    mm_tuning_free(&a.tuning);
    return rc;
}
