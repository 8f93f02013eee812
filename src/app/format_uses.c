/* app/format_uses.c - see format_uses.h for the contract. */
#include "app/format_uses.h"

#include <stdio.h>
#include <unistd.h>

#include "app/tables.h"
#include "base/limits.h"
#include "base/time.h"
#include "coverage/coverage.h"
#include "register/audit.h"
#include "register/entity.h"
#include "store/records/system_scope.h"
#include "text/mustache.h"

enum { DAYS = 30, ARENA_MAX = 256 * 1024 * 1024 };

struct uses {
    struct mm_slice name;
    enum mm_lang lang;
    struct mm_arena *arena;
    struct mm_buf *out;
    size_t n;
    const struct mm_source_format *read;
    size_t read_n;
    int64_t since_us;
};

/* One source, in the reader's language. */
static void put(struct uses *u, const struct mm_rec *rec, bool said, uint64_t lines)
{
    struct mm_doc *doc = mm_doc_new(u->arena);

    mm_doc_int(doc, "source", rec->id);
    mm_doc_int(doc, "company", rec->company);
    mm_doc_text(doc, "name", rec->v[MM_F_source_name].s);
    mm_doc_int(doc, "lines", (int64_t)lines); /* of a database integer */
    mm_tpl_words(
        &(struct mm_tpl_render){.lang = u->lang, .mode = MM_TPL_PLAIN, .doc = doc, .out = u->out},
        said ? MM_S("format.cli.use.entered") : MM_S("format.cli.use"));
    mm_buf_byte(u->out, '\n');
}

static bool look(void *arg, const struct mm_rec *rec)
{
    struct uses *u = arg;
    const struct mm_value *told = &rec->v[MM_F_source_format];
    bool said = !told->null && mm_slice_eq(told->s, u->name);
    uint64_t lines = 0;

    for (size_t i = 0; i < u->read_n; i++) {
        const struct mm_source_format *f = &u->read[i];

        if (f->company == rec->company && f->source == rec->id && f->last_us >= u->since_us &&
            mm_slice_eq(f->format, u->name))
            lines = f->parsed;
    }
    if (!said && lines == 0)
        return true;
    u->n++;
    put(u, rec, said, lines);
    return true;
}

static bool has_records(const char *state)
{
    char path[MM_MAX_PATH];

    return snprintf(path, sizeof(path), "%s/records.db", state) < (int)sizeof(path) &&
           access(path, F_OK) == 0;
}

enum mm_code mm_format_uses(const char *state, enum mm_lang lang, struct mm_slice name,
                            struct mm_buf *out, size_t *ret_n)
{
    struct uses u = {
        .name = name, .lang = lang, .out = out, .since_us = mm_now_us() - DAYS * MM_US_PER_DAY};
    struct mm_rec_filter filter = {.limit = 0, .ended = false};
    struct mm_source_format *read = NULL;
    struct mm_records *rec = NULL;
    struct mm_tx *tx = NULL;
    struct mm_arena a;
    enum mm_code code;

    if (!has_records(state))
        return MM_E_NOTFOUND;
    code = mm_app_records(state, &rec);
    if (code != MM_OK)
        return code;
    mm_arena_init(&a, ARENA_MAX);
    u.arena = &a;
    code = mm_records_read(rec, mm_system_scope(), &tx);
    if (code == MM_OK)
        code = mm_source_formats(tx, &a, 0, &read, &u.read_n);
    u.read = read;
    if (code == MM_OK)
        code = mm_rec_each(tx, mm_entity(MM_REG_SOURCE), &filter, look, &u);
    mm_records_read_done(&tx);
    mm_records_close(&rec);
    mm_arena_done(&a);
    if (code == MM_OK)
        *ret_n = u.n;
    return code;
}

struct noting {
    const char *action;
    struct mm_slice name;
};

static enum mm_code note(struct mm_tx *tx, void *arg)
{
    const struct noting *n = arg;
    char actor[32], object[64];
    enum mm_code code = mm_tx_narrow(tx, MM_COMPANY_OPERATOR);

    if (code != MM_OK)
        return code;
    (void)snprintf(actor, sizeof(actor), "uid %u", (unsigned)getuid());
    (void)snprintf(object, sizeof(object), "format %.*s", MM_S_ARG(n->name));
    code = mm_audit_add(tx, &(struct mm_audit){.time_us = mm_now_us(),
                                               .actor = mm_slice_str(actor),
                                               .action = mm_slice_str(n->action),
                                               .object = mm_slice_str(object)});
    mm_tx_widen(tx);
    return code;
}

enum mm_code mm_format_note(const char *state, const char *action, struct mm_slice name)
{
    struct noting n = {action, mm_slice_sub(name, 0, 40)};
    struct mm_records *rec = NULL;
    enum mm_code code;

    if (!has_records(state))
        return MM_OK;
    code = mm_app_records(state, &rec);
    if (code == MM_OK)
        code = mm_records_write(rec, mm_system_scope(), note, &n);
    mm_records_close(&rec);
    return code;
}
