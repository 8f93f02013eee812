/*
 * decode/win.h - what the three files of the Windows decoder share.
 *
 * Purpose   winshape.c finds members and names them, winfield.c puts them into fields, winevent.c
 *           draws the conclusions. Nothing else includes this header.
 * Owns      Nothing; a struct win lives for one document.
 * Threads   One document, one thread.
 * Trust     As winevent.h.
 */
#ifndef MM_DECODE_WIN_H
#define MM_DECODE_WIN_H

#include "decode/names.h"
#include "decode/winevent.h"

/* Facts from System (or their like in other shapes). */
enum win_head {
    HEAD_SKIP, /* known and of no use */
    HEAD_CODE,
    HEAD_CHANNEL,
    HEAD_PROVIDER,
    HEAD_HOST,
    HEAD_RECORD,
    HEAD_KEYWORDS,
    HEAD_LEVEL,
    HEAD_MESSAGE,
    HEAD_AUDIT, /* a word that says success or failure */
    HEAD_SID,
    HEAD_USER,
    HEAD_DOMAIN,
    HEAD_TIME,          /* TimeCreated: UTC when a zone stands there, which is nearly always */
    HEAD_TIME_LOCAL,    /* NXLog EventTime: often local time without a zone */
    HEAD_TIME_RECEIVED, /* NXLog EventReceivedTime: local time without a zone */
    HEAD_TIME_AT,       /* @timestamp: the event's in Winlogbeat, the shipper's elsewhere */
    HEAD_COUNT
};

/* EventData values that conclusions are drawn from. */
enum win_slot {
    SLOT_NONE,
    SLOT_UTC_TIME,
    SLOT_USER,
    SLOT_SOURCE_USER,
    SLOT_TARGET_USER,
    SLOT_SUBJECT_NAME,
    SLOT_SUBJECT_DOMAIN,
    SLOT_SUBJECT_SID,
    SLOT_TARGET_NAME,
    SLOT_TARGET_DOMAIN,
    SLOT_TARGET_SID,
    SLOT_MEMBER_NAME,
    SLOT_MEMBER_SID,
    SLOT_ACCOUNT_NAME,
    SLOT_ACCOUNT_DOMAIN,
    SLOT_USER_NAME,
    SLOT_TARGET_SERVER,
    SLOT_HASHES,
    SLOT_INITIATED,
    SLOT_PID,
    SLOT_NEW_PID,
    SLOT_PID_CAPITAL, /* ProcessID: the filtering platform's, or NXLog's own of the event log */
    SLOT_OBJECT_TYPE,
    SLOT_OBJECT_NAME,
    SLOT_STATUS,
    SLOT_SUB_STATUS,
    SLOT_EVENT_TYPE,
    SLOT_CONTEXT, /* PowerShell ContextInfo */
    SLOT_DIRECTION,
    SLOT_THREAT_NAME,
    SLOT_THREAT_CATEGORY,
    SLOT_THREAT_PROCESS,
    SLOT_PATH,
    SLOT_THREAT_ACTION,
    SLOT_THREAT_ERROR,
    SLOT_DATA, /* values without a name */
    SLOT_COUNT
};

enum win_kind { KIND_TEXT, KIND_ADDR, KIND_NUM, KIND_PROTO, KIND_COPY, KIND_HEAD, KIND_LATE };

/* Where one EventData name goes. */
struct win_row {
    struct mm_slice name;
    struct mm_slice extra; /* winlog.event_data.NAME */
    struct mm_slice ecs;
    enum mm_field field; /* of ecs, or MM_F_NONE: an extra of that name */
    enum win_kind kind;
    enum win_slot slot;
};

enum {
    WIN_ROWS_MAX = 160,
    WIN_PARAMS_MAX = 32, /* widest event without names: Windows Error Reporting, 22 */
    WIN_EVENTS_MAX = 300,
    WIN_KEY = 4, /* channel, number */
};

struct mm_winevent {
    struct mm_names heads;  /* member name -> enum win_head */
    struct mm_names data;   /* EventData name -> row */
    struct mm_names events; /* channel and number -> row of winevents.def */
    struct mm_names fields; /* ECS name -> enum mm_field */
    struct win_row row[WIN_ROWS_MAX];
    size_t row_count;
    uint8_t event_key[WIN_EVENTS_MAX][WIN_KEY];
};

struct win {
    const struct mm_winevent *t;
    const struct mm_json_doc *doc;
    const struct mm_decode_env *env;
    struct mm_event *ev;
    struct mm_slice head[HEAD_COUNT]; /* p == NULL: absent */
    struct mm_slice slot[SLOT_COUNT];
    struct mm_slice param[WIN_PARAMS_MAX]; /* values without a name, and param1 … */
    size_t param_count;
    bool unnamed;     /* those came without a name, not as param1 … */
    bool at_is_event; /* @timestamp is the event's own time */
    bool has_data;
    bool flat;       /* System's and EventData's values stand side by side */
    const char *why; /* first reason why the line isn't parsed, or NULL */
};

/* winfield.c */
void win_tables_init(struct mm_winevent *t);
/* An extra of any name; the name is borrowed. */
void win_extra(struct win *w, struct mm_slice name, struct mm_slice value);
/* winlog.event_data.NAME. */
void win_extra_data(struct win *w, struct mm_slice name, struct mm_slice value);
/* One EventData member. */
void win_data(struct win *w, struct mm_slice name, const struct mm_json_item *it);
void win_data_text(struct win *w, struct mm_slice name, struct mm_slice value);
/* An ECS field by name, as Winlogbeat's modules write them; a set field stays. */
void win_ecs(struct win *w, struct mm_slice name, struct mm_slice value);
/* Decimal or 0x… */
bool win_num(struct mm_slice s, uint64_t *ret);
/* "-", "", and the like: nothing stands there. */
bool win_is_blank(struct mm_slice s);
void win_fail(struct win *w, const char *why);

/* winshape.c: false when the root is no Windows event. */
bool win_shape(struct win *w);

/* winderive.c */
void win_events_init(struct mm_winevent *t);
void win_derive(struct win *w);

#endif
