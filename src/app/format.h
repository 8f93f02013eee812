/*
 * app/format.h - what the parts of `mimamori format` share.
 *
 * Purpose   Options, formats that were loaded, output in the user's language, safe on a terminal.
 * Owns      struct mm_format_cmd owns what it loaded until mm_format_done.
 * Threads   One.
 * Trust     Lines and files are foreign: what is printed holds no control characters.
 */
#ifndef MM_APP_FORMAT_H
#define MM_APP_FORMAT_H

#include <stdio.h>

#include "base/limits.h"
#include "parse/parse.h"
#include "text/lang.h"

enum { MM_FORMAT_BAD = 1, MM_FORMAT_USAGE = 2, MM_FORMAT_ARGS = 64 };

struct mm_format_cmd {
    const char *state, *name, *from, *title, *category, *outcome, *to, *format;
    const char *mark[MM_FORMAT_ARGS];
    size_t marks;
    const char *path[MM_FORMAT_ARGS];
    size_t paths;
    bool json, accept, yes;
    enum mm_lang lang;
    struct mm_formats *set;
    struct mm_format_errors errors;
};

/*
 * Load the content's formats and the state's own, then `file` (or NULL), which stands in for one of
 * the same name. What is wrong with any is in c->errors. False after saying what cannot be read.
 */
bool mm_format_load(struct mm_format_cmd *c, const char *file);
/* All but these files of ours and of the state's own (NULL: none is left out). */
bool mm_format_load_but(struct mm_format_cmd *c, const char *but_ours, const char *but_own);
void mm_format_done(struct mm_format_cmd *c);
/* c->errors on stdout, "file:line:column: words: detail"; how many. */
size_t mm_format_tell(const struct mm_format_cmd *c);
/* A whole file; false after saying why not. The buffer is the caller's. */
bool mm_format_read(const struct mm_format_cmd *c, const char *path, struct mm_buf *out);
/* What content/outcomes.yaml says of words; false after saying that it cannot be read. */
bool mm_format_words(const struct mm_format_cmd *c, struct mm_buf *out);
/* Write a whole file durably; false after saying why not. */
bool mm_format_write(const struct mm_format_cmd *c, const char *path, struct mm_slice bytes);
/* Foreign text on a terminal. */
void mm_format_print(struct mm_slice s);
/* The name of the file in a path. */
const char *mm_format_base(const char *path);

/* format_say.c: an argument of a message; without text it is the number. */
struct mm_format_arg {
    const char *name;
    struct mm_slice text; /* may be foreign */
    uint64_t number;
};
/* The words of a key in po/ as one line; args end with one that has no name, NULL: none. */
void mm_format_say(const struct mm_format_cmd *c, FILE *to, const char *key,
                   const struct mm_format_arg *args);
/* A complaint on stderr whose words may use {what}; always false. */
bool mm_format_complain(const struct mm_format_cmd *c, const char *key, struct mm_slice what);
/* Why a file was refused, in words. */
const char *mm_format_reason(const struct mm_format_cmd *c, const char *what);

/* format_new.c */
int mm_format_new(struct mm_format_cmd *c);
int mm_format_add(struct mm_format_cmd *c);
int mm_format_remove(struct mm_format_cmd *c);
/* format_draft.c */
int mm_format_draft(struct mm_format_cmd *c);

#endif
