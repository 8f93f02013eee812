/* hunt/tables.c - the tables of a hunt; see report.h for the contract. */
#include <stdlib.h>

#include "base/time.h"
#include "hunt/show.h"
#include "hunt/words.h"

enum {
    RULES_SHOWN = 25,
    NAMES_SHOWN = 10,
    HOURS_SHOWN = 24, /* the hours with most */
    FILES_SHOWN = 20,
    BAR = 40,
    COUNT_COLUMNS = 9,
};

static void title(const struct mm_hunt_words *w, const char *key)
{
    mm_buf_str(w->out, "\n== ");
    mm_hunt_say(w, key, NULL);
    mm_buf_str(w->out, " ==\n");
}

static void more(const struct mm_hunt_words *w, size_t left)
{
    struct mm_arena arena;
    struct mm_doc *d;

    if (left == 0)
        return;
    mm_arena_init(&arena, 4096);
    d = mm_doc_new(&arena);
    mm_doc_int(d, "n", (int64_t)left);
    mm_buf_str(w->out, "  ");
    mm_hunt_say(w, "hunt.more", d);
    mm_buf_byte(w->out, '\n');
    mm_arena_done(&arena);
}

static void levels(const struct mm_hunt_words *w, const struct mm_doc *at)
{
    const struct mm_doc *all = mm_doc_get(at, MM_S("levels"));

    for (const struct mm_doc *d = all == NULL ? NULL : all->first; d != NULL; d = d->next) {
        if (d->i == 0)
            continue;
        mm_buf_str(w->out, "  ");
        mm_hunt_say_of(w, "hunt.level", d->key);
        mm_buf_byte(w->out, ' ');
        mm_hunt_say_number(w, d->i, 0);
    }
}

static void span(const struct mm_hunt_words *w, const struct mm_doc *at, const char *first,
                 const char *last)
{
    mm_hunt_say_time(w, at, first, MM_TIME_SECONDS);
    mm_buf_str(w->out, " - ");
    mm_hunt_say_time(w, at, last, MM_TIME_SECONDS);
}

static void head(const struct mm_hunt_words *w, const struct mm_doc *doc)
{
    title(w, "hunt.read");
    mm_hunt_say(w, "hunt.read.files", mm_doc_get(doc, MM_S("file_counts")));
    mm_buf_byte(w->out, '\n');
    mm_hunt_say(w, "hunt.read.events", doc);
    mm_buf_str(w->out, "\n");
    mm_hunt_say(w, "hunt.read.span", NULL);
    mm_buf_byte(w->out, ' ');
    span(w, doc, "events_first", "events_last");
    mm_buf_fmt(w->out, " (%c%02d:%02d)\n", w->asked->offset_s < 0 ? '-' : '+',
               abs(w->asked->offset_s) / 3600, abs(w->asked->offset_s) / 60 % 60);
    mm_hunt_say(w, "hunt.read.rules", mm_doc_get(doc, MM_S("rule_set")));
    mm_buf_byte(w->out, '\n');
    mm_hunt_say_left_out(w, doc, "");
    if (mm_doc_truthy(mm_doc_get(mm_doc_get(doc, MM_S("rule_set")), MM_S("own")))) {
        mm_hunt_say(w, "hunt.own_rules", NULL);
        mm_buf_byte(w->out, '\n');
    }
    title(w, "hunt.found");
    mm_hunt_say(w, mm_hunt_int(doc, "alerts") > 0 ? "hunt.found.n" : "hunt.found.none", doc);
    levels(w, doc);
    mm_buf_byte(w->out, '\n');
}

static void rules(const struct mm_hunt_words *w, const struct mm_doc *doc)
{
    const struct mm_doc *list = mm_doc_get(doc, MM_S("rules"));
    size_t n = 0;

    if (list->n == 0)
        return;
    title(w, "hunt.by_rule");
    for (const struct mm_doc *d = list->first; d != NULL && n < RULES_SHOWN; d = d->next, n++) {
        int64_t others;

        mm_hunt_say_number(w, mm_hunt_int(d, "n"), COUNT_COLUMNS);
        mm_buf_str(w->out, "  [");
        mm_hunt_say_of(w, "hunt.level", mm_hunt_text(d, "level"));
        mm_buf_str(w->out, "]  ");
        mm_hunt_clean(w->out, mm_hunt_text(d, "title"));
        if (mm_hunt_int(d, "prevented") != 0) {
            mm_buf_str(w->out, "  ");
            mm_hunt_say(w, "hunt.prevented", NULL);
        }
        mm_buf_byte(w->out, '\n');
        for (int i = 0; i < COUNT_COLUMNS + 2; i++)
            mm_buf_byte(w->out, ' ');
        span(w, d, "first", "last");
        mm_buf_str(w->out, " ");
        for (const struct mm_doc *host = mm_hunt_first(d, "hosts"); host != NULL;
             host = host->next) {
            mm_buf_byte(w->out, ' ');
            mm_hunt_clean(w->out, host->text);
        }
        others = mm_hunt_int(d, "hosts_n") - (int64_t)mm_doc_get(d, MM_S("hosts"))->n;
        if (others > 0)
            mm_buf_fmt(w->out, " +%lld", (long long)others);
        mm_buf_byte(w->out, '\n');
    }
    more(w, list->n - n);
}

static void names(const struct mm_hunt_words *w, const struct mm_doc *doc, const char *key,
                  const char *words)
{
    const struct mm_doc *list = mm_doc_get(doc, mm_slice_str(key));
    size_t n = 0;

    if (list->n == 0)
        return;
    title(w, words);
    for (const struct mm_doc *d = list->first; d != NULL && n < NAMES_SHOWN; d = d->next, n++) {
        mm_hunt_say_number(w, mm_hunt_int(d, "n"), COUNT_COLUMNS);
        mm_buf_str(w->out, "  ");
        mm_hunt_clean(w->out, mm_hunt_text(d, "name"));
        mm_buf_str(w->out, " ");
        levels(w, d);
        mm_buf_byte(w->out, '\n');
    }
    more(w, list->n - n);
}

/* The largest number of that name below a bound: lists are walked in the order of their counts
 * without being moved in the document. */
static int64_t most_below(const struct mm_doc *list, const char *key, int64_t below)
{
    int64_t most = 0;

    for (const struct mm_doc *d = list->first; d != NULL; d = d->next) {
        int64_t v = mm_hunt_int(d, key);

        most = v < below && v > most ? v : most;
    }
    return most;
}

static void techniques(const struct mm_hunt_words *w, const struct mm_doc *doc)
{
    const struct mm_doc *list = mm_doc_get(doc, MM_S("techniques"));
    int64_t below = INT64_MAX;
    size_t n = 0;

    if (list->n == 0)
        return;
    title(w, "hunt.by_technique");
    while (n < NAMES_SHOWN && below > 0) {
        int64_t most = most_below(list, "n", below);

        for (const struct mm_doc *d = list->first; d != NULL && n < NAMES_SHOWN; d = d->next) {
            struct mm_slice id = mm_hunt_text(d, "id");

            if (mm_hunt_int(d, "n") != most || most == 0)
                continue;
            mm_hunt_say_number(w, most, COUNT_COLUMNS);
            mm_buf_str(w->out, "  T");
            mm_hunt_clean(w->out, mm_slice_sub(id, 1, SIZE_MAX));
            mm_buf_byte(w->out, '\n');
            n++;
        }
        below = most;
    }
    more(w, list->n - n);
}

static void bar(struct mm_buf *out, int64_t n, int64_t most)
{
    int64_t width = most == 0 ? 0 : (n * BAR + most - 1) / most;

    for (int64_t i = 0; i < width; i++)
        mm_buf_byte(out, '#');
}

/* The hours with most alerts, in the order of time. */
static void hours(const struct mm_hunt_words *w, const struct mm_doc *doc)
{
    const struct mm_doc *list = mm_doc_get(doc, MM_S("hours"));
    int64_t most = 0, least = 0;
    size_t shown = 0;

    for (const struct mm_doc *d = list->first; d != NULL; d = d->next)
        most = mm_hunt_int(d, "n") > most ? mm_hunt_int(d, "n") : most;
    if (list->n == 0)
        return;
    /* The smallest count of which there are not too many hours. */
    for (size_t count = list->n; count > HOURS_SHOWN && least < most;) {
        least = least == 0 ? 1 : least * 2 < most ? least * 2 : most;
        count = 0;
        for (const struct mm_doc *d = list->first; d != NULL; d = d->next)
            count += mm_hunt_int(d, "n") >= least ? 1 : 0;
    }
    title(w, "hunt.by_hour");
    for (const struct mm_doc *d = list->first; d != NULL && shown < HOURS_SHOWN; d = d->next) {
        if (mm_hunt_int(d, "n") < least)
            continue;
        mm_hunt_say_number(w, mm_hunt_int(d, "n"), COUNT_COLUMNS);
        mm_buf_str(w->out, "  ");
        mm_hunt_say_time(w, d, "hour", MM_TIME_FULL);
        mm_buf_str(w->out, "  ");
        bar(w->out, mm_hunt_int(d, "n"), most);
        mm_buf_byte(w->out, '\n');
        shown++;
    }
    more(w, list->n - shown);
}

/* Rules of which not every alert is listed. */
static void throttled(const struct mm_hunt_words *w, const struct mm_doc *doc)
{
    bool any = false;

    for (const struct mm_doc *d = mm_hunt_first(doc, "rules"); d != NULL; d = d->next) {
        if (mm_hunt_int(d, "shown") == mm_hunt_int(d, "n"))
            continue;
        if (!any)
            title(w, "hunt.throttled");
        any = true;
        mm_hunt_say_number(w, mm_hunt_int(d, "n"), COUNT_COLUMNS);
        mm_buf_str(w->out, "  ");
        mm_hunt_clean(w->out, mm_hunt_text(d, "title"));
        mm_buf_str(w->out, "  ");
        mm_hunt_clean(w->out, mm_hunt_text(d, "id"));
        mm_buf_byte(w->out, '\n');
    }
    if (any) {
        mm_hunt_say(w, "hunt.throttled.how", NULL);
        mm_buf_byte(w->out, '\n');
    }
}

/* Files in which something was found, with what was read of each; the others are only counted. */
static void files(const struct mm_hunt_words *w, const struct mm_doc *doc)
{
    int64_t below = INT64_MAX, others = 0;
    size_t n = 0;

    for (const struct mm_doc *d = mm_hunt_first(doc, "files"); d != NULL; d = d->next)
        others += mm_hunt_int(d, "alerts") > 0 ? 1 : 0;
    if (others == 0)
        return;
    title(w, "hunt.by_file");
    while (n < FILES_SHOWN && below > 0) {
        int64_t most = most_below(mm_doc_get(doc, MM_S("files")), "alerts", below);

        for (const struct mm_doc *d = mm_hunt_first(doc, "files"); d != NULL && n < FILES_SHOWN;
             d = d->next) {
            if (mm_hunt_int(d, "alerts") != most || most == 0)
                continue;
            mm_hunt_say_number(w, most, COUNT_COLUMNS);
            mm_buf_str(w->out, "  ");
            mm_hunt_clean(w->out, mm_hunt_text(d, "path"));
            mm_buf_str(w->out, "  ");
            mm_hunt_say(w, "hunt.by_file.read", d);
            mm_buf_byte(w->out, '\n');
            n++;
        }
        below = most;
    }
    more(w, (size_t)others - n);
}

static bool troubled(const struct mm_doc *file)
{
    struct mm_slice state = mm_hunt_text(file, "state");

    return mm_hunt_int(file, "broken") > 0 ||
           !(mm_slice_eq(state, MM_S("read")) || mm_slice_eq(state, MM_S("packed")) ||
             mm_slice_eq(state, MM_S("no_log")));
}

static void trouble(const struct mm_hunt_words *w, const struct mm_doc *doc)
{
    size_t n = 0, left = 0;

    for (const struct mm_doc *d = mm_hunt_first(doc, "files"); d != NULL; d = d->next) {
        if (!troubled(d))
            continue;
        if (n == FILES_SHOWN) {
            left++;
            continue;
        }
        if (n++ == 0)
            title(w, "hunt.not_read");
        mm_buf_str(w->out, "  ");
        mm_hunt_clean(w->out, mm_hunt_text(d, "path"));
        mm_buf_str(w->out, ": ");
        mm_hunt_say_of(w, "hunt.state", mm_hunt_text(d, "state"));
        if (mm_hunt_text(d, "error").n > 0) {
            mm_buf_str(w->out, " (");
            mm_hunt_clean(w->out, mm_hunt_text(d, "error"));
            mm_buf_byte(w->out, ')');
        }
        if (mm_hunt_int(d, "broken") > 0) {
            mm_buf_str(w->out, ", ");
            mm_hunt_say(w, "hunt.broken_places", d);
        }
        mm_buf_byte(w->out, '\n');
    }
    more(w, left);
}

void mm_hunt_tables(struct mm_buf *out, const struct mm_doc *doc, const struct mm_hunt_asked *asked)
{
    const struct mm_hunt_words w = {out, asked};

    head(&w, doc);
    rules(&w, doc);
    names(&w, doc, "hosts", "hunt.by_host");
    names(&w, doc, "users", "hunt.by_user");
    techniques(&w, doc);
    hours(&w, doc);
    files(&w, doc);
    throttled(&w, doc);
    trouble(&w, doc);
}
