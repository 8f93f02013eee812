/* detect/cond.c - see cond.h for the contract. */
#include "detect/cond.h"

#include "base/rd.h"

enum tok { T_END, T_WORD, T_OPEN, T_CLOSE };

struct parser {
    struct mm_arena *arena;
    struct mm_rd rd;
    size_t tokens;
    size_t at;            /* where the last token began */
    struct mm_slice word; /* of the last T_WORD */
    struct mm_cond *out[MM_COND_MAX_DEPTH * 2];
    size_t out_n;
    uint8_t op[MM_COND_MAX_DEPTH * 2]; /* 'n' 'a' 'o' '(' */
    size_t op_n;
};

static bool word_char(int c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '-' || c == '*' || c == '.';
}

static enum mm_code next(struct parser *p, enum tok *ret, struct mm_fault *fault)
{
    int c;

    for (c = mm_rd_peek(&p->rd); c == ' ' || c == '\t' || c == '\n' || c == '\r';
         c = mm_rd_peek(&p->rd))
        p->rd.pos++;
    p->at = p->rd.pos;
    if (c == -1) {
        *ret = T_END;
        return MM_OK;
    }
    if (++p->tokens > MM_COND_MAX_TOKENS)
        return mm_fail(fault, MM_E_LIMIT, p->at, "rule.condition.long");
    if (c == '(' || c == ')') {
        *ret = c == '(' ? T_OPEN : T_CLOSE;
        p->rd.pos++;
        return MM_OK;
    }
    if (c == '|')
        return mm_fail(fault, MM_E_SYNTAX, p->at, "rule.condition.aggregation");
    while (word_char(mm_rd_peek(&p->rd)))
        p->rd.pos++;
    if (p->rd.pos == p->at)
        return mm_fail(fault, MM_E_SYNTAX, p->at, "rule.condition.character");
    p->word = mm_slice_sub(p->rd.in, p->at, p->rd.pos - p->at);
    *ret = T_WORD;
    return MM_OK;
}

static struct mm_cond *node(struct parser *p, enum mm_cond_kind kind, struct mm_slice word)
{
    struct mm_cond *n = mm_arena_alloc(p->arena, sizeof(*n));

    if (n != NULL)
        *n = (struct mm_cond){.kind = kind, .word = word, .depth = 1};
    return n;
}

static void adopt(struct mm_cond *parent, struct mm_cond *child)
{
    child->next = NULL;
    if (parent->last == NULL)
        parent->first = child;
    else
        parent->last->next = child;
    parent->last = child;
    if (child->depth + 1 > parent->depth)
        parent->depth = child->depth + 1;
}

/* Apply the operator on top of the stack to the nodes on top of theirs. */
static enum mm_code reduce(struct parser *p, struct mm_fault *fault)
{
    uint8_t op = p->op[--p->op_n];
    enum mm_cond_kind kind = op == 'n' ? MM_COND_NOT : op == 'a' ? MM_COND_AND : MM_COND_OR;
    struct mm_cond *right, *left, *n;

    MM_ASSERT(p->out_n >= (op == 'n' ? 1 : 2));
    right = p->out[--p->out_n];
    left = op == 'n' ? NULL : p->out[p->out_n - 1];
    if (left != NULL && left->kind == kind) { /* a and b and c: one node */
        n = left;
    } else {
        n = node(p, kind, (struct mm_slice){0});
        if (n == NULL)
            return mm_fail(fault, MM_E_NOMEM, p->at, "err.nomem");
        if (left != NULL) {
            adopt(n, left);
            p->out_n--;
        }
        p->out[p->out_n++] = n;
    }
    adopt(n, right);
    if (n->depth > MM_COND_MAX_DEPTH)
        return mm_fail(fault, MM_E_LIMIT, p->at, "rule.condition.deep");
    return MM_OK;
}

static enum mm_code push_op(struct parser *p, uint8_t op, struct mm_fault *fault)
{
    if (p->op_n == MM_COUNT(p->op))
        return mm_fail(fault, MM_E_LIMIT, p->at, "rule.condition.deep");
    p->op[p->op_n++] = op;
    return MM_OK;
}

static int strength(uint8_t op)
{
    return op == 'n' ? 3 : op == 'a' ? 2 : op == 'o' ? 1 : 0;
}

/* The word is "1", "any" or "all" and "of" follows: read the pattern into *ret. */
static enum mm_code quantified(struct parser *p, struct mm_slice word, struct mm_cond **ret,
                               struct mm_fault *fault)
{
    size_t back = p->rd.pos, at = p->at;
    enum mm_cond_kind kind = mm_slice_ieq(word, MM_S("all")) ? MM_COND_ALL_OF : MM_COND_ONE_OF;
    enum tok t;
    enum mm_code code = next(p, &t, fault);

    if (code != MM_OK)
        return code;
    if (t != T_WORD || !mm_slice_ieq(p->word, MM_S("of"))) {
        p->rd.pos = back; /* an identifier after all */
        p->at = at;
        *ret = node(p, MM_COND_NAME, word);
        return *ret == NULL ? mm_fail(fault, MM_E_NOMEM, at, "err.nomem") : MM_OK;
    }
    if (kind == MM_COND_ONE_OF && !mm_slice_eq(word, MM_S("1")) && !mm_slice_ieq(word, MM_S("any")))
        return mm_fail(fault, MM_E_SYNTAX, at, "rule.condition.quantifier");
    code = next(p, &t, fault);
    if (code != MM_OK)
        return code;
    if (t != T_WORD)
        return mm_fail(fault, MM_E_SYNTAX, p->at, "rule.condition.pattern");
    *ret = node(p, kind, p->word);
    return *ret == NULL ? mm_fail(fault, MM_E_NOMEM, at, "err.nomem") : MM_OK;
}

/* In front of an operand: "not", "(" or the operand. *io_want says whether one is still wanted. */
static enum mm_code operand(struct parser *p, enum tok t, bool *io_want, struct mm_fault *fault)
{
    struct mm_cond *n;
    enum mm_code code;

    if (t == T_OPEN)
        return push_op(p, '(', fault);
    if (t != T_WORD)
        return mm_fail(fault, MM_E_SYNTAX, p->at, "rule.condition.operand");
    if (mm_slice_ieq(p->word, MM_S("not")))
        return push_op(p, 'n', fault);
    if (mm_slice_ieq(p->word, MM_S("and")) || mm_slice_ieq(p->word, MM_S("or")))
        return mm_fail(fault, MM_E_SYNTAX, p->at, "rule.condition.operand");
    code = quantified(p, p->word, &n, fault);
    if (code != MM_OK)
        return code;
    if (n->kind == MM_COND_NAME && mm_slice_find(n->word, '*', 0) != SIZE_MAX)
        return mm_fail(fault, MM_E_SYNTAX, p->at, "rule.condition.pattern.alone");
    if (p->out_n == MM_COUNT(p->out))
        return mm_fail(fault, MM_E_LIMIT, p->at, "rule.condition.deep");
    p->out[p->out_n++] = n;
    *io_want = false;
    return MM_OK;
}

/* Behind an operand: "and", "or" or ")". */
static enum mm_code infix(struct parser *p, enum tok t, bool *io_want, struct mm_fault *fault)
{
    uint8_t op;
    enum mm_code code;

    if (t == T_WORD && mm_slice_ieq(p->word, MM_S("and")))
        op = 'a';
    else if (t == T_WORD && mm_slice_ieq(p->word, MM_S("or")))
        op = 'o';
    else if (t == T_CLOSE)
        op = ')';
    else
        return mm_fail(fault, MM_E_SYNTAX, p->at, "rule.condition.operator");
    while (p->op_n > 0 && p->op[p->op_n - 1] != '(' &&
           (op == ')' || strength(p->op[p->op_n - 1]) >= strength(op))) {
        code = reduce(p, fault);
        if (code != MM_OK)
            return code;
    }
    if (op == ')') {
        if (p->op_n == 0)
            return mm_fail(fault, MM_E_SYNTAX, p->at, "rule.condition.parenthesis");
        p->op_n--;
        return MM_OK;
    }
    *io_want = true;
    return push_op(p, op, fault);
}

enum mm_code mm_cond_parse(struct mm_arena *a, struct mm_slice text, struct mm_cond **ret,
                           struct mm_fault *fault)
{
    struct parser p = {.arena = a, .rd = mm_rd_of(text)};
    bool want = true;
    enum mm_code code;
    enum tok t;

    MM_ASSERT(ret != NULL);
    for (;;) {
        code = next(&p, &t, fault);
        if (code != MM_OK)
            return code;
        if (t == T_END)
            break;
        code = want ? operand(&p, t, &want, fault) : infix(&p, t, &want, fault);
        if (code != MM_OK)
            return code;
    }
    if (want)
        return mm_fail(fault, MM_E_SYNTAX, p.at, "rule.condition.operand");
    while (p.op_n > 0) {
        if (p.op[p.op_n - 1] == '(')
            return mm_fail(fault, MM_E_SYNTAX, p.at, "rule.condition.parenthesis");
        code = reduce(&p, fault);
        if (code != MM_OK)
            return code;
    }
    MM_ASSERT(p.out_n == 1);
    *ret = p.out[0];
    return MM_OK;
}

bool mm_cond_names(struct mm_slice pattern, struct mm_slice name)
{
    size_t p = 0, n = 0, star = SIZE_MAX, back = 0;

    if (name.n > 0 && name.p[0] == '_' && (pattern.n == 0 || pattern.p[0] != '_'))
        return false;
    if (mm_slice_ieq(pattern, MM_S("them")))
        return true;
    while (n < name.n) { /* the usual glob with one remembered star: names are short */
        if (p < pattern.n && pattern.p[p] == '*') {
            star = p++;
            back = n;
        } else if (p < pattern.n && pattern.p[p] == name.p[n]) {
            p++;
            n++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            n = ++back;
        } else {
            return false;
        }
    }
    while (p < pattern.n && pattern.p[p] == '*')
        p++;
    return p == pattern.n;
}
