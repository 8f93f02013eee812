/* app/rules_update.c - see rules_update.h for the contract. */
#include "app/rules_update.h"

#include <stdio.h>
#include <sys/stat.h>

#include "app/rules_diff.h"
#include "app/rules_fetch.h"
#include "app/rules_pack.h"
#include "app/rules_print.h"
#include "app/rules_sets.h"
#include "app/rules_upload.h"
#include "app/say.h"
#include "base/time.h"
#include "codec/ext/sha256.h"
#include "os/file.h"

enum {
    SHOWN_MAX = 20, /* titles of one kind on a terminal; JSON has all */
    NOTE_MAX = 4 * 1024 * 1024,
};

static void show_text(const struct mm_rules_diff *d, const char *name)
{
    static const char *const lines[MM_RULES_CHANGES] = {"cli.rules.new", "cli.rules.changed",
                                                        "cli.rules.removed"};

    mm_rules_cli_remarks(stdout, d->lang, d->after.set);
    for (size_t c = 0; c < MM_RULES_CHANGES; c++) {
        for (size_t i = 0; i < d->n[c] && i < SHOWN_MAX; i++) {
            MM_SAY(stdout, d->lang, lines[c], MM_SAY_TEXT("title", d->list[c][i]->title),
                   MM_SAY_TEXT("id", d->list[c][i]->id));
            putchar('\n');
        }
        if (d->n[c] > SHOWN_MAX) {
            MM_SAY(stdout, d->lang, "cli.rules.more", MM_SAY_NUMBER("n", d->n[c] - SHOWN_MAX));
            putchar('\n');
        }
    }
    mm_rules_cli_states(d->lang, d->after.set);
    MM_SAY(stdout, d->lang, "cli.rules.counts", MM_SAY_TEXT("name", mm_slice_str(name)),
           MM_SAY_NUMBER("new", d->n[MM_RULES_NEW]),
           MM_SAY_NUMBER("changed", d->n[MM_RULES_CHANGED]),
           MM_SAY_NUMBER("removed", d->n[MM_RULES_REMOVED]), MM_SAY_NUMBER("same", d->same));
    putchar('\n');
}

static void show_json(const struct mm_rules_diff *d, const char *name, bool installed)
{
    struct mm_buf out;

    mm_buf_init(&out, MM_RULES_CLI_OUT_MAX);
    mm_buf_fmt(&out, "{\"name\":\"%s\",\"installed\":%s,\"same\":%zu", name,
               installed ? "true" : "false", d->same);
    for (size_t c = 0; c < MM_RULES_CHANGES; c++) {
        mm_buf_fmt(&out, ",\n\"%s\":[", mm_rules_change_name((enum mm_rules_change)c));
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

static bool agreed(enum mm_lang lang, bool install)
{
    char line[16];

    mm_say(stdout, lang, install ? "cli.rules.install" : "cli.rules.back", NULL, 0);
    fputs(" [y/N] ", stdout);
    (void)fflush(stdout);
    return fgets(line, sizeof(line), stdin) != NULL && (line[0] == 'y' || line[0] == 'Y');
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

/* Is the former set to come back, of an update that brings none? */
static bool is_back(const struct mm_rules_update *u)
{
    return u->from == NULL;
}

/* What is done, for who looks at the set on a page: it lies in the folder that comes into force. */
static enum mm_code write_note(const struct mm_rules_update *u, const struct mm_rules_diff *d,
                               const char *folder, const char *said)
{
    char path[MM_MAX_PATH];
    struct mm_doc *note;
    struct mm_arena a;
    struct mm_buf text;
    enum mm_code code = mm_path_join(path, folder, MM_RULES_SET_NOTE);

    mm_arena_init(&a, NOTE_MAX);
    mm_buf_init(&text, NOTE_MAX);
    note = mm_doc_new(&a);
    mm_doc_str(note, "verb", is_back(u) ? "rollback" : "update");
    mm_doc_int(note, "at_us", mm_now_us());
    mm_doc_str(note, "by", u->by == NULL ? "" : u->by);
    note_from(note, is_back(u) ? (struct mm_slice){0} : mm_slice_str(said),
              !is_back(u) && is_web(said));
    mm_rules_diff_note(d, is_back(u) ? folder : u->from, note);
    mm_doc_json(&text, note);
    if (code == MM_OK)
        code = mm_doc_ok(note) && mm_buf_ok(&text) ? mm_file_put(path, mm_buf_slice(&text))
                                                   : MM_E_NOMEM;
    mm_buf_done(&text);
    mm_arena_done(&a);
    return code;
}

/* Write the good files and what is said of them beside the installed set, then exchange: whoever
 * looks finds a set with its own note, wherever the power goes out. */
static enum mm_code put_in_force(const struct mm_rules_update *u, const struct mm_rules_set *s,
                                 const struct mm_rules_diff *d, const char *said)
{
    enum mm_code code;

    if (is_back(u)) {
        code = write_note(u, d, s->old, said);
        return code == MM_OK ? mm_rules_set_back(s) : code;
    }
    code = mm_rules_set_begin(s->fresh);
    if (code == MM_OK)
        code = mm_rules_diff_put(d, u->from, s->fresh);
    if (code == MM_OK)
        code = write_note(u, d, s->fresh, said);
    if (code == MM_OK && u->upload != NULL)
        code = mm_rules_set_put(s->fresh, MM_S(MM_RULES_SET_TAKEN), mm_slice_str(u->upload));
    return code == MM_OK ? mm_rules_set_take(s) : code;
}

/* Nothing that could come into force; said already then. */
static bool refused(const struct mm_rules_update *u, const struct mm_rules_set *s,
                    const struct mm_rules_diff *d)
{
    /* They would change what the operator's other rules mean, or be lost: neither goes unseen. */
    if (mm_rules_pipelines(d->after.set) > 0 && !is_back(u)) {
        MM_COMPLAIN(u->lang, "cli.rules.pipelines",
                    MM_SAY_TEXT("file", mm_rules_pipeline(d->after.set, 0)->file));
        return true;
    }
    if (d->after.n > 0)
        return false;
    mm_rules_cli_remarks(stderr, u->lang, d->after.set);
    MM_COMPLAIN(u->lang, "cli.rules.none",
                MM_SAY_TEXT("path", mm_slice_str(is_back(u) ? s->old : u->from)));
    return true;
}

/* Show, ask, do. `said` is where the set comes from, as it was told. */
static int change(const struct mm_rules_update *u, const struct mm_rules_set *s,
                  const struct mm_rules_diff *d, const char *said)
{
    bool nothing = mm_rules_diff_none(d);
    enum mm_code code = MM_OK;

    if (refused(u, s, d))
        return 1;
    if (!u->json)
        show_text(d, u->name);
    if (nothing && !u->json) {
        mm_say_line(stdout, u->lang, "cli.rules.nothing");
    } else if (!nothing && !u->yes && !u->json && !agreed(u->lang, !is_back(u))) {
        mm_say_line(stdout, u->lang, "cli.rules.unchanged");
        return 1;
    }
    if (nothing || (u->json && !u->yes)) {
        if (u->json)
            show_json(d, u->name, false);
        return 0;
    }
    code = put_in_force(u, s, d, said);
    if (u->json) {
        show_json(d, u->name, code == MM_OK);
    } else if (code == MM_OK) {
        bool former = mm_rules_set_is(s->old);

        MM_SAY(stdout, u->lang, former ? "cli.rules.in_force" : "cli.rules.in_force.first",
               MM_SAY_TEXT("path", mm_slice_str(s->in)),
               MM_SAY_TEXT("former", mm_slice_str(s->old)));
        putchar('\n');
    }
    return code == MM_OK ? 0 : (mm_rules_cli_complain(u->lang, s->in, code), 1);
}

/* ---- where it comes from ---- */

/* Does the archive have the checksum that was told? */
static bool sum_holds(enum mm_lang lang, struct mm_slice bytes, const char *told)
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
    MM_COMPLAIN(lang, "cli.rules.sum", MM_SAY_TEXT("sum", mm_slice_str(text)),
                MM_SAY_TEXT("told", mm_slice_str(told)));
    return false;
}

static struct mm_slice base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return mm_slice_str(slash == NULL ? path : slash + 1);
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
        good = sum_holds(u->lang, mm_buf_slice(&bytes), u->sha256);
    if (code == MM_OK && good)
        code = mm_rules_set_begin(s->packed);
    if (code == MM_OK && good)
        code = mm_rules_upload_unpack(base_name(u->from), mm_buf_slice(&bytes), s->packed);
    mm_buf_done(&bytes);
    if (code == MM_E_SYNTAX || code == MM_E_DENIED)
        MM_COMPLAIN(u->lang, code == MM_E_SYNTAX ? "cli.rules.no_archive" : "cli.rules.path",
                    MM_SAY_TEXT("path", mm_slice_str(u->from)));
    else if (code != MM_OK && !(code == MM_E_IO && is_web(u->from)))
        (void)mm_rules_cli_complain(u->lang, u->from, code);
    return code == MM_OK && good;
}

/* Look at the set in a folder, and do it; `said` is where it comes from. */
static int update_from(const struct mm_rules_update *u, const struct mm_rules_set *s,
                       const char *dir, const char *said)
{
    struct mm_rules_update from = *u;
    struct mm_rules_diff d = {0};
    int rc = 1;

    from.from = is_back(u) ? NULL : dir;
    if (mm_rules_diff_read(&d, s->in, dir, u->lang))
        rc = change(&from, s, &d, said);
    mm_rules_diff_done(&d);
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
    MM_COMPLAIN(u->lang, *ret_status == 0 ? "cli.rules.done" : "cli.rules.gone",
                MM_SAY_TEXT("name", mm_slice_str(u->name)));
    return false;
}

static int go_back(const struct mm_rules_update *u, const struct mm_rules_set *s)
{
    int rc = 1;

    if (!to_go(u, s, &rc))
        return rc;
    if (mm_rules_set_is(s->old))
        return update_from(u, s, s->old, NULL);
    MM_COMPLAIN(u->lang, "cli.rules.no_former", MM_SAY_TEXT("name", mm_slice_str(u->name)));
    return 1;
}

/* What was uploaded on a page, once: who asks again after a fall finds it done. */
static int take(const struct mm_rules_update *u, const struct mm_rules_set *s)
{
    char file[MM_RULES_UPLOAD_NAME_MAX + 1];
    struct mm_rules_update with = *u;
    int rc;

    if (mm_rules_upload_taken(s, u->upload)) {
        MM_COMPLAIN(u->lang, "cli.rules.done", MM_SAY_TEXT("name", mm_slice_str(u->name)));
        return 0;
    }
    if (mm_rules_upload_find(s, u->upload, u->name, file) != MM_OK) {
        MM_COMPLAIN(u->lang, "cli.rules.no_upload", MM_SAY_TEXT("name", mm_slice_str(u->name)));
        return 1;
    }
    with.from = s->upload;
    rc = update_from(&with, s, s->upload, file);
    if (rc == 0 && mm_rules_set_drop(s->upload) != MM_OK)
        MM_COMPLAIN(u->lang, "cli.rules.left", MM_SAY_TEXT("path", mm_slice_str(s->upload)));
    return rc;
}

static int update(const struct mm_rules_update *u, struct mm_rules_set *s)
{
    struct stat st;
    int rc = 1;

    if (!is_web(u->from) && stat(u->from, &st) == 0 && S_ISDIR(st.st_mode)) {
        if (u->sha256 == NULL)
            return update_from(u, s, u->from, u->from);
        MM_COMPLAIN(u->lang, "cli.rules.no_sum", MM_SAY_TEXT("path", mm_slice_str(u->from)));
        return 1;
    }
    if (!is_web(u->from) && mm_slice_search(mm_slice_str(u->from), MM_S("://")) != SIZE_MAX)
        MM_COMPLAIN(u->lang, "cli.rules.https", MM_SAY_TEXT("path", mm_slice_str(u->from)));
    else if (unpack(u, s))
        rc = update_from(u, s, s->packed, u->from);
    if (mm_rules_set_drop(s->packed) != MM_OK)
        MM_COMPLAIN(u->lang, "cli.rules.left", MM_SAY_TEXT("path", mm_slice_str(s->packed)));
    return rc;
}

int mm_rules_cli_update(const struct mm_rules_update *u)
{
    struct mm_rules_set s;
    enum mm_code code = mm_rules_set_open(u->state, u->name, &s);
    int rc;

    if (code != MM_OK) {
        if (code == MM_E_CONFIG || code == MM_E_BUSY)
            MM_COMPLAIN(u->lang, code == MM_E_CONFIG ? "cli.rules.name" : "cli.rules.busy",
                        MM_SAY_TEXT("name", mm_slice_str(u->name)));
        else
            (void)mm_rules_cli_complain(u->lang, u->name, code);
        return 1;
    }
    rc = u->upload != NULL ? take(u, &s) : is_back(u) ? go_back(u, &s) : update(u, &s);
    mm_rules_set_close(&s);
    return rc;
}
