/* app/unread.c - `mimamori unread`: the kinds of line that no format reads, with counts. */
#include <stdio.h>

#include "app/language.h"
#include "app/tables.h"
#include "base/limits.h"
#include "base/time.h"
#include "base/utf8.h"
#include "codec/cluster.h"
#include "coverage/coverage.h"
#include "register/audit.h"
#include "store/records/system_scope.h"
#include "text/doc.h"
#include "text/lang.h"

enum { EXIT_BAD = 1, EXIT_USAGE = 2, LIMIT = 50, LIMIT_MAX = 10000, OUT_MAX = 64 * 1024 * 1024 };

struct args {
    const char *state, *company;
    uint64_t source, limit;
    bool json, lines;
};

/* Words of a key in po/, on stderr. */
static void say(enum mm_lang lang, const char *key)
{
    const char *words = mm_lang_text(lang, mm_slice_str(key), 1);

    fprintf(stderr, "%s\n", words != NULL ? words : key);
}

static int usage(void)
{
    say(mm_app_language(), "unread.usage");
    return EXIT_USAGE;
}

static bool read_args(struct args *a, int argc, char **argv)
{
    *a = (struct args){.state = "/var/lib/mimamori", .limit = LIMIT};
    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;

        if (strcmp(argv[i], "--json") == 0)
            a->json = true;
        else if (strcmp(argv[i], "--lines") == 0)
            a->lines = true;
        else if (strcmp(argv[i], "--state") == 0 && more)
            a->state = argv[++i];
        else if (strcmp(argv[i], "--company") == 0 && more)
            a->company = argv[++i];
        else if (strcmp(argv[i], "--source") == 0 && more &&
                 mm_slice_u64(mm_slice_str(argv[i + 1]), &a->source) && a->source <= UINT32_MAX)
            i++;
        else if (strcmp(argv[i], "--limit") == 0 && more &&
                 mm_slice_u64(mm_slice_str(argv[i + 1]), &a->limit) && a->limit > 0 &&
                 a->limit <= LIMIT_MAX)
            i++;
        else
            return false;
    }
    return true;
}

/* Foreign text on a terminal: no control characters. */
static void put_clean(struct mm_buf *out, struct mm_slice s)
{
    size_t from = out->n;

    mm_utf8_clean(out, s);
    for (size_t i = from; mm_buf_ok(out) && i < out->n; i++) {
        if (out->p[i] < 0x20 || out->p[i] == 0x7f)
            out->p[i] = ' ';
    }
}

static void put_row(struct mm_buf *out, const struct mm_unread *u, struct mm_slice template)
{
    char last[MM_TIME_TEXT];

    mm_time_text(u->last_us, last);
    mm_buf_fmt(out, "%llu\t%s\t%u\t%u\t", (unsigned long long)u->count, last, u->company,
               u->source);
    put_clean(out, u->format.n > 0 ? u->format : MM_S("-"));
    mm_buf_byte(out, '\t');
    put_clean(out, u->app.n > 0 ? u->app : MM_S("-"));
    mm_buf_byte(out, '\t');
    put_clean(out, template);
    mm_buf_byte(out, '\n');
}

static void put_doc(struct mm_doc *list, const struct mm_unread *u, struct mm_slice template)
{
    struct mm_doc *d = mm_doc_object(list, NULL), *lines;

    mm_doc_int(d, "unread", u->unread);
    mm_doc_int(d, "company", u->company);
    mm_doc_int(d, "source", u->source);
    mm_doc_text(d, "app", u->app);
    mm_doc_text(d, "format", u->format);
    mm_doc_text(d, "template", template);
    mm_doc_int(d, "count", (int64_t)u->count); /* of a database integer */
    mm_doc_time(d, "first", u->first_us);
    mm_doc_time(d, "last", u->last_us);
    lines = mm_doc_array(d, "lines");
    for (size_t i = 0; i < u->lines; i++)
        mm_doc_text(lines, NULL, u->line[i]);
}

static bool print(const struct args *a, struct mm_arena *arena, const struct mm_unread *list,
                  size_t n)
{
    struct mm_doc *doc = mm_doc_new(arena), *items = mm_doc_array(doc, "unread");
    struct mm_shape shape;
    struct mm_buf out, template;
    bool ok;

    mm_buf_init(&out, OUT_MAX);
    mm_buf_init(&template, MM_CLUSTER_TEXT);
    if (!a->json && !a->lines)
        mm_buf_str(&out, "count\tlast\tcompany\tsource\tformat\tprogram\ttemplate\n");
    for (size_t i = 0; i < n; i++) {
        mm_buf_reset(&template);
        if (mm_shape_read(list[i].shape, &shape))
            mm_shape_template(&shape, &template);
        if (a->json)
            put_doc(items, &list[i], mm_buf_slice(&template));
        else if (!a->lines)
            put_row(&out, &list[i], mm_buf_slice(&template));
        for (size_t k = 0; k < list[i].lines && a->lines; k++) {
            mm_buf_add(&out, list[i].line[k]);
            mm_buf_byte(&out, '\n');
        }
    }
    if (a->json) {
        mm_doc_json(&out, doc);
        mm_buf_byte(&out, '\n');
    }
    ok = mm_buf_ok(&out) && mm_doc_ok(doc) && fwrite(out.p, 1, out.n, stdout) == out.n;
    mm_buf_done(&out);
    mm_buf_done(&template);
    return ok && fflush(stdout) == 0;
}

/* The snapshot that was asked for: all companies or one. */
static enum mm_code begin(const struct args *a, struct mm_records *rec, struct mm_scope_hold *hold,
                          struct mm_tx **ret)
{
    uint32_t company = 0;
    enum mm_code code = mm_records_read(rec, mm_system_scope(), ret);

    if (code != MM_OK || a->company == NULL)
        return code;
    code = mm_app_company(*ret, a->company, &company);
    mm_records_read_done(ret);
    return code == MM_OK ? mm_records_read(rec, mm_system_company(hold, company), ret) : code;
}

/* Whose lines are shown is noted in their audit logs first. */
static enum mm_code note(const struct args *a, struct mm_records *rec, struct mm_arena *arena,
                         const struct mm_unread *list, size_t n)
{
    uint32_t *company = mm_arena_array(arena, n, sizeof(*company));
    char actor[MM_APP_ACTOR], object[32] = "";
    size_t companies = 0;

    if (company == NULL)
        return MM_E_NOMEM;
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;

        while (k < companies && company[k] != list[i].company)
            k++;
        company[k] = list[i].company;
        companies += k == companies ? 1 : 0;
    }
    mm_app_actor(actor);
    if (a->source > 0)
        (void)snprintf(object, sizeof(object), "source %llu", (unsigned long long)a->source);
    return mm_audit_look(rec, mm_system_scope(), company, companies,
                         &(struct mm_audit){.time_us = mm_now_us(),
                                            .actor = mm_slice_str(actor),
                                            .action = MM_S("look.lines"),
                                            .object = mm_slice_str(object)});
}

int main(int argc, char **argv)
{
    struct args a;
    struct mm_records *rec = NULL;
    struct mm_scope_hold hold;
    struct mm_tx *tx = NULL;
    struct mm_unread *list = NULL;
    struct mm_arena arena;
    size_t n = 0;
    enum mm_code code;
    bool ok = false;

    if (!read_args(&a, argc, argv))
        return usage();
    if (mm_app_records(a.state, &rec) != MM_OK)
        return EXIT_BAD;
    mm_arena_init(&arena, OUT_MAX);
    code = begin(&a, rec, &hold, &tx);
    if (code == MM_OK) /* both were checked against their limits */
        code = mm_unread_list(tx, &arena, (uint32_t)a.source, 0, (size_t)a.limit, &list, &n);
    mm_records_read_done(&tx);
    if (code == MM_OK && n > 0 && (a.lines || a.json)) /* a template alone is nobody's line */
        code = note(&a, rec, &arena, list, n);
    if (code == MM_OK)
        ok = print(&a, &arena, list, n);
    else
        say(mm_app_language(), code == MM_E_NOTFOUND ? "unread.no_company" : mm_code_key(code));
    mm_records_close(&rec);
    mm_arena_done(&arena);
    return ok ? 0 : EXIT_BAD;
}
