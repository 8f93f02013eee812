/*
 * parse/draft.h - a format file from example lines: what a person without C begins with.
 *
 * Purpose   Lines become templates (codec/cluster), what stands in them gets names: those that
 *           somebody marked, else those that the word in front suggests. The result is YAML that
 *           mm_formats_add takes, and a test of the same lines.
 * Owns      A draft owns its texts.
 * Threads   One draft, one thread.
 * Trust     Lines are foreign: texts are quoted for YAML, sizes bounded. A proposal is a proposal:
 *           who reads it decides.
 */
#ifndef MM_PARSE_DRAFT_H
#define MM_PARSE_DRAFT_H

#include "base/arena.h"
#include "base/buf.h"
#include "codec/cluster.h"

enum {
    MM_DRAFT_LINES = 200,   /* of one draft; one of each kind is enough */
    MM_DRAFT_PATTERNS = 64, /* templates of one draft */
    MM_DRAFT_MARKS = 24,    /* of one line: what a template may capture */
    MM_DRAFT_NAME = 40,     /* bytes of a format's name */
    MM_DRAFT_WORDS = 16,    /* words of one draft that tell how something ended */
    MM_DRAFT_KNOWN = 64,    /* such words of each kind that are known beforehand */
    MM_DRAFT_YAML = 256 * 1024,
};

/* Bytes of a line that a person has named. Named event.outcome, they are a word such as `ok`: what
 * each such word means becomes rules behind the template. */
struct mm_draft_mark {
    size_t from, n;        /* in the line as it came */
    struct mm_slice field; /* empty: it differs, and nobody needs it */
};

/* The words that event.outcome may have, in their order in mm_draft_outcome. */
enum mm_draft_outcome { MM_DRAFT_SUCCESS, MM_DRAFT_FAILURE, MM_DRAFT_UNKNOWN, MM_DRAFT_OUTCOMES };

struct mm_draft_word {
    struct mm_slice word;
    enum mm_draft_outcome outcome;
};

struct mm_draft_pattern {
    struct mm_slice app, template;
    struct mm_slice result; /* the capture that holds such a word; empty: none does */
};

struct mm_draft {
    struct mm_arena arena;
    struct mm_slice line[MM_DRAFT_LINES]; /* as they came, for the test */
    size_t lines;
    struct mm_draft_pattern pattern[MM_DRAFT_PATTERNS];
    size_t patterns;
    struct mm_draft_word word[MM_DRAFT_WORDS]; /* met in lines, or spoken of */
    size_t words;
    struct mm_slice known[MM_DRAFT_UNKNOWN][MM_DRAFT_KNOWN];
    size_t known_n[MM_DRAFT_UNKNOWN];
    struct mm_cluster unmarked;
    bool syslog; /* some line had a syslog header */
};

MM_MUST_USE enum mm_code mm_draft_init(struct mm_draft *d);
void mm_draft_done(struct mm_draft *d);
/* What event.outcome calls it. */
const char *mm_draft_outcome(enum mm_draft_outcome outcome);
/* The outcome of that name, or MM_DRAFT_OUTCOMES. */
enum mm_draft_outcome mm_draft_outcome_of(struct mm_slice name);
/*
 * Words whose meaning is known beforehand: {success: [ok], failure: [ng]}, in small letters
 * (content/outcomes.yaml). MM_E_SYNTAX when it is no such text, MM_E_LIMIT, MM_E_NOMEM.
 */
MM_MUST_USE enum mm_code mm_draft_known(struct mm_draft *d, struct mm_slice yaml);
/* What a person says that a word means. MM_E_LIMIT, MM_E_NOMEM. */
MM_MUST_USE enum mm_code mm_draft_say(struct mm_draft *d, struct mm_slice word,
                                      enum mm_draft_outcome outcome);
/*
 * Add an example with what somebody marked in it, in order and apart from each other; without
 * marks, lines of one kind become one template. Lines that a template added before takes are kept
 * for the test only. MM_E_LIMIT: too many; MM_E_RANGE: a mark lies outside of the message.
 */
MM_MUST_USE enum mm_code mm_draft_add(struct mm_draft *d, struct mm_slice line,
                                      const struct mm_draft_mark *marks, size_t n);
/* Keep a line for the test only; the word that it has where a line before had event.outcome is met.
 * MM_E_LIMIT, MM_E_NOMEM. */
MM_MUST_USE enum mm_code mm_draft_example(struct mm_draft *d, struct mm_slice line);
/*
 * A line in which marks stand as `{field=text}`; `{{` is a brace. *ret_line is the line without
 * them, in the draft's arena. Room for MM_DRAFT_MARKS. MM_E_SYNTAX, MM_E_LIMIT, MM_E_NOMEM.
 */
MM_MUST_USE enum mm_code mm_draft_marks(struct mm_draft *d, struct mm_slice text,
                                        struct mm_slice *ret_line, struct mm_draft_mark *ret_marks,
                                        size_t *ret_n);

/* What stands in every file of one device. */
struct mm_draft_head {
    struct mm_slice name;              /* letters, digits, - */
    struct mm_slice title;             /* for people; empty: the name */
    struct mm_slice category, outcome; /* event.category, event.outcome of its lines */
};

/* Whether a name may be one of a format: a-z 0-9 and '-', at most MM_DRAFT_NAME. */
bool mm_draft_name_ok(struct mm_slice name);
/* The file; false when nothing was added or it did not fit. ret is reset first. */
MM_MUST_USE bool mm_draft_yaml(struct mm_draft *d, const struct mm_draft_head *head,
                               struct mm_buf *ret);
/*
 * The same templates put into a file that mm_draft_yaml once made, behind those that are there.
 * False when the file's form is another one, or as above. Check the result: people may have
 * changed the file.
 */
MM_MUST_USE bool mm_draft_extend(struct mm_draft *d, struct mm_slice yaml, struct mm_buf *ret);
/* Its .test, with lines only: what comes out of them is read and accepted by a person. */
void mm_draft_test(const struct mm_draft *d, struct mm_buf *ret);

#endif
