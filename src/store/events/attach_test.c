/* store/events/attach_test.c - tables of every release are known again, and no other. */
#include "store/events/attach.h"

#include "tests/harness/test.h"

#define HEAD "ATTACH TABLE _ UUID '68b88d9c-e15e-4d1a-b219-88a829bce999'\n(\n"
#define COLUMNS                                                                                    \
    "    `company` UInt32,\n"                                                                      \
    "    `received` DateTime64(6, 'UTC') CODEC(Delta(8), LZ4),\n"                                  \
    "    `more` Map(LowCardinality(String), String),\n"                                            \
    "    `mimamori_count` UInt64 DEFAULT toUInt64OrZero(more['mimamori.count']),\n"
#define INDEX "    INDEX by_number (queue, seq) TYPE minmax GRANULARITY 1\n"
#define ENGINE ")\nENGINE = MergeTree\nPARTITION BY toYYYYMM(received)\n"
#define ORDER "ORDER BY (company, received)\n"
#define TTL "TTL toDateTime(received) + toIntervalDay(keep_days)\n"
#define SETTINGS "SETTINGS merge_selector_base = 20, auto_statistics_types = '', "
#define END SETTINGS "index_granularity = 8192\n"
#define WHOLE HEAD COLUMNS INDEX ENGINE ORDER TTL END

TEST(attach_knows_tables_of_ours_as_each_release_has_made_them)
{
    static const struct {
        const char *text;
        enum mm_etable table;
    } cases[] = {
        {WHOLE, MM_ET_EVENTS},
        {HEAD COLUMNS "    INDEX by_seq seq TYPE minmax GRANULARITY 1\n" ENGINE ORDER TTL
                      "SETTINGS index_granularity = 8192\n",
         MM_ET_EVENTS},
        {HEAD "    `seq_to` UInt64,\n    `fours` String CODEC(NONE)\n" ENGINE ORDER TTL END,
         MM_ET_SIEVES},
        {HEAD "    `events` UInt32 DEFAULT 1,\n"
              "    INDEX by_seq seq TYPE minmax GRANULARITY 1\n" ENGINE
              "ORDER BY (company, received, queue, seq, rule_id)\n" TTL END,
         MM_ET_ALERTS},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_fault fault = {0};
        enum mm_code code = mm_attach_check(mm_slice_str(cases[i].text), cases[i].table, &fault);

        if (code != MM_OK)
            mm_test_fail(__FILE__, __LINE__, cases[i].text + fault.at);
    }
}

TEST(attach_refuses_what_differs_in_a_word)
{
    static const struct {
        const char *text;
        const char *strange; /* the line that is named */
    } cases[] = {
        {"", ""},
        {"CREATE TABLE x", "CREATE"},
        {"ATTACH TABLE _ UUID '../../../../etc/passwd-0123456789abcd'\n" COLUMNS INDEX ENGINE ORDER
             TTL END,
         "ATTACH"},
        {"ATTACH VIEW _ UUID '68b88d9c-e15e-4d1a-b219-88a829bce999'\n(\n", "ATTACH"},
        {HEAD COLUMNS INDEX ")\nENGINE = File(CSV, '/etc/passwd')\n", "ENGINE = File"},
        {HEAD COLUMNS INDEX ")\nENGINE = URL('http://192.0.2.1/', CSV)\n", "ENGINE = URL"},
        {HEAD COLUMNS INDEX ")\nENGINE = ReplacingMergeTree\n", "ENGINE = Repl"},
        {HEAD "    `company` UInt64,\n" INDEX ENGINE ORDER TTL END, "    `company` UInt64"},
        {HEAD "    `company` UInt32,\n    `company` UInt32,\n" INDEX ENGINE ORDER TTL END,
         "    `company` UInt32,\n    INDEX"},
        {HEAD "    `company` UInt32 DEFAULT (SELECT 1),\n" INDEX ENGINE ORDER TTL END,
         "    `company` UInt32 DEFAULT"},
        {HEAD "    `company` UInt32 MATERIALIZED 1,\n" INDEX ENGINE ORDER TTL END,
         "    `company` UInt32 MAT"},
        {HEAD "    `secret` String DEFAULT file('/etc/passwd'),\n" INDEX ENGINE ORDER TTL END,
         "    `secret`"},
        {HEAD COLUMNS "    PROJECTION p (SELECT 1)\n" ENGINE ORDER TTL END, "    PROJECTION"},
        {HEAD COLUMNS "    CONSTRAINT c CHECK sleep(3)\n" ENGINE ORDER TTL END, "    CONSTRAINT"},
        {HEAD COLUMNS INDEX ")\nENGINE = MergeTree\nPARTITION BY 1\n", "PARTITION BY 1"},
        {HEAD COLUMNS INDEX ENGINE "ORDER BY (received)\n", "ORDER BY (received)"},
        {HEAD COLUMNS INDEX ENGINE ORDER "TTL toDateTime(received) + toIntervalDay(1)\n",
         "TTL toDateTime"},
        {HEAD COLUMNS INDEX ENGINE ORDER TTL "SETTINGS storage_policy = 'away'\n", "SETTINGS"},
        {HEAD COLUMNS INDEX ENGINE ORDER TTL "SETTINGS disk = disk(type = web)\n", "SETTINGS"},
        {HEAD COLUMNS INDEX ENGINE ORDER TTL "SETTINGS index_granularity = (SELECT 1)\n",
         "SETTINGS"},
        {HEAD COLUMNS INDEX ENGINE ORDER TTL "SETTINGS index_granularity = 8192,\n", "SETTINGS"},
        {HEAD COLUMNS INDEX ENGINE ORDER TTL "SETTINGS index_granularity = 8192", "SETTINGS"},
        {WHOLE "COMMENT 'x'\n", "COMMENT"},
        {WHOLE "\n", "\n"},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_fault fault = {0};
        enum mm_code code = mm_attach_check(mm_slice_str(cases[i].text), MM_ET_EVENTS, &fault);

        if (code != MM_E_SYNTAX ||
            strncmp(cases[i].text + fault.at, cases[i].strange, strlen(cases[i].strange)) != 0)
            mm_test_fail(__FILE__, __LINE__, cases[i].text);
    }
}

TEST(attach_is_of_one_table)
{
    enum mm_etable t = MM_ET_COUNT;

    CHECK(mm_attach_check(MM_S(WHOLE), MM_ET_ALERTS, NULL) == MM_E_SYNTAX);
    CHECK(mm_etable_find(MM_S("alerts"), &t) && t == MM_ET_ALERTS);
    CHECK(!mm_etable_find(MM_S("alert"), &t) && !mm_etable_find(MM_S(""), &t));
}
