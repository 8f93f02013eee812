/* hunt/show.c - see show.h for the contract. */
#include "hunt/show.h"

#include <stdlib.h>

#include "base/time.h"
#include "base/utf8.h"

enum { OUT_FULL = 256 * 1024, OUT_MAX = 16 * 1024 * 1024, VALUE_COLUMNS = 300 };

struct showing {
    struct mm_hunt *h;
    const struct mm_hunt_view *view;
    uint32_t *shown; /* per rule */
    struct mm_buf out;
    bool failed;
};

struct mm_slice mm_hunt_title(const struct mm_rule *r, enum mm_lang lang)
{
    struct mm_slice own = lang == MM_LANG_JA ? r->ja.title : r->en.title;

    return own.n > 0 ? own : r->title;
}

/* U+202A to U+202E and U+2066 to U+2069: three bytes, the first is E2. */
static bool turns(const uint8_t *p)
{
    return (p[1] == 0x80 && p[2] >= 0xAA && p[2] <= 0xAE) ||
           (p[1] == 0x81 && p[2] >= 0xA6 && p[2] <= 0xA9);
}

void mm_hunt_clean(struct mm_buf *out, struct mm_slice s)
{
    size_t from = out->n;

    mm_utf8_clean(out, s);
    for (size_t i = from; mm_buf_ok(out) && i < out->n; i++) {
        uint8_t *p = out->p + i;

        if (*p < 0x20 || *p == 0x7F)
            *p = ' ';
        /* U+0080 to U+009F are control characters, too. */
        if (*p == 0xC2 && i + 1 < out->n && p[1] < 0xA0)
            p[0] = p[1] = ' ';
        /* What turns the direction of writing makes one name look like another. */
        if (*p == 0xE2 && i + 2 < out->n && turns(p))
            memcpy(p, "\xEF\xBF\xBD", 3); /* U+FFFD */
    }
}

/* "attack.t1070.001" -> "T1070.001"; empty for other tags. */
static struct mm_slice technique_of(struct mm_slice tag)
{
    struct mm_slice rest = mm_slice_sub(tag, 7, SIZE_MAX);

    if (!mm_slice_starts(tag, MM_S("attack.")) || rest.n < 5 || (rest.p[0] | 0x20) != 't' ||
        rest.p[1] < '0' || rest.p[1] > '9')
        return (struct mm_slice){0};
    return rest;
}

void mm_hunt_techniques(struct mm_buf *out, const struct mm_rule *r)
{
    size_t n = 0;

    for (size_t i = 0; i < r->tags.n; i++) {
        struct mm_slice t = technique_of(r->tags.v[i]);

        if (t.n == 0)
            continue;
        mm_buf_str(out, n++ > 0 ? " T" : "T");
        mm_hunt_clean(out, mm_slice_sub(t, 1, SIZE_MAX));
    }
}

/* ---- text ---- */

static void text_word(struct showing *s, const char *key)
{
    const char *text = mm_lang_text(s->view->lang, mm_slice_str(key), 1);

    mm_buf_str(&s->out, text == NULL ? key : text);
}

static void text_pair(struct showing *s, const char *key, struct mm_slice v)
{
    if (v.n == 0)
        return;
    mm_buf_str(&s->out, "  ");
    text_word(s, key);
    mm_buf_byte(&s->out, ' ');
    mm_hunt_clean(&s->out, mm_utf8_cut(v, VALUE_COLUMNS));
}

static void put_text(struct showing *s, const struct mm_rule *r, const struct mm_hit_place *place,
                     const struct mm_hunt_frame *hit)
{
    struct mm_rd tells = mm_rd_of(hit->tells);
    struct mm_slice name, value;
    char key[32];

    mm_lang_time(&s->out, s->view->lang, MM_TIME_SECONDS, hit->time_us, 0, s->view->offset_s);
    (void)snprintf(key, sizeof(key), "hunt.level.%s", mm_level_name(r->level));
    mm_buf_str(&s->out, "  [");
    text_word(s, key);
    mm_buf_str(&s->out, "]  ");
    mm_hunt_clean(&s->out, mm_hunt_title(r, s->view->lang));
    if (hit->prevented != 0) {
        mm_buf_str(&s->out, "  ");
        text_word(s, "hunt.prevented");
    }
    mm_buf_str(&s->out, "\n   ");
    text_pair(s, "hunt.host", hit->host);
    text_pair(s, "hunt.user", hit->user);
    if (!mm_slice_eq(hit->entity, hit->host) && !mm_slice_eq(hit->entity, hit->user)) {
        mm_buf_str(&s->out, "  ");
        mm_hunt_clean(&s->out, hit->entity_field);
        mm_buf_byte(&s->out, ' ');
        mm_hunt_clean(&s->out, mm_utf8_cut(hit->entity, VALUE_COLUMNS));
    }
    text_pair(s, "hunt.rule", r->id);
    text_pair(s, "hunt.author", r->author);
    mm_buf_byte(&s->out, '\n');
    while (mm_hunt_frame_tell(&tells, &name, &value)) {
        mm_buf_str(&s->out, "      ");
        mm_hunt_clean(&s->out, name);
        mm_buf_str(&s->out, " = ");
        mm_hunt_clean(&s->out, mm_utf8_cut(value, VALUE_COLUMNS));
        mm_buf_byte(&s->out, '\n');
    }
    mm_buf_str(&s->out, "   ");
    text_pair(s, "hunt.file", s->h->plan.file[place->file].path);
    mm_buf_fmt(&s->out, "  #%llu\n", (unsigned long long)hit->record);
}

/* ---- JSON ---- */

static void json_text(struct mm_buf *out, const char *key, struct mm_slice v)
{
    mm_buf_fmt(out, ",\"%s\":", key);
    mm_utf8_json(out, v);
}

static void put_json(struct showing *s, const struct mm_rule *r, const struct mm_hit_place *place,
                     const struct mm_hunt_frame *hit)
{
    struct mm_buf *out = &s->out;
    char when[MM_TIME_TEXT];

    mm_time_text(hit->time_us, when);
    mm_buf_fmt(out, "{\"time\":\"%s\",\"level\":\"%s\"", when, mm_level_name(r->level));
    json_text(out, "rule.id", r->id);
    json_text(out, "rule.title", mm_hunt_title(r, s->view->lang));
    json_text(out, "rule.author", r->author);
    mm_buf_str(out, ",\"rule.tags\":[");
    for (size_t i = 0; i < r->tags.n; i++) {
        mm_buf_str(out, i > 0 ? "," : "");
        mm_utf8_json(out, r->tags.v[i]);
    }
    mm_buf_byte(out, ']');
    mm_buf_fmt(out, ",\"prevented\":%s", hit->prevented != 0 ? "true" : "false");
    json_text(out, "host", hit->host);
    json_text(out, "user", hit->user);
    json_text(out, "entity.field", hit->entity_field);
    json_text(out, "entity", hit->entity);
    json_text(out, "file", s->h->plan.file[place->file].path);
    mm_buf_fmt(out, ",\"record\":%llu,\"event\":", (unsigned long long)hit->record);
    /* One object on one line, or nothing: a reader that lies is not to break our lines. */
    if (hit->event.n > 1 && hit->event.p[0] == '{' &&
        mm_slice_find(hit->event, '\n', 0) == SIZE_MAX)
        mm_buf_add(out, hit->event);
    else
        mm_buf_str(out, "null");
    mm_buf_str(out, "}\n");
}

/* ---- CSV ---- */

/* A cell of RFC 4180. */
static void cell(struct mm_buf *out, struct mm_slice v, bool first)
{
    struct mm_buf clean;

    mm_buf_init(&clean, OUT_MAX);
    mm_hunt_clean(&clean, v);
    mm_buf_str(out, first ? "\"" : ",\"");
    if (clean.n > 0 && memchr("=+-@", clean.p[0], 4) != NULL)
        mm_buf_byte(out, '\'');
    for (size_t i = 0; i < clean.n; i++) {
        if (clean.p[i] == '"')
            mm_buf_byte(out, '"');
        mm_buf_byte(out, clean.p[i]);
    }
    mm_buf_byte(out, '"');
    mm_buf_done(&clean);
}

static void put_csv(struct showing *s, const struct mm_rule *r, const struct mm_hit_place *place,
                    const struct mm_hunt_frame *hit)
{
    struct mm_rd tells = mm_rd_of(hit->tells);
    struct mm_slice name, value;
    char when[MM_TIME_TEXT];
    struct mm_buf text;

    mm_buf_init(&text, 4 * MM_HF_MAX_TELLS);
    mm_time_text(hit->time_us, when);
    cell(&s->out, mm_slice_str(when), true);
    cell(&s->out, mm_slice_str(mm_level_name(r->level)), false);
    cell(&s->out, r->id, false);
    cell(&s->out, mm_hunt_title(r, s->view->lang), false);
    cell(&s->out, r->author, false);
    mm_hunt_techniques(&text, r);
    cell(&s->out, mm_buf_slice(&text), false);
    cell(&s->out, hit->host, false);
    cell(&s->out, hit->user, false);
    cell(&s->out, hit->entity_field, false);
    cell(&s->out, hit->entity, false);
    mm_buf_reset(&text);
    while (mm_hunt_frame_tell(&tells, &name, &value)) {
        mm_buf_str(&text, text.n > 0 ? " | " : "");
        mm_buf_add(&text, name);
        mm_buf_byte(&text, '=');
        mm_buf_add(&text, value);
    }
    cell(&s->out, mm_buf_slice(&text), false);
    cell(&s->out, s->h->plan.file[place->file].path, false);
    mm_buf_fmt(&s->out, ",%llu\r\n", (unsigned long long)hit->record);
    mm_buf_done(&text);
}

/* ---- all ---- */

static void flush(struct showing *s)
{
    if (!mm_buf_ok(&s->out) || fwrite(s->out.p, 1, s->out.n, s->view->to) != s->out.n)
        s->failed = true;
    mm_buf_reset(&s->out);
}

static bool show_one(void *ctx, const struct mm_hit_place *place, const struct mm_hunt_frame *hit)
{
    struct showing *s = ctx;
    const struct mm_rule *r = mm_rules_get(s->h->rules.set, hit->rule);
    struct mm_hunt_frame counted = *hit;

    counted.record += s->h->plan.part[place->part].before;
    if (s->view->most > 0 && s->shown[hit->rule] >= s->view->most)
        return true;
    s->shown[hit->rule]++;
    if (s->view->style == MM_HUNT_JSON)
        put_json(s, r, place, &counted);
    else if (s->view->style == MM_HUNT_CSV)
        put_csv(s, r, place, &counted);
    else
        put_text(s, r, place, &counted);
    if (s->out.n >= OUT_FULL)
        flush(s);
    return !s->failed;
}

enum mm_code mm_hunt_show(struct mm_hunt *h, const struct mm_hunt_view *view)
{
    struct showing s = {.h = h, .view = view};
    enum mm_code c;

    s.shown = calloc(mm_rules_count(h->rules.set) + 1, sizeof(*s.shown));
    if (s.shown == NULL)
        return MM_E_NOMEM;
    mm_buf_init(&s.out, OUT_MAX);
    if (view->style == MM_HUNT_CSV)
        mm_buf_str(&s.out, "time,level,rule_id,title,author,techniques,host,user,entity_field,"
                           "entity,details,file,record\r\n");
    c = mm_hits_walk(&h->hits, view->by_time, show_one, &s);
    if (s.out.n > 0)
        flush(&s);
    mm_buf_done(&s.out);
    free(s.shown);
    return c != MM_OK ? c : s.failed || fflush(view->to) != 0 ? MM_E_IO : MM_OK;
}
