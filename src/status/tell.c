/* status/tell.c - who is told what follows from a reading; see status.h for the contract. */
#include <stdio.h>

#include "status/status.h"
#include "store/records/system_scope.h"

enum { WORDS_MAX = 4096 }; /* of one line in one language */

/*
 * Which line becomes which finding. Clock, full disk and failed jobs have theirs from who notices
 * them first (engine/watch.h, the worker).
 */
static const struct {
    const char *what, *kind;
    enum mm_level warn, bad; /* from MM_CASE_LEVEL on somebody gets a mail */
    bool lasts;              /* begins when it is bad, ends when it is good: a warning is between */
} kinds[] = {
    {"program", "program_down", MM_LEVEL_INFORMATIONAL, MM_LEVEL_MEDIUM, false},
    {"ends", "program_ends", MM_LEVEL_INFORMATIONAL, MM_LEVEL_MEDIUM, true},
    {"share", "spool_share", MM_LEVEL_LOW, MM_LEVEL_MEDIUM, false},
    {"queue", "queue_behind", MM_LEVEL_LOW, MM_LEVEL_MEDIUM, false},
    {"loss", "lines_lost", MM_LEVEL_LOW, MM_LEVEL_MEDIUM, false},
    {"inserts", "inserts_slow", MM_LEVEL_INFORMATIONAL, MM_LEVEL_LOW, true},
    {"searches", "searches_slow", MM_LEVEL_INFORMATIONAL, MM_LEVEL_LOW, true},
    {"disk", "disk_soon", MM_LEVEL_LOW, MM_LEVEL_MEDIUM, false},
    {"backup", "backup_old", MM_LEVEL_LOW, MM_LEVEL_LOW, false},
};

struct telling {
    struct mm_status_told next; /* what will have been told */
    struct mm_status_told *told;
    const struct mm_status_line *line;
    size_t n;
    int64_t now_us;
};

static size_t kind_of(const struct mm_status_line *l)
{
    size_t i = 0;

    while (i < MM_COUNT(kinds) && strcmp(kinds[i].what, l->what) != 0)
        i++;
    return i;
}

/* Where it is among the open ones, or t->n. */
static size_t open_at(const struct mm_status_told *t, const char *kind, const char *name)
{
    size_t i = 0;

    while (i < t->n && (t->open[i].kind != kind || strcmp(t->open[i].name, name) != 0))
        i++;
    return i;
}

/* Is there a finding of this line's state? A program that starts is no news. */
static bool is_finding(const struct mm_status_line *l, size_t k)
{
    return l->state == MM_STATUS_BAD ||
           (l->state == MM_STATUS_WARN && kinds[k].warn != MM_LEVEL_INFORMATIONAL);
}

/* Does this line leave things as they are? What is not known changes nothing. */
static bool leaves(const struct mm_status_line *l, size_t k)
{
    return l->state == MM_STATUS_UNKNOWN || (l->state == MM_STATUS_WARN && kinds[k].lasts);
}

/* Would telling this line change anything? */
static bool is_news(const struct mm_status_told *told, const struct mm_status_line *l, size_t k)
{
    size_t at = open_at(told, kinds[k].kind, l->name);

    if (leaves(l, k))
        return false;
    if (!is_finding(l, k))
        return at < told->n || !told->began;
    return at == told->n || (l->state == MM_STATUS_BAD && !told->open[at].bad);
}

static void put_words(struct mm_arena *a, struct mm_doc *to, const char *member, enum mm_lang lang,
                      const struct mm_status_line *l, const char *prefix, const char *key)
{
    struct mm_buf text;

    mm_buf_init(&text, WORDS_MAX);
    mm_status_words(a, lang, l, prefix, key, &text);
    mm_doc_text(to, member, mm_buf_slice(&text));
    mm_buf_done(&text);
}

/* What a rule would say of its finding: title, what happened, what to do first. */
static void write_doc(struct mm_arena *a, const struct mm_status_line *l, const char *kind,
                      struct mm_buf *out)
{
    struct mm_doc *doc = mm_doc_new(a);

    for (int lang = 0; lang < MM_LANG_COUNT; lang++) {
        struct mm_doc *d = mm_doc_object(doc, mm_lang_tag((enum mm_lang)lang));

        put_words(a, d, "title", (enum mm_lang)lang, l, "finding.kind.", kind);
        put_words(a, d, "what", (enum mm_lang)lang, l, "status.why.", l->why);
        put_words(a, d, "first", (enum mm_lang)lang, l, "finding.first.", kind);
    }
    mm_doc_json(out, doc);
    out->failed = out->failed || !mm_doc_ok(doc);
}

/* The finding of a line that is news. */
static enum mm_code note_line(struct mm_tx *tx, const struct mm_status_line *l,
                              struct mm_note *note, int64_t now_us)
{
    struct mm_opened opened;
    struct mm_arena a;
    struct mm_buf doc;
    enum mm_code code = MM_E_NOMEM;

    mm_arena_init(&a, 64 * 1024);
    mm_buf_init(&doc, 8 * WORDS_MAX);
    write_doc(&a, l, note->kind, &doc);
    note->doc = mm_buf_slice(&doc);
    if (mm_buf_ok(&doc))
        code = mm_triage_note(tx, note, now_us, &opened);
    mm_buf_done(&doc);
    mm_arena_done(&a);
    return code;
}

static enum mm_code tell_line(struct mm_tx *tx, struct telling *t, const struct mm_status_line *l)
{
    size_t k = kind_of(l), at;
    bool bad = l->state == MM_STATUS_BAD, news;
    struct mm_note note = {.company = MM_COMPANY_OPERATOR,
                           .entity_field = "observer.name",
                           .entity = mm_slice_str(l->name[0] == 0 ? l->what : l->name),
                           .time_us = t->now_us};

    if (k == MM_COUNT(kinds))
        return MM_OK;
    note.kind = kinds[k].kind;
    note.level = bad ? kinds[k].bad : kinds[k].warn;
    news = is_news(t->told, l, k);
    at = open_at(t->told, note.kind, l->name);
    /* Whoever told it before us may have left it open. */
    if (leaves(l, k) ? at < t->told->n || !t->told->began : is_finding(l, k)) {
        t->next.open[t->next.n].kind = note.kind;
        t->next.open[t->next.n].bad = bad || (at < t->told->n && t->told->open[at].bad);
        (void)snprintf(t->next.open[t->next.n++].name, MM_STATUS_NAME, "%s", l->name);
    }
    if (!news)
        return MM_OK;
    return is_finding(l, k) ? note_line(tx, l, &note, t->now_us) : mm_triage_over(tx, &note);
}

static enum mm_code tell(struct mm_tx *tx, void *arg)
{
    struct telling *t = arg;
    enum mm_code code = MM_OK;

    t->next = (struct mm_status_told){.began = true};
    for (size_t i = 0; i < t->n && code == MM_OK; i++)
        code = tell_line(tx, t, &t->line[i]);
    return code;
}

enum mm_code mm_status_tell(struct mm_records *records, struct mm_status_told *told,
                            const struct mm_status_line *line, size_t n, int64_t now_us)
{
    struct telling t = {.told = told, .line = line, .n = n, .now_us = now_us};
    bool news = !told->began;
    enum mm_code code;

    /* Most looks find what the one before found. */
    for (size_t i = 0; i < n && !news; i++)
        news = kind_of(&line[i]) < MM_COUNT(kinds) && is_news(told, &line[i], kind_of(&line[i]));
    if (!news)
        return MM_OK;
    code = mm_records_write(records, mm_system_scope(), tell, &t);
    if (code == MM_OK)
        *told = t.next;
    return code;
}
