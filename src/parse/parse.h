/*
 * parse/parse.h - from a raw log line to an event, by formats that are data.
 *
 * Purpose   Load content/formats, decide which format wrote a line, read its wire fields
 *           and map them to ECS fields.
 * Owns      struct mm_formats owns everything compiled; struct mm_scratch owns one thread's
 *           working memory and what it remembers of each source.
 * Threads   Formats are immutable once loaded and shared; a scratch belongs to one thread.
 * Trust     Lines are hostile: cost is linear, memory comes from the passed arena only, and
 *           every line gives an event (mm_parse cannot fail). Formats are our content: a bad
 *           one is refused alone, with file, line and reason.
 * Spec      The schema of a format file stands in parse/SCHEMA.md. Fuzzed by parse_fuzz.c.
 */
#ifndef MM_PARSE_PARSE_H
#define MM_PARSE_PARSE_H

#include "base/arena.h"
#include "base/base.h"
#include "codec/charset.h"
#include "codec/tree.h"
#include "model/event.h"

enum {
    MM_FORMATS_MAX = 256, /* formats in one set */
    MM_FORMAT_NONE = UINT16_MAX,
    MM_FORMATS_MAX_ERRORS = 64, /* errors kept for showing; the rest are only counted */
    MM_FORMATS_MAX_MEMORY = 64 * 1024 * 1024,
    MM_PARSE_JST_S = 9 * 3600, /* the zone of a source that says nothing */
};

struct mm_formats;
struct mm_scratch;

/* Why a format was refused. */
struct mm_format_error {
    char file[128];
    uint32_t line, column; /* 1-based; 0: the file as a whole */
    const char *what;      /* static key such as "format.unknown_key" */
    char detail[96];       /* the word that was refused */
};

struct mm_format_errors {
    size_t count; /* all of them, also those beyond the table */
    struct mm_format_error error[MM_FORMATS_MAX_ERRORS];
};

/* What the key of an error means, in English; the key itself when it is libyaml's own text. */
const char *mm_formats_reason(const char *what);

/* An empty set, or NULL when there is no memory. */
struct mm_formats *mm_formats_new(void);
void mm_formats_free(struct mm_formats **formats);
/*
 * Add one format, or what several formats include, from YAML text. A refused file leaves the set as
 * it was (its memory is spent), and an entry in *errors.
 */
MM_MUST_USE enum mm_code mm_formats_add(struct mm_formats *formats, const char *file,
                                        struct mm_slice text, struct mm_format_errors *errors);
/*
 * Add every *.yaml of a directory: first what others include (_*.yaml), then by name. MM_E_IO when
 * the directory or a file cannot be read; refused formats are in *errors and the others are loaded.
 */
MM_MUST_USE enum mm_code mm_formats_load(struct mm_formats *formats, const char *dir,
                                         struct mm_format_errors *errors);
/* The same without the file of that name (NULL: with all). */
MM_MUST_USE enum mm_code mm_formats_load_but(struct mm_formats *formats, const char *dir,
                                             const char *but, struct mm_format_errors *errors);
/*
 * Those added from now on are the operator's own. What it costs to ask whether a line is theirs
 * never keeps a format of ours from being asked.
 */
void mm_formats_own(struct mm_formats *formats);
size_t mm_formats_count(const struct mm_formats *formats);
/* index < count. Title in a language ("ja", "en"); the name when there is none. */
struct mm_slice mm_formats_name(const struct mm_formats *formats, uint16_t index);
struct mm_slice mm_formats_title(const struct mm_formats *formats, uint16_t index,
                                 const char *lang);
/* What a format says of itself to people (SCHEMA.md). */
enum mm_about { MM_ABOUT_TITLE, MM_ABOUT_COVERS, MM_ABOUT_READS, MM_ABOUT_TESTED, MM_ABOUT_COUNT };
/* index < count. In a language ("ja", "en"); empty when it says nothing there. */
struct mm_slice mm_formats_about(const struct mm_formats *formats, uint16_t index,
                                 enum mm_about what, const char *lang);
/* No real line of it was public: its `tested` says so in its first word. */
bool mm_formats_untested(const struct mm_formats *formats, uint16_t index);
/* The format of that name, or MM_FORMAT_NONE. */
uint16_t mm_formats_find(const struct mm_formats *formats, struct mm_slice name);

/*
 * Fields that the format can give, as bits (mm_event.has): those that its mapping and rules name
 * and those that its decoder fills by itself. What no line of a device has may still be among
 * them, what is not among them never comes.
 */
void mm_formats_gives(const struct mm_formats *formats, uint16_t index, uint64_t ret[MM_F_WORDS]);

/* How many lines a record of this format may have in a file; 1: lines are records. */
size_t mm_format_record_lines(const struct mm_formats *formats, uint16_t index);
/* Does this line go on with the record before it? */
bool mm_format_continues(const struct mm_formats *formats, uint16_t index, struct mm_slice line);

/* What is known of a source before its line is read. */
struct mm_hint {
    uint16_t format;  /* MM_FORMAT_NONE: find out */
    int32_t offset_s; /* zone of lines without one; MM_PARSE_JST_S unless the source says more */
    enum mm_charset charset; /* of the source; MM_CS_UNKNOWN: find out */
    /* What its lines so far have shown of that, and learns from this one; NULL: what the scratch
     * remembers, which another thread does not know. */
    struct mm_charset_seen *seen;
};

/* One record as the spool hands it out. */
struct mm_raw {
    struct mm_slice body;
    uint64_t seq;
    uint16_t queue;
    uint16_t flags; /* MM_EV_TRUNCATED, MM_EV_IMPORTED, MM_EV_CHARSET */
    uint16_t keep_days;
    uint32_t company;
    uint32_t source;
    int64_t received_us;
};

/* One thread's working memory, about 1 MiB; NULL when there is no memory. */
struct mm_scratch *mm_scratch_new(void);
void mm_scratch_free(struct mm_scratch **scratch);

/* Did the record that was read last name the columns of those behind it (SCHEMA.md, "Header
 * lines")? */
bool mm_scratch_header(const struct mm_scratch *scratch);

/*
 * Read one record. A body that is not UTF-8 is decoded first: as its record, its source or its
 * format says, in this order, else as mm_charset_detect finds. Texts of *ret borrow raw->body, the
 * arena and the formats. MM_EV_UNPARSED is set unless the time, event.category and event.outcome
 * are there and every value that stood in a mapped field was of its type; what could be read is in
 * the event all the same.
 */
void mm_parse(const struct mm_formats *formats, struct mm_scratch *scratch, struct mm_arena *arena,
              const struct mm_raw *raw, const struct mm_hint *hint, struct mm_event *ret);

/*
 * The same for a record of an event log file (codec/evtx), whose elements were read already: `tree`
 * holds the element Event, raw->body is empty, and so is the event's original. The event has the
 * fields that mm_parse gives for the tree's JSON. MM_EV_UNPARSED also where no format is called
 * "windows".
 */
void mm_parse_windows(const struct mm_formats *formats, struct mm_scratch *scratch,
                      struct mm_arena *arena, const struct mm_raw *raw, const struct mm_hint *hint,
                      const struct mm_tree *tree, struct mm_event *ret);

#endif
