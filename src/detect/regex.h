/*
 * detect/regex.h - regular expressions of rules, over PCRE2's just-in-time compiler.
 *
 * Purpose   The only file that knows PCRE2. A search may end undecided, and says so.
 * Owns      A regex owns its code until mm_regex_free; a context its stack and match data.
 * Threads   A compiled regex is shared; a context belongs to one thread.
 * Trust     Expressions and text are hostile: expression length, nesting and match steps are
 *           bounded. Text that is not UTF-8 is searched around its bad bytes.
 * Spec      PCRE2 10.42 pattern syntax with UTF; Sigma modifiers re, i, m, s.
 */
#ifndef MM_DETECT_REGEX_H
#define MM_DETECT_REGEX_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "detect/pieces.h"

enum {
    MM_REGEX_MAX = 16 * 1024, /* bytes; the longest of SigmaHQ is about 1,400 */
    MM_REGEX_NEST_MAX = 64,
    /* Backtracking steps of one search. A 32 KiB script block needs about 300,000 for the
     * obfuscation rules; a million are about 5 ms. */
    MM_REGEX_STEPS_MAX = 1000 * 1000,
    MM_REGEX_STACK_MAX = 512 * 1024,
    /* Replacing: places in one text, each found within the steps above. */
    MM_REGEX_REPLACE_MAX = 100,
};

enum mm_regex_flag { MM_REGEX_ICASE = 1, MM_REGEX_MULTILINE = 2, MM_REGEX_DOTALL = 4 };
enum mm_verdict { MM_NO, MM_YES, MM_UNDECIDED };

struct mm_regex;
struct mm_regex_ctx;

/* Compile. MM_E_SYNTAX fills fault (at: offset) and, when why is given, PCRE2's own words. */
MM_MUST_USE enum mm_code mm_regex_new(struct mm_slice text, unsigned flags, struct mm_regex **ret,
                                      struct mm_fault *fault, char *why, size_t why_size);
void mm_regex_free(struct mm_regex **re);

/*
 * The text that tells most of those that stand, up to case, in everything the expression can match;
 * empty when none is known. Reads the syntax with care, not in full: what it does not know makes it
 * empty.
 */
MM_MUST_USE enum mm_code mm_regex_literal(struct mm_arena *a, const struct mm_everyday *e,
                                          struct mm_slice src, struct mm_slice *ret);

/* NULL when memory is out. */
struct mm_regex_ctx *mm_regex_ctx_new(void);
void mm_regex_ctx_free(struct mm_regex_ctx **ctx);

/* Does the expression stand anywhere in text? */
enum mm_verdict mm_regex_search(const struct mm_regex *re, struct mm_regex_ctx *ctx,
                                struct mm_slice text);

/*
 * Append text with every place where the expression stands replaced by `by`, in which \1 to \9 are
 * the groups (empty when one took no part) and \\ is a backslash. MM_E_LIMIT, with out in any
 * state, when there are more than MM_REGEX_REPLACE_MAX places or a search ends undecided.
 */
MM_MUST_USE enum mm_code mm_regex_replace(const struct mm_regex *re, struct mm_regex_ctx *ctx,
                                          struct mm_slice text, struct mm_slice by,
                                          struct mm_buf *out);

#endif
