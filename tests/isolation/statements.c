/*
 * tests/isolation/statements.c - every statement of the records, asked by one company for another.
 *
 * Run by statements.py: isolation-statements FULL ALONE GROUP: state directories of world.py. FULL
 * has every company, ALONE nothing but company A, GROUP nothing but the companies of A's programme.
 * Under A's scope and with B's numbers bound, a statement has to answer from FULL what it answers
 * from ALONE: that B exists makes no difference. A statement that writes may touch no row of
 * another company, nor hang one of A's on one of B's.
 *
 * Then the scope is taken out of the statement's text, each in its turn: it must not compile, and,
 * compiled by force, it must show or change what is another's. A statement for which it does not
 * has proved nothing: world.py lacks rows for it, or values.def the number that finds them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "app/tables.h"
#include "base/buf.h"
#include "store/events/statements.h"
#include "store/records/records_priv.h"
#include "store/records/scope_make.h"
#include "store/records/system_scope.h"
#include "web/portal/feature.h"

enum {
    COMPANY_A = 1,
    COMPANY_B = 2,
    SQL_MAX = 8192,
    NAME_MAX = 128,
    DUMP_MAX = 16 * 1024 * 1024,
    ARENA_MAX = 64 * 1024 * 1024,
    REFERENCES_MAX = 256,
    EVENTS_MAX = 1024 * 1024, /* all SQL of the store of events: some 40 KB */
};

/* What is bound: for one statement ("register.MM_R_SITE_GET"), for those of a feature ("tailor."),
 * for all ("") that have the parameter. */
static const struct value {
    const char *stmt, *param;
    char kind; /* i: integer, t: text, b: blob, n: NULL */
    int64_t i;
    const char *text;
} values[] = {
#define MM_INT(stmt, param, v) {stmt, ":" param, 'i', v, NULL},
#define MM_TEXT(stmt, param, v) {stmt, ":" param, 't', 0, v},
#define MM_BLOB(stmt, param, v) {stmt, ":" param, 'b', 0, v},
#define MM_NULL(stmt, param) {stmt, ":" param, 'n', 0, NULL},
#define MM_ALIKE(stmt, why)
#include "tests/isolation/values.def"
#undef MM_INT
#undef MM_TEXT
#undef MM_BLOB
#undef MM_NULL
#undef MM_ALIKE
};

/* Statements that are the same with and without a scope in this world, and why. */
static const struct {
    const char *stmt, *why;
} alike[] = {
#define MM_INT(stmt, param, v)
#define MM_TEXT(stmt, param, v)
#define MM_BLOB(stmt, param, v)
#define MM_NULL(stmt, param)
#define MM_ALIKE(stmt, why) {stmt, why},
#include "tests/isolation/values.def"
#undef MM_INT
#undef MM_TEXT
#undef MM_BLOB
#undef MM_NULL
#undef MM_ALIKE
};

/* A column that points at a row of a table with a company, by the row's number alone. */
struct reference {
    char table[TX_NAME_MAX], column[TX_NAME_MAX], parent[TX_NAME_MAX], key[TX_NAME_MAX];
};

struct tester {
    struct mm_arena arena;
    const struct mm_feature *feature[MM_FEATURES_MAX];
    size_t feature_n;
    struct mm_records *full, *alone, *group;
    const struct mm_scope *one, *many, *programme;
    char owned[TX_TABLES_MAX][TX_NAME_MAX];
    size_t owned_n;
    struct reference reference[REFERENCES_MAX];
    size_t reference_n;
    /* the statement under test */
    char name[NAME_MAX];
    const struct mm_stmt *stmt;
    unsigned faults, tests, failed;
    unsigned statements, mutants;
};

static void must(enum mm_code code, const char *what)
{
    if (code == MM_OK)
        return;
    printf("Bail out! %s: %s\n", what, mm_code_key(code));
    exit(1);
}

static void fault(struct tester *t, const char *what)
{
    printf("# %s: %s\n", t->name, what);
    t->faults++;
}

static void told(struct tester *t, const char *what)
{
    t->tests++;
    t->failed += t->faults > 0;
    printf("%s %u - %s\n", t->faults > 0 ? "not ok" : "ok", t->tests, what);
    t->faults = 0;
}

/* Work in a transaction that is undone: the works end with MM_E_EXISTS. */
static void in_vain(struct tester *t, const struct mm_scope *scope, mm_records_work work, void *arg)
{
    enum mm_code code = mm_records_write(t->full, scope, work, arg);

    if (code != MM_E_EXISTS)
        must(code == MM_OK ? MM_E_BUG : code, "transaction");
}

/* ---- binding ---- */

static bool word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* The next ":name" outside of quotes at or behind *at; false at the end. */
static bool next_param(const char *sql, size_t *at, char ret[NAME_MAX])
{
    bool quoted = false;

    for (size_t i = *at; sql[i] != 0; i++) {
        size_t n = 1;

        quoted ^= sql[i] == '\'';
        if (quoted || sql[i] != ':' || !word_char(sql[i + 1]))
            continue;
        while (word_char(sql[i + n]) && n + 1 < NAME_MAX)
            n++;
        memcpy(ret, sql + i, n);
        ret[n] = 0;
        *at = i + n;
        return true;
    }
    return false;
}

/* The one that says most: of this statement, of its feature, of all. */
static const struct value *value_of(const struct tester *t, const char *param)
{
    const struct value *best = NULL;
    size_t best_n = 0;

    for (size_t i = 0; i < MM_COUNT(values); i++) {
        size_t n = strlen(values[i].stmt);
        bool fits = n == 0 || (values[i].stmt[n - 1] == '.' ? strncmp(values[i].stmt, t->name, n)
                                                            : strcmp(values[i].stmt, t->name)) == 0;

        if (fits && strcmp(values[i].param, param) == 0 && (best == NULL || n > best_n)) {
            best = &values[i];
            best_n = n;
        }
    }
    return best;
}

/* `company` is bound where the scope does not: in a mutant. */
static void bind(struct tester *t, struct mm_q *q, const struct mm_stmt *stmt, int64_t company)
{
    char param[NAME_MAX];
    size_t at = 0;

    while (q->code == MM_OK && next_param(stmt->sql, &at, param)) {
        const struct value *v = value_of(t, param);

        if (strcmp(param, ":company") == 0) {
            if (stmt->kind == MM_STMT_SYSTEM)
                mm_q_int(q, param, company);
        } else if (v == NULL || v->kind == 't') {
            mm_q_text(q, param, mm_slice_str(v == NULL ? "x" : v->text));
        } else if (v->kind == 'n') {
            mm_q_null(q, param);
        } else if (v->kind == 'b') {
            mm_q_blob(q, param, mm_slice_str(v->text));
        } else {
            mm_q_int(q, param, v->i);
        }
    }
}

/* ---- reading ---- */

static void put_row(struct mm_buf *out, struct mm_db_stmt *st)
{
    for (int i = 0; i < mm_db_columns(st); i++) {
        struct mm_slice s = mm_db_bytes(st, i);

        mm_buf_fmt(out, "%c%zu:", mm_db_is_null(st, i) ? 'n' : 'v', s.n);
        mm_buf_add(out, s);
    }
    mm_buf_byte(out, '\n');
}

/* What the statement answers, as one text. */
static void answer(struct tester *t, struct mm_records *rec, const struct mm_scope *scope,
                   const struct mm_stmt *stmt, struct mm_buf *out)
{
    struct mm_tx *tx = NULL;
    struct mm_q q;
    enum mm_code code;

    mm_buf_reset(out);
    must(mm_records_read(rec, scope, &tx), "read");
    mm_q_begin(&q, tx, stmt);
    bind(t, &q, stmt, COMPANY_A);
    while (mm_q_row(&q))
        put_row(out, q.st->db);
    code = mm_q_end(&q);
    if (code != MM_OK && code != MM_E_DENIED)
        fault(t, mm_code_key(code));
    mm_records_read_done(&tx);
}

/* ---- taking the scope out ---- */

static bool is_owned(const struct tester *t, const char *word, size_t n)
{
    for (size_t i = 0; i < t->owned_n; i++) {
        if (strlen(t->owned[i]) == n && strncasecmp(t->owned[i], word, n) == 0)
            return true;
    }
    return false;
}

/* sql with whole tables for views and without `company = :company`: at every place, or at the
 * which-th alone. Returns how many places there are. */
static size_t strip_scope(const struct tester *t, const char *sql, size_t which, struct mm_buf *out)
{
    static const char condition[] = "company = :company";
    bool after_from = false;
    size_t places = 0;

    for (size_t i = 0; sql[i] != 0;) {
        bool bound = strncmp(sql + i, condition, sizeof(condition) - 1) == 0, here;
        size_t n = bound ? sizeof(condition) - 1 : 0;

        while (!bound && word_char(sql[i + n]))
            n++;
        n = n == 0 ? 1 : n;
        here = bound || (after_from && is_owned(t, sql + i, n));
        here = here && (places++ == which || which == SIZE_MAX);
        if (here)
            mm_buf_str(out, bound ? "1" : "main.");
        if (!(here && bound))
            mm_buf_add(out, mm_slice_of(sql + i, n));
        if (word_char(sql[i]))
            after_from = n == 4 && (strncasecmp(sql + i, "FROM", 4) == 0 ||
                                    strncasecmp(sql + i, "JOIN", 4) == 0);
        i += n;
    }
    return places;
}

/* The statement without its scope; NULL behind the last place where it has one. */
static const struct mm_stmt *without_scope(struct tester *t, enum mm_stmt_kind kind, size_t which)
{
    struct mm_stmt *mutant = mm_arena_alloc(&t->arena, sizeof(*mutant));
    struct mm_slice copy = {0};
    struct mm_buf out;
    size_t places;

    mm_buf_init(&out, SQL_MAX);
    places = strip_scope(t, t->stmt->sql, which, &out);
    mm_buf_byte(&out, 0);
    if (mutant == NULL || !mm_arena_dup(&t->arena, mm_buf_slice(&out), &copy))
        must(MM_E_NOMEM, "mutant");
    mm_buf_done(&out);
    *mutant = (struct mm_stmt){.name = t->stmt->name, .kind = kind, .sql = (const char *)copy.p};
    return which != SIZE_MAX && which >= places ? NULL : mutant;
}

static bool known_alike(const struct tester *t)
{
    for (size_t i = 0; i < MM_COUNT(alike); i++) {
        if (strcmp(alike[i].stmt, t->name) == 0)
            return true;
    }
    return false;
}

/* ---- statements that read ---- */

/* Whether both answer the same. */
static bool same_answer(struct tester *t, const struct mm_scope *scope, const struct mm_stmt *stmt,
                        const struct mm_scope *rest_scope, struct mm_records *rest,
                        const struct mm_stmt *rest_stmt)
{
    struct mm_buf one, two;
    bool same;

    mm_buf_init(&one, DUMP_MAX);
    mm_buf_init(&two, DUMP_MAX);
    answer(t, t->full, scope, stmt, &one);
    answer(t, rest, rest_scope, rest_stmt, &two);
    same = mm_slice_eq(mm_buf_slice(&one), mm_buf_slice(&two));
    mm_buf_done(&one);
    mm_buf_done(&two);
    return same;
}

static void test_read(struct tester *t, const struct mm_scope *scope, struct mm_records *rest)
{
    const struct mm_stmt *mutant = without_scope(t, MM_STMT_SYSTEM, SIZE_MAX);

    if (!same_answer(t, scope, t->stmt, scope, rest, t->stmt))
        fault(t, "another company makes a difference");
    if (same_answer(t, mm_system_scope(), mutant, scope, rest, t->stmt) != known_alike(t))
        fault(t, known_alike(t) ? "shows more without its scope: take it out of values.def"
                                : "shows the same without its scope: nothing is proved");
    t->mutants++;
}

/* ---- statements that write ---- */

struct writing {
    struct tester *t;
    const struct mm_stmt *stmt;
    enum mm_code code; /* of the statement */
    bool changed;      /* a row of another company is not what it was */
    bool hangs;        /* a row of A hangs on one of another company */
};

static void dump(struct writing *w, struct mm_tx *tx, struct mm_buf *out)
{
    mm_buf_reset(out);
    for (size_t i = 0; i < w->t->owned_n; i++) {
        char sql[256];
        struct mm_db_stmt *st = NULL;
        bool row = false;

        (void)snprintf(sql, sizeof(sql), "SELECT * FROM main.\"%s\" WHERE company <> %d",
                       w->t->owned[i], COMPANY_A);
        must(mm_db_prepare(tx->db, sql, &st), sql);
        while (mm_db_step(st, &row) == MM_OK && row)
            put_row(out, st);
        mm_db_finalize(&st);
    }
}

/* Rows that hang on a row of another company. */
static int64_t crossings(struct writing *w, struct mm_tx *tx)
{
    int64_t n = 0;

    for (size_t i = 0; i < w->t->reference_n; i++) {
        const struct reference *r = &w->t->reference[i];
        char sql[512];
        struct mm_db_stmt *st = NULL;
        bool row = false;

        (void)snprintf(sql, sizeof(sql),
                       "SELECT count(*) FROM main.\"%s\" c JOIN main.\"%s\" p ON p.\"%s\" = "
                       "c.\"%s\" WHERE p.company <> c.company",
                       r->table, r->parent, r->key, r->column);
        must(mm_db_prepare(tx->db, sql, &st), sql);
        if (mm_db_step(st, &row) == MM_OK && row)
            n += mm_db_int(st, 0);
        mm_db_finalize(&st);
    }
    return n;
}

static enum mm_code work_write(struct mm_tx *tx, void *arg)
{
    struct writing *w = arg;
    struct mm_buf before, after;
    int64_t hung = crossings(w, tx);
    struct mm_q q;

    mm_buf_init(&before, DUMP_MAX);
    mm_buf_init(&after, DUMP_MAX);
    dump(w, tx, &before);
    mm_q_begin(&q, tx, w->stmt);
    bind(w->t, &q, w->stmt, COMPANY_B);
    w->code = mm_q_end(&q);
    dump(w, tx, &after);
    w->changed = !mm_slice_eq(mm_buf_slice(&before), mm_buf_slice(&after));
    w->hangs = crossings(w, tx) > hung;
    mm_buf_done(&before);
    mm_buf_done(&after);
    return MM_E_EXISTS;
}

static void test_write(struct tester *t)
{
    struct writing w = {.t = t, .stmt = t->stmt};

    in_vain(t, t->one, work_write, &w);
    if (w.code == MM_E_BUG)
        fault(t, mm_code_key(w.code));
    if (w.changed)
        fault(t, "changes a row of another company");
    if (w.hangs)
        fault(t, "hangs a row on another company's");
    w.stmt = without_scope(t, MM_STMT_SYSTEM, SIZE_MAX);
    w.changed = false;
    in_vain(t, mm_system_scope(), work_write, &w);
    if (w.changed == known_alike(t)) {
        printf("# %s without its scope: %s\n", t->name, mm_code_key(w.code));
        fault(t, w.changed ? "changes more without its scope: take it out of values.def"
                           : "changes nothing of another without its scope: nothing is proved");
    }
    t->mutants++;
}

/* ---- compiling ---- */

static enum mm_code work_compile(struct mm_tx *tx, void *arg)
{
    struct writing *w = arg;
    struct mm_prepared *st = NULL;

    w->code = mm_tx_prepare(tx, w->stmt, &st);
    if (w->code == MM_OK)
        mm_tx_release(tx, st);
    return MM_E_EXISTS;
}

/* One place after the other: what still compiles, because the rest of it names the company, is held
 * by the views and the guards. */
static void test_compile(struct tester *t)
{
    struct writing w = {.t = t};

    for (size_t i = 0; (w.stmt = without_scope(t, t->stmt->kind, i)) != NULL; i++) {
        in_vain(t, t->one, work_compile, &w);
        t->mutants++;
        if (w.code != MM_OK)
            continue;
        if (t->stmt->kind == MM_STMT_WRITE)
            in_vain(t, t->one, work_write, &w);
        else
            w.changed = !same_answer(t, t->one, w.stmt, t->one, t->alone, w.stmt);
        if (w.changed || w.hangs)
            fault(t, "compiles without its scope, and shows or changes what is another's");
    }
}

/* ---- all ---- */

enum part { PART_ONE, PART_MANY, PART_PROGRAMME, PART_WRITE, PART_COMPILE };

static void test_one(struct tester *t, enum part part)
{
    bool reads = t->stmt->kind == MM_STMT_READ || t->stmt->kind == MM_STMT_AGGREGATE;

    if (t->stmt->kind == MM_STMT_SYSTEM || (part == PART_WRITE && t->stmt->kind != MM_STMT_WRITE) ||
        (part < PART_WRITE && !reads) ||
        (part == PART_PROGRAMME && t->stmt->kind != MM_STMT_AGGREGATE) ||
        (part == PART_MANY && strstr(t->stmt->sql, ":company") != NULL))
        return; /* who sees many companies runs no statement that is about one */
    t->statements++;
    switch (part) {
    case PART_ONE:
        test_read(t, t->one, t->alone);
        break;
    case PART_MANY:
        test_read(t, t->many, t->group);
        break;
    case PART_PROGRAMME:
        test_read(t, t->programme, t->group);
        break;
    case PART_WRITE:
        test_write(t);
        break;
    case PART_COMPILE:
        test_compile(t);
        break;
    }
}

static void test_all(struct tester *t, enum part part, const char *promise)
{
    for (size_t f = 0; f < t->feature_n; f++) {
        for (size_t i = 0; i < t->feature[f]->stmt_count; i++) {
            t->stmt = &t->feature[f]->stmts[i];
            (void)snprintf(t->name, sizeof(t->name), "%s.%s", t->feature[f]->name, t->stmt->name);
            test_one(t, part);
        }
    }
    told(t, promise);
}

/* Every feature that has tables, and the portal's joins over them. */
static void list_features(struct tester *t)
{
    const struct mm_records_options *all = mm_app_tables();

    MM_ASSERT(all->feature_count < MM_FEATURES_MAX);
    t->feature_n = all->feature_count;
    memcpy(t->feature, all->features, t->feature_n * sizeof(t->feature[0]));
    t->feature[t->feature_n++] = &mm_portal_feature;
}

static struct mm_records *open_records(struct tester *t, const char *dir)
{
    const struct mm_records_options options = {
        .dir = dir, .features = t->feature, .feature_count = t->feature_n, .version = MM_VERSION};
    struct mm_records_fault why = {0};
    struct mm_records *rec = NULL;
    enum mm_code code = mm_records_open(&options, &rec, &why);

    must(code, why.what == NULL ? dir : why.detail);
    return rec;
}

static void find_references(struct tester *t, struct mm_tx *tx, const char *table)
{
    char sql[256];
    struct mm_db_stmt *st = NULL;
    bool row = false;

    (void)snprintf(sql, sizeof(sql),
                   "SELECT \"from\", \"table\", \"to\" FROM pragma_foreign_key_list('%s', 'main') "
                   "WHERE \"from\" <> 'company' AND \"table\" <> 'company'",
                   table);
    must(mm_db_prepare(tx->db, sql, &st), sql);
    while (mm_db_step(st, &row) == MM_OK && row) {
        struct reference *r = &t->reference[t->reference_n];
        struct mm_slice parent = mm_db_bytes(st, 1);

        if (!is_owned(t, (const char *)parent.p, parent.n) || t->reference_n == REFERENCES_MAX)
            continue;
        (void)snprintf(r->table, sizeof(r->table), "%s", table);
        (void)snprintf(r->column, sizeof(r->column), "%.*s", MM_S_ARG(mm_db_bytes(st, 0)));
        (void)snprintf(r->parent, sizeof(r->parent), "%.*s", MM_S_ARG(mm_db_bytes(st, 1)));
        (void)snprintf(r->key, sizeof(r->key), "%.*s", MM_S_ARG(mm_db_bytes(st, 2)));
        t->reference_n++;
    }
    mm_db_finalize(&st);
}

/* Which tables belong to a company, and what hangs on them. */
static enum mm_code work_learn(struct mm_tx *tx, void *arg)
{
    struct tester *t = arg;

    t->owned_n = tx->owned_count;
    for (size_t i = 0; i < tx->owned_count; i++)
        memcpy(t->owned[i], tx->owned[i], TX_NAME_MAX);
    for (size_t i = 0; i < tx->owned_count; i++)
        find_references(t, tx, t->owned[i]);
    return MM_E_EXISTS;
}

static const struct mm_scope *make_scope(struct tester *t, enum mm_scope_kind kind)
{
    static const uint32_t members[] = {1, 4, 5, 6, 7}; /* of A's programme, as world.py has it */
    const struct mm_scope_spec spec = {
        .kind = kind,
        .company = kind == MM_SCOPE_COMPANY ? COMPANY_A : 0,
        .companies = members,
        .count = kind == MM_SCOPE_COMPANY ? 0 : MM_COUNT(members),
    };
    const struct mm_scope *scope = NULL;

    must(mm_scope_make(&t->arena, &spec, &scope), "scope");
    return scope;
}

/* Every statement of the store of events, for statements.py: name, format, SQL. */
static int print_events(void)
{
    struct mm_buf out;

    mm_buf_init(&out, EVENTS_MAX);
    for (enum mm_statement st = 0; st < MM_ST_COUNT; st++) {
        mm_buf_fmt(&out, "%s\t%s\t", mm_statement_name(st), mm_statement_format(st));
        mm_statement_sql(&out, st);
        mm_buf_byte(&out, '\n');
    }
    (void)fwrite(out.p, 1, out.n, stdout);
    mm_buf_done(&out);
    return 0;
}

int main(int argc, char **argv)
{
    struct tester *t = argc == 4 ? calloc(1, sizeof(*t)) : NULL;

    if (argc == 2 && strcmp(argv[1], "--events") == 0)
        return print_events();
    if (t == NULL) {
        fputs("usage: isolation-statements FULL ALONE GROUP\n"
              "       isolation-statements --events\n",
              stderr);
        return 2;
    }
    mm_arena_init(&t->arena, ARENA_MAX);
    list_features(t);
    t->full = open_records(t, argv[1]);
    t->alone = open_records(t, argv[2]);
    t->group = open_records(t, argv[3]);
    t->one = make_scope(t, MM_SCOPE_COMPANY);
    t->many = make_scope(t, MM_SCOPE_OPERATOR);
    t->programme = make_scope(t, MM_SCOPE_PROGRAMME);
    in_vain(t, mm_system_scope(), work_learn, t);
    test_all(t, PART_ONE, "to a company no statement shows another, and each would without scope");
    test_all(t, PART_MANY, "nor to who sees a set of companies");
    test_all(t, PART_PROGRAMME, "nor do sums of a programme");
    test_all(t, PART_WRITE, "none changes another's rows, and each would without scope");
    test_all(t, PART_COMPILE, "none compiles without its scope, or does harm then");
    printf("# %u runs of statements, %u mutants\n1..%u\n", t->statements, t->mutants, t->tests);
    mm_records_close(&t->group);
    mm_records_close(&t->alone);
    mm_records_close(&t->full);
    mm_arena_done(&t->arena);
    argc = t->failed > 0 || t->reference_n == 0;
    free(t);
    return argc;
}
