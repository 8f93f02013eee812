/*
 * app/nouns.h - the command line of the register: NOUN add|list|show|set|remove.
 *
 * Purpose   One program body for every entity: options, checks and output come from
 *           register/fields.def, words from po/.
 * Owns      Everything lives until the program ends.
 * Threads   One.
 * Trust     Who can run this can read the state directory: the system scope is theirs anyway.
 *           Values are checked as those of forms. Every change is written to the audit log.
 */
#ifndef MM_APP_NOUNS_H
#define MM_APP_NOUNS_H

#include "register/access.h"
#include "register/entity.h"
#include "text/doc.h"
#include "text/lang.h"

enum { MM_NOUNS_OK, MM_NOUNS_FAILED, MM_NOUNS_USAGE }; /* exit codes */

enum mm_verb {
    MM_VERB_NONE,
    MM_VERB_ADD,
    MM_VERB_LIST,
    MM_VERB_SHOW,
    MM_VERB_SET,
    MM_VERB_REMOVE,
    MM_VERB_HELP
};

struct mm_noun_field {
    int at; /* field of the entity */
    const char *text;
};

/* What was asked for. */
struct mm_noun {
    const struct mm_entity *entity;
    enum mm_verb verb;
    enum mm_lang lang;
    bool json;
    const char *state;
    const char *id;      /* number, code, login or name */
    const char *company; /* code or number */
    struct mm_noun_field field[MM_REC_FIELDS_MAX];
    size_t field_count;
    bool ended; /* list: those that have ended, too */
    uint32_t from, limit;
    bool new_code;                                                        /* relay */
    bool password_stdin, make_password, reset_totp, invite, end_sessions; /* user */
    uint32_t codes;                                                       /* user */
    const char *scan, *scan_to;                                           /* consent: files */

    struct mm_arena arena;
    struct {
        const char *key, *text;
    } word[12];         /* arguments of messages */
    struct mm_doc *doc; /* what --json prints */
    struct mm_records *records;
    struct mm_auth *auth;
    struct mm_key key;
    int64_t now_us;
};

/* `mimamori-NOUN argv...`; the exit code. */
int mm_nouns_main(const char *noun, int argc, char **argv);

/* Reads argv. False after saying on stderr what is wrong with it. */
bool mm_noun_read(struct mm_noun *n, int argc, char **argv);
/* Set an argument of the messages to come; key is a literal, text is copied. */
void mm_noun_word(struct mm_noun *n, const char *key, const char *text);
void mm_noun_number(struct mm_noun *n, const char *key, int64_t v);
/* The words of key with those arguments, on stderr with a newline; false for `return`. */
bool mm_noun_complain(struct mm_noun *n, const char *key);
/* As _complain on stdout, unless --json. */
void mm_noun_tell(struct mm_noun *n, const char *key);
/* Title of a field in the user's language; its name when po/ has none. */
const char *mm_noun_title(const struct mm_noun *n, const struct mm_field *f);
void mm_noun_help(struct mm_noun *n);
/* The words of prefix and name, or the name where po/ has none. */
struct mm_slice mm_noun_words(const struct mm_noun *n, const char *prefix, struct mm_slice name);
/* A transaction that sees the company asked for, or all; false after saying why not. */
MM_MUST_USE bool mm_noun_see(struct mm_noun *n, struct mm_scope_hold *hold, struct mm_tx **ret);

/* A noun that is no entity of the register: list and show, and one verb of its own. */
struct mm_noun_own {
    const char *verb;   /* its options are those of showing one */
    bool pages;         /* list: takes --from */
    int (*usage)(void); /* the exit code */
    bool (*list)(struct mm_noun *n);
    bool (*show)(struct mm_noun *n);
    bool (*act)(struct mm_noun *n); /* the verb */
};
/* The whole program: argv of main; the exit code. */
int mm_noun_own_main(const struct mm_noun_own *own, int argc, char **argv);

/* One record as lines "title: value". */
void mm_noun_show(struct mm_noun *n, const struct mm_rec *rec);
/* One record as a line of a list: number and what it needs to be known by. */
void mm_noun_row(struct mm_noun *n, const struct mm_rec *rec);
/* The same record as a JSON object. */
void mm_noun_doc(struct mm_doc *at, const struct mm_rec *rec);
/* The field by which people know a record: code, login, title or name. */
int mm_noun_label(const struct mm_entity *e);

#endif
