/* codec/query.c - see query.h for the contract. */
#include "codec/query.h"

#include "base/rd.h"

enum {
    FIELD_MAX = 128,
    LAST_SECONDS_MAX = 999999999, /* 31 years; nine digits, as mm_rd_dec reads */
};

struct parser {
    struct mm_rd rd;
    struct mm_arena *arena;
    struct mm_fault *fault;
    struct mm_query q;
    unsigned depth;
};

static enum mm_code parse_or(struct parser *p, uint16_t *ret);

static enum mm_code refuse(struct parser *p, enum mm_code code, size_t at, const char *what)
{
    return mm_fail(p->fault, code, at, what);
}

static void skip_blanks(struct mm_rd *rd)
{
    while (mm_rd_left(rd) > 0) {
        int c = mm_rd_peek(rd);

        if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
            rd->pos++;
        else if (!mm_rd_lit(rd, MM_S("\xe3\x80\x80"))) /* U+3000 */
            return;
    }
}

static bool at_blank(const struct mm_rd *rd)
{
    struct mm_rd copy = *rd;

    skip_blanks(&copy);
    return copy.pos > rd->pos;
}

static bool is_field_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '@' || c == '-';
}

/* Is the word (any case) next, and does it end there? Consumed when it is. */
static bool keyword(struct parser *p, struct mm_slice word)
{
    struct mm_rd rd = p->rd;
    struct mm_slice s;

    if (!mm_rd_take(&rd, word.n, &s) || !mm_slice_ieq(s, word))
        return false;
    if (mm_rd_left(&rd) > 0 && !at_blank(&rd) && mm_rd_peek(&rd) != '(')
        return false;
    p->rd = rd;
    return true;
}

static enum mm_code add_node(struct parser *p, const struct mm_query_node *node, uint16_t *ret)
{
    if (p->q.n >= MM_QUERY_NODES_MAX ||
        (node->kind == MM_QUERY_TERM && p->q.terms >= MM_QUERY_TERMS_MAX))
        return refuse(p, MM_E_LIMIT, node->at, "query.terms");
    p->q.terms += node->kind == MM_QUERY_TERM;
    p->q.node[p->q.n] = *node;
    *ret = (uint16_t)p->q.n++;
    return MM_OK;
}

static enum mm_code join(struct parser *p, enum mm_query_kind kind, size_t at, uint16_t left,
                         uint16_t right, uint16_t *ret)
{
    const struct mm_query_node node = {.kind = kind, .at = at, .left = left, .right = right};

    return add_node(p, &node, ret);
}

/* "…" with \" and \\ in it. */
static enum mm_code quoted(struct parser *p, struct mm_buf *out)
{
    size_t at = p->rd.pos++;

    while (mm_rd_left(&p->rd) > 0) {
        uint8_t c = p->rd.in.p[p->rd.pos++];

        if (c == '"')
            return MM_OK;
        if (c == '\\') {
            int next = mm_rd_peek(&p->rd);

            if (next != '"' && next != '\\')
                return refuse(p, MM_E_SYNTAX, p->rd.pos - 1, "query.escape");
            c = (uint8_t)next;
            p->rd.pos++;
        }
        mm_buf_byte(out, c);
    }
    return refuse(p, MM_E_SYNTAX, at, "query.quote");
}

/*
 * A value without quotes: up to a blank or a closing bracket. As a pattern when it has wildcards,
 * otherwise as it reads without its escapes; which it is shows only at its end.
 */
static enum mm_code unquoted(struct parser *p, struct mm_buf *pattern, struct mm_buf *plain,
                             bool *ret_wild)
{
    bool wild = false;

    while (mm_rd_left(&p->rd) > 0 && !at_blank(&p->rd)) {
        uint8_t c = p->rd.in.p[p->rd.pos];

        if (c == ')' || c == ']' || c == '"')
            break;
        p->rd.pos++;
        if (c == '\\') {
            if (mm_rd_left(&p->rd) == 0)
                return refuse(p, MM_E_SYNTAX, p->rd.pos - 1, "query.escape");
            c = p->rd.in.p[p->rd.pos++];
            if (c == '*' || c == '?' || c == '\\')
                mm_buf_byte(pattern, '\\');
        } else if (c == '*' || c == '?') {
            wild = true;
        }
        mm_buf_byte(pattern, c);
        mm_buf_byte(plain, c);
    }
    *ret_wild = wild;
    return MM_OK;
}

/* A value, quoted or not, copied into the arena. *ret_quoted tells "" from nothing. */
static enum mm_code value(struct parser *p, struct mm_slice *ret, bool *ret_wild, bool *ret_quoted)
{
    struct mm_buf pattern, plain;
    bool wild = false;
    enum mm_code code;

    mm_buf_init(&pattern, 2 * MM_QUERY_TEXT_MAX);
    mm_buf_init(&plain, MM_QUERY_TEXT_MAX);
    *ret_quoted = mm_rd_peek(&p->rd) == '"';
    code = *ret_quoted ? quoted(p, &plain) : unquoted(p, &pattern, &plain, &wild);
    if (code == MM_OK && (!mm_buf_ok(&pattern) || !mm_buf_ok(&plain) ||
                          !mm_arena_dup(p->arena, mm_buf_slice(wild ? &pattern : &plain), ret)))
        code = MM_E_NOMEM;
    *ret_wild = wild;
    mm_buf_done(&pattern);
    mm_buf_done(&plain);
    return code;
}

/* One end of a range: a value, or * for none. */
static enum mm_code range_end(struct parser *p, struct mm_slice *ret)
{
    size_t at = p->rd.pos;
    bool wild, quote;
    enum mm_code code = value(p, ret, &wild, &quote);

    if (code != MM_OK)
        return code;
    if (wild && mm_slice_eq(*ret, MM_S("*")))
        *ret = (struct mm_slice){0};
    else if (wild || ret->n == 0)
        return refuse(p, MM_E_SYNTAX, at, "query.range");
    return MM_OK;
}

/* [a to b], the bracket still to come. */
static enum mm_code range(struct parser *p, struct mm_query_node *t)
{
    size_t at = p->rd.pos++;
    enum mm_code code;

    t->op = MM_QUERY_BETWEEN;
    skip_blanks(&p->rd);
    code = range_end(p, &t->value);
    if (code != MM_OK)
        return code;
    skip_blanks(&p->rd);
    if (!keyword(p, MM_S("to")))
        return refuse(p, MM_E_SYNTAX, p->rd.pos, "query.range");
    skip_blanks(&p->rd);
    code = range_end(p, &t->value2);
    if (code != MM_OK)
        return code;
    skip_blanks(&p->rd);
    if (!mm_rd_byte(&p->rd, ']') || (t->value.n == 0 && t->value2.n == 0))
        return refuse(p, MM_E_SYNTAX, at, "query.range");
    return MM_OK;
}

/* >= > <= < */
static bool comparison(struct mm_rd *rd, enum mm_query_op *ret)
{
    static const struct {
        struct mm_slice sign;
        enum mm_query_op op;
    } signs[] = {{MM_S_INIT(">="), MM_QUERY_GE},
                 {MM_S_INIT("<="), MM_QUERY_LE},
                 {MM_S_INIT(">"), MM_QUERY_GT},
                 {MM_S_INIT("<"), MM_QUERY_LT}};

    for (size_t i = 0; i < MM_COUNT(signs); i++) {
        if (mm_rd_lit(rd, signs[i].sign)) {
            *ret = signs[i].op;
            return true;
        }
    }
    return false;
}

/* What follows a field and its sign; t has the field. */
static enum mm_code field_value(struct parser *p, struct mm_query_node *t)
{
    size_t at = p->rd.pos;
    bool quote;
    enum mm_code code;

    t->op = MM_QUERY_IS;
    if (mm_rd_peek(&p->rd) == '[')
        return range(p, t);
    (void)comparison(&p->rd, &t->op);
    if (t->op != MM_QUERY_IS)
        skip_blanks(&p->rd);
    code = value(p, &t->value, &t->wild, &quote);
    if (code != MM_OK)
        return code;
    if ((t->value.n == 0 && !quote) || (t->op != MM_QUERY_IS && (t->wild || t->value.n == 0)))
        return refuse(p, MM_E_SYNTAX, at, "query.value");
    if (t->wild && mm_slice_eq(t->value, MM_S("*")))
        *t = (struct mm_query_node){
            .kind = t->kind, .op = MM_QUERY_EXISTS, .at = t->at, .field = t->field};
    return MM_OK;
}

/* field:(a or b c): one of several values. The parenthesis is still to come. */
static enum mm_code field_values(struct parser *p, const struct mm_query_node *term, uint16_t *ret)
{
    size_t at = p->rd.pos++;
    bool first = true;

    for (;;) {
        struct mm_query_node t = *term;
        uint16_t one;
        enum mm_code code;

        skip_blanks(&p->rd);
        if (!first && mm_rd_byte(&p->rd, ')'))
            return MM_OK;
        if (!first && keyword(p, MM_S("or")))
            skip_blanks(&p->rd);
        if (mm_rd_left(&p->rd) == 0)
            return refuse(p, MM_E_SYNTAX, at, "query.paren");
        t.at = p->rd.pos;
        code = field_value(p, &t);
        if (code == MM_OK)
            code = add_node(p, &t, &one);
        if (code == MM_OK && !first)
            code = join(p, MM_QUERY_OR, t.at, *ret, one, &one);
        if (code != MM_OK)
            return code;
        *ret = one;
        first = false;
    }
}

/* field: or field= or field>= …; false (nothing consumed) when no field stands here. */
static bool field_sign(struct parser *p, struct mm_slice *ret)
{
    struct mm_rd rd = p->rd;
    int c;

    while (mm_rd_left(&rd) > 0 && is_field_byte(rd.in.p[rd.pos]))
        rd.pos++;
    *ret = mm_slice_sub(rd.in, p->rd.pos, rd.pos - p->rd.pos);
    c = mm_rd_peek(&rd);
    if (ret->n == 0 || ret->n > FIELD_MAX || (c != ':' && c != '=' && c != '<' && c != '>'))
        return false;
    if (c == ':' || c == '=')
        rd.pos++;
    p->rd = rd;
    return true;
}

/* "last 24h"; false (nothing consumed) when it is only the word. */
static bool last(struct parser *p, uint32_t *ret_seconds)
{
    static const struct {
        uint8_t unit;
        uint32_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 7 * 86400}};
    struct parser copy = *p;
    uint32_t n;

    if (!keyword(&copy, MM_S("last")))
        return false;
    skip_blanks(&copy.rd);
    if (!mm_rd_dec(&copy.rd, 9, &n))
        return false;
    for (size_t i = 0; i < MM_COUNT(units); i++) {
        if (!mm_rd_byte(&copy.rd, units[i].unit))
            continue;
        if (mm_rd_left(&copy.rd) > 0 && !at_blank(&copy.rd) && mm_rd_peek(&copy.rd) != ')')
            return false;
        if (n > LAST_SECONDS_MAX / units[i].seconds)
            return false;
        p->rd = copy.rd;
        *ret_seconds = n * units[i].seconds;
        return true;
    }
    return false;
}

static enum mm_code parse_term(struct parser *p, uint16_t *ret)
{
    struct mm_query_node t = {.kind = MM_QUERY_TERM, .at = p->rd.pos};
    bool quote;
    enum mm_code code;

    if (last(p, &t.seconds)) {
        t.op = MM_QUERY_LAST;
        return add_node(p, &t, ret);
    }
    if (field_sign(p, &t.field)) {
        if (mm_rd_peek(&p->rd) == '(')
            return field_values(p, &t, ret);
        code = field_value(p, &t);
    } else {
        t.op = MM_QUERY_WORD;
        t.field = (struct mm_slice){0};
        code = value(p, &t.value, &t.wild, &quote);
        if (code == MM_OK && t.value.n == 0)
            code = refuse(p, MM_E_SYNTAX, t.at, quote ? "query.value" : "query.paren");
    }
    return code == MM_OK ? add_node(p, &t, ret) : code;
}

static enum mm_code parse_unary(struct parser *p, uint16_t *ret)
{
    size_t at = p->rd.pos;
    enum mm_code code;

    if (p->depth >= MM_QUERY_DEPTH_MAX)
        return refuse(p, MM_E_LIMIT, at, "query.depth");
    p->depth++;
    if (keyword(p, MM_S("not"))) {
        skip_blanks(&p->rd);
        if (mm_rd_left(&p->rd) == 0)
            return refuse(p, MM_E_SYNTAX, at, "query.operator");
        code = parse_unary(p, ret);
        if (code == MM_OK)
            code = join(p, MM_QUERY_NOT, at, *ret, 0, ret);
    } else if (mm_rd_byte(&p->rd, '(')) {
        code = parse_or(p, ret);
        if (code == MM_OK && !mm_rd_byte(&p->rd, ')'))
            code = refuse(p, MM_E_SYNTAX, at, "query.paren");
    } else {
        code = parse_term(p, ret);
    }
    p->depth--;
    return code;
}

/* Does the query, or this parenthesis, end here? */
static bool at_end(struct parser *p)
{
    skip_blanks(&p->rd);
    return mm_rd_left(&p->rd) == 0 || mm_rd_peek(&p->rd) == ')';
}

static bool at_or(struct parser *p)
{
    struct parser copy = *p;

    return keyword(&copy, MM_S("or"));
}

/* An operand after an operator, which must be there. */
static enum mm_code operand(struct parser *p, size_t at, uint16_t *ret)
{
    if (at_end(p) || at_or(p))
        return refuse(p, MM_E_SYNTAX, at, "query.operator");
    return parse_unary(p, ret);
}

static enum mm_code parse_and(struct parser *p, uint16_t *ret)
{
    enum mm_code code = operand(p, p->rd.pos, ret);

    while (code == MM_OK && !at_end(p) && !at_or(p)) {
        size_t at = p->rd.pos;
        uint16_t right;

        (void)keyword(p, MM_S("and"));
        code = operand(p, at, &right);
        if (code == MM_OK)
            code = join(p, MM_QUERY_AND, at, *ret, right, ret);
    }
    return code;
}

static enum mm_code parse_or(struct parser *p, uint16_t *ret)
{
    enum mm_code code = parse_and(p, ret);

    while (code == MM_OK && !at_end(p)) {
        size_t at = p->rd.pos;
        uint16_t right;

        MM_ASSERT(keyword(p, MM_S("or"))); /* nothing else ends parse_and here */
        code = at_end(p) ? refuse(p, MM_E_SYNTAX, at, "query.operator") : parse_and(p, &right);
        if (code == MM_OK)
            code = join(p, MM_QUERY_OR, at, *ret, right, ret);
    }
    return code;
}

enum mm_code mm_query_parse(struct mm_slice text, struct mm_arena *arena, struct mm_query *ret,
                            struct mm_fault *fault)
{
    struct parser p = {.rd = mm_rd_of(text), .arena = arena, .fault = fault};
    uint16_t root;
    enum mm_code code;

    MM_ASSERT(ret != NULL && arena != NULL);
    if (text.n > MM_QUERY_TEXT_MAX)
        return mm_fail(fault, MM_E_LIMIT, MM_QUERY_TEXT_MAX, "query.size");
    skip_blanks(&p.rd);
    if (mm_rd_left(&p.rd) > 0) {
        code = parse_or(&p, &root);
        if (code == MM_OK && mm_rd_left(&p.rd) > 0)
            code = refuse(&p, MM_E_SYNTAX, p.rd.pos, "query.paren");
        if (code != MM_OK)
            return code;
        MM_ASSERT((size_t)root + 1 == p.q.n);
    }
    *ret = p.q;
    return MM_OK;
}

/* Whatever could mean something else is escaped, also where it could not. */
static void print_pattern(struct mm_buf *out, struct mm_slice v)
{
    for (size_t i = 0; i < v.n; i++) {
        uint8_t c = v.p[i];
        bool literal = c == '\\' && i + 1 < v.n;

        if (literal)
            c = v.p[++i];
        literal |= c != '*' && c != '?';
        if (literal && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
            !(c >= '0' && c <= '9') && (c < 0x80 || c == 0xe3))
            mm_buf_byte(out, '\\');
        mm_buf_byte(out, c);
    }
}

static void print_value(struct mm_buf *out, struct mm_slice v, bool wild)
{
    if (wild) {
        print_pattern(out, v);
        return;
    }
    mm_buf_byte(out, '"');
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] == '"' || v.p[i] == '\\')
            mm_buf_byte(out, '\\');
        mm_buf_byte(out, v.p[i]);
    }
    mm_buf_byte(out, '"');
}

static void print_term(struct mm_buf *out, const struct mm_query_node *t)
{
    static const char *const signs[] = {[MM_QUERY_IS] = ":",
                                        [MM_QUERY_GE] = ":>=",
                                        [MM_QUERY_GT] = ":>",
                                        [MM_QUERY_LE] = ":<=",
                                        [MM_QUERY_LT] = ":<"};

    mm_buf_add(out, t->field);
    switch (t->op) {
    case MM_QUERY_LAST:
        mm_buf_fmt(out, "last %us", t->seconds);
        break;
    case MM_QUERY_EXISTS:
        mm_buf_str(out, ":*");
        break;
    case MM_QUERY_BETWEEN:
        mm_buf_str(out, ":[");
        print_value(out, t->value.n == 0 ? MM_S("*") : t->value, t->value.n == 0);
        mm_buf_str(out, " to ");
        print_value(out, t->value2.n == 0 ? MM_S("*") : t->value2, t->value2.n == 0);
        mm_buf_byte(out, ']');
        break;
    case MM_QUERY_WORD:
        print_value(out, t->value, t->wild);
        break;
    default:
        mm_buf_str(out, signs[t->op]);
        print_value(out, t->value, t->wild);
        break;
    }
}

/* Nodes refer to nodes before them only, and the depth of the tree is bounded by their number. */
static void print_node(struct mm_buf *out, const struct mm_query *q, size_t i)
{
    const struct mm_query_node *n = &q->node[i];

    MM_ASSERT(i < q->n && (n->kind == MM_QUERY_TERM || (n->left < i && n->right < i)));
    if (n->kind == MM_QUERY_TERM) {
        print_term(out, n);
        return;
    }
    mm_buf_byte(out, '(');
    if (n->kind == MM_QUERY_NOT)
        mm_buf_str(out, "not ");
    print_node(out, q, n->left);
    if (n->kind != MM_QUERY_NOT) {
        mm_buf_str(out, n->kind == MM_QUERY_AND ? " and " : " or ");
        print_node(out, q, n->right);
    }
    mm_buf_byte(out, ')');
}

void mm_query_print(struct mm_buf *out, const struct mm_query *q)
{
    if (q->n > 0)
        print_node(out, q, q->n - 1);
}
