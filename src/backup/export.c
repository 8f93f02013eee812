/* backup/export.c - see export.h for the contract. */
#include "backup/export.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "backup/files.h"
#include "backup/store.h"
#include "base/time.h"
#include "base/utf8.h"
#include "model/event.h"
#include "store/events/rows.h"
#include "store/records/whole.h"

enum {
    OUT_MAX = 32 * 1024 * 1024, /* one line: a sealed page is left out, a text has 64 KiB */
    OUT_FULL = 1024 * 1024,     /* then it is written */
    ROW_MAX = 2 * 1024 * 1024,  /* of a row of the store, that came in part */
    DAYS_MAX = 65536 * 12,      /* text of that many days: more than may be kept */
};

struct export
{
    const struct mm_export_options *o;
    struct mm_exported done;
    struct mm_buf out;
    int fd;
    uint64_t at;
    char table[64]; /* whose file is open */
    struct mm_buf rows;
    struct mm_event ev;
};

static enum mm_code flush(struct export *x)
{
    enum mm_code code = mm_buf_ok(&x->out) ? MM_OK : MM_E_LIMIT;

    if (code == MM_OK)
        code = mm_fs_pwrite(mm_fs_real(), x->fd, mm_buf_slice(&x->out), x->at);
    x->at += x->out.n;
    mm_buf_reset(&x->out);
    return code;
}

/* The line is complete. */
static enum mm_code end_line(struct export *x)
{
    mm_buf_byte(&x->out, '\n');
    return x->out.n >= OUT_FULL ? flush(x) : mm_buf_ok(&x->out) ? MM_OK : MM_E_LIMIT;
}

static enum mm_code close_file(struct export *x)
{
    enum mm_code code = x->fd < 0 ? MM_OK : flush(x);

    mm_fs_close(mm_fs_real(), &x->fd);
    return code;
}

static enum mm_code open_file(struct export *x, const char *name)
{
    char path[MM_MAX_PATH];
    enum mm_code code = close_file(x);

    if (code == MM_OK)
        code = mm_path_join(path, x->o->dir, name);
    if (code == MM_OK)
        code = mm_dirs_above(path);
    x->at = 0;
    return code == MM_OK ? mm_fs_open(mm_fs_real(), path, O_WRONLY | O_CREAT | O_EXCL, 0600, &x->fd)
                         : code;
}

/* ---- records ---- */

/* What proves who somebody is. */
static bool is_secret(const char *table, const char *column)
{
    static const struct {
        const char *table, *column; /* NULL: all of it */
    } secrets[] = {{"session", NULL},          {"credential", NULL},
                   {"past_password", NULL},    {"code", NULL},
                   {"token", "digest"},        {"invitation", "digest"},
                   {"consent_scan", "sealed"}, {"relay_key", NULL}};

    for (size_t i = 0; i < MM_COUNT(secrets); i++) {
        if (strcmp(secrets[i].table, table) == 0 &&
            (secrets[i].column == NULL ||
             (column != NULL && strcmp(secrets[i].column, column) == 0)))
            return true;
    }
    return false;
}

static enum mm_code put_blob(struct mm_buf *out, struct mm_slice bytes)
{
    size_t size = bytes.n / 3 * 4 + 8;
    char *text = bytes.n > OUT_MAX ? NULL : malloc(size);

    if (text == NULL)
        return MM_E_LIMIT;
    mm_base64url(bytes, text, size);
    mm_utf8_json(out, mm_slice_str(text));
    free(text);
    return MM_OK;
}

static enum mm_code put_value(struct mm_buf *out, const struct mm_whole_value *v)
{
    switch (v->type) {
    case MM_DB_INTEGER:
        mm_buf_i64(out, v->number);
        return MM_OK;
    case MM_DB_TEXT:
        mm_utf8_json(out, v->bytes);
        return MM_OK;
    case MM_DB_BLOB:
        return put_blob(out, v->bytes);
    case MM_DB_NOTHING:
        break;
    }
    mm_buf_str(out, "null");
    return MM_OK;
}

static enum mm_code put_row(void *ctx, const struct mm_whole_row *row)
{
    struct export *x = ctx;
    char name[96];
    bool first = true;
    enum mm_code code = MM_OK;

    if (is_secret(row->table, NULL))
        return MM_OK;
    if (strcmp(x->table, row->table) != 0) {
        (void)snprintf(x->table, sizeof(x->table), "%s", row->table);
        (void)snprintf(name, sizeof(name), "records/%s.jsonl", row->table);
        code = open_file(x, name);
    }
    mm_buf_byte(&x->out, '{');
    for (size_t i = 0; code == MM_OK && i < row->n; i++) {
        if (is_secret(row->table, row->value[i].name))
            continue;
        if (!first)
            mm_buf_byte(&x->out, ',');
        first = false;
        mm_utf8_json(&x->out, mm_slice_str(row->value[i].name));
        mm_buf_byte(&x->out, ':');
        code = put_value(&x->out, &row->value[i]);
    }
    mm_buf_byte(&x->out, '}');
    x->done.rows++;
    return code == MM_OK ? end_line(x) : code;
}

/* ---- events ---- */

void mm_export_alert(struct mm_buf *out, const struct mm_alert *a)
{
    char when[MM_TIME_TEXT], received[MM_TIME_TEXT];
    const struct {
        const char *name;
        struct mm_slice text;
    } texts[] = {
        {"rule_id", a->rule_id},           {"rule_title", a->title},
        {"rule_author", a->author},        {"level", mm_slice_str(mm_level_name(a->level))},
        {"entity_field", a->entity_field}, {"entity", a->entity},
        {"hidden_by", a->hidden_by}};

    mm_time_text(a->time_us, when);
    mm_time_text(a->received_us, received);
    mm_buf_fmt(out,
               "{\"queue\":%u,\"seq\":%llu,\"source\":%u,\"time\":\"%s\",\"received\":\"%s\","
               "\"events\":%u",
               a->queue, (unsigned long long)a->seq, a->source, when, received, a->events);
    for (size_t i = 0; i < MM_COUNT(texts); i++) {
        mm_buf_fmt(out, ",\"%s\":", texts[i].name);
        mm_utf8_json(out, texts[i].text);
    }
    /* A rule's texts and the event are JSON already; what is none stays a text. */
    mm_buf_str(out, ",\"doc\":");
    mm_utf8_json(out, a->doc);
    mm_buf_str(out, ",\"event\":");
    mm_utf8_json(out, a->event);
    mm_buf_byte(out, '}');
}

static enum mm_code put_event(struct export *x)
{
    char received[MM_TIME_TEXT];

    mm_time_text(x->ev.received_us, received);
    mm_buf_fmt(&x->out, "{\"queue\":%u,\"seq\":%llu,\"source\":%u,\"received\":\"%s\",\"event\":",
               x->ev.queue, (unsigned long long)x->ev.seq, x->ev.source, received);
    mm_event_json(&x->out, &x->ev, true);
    mm_buf_byte(&x->out, '}');
    x->done.events++;
    return end_line(x);
}

static enum mm_code put_alert(struct export *x, const struct mm_alert *a)
{
    mm_export_alert(&x->out, a);
    x->done.alerts++;
    return end_line(x);
}

/* Rows as far as they are whole; the rest waits for the next piece. */
static enum mm_code take_rows(struct export *x, struct mm_slice piece, bool alerts)
{
    struct mm_rd rd;
    struct mm_alert alert;
    size_t done = 0, left;
    enum mm_code code = MM_OK;

    mm_buf_add(&x->rows, piece);
    if (!mm_buf_ok(&x->rows))
        return MM_E_LIMIT;
    rd = mm_rd_of(mm_buf_slice(&x->rows));
    while (code == MM_OK && mm_rd_left(&rd) > 0) {
        code = alerts ? mm_rows_alert(&rd, &alert) : mm_rows_event(&rd, &x->ev);
        if (code == MM_E_SYNTAX && x->rows.n - done < ROW_MAX) {
            code = MM_OK; /* cut where the piece ended */
            break;
        }
        if (code == MM_OK)
            code = alerts ? put_alert(x, &alert) : put_event(x);
        done = rd.pos;
    }
    left = x->rows.n - done;
    if (left > 0)
        memmove(x->rows.p, x->rows.p + done, left);
    x->rows.n = left;
    return code;
}

static enum mm_code take_events(void *ctx, struct mm_slice piece)
{
    return take_rows(ctx, piece, false);
}

static enum mm_code take_alerts(void *ctx, struct mm_slice piece)
{
    return take_rows(ctx, piece, true);
}

/* One statement's rows, all of them. */
static enum mm_code put_rows(struct export *x, struct mm_backup_store *store, enum mm_statement st,
                             struct mm_slice day, mm_events_sink *sink)
{
    struct mm_events_answer answer;
    char tmp[24];
    const struct mm_events_param params[] = {{"company", mm_events_u64(x->o->company, tmp)},
                                             {"day", day}};
    enum mm_code code;

    mm_buf_reset(&x->rows);
    code = mm_events_run(store->client, st, params, day.n > 0 ? 2 : 1, sink, x, &answer);
    return code == MM_OK && x->rows.n > 0 ? MM_E_IO : code; /* half a row at the end */
}

static enum mm_code put_store(struct export *x, struct mm_backup_store *store)
{
    struct mm_buf days;
    struct mm_slice day;
    struct mm_rd rd;
    enum mm_code code = open_file(x, "events.jsonl");

    mm_buf_init(&days, DAYS_MAX);
    if (code == MM_OK)
        code = mm_backup_store_ask_of(store->client, MM_ST_DAYS_OF, x->o->company, &days);
    rd = mm_rd_of(mm_buf_slice(&days));
    while (code == MM_OK && mm_rd_until(&rd, '\n', &day))
        code = put_rows(x, store, MM_ST_EVENTS_OF_DAY, day, take_events);
    mm_buf_done(&days);
    if (code == MM_OK)
        code = open_file(x, "alerts.jsonl");
    if (code == MM_OK)
        code = put_rows(x, store, MM_ST_ALERTS_OF, (struct mm_slice){0}, take_alerts);
    return code;
}

static enum mm_code put_events(struct export *x, struct mm_buf *why)
{
    struct mm_backup_store store = {0};
    char path[MM_MAX_PATH];
    enum mm_code code = mm_path_join(path, x->o->state, "eventd/store");

    if (code != MM_OK || access(path, F_OK) != 0)
        return code; /* no events were ever stored */
    code = mm_backup_store_open(x->o->state, &store);
    if (code == MM_OK)
        code = put_store(x, &store);
    else
        mm_buf_fmt(why, "%s: the store of events does not answer: %s", path, mm_code_key(code));
    mm_backup_store_close(&store);
    return code;
}

/* ---- together ---- */

static enum mm_code finish(struct export *x)
{
    char path[MM_MAX_PATH], when[MM_TIME_TEXT];
    struct mm_buf out;
    enum mm_code code = close_file(x);

    if (code == MM_OK)
        code = mm_sync_all(x->o->dir);
    if (code == MM_OK)
        code = mm_path_join(path, x->o->dir, "export.json");
    if (code != MM_OK)
        return code;
    mm_time_text(x->o->now_us, when);
    mm_buf_init(&out, 4096);
    mm_buf_fmt(&out, "{\"form\":\"mimamori company export 1\",\"program\":\"%s\",\"made\":\"%s\",",
               x->o->program, when);
    mm_buf_fmt(&out, "\"company\":%u,\"code\":", x->o->company);
    mm_utf8_json(&out, mm_slice_str(x->o->code));
    mm_buf_fmt(&out, ",\"rows\":%llu,\"events\":%llu,\"alerts\":%llu}\n",
               (unsigned long long)x->done.rows, (unsigned long long)x->done.events,
               (unsigned long long)x->done.alerts);
    code = mm_buf_ok(&out) ? mm_file_replace(path, mm_buf_slice(&out), 0600) : MM_E_LIMIT;
    mm_buf_done(&out);
    return code;
}

enum mm_code mm_company_export(const struct mm_export_options *o, struct mm_exported *ret,
                               struct mm_buf *why)
{
    struct export *x = calloc(1, sizeof(*x));
    bool empty = true;
    enum mm_code code = x == NULL ? MM_E_NOMEM : MM_OK;

    if (code == MM_OK && mm_tree_empty(o->dir, &empty) == MM_OK && !empty) {
        mm_buf_fmt(why, "%s: there is something in it; give a new or empty directory", o->dir);
        code = MM_E_EXISTS;
    }
    if (code != MM_OK) {
        free(x);
        return code;
    }
    x->o = o;
    x->fd = -1;
    mm_buf_init(&x->out, OUT_MAX);
    mm_buf_init(&x->rows, (size_t)4 * OUT_MAX);
    code = mm_fs_mkdirs(mm_fs_real(), o->dir, 0700);
    if (code == MM_OK)
        code = mm_whole_rows(o->state, o->company, put_row, x);
    if (code == MM_OK)
        code = put_events(x, why);
    if (code == MM_OK)
        code = finish(x);
    mm_fs_close(mm_fs_real(), &x->fd);
    if (code == MM_OK)
        *ret = x->done;
    else if (why->n == 0)
        mm_buf_fmt(why, "%s: unfinished: %s (%s)", o->dir, mm_code_key(code), strerror(errno));
    mm_buf_done(&x->out);
    mm_buf_done(&x->rows);
    free(x);
    return code;
}
