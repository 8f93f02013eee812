/*
 * app/quests.h - what `mimamori questionnaire`, `assess` and `benchmark` share.
 *
 * Purpose   Read questionnaires by path or by id, the map of controls; tell what was refused.
 * Owns      The caller frees what was read.
 * Threads   One.
 * Trust     Files may be foreign: what is printed holds no control characters.
 */
#ifndef MM_APP_QUESTS_H
#define MM_APP_QUESTS_H

#include "assess/controls.h"
#include "base/limits.h"
#include "text/doc.h"

struct mm_quests {
    enum mm_lang lang;
    bool json;
    struct mm_quest_errors errors;
};

/* A whole file; false after saying why not. */
bool mm_quests_file(const struct mm_quests *x, const char *path, struct mm_buf *out);
/* content/questionnaires/ID.yaml, or the path itself where it has a slash or ends in .yaml. */
bool mm_quests_path(const struct mm_quests *x, const char *what, char ret[MM_MAX_PATH]);
/* Read that file; *ret_text (may be NULL) gets its bytes. False after saying why not. */
bool mm_quests_read(struct mm_quests *x, const char *what, struct mm_quest **ret,
                    struct mm_buf *ret_text);
/* All of content/controls; false after saying why not. */
bool mm_quests_controls(struct mm_quests *x, struct mm_controls **ret);
/* Walk the questionnaires of the content by name; false after saying why not. */
bool mm_quests_each(const struct mm_quests *x, void (*take)(void *arg, const char *path),
                    void *arg);
/* x->errors: a line each, "file:line:column: words: what stood there (what could)". */
void mm_quests_tell(const struct mm_quests *x, const char *path);
/* The same as members of an array. */
void mm_quests_tell_doc(const struct mm_quests *x, const char *path, struct mm_doc *list);
/* A document on stdout as one line. */
void mm_quests_print(const struct mm_doc *doc);
/* Foreign text on a terminal. */
void mm_quests_put(struct mm_slice s);

#endif
