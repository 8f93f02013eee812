/*
 * parse/format.h - a format as it is after loading: what recognition, decoding and mapping read.
 *
 * Purpose   The compiled form of one content/formats/NAME.yaml.
 * Owns      Everything lives in the arena of struct mm_formats.
 * Threads   Immutable after loading.
 * Trust     Made from our own content by parse/load.c, which checks every index.
 */
#ifndef MM_PARSE_FORMAT_H
#define MM_PARSE_FORMAT_H

#include "codec/kv.h"
#include "codec/pattern.h"
#include "model/event.h"
#include "parse/parse.h"
#include "parse/wire.h"

/* Where a value goes: a fixed field, or an extra of that name. */
struct mm_target {
    enum mm_field field; /* MM_F_NONE: extra */
    struct mm_slice extra;
    uint16_t extra_id; /* of the name, within the format */
};

enum mm_op_kind {
    MM_OP_COPY,
    MM_OP_MAP,       /* words to words */
    MM_OP_SCALE,     /* a decimal number times `times`, divided by `per` */
    MM_OP_BYTES,     /* a size with a unit; `times` is what K means */
    MM_OP_DURATION,  /* a duration with units, in nanoseconds */
    MM_OP_LOWER,     /* ASCII lower case */
    MM_OP_PLUS,      /* "+" stands for a blank */
    MM_OP_LABELS,    /* (3)www(7)example(0): www.example */
    MM_OP_MAC,       /* aa:bb:cc:dd:ee:ff */
    MM_OP_USER,      /* DOMAIN\name: user.domain and the target */
    MM_OP_ACCOUNT,   /* the same, name@realm and host/pc.domain */
    MM_OP_FORWARDED, /* the client of a list of forwarders */
    MM_OP_HOST,      /* [scheme://][user@]host[:port][/...]: the host */
    MM_OP_HOST_IP,   /* the same when the host is an address, else nothing */
    MM_OP_HOST_PORT, /* the port there, or the scheme's own */
    MM_OP_MATCH      /* templates over the value; their captures are wire fields again */
};

enum mm_op_else { MM_ELSE_KEEP, MM_ELSE_DROP, MM_ELSE_VALUE };

/* What happens to one wire field. */
struct mm_op {
    struct mm_op *next;
    struct mm_target to;
    enum mm_op_kind kind;
    bool loose; /* a value of another type is left out and does not make the line unparsed */
    uint64_t times, per;
    uint64_t length; /* only values of as many bytes; 0: any */
    struct mm_symtab map;
    struct mm_slice *map_value; /* by symbol; p == NULL: leave out */
    bool must;                  /* of a match: a value that no template takes is wrong */
    const struct mm_patterns *match;
    uint16_t *match_slot; /* by capture name */
    enum mm_op_else otherwise;
    struct mm_slice else_value;
};

struct mm_slot {
    struct mm_op *ops;
    bool dropped;             /* named by the format, mapped nowhere: not an extra either */
    struct mm_symtab symbols; /* values that conditions ask for */
};

enum mm_cond_kind {
    MM_COND_IN,      /* the value is one of the words */
    MM_COND_GLOB,    /* it matches one of the globs: a*, *a, *a* */
    MM_COND_PRESENT, /* it is there */
    MM_COND_RANGE,   /* lo <= number <= hi */
    MM_COND_PRIVATE, /* an address inside a company */
    MM_COND_PUBLIC   /* an address that is not */
};

struct mm_glob {
    struct mm_slice text;
    bool open_front, open_back; /* '*' there */
};

struct mm_cond {
    struct mm_cond *next;
    enum mm_cond_kind kind;
    bool negate;
    enum mm_field field; /* an ECS field set so far, or MM_F_NONE: a wire slot */
    uint16_t slot;
    uint64_t *mask; /* symbols of the slot, or NULL for a field */
    struct mm_slice *word;
    struct mm_glob *glob;
    size_t count; /* of word or glob */
    uint64_t lo, hi;
};

/* One piece of a value: literal text, or a wire slot, or an ECS field set so far. */
struct mm_piece {
    enum { MM_PIECE_TEXT, MM_PIECE_SLOT, MM_PIECE_FIELD } kind;
    struct mm_slice text;
    uint16_t slot;
    enum mm_field field;
};

struct mm_template {
    struct mm_template *next; /* the alternative when a piece of this one is missing */
    struct mm_piece *piece;
    size_t count;
};

struct mm_set {
    struct mm_set *next;
    struct mm_target to;
    struct mm_template *value; /* NULL: forget the field */
};

struct mm_rule {
    struct mm_rule *next;
    struct mm_cond *conds;
    struct mm_set *sets;
    struct mm_rule *rules; /* asked when this one holds */
    bool also;             /* go on with the next rule even when this one held */
};

/* A time that may stand in the line: parts read one after another into one moment. */
struct mm_time_spec {
    struct mm_time_spec *next;
    enum { MM_TIME_DECODER, MM_TIME_SYSLOG, MM_TIME_SLOTS } from;
    struct {
        uint16_t slot;
        enum mm_when_form form;
    } part[3];
    size_t count;
    bool has_zone; /* of these times when they say none */
    int32_t offset_s;
};

enum { MM_WITNESS_MAX = 8 };

/* One way to recognise a format: all that is given must hold. */
struct mm_witness {
    struct mm_witness *next;
    struct mm_slice app[MM_WITNESS_MAX]; /* any of these */
    size_t app_count;
    struct mm_slice starts[MM_WITNESS_MAX]; /* any of these */
    size_t start_count;
    struct mm_slice has[MM_WITNESS_MAX]; /* all of these, within the first `within` bytes */
    uint16_t has_number[MM_WITNESS_MAX]; /* of the text in the index over all formats */
    size_t has_count;
    size_t within;
    bool headed;                    /* a header line of this source has named columns */
    const struct mm_patterns *like; /* a template that takes the message's beginning, or NULL */
    /* Text that each template of `like` cannot do without; none when one has no such text. */
    struct mm_slice like_text[MM_WITNESS_MAX];
    uint16_t like_number[MM_WITNESS_MAX];
    size_t like_count;
    uint8_t need[MM_WITNESS_MAX]; /* bytes that stand in each template of `like` */
    size_t need_count;
};

/* A column whose cell must be one of these words. */
struct mm_csv_where {
    struct mm_csv_where *next;
    size_t column;
    struct mm_slice *word;
    size_t count;
};

/* Columns of one kind of line. */
struct mm_csv_set {
    struct mm_csv_set *next;
    struct mm_slice name;
    uint16_t *slot; /* by column; MM_SYM_NONE: not read */
    size_t count;
    bool any;     /* also lines with more cells, or (torn ones) with fewer */
    size_t least; /* cells a line has at least, when releases differ in number; 0: exactly count */
    struct mm_csv_where *where;
};

enum mm_csv_header {
    MM_CSV_NO_HEADER,
    MM_CSV_NAMES,     /* a line that is the columns' names */
    MM_CSV_DIRECTIVES /* "#Fields: ..." */
};

struct mm_csv_style {
    uint8_t gap;
    bool quotes;
    enum mm_csv_header header;
    uint16_t slot_message;   /* the column that is the message of a Windows event, or MM_SYM_NONE */
    struct mm_csv_set *sets; /* asked in order */
    uint16_t slot_header, slot_value, slot_set,
        slot_title;     /* names that the decoder itself fills */
    uint16_t slot_json; /* the column that is a JSON object, or MM_SYM_NONE */
};

enum {
    MM_JSON_OPEN_MAX = 4,  /* envelopes of one format: cloud services have two kinds */
    MM_JSON_VALUE_MAX = 8, /* members that may hold a value: Google's parameters have seven kinds */
};

/* A list of objects that say a name and its value: {"Name": "ForwardTo", "Value": "..."}. */
struct mm_json_pairs {
    struct mm_json_pairs *next;
    struct mm_slice list, name;
    struct mm_slice value[MM_JSON_VALUE_MAX]; /* the first that stands there counts */
    size_t value_count;
};

struct mm_json_style {
    struct mm_slice open[MM_JSON_OPEN_MAX]; /* objects whose members go by their own names */
    size_t open_count;
    struct mm_json_pairs *pairs;
    struct mm_symtab above; /* known names and those of all objects that hold one */
};

/* What an envelope says of the line in it. */
enum mm_inner_role {
    MM_INNER_TEXT,
    MM_INNER_HOST,
    MM_INNER_APP,
    MM_INNER_PROC,
    MM_INNER_FACILITY,
    MM_INNER_SEVERITY,
    MM_INNER_ROLES
};

enum { MM_INNER_NAMES = 12 }; /* names of one role: each shipper has its own for a program */

struct mm_inner {
    uint16_t slot[MM_INNER_ROLES][MM_INNER_NAMES]; /* the first that says anything counts */
    size_t count[MM_INNER_ROLES];
};

struct mm_format;
/* Read text into w. False when the line isn't of this kind at all; w->whole says more. */
typedef bool mm_decoder(const struct mm_format *f, struct mm_wire *w, struct mm_slice text);

/* The same in both languages; empty where the file says nothing. */
struct mm_format_words {
    struct mm_slice ja, en;
};

/* What of a syslog header in front of its lines a format reads. */
enum mm_wrap {
    MM_WRAP_NONE,
    MM_WRAP_SYSLOG,
    MM_WRAP_PRI, /* one with a PRI: its lines begin with a date themselves */
};

struct mm_format {
    struct mm_slice name;
    struct mm_format_words about[MM_ABOUT_COUNT];
    struct mm_slice vendor, product;
    uint32_t order;
    enum mm_wrap wrap;
    bool keep_tag; /* what looks like a syslog tag belongs to the message */
    const struct mm_patterns *record_starts; /* a line that one takes begins a record, or NULL */
    bool record_blank;                       /* a line that begins with a blank goes on */
    size_t record_lines;                     /* of one record at most; 1: lines are records */
    bool timeless;                           /* lines may come without a time of their own */
    enum mm_charset charset; /* of sources that send it, unless they say otherwise */
    struct mm_witness *witness;
    bool searches; /* some witness asks for texts that may stand anywhere */
    bool own;      /* the operator's: mm_formats_own */
    mm_decoder *decode;
    bool pairs;    /* the decoder reads names and values */
    bool sd_pairs; /* what stands in the brackets of structured data is pairs as `kv` says */
    struct mm_kv_style kv;
    bool kv_strict;
    struct mm_csv_style csv;
    struct mm_json_style json;
    const struct mm_inner *inner; /* the line may carry a whole other one; NULL: it never does */
    /* Templates over the whole text; their capture `around_body` is what the decoder reads. */
    struct mm_patterns *around;
    uint16_t *around_slot; /* by capture name */
    uint16_t around_body;
    struct mm_patterns *patterns;
    uint16_t pattern_slot[MM_PATTERN_MAX_NAMES]; /* by capture name */
    uint16_t pattern_pairs;        /* the capture that is key=value text, or MM_PATTERN_MAX_NAMES */
    struct mm_rule **pattern_rule; /* by pattern number */
    size_t pattern_count;
    struct mm_symtab names;  /* wire names */
    struct mm_slot *slot;    /* MM_WIRE_MAX of them */
    struct mm_symtab extras; /* names of extras -> id */
    struct mm_symtab absent;
    bool absent_first[256]; /* first bytes of `absent` */
    bool keep_unknown;
    struct mm_symtab ecs; /* fields by their numbers, where an unknown name may be any of them */
    struct mm_slice prefix;
    struct mm_time_spec *time;
    struct mm_set *sets;
    struct mm_rule *rules;
    /* Slots of the names that the engine itself fills; MM_SYM_NONE when the format asks for none.
     */
    uint16_t slot_message, slot_host, slot_app, slot_proc, slot_msgid;
};

struct mm_base;
struct mm_index;

struct mm_formats {
    struct mm_arena arena;
    struct mm_format *format[MM_FORMATS_MAX]; /* in order of adding: index is the public number */
    uint16_t sorted[MM_FORMATS_MAX];          /* in the order they are tried */
    size_t count;
    bool own;               /* what is added now is the operator's */
    struct mm_base *bases;  /* what formats may include */
    struct mm_index *index; /* over their witnesses */
    uint64_t serial;        /* differs between sets: a scratch forgets what it knew of another */
};

/* The template that took the last line of this thread, or MM_FORMAT_NONE: for tests. */
uint16_t mm_scratch_pattern(const struct mm_scratch *scratch);
/* Units of work that the last line of this thread has cost, never more than mm_work_of_line: for
 * tests. */
uint32_t mm_scratch_work(const struct mm_scratch *scratch);

/*
 * What reading a line of n bytes may cost, in units of work (base/work.h). Each format that reads
 * the line may spend MM_WORK_TRY and MM_WORK_TRY_BYTE a byte: half as much again as the neediest
 * lines of content/formats/NAME.test need. Finding a format by its templates may cost twice what
 * the neediest of them needs: an unread line asks the most of them.
 */
enum {
    MM_WORK_TRY = 6000,
    MM_WORK_TRY_BYTE = 4,
    MM_WORK_FIND = 400,
    MM_WORK_FIND_BYTES = 2, /* bytes a unit */
};
static inline uint32_t mm_work_of_try(size_t n)
{
    return MM_WORK_TRY + MM_WORK_TRY_BYTE * (uint32_t)n; /* n is at most MM_MAX_LINE */
}
static inline uint32_t mm_work_of_find(size_t n)
{
    return MM_WORK_FIND + (uint32_t)n / MM_WORK_FIND_BYTES;
}
/* Four formats the source has sent and its own are held against the line, then it is recognised
 * twice, among our formats and among the operator's, and read twice. What stands in an envelope is
 * read with what that leaves. */
static inline uint32_t mm_work_of_line(size_t n)
{
    return 9 * mm_work_of_find(n) + 2 * mm_work_of_try(n);
}

/* A decoder by the name formats use, or NULL. */
mm_decoder *mm_decoder_find(struct mm_slice name);

/* parse/decode_json.c: flat names of a JSON document; a Windows event in any JSON shape. */
mm_decoder mm_decode_json, mm_decode_winevent, mm_decode_winxml;

/* parse/decode_csv.c: cells by column. */
mm_decoder mm_decode_csv;

/* parse/decode_cef.c: Common Event Format and LEEF. */
mm_decoder mm_decode_cef, mm_decode_leef;

/* parse/decode_host.c: records of the Linux audit daemon, entries of systemd's journal. */
mm_decoder mm_decode_auditd, mm_decode_journal;

/*
 * parse/decode_when.c: the moment in a value whose form nobody told: ymd, epoch, clf or bsd,
 * perhaps with a zone's name behind it. False when it is none; *ret is untouched then.
 */
bool mm_when_any(struct mm_slice text, struct mm_when *ret);

/* A line that stood in an envelope, as if it had come by itself. */
struct mm_inner_line {
    struct mm_slice text;  /* in the arena, MM_PADDING bytes behind it */
    struct mm_syslog head; /* its own header, filled up from the envelope */
    bool has_head;
    struct mm_slice host; /* what the envelope says of host and time */
    int64_t time_us;
    uint8_t time_quality;
};

/*
 * parse/inner.c: the line that an envelope carries; false when there is none. w holds what f, which
 * has an `inner`, has read; outer is the event made of it.
 */
bool mm_inner_take(const struct mm_format *f, const struct mm_wire *w, const struct mm_event *outer,
                   struct mm_inner_line *ret);
/* What the envelope f knows and the inner line, read as `of`, had no place for. */
void mm_inner_add(const struct mm_format *f, const struct mm_inner_line *line,
                  const struct mm_format *of, struct mm_event *ev);

/* parse/map.c: from wire fields to the event. False when a value was not of its type. */
bool mm_map_apply(const struct mm_format *f, struct mm_wire *w, struct mm_event *ev);

/* parse/recognise.c: does the format read this header, where one stands in front of its line? */
bool mm_format_heeds(const struct mm_format *f, const struct mm_syslog *head);
/* parse/recognise.c: the text a format reads: behind the syslog header when it allows one and there
 * is one. */
struct mm_slice mm_format_text(const struct mm_format *f, const struct mm_wire *w,
                               struct mm_slice body);
/*
 * parse/parse.c: read the text as this format; true when it is parsed in full. What the decoder
 * and the mapping made of it stands in w.
 */
bool mm_format_try(const struct mm_format *f, struct mm_wire *w, const struct mm_raw *raw,
                   struct mm_slice text, const struct mm_hint *hint, struct mm_event *ev);
/*
 * The working memory of a scratch, made ready for a line, and the line as text; both are good until
 * the arena is emptied. NULL when it is full.
 */
struct mm_wire *mm_scratch_begin(struct mm_scratch *scratch, const struct mm_formats *formats,
                                 struct mm_arena *arena, const struct mm_raw *raw,
                                 const struct mm_hint *hint, struct mm_slice *ret_body);

/* Look which formats may know the line and where their texts stand in it, once a line: w->look. */
void mm_recognise_look(const struct mm_formats *formats, struct mm_wire *w, struct mm_slice body);
/* Does a witness of f hold for this line? `look` is what the index found in it; NULL: search. */
bool mm_format_fits(const struct mm_format *f, struct mm_wire *w, const struct mm_look *look,
                    struct mm_slice body);
/*
 * The first format whose witness holds, in the order they are tried, from place *from of that order
 * on, which moves behind it; `except` is left out. The line is looked at once, however often this
 * is asked.
 */
uint16_t mm_recognise(const struct mm_formats *formats, struct mm_wire *w, struct mm_slice body,
                      uint16_t except, size_t *from);

#endif
