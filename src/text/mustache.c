/* text/mustache.c - see mustache.h for the contract. */
#include "text/mustache.h"

#include "base/time.h"
#include "base/utf8.h"
#include "text/chart.h"

enum kind {
    KIND_TEXT,
    KIND_NAME,
    KIND_SECTION,
    KIND_INVERTED,
    KIND_PARTIAL,
    KIND_T,
    KIND_DATE,
    KIND_NUM,
    KIND_STATE,
    KIND_URL,
    KIND_BARS,
};

struct node {
    enum kind kind;
    struct mm_slice text;  /* TEXT; or the name */
    struct mm_slice style; /* of DATE, NUM, STATE */
    uint32_t end;          /* SECTION, INVERTED, T: index behind the last inner node */
    uint32_t partial;      /* PARTIAL: index of the template */
};

struct tpl {
    const char *name;
    const struct node *node;
    uint32_t n;
};

struct mm_tpl_set {
    size_t count;
    struct tpl tpl[MM_TPL_MAX_COUNT];
};

/* ---- compiling ---- */

struct compiler {
    struct mm_slice in;
    size_t at;
    struct node *node; /* room for MM_TPL_MAX_NODES */
    uint32_t n;
    uint32_t open[MM_TPL_MAX_NEST];
    size_t depth;
    struct mm_fault *fault;
};

static const struct {
    struct mm_slice name;
    enum kind kind;
} helpers[] = {
    {MM_S_INIT("t"), KIND_T},     {MM_S_INIT("date"), KIND_DATE},
    {MM_S_INIT("num"), KIND_NUM}, {MM_S_INIT("state"), KIND_STATE},
    {MM_S_INIT("url"), KIND_URL}, {MM_S_INIT("bars"), KIND_BARS},
};

static enum mm_code refuse(struct compiler *c, const char *what)
{
    return mm_fail(c->fault, MM_E_SYNTAX, c->at, what);
}

static struct node *add(struct compiler *c, enum kind kind, struct mm_slice text)
{
    struct node *n = &c->node[c->n];

    if (c->n == MM_TPL_MAX_NODES)
        return NULL;
    *n = (struct node){.kind = kind, .text = text};
    c->n++;
    return n;
}

static bool name_ok(struct mm_slice name)
{
    for (size_t i = 0; i < name.n; i++) {
        uint8_t b = name.p[i];

        if (!((b >= 'a' && b <= 'z') || (b >= '0' && b <= '9') || b == '_' || b == '.' || b == '-'))
            return false;
    }
    return name.n > 0;
}

/* The end of "{{/name}}" from c->at; moves behind it and hands back what stood before. */
static bool until_close(struct compiler *c, struct mm_slice name, struct mm_slice *ret)
{
    char close[16];
    int n = snprintf(close, sizeof(close), "{{/%.*s}}", MM_S_ARG(name));
    size_t at =
        mm_slice_search(mm_slice_sub(c->in, c->at, SIZE_MAX), mm_slice_of(close, (size_t)n));

    MM_ASSERT(n > 0 && (size_t)n < sizeof(close));
    if (at == SIZE_MAX)
        return false;
    *ret = mm_slice_sub(c->in, c->at, at);
    c->at += at + (size_t)n;
    return true;
}

/* "name style" between the tags of a formatter. */
static enum mm_code formatter(struct compiler *c, enum kind kind, struct mm_slice tag)
{
    struct mm_slice body, name;
    struct node *n;
    size_t blank;

    if (!until_close(c, tag, &body))
        return refuse(c, "tpl.unclosed");
    body = mm_slice_trim(body);
    blank = mm_slice_find(body, ' ', 0);
    name = mm_slice_sub(body, 0, blank);
    n = add(c, kind, name);
    if (n == NULL || !name_ok(name))
        return refuse(c, "tpl.name");
    if (blank != SIZE_MAX)
        n->style = mm_slice_trim(mm_slice_sub(body, blank, SIZE_MAX));
    return MM_OK;
}

/* The key between {{#t}} and {{/t}}: texts and names. */
static enum mm_code words(struct compiler *c, struct mm_slice tag)
{
    struct mm_slice body;
    uint32_t self = c->n;
    size_t at = 0;

    if (!until_close(c, tag, &body))
        return refuse(c, "tpl.unclosed");
    body = mm_slice_trim(body);
    if (add(c, KIND_T, MM_S("")) == NULL)
        return refuse(c, "tpl.nodes");
    while (at < body.n) {
        struct mm_slice rest = mm_slice_sub(body, at, SIZE_MAX), name;
        size_t open = mm_slice_search(rest, MM_S("{{")), close;

        if (open != 0 && add(c, KIND_TEXT, mm_slice_sub(rest, 0, open)) == NULL)
            return refuse(c, "tpl.nodes");
        if (open == SIZE_MAX)
            break;
        close = mm_slice_search(rest, MM_S("}}"));
        if (close == SIZE_MAX || close < open)
            return refuse(c, "tpl.key");
        name = mm_slice_sub(rest, open + 2, close - open - 2);
        if (!name_ok(name) || add(c, KIND_NAME, name) == NULL)
            return refuse(c, "tpl.key");
        at += close + 2;
    }
    c->node[self].end = c->n;
    return c->n == self + 1 ? refuse(c, "tpl.key") : MM_OK;
}

static enum mm_code section(struct compiler *c, struct mm_slice name, enum kind kind)
{
    if (kind == KIND_SECTION) {
        for (size_t i = 0; i < MM_COUNT(helpers); i++) {
            if (!mm_slice_eq(helpers[i].name, name))
                continue;
            return helpers[i].kind == KIND_T ? words(c, name) : formatter(c, helpers[i].kind, name);
        }
    }
    if (!name_ok(name))
        return refuse(c, "tpl.name");
    if (c->depth == MM_TPL_MAX_NEST)
        return refuse(c, "tpl.nest");
    c->open[c->depth++] = c->n;
    return add(c, kind, name) == NULL ? refuse(c, "tpl.nodes") : MM_OK;
}

static enum mm_code close_section(struct compiler *c, struct mm_slice name)
{
    struct node *n;

    if (c->depth == 0)
        return refuse(c, "tpl.close");
    n = &c->node[c->open[--c->depth]];
    if (!mm_slice_eq(n->text, name))
        return refuse(c, "tpl.close");
    n->end = c->n;
    return MM_OK;
}

/* What stands between {{ and }}; c->at is behind it. */
static enum mm_code tag(struct compiler *c, struct mm_slice body)
{
    uint8_t sigil = body.n > 0 ? body.p[0] : 0;
    struct mm_slice name = mm_slice_trim(mm_slice_sub(body, 1, SIZE_MAX));

    switch (sigil) {
    case '!':
        return MM_OK;
    case '#':
        return section(c, name, KIND_SECTION);
    case '^':
        return section(c, name, KIND_INVERTED);
    case '/':
        return close_section(c, name);
    case '>':
        return add(c, KIND_PARTIAL, name) == NULL ? refuse(c, "tpl.nodes") : MM_OK;
    default:
        /* This also refuses {{{raw}}}, {{&raw}} and {{=<% %>=}}. */
        if (mm_slice_eq(mm_slice_trim(body), MM_S(".")) || name_ok(mm_slice_trim(body)))
            return add(c, KIND_NAME, mm_slice_trim(body)) == NULL ? refuse(c, "tpl.nodes") : MM_OK;
        return refuse(c, "tpl.name");
    }
}

/* Length of the blanks (and line end) behind a tag that stands alone on its line, else 0. */
static size_t alone(const struct compiler *c, size_t open, size_t close)
{
    size_t from = open, to = close;

    while (from > 0 && (c->in.p[from - 1] == ' ' || c->in.p[from - 1] == '\t'))
        from--;
    if (from > 0 && c->in.p[from - 1] != '\n')
        return 0;
    while (to < c->in.n && (c->in.p[to] == ' ' || c->in.p[to] == '\t'))
        to++;
    if (to < c->in.n && c->in.p[to] != '\n')
        return 0;
    return to - close + (to < c->in.n ? 1 : 0);
}

static struct mm_slice without_indent(struct mm_slice text)
{
    while (text.n > 0 && (text.p[text.n - 1] == ' ' || text.p[text.n - 1] == '\t'))
        text.n--;
    return text;
}

static bool is_helper(struct mm_slice body)
{
    for (size_t i = 0; i < MM_COUNT(helpers) && body.n > 0; i++) {
        if (mm_slice_eq(mm_slice_trim(mm_slice_sub(body, 1, SIZE_MAX)), helpers[i].name))
            return true;
    }
    return false;
}

static enum mm_code one_tag(struct compiler *c, size_t open)
{
    struct mm_slice rest = mm_slice_sub(c->in, open + 2, SIZE_MAX), body, text;
    size_t n = mm_slice_search(rest, MM_S("}}")), close, swallow = 0;

    text = mm_slice_sub(c->in, c->at, open - c->at);
    if (n == SIZE_MAX)
        return refuse(c, "tpl.unclosed");
    body = mm_slice_sub(rest, 0, n);
    close = open + 2 + n + 2;
    if (body.n > 0 && memchr("#^/!>", body.p[0], 5) != NULL && !is_helper(body))
        swallow = alone(c, open, close);
    if (swallow > 0)
        text = without_indent(text);
    if (text.n > 0 && add(c, KIND_TEXT, text) == NULL)
        return refuse(c, "tpl.nodes");
    c->at = close + swallow;
    return tag(c, body);
}

static enum mm_code compile(struct compiler *c)
{
    enum mm_code code = MM_OK;

    while (code == MM_OK && c->at < c->in.n) {
        size_t open = mm_slice_search(mm_slice_sub(c->in, c->at, SIZE_MAX), MM_S("{{"));

        if (open == SIZE_MAX) {
            if (add(c, KIND_TEXT, mm_slice_sub(c->in, c->at, SIZE_MAX)) == NULL)
                return refuse(c, "tpl.nodes");
            break;
        }
        code = one_tag(c, c->at + open);
    }
    if (code == MM_OK && c->depth > 0)
        return refuse(c, "tpl.unclosed");
    return code;
}

static enum mm_code link_partials(struct mm_tpl_set *set, struct node *node, uint32_t n,
                                  const struct mm_tpl_source *sources, struct mm_fault *fault)
{
    for (uint32_t i = 0; i < n; i++) {
        size_t at = 0;

        if (node[i].kind != KIND_PARTIAL)
            continue;
        while (at < set->count && !mm_slice_eq(mm_slice_str(sources[at].name), node[i].text))
            at++;
        if (at == set->count)
            return mm_fail(fault, MM_E_SYNTAX, 0, "tpl.partial");
        node[i].partial = (uint32_t)at;
    }
    return MM_OK;
}

/* Partials that reach MM_TPL_MAX_PARTIALS deep, or themselves, are refused. */
static enum mm_code check_depth(const struct mm_tpl_set *set, size_t *ret_at,
                                struct mm_fault *fault)
{
    uint8_t height[MM_TPL_MAX_COUNT] = {0};

    bool changed = true;

    while (changed) {
        changed = false;

        for (size_t t = 0; t < set->count; t++) {
            for (uint32_t i = 0; i < set->tpl[t].n; i++) {
                const struct node *n = &set->tpl[t].node[i];

                if (n->kind != KIND_PARTIAL || height[n->partial] < height[t])
                    continue;
                *ret_at = t;
                if (height[n->partial] == MM_TPL_MAX_PARTIALS)
                    return mm_fail(fault, MM_E_SYNTAX, 0, "tpl.partial_cycle");
                height[t] = (uint8_t)(height[n->partial] + 1);
                changed = true;
            }
        }
    }
    return MM_OK;
}

enum mm_code mm_tpl_load(struct mm_arena *arena, const struct mm_tpl_source *sources, size_t count,
                         const struct mm_tpl_set **ret, size_t *ret_at, struct mm_fault *fault)
{
    struct mm_tpl_set *set = mm_arena_alloc(arena, sizeof(*set));
    struct node *scratch = mm_arena_array(arena, MM_TPL_MAX_NODES, sizeof(*scratch));

    MM_ASSERT(count <= MM_TPL_MAX_COUNT);
    if (set == NULL || scratch == NULL)
        return mm_fail(fault, MM_E_NOMEM, 0, "tpl.memory");
    set->count = count;
    for (size_t i = 0; i < count; i++) {
        struct compiler c = {.in = sources[i].text, .node = scratch, .fault = fault};
        enum mm_code code = compile(&c);
        struct node *own;

        *ret_at = i;
        if (code == MM_OK)
            code = link_partials(set, scratch, c.n, sources, fault);
        if (code != MM_OK)
            return code;
        own = mm_arena_array(arena, c.n == 0 ? 1 : c.n, sizeof(*own));
        if (own == NULL)
            return mm_fail(fault, MM_E_NOMEM, 0, "tpl.memory");
        memcpy(own, scratch, c.n * sizeof(*own));
        set->tpl[i] = (struct tpl){.name = sources[i].name, .node = own, .n = c.n};
    }
    if (check_depth(set, ret_at, fault) != MM_OK)
        return MM_E_SYNTAX;
    *ret = set;
    return MM_OK;
}

/* ---- rendering ---- */

struct scope {
    struct mm_tpl_render *r;
    const struct mm_doc *open[MM_TPL_MAX_CONTEXT];
    size_t depth;
};

void mm_tpl_escape(struct mm_buf *out, struct mm_slice s)
{
    for (size_t i = 0; i < s.n;) {
        size_t n = mm_utf8_len(s, i);
        uint8_t b = s.p[i];

        if (n == 0 || (b < 0x20 && b != '\n' && b != '\t') || b == 0x7f)
            mm_buf_str(out, "\xef\xbf\xbd");
        else if (b == '&')
            mm_buf_str(out, "&amp;");
        else if (b == '<')
            mm_buf_str(out, "&lt;");
        else if (b == '>')
            mm_buf_str(out, "&gt;");
        else if (b == '"')
            mm_buf_str(out, "&quot;");
        else if (b == '\'')
            mm_buf_str(out, "&#39;");
        else
            mm_buf_add(out, mm_slice_sub(s, i, n));
        i += n == 0 ? 1 : n;
    }
}

static void write_text(struct mm_tpl_render *r, struct mm_slice s)
{
    if (r->mode == MM_TPL_HTML)
        mm_tpl_escape(r->out, s);
    else
        mm_utf8_clean(r->out, s);
}

/* One step of a dotted name. */
static const struct mm_doc *lookup_in(const struct mm_doc *d, struct mm_slice name)
{
    while (d != NULL && name.n > 0) {
        size_t dot = mm_slice_find(name, '.', 0);

        d = mm_doc_get(d, mm_slice_sub(name, 0, dot));
        name = dot == SIZE_MAX ? MM_S("") : mm_slice_sub(name, dot + 1, SIZE_MAX);
    }
    return d;
}

/* Innermost first, as mustache(5) says: the first part of the name decides which object. */
static const struct mm_doc *lookup(const struct scope *s, struct mm_slice name)
{
    struct mm_slice head = mm_slice_sub(name, 0, mm_slice_find(name, '.', 0));

    if (mm_slice_eq(name, MM_S(".")))
        return s->depth > 0 ? s->open[s->depth - 1] : NULL;
    for (size_t i = s->depth; i > 0; i--) {
        if (mm_doc_get(s->open[i - 1], head) != NULL)
            return lookup_in(s->open[i - 1], name);
    }
    return NULL;
}

static void write_time(struct scope *s, int64_t us, enum mm_time_style style)
{
    struct mm_tpl_render *r = s->r;
    char when[MM_TIME_TEXT];
    bool html = r->mode == MM_TPL_HTML;

    mm_time_text(us, when);
    if (html)
        mm_buf_fmt(r->out, "<time datetime=\"%s\">", when);
    mm_lang_time(r->out, r->lang, style, us, r->now_us, r->offset_s);
    if (html)
        mm_buf_str(r->out, "</time>");
}

static void write_words(struct scope *s, struct mm_slice key);

/* A value by its type, as names and arguments of messages are written. */
static void write_value(struct scope *s, const struct mm_doc *d)
{
    char key[64];

    switch (d->type) {
    case MM_DOC_TEXT:
        write_text(s->r, d->text);
        break;
    case MM_DOC_INT:
    case MM_DOC_MEASURED:
        mm_buf_i64(s->r->out, d->i);
        break;
    case MM_DOC_BOOL:
        mm_buf_str(s->r->out, d->i != 0 ? "true" : "false");
        break;
    case MM_DOC_TIME:
        write_time(s, d->i, MM_TIME_FULL);
        break;
    case MM_DOC_NONE:
        (void)snprintf(key, sizeof(key), "none.%.*s", MM_S_ARG(d->text));
        write_words(s, mm_slice_str(key));
        break;
    case MM_DOC_NULL:
    case MM_DOC_ARRAY:
    case MM_DOC_OBJECT:
        break;
    }
}

/* An argument of a message: numbers are grouped there. */
static void write_argument(struct scope *s, struct mm_slice name)
{
    const struct mm_doc *d = lookup(s, name);

    if (d == NULL)
        s->r->missing++;
    else if (d->type == MM_DOC_INT || d->type == MM_DOC_MEASURED)
        mm_lang_number(s->r->out, d->i);
    else
        write_value(s, d);
}

static void write_words(struct scope *s, struct mm_slice key)
{
    const struct mm_doc *n = lookup(s, MM_S("n"));
    const char *text = mm_lang_text(s->r->lang, key, n == NULL ? 1 : n->i);
    struct mm_slice rest = mm_slice_str(text);

    if (text == NULL) {
        s->r->missing++;
        write_text(s->r, key);
        return;
    }
    while (rest.n > 0) {
        size_t open = mm_slice_find(rest, '{', 0), close = mm_slice_find(rest, '}', 0);

        write_text(s->r, mm_slice_sub(rest, 0, open));
        if (open == SIZE_MAX)
            return;
        if (close == SIZE_MAX || close < open)
            return;
        write_argument(s, mm_slice_sub(rest, open + 1, close - open - 1));
        rest = mm_slice_sub(rest, close + 1, SIZE_MAX);
    }
}

/* Put a composed key together; keys are ours, so a short buffer does. */
static void render_words(struct scope *s, const struct node *n, uint32_t count)
{
    struct mm_buf key;

    mm_buf_init(&key, 256);
    for (uint32_t i = 0; i < count; i++) {
        const struct mm_doc *d;

        if (n[i].kind == KIND_TEXT) {
            mm_buf_add(&key, n[i].text);
            continue;
        }
        d = lookup(s, n[i].text);
        if (d == NULL)
            s->r->missing++;
        else if (d->type == MM_DOC_TEXT || d->type == MM_DOC_NONE)
            mm_buf_add(&key, d->text);
        else if (d->type == MM_DOC_BOOL)
            mm_buf_str(&key, d->i != 0 ? "true" : "false");
        else
            mm_buf_i64(&key, d->i);
    }
    write_words(s, mm_buf_slice(&key));
    mm_buf_done(&key);
}

static void render_date(struct scope *s, const struct node *n)
{
    static const struct {
        struct mm_slice name;
        enum mm_time_style style;
    } styles[] = {
        {MM_S_INIT("day"), MM_TIME_DAY},
        {MM_S_INIT("clock"), MM_TIME_CLOCK},
        {MM_S_INIT("seconds"), MM_TIME_SECONDS},
        {MM_S_INIT("ago"), MM_TIME_AGO},
    };
    const struct mm_doc *d = lookup(s, n->text);
    enum mm_time_style style = MM_TIME_FULL;

    for (size_t i = 0; i < MM_COUNT(styles); i++) {
        if (mm_slice_eq(styles[i].name, n->style))
            style = styles[i].style;
    }
    if (d != NULL && d->type == MM_DOC_TIME)
        write_time(s, d->i, style);
    else if (d != NULL && d->type == MM_DOC_NULL)
        write_words(s, MM_S("none.date"));
    else
        s->r->missing++;
}

static void render_num(struct scope *s, const struct node *n)
{
    const struct mm_doc *d = lookup(s, n->text);

    if (d == NULL) {
        s->r->missing++;
    } else if (d->type != MM_DOC_INT && d->type != MM_DOC_MEASURED) {
        write_value(s, d);
    } else if (mm_slice_eq(n->style, MM_S("bytes"))) {
        mm_lang_bytes(s->r->out, d->i < 0 ? 0 : (uint64_t)d->i);
    } else if (mm_slice_eq(n->style, MM_S("permille"))) {
        mm_buf_fmt(s->r->out, "%lld.%lld %%", (long long)(d->i / 10), (long long)(d->i % 10));
    } else if (mm_slice_eq(n->style, MM_S("seconds"))) {
        mm_buf_fmt(s->r->out, "%lld.%02lld", (long long)(d->i / 1000),
                   (long long)(d->i % 1000 / 10));
    } else {
        mm_lang_number(s->r->out, d->i);
    }
}

static void render_state(struct scope *s, const struct node *n)
{
    const struct mm_doc *d = lookup(s, n->text);
    struct mm_slice value = MM_S("unknown");
    char key[96];
    bool html = s->r->mode == MM_TPL_HTML;

    if (d == NULL)
        s->r->missing++;
    else if (d->type == MM_DOC_TEXT && d->text.n > 0)
        value = d->text;
    else if (d->type == MM_DOC_BOOL)
        value = d->i != 0 ? MM_S("true") : MM_S("false");
    (void)snprintf(key, sizeof(key), "state.%.*s.%.*s", MM_S_ARG(n->style), MM_S_ARG(value));
    if (html) {
        mm_buf_str(s->r->out, "<span class=\"state ");
        mm_tpl_escape(s->r->out, n->style);
        mm_buf_byte(s->r->out, '-');
        mm_tpl_escape(s->r->out, value);
        mm_buf_str(s->r->out, "\">");
    }
    write_words(s, mm_slice_str(key));
    if (html)
        mm_buf_str(s->r->out, "</span>");
}

static void render_url(struct scope *s, const struct node *n)
{
    const struct mm_doc *d = lookup(s, n->text);
    struct mm_slice t;

    if (d == NULL || (d->type != MM_DOC_TEXT && d->type != MM_DOC_INT)) {
        s->r->missing += d == NULL;
        return;
    }
    if (d->type == MM_DOC_INT) {
        mm_buf_i64(s->r->out, d->i);
        return;
    }
    t = d->text;
    for (size_t i = 0; i < t.n; i++) {
        uint8_t b = t.p[i];

        if ((b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || (b >= '0' && b <= '9') ||
            b == '-' || b == '_' || b == '.' || b == '~')
            mm_buf_byte(s->r->out, b);
        else
            mm_buf_fmt(s->r->out, "%%%02X", b);
    }
}

/* "LOW HIGH [share]": the members that a bar is made of. */
static void render_bars(struct scope *s, const struct node *n)
{
    const struct mm_doc *d = lookup(s, n->text);
    size_t first = mm_slice_find(n->style, ' ', 0), second;
    struct mm_slice low = mm_slice_sub(n->style, 0, first);
    struct mm_slice high = mm_slice_trim(mm_slice_sub(n->style, low.n, SIZE_MAX));
    bool share = mm_slice_ends(high, MM_S(" share"));

    second = mm_slice_find(high, ' ', 0);
    if (d == NULL)
        s->r->missing++;
    else if (s->r->mode == MM_TPL_HTML)
        mm_chart_bars(s->r->out, d, low, mm_slice_sub(high, 0, second), share);
}

static void render_nodes(struct scope *s, const struct tpl *t, uint32_t from, uint32_t to);

static void enter(struct scope *s, const struct tpl *t, uint32_t from, uint32_t to,
                  const struct mm_doc *d)
{
    if (s->depth == MM_TPL_MAX_CONTEXT) {
        s->r->missing++;
        return;
    }
    s->open[s->depth++] = d;
    render_nodes(s, t, from, to);
    s->depth--;
}

static void render_section(struct scope *s, const struct tpl *t, uint32_t at)
{
    const struct node *n = &t->node[at];
    const struct mm_doc *d = lookup(s, n->text);
    bool on = mm_doc_truthy(d);

    if (n->kind == KIND_INVERTED) {
        if (!on)
            render_nodes(s, t, at + 1, n->end);
        return;
    }
    if (!on)
        return;
    if (d->type == MM_DOC_ARRAY) {
        for (const struct mm_doc *e = d->first; e != NULL; e = e->next)
            enter(s, t, at + 1, n->end, e);
    } else if (d->type == MM_DOC_OBJECT) {
        enter(s, t, at + 1, n->end, d);
    } else {
        render_nodes(s, t, at + 1, n->end);
    }
}

static void render_partial(struct scope *s, const struct node *n)
{
    const struct tpl *t = &s->r->set->tpl[n->partial];

    render_nodes(s, t, 0, t->n); /* check_depth has seen that this ends */
}

/* Recursion is bounded: MM_TPL_MAX_NEST sections in each of MM_TPL_MAX_PARTIALS partials. */
static void render_nodes(struct scope *s, const struct tpl *t, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        const struct node *n = &t->node[i];
        const struct mm_doc *d;

        switch (n->kind) {
        case KIND_TEXT:
            mm_buf_add(s->r->out, n->text);
            break;
        case KIND_NAME:
            d = lookup(s, n->text);
            if (d != NULL)
                write_value(s, d);
            break;
        case KIND_SECTION:
        case KIND_INVERTED:
            render_section(s, t, i);
            i = n->end - 1;
            break;
        case KIND_PARTIAL:
            render_partial(s, n);
            break;
        case KIND_T:
            render_words(s, n + 1, n->end - i - 1);
            i = n->end - 1;
            break;
        case KIND_DATE:
            render_date(s, n);
            break;
        case KIND_NUM:
            render_num(s, n);
            break;
        case KIND_STATE:
            render_state(s, n);
            break;
        case KIND_URL:
            render_url(s, n);
            break;
        case KIND_BARS:
            render_bars(s, n);
            break;
        }
    }
}

static struct scope scope_of(struct mm_tpl_render *r)
{
    struct scope s = {.r = r};

    MM_ASSERT(r->doc != NULL && r->out != NULL);
    if (r->base != NULL)
        s.open[s.depth++] = r->base;
    s.open[s.depth++] = r->doc;
    return s;
}

enum mm_code mm_tpl_render(struct mm_tpl_render *r, const char *name)
{
    struct scope s = scope_of(r);

    MM_ASSERT(r->set != NULL);
    r->missing = 0;
    for (size_t i = 0; i < r->set->count; i++) {
        if (strcmp(r->set->tpl[i].name, name) != 0)
            continue;
        render_nodes(&s, &r->set->tpl[i], 0, r->set->tpl[i].n);
        return MM_OK;
    }
    return MM_E_NOTFOUND;
}

void mm_tpl_words(struct mm_tpl_render *r, struct mm_slice key)
{
    struct scope s = scope_of(r);

    r->missing = 0;
    write_words(&s, key);
}

void mm_tpl_keys(const struct mm_tpl_set *set,
                 void (*seen)(void *user, const char *tpl, struct mm_slice key, bool whole),
                 void *user)
{
    char key[96];

    for (size_t t = 0; t < set->count; t++) {
        for (uint32_t i = 0; i < set->tpl[t].n; i++) {
            const struct node *n = &set->tpl[t].node[i];

            if (n->kind == KIND_T) {
                bool fixed = n[1].kind == KIND_TEXT;

                seen(user, set->tpl[t].name, fixed ? n[1].text : MM_S(""),
                     fixed && n->end == i + 2);
            } else if (n->kind == KIND_STATE) {
                (void)snprintf(key, sizeof(key), "state.%.*s.", MM_S_ARG(n->style));
                seen(user, set->tpl[t].name, mm_slice_str(key), false);
            }
        }
    }
}
