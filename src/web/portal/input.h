/*
 * web/portal/input.h - what a request says, whatever way it says it.
 *
 * Purpose   One list of (name, value) texts out of a query string, a form (perhaps with a file) or
 *           a JSON object, so that a page's form and the API can't drift apart. JSON members of
 * objects become "outer.inner", elements of arrays repeat the name; true, false and numbers are
 *           their text; null leaves the name out.
 * Owns      Nothing; all in the request's arena.
 * Threads   Pure functions.
 * Trust     Input is hostile: names and values are valid UTF-8 without controls but tab, CR, LF.
 *           At most MM_FORM_MAX_PAIRS pairs.
 */
#ifndef MM_WEB_PORTAL_INPUT_H
#define MM_WEB_PORTAL_INPUT_H

#include "base/arena.h"
#include "base/base.h"

struct mm_input_pair {
    struct mm_slice name, value;
};

/* What was sent as a file; its name is the part behind the last slash of what was said. */
struct mm_input_file {
    struct mm_slice name, file_name;
    struct mm_slice bytes; /* any, borrowed from the body */
};

struct mm_input {
    struct mm_input_pair *pair;
    size_t n;
    struct mm_input_file file; /* name is empty when none was sent, or none was chosen */
};

enum mm_input_kind { MM_INPUT_FORM, MM_INPUT_JSON };

/* Add the pairs of `body` behind those that are there. On failure *in is untouched. */
MM_MUST_USE enum mm_code mm_input_read(struct mm_arena *arena, enum mm_input_kind kind,
                                       struct mm_slice body, struct mm_input *in,
                                       struct mm_fault *fault);
/*
 * The same for a body of type multipart/form-data, whose header is `type`: MM_E_NOTFOUND for any
 * other. One file at most; values are held against the same as those of a form, and borrow it.
 */
MM_MUST_USE enum mm_code mm_input_read_files(struct mm_arena *arena, struct mm_slice type,
                                             struct mm_slice body, struct mm_input *in,
                                             struct mm_fault *fault);
/* The value of a name, trimmed; empty when it is absent. The first one when it repeats. */
struct mm_slice mm_input_get(const struct mm_input *in, const char *name);
/* Whether that name stands there at all. */
bool mm_input_has(const struct mm_input *in, const char *name);
/* Whether that name stands there with that value (ticked boxes repeat their name). */
bool mm_input_ticked(const struct mm_input *in, const char *name, struct mm_slice value);

#endif
