/*
 * text/mustache.h - templates without logic, rendered from documents.
 *
 * Purpose   Mustache (names, sections, inverted sections, partials, comments) and six helpers
 *           that word and format. A template is compiled once; every text that goes out is
 *           escaped, there is no way to write one raw.
 * Owns      A set owns nothing but arena memory; templates' texts are borrowed from the caller
 *           and live as long as the set.
 * Threads   A set is read-only after loading; a render belongs to one thread.
 * Trust     Templates are ours; documents hold hostile text.
 * Spec      mustache(5) without lambdas, set-delimiter and unescaped tags. Own work instead of
 *           Debian's kainjow-mustache: that parses partials and lambda bodies again at every
 *           use, has no bound and can write unescaped text.
 *
 * Helpers:  {{#t}}key{{/t}}             words; key may hold {{names}}; {arguments} of the message
 *                                       are looked up like names and formatted by their type;
 *                                       the plural follows the member `n`
 *           {{#date}}name style{{/date}} full (default), day, clock, seconds, ago
 *           {{#num}}name style{{/num}}   plain (default), bytes, permille (as per cent),
 *                                       seconds (from milliseconds)
 *           {{#state}}name kind{{/state}} the word "state.KIND.VALUE" in a span of that class
 *           {{#bars}}list low high{{/bars}}  a picture of an array's numbers (text/chart.h);
 *                                       `share` behind it: bars of one height
 *           {{#url}}name{{/url}}         percent-encoded for one part of a URL
 */
#ifndef MM_TEXT_MUSTACHE_H
#define MM_TEXT_MUSTACHE_H

#include "text/doc.h"
#include "text/lang.h"

enum {
    MM_TPL_MAX_NEST = 16,    /* sections in one template; ours nest 6 deep */
    MM_TPL_MAX_PARTIALS = 8, /* partials in partials; ours nest 3 deep */
    MM_TPL_MAX_COUNT = 200,  /* templates of a set */
    MM_TPL_MAX_NODES = 4096, /* of one template */
    MM_TPL_MAX_CONTEXT = 48, /* objects open at once: two bases, sections, partials */
};

struct mm_tpl_source {
    const char *name; /* "case", without folder and suffix */
    struct mm_slice text;
};

struct mm_tpl_set;

/*
 * Compile all. MM_E_SYNTAX with *ret_at (index of the template) and fault->at (byte), fault->what;
 * partials that name no template of the set are refused here, too.
 */
MM_MUST_USE enum mm_code mm_tpl_load(struct mm_arena *arena, const struct mm_tpl_source *sources,
                                     size_t count, const struct mm_tpl_set **ret, size_t *ret_at,
                                     struct mm_fault *fault);

enum mm_tpl_mode { MM_TPL_HTML, MM_TPL_PLAIN }; /* plain: mails and texts to send, no escapes */

struct mm_tpl_render {
    const struct mm_tpl_set *set;
    enum mm_lang lang;
    enum mm_tpl_mode mode;
    int64_t now_us;
    int32_t offset_s;          /* east of UTC */
    const struct mm_doc *base; /* looked in last (chrome of the page); may be NULL */
    const struct mm_doc *doc;
    struct mm_buf *out;
    size_t missing; /* out: keys that are in no catalogue, names that formatters did not find */
};

/* Render one template of the set. MM_E_NOTFOUND when there is none of that name. */
MM_MUST_USE enum mm_code mm_tpl_render(struct mm_tpl_render *r, const char *name);
/* Words of one key with arguments from r->doc, as {{#t}} does. */
void mm_tpl_words(struct mm_tpl_render *r, struct mm_slice key);
/* Append s for HTML text and quoted attributes: & < > " ' escaped, invalid bytes replaced. */
void mm_tpl_escape(struct mm_buf *out, struct mm_slice s);

/* Each key that templates name: literal keys, and the fixed beginning of composed ones. For the
 * test that holds templates against the catalogues. */
void mm_tpl_keys(const struct mm_tpl_set *set,
                 void (*seen)(void *user, const char *tpl, struct mm_slice key, bool whole),
                 void *user);

#endif
