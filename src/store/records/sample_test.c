/* store/records/sample_test.c - see sample_test.h. */
#include "store/records/sample_test.h"

#include "tests/harness/test.h"

static const struct mm_migration migrations[] = {
    {1, "companies",
     "CREATE TABLE company(company INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;"},
    {2, "things",
     "CREATE TABLE thing(thing INTEGER PRIMARY KEY,"
     " company INTEGER NOT NULL REFERENCES company(company), name TEXT NOT NULL, note TEXT,"
     " UNIQUE(company, name)) STRICT;"
     "CREATE TABLE weather(day INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;"},
};

const struct mm_stmt mm_sample_stmts[SAMPLE_STMTS] = {
    MM_STMT_ROW(SAMPLE_COMPANY_ADD, MM_STMT_SYSTEM,
                "INSERT INTO main.company(company, name) VALUES (:id, :name)")
        MM_STMT_ROW(SAMPLE_THING_ADD, MM_STMT_WRITE,
                    "INSERT INTO main.thing(company, name, note) VALUES (:company, :name, :note)")
            MM_STMT_ROW(
                SAMPLE_THING_RENAME, MM_STMT_WRITE,
                "UPDATE main.thing SET name = :name WHERE company = :company AND thing = :thing")
                MM_STMT_ROW(SAMPLE_THING_REMOVE, MM_STMT_WRITE,
                            "DELETE FROM main.thing WHERE company = :company AND thing = :thing")
                    MM_STMT_ROW(SAMPLE_THING_LIST, MM_STMT_READ,
                                "SELECT thing, company, name, note FROM thing ORDER BY thing")
                        MM_STMT_ROW(SAMPLE_THING_GET, MM_STMT_READ,
                                    "SELECT name FROM thing WHERE thing = :thing")
                            MM_STMT_ROW(SAMPLE_THING_COUNT, MM_STMT_READ,
                                        "SELECT count(*) FROM thing")
                                MM_STMT_ROW(SAMPLE_COUNT_ALL, MM_STMT_SYSTEM,
                                            "SELECT count(*) FROM main.thing")
                                    MM_STMT_ROW(SAMPLE_BY_NAME, MM_STMT_AGGREGATE,
                                                "SELECT count(DISTINCT company) AS companies, "
                                                "name, count(*)"
                                                " FROM thing GROUP BY name ORDER BY name")};

static const char *const shared[] = {"weather", NULL};

const struct mm_feature mm_sample_feature = {
    .name = "sample",
    .migrations = migrations,
    .migration_count = MM_COUNT(migrations),
    .stmts = mm_sample_stmts,
    .stmt_count = SAMPLE_STMTS,
    .shared = shared,
};

struct mm_records *mm_sample_open(const char *dir)
{
    static const struct mm_feature *const features[] = {&mm_sample_feature};
    struct mm_records *rec = NULL;
    struct mm_records_fault fault = {0};
    enum mm_code code = mm_records_open(
        &(struct mm_records_options){
            .dir = dir, .features = features, .feature_count = 1, .version = "1.2.3"},
        &rec, &fault);

    CHECK_NUM(code, MM_OK);
    return rec;
}

static enum mm_code work_companies(struct mm_tx *tx, void *arg)
{
    uint32_t count = *(uint32_t *)arg;

    for (uint32_t i = 0; i < count; i++) {
        struct mm_q q;
        enum mm_code code;

        mm_q_begin(&q, tx, &mm_sample_stmts[SAMPLE_COMPANY_ADD]);
        mm_q_int(&q, ":id", i);
        mm_q_text(&q, ":name", MM_S("a company"));
        code = mm_q_end(&q);
        if (code != MM_OK)
            return code;
    }
    return MM_OK;
}

void mm_sample_companies(struct mm_records *rec, uint32_t count)
{
    CHECK_NUM(mm_records_write(rec, mm_system_scope(), work_companies, &count), MM_OK);
}

static enum mm_code work_add(struct mm_tx *tx, void *arg)
{
    struct mm_q q;

    mm_q_begin(&q, tx, &mm_sample_stmts[SAMPLE_THING_ADD]);
    mm_q_text(&q, ":name", mm_slice_str(arg));
    mm_q_null(&q, ":note");
    return mm_q_end(&q);
}

enum mm_code mm_sample_add(struct mm_records *rec, const struct mm_scope *scope, const char *name)
{
    char copy[64];

    MM_ASSERT(strlen(name) < sizeof(copy));
    memcpy(copy, name, strlen(name) + 1);
    return mm_records_write(rec, scope, work_add, copy);
}

static int64_t count_of(struct mm_records *rec, const struct mm_scope *scope, enum sample_stmt stmt)
{
    struct mm_tx *tx = NULL;
    struct mm_q q;
    int64_t n = -1;

    CHECK_NUM(mm_records_read(rec, scope, &tx), MM_OK);
    mm_q_begin(&q, tx, &mm_sample_stmts[stmt]);
    CHECK_NUM(mm_q_end_int(&q, &n), MM_OK);
    mm_records_read_done(&tx);
    return n;
}

int64_t mm_sample_count(struct mm_records *rec, const struct mm_scope *scope)
{
    return count_of(rec, scope, SAMPLE_THING_COUNT);
}

int64_t mm_sample_count_all(struct mm_records *rec)
{
    return count_of(rec, mm_system_scope(), SAMPLE_COUNT_ALL);
}
