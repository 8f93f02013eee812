/* app/rules_update.c - see rules_update.h for the contract. */
#include "app/rules_update.h"

#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "app/rules_fetch.h"
#include "app/rules_pack.h"
#include "app/rules_print.h"
#include "app/rules_sets.h"
#include "base/arena.h"
#include "base/hash.h"
#include "base/time.h"
#include "codec/ext/sha256.h"
#include "detect/filter.h"
#include "os/file.h"
#include "text/doc.h"

enum {
    SHOWN_MAX = 20, /* titles of one kind on a terminal; JSON has all */
    ITEMS_MAX = MM_RULES_MAX + MM_FILTERS_MAX,
    NOTED_MAX = 100, /* of each kind; the counts are whole */
    NOTE_MAX = 4 * 1024 * 1024,
    MEMORY_MAX = 256 * 1024 * 1024, /* lists and keys of two of the largest sets */
};

/* A rule or a filter of a set; they share ids, and a second one of an id is refused. */
struct item {
    bool filter;
    struct mm_slice id, title, file;
    uint64_t text; /* of the whole file it stands in */
};

struct side {
    struct mm_ruleset *set; /* NULL: none is installed */
    struct item *item;      /* in order of loading: those of one file follow each other */
    size_t n;
    struct mm_map by_id; /* index of the item */
};

enum change { NEW, CHANGED, REMOVED, CHANGE_COUNT };

struct difference {
    struct mm_arena arena;
    struct mm_seed seed;
    struct side before, after;
    const struct item **list[CHANGE_COUNT];
    size_t n[CHANGE_COUNT];
    size_t same;
};

static enum mm_code complain(const char *path, enum mm_code code)
{
    fprintf(stderr, "mimamori: %s: %s\n", path, mm_code_key(code));
    return code;
}

static enum mm_code read_text(struct mm_slice file, struct mm_buf *out)
{
    char path[MM_MAX_PATH];
    int n = snprintf(path, sizeof(path), "%.*s", MM_S_ARG(file));
    enum mm_code code = n < 0 || (size_t)n >= sizeof(path) ? MM_E_LIMIT : MM_OK;

    mm_buf_init(out, MM_RULES_FILE_MAX);
    if (code == MM_OK)
        code = mm_file_read(path, out);
    return code == MM_OK ? MM_OK : complain(path, code);
}

/* The items of a set that is loaded, with what their files hold. */
static enum mm_code read_side(struct difference *d, struct side *s)
{
    size_t rules = mm_rules_count(s->set);
    enum mm_code code = MM_OK;

    s->n = rules + mm_filters_count(s->set);
    s->item = mm_arena_array(&d->arena, s->n + 1, sizeof(*s->item));
    if (s->item == NULL)
        return MM_E_NOMEM;
    for (size_t i = 0; i < s->n && code == MM_OK; i++) {
        bool filter = i >= rules;
        const struct mm_rule *r = filter ? NULL : mm_rules_get(s->set, i);
        const struct mm_filter *f = filter ? mm_filters_get(s->set, i - rules) : NULL;
        struct item *it = &s->item[i];
        struct mm_buf text;

        *it = filter
                  ? (struct item){.filter = true, .id = f->id, .title = f->title, .file = f->file}
                  : (struct item){.id = r->id, .title = r->title, .file = r->file};
        if (i > 0 && mm_slice_eq(it->file, it[-1].file)) {
            it->text = it[-1].text;
        } else {
            code = read_text(it->file, &text);
            it->text = mm_hash(d->seed, mm_buf_slice(&text));
            mm_buf_done(&text);
        }
        if (code == MM_OK)
            code = mm_map_set(&s->by_id, it->id, i);
    }
    return code;
}

static void note(struct difference *d, enum change c, const struct item *it)
{
    MM_ASSERT(d->n[c] < ITEMS_MAX);
    d->list[c][d->n[c]++] = it;
}

static enum mm_code compare(struct difference *d)
{
    for (size_t c = 0; c < CHANGE_COUNT; c++) {
        d->list[c] = mm_arena_array(&d->arena, d->before.n + d->after.n + 1, sizeof(*d->list[c]));
        if (d->list[c] == NULL)
            return MM_E_NOMEM;
    }
    for (size_t i = 0; i < d->after.n; i++) {
        const struct item *it = &d->after.item[i];
        const uint64_t *was = mm_map_get(&d->before.by_id, it->id);

        if (was == NULL)
            note(d, NEW, it);
        else if (d->before.item[*was].text != it->text)
            note(d, CHANGED, it);
        else
            d->same++;
    }
    for (size_t i = 0; i < d->before.n; i++) {
        if (mm_map_get(&d->after.by_id, d->before.item[i].id) == NULL)
            note(d, REMOVED, &d->before.item[i]);
    }
    return MM_OK;
}

/* Load what is installed, if anything, and what shall be; false after a word why. */
static bool read_both(struct difference *d, const char *before, const char *after)
{
    enum mm_code code = MM_OK;

    mm_arena_init(&d->arena, MEMORY_MAX);
    if (getrandom(&d->seed, sizeof(d->seed), 0) != (ssize_t)sizeof(d->seed))
        code = MM_E_IO;
    mm_map_init(&d->before.by_id, d->seed, ITEMS_MAX);
    mm_map_init(&d->after.by_id, d->seed, ITEMS_MAX);
    if (code != MM_OK)
        return complain(after, code) == MM_OK;
    d->after.set = mm_rules_cli_load(&after, 1, NULL);
    if (d->after.set == NULL)
        return false;
    code = read_side(d, &d->after);
    if (code == MM_OK && mm_rules_set_is(before)) {
        d->before.set = mm_rules_cli_load(&before, 1, NULL);
        if (d->before.set == NULL)
            return false;
        code = read_side(d, &d->before);
    }
    if (code == MM_OK)
        code = compare(d);
    return code == MM_OK || complain(after, code) == MM_OK;
}

static void difference_done(struct difference *d)
{
    mm_map_done(&d->before.by_id);
    mm_map_done(&d->after.by_id);
    mm_rules_unref(&d->before.set);
    mm_rules_unref(&d->after.set);
    mm_arena_done(&d->arena);
}

static const char *const change_word[CHANGE_COUNT] = {"new", "changed", "removed"};

static void show_text(const struct difference *d, const char *name)
{
    mm_rules_cli_remarks(stdout, d->after.set);
    for (size_t c = 0; c < CHANGE_COUNT; c++) {
        for (size_t i = 0; i < d->n[c] && i < SHOWN_MAX; i++) {
            printf("%-8s ", change_word[c]);
            mm_rules_cli_clean(d->list[c][i]->title);
            fputs(" (", stdout);
            mm_rules_cli_clean(d->list[c][i]->id);
            puts(")");
        }
        if (d->n[c] > SHOWN_MAX)
            printf("%-8s ... and %zu more\n", change_word[c], d->n[c] - SHOWN_MAX);
    }
    mm_rules_cli_states(d->after.set);
    printf("%s: %zu new, %zu changed, %zu removed, %zu as before\n", name, d->n[NEW], d->n[CHANGED],
           d->n[REMOVED], d->same);
}

static void show_json(const struct difference *d, const char *name, bool installed)
{
    struct mm_buf out;

    mm_buf_init(&out, MM_RULES_CLI_OUT_MAX);
    mm_buf_fmt(&out, "{\"name\":\"%s\",\"installed\":%s,\"same\":%zu", name,
               installed ? "true" : "false", d->same);
    for (size_t c = 0; c < CHANGE_COUNT; c++) {
        mm_buf_fmt(&out, ",\n\"%s\":[", change_word[c]);
        for (size_t i = 0; i < d->n[c]; i++) {
            mm_buf_fmt(&out, "%s{\"filter\":%s", i == 0 ? "" : ",\n",
                       d->list[c][i]->filter ? "true" : "false");
            mm_rules_cli_key(&out, "id", d->list[c][i]->id);
            mm_rules_cli_key(&out, "title", d->list[c][i]->title);
            mm_buf_byte(&out, '}');
        }
        mm_buf_byte(&out, ']');
    }
    mm_buf_str(&out, ",\n");
    mm_rules_cli_states_json(&out, d->after.set);
    mm_rules_cli_remarks_json(&out, d->after.set);
    mm_buf_byte(&out, '}');
    mm_rules_cli_print(&out);
}

static bool agreed(bool install)
{
    char line[16];

    printf("%s [y/N] ", install ? "Install?" : "Take the former set back?");
    (void)fflush(stdout);
    return fgets(line, sizeof(line), stdin) != NULL && (line[0] == 'y' || line[0] == 'Y');
}

/* Write the files that hold a good rule or filter beside the installed set, then exchange. */
static enum mm_code install(const struct difference *d, const char *from,
                            const struct mm_rules_set *s)
{
    enum mm_code code = mm_rules_set_begin(s->fresh);
    size_t prefix = strlen(from);

    for (size_t i = 0; i < d->after.n && code == MM_OK; i++) {
        struct mm_slice rel = mm_slice_sub(d->after.item[i].file, prefix, SIZE_MAX);
        struct mm_buf text;

        if (i > 0 && mm_slice_eq(d->after.item[i].file, d->after.item[i - 1].file))
            continue;
        while (rel.n > 0 && rel.p[0] == '/')
            rel = mm_slice_sub(rel, 1, SIZE_MAX);
        code = read_text(d->after.item[i].file, &text);
        if (code == MM_OK)
            code = mm_rules_set_put(s->fresh, rel, mm_buf_slice(&text));
        mm_buf_done(&text);
    }
    return code == MM_OK ? mm_rules_set_take(s) : code;
}

static void note_items(struct mm_doc *note, const struct difference *d, enum change c)
{
    struct mm_doc *list = mm_doc_array(note, change_word[c]);

    for (size_t i = 0; i < d->n[c] && i < NOTED_MAX; i++) {
        struct mm_doc *o = mm_doc_object(list, NULL);

        mm_doc_text(o, "id", d->list[c][i]->id);
        mm_doc_text(o, "title", d->list[c][i]->title);
    }
}

static void note_refused(struct mm_doc *note, const struct mm_ruleset *set, const char *dir)
{
    struct mm_doc *list = mm_doc_array(note, "refused");

    mm_doc_int(note, "refused_n", (int64_t)mm_rules_refused(set));
    for (size_t i = 0; i < mm_rules_refused(set) && i < NOTED_MAX; i++) {
        const struct mm_rule_refusal *r = mm_rules_refusal(set, i);
        struct mm_slice file = r->file;
        struct mm_doc *o = mm_doc_object(list, NULL);

        if (mm_slice_starts(file, mm_slice_str(dir)))
            file = mm_slice_sub(file, strlen(dir), SIZE_MAX);
        mm_doc_text(o, "file", file);
        mm_doc_int(o, "line", r->line);
        mm_doc_str(o, "code", r->what);
        mm_doc_text(o, "detail", r->detail);
    }
}

static bool is_web(const char *from)
{
    return mm_slice_starts(mm_slice_str(from), MM_S("https://"));
}

/* Where it came from; of an address neither login nor query, which may be what lets one in. */
static void note_from(struct mm_doc *note, struct mm_slice said, bool web)
{
    size_t scheme = strlen("https://"), from = scheme, host_end;
    struct mm_buf text;

    if (!web) {
        mm_doc_text(note, "from", said);
        return;
    }
    said = mm_slice_sub(said, 0, mm_slice_find(said, '#', 0));
    said = mm_slice_sub(said, 0, mm_slice_find(said, '?', 0));
    host_end = mm_min_size(mm_slice_find(said, '/', scheme), said.n);
    for (size_t i = scheme; i < host_end; i++)
        from = said.p[i] == '@' ? i + 1 : from;
    mm_buf_init(&text, scheme + said.n);
    mm_buf_add(&text, mm_slice_sub(said, 0, scheme));
    mm_buf_add(&text, mm_slice_sub(said, from, SIZE_MAX));
    mm_doc_text(note, "from", mm_buf_slice(&text));
    mm_buf_done(&text);
}

/* What was done, for who looks at the set on a page. */
static enum mm_code write_note(const struct mm_rules_update *u, const struct mm_rules_set *s,
                               const struct difference *d, const char *said)
{
    struct mm_doc *note;
    struct mm_arena a;
    struct mm_buf text;
    enum mm_code code;

    mm_arena_init(&a, NOTE_MAX);
    mm_buf_init(&text, NOTE_MAX);
    note = mm_doc_new(&a);
    mm_doc_str(note, "verb", u->from == NULL ? "rollback" : "update");
    mm_doc_int(note, "at_us", mm_now_us());
    mm_doc_str(note, "by", u->by == NULL ? "" : u->by);
    note_from(note, u->from == NULL ? (struct mm_slice){0} : mm_slice_str(said),
              u->from != NULL && is_web(said));
    mm_doc_int(note, "new_n", (int64_t)d->n[NEW]);
    mm_doc_int(note, "changed_n", (int64_t)d->n[CHANGED]);
    mm_doc_int(note, "removed_n", (int64_t)d->n[REMOVED]);
    for (size_t c = 0; c < CHANGE_COUNT; c++)
        note_items(note, d, (enum change)c);
    note_refused(note, d->after.set, u->from == NULL ? s->old : u->from);
    mm_doc_json(&text, note);
    code = mm_doc_ok(note) && mm_buf_ok(&text) ? mm_file_put(s->note, mm_buf_slice(&text))
                                               : MM_E_NOMEM;
    mm_buf_done(&text);
    mm_arena_done(&a);
    return code;
}

/* Show, ask, do. `said` is where the set comes from, as it was told. */
static int change(const struct mm_rules_update *u, const struct mm_rules_set *s,
                  const struct difference *d, const char *said)
{
    bool nothing = d->n[NEW] + d->n[CHANGED] + d->n[REMOVED] == 0;
    enum mm_code code = MM_OK;

    /* They would change what the operator's other rules mean, or be lost: neither goes unseen. */
    if (mm_rules_pipelines(d->after.set) > 0 && u->from != NULL) {
        fprintf(stderr, "mimamori: %.*s: a set brings no pipelines; take it out, or use `add`\n",
                MM_S_ARG(mm_rules_pipeline(d->after.set, 0)->file));
        return 1;
    }
    if (d->after.n == 0) {
        mm_rules_cli_remarks(stderr, d->after.set);
        fprintf(stderr, "mimamori: no good rule under %s\n", u->from ? u->from : s->old);
        return 1;
    }
    if (!u->json)
        show_text(d, u->name);
    if (nothing && !u->json)
        puts("nothing to do");
    else if (!nothing && !u->yes && !u->json && !agreed(u->from != NULL)) {
        puts("nothing changed");
        return 1;
    }
    if (nothing || (u->json && !u->yes)) {
        if (u->json)
            show_json(d, u->name, false);
        return 0;
    }
    code = u->from ? install(d, u->from, s) : mm_rules_set_back(s);
    if (code == MM_OK && write_note(u, s, d, said) != MM_OK)
        (void)complain(s->note, MM_E_IO); /* the set is in force all the same */
    if (u->json)
        show_json(d, u->name, code == MM_OK);
    else if (code == MM_OK)
        printf("in force: %s; the former set: %s\n", s->in,
               mm_rules_set_is(s->old) ? s->old : "none");
    return code == MM_OK ? 0 : (complain(s->in, code), 1);
}

/* ---- where it comes from ---- */

/* Does the archive have the checksum that was told? */
static bool sum_holds(struct mm_slice bytes, const char *told)
{
    struct mm_sha256 *h = mm_sha256_new();
    uint8_t sum[MM_SHA256];
    char text[2 * MM_SHA256 + 1];

    if (h == NULL)
        return false;
    mm_sha256_add(h, bytes);
    mm_sha256_take(h, sum);
    mm_sha256_free(&h);
    for (size_t i = 0; i < MM_SHA256; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", sum[i]);
    if (mm_slice_ieq(mm_slice_str(text), mm_slice_str(told)))
        return true;
    fprintf(stderr, "mimamori: the archive's SHA-256 is %s, not %s\n", text, told);
    return false;
}

static enum mm_code take_file(void *ctx, struct mm_slice name, struct mm_slice text)
{
    return mm_rules_set_put(ctx, name, text);
}

/* The bytes of an archive, into the set's folder for them; false after a word why. */
static bool unpack(const struct mm_rules_update *u, struct mm_rules_set *s)
{
    const struct mm_rules_fetch fetch = {
        .url = u->from, .ca_file = u->ca_file, .size_max = MM_RULES_PACKED_MAX};
    struct mm_buf bytes;
    enum mm_code code;
    bool good = true;

    mm_buf_init(&bytes, MM_RULES_PACKED_MAX);
    code = is_web(u->from) ? mm_rules_fetch(&fetch, &bytes) : mm_file_read(u->from, &bytes);
    if (code == MM_OK && u->sha256 != NULL)
        good = sum_holds(mm_buf_slice(&bytes), u->sha256);
    if (code == MM_OK && good)
        code = mm_rules_set_begin(s->packed);
    if (code == MM_OK && good)
        code = mm_rules_unpack(mm_buf_slice(&bytes), take_file, s->packed);
    mm_buf_done(&bytes);
    if (code == MM_E_SYNTAX)
        fprintf(stderr, "mimamori: %s: no archive of rules, or one that is damaged\n", u->from);
    else if (code != MM_OK && !(code == MM_E_IO && is_web(u->from)))
        (void)complain(u->from, code);
    return code == MM_OK && good;
}

/* Look at the set in a folder, and do it. */
static int update_from(const struct mm_rules_update *u, const struct mm_rules_set *s,
                       const char *dir)
{
    struct mm_rules_update from = *u;
    struct difference d = {0};
    int rc = 1;

    from.from = u->from != NULL ? dir : NULL;
    if (read_both(&d, s->in, dir))
        rc = change(&from, s, &d, u->from);
    difference_done(&d);
    return rc;
}

/* Who asks again after a fall does not know that it was done: a second exchange would bring back
 * what was to go. False when there is nothing to do any more, with the exit status. */
static bool to_go(const struct mm_rules_update *u, const struct mm_rules_set *s, int *ret_status)
{
    char id[MM_DIR_ID_MAX] = "";

    if (u->away == NULL || (mm_dir_id(s->in, id) == MM_OK && strcmp(id, u->away) == 0))
        return true;
    *ret_status = mm_dir_id(s->old, id) == MM_OK && strcmp(id, u->away) == 0 ? 0 : 1;
    fprintf(stderr, "mimamori: %s: %s\n", u->name,
            *ret_status == 0 ? "done already: that set is the former one"
                             : "that set is neither in force nor the former one");
    return false;
}

static int update_any(const struct mm_rules_update *u, struct mm_rules_set *s)
{
    struct stat st;
    int rc = 1;

    if (u->from == NULL) {
        if (!to_go(u, s, &rc))
            return rc;
        if (mm_rules_set_is(s->old))
            return update_from(u, s, s->old);
        fprintf(stderr, "mimamori: %s: there is no former set\n", u->name);
        return 1;
    }
    if (!is_web(u->from) && stat(u->from, &st) == 0 && S_ISDIR(st.st_mode)) {
        if (u->sha256 == NULL)
            return update_from(u, s, u->from);
        fprintf(stderr, "mimamori: %s is a folder: it has no checksum\n", u->from);
        return 1;
    }
    if (!is_web(u->from) && mm_slice_search(mm_slice_str(u->from), MM_S("://")) != SIZE_MAX)
        fprintf(stderr, "mimamori: %s: rules come over https only\n", u->from);
    else if (unpack(u, s))
        rc = update_from(u, s, s->packed);
    if (mm_rules_set_drop(s->packed) != MM_OK)
        fprintf(stderr, "mimamori: %s is left behind\n", s->packed);
    return rc;
}

int mm_rules_cli_update(const struct mm_rules_update *u)
{
    struct mm_rules_set s;
    enum mm_code code = mm_rules_set_open(u->state, u->name, &s);
    int rc;

    if (code != MM_OK) {
        fprintf(stderr, "mimamori: %s: %s\n", u->name,
                code == MM_E_CONFIG ? "no name for a set: letters, digits, - and _, not pages"
                : code == MM_E_BUSY ? "another update is under way"
                                    : mm_code_key(code));
        return 1;
    }
    rc = update_any(u, &s);
    mm_rules_set_close(&s);
    return rc;
}
