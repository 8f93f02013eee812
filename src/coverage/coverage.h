/*
 * coverage/coverage.h - what of each source is read, what is not, and what it tells at all.
 *
 * Purpose   The tables behind "how much of this device do we understand": templates of unread
 *           lines with counts and examples, lines by day, formats seen with what stood in them.
 * Owns      Its records tables (migrations/). Texts that are handed out borrow the arena passed.
 * Threads   As the transaction.
 * Trust     Lines, programs' names and shapes are foreign: they are bound and bounded; a shape
 *           that cannot be read back is passed over. Pages escape what they show.
 */
#ifndef MM_COVERAGE_COVERAGE_H
#define MM_COVERAGE_COVERAGE_H

#include "base/arena.h"
#include "base/base.h"
#include "store/records/query.h"

extern const struct mm_feature mm_coverage_feature;

enum {
    MM_UNREAD_MAX = 100,      /* templates kept of one source: more is no longer read by people */
    MM_UNREAD_EXAMPLES = 3,   /* lines kept of one template */
    MM_UNREAD_LINE = 1024,    /* bytes of such a line */
    MM_UNREAD_KEEP_DAYS = 90, /* not seen so long, a template is forgotten with its examples */
    MM_COVERAGE_DAYS = 92,    /* a quarter of a year of days */
    MM_COVERAGE_ROWS = 100 * 1000, /* 1,000 companies with 100 sources each */

    MM_COVER_SOURCES = 20 * 1000, /* shown together */
    MM_COVER_FELL = 50,           /* thousandths */
    MM_COVER_FELL_MIN = 200,      /* lines */

    MM_COVER_FORMAT_MIN = 20, /* lines that say which format a source sends now */
    MM_COVER_FORMAT_S = 3600, /* a format not seen so long is what was sent before */
    MM_COVER_OTHER_MIN = 100, /* lines that say that the told format is wrong */
};

/* Bits of a set of topics. */
enum mm_topic {
#define MM_TOPIC(bit, id, name, ...) MM_TOPIC_##id = bit,
#include "coverage/topics.def"
#undef MM_TOPIC
    MM_TOPICS = 15
};

/* "user", "mac" …; topic < MM_TOPICS. */
const char *mm_topic_name(enum mm_topic topic);
/* The topics that fields (MM_F_WORDS words, as mm_event.has) tell of; time is the caller's to add.
 */
uint32_t mm_topics_of(const uint64_t *fields);

/* Like lines that no format read. */
struct mm_unread {
    int64_t unread;
    uint32_t company, source;
    struct mm_slice app;    /* "" when no header said */
    struct mm_slice shape;  /* mm_shape_key */
    struct mm_slice format; /* that knew them and could not read all; "" when none did */
    uint64_t count;
    int64_t first_us, last_us; /* received */
    uint16_t queue;            /* number of the newest example */
    uint64_t seq;
    struct mm_slice line[MM_UNREAD_EXAMPLES];
    size_t lines; /* at least 1 */
};

/*
 * Add templates of one source (all rows name the same company and source): each goes to the kept
 * template that is most like it, or becomes one. When MM_UNREAD_MAX are there, the rarest make room
 * for later ones. However many they are, no more than MM_UNREAD_MAX rows are written. System scope.
 * A company that is gone is passed over.
 */
MM_MUST_USE enum mm_code mm_unread_put(struct mm_tx *tx, const struct mm_unread *list, size_t n,
                                       int64_t now_us);
/* Templates that the scope sees, most frequent first. source, unread: 0 for all. */
MM_MUST_USE enum mm_code mm_unread_list(struct mm_tx *tx, struct mm_arena *a, uint32_t source,
                                        int64_t unread, size_t max, struct mm_unread **ret,
                                        size_t *ret_n);

/* Lines of a source that came in on one day. */
struct mm_cover_day {
    int64_t day; /* since 1970-01-01, in Japan */
    uint64_t parsed, unparsed;
    uint64_t bytes;  /* of these lines */
    uint32_t topics; /* that stood in them */
};

/* The day in Japan of a moment. */
int64_t mm_cover_day_of(int64_t us);
/* Add lines and topics to a source's day (differences); days older than MM_COVERAGE_DAYS are
 * forgotten. */
MM_MUST_USE enum mm_code mm_cover_day_add(struct mm_tx *tx, uint32_t company, uint32_t source,
                                          const struct mm_cover_day *d);
/* Days of one source from `from` on, oldest first, at most MM_COVERAGE_DAYS. */
MM_MUST_USE enum mm_code mm_cover_days(struct mm_tx *tx, struct mm_arena *a, uint32_t source,
                                       int64_t from, struct mm_cover_day **ret, size_t *ret_n);

/* Lines of several days together. */
struct mm_cover_sum {
    uint64_t parsed, unparsed;
    uint32_t topics;
};

/* Sum of the days [from, to). */
struct mm_cover_sum mm_cover_sum(const struct mm_cover_day *days, size_t n, int64_t from,
                                 int64_t to);
/* Lines read of a thousand, or -1 when there were none. */
int64_t mm_cover_permille(const struct mm_cover_sum *s);
/*
 * Is less understood than before? Both hold at least MM_COVER_FELL_MIN lines, and the later one's
 * share is at least MM_COVER_FELL below the earlier one's.
 */
bool mm_cover_fell(const struct mm_cover_sum *before, const struct mm_cover_sum *after);

/* Days of one source, for lists of many. */
struct mm_cover_source {
    uint32_t company, source;
    struct mm_cover_day *days; /* oldest first */
    size_t n;
};
/*
 * The `days` (1..MM_COVERAGE_DAYS) days from `from` on of every source that the scope sees, without
 * their topics and bytes; sources without any are not there. MM_E_LIMIT: more than
 * MM_COVER_SOURCES.
 */
MM_MUST_USE enum mm_code mm_cover_all(struct mm_tx *tx, struct mm_arena *a, int64_t from,
                                      size_t days, struct mm_cover_source **ret, size_t *ret_n);

/* Lines of a source that one format recognised. */
struct mm_source_format {
    uint32_t company, source;
    struct mm_slice format;
    uint64_t parsed, unparsed;
    uint32_t topics; /* that stood in them */
    int64_t first_us, last_us;
};

/* Add lines and topics to a source's format (differences). */
MM_MUST_USE enum mm_code mm_source_format_add(struct mm_tx *tx, const struct mm_source_format *f);
/* Formats that the scope sees, by company, source, then most lines first. source: 0 for all. */
MM_MUST_USE enum mm_code mm_source_formats(struct mm_tx *tx, struct mm_arena *a, uint32_t source,
                                           struct mm_source_format **ret, size_t *ret_n);

/*
 * Formats of one source: which one it sends now (the last one of which enough lines were read), or
 * SIZE_MAX; and which one it sent before and no longer does, or SIZE_MAX.
 */
size_t mm_cover_sends(const struct mm_source_format *list, size_t n, size_t *ret_before);
/*
 * Does a source that is said to send `told` send another format? Enough lines of another one, and
 * ten times as many as of `told`. The other one, or SIZE_MAX.
 */
size_t mm_cover_other(const struct mm_source_format *list, size_t n, struct mm_slice told);

#endif
