/* parse/draft.c - see draft.h for the contract. */
#include "parse/draft.h"

#include "base/limits.h"
#include "codec/ext/yaml.h"
#include "codec/pattern.h"
#include "codec/pattern_scan.h"
#include "codec/syslog.h"
#include "model/event.h"

enum { ARENA_MAX = 16 * 1024 * 1024, WORD_MAX = 24 };

enum mm_code mm_draft_init(struct mm_draft *d)
{
    *d = (struct mm_draft){.lines = 0};
    mm_arena_init(&d->arena, ARENA_MAX);
    return mm_cluster_init(&d->unmarked, MM_DRAFT_PATTERNS);
}

void mm_draft_done(struct mm_draft *d)
{
    mm_arena_done(&d->arena);
    mm_cluster_done(&d->unmarked);
}

bool mm_draft_name_ok(struct mm_slice name)
{
    for (size_t i = 0; i < name.n; i++) {
        uint8_t c = name.p[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && !(c == '-' && i > 0))
            return false;
    }
    return name.n > 0 && name.n <= MM_DRAFT_NAME;
}

/* ---- how things ended ---- */

static const char *const outcome_names[MM_DRAFT_OUTCOMES] = {
    [MM_DRAFT_SUCCESS] = "success", [MM_DRAFT_FAILURE] = "failure", [MM_DRAFT_UNKNOWN] = "unknown"};

const char *mm_draft_outcome(enum mm_draft_outcome outcome)
{
    MM_ASSERT(outcome < MM_DRAFT_OUTCOMES);
    return outcome_names[outcome];
}

enum mm_draft_outcome mm_draft_outcome_of(struct mm_slice name)
{
    int i = 0;

    while (i < MM_DRAFT_OUTCOMES && !mm_slice_eq(name, mm_slice_str(outcome_names[i])))
        i++;
    return (enum mm_draft_outcome)i;
}

enum mm_code mm_draft_known(struct mm_draft *d, struct mm_slice yaml)
{
    struct mm_yaml *doc = NULL;
    enum mm_code code = mm_yaml_read(&d->arena, yaml, &doc, NULL);

    for (int i = 0; i < MM_DRAFT_UNKNOWN && code == MM_OK; i++) {
        const struct mm_yaml *list = mm_yaml_get(doc, outcome_names[i]);
        const struct mm_yaml *one = list != NULL && list->kind == MM_YAML_LIST ? list->first : NULL;

        for (; one != NULL && code == MM_OK; one = one->next) {
            if (d->known_n[i] == MM_DRAFT_KNOWN)
                code = MM_E_LIMIT;
            else if (!mm_arena_dup(&d->arena, one->text, &d->known[i][d->known_n[i]++]))
                code = MM_E_NOMEM;
        }
    }
    return code;
}

static struct mm_draft_word *find_word(struct mm_draft *d, struct mm_slice word)
{
    for (size_t i = 0; i < d->words; i++) {
        if (mm_slice_eq(d->word[i].word, word))
            return &d->word[i];
    }
    return NULL;
}

enum mm_code mm_draft_say(struct mm_draft *d, struct mm_slice word, enum mm_draft_outcome outcome)
{
    struct mm_draft_word *w = find_word(d, word);

    MM_ASSERT(outcome < MM_DRAFT_OUTCOMES);
    if (w == NULL && d->words == MM_DRAFT_WORDS)
        return MM_E_LIMIT;
    if (w == NULL) {
        w = &d->word[d->words];
        if (!mm_arena_dup(&d->arena, word, &w->word))
            return MM_E_NOMEM;
        d->words++;
    }
    w->outcome = outcome;
    return MM_OK;
}

/* A word of a line: what is known of it, unless a person has spoken of it. More words than fit stay
 * without a rule of their own. */
static void meet_word(struct mm_draft *d, struct mm_slice word)
{
    enum mm_draft_outcome outcome = MM_DRAFT_UNKNOWN;

    if (word.n == 0 || d->words == MM_DRAFT_WORDS || find_word(d, word) != NULL)
        return;
    for (int i = 0; i < MM_DRAFT_UNKNOWN; i++) {
        for (size_t k = 0; k < d->known_n[i]; k++) {
            if (mm_slice_ieq(word, d->known[i][k]))
                outcome = (enum mm_draft_outcome)i;
        }
    }
    (void)!mm_draft_say(d, word, outcome); /* without memory the file fails later */
}

/* ---- names ---- */

/* Names taken by one template: a second source.ip becomes source.ip2, an extra. */
struct names {
    struct mm_slice name[MM_PATTERN_MAX_CAPTURES];
    size_t n;
};

static bool one_of(struct mm_slice word, const char *const *list)
{
    for (; *list != NULL; list++) {
        if (mm_slice_ieq(word, mm_slice_str(*list)))
            return true;
    }
    return false;
}

static const char *const from_words[] = {"from",   "src", "source", "client", "srcip", "saddr",
                                         "inside", "by",  "remote", "ip",     NULL};
static const char *const to_words[] = {"to",    "dst",   "dest",    "destination", "server",
                                       "dstip", "daddr", "outside", NULL};
static const char *const user_words[] = {"user", "for",     "of",  "username", "login",
                                         "usr",  "account", "uid", NULL};

/* The ECS field that a value of this type has behind this word, or NULL. */
static const char *field_of(enum mm_scan scan, struct mm_slice word, const struct names *names)
{
    bool second = false;

    for (size_t i = 0; i < names->n; i++)
        second = second || mm_slice_starts(names->name[i], MM_S("source"));
    if (scan == MM_SCAN_IP || mm_scan_pair(scan)) {
        bool to = one_of(word, to_words) || (second && !one_of(word, from_words));

        if (scan == MM_SCAN_IP)
            return to ? "destination.ip" : "source.ip";
        return to ? "destination" : "source";
    }
    if (scan == MM_SCAN_MAC)
        return "source.mac";
    if (scan == MM_SCAN_WORD && one_of(word, user_words))
        return "user.name";
    if (scan == MM_SCAN_INT && mm_slice_ieq(word, MM_S("port")))
        return "source.port";
    return NULL;
}

static bool taken(const struct names *names, struct mm_slice name)
{
    for (size_t i = 0; i < names->n; i++) {
        if (mm_slice_eq(names->name[i], name))
            return true;
    }
    return false;
}

/* A name of our own: letters and digits of the word in front, else `value`; numbered when taken. */
static struct mm_slice own_name(struct mm_draft *d, struct mm_slice word, const struct names *names)
{
    char text[WORD_MAX + 8];
    size_t n = 0;

    for (size_t i = 0; i < word.n && n < WORD_MAX; i++) {
        uint8_t c = word.p[i] | 0x20;

        if ((c >= 'a' && c <= 'z') || (n > 0 && word.p[i] >= '0' && word.p[i] <= '9'))
            text[n++] = (char)(c >= 'a' ? c : word.p[i]);
    }
    if (n == 0)
        n = (size_t)snprintf(text, sizeof(text), "value");
    for (unsigned k = 2; taken(names, mm_slice_of(text, n)) && k < 100; k++) {
        while (n > 0 && text[n - 1] >= '0' && text[n - 1] <= '9')
            n--;
        n += (size_t)snprintf(text + n, 4, "%u", k); /* at most two digits */
    }
    return mm_slice_str(mm_arena_cstr(&d->arena, mm_slice_of(text, n)));
}

static struct mm_slice name_for(struct mm_draft *d, enum mm_scan scan, struct mm_slice word,
                                struct names *names)
{
    const char *field = field_of(scan, word, names);
    struct mm_slice name = mm_slice_str(field);

    if (field == NULL || taken(names, name))
        name = own_name(d, word, names);
    if (names->n < MM_COUNT(names->name))
        names->name[names->n++] = name;
    return name;
}

/* ---- templates ---- */

static void put_literal(struct mm_buf *out, struct mm_slice text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '{')
            mm_buf_byte(out, '{');
        mm_buf_byte(out, text.p[i]);
    }
}

static void put_capture(struct mm_buf *out, struct mm_slice name, struct mm_slice type)
{
    mm_buf_byte(out, '{');
    mm_buf_add(out, name);
    mm_buf_byte(out, ':');
    mm_buf_add(out, type);
    mm_buf_byte(out, '}');
}

/* A name that stands for an address and its port together. */
static bool is_end(struct mm_slice field)
{
    return mm_slice_eq(field, MM_S("source")) || mm_slice_eq(field, MM_S("destination"));
}

/* The type of a marked value: what it is as a whole, else as far as the text behind it goes. */
static struct mm_slice type_of(struct mm_slice value, struct mm_slice field, bool ends)
{
    bool user = mm_slice_ends(field, MM_S("user.name"));

    for (int i = 0; i < MM_SCAN_QUOTED; i++) {
        struct mm_when when = {0};
        struct mm_scanned got;
        enum mm_scan scan = (enum mm_scan)i;

        if (scan == MM_SCAN_PORT || scan == MM_SCAN_HEX || scan == (enum mm_scan)MM_WHEN_FILETIME ||
            scan == (enum mm_scan)MM_WHEN_ZONE || mm_scan_pair(scan) != is_end(field))
            continue;
        if (scan < MM_SCAN_MAC && value.n < 8)
            continue; /* a short number is no time */
        if (mm_scan_take(scan, (struct mm_slice){0}, value, 0, &when, &got) && got.end == value.n)
            return mm_scan_name(scan);
    }
    if (ends)
        return mm_slice_find(value, ' ', 0) == SIZE_MAX ? MM_S("word") : MM_S("rest");
    if (user)
        return MM_S("last"); /* names that an attacker chooses: up to the last such text */
    return mm_slice_find(value, ' ', 0) == SIZE_MAX ? MM_S("word") : MM_S("to");
}

/* A line on its way into a template. */
struct writing {
    struct mm_draft *d;
    struct mm_slice text;
    const struct mm_shape *shape;
    const struct mm_draft_mark *marks; /* offsets in text */
    size_t n;
    struct names names;
    struct mm_slice word;   /* the last literal word: what the next value may be called */
    struct mm_slice result; /* the capture that tells how it ended */
    struct mm_buf *out;
};

static void put_mark(struct writing *w, const struct mm_draft_mark *m)
{
    struct mm_slice value = mm_slice_sub(w->text, m->from, m->n);
    bool time = mm_slice_eq(m->field, MM_S("@timestamp"));
    /* What two parts are said to be only one can be: the other one is kept under a name of its own.
     */
    bool outcome = w->result.n == 0 && mm_slice_eq(m->field, MM_S("event.outcome"));
    struct mm_slice name = outcome                      ? own_name(w->d, MM_S("result"), &w->names)
                           : taken(&w->names, m->field) ? own_name(w->d, m->field, &w->names)
                                                        : m->field;

    if (outcome) {
        w->result = name;
        meet_word(w->d, value);
    }
    put_capture(w->out, time ? (struct mm_slice){0} : name,
                type_of(value, m->field, m->from + m->n == w->text.n));
    if (name.n > 0 && w->names.n < MM_COUNT(w->names.name))
        w->names.name[w->names.n++] = name;
}

/* Bytes of a piece that marks have left over. */
static void put_piece(struct writing *w, const struct mm_shape_piece *p, size_t from, size_t to)
{
    enum mm_scan scan = (enum mm_scan)p->scan;
    bool whole = from == p->from && to == (size_t)p->from + p->size;

    if (scan == MM_SCAN_COUNT || !whole) {
        if (from < to)
            put_literal(w->out, mm_slice_sub(w->text, from, to - from));
        if (!p->gap && from < to)
            w->word = mm_slice_sub(w->text, from, to - from);
    } else if (scan < MM_SCAN_MAC || scan == MM_SCAN_REST) {
        put_capture(w->out, (struct mm_slice){0}, mm_scan_name(scan));
    } else {
        put_capture(w->out, name_for(w->d, scan, w->word, &w->names), mm_scan_name(scan));
        w->word = (struct mm_slice){0};
    }
}

static void write_marked(struct writing *w)
{
    size_t mark = 0, at = 0;

    for (size_t i = 0; i < w->shape->count; i++) {
        const struct mm_shape_piece *p = &w->shape->piece[i];
        size_t end = (size_t)p->from + p->size;

        while (mark < w->n && w->marks[mark].from < end) {
            if (at < w->marks[mark].from)
                put_piece(w, p, at > p->from ? at : p->from, w->marks[mark].from);
            put_mark(w, &w->marks[mark]);
            at = w->marks[mark].from + w->marks[mark].n;
            mark++;
        }
        if (at < end) {
            put_piece(w, p, at > p->from ? at : p->from, end);
            at = end;
        }
    }
}

/* A template of unmarked lines: only its captures' names are missing. */
static void write_unmarked(struct writing *w)
{
    for (size_t i = 0; i < w->shape->count; i++) {
        const struct mm_shape_piece *p = &w->shape->piece[i];
        enum mm_scan scan = (enum mm_scan)p->scan;
        struct mm_slice text = mm_slice_of(w->shape->text + p->at, p->n);

        if (scan == MM_SCAN_COUNT)
            put_literal(w->out, text);
        else if (scan < MM_SCAN_MAC || scan == MM_SCAN_REST)
            put_capture(w->out, (struct mm_slice){0}, mm_scan_name(scan));
        else
            put_capture(w->out, name_for(w->d, scan, w->word, &w->names), mm_scan_name(scan));
        if (!p->gap)
            w->word = scan == MM_SCAN_COUNT ? text : (struct mm_slice){0};
    }
}

static enum mm_code add_pattern(struct mm_draft *d, struct mm_slice app, const struct mm_buf *text,
                                struct mm_slice result)
{
    struct mm_draft_pattern *p = &d->pattern[d->patterns];

    if (d->patterns == MM_DRAFT_PATTERNS || !mm_buf_ok(text))
        return MM_E_LIMIT;
    if (!mm_arena_dup(&d->arena, app, &p->app) ||
        !mm_arena_dup(&d->arena, mm_buf_slice(text), &p->template))
        return MM_E_NOMEM;
    p->result = result;
    d->patterns++;
    return MM_OK;
}

/* ---- lines ---- */

/* The message and the program of a line. */
static struct mm_slice message_of(struct mm_slice line, struct mm_slice *ret_app, bool *ret_syslog)
{
    struct mm_syslog syslog;

    *ret_app = (struct mm_slice){0};
    *ret_syslog = mm_syslog_parse(line, &syslog, NULL) == MM_OK;
    if (!*ret_syslog)
        return mm_slice_trim(line);
    *ret_app = syslog.app;
    return mm_slice_trim(syslog.app.n > 0 ? syslog.msg : syslog.text);
}

static enum mm_code add_marked(struct mm_draft *d, struct mm_slice line, struct mm_slice text,
                               struct mm_slice app, const struct mm_draft_mark *marks, size_t n)
{
    struct mm_draft_mark own[MM_DRAFT_MARKS];
    size_t skip = (size_t)(text.p - line.p), last = 0;
    struct mm_shape shape;
    struct mm_buf out;
    struct writing w = {.d = d, .text = text, .shape = &shape, .marks = own, .n = n, .out = &out};
    enum mm_code code;

    for (size_t i = 0; i < n; i++) {
        if (marks[i].from < skip + last || marks[i].n == 0 ||
            marks[i].from - skip + marks[i].n > text.n)
            return MM_E_RANGE;
        own[i] = marks[i];
        own[i].from -= skip;
        last = own[i].from + own[i].n;
    }
    mm_shape_of(text, &shape);
    mm_buf_init(&out, MM_PATTERN_MAX_TEXT);
    write_marked(&w);
    code = add_pattern(d, app, &out, w.result);
    mm_buf_done(&out);
    return code;
}

enum mm_code mm_draft_add(struct mm_draft *d, struct mm_slice line,
                          const struct mm_draft_mark *marks, size_t n)
{
    struct mm_slice app, text, own;
    struct mm_shape shape;
    bool syslog;

    if (d->lines == MM_DRAFT_LINES || n > MM_DRAFT_MARKS || line.n > MM_MAX_LINE)
        return MM_E_LIMIT;
    if (!mm_arena_dup(&d->arena, line, &own))
        return MM_E_NOMEM;
    text = message_of(own, &app, &syslog);
    /* What somebody marked in front of the message belongs to it: then there is no header. */
    if (n > 0 && syslog && own.p + marks[0].from < text.p && own.n > 0 && own.p[0] != '<') {
        text = mm_slice_trim(own);
        app = (struct mm_slice){0};
        syslog = false;
    }
    d->syslog = d->syslog || syslog;
    if (n > 0) {
        enum mm_code code = add_marked(d, own, text, app, marks, n);

        if (code != MM_OK)
            return code;
    } else {
        mm_shape_of(text, &shape);
        if (mm_cluster_put(&d->unmarked, 0, app, &shape) == SIZE_MAX)
            return MM_E_LIMIT;
    }
    d->line[d->lines++] = own;
    return MM_OK;
}

/* The word that a line has where this template has its result. */
static void meet_result(struct mm_draft *d, const struct mm_draft_pattern *p, struct mm_slice line)
{
    struct mm_patterns *set = p->result.n == 0 ? NULL : mm_patterns_new(&d->arena);
    MM_UNINIT struct mm_pattern_hit hit;
    struct mm_slice app;
    bool syslog;

    if (set == NULL || mm_patterns_add(set, p->template, 0, NULL) != MM_OK ||
        !mm_patterns_match(set, message_of(line, &app, &syslog), NULL, &hit))
        return;
    for (size_t i = 0; i < hit.count; i++) {
        if (mm_slice_eq(mm_patterns_name(set, hit.capture[i].name), p->result))
            meet_word(d, hit.capture[i].text);
    }
}

enum mm_code mm_draft_example(struct mm_draft *d, struct mm_slice line)
{
    if (d->lines == MM_DRAFT_LINES || line.n > MM_MAX_LINE)
        return MM_E_LIMIT;
    if (!mm_arena_dup(&d->arena, line, &d->line[d->lines]))
        return MM_E_NOMEM;
    for (size_t i = 0; i < d->patterns; i++)
        meet_result(d, &d->pattern[i], d->line[d->lines]);
    d->lines++;
    return MM_OK;
}

enum mm_code mm_draft_marks(struct mm_draft *d, struct mm_slice text, struct mm_slice *ret_line,
                            struct mm_draft_mark *ret_marks, size_t *ret_n)
{
    uint8_t *out = mm_arena_bytes(&d->arena, text.n);
    size_t n = 0, marks = 0;

    if (out == NULL)
        return MM_E_NOMEM;
    for (size_t i = 0; i < text.n; i++) {
        size_t end, equals;

        if (text.p[i] != '{' || (i + 1 < text.n && text.p[i + 1] == '{')) {
            i += text.p[i] == '{' ? 1 : 0;
            out[n++] = text.p[i];
            continue;
        }
        end = mm_slice_find(text, '}', i);
        equals = mm_slice_find(text, '=', i);
        if (end == SIZE_MAX || equals == SIZE_MAX || equals > end || equals == i + 1 ||
            end == equals + 1)
            return MM_E_SYNTAX;
        if (marks == MM_DRAFT_MARKS)
            return MM_E_LIMIT;
        ret_marks[marks++] = (struct mm_draft_mark){
            .from = n, .n = end - equals - 1, .field = mm_slice_sub(text, i + 1, equals - i - 1)};
        memcpy(out + n, text.p + equals + 1, end - equals - 1);
        n += end - equals - 1;
        i = end;
    }
    *ret_line = mm_slice_of(out, n);
    *ret_n = marks;
    return MM_OK;
}

/* ---- the file ---- */

/* In single quotes, as people write templates; what they cannot hold in double ones: a marked line
 * brings its TABs, and whatever else stands in it. */
static void put_quoted(struct mm_buf *out, struct mm_slice s)
{
    if (mm_yaml_needs_escape(s)) {
        mm_yaml_quote(out, s);
        return;
    }
    mm_buf_byte(out, '\'');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\'')
            mm_buf_byte(out, '\'');
        mm_buf_byte(out, s.p[i]);
    }
    mm_buf_byte(out, '\'');
}

/* Templates of what nobody marked; the marked ones are known already and win. */
static enum mm_code name_unmarked(struct mm_draft *d)
{
    for (size_t i = 0; i < d->unmarked.count; i++) {
        const struct mm_cluster_entry *e = &d->unmarked.entry[i];
        struct mm_buf out;
        struct writing w = {.d = d, .shape = &e->shape, .out = &out};
        enum mm_code code;

        mm_buf_init(&out, MM_PATTERN_MAX_TEXT);
        write_unmarked(&w);
        code = out.n == 0
                   ? MM_OK
                   : add_pattern(d, mm_slice_of(e->app, e->app_n), &out, (struct mm_slice){0});
        mm_buf_done(&out);
        if (code != MM_OK)
            return code;
    }
    mm_cluster_reset(&d->unmarked);
    return MM_OK;
}

/* Whether a file of ours recognises this program. */
static bool names_app(struct mm_slice yaml, struct mm_slice app)
{
    struct mm_buf row;
    bool there;

    mm_buf_init(&row, 256);
    mm_buf_str(&row, "  - app: [");
    put_quoted(&row, app);
    mm_buf_str(&row, "]\n");
    there = mm_buf_ok(&row) && mm_slice_search(yaml, mm_buf_slice(&row)) != SIZE_MAX;
    mm_buf_done(&row);
    return there;
}

/*
 * Lines are known by the programs that write them, those without one by their templates. Programs
 * that the file `there` names already are left out.
 */
static void put_recognise(const struct mm_draft *d, struct mm_slice there, struct mm_buf *out)
{
    for (size_t i = 0; i < d->patterns; i++) {
        struct mm_slice app = d->pattern[i].app;
        bool known = false;

        for (size_t k = 0; k < i && app.n > 0; k++)
            known = known || mm_slice_eq(d->pattern[k].app, app);
        if (known || (app.n > 0 && names_app(there, app)))
            continue;
        mm_buf_str(out, app.n > 0 ? "  - app: [" : "  - like: [");
        put_quoted(out, app.n > 0 ? app : d->pattern[i].template);
        mm_buf_str(out, "]\n");
    }
}

/* Two templates that take the same lines are one: the first stays. */
static bool is_new(struct mm_patterns *set, const struct mm_draft *d, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (mm_slice_eq(d->pattern[i].template, d->pattern[at].template))
            return false;
    }
    return mm_patterns_add(set, d->pattern[at].template, (uint16_t)at, NULL) == MM_OK;
}

/* Could a rule take it for something else than this word? */
static bool is_plain_word(struct mm_slice word)
{
    return mm_slice_find(word, '*', 0) == SIZE_MAX && !mm_slice_eq(word, MM_S("~"));
}

static void put_rule(const struct mm_draft *d, struct mm_slice result,
                     enum mm_draft_outcome outcome, struct mm_buf *out)
{
    size_t n = 0;

    for (size_t i = 0; i < d->words; i++) {
        if (d->word[i].outcome != outcome || !is_plain_word(d->word[i].word))
            continue;
        if (n++ == 0)
            mm_buf_fmt(out, "      - when: {%.*s: [", MM_S_ARG(result));
        else
            mm_buf_str(out, ", ");
        put_quoted(out, d->word[i].word);
    }
    if (n > 0)
        mm_buf_fmt(out, "]}\n        set: {event.outcome: %s}\n", outcome_names[outcome]);
}

/* What the words of a template's result mean; of any other nobody knows. */
static void put_rules(const struct mm_draft *d, struct mm_slice result, struct mm_buf *out)
{
    mm_buf_str(out, "    rules:\n");
    put_rule(d, result, MM_DRAFT_SUCCESS, out);
    put_rule(d, result, MM_DRAFT_FAILURE, out);
    mm_buf_fmt(out, "      - when: {%.*s: '*'}\n        set: {event.outcome: unknown}\n",
               MM_S_ARG(result));
}

static void put_patterns(const struct mm_draft *d, struct mm_patterns *set, struct mm_buf *out)
{
    for (size_t i = 0; i < d->patterns; i++) {
        if (!is_new(set, d, i))
            continue;
        mm_buf_str(out, "  - is: ");
        put_quoted(out, d->pattern[i].template);
        mm_buf_byte(out, '\n');
        if (d->pattern[i].result.n > 0)
            put_rules(d, d->pattern[i].result, out);
    }
}

#define HOST_OF_HEADER "  syslog.host: host.name\n"
#define DEVICE_OF_HEADER "  syslog.host: observer.name\n"

/* Whether a template says itself which PC or device the line is about. */
static bool names_host(const struct mm_draft *d)
{
    for (size_t i = 0; i < d->patterns; i++) {
        if (mm_slice_search(d->pattern[i].template, MM_S("{host.name:")) != SIZE_MAX)
            return true;
    }
    return false;
}

bool mm_draft_yaml(struct mm_draft *d, const struct mm_draft_head *head, struct mm_buf *ret)
{
    struct mm_patterns *set = mm_patterns_new(&d->arena);
    struct mm_slice title = head->title.n > 0 ? head->title : head->name;

    mm_buf_reset(ret);
    if (set == NULL || name_unmarked(d) != MM_OK || d->patterns == 0)
        return false;
    mm_buf_fmt(ret, "format: %.*s\ntitle: {ja: ", MM_S_ARG(head->name));
    put_quoted(ret, title);
    mm_buf_str(ret, ", en: ");
    put_quoted(ret, title);
    mm_buf_fmt(ret, "}\norder: 900\nwrap: %s\ntimeless: true\nprefix: %.*s.\n",
               d->syslog ? "syslog" : "none", MM_S_ARG(head->name));
    /* As of a line that nobody reads: who it is from must not be lost with the format. */
    if (d->syslog)
        mm_buf_fmt(ret, "fields:\n%s", names_host(d) ? DEVICE_OF_HEADER : HOST_OF_HEADER);
    mm_buf_str(ret, "recognise:\n");
    put_recognise(d, (struct mm_slice){0}, ret);
    mm_buf_str(ret, "decode: pattern\nset: {event.category: ");
    put_quoted(ret, head->category);
    mm_buf_str(ret, ", event.outcome: ");
    put_quoted(ret, head->outcome);
    mm_buf_str(ret, "}\npatterns:\n");
    put_patterns(d, set, ret);
    return mm_buf_ok(ret);
}

bool mm_draft_extend(struct mm_draft *d, struct mm_slice yaml, struct mm_buf *ret)
{
    static const struct mm_slice recognise = MM_S_INIT("\nrecognise:\n");
    struct mm_patterns *set = mm_patterns_new(&d->arena);
    size_t at = mm_slice_search(yaml, recognise), host;

    mm_buf_reset(ret);
    if (set == NULL || at == SIZE_MAX || yaml.p[yaml.n - 1] != '\n' ||
        mm_slice_search(yaml, MM_S("\npatterns:\n")) == SIZE_MAX || name_unmarked(d) != MM_OK ||
        d->patterns == 0)
        return false;
    host = names_host(d) ? mm_slice_search(yaml, MM_S(HOST_OF_HEADER)) : SIZE_MAX;
    if (host < at) { /* what a line says itself goes before its header */
        mm_buf_add(ret, mm_slice_sub(yaml, 0, host));
        mm_buf_str(ret, DEVICE_OF_HEADER);
        host += sizeof(HOST_OF_HEADER) - 1;
    } else {
        host = 0;
    }
    mm_buf_add(ret, mm_slice_sub(yaml, host, at + recognise.n - host));
    put_recognise(d, yaml, ret);
    mm_buf_add(ret, mm_slice_sub(yaml, at + recognise.n, SIZE_MAX));
    put_patterns(d, set, ret);
    return mm_buf_ok(ret);
}

void mm_draft_test(const struct mm_draft *d, struct mm_buf *ret)
{
    static const char digits[] = "0123456789abcdef";

    mm_buf_reset(ret);
    mm_buf_str(ret, "@ received 2026-11-20T04:00:00Z\n");
    for (size_t i = 0; i < d->lines; i++) {
        mm_buf_str(ret, "<\\ ");
        for (size_t k = 0; k < d->line[i].n; k++) {
            uint8_t c = d->line[i].p[k];

            if (c == '\\') {
                mm_buf_str(ret, "\\\\");
            } else if (c < 0x20 || c == 0x7f) {
                mm_buf_str(ret, "\\x");
                mm_buf_byte(ret, (uint8_t)digits[c >> 4]);
                mm_buf_byte(ret, (uint8_t)digits[c & 15]);
            } else {
                mm_buf_byte(ret, c);
            }
        }
        mm_buf_byte(ret, '\n');
    }
}
