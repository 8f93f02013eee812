/*
 * store/events/schema.h - the tables of events, made from model/fields.def.
 *
 * Purpose   One list of columns from which everything follows: CREATE TABLE, the Native encoder,
 *           the reader of results and the search language. Nothing else names a column.
 * Owns      Nothing: static tables.
 * Threads   Pure functions.
 * Trust     No input comes here.
 * Spec      ClickHouse SQL >= 24.8. Column of a HOT field: its ECS name with '_' for '.'.
 *           `present` has one bit a HOT field in the order of fields.def, so that 0 and "" are
 *           never confused with "was not there". Everything else is in the map `more`.
 */
#ifndef MM_STORE_EVENTS_SCHEMA_H
#define MM_STORE_EVENTS_SCHEMA_H

#include "base/buf.h"
#include "model/event.h"

enum mm_etable { MM_ET_EVENTS, MM_ET_ALERTS, MM_ET_SIEVES, MM_ET_COUNT };

enum mm_ecol_type {
    MM_EC_U8,
    MM_EC_U16,
    MM_EC_U32,
    MM_EC_U64,
    MM_EC_TIME,   /* DateTime64(6, 'UTC'): microseconds as Int64 */
    MM_EC_IP,     /* IPv6: 16 bytes, IPv4 mapped as base/ip.h does */
    MM_EC_STRING, /* any bytes */
    MM_EC_WORD,   /* LowCardinality(String) */
    MM_EC_MAP,    /* Map(LowCardinality(String), String) */
    MM_EC_TYPE_COUNT
};

struct mm_ecolumn {
    struct mm_slice name; /* envelope: the column's name; HOT field: its ECS name, with dots */
    enum mm_ecol_type type;
    enum mm_field field; /* MM_F_NONE in the envelope */
    const char *ddl;     /* codec and the like, or "" */
};

/* Columns of `events` before the HOT fields, in order; `more` and `original` come behind these. */
enum mm_ev_column {
    MM_EVC_COMPANY,
    MM_EVC_RECEIVED,
    MM_EVC_QUEUE,
    MM_EVC_SEQ,
    MM_EVC_TIME,
    MM_EVC_TIME_QUALITY,
    MM_EVC_FLAGS,
    MM_EVC_KEEP_DAYS,
    MM_EVC_SOURCE,
    MM_EVC_FORMAT,
    MM_EVC_PRESENT,
    MM_EVC_HOT, /* first HOT field */
};

/* Columns of `alerts`, in order: struct mm_alert. */
enum mm_al_column {
    MM_ALC_COMPANY,
    MM_ALC_RECEIVED,
    MM_ALC_QUEUE,
    MM_ALC_SEQ,
    MM_ALC_RULE,
    MM_ALC_TIME,
    MM_ALC_KEEP_DAYS,
    MM_ALC_SOURCE,
    MM_ALC_TITLE,
    MM_ALC_AUTHOR,
    MM_ALC_LEVEL,
    MM_ALC_ENTITY_FIELD,
    MM_ALC_ENTITY,
    MM_ALC_DOC,
    MM_ALC_EVENT,
    MM_ALC_HIDDEN_BY,  /* id of a filter, or empty */
    MM_ALC_EVENTS,     /* how many events it stands for */
    MM_ALC_RULE_LEVEL, /* the author's; empty in rows of before it was kept: then it is `level` */
    MM_ALC_COUNT
};

/* Columns of `sieves`, in order: struct mm_sieve_row. */
enum mm_sv_column {
    MM_SVC_COMPANY,
    MM_SVC_RECEIVED,
    MM_SVC_QUEUE,
    MM_SVC_FROM,
    MM_SVC_TO,
    MM_SVC_KEEP_DAYS,
    MM_SVC_FORM,
    MM_SVC_FOURS,
    MM_SVC_EIGHTS,
    MM_SVC_COUNT
};

/* HOT fields; bit k of `present` is the k-th of them. Fixed by fields.def. */
#define MM_FIELD_IS_HOT 1
#define MM_FIELD_IS_MAP 0
enum {
    MM_HOT_N = 0
#define MM_FIELD(id, name, type, store) +MM_FIELD_IS_##store
#include "model/fields.def"
#undef MM_FIELD
};
#undef MM_FIELD_IS_HOT
#undef MM_FIELD_IS_MAP

/* All columns of a table in order; *ret_n says how many. */
const struct mm_ecolumn *mm_etable_columns(enum mm_etable t, size_t *ret_n);
/* "events", "alerts" or "sieves". */
const char *mm_etable_name(enum mm_etable t);
/* The columns by which a table is ordered. */
const char *mm_etable_order(enum mm_etable t);
/* The ClickHouse type of a column. */
const char *mm_ecol_type_name(enum mm_ecol_type type);
/* Append the column's name in SQL. */
void mm_ecol_name(struct mm_buf *out, const struct mm_ecolumn *col);
/* Append "a, b, c": all columns of a table. */
void mm_etable_list(struct mm_buf *out, enum mm_etable t);
/* Append "a UInt32, b String": all columns with their types, as input() and file() want it. */
void mm_etable_structure(struct mm_buf *out, enum mm_etable t);
/* Append CREATE TABLE IF NOT EXISTS …: without a final semicolon. */
void mm_etable_create(struct mm_buf *out, enum mm_etable t);

#endif
