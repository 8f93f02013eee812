/*
 * app/company.c - `mimamori company`: the noun of the register, and `export` and `erase`, which
 * take hold of everything that is kept of one.
 */
#include <stdio.h>

#include "app/nouns.h"
#include "app/tables.h"
#include "backup/erase.h"
#include "backup/export.h"
#include "base/limits.h"
#include "base/time.h"
#include "engine/mirror.h"
#include "register/audit.h"
#include "serve/state.h"
#include "store/records/system_scope.h"

enum { WHY_MAX = 8192, TEXT_MAX = 4000 };

struct arguments {
    const char *state, *code, *dir, *name;
    bool erase;
};

struct company {
    uint32_t number;
    char code[256], name[1024];
};

static int usage(void)
{
    fputs("usage: mimamori company export CODE DIR [--state STATE]\n"
          "       mimamori company erase CODE [--name NAME] [--state STATE]\n"
          "export: everything that is kept of a company, as JSON lines in a new directory.\n"
          "erase: says what there is of it. With the company's full name all of it is erased for\n"
          "good: records, events, lines in the spool, files; Mimamori stands still meanwhile.\n"
          "Backups hold it until they are deleted.\n",
          stderr);
    return MM_NOUNS_USAGE;
}

static bool parse(int argc, char **argv, struct arguments *ret)
{
    struct arguments a = {.state = MM_STATE_DEFAULT, .erase = strcmp(argv[1], "erase") == 0};

    for (int i = 2; i < argc; i++) {
        bool more = i + 1 < argc;

        if (strcmp(argv[i], "--state") == 0 && more)
            a.state = argv[++i];
        else if (strcmp(argv[i], "--name") == 0 && more && a.erase)
            a.name = argv[++i];
        else if (argv[i][0] != '-' && a.code == NULL)
            a.code = argv[i];
        else if (argv[i][0] != '-' && a.dir == NULL && !a.erase)
            a.dir = argv[i];
        else
            return false;
    }
    *ret = a;
    return a.code != NULL && (a.erase || a.dir != NULL);
}

static int complain(struct mm_buf *why, enum mm_code code)
{
    if (why->n == 0)
        mm_buf_str(why, mm_code_key(code));
    fprintf(stderr, "mimamori: %.*s\n", MM_S_ARG(mm_buf_slice(why)));
    return MM_NOUNS_FAILED;
}

static void copy_text(char *to, size_t size, struct mm_slice s)
{
    (void)snprintf(to, size, "%.*s", MM_S_ARG(s));
}

/* Which company, and what it is called. */
static enum mm_code look_up(struct mm_records *records, const char *code, struct company *ret)
{
    const struct mm_entity *entity = mm_entity(MM_REG_COMPANY);
    struct mm_tx *tx = NULL;
    struct mm_arena arena;
    struct mm_rec rec;
    enum mm_code c = mm_records_read(records, mm_system_scope(), &tx);

    mm_arena_init(&arena, 1 << 20);
    if (c == MM_OK)
        c = mm_app_company(tx, code, &ret->number);
    if (c == MM_OK)
        c = mm_rec_get(tx, entity, ret->number, &arena, &rec);
    if (c == MM_OK) {
        copy_text(ret->code, sizeof(ret->code), rec.v[MM_F_company_code].s);
        copy_text(ret->name, sizeof(ret->name), rec.v[MM_F_company_name].s);
    }
    mm_records_read_done(&tx);
    mm_arena_done(&arena);
    return c;
}

struct telling {
    struct mm_buf text; /* for the audit: numbers, no words of the company */
};

static void tell(void *ctx, const char *what, const char *which, uint64_t n)
{
    struct telling *t = ctx;

    printf("  %-8s %-24s %llu\n", what, which, (unsigned long long)n);
    mm_buf_fmt(&t->text, "%s%s %s %llu", t->text.n > 0 ? ", " : "", what, which,
               (unsigned long long)n);
}

struct entry {
    uint32_t company;
    struct mm_slice text;
};

static enum mm_code write_entry(struct mm_tx *tx, void *arg)
{
    const struct entry *e = arg;
    char object[32];
    int n = snprintf(object, sizeof(object), "company %u", e->company);

    return mm_audit_add(tx, &(struct mm_audit){.time_us = mm_now_us(),
                                               .actor = MM_S("command line"),
                                               .action = MM_S("company.erase"),
                                               .object = mm_slice_of(object, (size_t)n),
                                               .text = e->text});
}

/* Files that are made of the records: at once, since shards that begin without the exceptions of
 * the others would raise what these hide. */
static enum mm_code mirror(struct mm_records *records, const char *state)
{
    static const enum mm_mirror_kind kinds[] = {MM_MIRROR_EXCEPTIONS, MM_MIRROR_TAILOR};

    for (size_t i = 0; i < MM_COUNT(kinds); i++) {
        struct mm_mirror m;

        mm_mirror_init(&m, kinds[i], records, state);
        mm_mirror_tick(&m, mm_now_us());
        if (!m.written)
            return MM_E_IO;
    }
    return MM_OK;
}

/* What is left to do when all is erased; the entry stands in the company's own chain, which stays.
 */
static enum mm_code finish(const char *state, uint32_t company, struct mm_slice text)
{
    struct entry e = {.company = company, .text = text};
    struct mm_records *records = NULL;
    struct mm_scope_hold hold;
    enum mm_code code = mm_app_records(state, &records);

    if (code != MM_OK)
        return code;
    code = mirror(records, state);
    if (code == MM_OK)
        code = mm_records_write(records, mm_system_company(&hold, company), write_entry, &e);
    mm_records_close(&records);
    return code;
}

static int erase(const struct arguments *a, const struct company *c, struct mm_buf *why)
{
    struct telling t;
    enum mm_code code;

    mm_buf_init(&t.text, TEXT_MAX);
    if (a->name == NULL) {
        printf("%s (%s), company %u, has:\n", c->name, c->code, c->number);
        code = mm_company_holds(a->state, c->number, tell, &t, why);
        if (code == MM_OK)
            printf("To erase all of it for good, type its name as well:\n"
                   "  mimamori company erase %s --name '%s' --state %s\n"
                   "Everything stands still meanwhile: senders have to wait, pages do not answer.\n"
                   "Hand it over before, if you must: mimamori company export. Delete backups that "
                   "hold it.\n",
                   c->code, c->name, a->state);
    } else if (strcmp(a->name, c->name) != 0) {
        mm_buf_fmt(why, "company %s has another name; nothing was erased", c->code);
        code = MM_E_DENIED;
    } else {
        struct mm_stillness still = {.pause = -1, .lock = -1};

        code = mm_stillness_begin(a->state, &still, why);
        if (code == MM_OK) {
            puts("erased:");
            code = mm_company_erase(a->state, c->number, tell, &t, why);
        }
        if (code == MM_OK)
            code = finish(a->state, c->number, mm_buf_slice(&t.text));
        mm_stillness_end(&still);
        if (code == MM_OK)
            printf("Left: the number %u without words, and its audit entries without texts\n"
                   "(`mimamori audit list --company erased-%u`).\n",
                   c->number, c->number);
    }
    mm_buf_done(&t.text);
    return code == MM_OK ? MM_NOUNS_OK : complain(why, code);
}

static int export(const struct arguments *a, const struct company *c, struct mm_buf *why)
{
    struct mm_export_options o = {.state = a->state,
                                  .dir = a->dir,
                                  .company = c->number,
                                  .code = c->code,
                                  .program = MM_VERSION,
                                  .now_us = mm_now_us()};
    struct mm_exported done;
    uint32_t company;
    enum mm_code code = mm_app_company_look(
        a->state, a->code, &(struct mm_audit){.action = MM_S("look.export")}, &company);

    if (code != MM_OK)
        return MM_NOUNS_FAILED;
    code = mm_company_export(&o, &done, why);
    if (code != MM_OK)
        return complain(why, code);
    printf("%s: %llu rows of records, %llu events, %llu alerts\n", a->dir,
           (unsigned long long)done.rows, (unsigned long long)done.events,
           (unsigned long long)done.alerts);
    return MM_NOUNS_OK;
}

static int run(const struct arguments *a)
{
    struct mm_records *records = NULL;
    struct company c = {0};
    struct mm_buf why;
    enum mm_code code = mm_app_records(a->state, &records);
    int rc;

    if (code != MM_OK)
        return MM_NOUNS_FAILED;
    code = look_up(records, a->code, &c);
    mm_records_close(&records);
    mm_buf_init(&why, WHY_MAX);
    if (code == MM_E_NOTFOUND)
        mm_buf_fmt(&why,
                   "no company \"%s\"; `mimamori company list` shows them; one whose erasure was "
                   "broken off at its end is called erased-NUMBER, its name is `erased`: erase "
                   "that once more",
                   a->code);
    if (code == MM_OK && c.number == 0) {
        mm_buf_str(&why, "company 0 is the operator's own and stays");
        code = MM_E_DENIED;
    }
    if (code != MM_OK)
        rc = complain(&why, code);
    else
        rc = a->erase ? erase(a, &c, &why) : export(a, &c, &why);
    mm_buf_done(&why);
    return fflush(stdout) == 0 ? rc : MM_NOUNS_FAILED;
}

int main(int argc, char **argv)
{
    struct arguments a;

    if (argc < 2 || (strcmp(argv[1], "export") != 0 && strcmp(argv[1], "erase") != 0))
        return mm_nouns_main("company", argc, argv);
    return parse(argc, argv, &a) ? run(&a) : usage();
}
