/*
 * web/portal/guide.h - a guide for connecting a device, as it is after loading.
 *
 * Purpose   What content/guides/NAME.yaml says, checked whole, and the blanks of its commands
 *           filled with where this company's device has to send.
 * Owns      struct mm_guide owns all texts in it until mm_guide_free.
 * Threads   Immutable after loading: any number of readers.
 * Trust     Files are ours or the operator's, but bounded like foreign ones (assess/read.h). What
 *           fills a blank comes from the configuration and is checked there.
 * Spec      content/guides/SCHEMA.md. Fuzzed by guide_fuzz.c.
 */
#ifndef MM_WEB_PORTAL_GUIDE_H
#define MM_WEB_PORTAL_GUIDE_H

#include "assess/quest.h"

enum {
    MM_GUIDE_SIZE_MAX = 64 * 1024,    /* a file; ours have 5 */
    MM_GUIDE_STEPS_MAX = 20,          /* more fit no sheet of paper */
    MM_GUIDE_COMMANDS_MAX = 4000,     /* bytes of one step */
    MM_GUIDE_FILLED_MAX = 256 * 1024, /* the same with every blank a name of 253 bytes */
};

enum mm_guide_via { MM_GUIDE_UDP, MM_GUIDE_TCP };

struct mm_guide_step {
    struct mm_words text;
    struct mm_slice commands; /* empty: nothing to type */
};

/* What goes wrong, and what to do then. */
struct mm_guide_trouble {
    struct mm_words sign, help;
};

struct mm_guide {
    struct mm_arena arena;
    struct mm_slice id;
    struct mm_words title;
    struct mm_names formats; /* a source of one of these is this kind of device */
    enum mm_guide_via via;
    uint16_t port;                      /* the only one that the device can send to; 0: any */
    struct mm_slice checked;            /* with what; empty: untested */
    struct mm_slice source, source_day; /* the vendor's document: address, YYYY-MM-DD */
    struct mm_texts before, see, naming;
    struct mm_guide_step *step;
    size_t steps;
    struct mm_guide_trouble *trouble;
    size_t troubles;
};

/*
 * Read one file. MM_OK with *ret, which the caller frees; MM_E_SYNTAX with every fault, its line
 * and column in *errors; MM_E_NOMEM. *ret is untouched unless MM_OK.
 */
MM_MUST_USE enum mm_code mm_guide_read(struct mm_slice yaml, struct mm_guide **ret,
                                       struct mm_quest_errors *errors);
void mm_guide_free(struct mm_guide **g);

/* What stands in the blanks of a guide's texts and commands. */
struct mm_guide_values {
    struct mm_slice address, port;
};

/* Append text to out with {address} and {port} filled in. Texts of a guide that was read hold no
 * other blank. */
void mm_guide_fill(struct mm_slice text, const struct mm_guide_values *v, struct mm_buf *out);

#endif
