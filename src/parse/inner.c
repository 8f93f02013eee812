/* parse/inner.c - lines that carry a whole other line: SCHEMA.md, "Envelopes". */
#include "parse/load.h"

/* The first of the names of a role that says anything. */
static struct mm_slice part(const struct mm_inner *inner, const struct mm_wire *w,
                            enum mm_inner_role role)
{
    for (size_t i = 0; i < inner->count[role]; i++) {
        uint16_t slot = inner->slot[role][i];

        if (mm_wire_has(w, slot) && w->value[slot].n > 0)
            return w->value[slot];
    }
    return (struct mm_slice){0};
}

/* Without line ends, in bytes of its own: readers may look at MM_PADDING bytes behind a line. */
static bool own_text(struct mm_arena *arena, struct mm_slice text, struct mm_slice *ret)
{
    uint8_t *p;

    while (text.n > 0 && (text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r'))
        text.n--;
    p = text.n == 0 || text.n > MM_MAX_LINE ? NULL : mm_arena_bytes(arena, text.n + MM_PADDING);
    if (p == NULL)
        return false;
    memcpy(p, text.p, text.n);
    memset(p + text.n, 0, MM_PADDING);
    *ret = mm_slice_of(p, text.n);
    return true;
}

/* A program's name, perhaps as a tag with its number: `sshd[812]:`. */
static void set_app(struct mm_slice app, struct mm_slice proc, struct mm_syslog *head)
{
    const uint8_t *open;

    if (app.n > 0 && app.p[app.n - 1] == ':')
        app.n--;
    open = app.n > 2 && app.p[app.n - 1] == ']' ? memchr(app.p, '[', app.n) : NULL;
    if (open != NULL && open > app.p) {
        size_t n = (size_t)(open - app.p);

        if (proc.n == 0)
            proc = mm_slice_of(open + 1, app.n - n - 2);
        app.n = n;
    }
    head->app = app;
    head->proc = proc;
}

static void set_pri(struct mm_slice facility, struct mm_slice severity, struct mm_syslog *head)
{
    uint64_t f, s;

    if (!mm_slice_u64(facility, &f) || !mm_slice_u64(severity, &s) || f > 23 || s > 7)
        return;
    head->facility = (uint8_t)f;
    head->severity = (uint8_t)s;
    head->has_pri = head->pri_told = true;
}

bool mm_inner_take(const struct mm_format *f, const struct mm_wire *w, const struct mm_event *outer,
                   struct mm_inner_line *ret)
{
    const struct mm_inner *inner = f->inner;
    struct mm_inner_line line = {.time_us = outer->time_us, .time_quality = outer->time_quality};
    struct mm_syslog *head = &line.head;

    MM_ASSERT(inner != NULL && w->names == &f->names);
    if (!own_text(w->arena, part(inner, w, MM_INNER_TEXT), &line.text))
        return false;
    if (mm_event_has(outer, MM_F_HOST_NAME))
        line.host = outer->val[MM_F_HOST_NAME].text;
    if (mm_syslog_parse(line.text, head, NULL) != MM_OK)
        head->text = head->msg = line.text;
    if (head->host.n == 0)
        head->host = part(inner, w, MM_INNER_HOST);
    if (head->app.n == 0)
        set_app(part(inner, w, MM_INNER_APP), part(inner, w, MM_INNER_PROC), head);
    if (!head->has_pri)
        set_pri(part(inner, w, MM_INNER_FACILITY), part(inner, w, MM_INNER_SEVERITY), head);
    if (!head->has_time && outer->time_quality != MM_TQ_RECEIVED) {
        head->when = (struct mm_when){.is_epoch = true, .epoch_us = outer->time_us};
        head->has_time = true;
    }
    line.has_head = head->has_time || head->has_pri || head->host.n > 0 || head->app.n > 0;
    *ret = line;
    return true;
}

void mm_inner_add(const struct mm_format *f, const struct mm_inner_line *line,
                  const struct mm_format *of, struct mm_event *ev)
{
    /* A format that reads headers has seen the host there, and has its own mind about it. */
    if (!mm_format_heeds(of, &line->head) && line->host.n > 0 && !mm_event_has(ev, MM_F_HOST_NAME))
        mm_event_text(ev, MM_F_HOST_NAME, line->host);
    /* The time may be the envelope's: then it is as good as that. */
    if (ev->time_us == line->time_us)
        ev->time_quality = line->time_quality;
    if (!mm_event_name(ev, MM_S("mimamori.envelope"), f->name))
        ev->flags |= MM_EV_EXTRA_FULL;
}

bool mm_load_inner(struct mm_loader *l, const struct mm_yaml *node)
{
    static const char *const known[] = {
        [MM_INNER_TEXT] = "text",         [MM_INNER_HOST] = "host",
        [MM_INNER_APP] = "app",           [MM_INNER_PROC] = "proc",
        [MM_INNER_FACILITY] = "facility", [MM_INNER_SEVERITY] = "severity",
        [MM_INNER_ROLES] = NULL,
    };
    struct mm_inner *inner;

    if (node == NULL)
        return true;
    inner = mm_load_alloc(l, 1, sizeof(*inner));
    if (inner == NULL || !mm_load_keys(l, node, known))
        return false;
    for (size_t role = 0; role < MM_INNER_ROLES; role++) {
        const struct mm_yaml *names = mm_yaml_get(node, known[role]);
        struct mm_slice word[MM_INNER_NAMES];

        if (names != NULL && !mm_load_words(l, names, word, MM_COUNT(word), &inner->count[role]))
            return false;
        for (size_t i = 0; i < inner->count[role]; i++) {
            if (!mm_load_slot(l, names, word[i], &inner->slot[role][i]))
                return false;
        }
    }
    if (inner->count[MM_INNER_TEXT] == 0)
        return mm_load_fail(l, node, "format.needs_list", MM_S("text"));
    l->f->inner = inner;
    return true;
}
