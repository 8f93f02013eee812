/*
 * app/say.h - sentences of po/ on a terminal.
 *
 * Purpose   One sentence of a command line in the reader's language, with what it speaks about.
 * Owns      Nothing.
 * Threads   One.
 * Trust     Texts may be foreign: controls become blanks, invalid bytes are replaced.
 */
#ifndef MM_APP_SAY_H
#define MM_APP_SAY_H

#include <stdio.h>

#include "text/lang.h"

struct mm_say_arg {
    const char *name; /* {name} in the sentence */
    bool is_text;
    struct mm_slice text;
    int64_t number; /* with its thousands; one named "n" decides about the plural */
};

#define MM_SAY_TEXT(key, s)                                                                        \
    {                                                                                              \
        .name = (key), .is_text = true, .text = (s)                                                \
    }
#define MM_SAY_NUMBER(key, v)                                                                      \
    {                                                                                              \
        .name = (key), .number = (int64_t)(v)                                                      \
    }

/* The sentence of a key without its end of line; args may be NULL. */
void mm_say(FILE *to, enum mm_lang lang, const char *key, const struct mm_say_arg *args, size_t n);
#define MM_SAY(to, lang, key, ...)                                                                 \
    mm_say(to, lang, key, (const struct mm_say_arg[]){__VA_ARGS__},                                \
           sizeof((const struct mm_say_arg[]){__VA_ARGS__}) / sizeof(struct mm_say_arg))
/* "mimamori: " and the sentence, a line on standard error. */
#define MM_COMPLAIN(lang, key, ...)                                                                \
    do {                                                                                           \
        fputs("mimamori: ", stderr);                                                               \
        MM_SAY(stderr, lang, key, __VA_ARGS__);                                                    \
        fputc('\n', stderr);                                                                       \
    } while (0)
/* A line of a key that says nothing else. */
void mm_say_line(FILE *to, enum mm_lang lang, const char *key);

#endif
