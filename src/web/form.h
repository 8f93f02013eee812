/*
 * web/form.h - names and values out of query strings, forms, paths and cookies.
 *
 * Purpose   application/x-www-form-urlencoded and Cookie, one pair at a time.
 * Owns      Nothing; decoded bytes live in the caller's arena.
 * Threads   Pure functions.
 * Trust     Input is hostile. What is handed out is valid UTF-8 without controls other
 *           than tab, CR and LF; anything else refuses the whole input. Linear cost.
 * Spec      WHATWG URL 5.1 narrowed (a '%' must be followed by two hexadecimal digits);
 *           RFC 6265 4.2.1.
 */
#ifndef MM_WEB_FORM_H
#define MM_WEB_FORM_H

#include "base/arena.h"
#include "base/base.h"
#include "base/rd.h"

enum { MM_FORM_MAX_PAIRS = 1000 }; /* a questionnaire page has at most about 200 */

/* Decode %XX, and '+' as blank when plus is set. MM_E_SYNTAX, MM_E_NOMEM: *ret untouched. */
MM_MUST_USE enum mm_code mm_form_decode(struct mm_arena *arena, struct mm_slice in, bool plus,
                                        struct mm_slice *ret, struct mm_fault *fault);

/*
 * The next pair of "a=b&c=d": MM_OK, or MM_E_NOTFOUND at the end, or why the rest is refused.
 * A name without '=' has the empty value; empty pieces ("&&") are skipped.
 */
MM_MUST_USE enum mm_code mm_form_next(struct mm_arena *arena, struct mm_rd *rd,
                                      struct mm_slice *ret_name, struct mm_slice *ret_value,
                                      struct mm_fault *fault);

/* The next pair of a Cookie header; values stay as sent. MM_E_NOTFOUND at the end. */
MM_MUST_USE enum mm_code mm_cookie_next(struct mm_rd *rd, struct mm_slice *ret_name,
                                        struct mm_slice *ret_value);

#endif
