/* store/events/schema.c - see schema.h for the contract. */
#include "store/events/schema.h"

#define WIRE_KEYWORD MM_EC_WORD
#define WIRE_TEXT MM_EC_STRING
#define WIRE_IP MM_EC_IP
#define WIRE_UINT MM_EC_U64
#define COLUMN_HOT(id, ecs, type) {MM_S_INIT(ecs), WIRE_##type, MM_F_##id, ""},
#define COLUMN_MAP(id, ecs, type)

static const struct mm_ecolumn events[] = {
    [MM_EVC_COMPANY] = {MM_S_INIT("company"), MM_EC_U32, MM_F_NONE, ""},
    [MM_EVC_RECEIVED] = {MM_S_INIT("received"), MM_EC_TIME, MM_F_NONE, " CODEC(Delta, LZ4)"},
    [MM_EVC_QUEUE] = {MM_S_INIT("queue"), MM_EC_U16, MM_F_NONE, ""},
    [MM_EVC_SEQ] = {MM_S_INIT("seq"), MM_EC_U64, MM_F_NONE, " CODEC(Delta, LZ4)"},
    [MM_EVC_TIME] = {MM_S_INIT("time"), MM_EC_TIME, MM_F_NONE, " CODEC(Delta, LZ4)"},
    [MM_EVC_TIME_QUALITY] = {MM_S_INIT("time_quality"), MM_EC_U8, MM_F_NONE, ""},
    [MM_EVC_FLAGS] = {MM_S_INIT("flags"), MM_EC_U16, MM_F_NONE, ""},
    [MM_EVC_KEEP_DAYS] = {MM_S_INIT("keep_days"), MM_EC_U16, MM_F_NONE, ""},
    [MM_EVC_SOURCE] = {MM_S_INIT("source"), MM_EC_U32, MM_F_NONE, ""},
    [MM_EVC_FORMAT] = {MM_S_INIT("format"), MM_EC_WORD, MM_F_NONE, ""},
    [MM_EVC_PRESENT] = {MM_S_INIT("present"), MM_EC_U64, MM_F_NONE, ""},
#define MM_FIELD(id, ecs, type, store) COLUMN_##store(id, ecs, type)
#include "model/fields.def"
#undef MM_FIELD
    {MM_S_INIT("more"), MM_EC_MAP, MM_F_NONE, ""},
    {MM_S_INIT("original"), MM_EC_STRING, MM_F_NONE, ""},
};

static const struct mm_ecolumn alerts[] = {
    [MM_ALC_COMPANY] = {MM_S_INIT("company"), MM_EC_U32, MM_F_NONE, ""},
    [MM_ALC_RECEIVED] = {MM_S_INIT("received"), MM_EC_TIME, MM_F_NONE, ""},
    [MM_ALC_QUEUE] = {MM_S_INIT("queue"), MM_EC_U16, MM_F_NONE, ""},
    [MM_ALC_SEQ] = {MM_S_INIT("seq"), MM_EC_U64, MM_F_NONE, ""},
    [MM_ALC_RULE] = {MM_S_INIT("rule_id"), MM_EC_WORD, MM_F_NONE, ""},
    [MM_ALC_TIME] = {MM_S_INIT("time"), MM_EC_TIME, MM_F_NONE, ""},
    [MM_ALC_KEEP_DAYS] = {MM_S_INIT("keep_days"), MM_EC_U16, MM_F_NONE, ""},
    [MM_ALC_SOURCE] = {MM_S_INIT("source"), MM_EC_U32, MM_F_NONE, ""},
    [MM_ALC_TITLE] = {MM_S_INIT("rule_title"), MM_EC_WORD, MM_F_NONE, ""},
    [MM_ALC_AUTHOR] = {MM_S_INIT("rule_author"), MM_EC_WORD, MM_F_NONE, ""},
    [MM_ALC_LEVEL] = {MM_S_INIT("level"), MM_EC_WORD, MM_F_NONE, ""},
    [MM_ALC_ENTITY_FIELD] = {MM_S_INIT("entity_field"), MM_EC_WORD, MM_F_NONE, ""},
    [MM_ALC_ENTITY] = {MM_S_INIT("entity"), MM_EC_STRING, MM_F_NONE, ""},
    [MM_ALC_DOC] = {MM_S_INIT("doc"), MM_EC_STRING, MM_F_NONE, ""},
    [MM_ALC_EVENT] = {MM_S_INIT("event"), MM_EC_STRING, MM_F_NONE, ""},
    [MM_ALC_HIDDEN_BY] = {MM_S_INIT("hidden_by"), MM_EC_WORD, MM_F_NONE, ""},
    [MM_ALC_EVENTS] = {MM_S_INIT("events"), MM_EC_U32, MM_F_NONE, ""},
    [MM_ALC_RULE_LEVEL] = {MM_S_INIT("rule_level"), MM_EC_WORD, MM_F_NONE, ""},
};

/* Bits of which a third is set: nothing to compress. */
static const struct mm_ecolumn sieves[] = {
    [MM_SVC_COMPANY] = {MM_S_INIT("company"), MM_EC_U32, MM_F_NONE, ""},
    [MM_SVC_RECEIVED] = {MM_S_INIT("received"), MM_EC_TIME, MM_F_NONE, ""},
    [MM_SVC_QUEUE] = {MM_S_INIT("queue"), MM_EC_U16, MM_F_NONE, ""},
    [MM_SVC_FROM] = {MM_S_INIT("seq_from"), MM_EC_U64, MM_F_NONE, ""},
    [MM_SVC_TO] = {MM_S_INIT("seq_to"), MM_EC_U64, MM_F_NONE, ""},
    [MM_SVC_KEEP_DAYS] = {MM_S_INIT("keep_days"), MM_EC_U16, MM_F_NONE, ""},
    [MM_SVC_FORM] = {MM_S_INIT("form"), MM_EC_U8, MM_F_NONE, ""},
    [MM_SVC_FOURS] = {MM_S_INIT("fours"), MM_EC_STRING, MM_F_NONE, " CODEC(NONE)"},
    [MM_SVC_EIGHTS] = {MM_S_INIT("eights"), MM_EC_STRING, MM_F_NONE, " CODEC(NONE)"},
};

static_assert(MM_COUNT(events) == MM_EVC_HOT + MM_HOT_N + 2, "envelope, HOT, more, original");
static_assert(MM_HOT_N <= 64, "`present` has 64 bits");
static_assert(MM_COUNT(alerts) == MM_ALC_COUNT, "every column of alerts has its row");
static_assert(MM_COUNT(sieves) == MM_SVC_COUNT, "every column of sieves has its row");

static const struct {
    const char *name;
    const struct mm_ecolumn *columns;
    size_t n;
    const char *index; /* further clauses of the column list */
    const char *order;
} tables[MM_ET_COUNT] = {
    /* The index on numbers costs nothing to insert (measured); by it exactly_once finds a batch and
     * a search leaves out what sieves rule out. */
    [MM_ET_EVENTS] = {"events", events, MM_COUNT(events),
                      ", INDEX by_number (queue, seq) TYPE minmax GRANULARITY 1",
                      "company, received"},
    [MM_ET_ALERTS] = {"alerts", alerts, MM_COUNT(alerts),
                      ", INDEX by_seq seq TYPE minmax GRANULARITY 1",
                      "company, received, queue, seq, rule_id"},
    [MM_ET_SIEVES] = {"sieves", sieves, MM_COUNT(sieves), "", "company, received"},
};

const struct mm_ecolumn *mm_etable_columns(enum mm_etable t, size_t *ret_n)
{
    MM_ASSERT(t < MM_ET_COUNT && ret_n != NULL);
    *ret_n = tables[t].n;
    return tables[t].columns;
}

const char *mm_etable_name(enum mm_etable t)
{
    MM_ASSERT(t < MM_ET_COUNT);
    return tables[t].name;
}

const char *mm_etable_order(enum mm_etable t)
{
    MM_ASSERT(t < MM_ET_COUNT);
    return tables[t].order;
}

const char *mm_ecol_type_name(enum mm_ecol_type type)
{
    static const char *const names[MM_EC_TYPE_COUNT] = {
        [MM_EC_U8] = "UInt8",
        [MM_EC_U16] = "UInt16",
        [MM_EC_U32] = "UInt32",
        [MM_EC_U64] = "UInt64",
        [MM_EC_TIME] = "DateTime64(6, 'UTC')",
        [MM_EC_IP] = "IPv6",
        [MM_EC_STRING] = "String",
        [MM_EC_WORD] = "LowCardinality(String)",
        [MM_EC_MAP] = "Map(LowCardinality(String), String)",
    };

    MM_ASSERT(type < MM_EC_TYPE_COUNT);
    return names[type];
}

void mm_ecol_name(struct mm_buf *out, const struct mm_ecolumn *col)
{
    for (size_t i = 0; i < col->name.n; i++)
        mm_buf_byte(out, col->name.p[i] == '.' ? '_' : col->name.p[i]);
}

void mm_etable_list(struct mm_buf *out, enum mm_etable t)
{
    MM_ASSERT(t < MM_ET_COUNT);
    for (size_t i = 0; i < tables[t].n; i++) {
        mm_buf_str(out, i == 0 ? "" : ", ");
        mm_ecol_name(out, &tables[t].columns[i]);
    }
}

static void columns_typed(struct mm_buf *out, enum mm_etable t, bool ddl)
{
    MM_ASSERT(t < MM_ET_COUNT);
    for (size_t i = 0; i < tables[t].n; i++) {
        const struct mm_ecolumn *c = &tables[t].columns[i];

        mm_buf_str(out, i == 0 ? "" : ", ");
        mm_ecol_name(out, c);
        mm_buf_byte(out, ' ');
        mm_buf_str(out, mm_ecol_type_name(c->type));
        if (ddl)
            mm_buf_str(out, c->ddl);
    }
}

void mm_etable_structure(struct mm_buf *out, enum mm_etable t)
{
    columns_typed(out, t, false);
}

void mm_etable_create(struct mm_buf *out, enum mm_etable t)
{
    mm_buf_fmt(out, "CREATE TABLE IF NOT EXISTS %s (", mm_etable_name(t));
    columns_typed(out, t, true);
    /*
     * Partition and age go by `received`: by `time`, an import from three years ago would be
     * deleted by the next merge and a batch from 1970 to 2106 refused for its many partitions.
     * An insert is answered when it is on the disk (fsync: 7 % more CPU and time, measured),
     * because the spool is trimmed then. A merged part need not be: its sources are kept for 8
     * minutes. Merges: 20 parts at a time, so that under load a row is rewritten once (with 10,
     * twice: 20 s of processor for 20 M rows more, and rare texts are found no sooner). Larger
     * parts are made when the table has been at rest. Statistics of columns, which the store
     * would gather by itself, are asked by nobody and cost 0.4 us a row.
     * A batch becomes a compact part, a handful of files instead of some 130 that would each be
     * made and synced: an insert of 140,000 rows costs 2.2 us a row instead of 2.7 (measured).
     */
    mm_buf_fmt(out,
               "%s) ENGINE = MergeTree PARTITION BY toYYYYMM(received) ORDER BY (%s) "
               "TTL toDateTime(received) + toIntervalDay(keep_days) "
               "SETTINGS max_bytes_to_merge_at_max_space_in_pool = 1000000000, "
               "merge_selector_base = 20, merge_with_ttl_timeout = 14400, "
               "fsync_after_insert = 1, fsync_part_directory = 1, "
               "min_bytes_for_wide_part = 300000000, auto_statistics_types = ''",
               tables[t].index, tables[t].order);
}
