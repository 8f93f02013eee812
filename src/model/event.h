/*
 * model/event.h - one normalised record of something that happened.
 *
 * Purpose   The struct that parsing fills, rules read and the store writes.
 * Owns      Nothing: text values borrow the original line or the batch's arena.
 * Threads   One event, one thread.
 * Trust     Values are hostile bytes; names beyond fields.def are too.
 * Spec      Elastic Common Schema 8 names; model/fields.def is the list.
 */
#ifndef MM_MODEL_EVENT_H
#define MM_MODEL_EVENT_H

#include "base/base.h"
#include "base/buf.h"
#include "base/ip.h"
#include "base/limits.h"

enum mm_ftype { MM_FT_KEYWORD, MM_FT_TEXT, MM_FT_IP, MM_FT_UINT };
enum mm_fstore { MM_FS_HOT, MM_FS_MAP };

enum mm_field {
#define MM_FIELD(id, name, type, store) MM_F_##id,
#include "model/fields.def"
#undef MM_FIELD
    MM_F_COUNT,
    MM_F_NONE = MM_F_COUNT
};

/* How far `time` can be trusted. */
enum mm_time_quality {
    MM_TQ_ZONE_GIVEN,
    MM_TQ_ZONE_ASSUMED,
    MM_TQ_YEAR_ASSUMED,
    MM_TQ_RECEIVED, /* no time in the line: `received` stands in */
    /* > 1 day ahead of or > 400 days behind `received`, from a file: before 1990. Correlate by
     * received. */
    MM_TQ_IMPLAUSIBLE,
    MM_TQ_COUNT
};

enum { MM_EV_CHARSET_SHIFT = 8 };

enum mm_event_flag {
    MM_EV_UNPARSED = 1,    /* no format could read all of it */
    MM_EV_TRUNCATED = 2,   /* cut at MM_MAX_LINE by intake */
    MM_EV_BAD_UTF8 = 4,    /* the original holds bytes that are no text in its character set */
    MM_EV_IMPORTED = 8,    /* from a file, not live */
    MM_EV_EXTRA_FULL = 16, /* fields beyond MM_MAX_EXTRA were left out (the original has them) */
    MM_EV_COSTLY = 32,     /* unparsed because reading it would cost more than a line may */
    /* Of a record on its way to parsing, never of an event: the character set (codec/charset.h)
     * that whoever brought it in has said. */
    MM_EV_CHARSET = 7 << MM_EV_CHARSET_SHIFT,
};

struct mm_extra {
    struct mm_slice name;
    struct mm_slice value;
};

union mm_fval {
    struct mm_slice text; /* KEYWORD, TEXT */
    uint64_t u;           /* UINT */
    struct mm_ip ip;      /* IP */
};

enum { MM_F_WORDS = (MM_F_COUNT + 63) / 64 };

struct mm_event {
    uint64_t seq;
    uint16_t queue;
    uint16_t flags; /* enum mm_event_flag */
    uint16_t keep_days;
    uint8_t time_quality; /* enum mm_time_quality */
    uint32_t company;
    uint32_t source;
    int64_t received_us;
    int64_t time_us;
    struct mm_slice format; /* name of the format that read it, or empty */
    /* The whole line as UTF-8. When it came in another set, its bytes as they came are the extra
     * mimamori.raw (base64url) and the set is mimamori.charset. */
    struct mm_slice original;
    uint64_t has[MM_F_WORDS];
    union mm_fval val[MM_F_COUNT];
    size_t extra_n;
    struct mm_extra extra[MM_MAX_EXTRA];
};

/* ECS name, type and place of a field. f < MM_F_COUNT. */
struct mm_slice mm_field_name(enum mm_field f);
enum mm_ftype mm_field_type(enum mm_field f);
enum mm_fstore mm_field_store(enum mm_field f);
/* The field of that ECS name, or MM_F_NONE. */
enum mm_field mm_field_find(struct mm_slice name);

/* Empty event: no fields, zero envelope. Cheap: values are not cleared. */
void mm_event_reset(struct mm_event *ev);

static inline bool mm_event_has(const struct mm_event *ev, enum mm_field f)
{
    return (ev->has[f / 64] >> (f % 64) & 1) != 0;
}

/* Set by type; the field must be of that type. A later set replaces an earlier one. */
void mm_event_text(struct mm_event *ev, enum mm_field f, struct mm_slice v);
void mm_event_uint(struct mm_event *ev, enum mm_field f, uint64_t v);
void mm_event_ip(struct mm_event *ev, enum mm_field f, const struct mm_ip *v);
/*
 * Set field f from text, converting to its type. False (and nothing set) when the text is not of
 * that type: the caller then counts the line as not wholly parsed.
 */
MM_MUST_USE bool mm_event_parse(struct mm_event *ev, enum mm_field f, struct mm_slice text);
/* As above by name; names not in fields.def become extras (always true unless full). */
MM_MUST_USE bool mm_event_name(struct mm_event *ev, struct mm_slice name, struct mm_slice text);
/* Forget a field. */
void mm_event_unset(struct mm_event *ev, enum mm_field f);
/* The extra of that name, or NULL. */
const struct mm_slice *mm_event_extra(const struct mm_event *ev, struct mm_slice name);

enum { MM_FIELD_TEXT = 48 }; /* room for the text of an IP or a number */
/* A set field as text; numbers and addresses are written into tmp. */
struct mm_slice mm_event_as_text(const struct mm_event *ev, enum mm_field f,
                                 char tmp[MM_FIELD_TEXT]);

/*
 * One JSON object on one line, ECS names flat ("source.ip": "…"), keys sorted: fixed fields in
 * fields.def's order, extras after them in the order set; "@timestamp" first. UINT as numbers.
 * Invalid UTF-8 is replaced. Includes event.original only when `original` is asked for.
 */
void mm_event_json(struct mm_buf *out, const struct mm_event *ev, bool original);

/* A line that says it was repeated more often than this counts as so many: senders are hostile, and
 * one line must not drown what the others say. */
enum { MM_EVENT_STANDS_MAX = 1000 * 1000 };
/* How many events the line stands for: mimamori.count within 1 and MM_EVENT_STANDS_MAX. */
uint32_t mm_event_stands_for(const struct mm_event *ev);
/* Did a control stop what the event tells of, so that no harm was done? By prevented.def. */
bool mm_event_prevented(const struct mm_event *ev);
/* Does it tell of a login that succeeded? Among thousands that failed it is the one that counts. */
bool mm_event_let_in(const struct mm_event *ev);

#endif
