/*
 * triage/triage_bench.c - what alerts cost on their way into the records, on the disk of the
 * working directory: findings of their own, each with its case, jobs and event; and names of a
 * flood, which are looked for and counted together. One line of figures.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/time.h"
#include "job/job.h"
#include "store/records/system_scope.h"
#include "triage/triage.h"

enum {
    COMPANIES = 50,
    RULES = 5,
    OWN = COMPANIES * RULES * MM_TRIAGE_RULE_HOUR, /* as many as an hour has room for */
    FLOOD = 100 * 1000,
    NAME = 24,
};

static const struct mm_migration companies[] = {
    {1, "companies",
     "CREATE TABLE company(company INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;"
     "CREATE TABLE device(company INTEGER NOT NULL, name TEXT NOT NULL, address TEXT, "
     "ended_us INTEGER) STRICT;"
     "WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n < 50) "
     "INSERT INTO company SELECT n, 'c' || n FROM c;"},
};
static const struct mm_feature base = {
    .name = "register", .migrations = companies, .migration_count = MM_COUNT(companies)};

struct alerts {
    struct mm_alert *list;
    char (*name)[NAME];
    size_t n;
};

static bool make(struct alerts *a, size_t n)
{
    a->list = calloc(n, sizeof(*a->list));
    a->name = calloc(n, sizeof(*a->name));
    a->n = 0;
    return a->list != NULL && a->name != NULL;
}

static void add(struct alerts *a, uint32_t company, const char *rule)
{
    static uint64_t seq;
    struct mm_slice event = MM_S("{\"event.original\":\"Failed password for somebody\"}");
    int n = snprintf(a->name[a->n], NAME, "name-%06zu", a->n);

    a->list[a->n] = (struct mm_alert){.seq = ++seq,
                                      .company = company,
                                      .source = 1,
                                      .time_us = (int64_t)seq,
                                      .received_us = (int64_t)seq,
                                      .events = 1,
                                      .level = MM_LEVEL_HIGH,
                                      .rule_id = mm_slice_str(rule),
                                      .title = mm_slice_str(rule),
                                      .entity_field = MM_S("user.name"),
                                      .entity = mm_slice_of(a->name[a->n], (size_t)n),
                                      .doc = MM_S("{}"),
                                      .event = event};
    a->n++;
}

struct part {
    const struct mm_triage_plan *plan;
    size_t at, opened;
    int64_t now_us;
};

static enum mm_code take(struct mm_tx *tx, void *arg)
{
    struct mm_opened opened[MM_TRIAGE_RUNS_MAX];
    struct part *p = arg;
    size_t n = 0;
    enum mm_code code = mm_triage_alerts(tx, p->plan, p->at, p->now_us, &p->at, opened, &n);

    p->opened += code == MM_OK ? n : 0;
    return code;
}

/* Plan and take them; seconds, and how many cases were opened. */
static bool run(struct mm_records *rec, struct alerts *a, double *ret_s, size_t *ret_opened)
{
    int64_t began = mm_mono_us();
    struct mm_triage_plan plan;
    struct mm_tx *tx = NULL;
    struct part p = {.plan = &plan, .now_us = mm_now_us()};
    bool ok;

    qsort(a->list, a->n, sizeof(*a->list), mm_alert_order);
    ok = mm_records_read(rec, mm_system_scope(), &tx) == MM_OK;
    ok = ok && mm_triage_plan(tx, a->list, a->n, p.now_us, &plan) == MM_OK;
    mm_records_read_done(&tx);
    while (ok && p.at < mm_triage_steps(&plan))
        ok = mm_records_write(rec, mm_system_scope(), take, &p) == MM_OK;
    if (ok)
        mm_triage_plan_done(&plan);
    *ret_s = (double)(mm_mono_us() - began) / MM_US_PER_S;
    *ret_opened = p.opened;
    return ok;
}

static void remove_all(const char *dir)
{
    static const char *const files[] = {"records.db", "records.db-wal", "records.db-shm",
                                        "records.lock"};

    for (size_t i = 0; i < MM_COUNT(files); i++) {
        char path[64];

        (void)snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
        (void)unlink(path);
    }
    (void)rmdir(dir);
}

int main(void)
{
    static const char *const rules[RULES] = {"r0", "r1", "r2", "r3", "r4"};
    static const struct mm_feature *const features[] = {&base, &mm_job_feature, &mm_triage_feature};
    char dir[] = "triage-bench-XXXXXX";
    struct mm_records_options options = {.dir = mkdtemp(dir),
                                         .features = features,
                                         .feature_count = MM_COUNT(features),
                                         .version = "bench"};
    struct mm_records *rec = NULL;
    struct alerts own = {0}, flood = {0};
    double own_s = 0, flood_s = 0;
    size_t own_n = 0, flood_n = 0;
    bool ok = options.dir != NULL && mm_records_open(&options, &rec, NULL) == MM_OK &&
              make(&own, OWN) && make(&flood, FLOOD);

    for (size_t i = 0; ok && i < OWN; i++)
        add(&own, 1 + (uint32_t)(i % COMPANIES), rules[i / COMPANIES % RULES]);
    for (size_t i = 0; ok && i < FLOOD; i++)
        add(&flood, 1, "spray");
    ok = ok && run(rec, &own, &own_s, &own_n) && run(rec, &flood, &flood_s, &flood_n);
    mm_records_close(&rec);
    if (options.dir != NULL)
        remove_all(dir);
    if (!ok || own_n != OWN || flood_n != 1) {
        fprintf(stderr, "not done: %zu of %d, %zu\n", own_n, OWN, flood_n);
        return 1;
    }
    printf("triage: %.0f findings/s with a case each, %.0f names/s counted together\n", OWN / own_s,
           FLOOD / flood_s);
    return 0;
}
