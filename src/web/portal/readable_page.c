/* web/portal/readable_page.c - a kind of line that nobody reads becomes a format. */
#include "base/limits.h"
#include "base/utf8.h"
#include "os/file.h"
#include "parse/draft.h"
#include "parse/parse.h"
#include "web/portal/draft.h"
#include "web/portal/facts.h"
#include "web/portal/formats.h"
#include "web/portal/looks.h"
#include "web/portal/pages.h"
#include "web/portal/wishes.h"

enum {
    OTHERS_MAX = 5, /* more kinds of line of the source that are tried, too */
    TITLE_MAX = 30, /* characters: a heading on a smartphone; said on the page, too */
};

/* What a piece of a line may be. The first three stand for words that are no field. */
static const char *const meanings[] = {
    "-",
    "+",
    "value",
    "@timestamp",
    "user.name",
    "user.target.name",
    "host.name",
    "source.ip",
    "source.port",
    "source",
    "source.mac",
    "source.domain",
    "destination.ip",
    "destination.port",
    "destination",
    "destination.domain",
    "event.outcome",
    "event.action",
    "event.reason",
    "event.code",
    "network.transport",
    "url.original",
    "url.domain",
    "dns.question.name",
    "rule.name",
    "file.path",
    "process.executable",
};
static const char *const categories[] = {"authentication", "network", "web",      "email",
                                         "file",           "malware", "database", "iam",
                                         "configuration",  "process", "host"};
static const char *const outcomes[] = {"success", "failure", "unknown"};

/* One request about one kind of line. */
struct making {
    struct mm_page *p;
    struct mm_unread *line; /* one */
    struct mm_unread *others;
    size_t others_n;
    struct mm_draft_ask ask;
    struct mm_slice base; /* name of the format that is added to; empty: a new one */
    uint64_t source;
};

static bool one_of(const char *const *list, size_t n, struct mm_slice v)
{
    for (size_t i = 0; i < n; i++) {
        if (mm_slice_eq(mm_slice_str(list[i]), v))
            return true;
    }
    return false;
}

/* ---- the document ---- */

static void write_choices(struct mm_doc *at, const char *key, const char *const *list, size_t n,
                          struct mm_slice chosen)
{
    struct mm_doc *choices = mm_doc_array(at, key);

    for (size_t i = 0; i < n; i++) {
        struct mm_doc *o = mm_doc_object(choices, NULL);

        mm_doc_str(o, "key", list[i]);
        mm_doc_bool(o, "chosen", mm_slice_eq(mm_slice_str(list[i]), chosen));
    }
}

static struct mm_slice text_member(const struct mm_doc *d, const char *key)
{
    const struct mm_doc *v = mm_doc_get(d, mm_slice_str(key));

    return v != NULL && v->type == MM_DOC_TEXT ? v->text : (struct mm_slice){0};
}

static int64_t int_member(const struct mm_doc *d, const char *key)
{
    const struct mm_doc *v = mm_doc_get(d, mm_slice_str(key));

    return v != NULL && v->type == MM_DOC_INT ? v->i : 0;
}

/* The pieces as a form: what each may be, and what was chosen. */
static void write_pieces(struct making *m)
{
    const struct mm_doc *draft = mm_doc_get(m->p->doc, MM_S("draft"));
    const struct mm_doc *from = draft == NULL ? NULL : mm_doc_get(draft, MM_S("pieces"));
    struct mm_doc *list = mm_doc_array(m->p->doc, "pieces");
    const struct mm_doc *piece = from == NULL || from->type != MM_DOC_ARRAY ? NULL : from->first;

    for (; piece != NULL; piece = piece->next) {
        struct mm_slice kind = text_member(piece, "kind"), chosen;
        bool typed = !mm_slice_eq(kind, MM_S("text")) && !mm_slice_eq(kind, MM_S("varies"));
        char name[64];
        struct mm_doc *o;

        if (mm_slice_eq(kind, MM_S("gap")) || mm_slice_eq(kind, MM_S("")))
            continue;
        (void)snprintf(name, sizeof(name), "m%lld-%lld", (long long)int_member(piece, "from"),
                       (long long)int_member(piece, "n"));
        chosen = mm_input_has(&m->p->in, name)       ? mm_input_get(&m->p->in, name)
                 : mm_slice_eq(kind, MM_S("varies")) ? MM_S("-")
                                                     : MM_S("");
        o = mm_doc_object(list, NULL);
        mm_doc_text(o, "name", mm_slice_str(name));
        mm_doc_text(o, "text", text_member(piece, "text"));
        mm_doc_text(o, "kind", kind);
        mm_doc_bool(o, "typed", typed);
        write_choices(o, "choices", meanings, MM_COUNT(meanings), chosen);
    }
}

/* A format's test keeps lines of the companies it was made from: only who sees all may go on. */
static bool may_add_to(const struct making *m)
{
    return mm_scope_sees(m->p->me.scope, MM_COMPANY_OPERATOR);
}

/* What the words of the part that tells how it ended mean: a choice each. */
static void write_words(struct making *m)
{
    const struct mm_doc *draft = mm_doc_get(m->p->doc, MM_S("draft"));
    const struct mm_doc *from = draft == NULL ? NULL : mm_doc_get(draft, MM_S("words"));
    const struct mm_doc *word = from == NULL || from->type != MM_DOC_ARRAY ? NULL : from->first;
    struct mm_doc *list = mm_doc_array(m->p->doc, "words");

    mm_doc_bool(m->p->doc, "has_words", word != NULL);
    for (int i = 0; word != NULL; word = word->next, i++) {
        struct mm_doc *o = mm_doc_object(list, NULL);

        mm_doc_int(o, "number", i);
        mm_doc_text(o, "word", text_member(word, "word"));
        write_choices(o, "choices", outcomes, MM_COUNT(outcomes), text_member(word, "outcome"));
    }
}

/* Formats of the operator that the kind of line can be added to. */
static void write_bases(struct making *m)
{
    const struct mm_known_formats *known = mm_page_known(m->p);
    struct mm_doc *list = mm_doc_array(m->p->doc, "bases");

    if (known == NULL || !may_add_to(m))
        return;
    for (size_t i = mm_known_ours(known); i < mm_formats_count(mm_known_set(known)); i++) {
        uint16_t at = (uint16_t)i; /* below MM_FORMATS_MAX */
        struct mm_slice name = mm_formats_name(mm_known_set(known), at);
        struct mm_doc *o = mm_doc_object(list, NULL);

        mm_doc_text(o, "key", name);
        mm_doc_text(o, "title", mm_formats_title(mm_known_set(known), at, mm_lang_tag(m->p->lang)));
        mm_doc_bool(o, "chosen", mm_slice_eq(name, m->base));
    }
}

/* A name to begin with: the program's, as far as it is letters and digits. */
static struct mm_slice first_name(struct making *m)
{
    uint8_t *name = mm_arena_bytes(m->p->arena, MM_DRAFT_NAME);
    size_t n = 0;

    for (size_t i = 0; name != NULL && i < m->line->app.n && n < MM_DRAFT_NAME; i++) {
        uint8_t c = m->line->app.p[i];

        if (c >= 'A' && c <= 'Z')
            c |= 0x20;
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c == '-' && n > 0))
            name[n++] = c;
    }
    return mm_slice_of(name, n);
}

static void write_form(struct making *m, bool asked)
{
    struct mm_doc *form = mm_doc_object(m->p->doc, "form");
    const struct mm_input *in = &m->p->in;

    mm_doc_text(form, "name", asked ? mm_input_get(in, "name") : first_name(m));
    mm_doc_text(form, "title", mm_input_get(in, "title"));
    write_choices(m->p->doc, "categories", categories, MM_COUNT(categories), m->ask.category);
    write_choices(m->p->doc, "outcomes", outcomes, MM_COUNT(outcomes), m->ask.outcome);
    write_bases(m);
    write_pieces(m);
    write_words(m);
}

/* ---- what was asked ---- */

static enum mm_code load_line(struct making *m)
{
    struct mm_page *p = m->p;
    uint64_t unread = 0;
    size_t n = 0;
    char object[64];
    enum mm_code code = mm_page_company(p);

    if (code == MM_OK)
        code = mm_page_number(p, 1, &m->source);
    if (code == MM_OK)
        code = mm_page_number(p, 2, &unread);
    if (code == MM_OK &&
        (m->source > UINT32_MAX || m->source == 0 || unread == 0 || unread > INT64_MAX))
        code = MM_E_NOTFOUND;
    if (code == MM_OK)
        code =
            mm_unread_list(p->tx, p->arena, (uint32_t)m->source, (int64_t)unread, 1, &m->line, &n);
    if (code == MM_OK && n == 0)
        code = MM_E_NOTFOUND;
    if (code == MM_OK)
        code = mm_unread_list(p->tx, p->arena, (uint32_t)m->source, 0, OTHERS_MAX, &m->others,
                              &m->others_n);
    (void)snprintf(object, sizeof(object), "source %llu", (unsigned long long)m->source);
    if (code == MM_OK)
        code = mm_page_look(p, &(struct mm_page_looked){.action = "look.lines", .object = object});
    if (code != MM_OK)
        return code;
    /* The line itself is not one of the others. */
    for (size_t i = 0; i < m->others_n; i++) {
        if (m->others[i].unread == m->line->unread)
            m->others[i--] = m->others[--m->others_n];
    }
    m->ask.line = m->line;
    m->ask.other = m->others;
    m->ask.others = m->others_n;
    mm_doc_int(p->doc, "source", (int64_t)m->source);
    mm_doc_int(p->doc, "unread", m->line->unread);
    mm_doc_text(p->doc, "line", m->line->line[0]);
    mm_doc_text(p->doc, "app", m->line->app);
    mm_doc_measured(p->doc, "count", (int64_t)m->line->count); /* of a database integer */
    return MM_OK;
}

/* "m32-6": which bytes; false for any other name. */
static bool place_of(struct mm_slice name, uint64_t *ret_from, uint64_t *ret_n)
{
    size_t dash = mm_slice_find(name, '-', 0);

    return name.n > 3 && name.p[0] == 'm' && dash != SIZE_MAX &&
           mm_slice_u64(mm_slice_sub(name, 1, dash - 1), ret_from) &&
           mm_slice_u64(mm_slice_sub(name, dash + 1, SIZE_MAX), ret_n) && *ret_n > 0 &&
           *ret_from <= MM_MAX_LINE && *ret_n <= MM_MAX_LINE;
}

/* What was said of each piece; a piece that goes on with the one before makes that one longer. */
static void read_marks(struct making *m)
{
    struct mm_draft_ask *ask = &m->ask;

    for (size_t i = 0; i < m->p->in.n; i++) {
        const struct mm_input_pair *pair = &m->p->in.pair[i];
        uint64_t from, n;
        bool more = mm_slice_eq(pair->value, MM_S("+"));

        if (pair->value.n == 0 || !place_of(pair->name, &from, &n))
            continue;
        if (!one_of(meanings, MM_COUNT(meanings), pair->value) || (more && ask->marks == 0) ||
            (!more && ask->marks == MM_COUNT(ask->mark))) {
            mm_page_refuse(m->p, "pieces", "readable.pieces");
            return;
        }
        if (more && from > ask->mark[ask->marks - 1].from) {
            ask->mark[ask->marks - 1].n = from + n - ask->mark[ask->marks - 1].from;
            continue;
        }
        ask->mark[ask->marks].from = from;
        ask->mark[ask->marks].n = n;
        ask->mark[ask->marks++].field =
            mm_slice_eq(pair->value, MM_S("-")) ? (struct mm_slice){0} : pair->value;
    }
}

/* What was said of words: word-0 is the word, means-0 what it means. */
static void read_words(struct making *m)
{
    for (int i = 0; i < MM_DRAFT_WORDS_MAX; i++) {
        char word[16], means[16];
        struct mm_slice outcome;

        (void)snprintf(word, sizeof(word), "word-%d", i);
        (void)snprintf(means, sizeof(means), "means-%d", i);
        outcome = mm_input_get(&m->p->in, means);
        if (mm_input_get(&m->p->in, word).n == 0)
            continue;
        if (!one_of(outcomes, MM_COUNT(outcomes), outcome)) {
            mm_page_refuse(m->p, "words", "readable.outcome");
            return;
        }
        m->ask.word[m->ask.words].word = mm_input_get(&m->p->in, word);
        m->ask.word[m->ask.words++].outcome = outcome;
    }
}

/* A file of the operator's format that is added to; empty when it has none. */
static struct mm_slice read_own(struct making *m, const char *suffix)
{
    char path[MM_MAX_PATH];
    struct mm_slice own = {0};
    struct mm_buf text;
    int n = snprintf(path, sizeof(path), "%s/%.*s.%s", m->p->portal->cfg.own_format_dir,
                     MM_S_ARG(m->base), suffix);

    mm_buf_init(&text, MM_WISH_YAML);
    if (n > 0 && (size_t)n < sizeof(path) && mm_file_read(path, &text) == MM_OK &&
        !mm_arena_dup(m->p->arena, mm_buf_slice(&text), &own))
        own = (struct mm_slice){0};
    mm_buf_done(&text);
    return own;
}

/* The name that a new format may have, or the operator's format that is added to. */
static void read_name(struct making *m)
{
    const struct mm_known_formats *known = mm_page_known(m->p);
    uint16_t at;

    m->base = mm_input_get(&m->p->in, "base");
    m->ask.name = m->base.n > 0 ? m->base : mm_input_get(&m->p->in, "name");
    if (!mm_draft_name_ok(m->ask.name)) {
        mm_page_refuse(m->p, "name", "readable.name");
        return;
    }
    at = known == NULL ? MM_FORMAT_NONE : mm_formats_find(mm_known_set(known), m->ask.name);
    if (m->base.n == 0 && at != MM_FORMAT_NONE)
        mm_page_refuse(m->p, "name", "readable.name.taken");
    if (m->base.n == 0)
        return;
    if (may_add_to(m)) {
        m->ask.yaml = read_own(m, "yaml");
        m->ask.test = read_own(m, "test");
    }
    if (at == MM_FORMAT_NONE || at < mm_known_ours(known) || m->ask.yaml.n == 0)
        mm_page_refuse(m->p, "base", "readable.base");
}

/* Whoever only tries needs no title yet. */
static void read_form(struct making *m, bool save)
{
    const struct mm_input *in = &m->p->in;

    m->ask.title = mm_input_get(in, "title");
    m->ask.category = mm_input_get(in, "category");
    m->ask.outcome = mm_input_get(in, "outcome");
    read_name(m);
    if (mm_utf8_count(m->ask.title) > TITLE_MAX || (save && m->base.n == 0 && m->ask.title.n == 0))
        mm_page_refuse(m->p, "title", "readable.title");
    else if (m->base.n == 0 && m->ask.title.n == 0)
        m->ask.title = m->ask.name;
    if (!one_of(categories, MM_COUNT(categories), m->ask.category))
        mm_page_refuse(m->p, "category", "readable.category");
    if (!one_of(outcomes, MM_COUNT(outcomes), m->ask.outcome))
        mm_page_refuse(m->p, "outcome", "readable.outcome");
    read_marks(m);
    read_words(m);
}

/* Whether what came out may become a format: it is accepted, and reads all of its own line. */
static bool good_draft(struct making *m)
{
    const struct mm_doc *draft = mm_doc_get(m->p->doc, MM_S("draft"));
    const struct mm_doc *errors = draft == NULL ? NULL : mm_doc_get(draft, MM_S("errors"));
    const struct mm_doc *lines = draft == NULL ? NULL : mm_doc_get(draft, MM_S("lines"));

    return text_member(draft, "yaml").n > 0 && errors != NULL && errors->n == 0 && lines != NULL &&
           lines->first != NULL && mm_doc_truthy(mm_doc_get(lines->first, MM_S("own"))) &&
           mm_doc_truthy(mm_doc_get(lines->first, MM_S("parsed")));
}

/* Whether the formats in force read all of the line. */
static bool read_now(const struct mm_page *p)
{
    const struct mm_doc *draft = mm_doc_get(p->doc, MM_S("draft"));
    const struct mm_doc *lines = draft == NULL ? NULL : mm_doc_get(draft, MM_S("lines"));

    return lines != NULL && lines->first != NULL &&
           mm_doc_truthy(mm_doc_get(lines->first, MM_S("parsed")));
}

/* ---- the pages ---- */

enum mm_code mm_page_readable(struct mm_page *p)
{
    struct making m = {.p = p};
    enum mm_code code = load_line(&m);

    m.ask.category = MM_S("host");
    m.ask.outcome = MM_S("unknown");
    if (code == MM_OK)
        code = mm_draft_ask(p, &m.ask, p->doc, "draft");
    if (code != MM_OK)
        return code;
    /* Made readable since it was counted, or by a newer release. */
    mm_doc_bool(p->doc, "readable_now", read_now(p));
    write_form(&m, false);
    return MM_OK;
}

enum mm_code mm_page_readable_make(struct mm_page *p)
{
    struct making m = {.p = p};
    enum mm_code code = load_line(&m);
    bool save = mm_slice_eq(mm_input_get(&p->in, "do"), MM_S("save"));

    p->template = "readable";
    if (code != MM_OK)
        return code;
    read_form(&m, save);
    if (mm_page_refused(p)) {
        m.ask.name = (struct mm_slice){0};
        m.ask.marks = 0;
    }
    code = mm_draft_ask(p, &m.ask, p->doc, "draft");
    if (code != MM_OK)
        return code;
    if (save && !mm_page_refused(p) && !good_draft(&m))
        mm_page_refuse(p, "draft", "readable.draft");
    if (save && !mm_page_refused(p)) {
        const struct mm_doc *draft = mm_doc_get(p->doc, MM_S("draft"));
        struct mm_wish wish = {.name = m.ask.name,
                               .yaml = text_member(draft, "yaml"),
                               .test = text_member(draft, "test")};

        code = mm_page_wish(p, &wish);
        if (code != MM_OK)
            return code;
        mm_page_go(p, "/formats");
    }
    write_form(&m, true);
    return MM_OK;
}
