/* detect/regex.c - see regex.h for the contract. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "detect/regex.h"

enum { GROUPS_MAX = 10 }; /* the whole match and nine groups */

struct mm_regex {
    pcre2_code *code;
};

struct mm_regex_ctx {
    pcre2_match_data *data;
    pcre2_match_context *match;
    pcre2_jit_stack *stack;
};

enum mm_code mm_regex_new(struct mm_slice text, unsigned flags, struct mm_regex **ret,
                          struct mm_fault *fault, char *why, size_t why_size)
{
    uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C;
    pcre2_compile_context *cc;
    struct mm_regex *re;
    PCRE2_SIZE at = 0;
    int err = 0;

    MM_ASSERT(ret != NULL);
    if (text.n > MM_REGEX_MAX)
        return mm_fail(fault, MM_E_LIMIT, MM_REGEX_MAX, "rule.regex.long");
    if (flags & MM_REGEX_ICASE)
        options |= PCRE2_CASELESS;
    if (flags & MM_REGEX_MULTILINE)
        options |= PCRE2_MULTILINE;
    if (flags & MM_REGEX_DOTALL)
        options |= PCRE2_DOTALL;
    cc = pcre2_compile_context_create(NULL);
    re = calloc(1, sizeof(*re));
    if (cc == NULL || re == NULL) {
        pcre2_compile_context_free(cc);
        free(re);
        return mm_fail(fault, MM_E_NOMEM, 0, "err.nomem");
    }
    pcre2_set_parens_nest_limit(cc, MM_REGEX_NEST_MAX);
    re->code =
        pcre2_compile(text.n == 0 ? (PCRE2_SPTR) "" : text.p, text.n, options, &err, &at, cc);
    pcre2_compile_context_free(cc);
    if (re->code == NULL) {
        if (why != NULL)
            (void)pcre2_get_error_message(err, (PCRE2_UCHAR *)why, why_size);
        free(re);
        return mm_fail(fault, MM_E_SYNTAX, at, "rule.regex.syntax");
    }
    /* Without JIT (another processor) the interpreter answers the same, more slowly. */
    (void)pcre2_jit_compile(re->code, PCRE2_JIT_COMPLETE);
    *ret = re;
    return MM_OK;
}

void mm_regex_free(struct mm_regex **re)
{
    if (*re == NULL)
        return;
    pcre2_code_free((*re)->code);
    free(*re);
    *re = NULL;
}

struct mm_regex_ctx *mm_regex_ctx_new(void)
{
    struct mm_regex_ctx *ctx = calloc(1, sizeof(*ctx));

    if (ctx == NULL)
        return NULL;
    ctx->data = pcre2_match_data_create(GROUPS_MAX, NULL);
    ctx->match = pcre2_match_context_create(NULL);
    ctx->stack = pcre2_jit_stack_create(32 * 1024, MM_REGEX_STACK_MAX, NULL);
    if (ctx->data == NULL || ctx->match == NULL) {
        mm_regex_ctx_free(&ctx);
        return NULL;
    }
    (void)pcre2_set_match_limit(ctx->match, MM_REGEX_STEPS_MAX);
    (void)pcre2_set_heap_limit(ctx->match, MM_REGEX_STACK_MAX / 1024);
    if (ctx->stack != NULL)
        pcre2_jit_stack_assign(ctx->match, NULL, ctx->stack);
    return ctx;
}

void mm_regex_ctx_free(struct mm_regex_ctx **ctx)
{
    if (*ctx == NULL)
        return;
    pcre2_match_data_free((*ctx)->data);
    pcre2_match_context_free((*ctx)->match);
    pcre2_jit_stack_free((*ctx)->stack);
    free(*ctx);
    *ctx = NULL;
}

enum mm_verdict mm_regex_search(const struct mm_regex *re, struct mm_regex_ctx *ctx,
                                struct mm_slice text)
{
    int rc;

    MM_ASSERT(re != NULL && ctx != NULL);
    rc = pcre2_match(re->code, text.n == 0 ? (PCRE2_SPTR) "" : text.p, text.n, 0, 0, ctx->data,
                     ctx->match);
    if (rc >= 0)
        return MM_YES;
    return rc == PCRE2_ERROR_NOMATCH ? MM_NO : MM_UNDECIDED;
}

/* `by` with its groups, whose places are at[2 * group] and behind; `pairs` of them are set. */
static void put_replacement(struct mm_buf *out, struct mm_slice text, struct mm_slice by,
                            const PCRE2_SIZE *at, size_t pairs)
{
    for (size_t i = 0; i < by.n; i++) {
        uint8_t c = by.p[i], next = i + 1 < by.n ? by.p[i + 1] : 0;
        size_t group = next >= '1' && next <= '9' ? (size_t)(next - '0') : 0;

        if (c != '\\' || (group == 0 && next != '\\')) {
            mm_buf_byte(out, c);
            continue;
        }
        i++;
        if (group == 0)
            mm_buf_byte(out, '\\');
        else if (group < pairs && at[2 * group] != PCRE2_UNSET)
            mm_buf_add(out, mm_slice_sub(text, at[2 * group], at[2 * group + 1] - at[2 * group]));
    }
}

enum mm_code mm_regex_replace(const struct mm_regex *re, struct mm_regex_ctx *ctx,
                              struct mm_slice text, struct mm_slice by, struct mm_buf *out)
{
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(ctx->data);
    size_t done = 0, from = 0;

    for (size_t n = 0;; n++) {
        int rc = pcre2_match(re->code, text.n == 0 ? (PCRE2_SPTR) "" : text.p, text.n, from, 0,
                             ctx->data, ctx->match);

        if (rc == PCRE2_ERROR_NOMATCH)
            break;
        if (rc < 0 || n == MM_REGEX_REPLACE_MAX)
            return MM_E_LIMIT;
        /* Only \K in a look around the place could do it, and that does not compile. */
        if (MM_NEVER(at[0] < done || at[0] > at[1]))
            return MM_E_LIMIT;
        mm_buf_add(out, mm_slice_sub(text, done, at[0] - done));
        /* 0: more groups than there is room for. */
        put_replacement(out, text, by, at, rc == 0 ? GROUPS_MAX : (size_t)rc);
        done = from = at[1];
        if (at[0] == at[1]) { /* nothing: go on behind the next character */
            if (from == text.n)
                break;
            for (from++; from < text.n && (text.p[from] & 0xc0) == 0x80; from++)
                continue;
        }
    }
    mm_buf_add(out, mm_slice_sub(text, done, SIZE_MAX));
    return MM_OK;
}
