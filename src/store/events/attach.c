/* store/events/attach.c - see attach.h for the contract. */
#include "store/events/attach.h"

#include "base/rd.h"

enum { COLUMNS_MAX = 128, UUID_TEXT = 36, WORDS_MAX = 160 };

bool mm_etable_find(struct mm_slice name, enum mm_etable *ret)
{
    for (int t = 0; t < MM_ET_COUNT; t++) {
        if (mm_slice_eq(name, mm_slice_str(mm_etable_name((enum mm_etable)t)))) {
            *ret = (enum mm_etable)t;
            return true;
        }
    }
    return false;
}

static bool one_of(struct mm_slice s, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (mm_slice_eq(s, mm_slice_str(list[i])))
            return true;
    }
    return false;
}

static bool is_uuid_line(struct mm_slice line)
{
    struct mm_rd rd = mm_rd_of(line);
    struct mm_slice uuid;

    if (!mm_rd_lit(&rd, MM_S("ATTACH TABLE _ UUID '")) || !mm_rd_take(&rd, UUID_TEXT, &uuid) ||
        !mm_rd_byte(&rd, '\'') || mm_rd_left(&rd) > 0)
        return false;
    for (size_t i = 0; i < uuid.n; i++) {
        uint8_t c = uuid.p[i];

        if ((c < '0' || c > '9') && (c < 'a' || c > 'f') && c != '-')
            return false;
    }
    return true;
}

/* "`name` Type" and what may stand behind it. */
static bool is_column(struct mm_slice item, enum mm_etable t, bool *seen)
{
    static const char *const ends[] = {"", " CODEC(Delta(8), LZ4)", " CODEC(NONE)", " DEFAULT 1",
                                       " DEFAULT toUInt64OrZero(more['mimamori.count'])"};
    struct mm_rd rd = mm_rd_of(item);
    struct mm_slice name;
    size_t n;
    const struct mm_ecolumn *columns = mm_etable_columns(t, &n);

    MM_ASSERT(n <= COLUMNS_MAX);
    if (!mm_rd_byte(&rd, '`') || !mm_rd_until(&rd, '`', &name) || !mm_rd_byte(&rd, ' '))
        return false;
    for (size_t i = 0; i < n; i++) {
        struct mm_buf own;
        bool same;

        mm_buf_init(&own, WORDS_MAX);
        mm_ecol_name(&own, &columns[i]);
        same = mm_slice_eq(name, mm_buf_slice(&own));
        mm_buf_done(&own);
        if (!same)
            continue;
        if (seen[i] || !mm_rd_lit(&rd, mm_slice_str(mm_ecol_type_name(columns[i].type))))
            return false;
        seen[i] = true;
        return one_of(mm_rd_rest(&rd), ends, MM_COUNT(ends));
    }
    return false;
}

static bool is_index(struct mm_slice item)
{
    static const char *const ours[] = {"INDEX by_number (queue, seq) TYPE minmax GRANULARITY 1",
                                       "INDEX by_seq seq TYPE minmax GRANULARITY 1"};

    return one_of(item, ours, MM_COUNT(ours));
}

static bool is_digits(struct mm_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    }
    return s.n > 0;
}

/* "SETTINGS a = 1, b = 2": names of ours, values that say nothing but how much. */
static bool is_settings(struct mm_slice line)
{
    static const char *const ours[] = {"max_bytes_to_merge_at_max_space_in_pool",
                                       "merge_selector_base",
                                       "merge_with_ttl_timeout",
                                       "fsync_after_insert",
                                       "fsync_part_directory",
                                       "min_bytes_for_wide_part",
                                       "auto_statistics_types",
                                       "index_granularity"};
    struct mm_rd rd = mm_rd_of(line);

    if (!mm_rd_lit(&rd, MM_S("SETTINGS ")))
        return false;
    for (;;) {
        struct mm_slice name, value;
        bool more = mm_slice_find(line, ',', rd.pos) != SIZE_MAX;

        if (!mm_rd_until(&rd, ' ', &name) || !one_of(name, ours, MM_COUNT(ours)) ||
            !mm_rd_lit(&rd, MM_S("= ")))
            return false;
        if (!more)
            value = mm_rd_rest(&rd);
        else if (!mm_rd_until(&rd, ',', &value) || !mm_rd_byte(&rd, ' '))
            return false;
        if (!is_digits(value) && !mm_slice_eq(value, MM_S("''")))
            return false;
        if (!more)
            return true;
    }
}

/* The lines between the brackets; the last has no comma. */
static bool items(struct mm_rd *rd, enum mm_etable t, size_t *ret_at)
{
    bool seen[COLUMNS_MAX] = {false}, more = true;
    struct mm_slice line;

    while (more) {
        *ret_at = rd->pos;
        if (!mm_rd_until(rd, '\n', &line) || !mm_slice_starts(line, MM_S("    ")))
            return false;
        line = mm_slice_sub(line, 4, SIZE_MAX);
        more = mm_slice_ends(line, MM_S(","));
        if (more)
            line = mm_slice_sub(line, 0, line.n - 1);
        if (!is_index(line) && !is_column(line, t, seen))
            return false;
    }
    return true;
}

static bool order_line(struct mm_slice line, enum mm_etable t)
{
    struct mm_buf own;
    bool same;

    mm_buf_init(&own, WORDS_MAX);
    mm_buf_fmt(&own, "ORDER BY (%s)", mm_etable_order(t));
    same = mm_slice_eq(line, mm_buf_slice(&own));
    mm_buf_done(&own);
    return same;
}

enum mm_code mm_attach_check(struct mm_slice text, enum mm_etable t, struct mm_fault *fault)
{
    static const char *const ends[] = {")", "ENGINE = MergeTree", "PARTITION BY toYYYYMM(received)",
                                       NULL, "TTL toDateTime(received) + toIntervalDay(keep_days)"};
    struct mm_rd rd = mm_rd_of(text);
    struct mm_slice line;
    size_t at = 0;
    bool ok = text.n <= MM_ATTACH_MAX && mm_rd_until(&rd, '\n', &line) && is_uuid_line(line);

    if (ok) {
        at = rd.pos;
        ok = mm_rd_until(&rd, '\n', &line) && mm_slice_eq(line, MM_S("(")) && items(&rd, t, &at);
    }
    for (size_t i = 0; ok && i < MM_COUNT(ends); i++) {
        at = rd.pos;
        ok = mm_rd_until(&rd, '\n', &line) &&
             (ends[i] == NULL ? order_line(line, t) : mm_slice_eq(line, mm_slice_str(ends[i])));
    }
    if (ok) {
        at = rd.pos;
        ok = mm_rd_until(&rd, '\n', &line) && is_settings(line);
    }
    if (ok) {
        at = rd.pos;
        ok = mm_rd_left(&rd) == 0;
    }
    return ok ? MM_OK : mm_fail(fault, MM_E_SYNTAX, at, "events.attach");
}
