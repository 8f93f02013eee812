/* hunt/page.c - the page for whoever decides; see report.h for the contract. */
#include "hunt/show.h"
#include "hunt/words.h"

enum {
    FINDINGS_SHOWN = 5, /* a page holds no more */
    TACTICS_SHOWN = 6,
    NAMES_SHOWN = 5,
    FILES_SHOWN = 3,
};

static void heading(const struct mm_hunt_words *w, const char *key)
{
    mm_buf_byte(w->out, '\n');
    mm_hunt_say(w, key, NULL);
    mm_buf_byte(w->out, '\n');
}

static void line(const struct mm_hunt_words *w, const char *key, const struct mm_doc *doc)
{
    mm_buf_str(w->out, "  - ");
    mm_hunt_say(w, key, doc);
    mm_buf_byte(w->out, '\n');
}

static void looked_at(const struct mm_hunt_words *w, const struct mm_doc *doc)
{
    heading(w, "hunt.page.looked");
    line(w, "hunt.page.looked.files", mm_doc_get(doc, MM_S("file_counts")));
    line(w, "hunt.page.looked.events", doc);
    mm_buf_str(w->out, "  - ");
    mm_hunt_say(w, "hunt.page.looked.span", NULL);
    mm_hunt_say_time(w, doc, "events_first", MM_TIME_FULL);
    mm_buf_str(w->out, " - ");
    mm_hunt_say_time(w, doc, "events_last", MM_TIME_FULL);
    mm_buf_byte(w->out, '\n');
    line(w, "hunt.page.looked.rules", mm_doc_get(doc, MM_S("rule_set")));
    mm_hunt_say_left_out(w, doc, "  - ");
}

static bool serious(const struct mm_doc *rule)
{
    return mm_slice_eq(mm_hunt_text(rule, "level"), MM_S("critical")) ||
           mm_slice_eq(mm_hunt_text(rule, "level"), MM_S("high"));
}

/* The names of a list, a few of them. */
static void some_names(const struct mm_hunt_words *w, const struct mm_doc *list, bool rows)
{
    size_t n = 0;

    for (const struct mm_doc *d = list->first; d != NULL && n < NAMES_SHOWN; d = d->next, n++) {
        if (n > 0)
            mm_hunt_say(w, "hunt.page.comma", NULL);
        mm_hunt_clean(w->out, rows ? mm_hunt_text(d, "name") : d->text);
    }
    if (list->n > n) {
        mm_buf_byte(w->out, ' ');
        mm_hunt_say(w, "hunt.page.and_more", NULL);
    }
}

static void found(const struct mm_hunt_words *w, const struct mm_doc *doc)
{
    const struct mm_doc *list = mm_doc_get(doc, MM_S("rules"));
    size_t n = 0;

    heading(w, "hunt.page.found");
    if (list->n == 0) {
        line(w, "hunt.page.found.none", NULL);
        return;
    }
    line(w, "hunt.page.found.n", doc);
    for (const struct mm_doc *d = list->first; d != NULL && n < FINDINGS_SHOWN; d = d->next, n++) {
        mm_buf_str(w->out, "  - [");
        mm_hunt_say_of(w, "hunt.level", mm_hunt_text(d, "level"));
        mm_buf_str(w->out, "] ");
        mm_hunt_clean(w->out, mm_hunt_text(d, "title"));
        if (mm_hunt_int(d, "prevented") != 0) {
            mm_buf_str(w->out, "  ");
            mm_hunt_say(w, "hunt.prevented", NULL);
        }
        mm_buf_str(w->out, "\n      ");
        mm_hunt_say_time(w, d, "first", MM_TIME_FULL);
        mm_buf_str(w->out, "  ");
        mm_hunt_say(w, "hunt.page.times", d);
        mm_buf_str(w->out, "  ");
        some_names(w, mm_doc_get(d, MM_S("hosts")), false);
        mm_buf_byte(w->out, '\n');
        if (mm_hunt_text(d, "what").n > 0) {
            mm_buf_str(w->out, "      ");
            mm_hunt_clean(w->out, mm_hunt_text(d, "what"));
            mm_buf_byte(w->out, '\n');
        }
    }
}

/* "hunt.page.means.high"; none: nothing was found. */
static void by_worst(const struct mm_hunt_words *w, const struct mm_doc *doc, const char *prefix)
{
    struct mm_slice worst = mm_hunt_text(doc, "worst");

    mm_buf_str(w->out, "  - ");
    mm_hunt_say_of(w, prefix, worst.n > 0 ? worst : MM_S("none"));
    mm_buf_byte(w->out, '\n');
}

static void means(const struct mm_hunt_words *w, const struct mm_doc *doc)
{
    size_t n = 0;

    heading(w, "hunt.page.means");
    by_worst(w, doc, "hunt.page.means");
    for (const struct mm_doc *d = mm_hunt_first(doc, "tactics"); d != NULL && n < TACTICS_SHOWN;
         d = d->next) {
        char key[96];

        (void)snprintf(key, sizeof(key), "hunt.tactic.%.*s",
                       MM_S_ARG(mm_slice_sub(mm_hunt_text(d, "id"), 0, 40)));
        if (mm_lang_text(w->asked->lang, mm_slice_str(key), 1) == NULL ||
            mm_hunt_int(d, "worst") < MM_LEVEL_MEDIUM)
            continue;
        line(w, key, d);
        n++;
    }
}

static bool has_serious(const struct mm_doc *doc)
{
    const struct mm_doc *first = mm_hunt_first(doc, "rules");

    return first != NULL && serious(first);
}

/* Accounts of Windows itself and of machines have no password that a person could change. */
static bool no_person(struct mm_slice name)
{
    static const struct mm_slice names[] = {
        MM_S_INIT("SYSTEM"),          MM_S_INIT("LocalSystem"),     MM_S_INIT("LOCAL SERVICE"),
        MM_S_INIT("NETWORK SERVICE"), MM_S_INIT("ANONYMOUS LOGON"), MM_S_INIT("-")};

    for (size_t i = 0; i < MM_COUNT(names); i++) {
        if (mm_slice_ieq(name, names[i]))
            return true;
    }
    return mm_slice_ends(name, MM_S("$"));
}

/* Rows of hosts or users that have an alert of level high or above: they are the first ones. */
static void serious_names(const struct mm_hunt_words *w, const struct mm_doc *doc, const char *key,
                          const char *words)
{
    size_t n = 0;

    for (const struct mm_doc *d = mm_hunt_first(doc, key); d != NULL && n < NAMES_SHOWN;
         d = d->next) {
        const struct mm_doc *levels = mm_doc_get(d, MM_S("levels"));

        if (mm_hunt_int(levels, "critical") + mm_hunt_int(levels, "high") == 0 ||
            no_person(mm_hunt_text(d, "name")))
            continue;
        if (n == 0) {
            mm_buf_str(w->out, "  - ");
            mm_hunt_say(w, words, NULL);
        } else {
            mm_hunt_say(w, "hunt.page.comma", NULL);
        }
        mm_hunt_clean(w->out, mm_hunt_text(d, "name"));
        n++;
    }
    if (n > 0)
        mm_buf_byte(w->out, '\n');
}

static void do_first(const struct mm_hunt_words *w, const struct mm_doc *doc)
{
    const struct mm_doc *rule = mm_hunt_first(doc, "rules");

    heading(w, "hunt.page.first");
    by_worst(w, doc, "hunt.page.first");
    if (has_serious(doc)) {
        serious_names(w, doc, "hosts", "hunt.page.first.hosts");
        serious_names(w, doc, "users", "hunt.page.first.users");
        line(w, "hunt.page.first.keep", NULL);
        line(w, "hunt.page.first.ask", NULL);
    }
    if (rule != NULL && mm_hunt_text(rule, "do_first").n > 0) {
        mm_buf_str(w->out, "  - ");
        mm_hunt_clean(w->out, mm_hunt_text(rule, "do_first"));
        mm_buf_byte(w->out, '\n');
    }
}

static void not_seen(const struct mm_hunt_words *w, const struct mm_doc *doc)
{
    static const char *const windows[] = {"security", "process", "powershell"};
    const struct mm_doc *seen = mm_doc_get(doc, MM_S("seen"));
    size_t n = 0;

    heading(w, "hunt.page.unseen");
    if (mm_hunt_int(doc, "broken_n") > 0)
        line(w, "hunt.page.unseen.broken", doc);
    if (mm_hunt_int(doc, "unread") > 0)
        line(w, "hunt.page.unseen.lines", doc);
    if (mm_hunt_int(mm_doc_get(doc, MM_S("file_counts")), "troubled") > 0)
        line(w, "hunt.page.unseen.files", mm_doc_get(doc, MM_S("file_counts")));
    for (const struct mm_doc *d = mm_hunt_first(doc, "files"); d != NULL && n < FILES_SHOWN;
         d = d->next) {
        struct mm_slice state = mm_hunt_text(d, "state");

        if (mm_slice_eq(state, MM_S("read")) || mm_slice_eq(state, MM_S("packed")) ||
            mm_slice_eq(state, MM_S("no_log")))
            continue;
        mm_buf_str(w->out, "      ");
        mm_hunt_clean(w->out, mm_hunt_text(d, "path"));
        mm_buf_str(w->out, ": ");
        mm_hunt_say_of(w, "hunt.state", state);
        mm_buf_byte(w->out, '\n');
        n++;
    }
    for (size_t i = 0; mm_hunt_int(seen, "windows") != 0 && i < MM_COUNT(windows); i++) {
        char key[64];

        (void)snprintf(key, sizeof(key), "hunt.page.unseen.%s", windows[i]);
        if (mm_hunt_int(seen, windows[i]) == 0)
            line(w, key, NULL);
    }
    if (mm_hunt_int(seen, "windows") == 0)
        line(w, "hunt.page.unseen.windows", NULL);
    if (mm_hunt_int(seen, "network") == 0)
        line(w, "hunt.page.unseen.network", NULL);
    line(w, "hunt.page.unseen.always", NULL);
}

void mm_hunt_page(struct mm_buf *out, const struct mm_doc *doc, const struct mm_hunt_asked *asked)
{
    const struct mm_hunt_words w = {out, asked};

    mm_hunt_say(&w, "hunt.page.title", NULL);
    mm_buf_byte(out, '\n');
    looked_at(&w, doc);
    found(&w, doc);
    means(&w, doc);
    do_first(&w, doc);
    not_seen(&w, doc);
}
