/* eventd/sql.c - see sql.h for the contract. */
#include "eventd/sql.h"

#include "base/rd.h"

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_QUOTED, TOKEN_MARK, TOKEN_BAD };

struct token {
    enum token_kind kind;
    size_t at;           /* where it begins */
    struct mm_slice all; /* with its quotes */
};

static bool is_word(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c >= 0x80;
}

/* Skip blanks and comments; false when a comment has no end. */
static bool skip_blanks(struct mm_rd *rd)
{
    for (;;) {
        int c = mm_rd_peek(rd);

        if (c == ' ' || (c >= '\t' && c <= '\r')) {
            rd->pos++;
        } else if (mm_rd_lit(rd, MM_S("--"))) {
            struct mm_slice line;

            if (!mm_rd_until(rd, '\n', &line))
                rd->pos = rd->in.n;
        } else if (mm_rd_lit(rd, MM_S("/*"))) {
            size_t end = mm_slice_search(mm_rd_rest(rd), MM_S("*/"));

            if (end == SIZE_MAX)
                return false;
            rd->pos += end + 2;
        } else {
            return true;
        }
    }
}

/* Consume a quoted piece; false when it has no end. */
static bool skip_quoted(struct mm_rd *rd, uint8_t quote)
{
    rd->pos++;
    while (mm_rd_left(rd) > 0) {
        uint8_t c = rd->in.p[rd->pos++];

        if (c == '\\' && mm_rd_left(rd) > 0)
            rd->pos++;
        else if (c == quote)
            return true; /* a doubled quote reads as two pieces side by side: the same end */
    }
    return false;
}

static struct token next_token(struct mm_rd *rd)
{
    struct token t = {.kind = TOKEN_BAD};
    int c;

    if (!skip_blanks(rd))
        return t;
    t.at = rd->pos;
    c = mm_rd_peek(rd);
    if (c < 0) {
        t.kind = TOKEN_END;
    } else if (c == '\'' || c == '"' || c == '`') {
        if (!skip_quoted(rd, (uint8_t)c))
            return t;
        t.kind = TOKEN_QUOTED;
    } else if (is_word((uint8_t)c)) {
        while (mm_rd_left(rd) > 0 && is_word(rd->in.p[rd->pos]))
            rd->pos++;
        t.kind = TOKEN_WORD;
    } else {
        rd->pos++;
        t.kind = TOKEN_MARK;
    }
    t.all = mm_slice_sub(rd->in, t.at, rd->pos - t.at);
    return t;
}

static bool word_is(const struct token *t, struct mm_slice word)
{
    return t->kind == TOKEN_WORD && mm_slice_ieq(t->all, word);
}

static bool mark_is(const struct token *t, char mark)
{
    return t->kind == TOKEN_MARK && t->all.p[0] == (uint8_t)mark;
}

enum mm_sql_class mm_sql_classify(struct mm_slice sql)
{
    static const struct {
        struct mm_slice word;
        enum mm_sql_class is;
    } words[] = {
        {MM_S_INIT("SELECT"), MM_SQL_READ},  {MM_S_INIT("WITH"), MM_SQL_READ},
        {MM_S_INIT("SHOW"), MM_SQL_SHOW},    {MM_S_INIT("DESCRIBE"), MM_SQL_SHOW},
        {MM_S_INIT("DESC"), MM_SQL_SHOW},    {MM_S_INIT("EXISTS"), MM_SQL_SHOW},
        {MM_S_INIT("EXPLAIN"), MM_SQL_SHOW}, {MM_S_INIT("INSERT"), MM_SQL_INSERT},
        {MM_S_INIT("KILL"), MM_SQL_KILL},
    };
    struct mm_rd rd = mm_rd_of(sql);
    struct token t;

    do {
        t = next_token(&rd);
    } while (mark_is(&t, '('));
    for (size_t i = 0; i < MM_COUNT(words); i++) {
        if (word_is(&t, words[i].word))
            return words[i].is;
    }
    return MM_SQL_ADMIN;
}

/* Where the parts of an INSERT lie. */
struct insert_parts {
    size_t input_at, input_end; /* "input('…')"; both 0 when there is none */
    struct mm_slice structure;  /* with its quotes */
    size_t format_at;           /* the word FORMAT */
    struct mm_slice format;
};

static enum mm_code find_input(struct mm_rd *rd, size_t at, struct insert_parts *p)
{
    struct token open = next_token(rd), text = next_token(rd), close = next_token(rd);

    if (!mark_is(&open, '(') || text.kind != TOKEN_QUOTED || text.all.p[0] != '\'' ||
        !mark_is(&close, ')'))
        return MM_E_SYNTAX;
    p->input_at = at;
    p->input_end = rd->pos;
    p->structure = text.all;
    return MM_OK;
}

/* FORMAT name [;] and nothing behind it. */
static bool find_format(struct mm_rd *rd, size_t at, struct insert_parts *p)
{
    struct token name = next_token(rd), end = next_token(rd);

    if (mark_is(&end, ';'))
        end = next_token(rd);
    if (name.kind != TOKEN_WORD || name.all.n > MM_SQL_NAME_MAX || end.kind != TOKEN_END)
        return false;
    p->format_at = at;
    p->format = name.all;
    return true;
}

static enum mm_code find_parts(struct mm_slice sql, struct insert_parts *ret)
{
    struct mm_rd rd = mm_rd_of(sql);
    struct insert_parts p = {0};

    for (;;) {
        struct token t = next_token(&rd);
        size_t behind = rd.pos;

        if (t.kind == TOKEN_BAD)
            return MM_E_SYNTAX;
        if (t.kind == TOKEN_END)
            return MM_E_NOTFOUND;
        if (word_is(&t, MM_S("input")) && p.input_end == 0) {
            if (find_input(&rd, t.at, &p) != MM_OK)
                return MM_E_SYNTAX;
        } else if (word_is(&t, MM_S("format"))) {
            if (find_format(&rd, t.at, &p))
                break;
            rd.pos = behind; /* some other use of the word */
        }
    }
    *ret = p;
    return MM_OK;
}

static bool plain_name(struct mm_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] >= 0x80)
            return false;
    }
    return s.n > 0; /* a token already is letters, digits and '_' */
}

enum mm_code mm_sql_insert_from(struct mm_slice sql, const char *path, struct mm_buf *out)
{
    struct insert_parts p;
    enum mm_code code = find_parts(sql, &p);

    if (code != MM_OK)
        return code;
    if (!plain_name(p.format))
        return MM_E_SYNTAX;
    if (p.input_end > 0) {
        mm_buf_add(out, mm_slice_sub(sql, 0, p.input_at));
        mm_buf_fmt(out, "file('%s', '%.*s', ", path, MM_S_ARG(p.format));
        mm_buf_add(out, p.structure);
        mm_buf_byte(out, ')');
        mm_buf_add(out, mm_slice_sub(sql, p.input_end, p.format_at - p.input_end));
    } else {
        mm_buf_add(out, mm_slice_sub(sql, 0, p.format_at));
        mm_buf_fmt(out, "SELECT * FROM file('%s', '%.*s')", path, MM_S_ARG(p.format));
    }
    return mm_buf_ok(out) ? MM_OK : MM_E_LIMIT;
}

/* 'value' or {name:String} */
static bool kill_value(struct mm_rd *rd, struct mm_sql_kill *k)
{
    struct token t = next_token(rd), name, colon, type, close;

    if (t.kind == TOKEN_QUOTED && t.all.p[0] == '\'') {
        k->id = mm_slice_sub(t.all, 1, t.all.n - 2);
        return mm_slice_find(k->id, '\\', 0) == SIZE_MAX;
    }
    name = next_token(rd);
    colon = next_token(rd);
    type = next_token(rd);
    close = next_token(rd);
    k->param = name.all;
    return mark_is(&t, '{') && name.kind == TOKEN_WORD && mark_is(&colon, ':') &&
           word_is(&type, MM_S("String")) && mark_is(&close, '}');
}

/* Is the next token that mark? Consumed either way. */
static bool mark_next(struct mm_rd *rd, char mark)
{
    struct token t = next_token(rd);

    return mark_is(&t, mark);
}

bool mm_sql_kill_parse(struct mm_slice sql, struct mm_sql_kill *ret)
{
    static const struct mm_slice head[] = {MM_S_INIT("KILL"), MM_S_INIT("QUERY"),
                                           MM_S_INIT("WHERE")};
    struct mm_rd rd = mm_rd_of(sql);
    struct mm_sql_kill k = {0};
    struct token t;

    for (size_t i = 0; i < MM_COUNT(head); i++) {
        t = next_token(&rd);
        if (!word_is(&t, head[i]))
            return false;
    }
    t = next_token(&rd);
    if (word_is(&t, MM_S("startsWith"))) {
        k.prefix = true;
        if (!mark_next(&rd, '('))
            return false;
        t = next_token(&rd);
    }
    if (!word_is(&t, MM_S("query_id")) || !mark_next(&rd, k.prefix ? ',' : '=') ||
        !kill_value(&rd, &k) || (k.prefix && !mark_next(&rd, ')')))
        return false;
    t = next_token(&rd);
    if (word_is(&t, MM_S("SYNC")) || word_is(&t, MM_S("ASYNC")))
        t = next_token(&rd);
    if (mark_is(&t, ';'))
        t = next_token(&rd);
    if (t.kind != TOKEN_END)
        return false;
    *ret = k;
    return true;
}

int mm_sql_exception_code(struct mm_slice text)
{
    struct mm_rd rd = mm_rd_of(text);
    uint32_t code;

    if (!mm_rd_lit(&rd, MM_S("Code: ")) || !mm_rd_dec(&rd, 6, &code))
        return 0;
    return (int)code;
}
