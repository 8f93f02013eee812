/* hunt/doc.c - the document of a hunt; see report.h for the contract. */
#include <errno.h>
#include <stdlib.h>

#include "base/time.h"
#include "hunt/report.h"
#include "hunt/show.h"

enum { ROWS_MAX = 1000, HOSTS_OF_RULE = 5, FILES_MAX = 10 * 1000 };

static int64_t i64(uint64_t v)
{
    return v > INT64_MAX ? INT64_MAX : (int64_t)v;
}

static void put_levels(struct mm_doc *at, const uint64_t level[MM_LEVEL_COUNT])
{
    struct mm_doc *d = mm_doc_object(at, "levels");

    for (int l = MM_LEVEL_COUNT - 1; l >= MM_LEVEL_INFORMATIONAL; l--)
        mm_doc_int(d, mm_level_name((enum mm_level)l), i64(level[l]));
}

static const char *state_name(enum mm_hunt_state state)
{
    static const char *const names[MM_HUNT_STATES] = {
        [MM_HUNT_WAITS] = "waits",     [MM_HUNT_READ] = "read",
        [MM_HUNT_NO_LOG] = "no_log",   [MM_HUNT_NOT_OPENED] = "not_opened",
        [MM_HUNT_PACKED] = "packed",   [MM_HUNT_DIED] = "died",
        [MM_HUNT_DAMAGED] = "damaged", [MM_HUNT_NESTED] = "nested",
        [MM_HUNT_LOCKED] = "locked",   [MM_HUNT_BOMB] = "bomb",
        [MM_HUNT_NO_FILE] = "no_file", [MM_HUNT_FOREIGN] = "foreign",
    };

    MM_ASSERT(state < MM_HUNT_STATES);
    return names[state];
}

/* ---- files ---- */

/* Not all of this file was read: 0 no, 1 broken places, 2 the file. */
static bool troubled(const struct mm_hunt_file *f)
{
    return (f->state != MM_HUNT_READ && f->state != MM_HUNT_PACKED && f->state != MM_HUNT_NO_LOG) ||
           f->sums.broken > 0;
}

static void put_file(struct mm_doc *list, const struct mm_hunt_file *f)
{
    struct mm_doc *d = mm_doc_object(list, NULL);

    mm_doc_text(d, "path", f->path);
    mm_doc_str(d, "state", state_name(f->state));
    if (f->state == MM_HUNT_NOT_OPENED)
        mm_doc_str(d, "error", strerror(f->error));
    mm_doc_int(d, "size", i64(f->member ? f->sums.bytes : f->size));
    mm_doc_int(d, "events", i64(f->sums.events));
    mm_doc_int(d, "unread", i64(f->sums.unread));
    mm_doc_int(d, "cut", i64(f->sums.cut));
    mm_doc_int(d, "broken", i64(f->sums.broken));
    mm_doc_int(d, "alerts", i64(f->sums.hits));
    mm_doc_time(d, "first", f->sums.first_us);
    mm_doc_time(d, "last", f->sums.last_us);
}

static void put_files(struct mm_doc *doc, const struct mm_hunt *h)
{
    struct mm_doc *files = mm_doc_array(doc, "files"), *counts = mm_doc_object(doc, "file_counts");
    struct mm_doc *broken = mm_doc_array(doc, "broken");
    uint64_t n[MM_HUNT_STATES] = {0}, bytes = 0, damaged = 0;
    struct mm_buf size;

    for (size_t i = 0; i < h->plan.file_n; i++) {
        const struct mm_hunt_file *f = &h->plan.file[i];

        n[f->state]++;
        bytes += f->member ? 0 : f->size;
        damaged += troubled(f) ? 1 : 0;
        if (i < FILES_MAX)
            put_file(files, f);
    }
    mm_doc_int(counts, "n", i64(h->plan.file_n));
    mm_doc_int(counts, "read", i64(n[MM_HUNT_READ]));
    mm_doc_int(counts, "no_log", i64(n[MM_HUNT_NO_LOG]));
    mm_doc_int(counts, "troubled", i64(damaged));
    mm_doc_int(counts, "bytes", i64(bytes));
    mm_buf_init(&size, 64);
    mm_lang_bytes(&size, bytes);
    mm_doc_text(counts, "size_text", mm_buf_slice(&size));
    mm_buf_done(&size);
    for (size_t i = 0; i < h->broken_n; i++) {
        struct mm_doc *d = mm_doc_object(broken, NULL);

        mm_doc_text(d, "path", h->plan.file[h->broken[i].file].path);
        mm_doc_int(d, "record", i64(h->broken[i].record));
        mm_doc_int(d, "at", i64(h->broken[i].at));
        mm_doc_text(d, "why", mm_slice_str(h->broken[i].why));
    }
    mm_doc_int(doc, "broken_more", i64(h->broken_more));
}

/* ---- rules ---- */

struct order {
    uint32_t rule;
    enum mm_level level;
    uint64_t n;
};

static int by_level(const void *a, const void *b)
{
    const struct order *x = a, *y = b;

    if (x->level != y->level)
        return x->level > y->level ? -1 : 1;
    if (x->n != y->n)
        return x->n > y->n ? -1 : 1;
    return x->rule < y->rule ? -1 : 1;
}

static void put_rule(struct mm_doc *list, const struct mm_hunt *h, uint32_t at,
                     const struct mm_hunt_asked *asked)
{
    const struct mm_rule *r = mm_rules_get(h->rules.set, at);
    const struct mm_rule_words *w = asked->lang == MM_LANG_JA ? &r->ja : &r->en;
    const struct mm_tally_rule *t = &h->tally.rule[at];
    struct mm_doc *d = mm_doc_object(list, NULL), *hosts, *tags;
    size_t n = 0;

    mm_doc_text(d, "id", r->id);
    mm_doc_text(d, "title", mm_hunt_title(r, asked->lang));
    mm_doc_str(d, "level", mm_level_name(t->worst));
    mm_doc_text(d, "author", r->author);
    mm_doc_int(d, "n", i64(t->n));
    mm_doc_bool(d, "prevented", t->prevented == t->n);
    mm_doc_int(d, "shown", i64(asked->most > 0 && t->n > asked->most ? asked->most : t->n));
    mm_doc_time(d, "first", t->first_us);
    mm_doc_time(d, "last", t->last_us);
    mm_doc_text(d, "what", w->what);
    mm_doc_text(d, "do_first", w->first);
    tags = mm_doc_array(d, "tags");
    for (size_t i = 0; i < r->tags.n; i++)
        mm_doc_text(tags, NULL, r->tags.v[i]);
    hosts = mm_doc_array(d, "hosts");
    for (size_t i = 0; i < h->tally.on_host.n; i++) {
        const struct mm_tally_row *row = &h->tally.on_host.row[i];

        if (row->rule != at)
            continue;
        if (n++ < HOSTS_OF_RULE)
            mm_doc_text(hosts, NULL, mm_slice_sub(row->name, sizeof(row->rule), SIZE_MAX));
    }
    mm_doc_int(d, "hosts_n", i64(n));
}

/* Rules that matched, the worst first. */
static void put_rules(struct mm_doc *doc, const struct mm_hunt *h,
                      const struct mm_hunt_asked *asked)
{
    size_t count = mm_rules_count(h->rules.set), n = 0;
    struct mm_doc *list = mm_doc_array(doc, "rules"), *set = mm_doc_object(doc, "rule_set");
    struct order *order = calloc(count + 1, sizeof(*order));
    size_t active = 0;

    for (size_t i = 0; i < count; i++) {
        const struct mm_tally_rule *t = &h->tally.rule[i];

        active += mm_rules_get(h->rules.set, i)->state == MM_RULE_ACTIVE &&
                          (h->rules.pass == NULL || !h->rules.pass[i])
                      ? 1
                      : 0;
        if (order != NULL && t->n > 0) /* at most MM_RULES_MAX rules */
            order[n++] = (struct order){(uint32_t)i, t->worst, t->n};
    }
    if (n > 0)
        qsort(order, n, sizeof(*order), by_level);
    for (size_t i = 0; i < n && i < ROWS_MAX; i++)
        put_rule(list, h, order[i].rule, asked);
    free(order);
    mm_doc_int(set, "n", i64(count));
    mm_doc_int(set, "active", i64(active));
    mm_doc_int(set, "refused", i64(mm_rules_refused(h->rules.set)));
    mm_doc_int(set, "left_out", i64(h->rules.pass_n));
    mm_doc_bool(set, "own", asked->own_rules);
    mm_doc_int(set, "matched", i64(n));
}

/* ---- tags ---- */

static struct mm_doc *row_of(struct mm_doc *list, struct mm_slice name)
{
    for (struct mm_doc *d = list->first; d != NULL; d = d->next) {
        if (mm_slice_eq(d->first->text, name))
            return d;
    }
    return NULL;
}

/* Alerts by a tag of their rules: techniques ("attack.t…") or tactics ("attack.…" otherwise). */
static void put_tags(struct mm_doc *doc, const char *key, const struct mm_hunt *h, bool techniques)
{
    struct mm_doc *list = mm_doc_array(doc, key);

    for (size_t i = 0; i < mm_rules_count(h->rules.set); i++) {
        const struct mm_rule *r = mm_rules_get(h->rules.set, i);

        for (size_t k = 0; h->tally.rule[i].n > 0 && k < r->tags.n; k++) {
            struct mm_slice tag = mm_slice_sub(r->tags.v[k], 7, SIZE_MAX);
            bool technique = tag.n > 1 && tag.p[0] == 't' && tag.p[1] >= '0' && tag.p[1] <= '9';
            bool other = tag.n > 1 && (tag.p[0] == 'g' || tag.p[0] == 's') && tag.p[1] >= '0' &&
                         tag.p[1] <= '9';
            struct mm_doc *d;

            if (!mm_slice_starts(r->tags.v[k], MM_S("attack.")) || technique != techniques || other)
                continue;
            d = row_of(list, tag);
            if (d == NULL) {
                d = mm_doc_object(list, NULL);
                mm_doc_text(d, "id", tag);
                mm_doc_int(d, "n", 0);
                mm_doc_int(d, "worst", 0);
            }
            if (d->n != 3) /* no memory: said by mm_doc_ok */
                continue;
            d->first->next->i += i64(h->tally.rule[i].n);
            if (d->last->i < (int64_t)h->tally.rule[i].worst)
                d->last->i = (int64_t)h->tally.rule[i].worst;
        }
    }
}

/* ---- names and times ---- */

static void put_table(struct mm_doc *doc, const char *key, struct mm_tally_table *table)
{
    struct mm_doc *list = mm_doc_array(doc, key);

    mm_tally_sort(table);
    for (size_t i = 0; i < table->n && i < ROWS_MAX; i++) {
        const struct mm_tally_row *row = &table->row[i];
        struct mm_doc *d = mm_doc_object(list, NULL);

        mm_doc_text(d, "name", row->name);
        mm_doc_int(d, "n", i64(row->n));
        put_levels(d, row->level);
        mm_doc_time(d, "first", row->first_us);
        mm_doc_time(d, "last", row->last_us);
    }
}

static void put_hours(struct mm_doc *doc, struct mm_tally_table *hours)
{
    const int64_t hour = INT64_C(3600) * MM_US_PER_S;
    struct mm_doc *list = mm_doc_array(doc, "hours");

    mm_tally_sort_time(hours);
    for (size_t i = 0; i < hours->n && i < ROWS_MAX; i++) {
        const struct mm_tally_row *row = &hours->row[i];
        struct mm_doc *d = mm_doc_object(list, NULL);

        mm_doc_time(d, "hour", row->first_us - row->first_us % hour);
        mm_doc_int(d, "n", i64(row->n));
        put_levels(d, row->level);
    }
}

static void put_seen(struct mm_doc *doc, const struct mm_hunt_sums *all)
{
    static const char *const names[MM_SEEN_BITS] = {"security", "process",  "sysmon",  "powershell",
                                                    "system",   "defender", "network", "other"};
    struct mm_doc *d = mm_doc_object(doc, "seen");

    for (size_t i = 0; i < MM_SEEN_BITS; i++)
        mm_doc_bool(d, names[i], (all->seen >> i & 1) != 0);
    mm_doc_bool(d, "windows", all->windows != 0 || (all->seen & (MM_SEEN_NETWORK - 1)) != 0);
}

/* What was left out on purpose: "nothing found" must not be read as more than it is. */
static void put_asked(struct mm_doc *doc, const struct mm_hunt_rules *r)
{
    struct mm_doc *d = mm_doc_object(doc, "asked");
    bool hosts = false;

    for (size_t i = 0; r->choice != NULL && i < r->choice->n; i++)
        hosts |= r->choice->word[i].kind == MM_HUNT_BY_HOST;
    mm_doc_int(d, "left_out", i64(r->pass_n));
    mm_doc_bool(d, "some_levels", r->level > MM_LEVEL_INFORMATIONAL);
    mm_doc_str(d, "level", mm_level_name(r->level));
    mm_doc_bool(d, "some_hosts", hosts);
}

struct mm_doc *mm_hunt_doc(struct mm_hunt *h, const struct mm_hunt_asked *asked,
                           struct mm_arena *arena)
{
    struct mm_hunt_sums all = mm_hunt_total(h);
    struct mm_doc *doc = mm_doc_new(arena);
    enum mm_level worst;

    mm_doc_int(doc, "alerts", i64(h->tally.n));
    if (mm_tally_worst(&h->tally, &worst))
        mm_doc_str(doc, "worst", mm_level_name(worst));
    else
        mm_doc_null(doc, "worst");
    put_levels(doc, h->tally.level);
    mm_doc_time(doc, "first", h->tally.first_us);
    mm_doc_time(doc, "last", h->tally.last_us);
    mm_doc_int(doc, "events", i64(all.events));
    mm_doc_int(doc, "unread", i64(all.unread));
    mm_doc_int(doc, "outside", i64(all.outside));
    mm_doc_int(doc, "cut", i64(all.cut));
    mm_doc_int(doc, "broken_n", i64(all.broken));
    mm_doc_time(doc, "events_first", all.first_us);
    mm_doc_time(doc, "events_last", all.last_us);
    mm_doc_int(doc, "took_ms", h->took_us / 1000);
    mm_doc_int(doc, "unlisted", i64(h->hits.left_out));
    put_asked(doc, &h->rules);
    put_seen(doc, &all);
    put_rules(doc, h, asked);
    put_tags(doc, "techniques", h, true);
    put_tags(doc, "tactics", h, false);
    put_table(doc, "hosts", &h->tally.hosts);
    put_table(doc, "users", &h->tally.users);
    put_hours(doc, &h->tally.hours);
    put_files(doc, h);
    return doc;
}
