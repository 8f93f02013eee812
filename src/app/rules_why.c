/* app/rules_why.c - see rules_why.h for the contract. */
#include "app/rules_why.h"

#include <stdio.h>

#include "app/rules_print.h"
#include "app/say.h"
#include "base/utf8.h"
#include "decode/eventjson.h"
#include "decode/winevent.h"
#include "detect/why.h"
#include "os/file.h"

/* Of a field that many comparisons look at, so many that fail are shown. */
enum { OUT_MAX = 64 * 1024 * 1024, MISSES_SHOWN = 8, VALUE_SHOWN = 200, DEPTH_SPACES = 2 };

enum mm_lang mm_rules_cli_lang(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

    for (size_t i = 0; i < MM_COUNT(names); i++) {
        const char *v = getenv(names[i]);

        if (v != NULL && v[0] != 0)
            return strncmp(v, "ja", 2) == 0 ? MM_LANG_JA : MM_LANG_EN;
    }
    return MM_LANG_EN; /* a terminal that says nothing may not show Japanese */
}

struct printer {
    struct mm_buf *out;
    enum mm_lang lang;
};

static void word(const struct printer *p, const char *key)
{
    const char *text = mm_lang_text(p->lang, mm_slice_str(key), 1);

    MM_ASSERT(text != NULL);
    mm_buf_str(p->out, text);
}

/* Foreign text for a terminal: no control characters, not endless. */
static void foreign(const struct printer *p, struct mm_slice s)
{
    struct mm_slice cut = mm_utf8_cut(s, VALUE_SHOWN);
    struct mm_buf clean;

    mm_buf_init(&clean, 4 * 1024);
    mm_utf8_clean(&clean, cut);
    for (size_t i = 0; i < clean.n; i++)
        mm_buf_byte(p->out, clean.p[i] < 0x20 || clean.p[i] == 0x7f ? ' ' : clean.p[i]);
    mm_buf_done(&clean);
    if (cut.n < s.n)
        mm_buf_str(p->out, "...");
}

static void begin(const struct printer *p, size_t depth, enum mm_verdict v)
{
    for (size_t i = 0; i < depth * DEPTH_SPACES; i++)
        mm_buf_byte(p->out, ' ');
    mm_buf_byte(p->out, '[');
    word(p, v == MM_YES ? "why.yes" : v == MM_NO ? "why.no" : "why.undecided");
    mm_buf_str(p->out, "] ");
}

static void comparison(const struct printer *p, size_t depth, const struct mm_why_test *t)
{
    begin(p, depth, t->answer);
    mm_buf_str(p->out, t->op);
    mm_buf_str(p->out, t->cased && (strcmp(t->op, "equals") == 0 || strstr(t->op, "with") != NULL ||
                                    strcmp(t->op, "contains") == 0)
                           ? "|cased "
                           : " ");
    foreign(p, t->value);
    mm_buf_byte(p->out, '\n');
}

static void test(const struct printer *p, const struct mm_why *w, size_t depth)
{
    size_t misses = 0, left = 0;

    begin(p, depth, w->answer);
    if (w->keywords) {
        word(p, "why.keywords");
        mm_buf_byte(p->out, '\n');
    } else {
        foreign(p, w->label);
        mm_buf_fmt(p->out, " (");
        foreign(p, w->place);
        mm_buf_str(p->out, w->present ? "): " : ") ");
        if (w->present)
            foreign(p, w->value);
        else
            word(p, "why.absent");
        mm_buf_byte(p->out, '\n');
    }
    for (size_t i = 0; i < w->test_n; i++) {
        misses += w->test[i].answer != MM_YES;
        if (w->test[i].answer == MM_YES || misses <= MISSES_SHOWN)
            comparison(p, depth + 1, &w->test[i]);
        else
            left++;
    }
    if (left == 0)
        return;
    for (size_t i = 0; i < (depth + 1) * DEPTH_SPACES; i++)
        mm_buf_byte(p->out, ' ');
    word(p, "why.more");
    mm_buf_fmt(p->out, " %zu\n", left);
}

/* Depth is that of conditions, which is bounded. */
static void tree(const struct printer *p, const struct mm_why *w, size_t depth)
{
    static const char *const keys[] = {
        [MM_WHY_NOT] = "why.not", [MM_WHY_ALL] = "why.all", [MM_WHY_ANY] = "why.any"};

    if (w->kind == MM_WHY_TEST) {
        test(p, w, depth);
        return;
    }
    begin(p, depth, w->answer);
    if (w->label.n > 0) {
        foreign(p, w->label);
        mm_buf_str(p->out, ": ");
    }
    word(p, keys[w->kind]);
    mm_buf_byte(p->out, '\n');
    for (const struct mm_why *c = w->first; c != NULL; c = c->next)
        tree(p, c, depth + 1);
}

/* What became of the rule, the strongest reason first. */
static const char *verdict(const struct mm_rule *r, const struct mm_why_rule *why)
{
    if (why->alerts)
        return "why.rule.alerts";
    if (why->hidden_by != SIZE_MAX)
        return "why.rule.hidden";
    if (why->off)
        return "why.rule.off";
    if (why->waits)
        return "why.rule.waits";
    if (why->answer == MM_NO)
        return "why.rule.no";
    if (why->answer == MM_UNDECIDED)
        return "why.rule.undecided";
    if (r->state == MM_RULE_NO_SOURCE)
        return "why.rule.no_source";
    return r->state != MM_RULE_ACTIVE ? "why.rule.inactive" : "why.rule.logsource";
}

static void print_rule(const struct printer *p, const struct mm_ruleset *set, size_t index,
                       const struct mm_why_rule *why)
{
    const struct mm_rule *r = mm_rules_get(set, index);

    mm_buf_str(p->out, "# ");
    foreign(p, r->title);
    mm_buf_str(p->out, " (");
    foreign(p, r->id);
    mm_buf_str(p->out, ")\n");
    word(p, verdict(r, why));
    if (why->hidden_by != SIZE_MAX) {
        mm_buf_byte(p->out, ' ');
        foreign(p, mm_filters_get(set, why->hidden_by)->title);
    }
    mm_buf_byte(p->out, '\n');
    if (why->tree != NULL)
        tree(p, why->tree, 0);
}

/* An event from JSON: flat ECS names as `mimamori parse --json` prints, or a Windows event. */
static bool read_event(const struct mm_json_doc *doc, struct mm_arena *arena, struct mm_event *ev)
{
    struct mm_winevent *win = mm_winevent_new();
    struct mm_decode_env env = {.arena = arena};
    bool ok = win != NULL && doc->item[0].type == MM_JSON_OBJECT;
    size_t unfit = 0;

    if (ok && mm_winevent_is(doc)) {
        ok = mm_winevent_decode(win, doc, &env, ev, NULL) == MM_OK;
    } else if (ok) {
        ok = mm_event_of_json(doc, ev, &unfit);
        if (unfit > 0)
            fprintf(stderr, "mimamori: a field of the event does not fit its type\n");
    }
    mm_winevent_free(&win);
    return ok;
}

/* Every rule of the set about the event; returns the exit status. */
static int explain(struct mm_ruleset *set, const struct mm_event *ev, bool json, enum mm_lang lang)
{
    struct mm_matcher *m = mm_matcher_new(set);
    struct mm_why_rule why;
    struct mm_arena arena;
    struct mm_buf out;
    struct printer p = {.out = &out, .lang = lang};
    int rc = 1;

    if (m == NULL)
        return rc;
    mm_arena_init(&arena, OUT_MAX);
    mm_buf_init(&out, OUT_MAX);
    mm_buf_str(&out, json ? "[" : "");
    for (size_t i = 0; i < mm_rules_count(set); i++) {
        mm_arena_reset(&arena);
        if (mm_rules_why(m, i, ev, &arena, &why) != MM_OK)
            continue;
        rc = why.alerts ? 0 : rc;
        mm_buf_str(&out, json && i > 0 ? ",\n" : "");
        if (json)
            mm_why_json(set, i, &why, &out);
        else
            print_rule(&p, set, i, &why);
    }
    mm_buf_str(&out, json ? "]\n" : "");
    if (mm_buf_ok(&out))
        (void)fwrite(out.p, 1, out.n, stdout);
    mm_buf_done(&out);
    mm_arena_done(&arena);
    mm_matcher_free(&m);
    return rc;
}

int mm_rules_cli_why(const char *const *path, size_t n, const struct mm_rules_options *options,
                     uint32_t company, bool json, enum mm_lang lang)
{
    const char *file = strcmp(path[n - 1], "-") == 0 ? "/dev/stdin" : path[n - 1];
    struct mm_json *reader = mm_json_new(MM_MAX_LINE * 4);
    struct mm_ruleset *set = mm_rules_cli_load(lang, path, n - 1, options);
    struct mm_json_doc doc;
    struct mm_arena arena;
    struct mm_event ev;
    struct mm_buf text;
    int rc = 1;

    mm_arena_init(&arena, 16 * 1024 * 1024);
    mm_buf_init(&text, MM_MAX_LINE * 4);
    mm_event_reset(&ev);
    if (set != NULL)
        mm_rules_cli_remarks(stderr, lang, set);
    if (reader == NULL || mm_file_read(file, &text) != MM_OK ||
        mm_json_parse(reader, mm_buf_slice(&text), &arena, &doc, NULL) != MM_OK ||
        !read_event(&doc, &arena, &ev)) {
        MM_COMPLAIN(lang, "cli.rules.why.event", MM_SAY_TEXT("path", mm_slice_str(path[n - 1])));
    } else if (set != NULL) {
        ev.company = company;
        rc = explain(set, &ev, json, lang);
    }
    mm_rules_unref(&set);
    mm_json_free(&reader);
    mm_buf_done(&text);
    mm_arena_done(&arena);
    return rc;
}
