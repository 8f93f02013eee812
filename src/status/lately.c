/* status/lately.c - what happened in the last minutes and hour; see status.h for the contract. */
#include "base/limits.h"
#include "base/time.h"
#include "os/file.h"
#include "status/status.h"

enum {
    EVERY_S = 60,
    KEEP_S = 3600,
    NOTES_MAX = KEEP_S / EVERY_S + 1,
    FORM = 0x4d4d4c31, /* begins each note: of another form, it is none */
};

#define NAME "run/lately.notes" /* lost without harm */

/* Counters as they stood at a moment. The file is a row of these, oldest first. */
struct note {
    int64_t at_us;
    int64_t began_us; /* of the supervisor: it counts restarts from there */
    struct mm_status_span now;
    uint32_t form;
    uint32_t unused; /* no bytes of the file are left to chance */
};
static_assert(sizeof(struct note) == sizeof(struct mm_status_span) + 24, "no holes");

/* How many took longer than a bound, which is one of os/meter.h's; all of them. */
static uint64_t longer(const struct mm_durations *d, int64_t bound_us, uint64_t *ret_all)
{
    uint64_t over = 0, all = 0;

    for (size_t b = 0; b <= MM_METER_BOUNDS; b++) {
        all += d->count[b];
        over += b == MM_METER_BOUNDS || mm_meter_bound(b) > bound_us ? d->count[b] : 0;
    }
    *ret_all = all;
    return over;
}

static struct note note_of(const struct mm_status *s)
{
    struct note n = {.at_us = s->now_us, .began_us = s->vitals.began_us, .form = FORM};

    for (size_t i = 0; i < s->sources_n; i++) {
        n.now.received += s->source[i].received;
        n.now.dropped += s->source[i].dropped;
    }
    n.now.inserts_slow = longer(&s->duration[MM_METER_INSERT],
                                MM_STATUS_INSERT_SLOW_S * (int64_t)MM_US_PER_S, &n.now.inserts);
    n.now.searches_slow = longer(&s->duration[MM_METER_SEARCH],
                                 MM_STATUS_SEARCH_SLOW_S * (int64_t)MM_US_PER_S, &n.now.searches);
    for (size_t i = 0; i < s->vitals.n; i++)
        n.now.restarts[i] = s->vitals.program[i].restarts;
    return n;
}

static size_t read_notes(const char *path, int64_t now_us, struct note list[NOTES_MAX])
{
    struct mm_buf text;
    struct note one;
    size_t n = 0;

    mm_buf_init(&text, NOTES_MAX * sizeof(one));
    if (mm_file_read(path, &text) == MM_OK) {
        for (size_t at = 0; n < NOTES_MAX && text.n - at >= sizeof(one); at += sizeof(one)) {
            memcpy(&one, text.p + at, sizeof(one));
            /* What is older than an hour or not yet come tells nothing: clocks are set. */
            if (one.form == FORM && one.at_us <= now_us &&
                one.at_us > now_us - KEEP_S * MM_US_PER_S)
                list[n++] = one;
        }
    }
    mm_buf_done(&text);
    return n;
}

/* What came on a counter between two notes: a program that began anew counts from 0. */
static uint64_t came(uint64_t from, uint64_t to)
{
    return to >= from ? to - from : to;
}

static void add_between(const struct note *a, const struct note *b, struct mm_status_span *sum)
{
    bool same = a->began_us == b->began_us;

    sum->received += came(a->now.received, b->now.received);
    sum->dropped += came(a->now.dropped, b->now.dropped);
    sum->inserts += came(a->now.inserts, b->now.inserts);
    sum->inserts_slow += came(a->now.inserts_slow, b->now.inserts_slow);
    sum->searches += came(a->now.searches, b->now.searches);
    sum->searches_slow += came(a->now.searches_slow, b->now.searches_slow);
    for (size_t i = 0; i < MM_VITALS_PROGRAMS; i++)
        sum->restarts[i] += (uint32_t)came(same ? a->now.restarts[i] : 0, b->now.restarts[i]);
}

void mm_status_lately(const char *state_dir, struct mm_status *s)
{
    struct note list[NOTES_MAX], now = note_of(s);
    char path[MM_MAX_PATH];
    size_t n;

    if (mm_path_join(path, state_dir, NAME) != MM_OK)
        return;
    n = read_notes(path, s->now_us, list);
    s->lately = n > 0;
    for (size_t i = 0; i < n; i++) {
        const struct note *next = i + 1 < n ? &list[i + 1] : &now;

        add_between(&list[i], next, &s->hour);
        if (next->at_us > s->now_us - MM_STATUS_SHORT_S * (int64_t)MM_US_PER_S)
            add_between(&list[i], next, &s->minutes);
    }
}

void mm_status_lately_note(const char *state_dir, const struct mm_status *s)
{
    struct note list[NOTES_MAX + 1];
    char path[MM_MAX_PATH];
    size_t n, from;

    if (!s->served || mm_path_join(path, state_dir, NAME) != MM_OK)
        return;
    n = read_notes(path, s->now_us, list);
    if (n > 0 && s->now_us - list[n - 1].at_us < EVERY_S * (int64_t)MM_US_PER_S)
        return;
    list[n++] = note_of(s);
    from = n > NOTES_MAX ? 1 : 0;
    /* Not noted on a full disk: then that is said elsewhere. */
    (void)!mm_file_replace(path, mm_slice_of(&list[from], (n - from) * sizeof(list[0])), 0600);
}
