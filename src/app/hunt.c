/* app/hunt.c - `mimamori hunt`: detection rules over files of evidence, without a server. */
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/content.h"
#include "app/language.h"
#include "app/lists.h"
#include "base/rd.h"
#include "base/time.h"
#include "codec/when.h"
#include "hunt/report.h"
#include "hunt/show.h"

enum {
    /* Exit status; what was found stands above, so that a script can compare. */
    EXIT_NOTHING = 0,
    EXIT_FAILED = 1,
    EXIT_USE = 2,
    EXIT_NOT_WHOLE = 3, /* nothing was found, but not all could be read */
    EXIT_FOUND = 10,    /* and the level: 10 informational … 14 critical */
    RULES_MAX = 64,
    PIPELINES_MAX = 16,
    CHOICES_MAX = 256,
    REFUSED_TOLD = 10, /* the rest is counted; `mimamori rules check` tells all */
    MOST = 1000,       /* alerts of one rule that are listed */
    OUT_MAX = 256 * 1024 * 1024,
    DOC_MEMORY = 256 * 1024 * 1024,
    BAR = 24,
};

struct options {
    const char *rules[RULES_MAX];
    size_t rules_n;
    struct {
        const char *word;
        bool only;
    } choice[CHOICES_MAX];
    size_t choice_n;
    struct mm_rules_text pipeline[PIPELINES_MAX];
    size_t pipeline_n;
    const char *format, *formats, *zone, *charset, *from, *to, *out, *password, *tmp, *lists;
    bool json, csv, timeline, summary, quiet, help;
    enum mm_level level;
    enum mm_lang lang;
    uint64_t most, jobs;
};

struct run {
    struct options o;
    struct mm_formats *formats;
    struct mm_tuning *lists;
    struct mm_ruleset *set;
    struct mm_hunt_rules rules;
    struct mm_hunt_choice choice;
    bool *pass; /* of choice: rules that are not looked for */
    struct mm_hunt hunt;
    struct mm_arena arena;
    FILE *to;
};

static int say(enum mm_lang lang, const char *key, FILE *to)
{
    const char *text = mm_lang_text(lang, mm_slice_str(key), 1);

    fputs(text == NULL ? key : text, to);
    fputc('\n', to);
    return EXIT_USE;
}

/* A complaint about a word of the command line, or a path. */
static bool complain(const struct run *r, const char *key, const char *word)
{
    const char *text = mm_lang_text(r->o.lang, mm_slice_str(key), 1);

    fprintf(stderr, "mimamori: %s: %s\n", word, text == NULL ? key : text);
    return false;
}

/* ---- the command line ---- */

enum {
    O_RULES = 1,
    O_PIPELINE,
    O_ONLY,
    O_WITHOUT,
    O_FORMAT,
    O_FORMATS,
    O_ZONE,
    O_CHARSET,
    O_FROM,
    O_TO,
    O_OUT,
    O_PASSWORD,
    O_TMP,
    O_LISTS,
    O_JSON,
    O_CSV,
    O_TIMELINE,
    O_SUMMARY,
    O_QUIET,
    O_LEVEL,
    O_LANG,
    O_MOST,
    O_JOBS,
    O_HELP
};

static bool set_text(struct options *o, int c, const char *arg)
{
    switch (c) {
    case O_ONLY:
    case O_WITHOUT:
        if (o->choice_n == CHOICES_MAX)
            return false;
        o->choice[o->choice_n].word = arg;
        o->choice[o->choice_n++].only = c == O_ONLY;
        return true;
    case O_RULES:
        if (o->rules_n == RULES_MAX)
            return false;
        o->rules[o->rules_n++] = arg;
        return true;
    case O_PIPELINE:
        if (o->pipeline_n == PIPELINES_MAX)
            return false;
        o->pipeline[o->pipeline_n++].name = mm_slice_str(arg);
        return true;
    case O_FORMAT:
        o->format = arg;
        return true;
    case O_FORMATS:
        o->formats = arg;
        return true;
    case O_ZONE:
        o->zone = arg;
        return true;
    case O_CHARSET:
        o->charset = arg;
        return true;
    case O_FROM:
        o->from = arg;
        return true;
    case O_TO:
        o->to = arg;
        return true;
    case O_OUT:
        o->out = arg;
        return true;
    case O_PASSWORD:
        o->password = arg;
        return true;
    case O_TMP:
        o->tmp = arg;
        return true;
    case O_LISTS:
        o->lists = arg;
        return true;
    default:
        return false;
    }
}

static bool set_other(struct options *o, int c, const char *arg)
{
    switch (c) {
    case O_JSON:
        o->json = true;
        return true;
    case O_CSV:
        o->csv = true;
        return true;
    case O_TIMELINE:
        o->timeline = true;
        return true;
    case O_SUMMARY:
        o->summary = true;
        return true;
    case O_QUIET:
        o->quiet = true;
        return true;
    case O_HELP:
        o->help = true;
        return true;
    case O_LEVEL:
        return mm_level_find(mm_slice_str(arg), &o->level);
    case O_LANG:
        return mm_lang_parse(mm_slice_str(arg), &o->lang);
    case O_MOST:
        return mm_slice_u64(mm_slice_str(arg), &o->most) && o->most <= UINT32_MAX;
    case O_JOBS:
        return mm_slice_u64(mm_slice_str(arg), &o->jobs) && o->jobs <= MM_HUNT_CHILDREN_MAX;
    default:
        return set_text(o, c, arg);
    }
}

static bool read_options(int argc, char **argv, struct options *o)
{
    static const struct option options[] = {
        {"rules", required_argument, NULL, O_RULES},
        {"pipeline", required_argument, NULL, O_PIPELINE},
        {"only", required_argument, NULL, O_ONLY},
        {"without", required_argument, NULL, O_WITHOUT},
        {"format", required_argument, NULL, O_FORMAT},
        {"formats", required_argument, NULL, O_FORMATS},
        {"zone", required_argument, NULL, O_ZONE},
        {"charset", required_argument, NULL, O_CHARSET},
        {"from", required_argument, NULL, O_FROM},
        {"to", required_argument, NULL, O_TO},
        {"out", required_argument, NULL, O_OUT},
        {"password", required_argument, NULL, O_PASSWORD},
        {"tmp", required_argument, NULL, O_TMP},
        {"lists", required_argument, NULL, O_LISTS},
        {"json", no_argument, NULL, O_JSON},
        {"csv", no_argument, NULL, O_CSV},
        {"timeline", no_argument, NULL, O_TIMELINE},
        {"summary", no_argument, NULL, O_SUMMARY},
        {"quiet", no_argument, NULL, O_QUIET},
        {"level", required_argument, NULL, O_LEVEL},
        {"lang", required_argument, NULL, O_LANG},
        {"most", required_argument, NULL, O_MOST},
        {"jobs", required_argument, NULL, O_JOBS},
        {"help", no_argument, NULL, O_HELP},
        {NULL, 0, NULL, 0},
    };
    int c;

    *o = (struct options){.lang = mm_app_language(), .most = MOST};
    o->tmp = getenv("TMPDIR");
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (!set_other(o, c, optarg))
            return false;
    }
    o->tmp = o->tmp != NULL && o->tmp[0] != 0 ? o->tmp : "/tmp";
    return o->help ||
           (optind < argc && !(o->json && o->csv) && !(o->summary && (o->csv || o->timeline)));
}

/* ---- what it needs ---- */

static bool load_formats(struct run *r)
{
    struct mm_format_errors *errors = calloc(1, sizeof(*errors));
    char path[MM_MAX_PATH];
    const char *dir = r->o.formats;
    bool ok = errors != NULL;

    r->formats = mm_formats_new();
    if (dir == NULL) {
        ok = ok && mm_content_path("formats", path) == MM_OK;
        dir = path;
    }
    ok = ok && r->formats != NULL && mm_formats_load(r->formats, dir, errors) == MM_OK &&
         mm_formats_count(r->formats) > 0;
    for (size_t i = 0; errors != NULL && i < errors->count && i < MM_FORMATS_MAX_ERRORS; i++)
        fprintf(stderr, "mimamori: %s:%u:%u: %s: %s\n", errors->error[i].file,
                errors->error[i].line, errors->error[i].column,
                mm_formats_reason(errors->error[i].what), errors->error[i].detail);
    free(errors);
    return ok || complain(r, "hunt.bad.formats", dir == NULL ? "-" : dir);
}

/* Values for placeholders; without a file rules that ask for some wait. */
static bool load_lists(struct run *r)
{
    if (r->o.lists == NULL)
        return true;
    r->lists = mm_app_lists(r->o.lists);
    if (r->lists != NULL)
        r->lists->rule_n = 0; /* levels and switches are of companies; evidence is everybody's */
    return r->lists != NULL;
}

static bool load_rules(struct run *r)
{
    const char *path[RULES_MAX];
    char own[MM_MAX_PATH];
    struct mm_rules_options options = {
        .tuning = r->lists, .pipeline = r->o.pipeline, .pipeline_n = r->o.pipeline_n};
    struct mm_fault fault = {0};
    size_t n = r->o.rules_n;

    if (mm_content_path("rules", own) != MM_OK)
        return complain(r, "hunt.bad.rules", "content/rules");
    path[0] = own;
    for (size_t i = 0; i < n; i++)
        path[i] = strcmp(r->o.rules[i], "own") == 0 ? own : r->o.rules[i];
    n = n == 0 ? 1 : n;
    if (mm_rules_load(path, n, &options, &r->set, &fault) != MM_OK)
        return fault.at < n ? complain(r, "hunt.bad.rules", path[fault.at])
                            : complain(r, "hunt.bad.pipeline",
                                       (const char *)r->o.pipeline[fault.at - n].name.p);
    for (size_t i = 0; i < mm_rules_refused(r->set) && i < REFUSED_TOLD; i++) {
        const struct mm_rule_refusal *bad = mm_rules_refusal(r->set, i);

        fprintf(stderr, "mimamori: %.*s:%u: %s: %.*s\n", MM_S_ARG(bad->file), bad->line,
                mm_rules_reason(bad->what), MM_S_ARG(bad->detail)); /* printable: detect.h */
    }
    if (mm_rules_pipelines(r->set) < r->o.pipeline_n) /* refused: the rules would mean less */
        return complain(r, "hunt.bad.pipeline", "--pipeline");
    if (mm_rules_count(r->set) == 0)
        return complain(r, "hunt.bad.no_rules", path[0]);
    return true;
}

/* Which rules and machines; a choice that leaves no rule is a mistake. */
static bool set_choice(struct run *r)
{
    struct mm_hunt_rules *rules = &r->rules;

    for (size_t i = 0; i < r->o.choice_n; i++) {
        const char *word = r->o.choice[i].word;
        enum mm_code c =
            word[0] == '@'
                ? mm_hunt_choice_file(&r->choice, word + 1, r->o.choice[i].only)
                : mm_hunt_choice_add(&r->choice, mm_slice_str(word), r->o.choice[i].only);

        if (c != MM_OK)
            return complain(r, c == MM_E_SYNTAX ? "hunt.bad.choice" : mm_code_key(c), word);
    }
    if (r->choice.n == 0)
        return true;
    r->pass = calloc(mm_rules_count(r->set), sizeof(*r->pass));
    if (r->pass == NULL)
        return complain(r, "err.nomem", "--only");
    rules->pass = r->pass;
    rules->pass_n = mm_hunt_choice_rules(&r->choice, r->set, r->pass);
    rules->choice = &r->choice;
    return rules->pass_n < mm_rules_count(r->set) ||
           complain(r, "hunt.bad.no_rules", "--only, --without");
}

static bool read_time(const struct run *r, const char *text, int64_t *ret)
{
    bool zone;
    char day[32];

    if (text == NULL)
        return true;
    if (mm_time_parse(mm_slice_str(text), r->rules.hint.offset_s, ret, &zone))
        return true;
    (void)snprintf(day, sizeof(day), "%sT00:00:00", text);
    return mm_time_parse(mm_slice_str(day), r->rules.hint.offset_s, ret, &zone) ||
           complain(r, "hunt.bad.time", text);
}

static bool set_rules(struct run *r)
{
    struct mm_hint hint = {.format = MM_FORMAT_NONE, .offset_s = MM_PARSE_JST_S};
    struct mm_when when = {0};
    struct mm_rd rd = mm_rd_of(mm_slice_str(r->o.zone));

    if (r->o.zone != NULL && (!mm_when_read(&rd, MM_WHEN_ZONE, &when) || mm_rd_left(&rd) > 0))
        return complain(r, "hunt.bad.zone", r->o.zone);
    if (r->o.zone != NULL)
        hint.offset_s = when.offset_s;
    if (r->o.format != NULL) {
        hint.format = mm_formats_find(r->formats, mm_slice_str(r->o.format));
        if (hint.format == MM_FORMAT_NONE)
            return complain(r, "hunt.bad.format", r->o.format);
    }
    if (r->o.charset != NULL) {
        hint.charset = mm_charset_find(mm_slice_str(r->o.charset));
        if (hint.charset == MM_CS_UNKNOWN)
            return complain(r, "hunt.bad.charset", r->o.charset);
    }
    r->rules = (struct mm_hunt_rules){.set = r->set,
                                      .formats = r->formats,
                                      .hint = hint,
                                      .level = r->o.level,
                                      .most = (uint32_t)r->o.most, /* checked when read */
                                      .password = r->o.password};
    return set_choice(r) && read_time(r, r->o.from, &r->rules.from_us) &&
           read_time(r, r->o.to, &r->rules.to_us);
}

static bool add_paths(struct run *r, char **path)
{
    for (; *path != NULL; path++) {
        enum mm_code c = mm_hunt_plan_add(&r->hunt.plan, *path);

        if (c != MM_OK)
            return complain(r, c == MM_E_NOTFOUND ? "hunt.bad.path" : mm_code_key(c), *path);
    }
    return true;
}

/* ---- while it runs ---- */

static void progress(void *ctx, const struct mm_hunt *h)
{
    const struct run *r = ctx;
    const char *alerts = mm_lang_text(r->o.lang, MM_S("hunt.alerts"), 1);
    double done = h->plan.bytes == 0 ? 0 : (double)h->moved / (double)h->plan.bytes;
    double seconds = (double)h->took_us / 1e6, left;
    char bar[BAR + 1];

    done = done > 1 ? 1 : done;
    left = done > 0.001 ? seconds / done - seconds : 0;
    for (int i = 0; i < BAR; i++)
        bar[i] = i < (int)(done * BAR) ? '#' : '.';
    bar[BAR] = 0;
    fprintf(stderr, "\r[%s] %3.0f%%  %.0f / %.0f MB  %.0f MB/s  %d:%02d  %s %llu\x1b[K", bar,
            done * 100, (double)h->moved / 1e6, (double)h->plan.bytes / 1e6,
            seconds > 0 ? (double)h->moved / 1e6 / seconds : 0, (int)left / 60, (int)left % 60,
            alerts == NULL ? "" : alerts, (unsigned long long)h->tally.n);
}

/* ---- what came of it ---- */

static bool write_all(struct mm_buf *out, FILE *to)
{
    bool ok = mm_buf_ok(out) && fwrite(out->p, 1, out->n, to) == out->n && fflush(to) == 0;

    mm_buf_done(out);
    return ok;
}

static bool report(struct run *r)
{
    struct mm_hunt_asked asked = {.lang = r->o.lang,
                                  .offset_s = r->rules.hint.offset_s,
                                  .own_rules = r->o.rules_n == 0,
                                  .most = r->rules.most};
    bool listed = r->o.json || r->o.csv || r->o.timeline;
    struct mm_doc *doc = mm_hunt_doc(&r->hunt, &asked, &r->arena);
    FILE *to = listed && !r->o.summary ? stderr : r->to;
    struct mm_buf out;

    mm_buf_init(&out, OUT_MAX);
    if (r->o.summary && r->o.json) {
        mm_doc_json(&out, doc);
        mm_buf_byte(&out, '\n');
    } else if (r->o.summary) {
        mm_hunt_page(&out, doc, &asked);
    } else if (!r->o.quiet) {
        mm_hunt_tables(&out, doc, &asked);
    }
    return mm_doc_ok(doc) && write_all(&out, to);
}

static bool list(struct run *r)
{
    struct mm_hunt_view view = {.style = r->o.json  ? MM_HUNT_JSON
                                         : r->o.csv ? MM_HUNT_CSV
                                                    : MM_HUNT_TEXT,
                                .lang = r->o.lang,
                                .offset_s = r->rules.hint.offset_s,
                                .by_time = r->o.timeline,
                                .most = r->rules.most,
                                .to = r->to};

    if (r->o.summary || !(r->o.json || r->o.csv || r->o.timeline))
        return true;
    return mm_hunt_show(&r->hunt, &view) == MM_OK;
}

static int status_of(const struct mm_hunt *h)
{
    enum mm_level worst;

    if (mm_tally_worst(&h->tally, &worst))
        return EXIT_FOUND + (int)worst;
    return mm_hunt_whole(h) ? EXIT_NOTHING : EXIT_NOT_WHOLE;
}

static int hunt(struct run *r, char **paths)
{
    bool bar = !r->o.quiet && isatty(STDERR_FILENO);
    enum mm_code c;
    bool ok;

    if (!load_formats(r) || !load_lists(r) || !load_rules(r) || !set_rules(r))
        return EXIT_USE;
    c = mm_hunt_init(&r->hunt, &r->rules, (unsigned)r->o.jobs, r->o.tmp);
    if (c != MM_OK) {
        (void)complain(r, mm_code_key(c), c == MM_E_IO ? r->o.tmp : "hunt");
        return EXIT_FAILED;
    }
    r->hunt.plan.whole_lines = r->rules.hint.format != MM_FORMAT_NONE &&
                               mm_format_record_lines(r->formats, r->rules.hint.format) > 1;
    if (!add_paths(r, paths))
        return EXIT_USE;
    /* What is there may be evidence: nothing is ever written over. */
    r->to = r->o.out == NULL ? stdout : fopen(r->o.out, "wxe");
    if (r->to == NULL) {
        (void)complain(r, errno == EEXIST ? "hunt.bad.exists" : "hunt.bad.out", r->o.out);
        return EXIT_FAILED;
    }
    c = mm_hunt_run(&r->hunt, bar ? progress : NULL, r);
    if (bar)
        fputs("\r\x1b[K", stderr);
    if (c != MM_OK) {
        fprintf(stderr, "mimamori: hunt: %s\n", strerror(r->hunt.saved_errno));
        return EXIT_FAILED;
    }
    ok = list(r) && report(r);
    if (r->to != stdout)
        ok = fclose(r->to) == 0 && ok;
    if (!ok)
        (void)complain(r, "hunt.bad.out", r->o.out == NULL ? "-" : r->o.out);
    return ok ? status_of(&r->hunt) : EXIT_FAILED;
}

int main(int argc, char **argv)
{
    struct run *r = calloc(1, sizeof(*r));
    locale_t names = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    int status = EXIT_USE;

    if (r == NULL)
        return EXIT_FAILED;
    /* For names in archives; without it they have numbers. */
    if (names != (locale_t)0)
        (void)uselocale(names);
    if (!read_options(argc, argv, &r->o)) {
        (void)say(r->o.lang, "hunt.usage", stderr);
    } else if (r->o.help) {
        (void)say(r->o.lang, "hunt.usage", stdout);
        status = 0;
    } else {
        mm_arena_init(&r->arena, DOC_MEMORY);
        status = hunt(r, argv + optind);
        mm_hunt_done(&r->hunt);
        mm_hunt_choice_done(&r->choice);
        free(r->pass);
        mm_rules_unref(&r->set);
        mm_tuning_free(&r->lists);
        mm_formats_free(&r->formats);
        mm_arena_done(&r->arena);
    }
    free(r);
    (void)uselocale(LC_GLOBAL_LOCALE);
    if (names != (locale_t)0)
        freelocale(names);
    return status;
}
