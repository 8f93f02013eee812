/*
 * parse/fuzzkit.h - formats made up from an input, lines of which every value is known beforehand.
 *
 * Purpose   Random text is hardly ever a format. Here each byte of the input decides something - a
 *           decoder, a field, a conversion, a value - so that any input is a format that must be
 *           taken, and lines whose whole event is known without asking the engine.
 * Owns      Nothing; texts live in the buffers of struct kit.
 * Threads   One.
 * Trust     Input is hostile by design. Test code only.
 */
#ifndef MM_PARSE_FUZZKIT_H
#define MM_PARSE_FUZZKIT_H

#include <stdio.h>

#include "base/buf.h"
#include "model/event.h"

enum { KIT_FIELDS = 6, KIT_TEXT = 64, KIT_YAML = 4096, KIT_LINE = 2048 };

__extension__ typedef unsigned __int128 kit_wide; /* what is worked out cannot overflow */

/* Decisions: behind its end an input decides for the first of all. */
struct kit_dice {
    struct mm_slice in;
    size_t at;
};

static inline unsigned kit_roll(struct kit_dice *d, unsigned faces)
{
    unsigned v = d->at < d->in.n ? d->in.p[d->at] : 0;

    d->at++;
    return v % faces;
}

enum kit_decoder { KIT_KV, KIT_CSV, KIT_PATTERN, KIT_JSON, KIT_DECODERS };
enum kit_type { KIT_ANY, KIT_IP, KIT_PORT, KIT_UINT };
enum kit_op { KIT_COPY, KIT_LOWER, KIT_SCALE, KIT_MAP, KIT_OPS };

static const struct {
    const char *name;
    enum mm_field field; /* MM_F_NONE: an extra */
    enum kit_type type;
} kit_targets[] = {
    {"user.name", MM_F_USER_NAME, KIT_ANY},
    {"source.ip", MM_F_SOURCE_IP, KIT_IP},
    {"source.port", MM_F_SOURCE_PORT, KIT_PORT},
    {"source.bytes", MM_F_SOURCE_BYTES, KIT_UINT},
    {"file.path", MM_F_FILE_PATH, KIT_ANY},
    {"destination.ip", MM_F_DESTINATION_IP, KIT_IP},
    {"destination.port", MM_F_DESTINATION_PORT, KIT_PORT},
    {"event.duration", MM_F_EVENT_DURATION, KIT_UINT},
    {"rule.name", MM_F_RULE_NAME, KIT_ANY},
    {"kit.extra", MM_F_NONE, KIT_ANY},
    {"event.severity", MM_F_EVENT_SEVERITY, KIT_UINT},
};

struct kit_field {
    unsigned target;
    enum kit_op op;
    uint64_t times, per;
    unsigned before; /* pattern: the literal in front */
    /* Of the line at hand: */
    char value[KIT_TEXT];  /* as the device means it */
    char expect[KIT_TEXT]; /* in the event; "" : the field is not there */
    bool wrong;            /* not of its field's type: the line is not wholly parsed */
};

struct kit {
    enum kit_decoder decoder;
    char gap, assign, quote, escape;
    bool wrapped; /* in a syslog header */
    struct kit_field field[KIT_FIELDS];
    size_t fields;
    bool rule; /* event.action is set when field 0 is "north" */
    char yaml[KIT_YAML];
    size_t yaml_n;
    char line[KIT_LINE];
    size_t line_n;
};

static const char *const kit_words[] = {"north",     "South East",    "a=b", "x,y;z|q",
                                        "q\"uo\"te", "back\\slash\\", "",    "\xE5\x8D\x97",
                                        "k1=",       "{\"a\":1}"};
/* In front of a capture; none begins with a byte that a plain value holds. */
static const char *const kit_literals[] = {" to ", ", by=", " <", ";", " = (", "|"};

static inline void kit_say(struct kit *k, const char *text)
{
    size_t n = strlen(text);

    MM_ASSERT(k->yaml_n + n < KIT_YAML);
    memcpy(k->yaml + k->yaml_n, text, n);
    k->yaml_n += n;
}

static inline void kit_put(struct kit *k, const char *text, size_t n)
{
    MM_ASSERT(k->line_n + n < KIT_LINE);
    memcpy(k->line + k->line_n, text, n);
    k->line_n += n;
}

static inline void kit_byte(struct kit *k, char c)
{
    kit_put(k, &c, 1);
}

static inline enum kit_type kit_type_of(const struct kit_field *f)
{
    return kit_targets[f->target].type;
}

/* ---- the format ---- */

static inline void kit_fields_of(struct kit *k, struct kit_dice *d)
{
    unsigned first = kit_roll(d, MM_COUNT(kit_targets));

    k->fields = 2 + kit_roll(d, KIT_FIELDS - 1);
    for (size_t i = 0; i < k->fields; i++) {
        struct kit_field *f = &k->field[i];

        *f = (struct kit_field){
            .target = (unsigned)((first + i) % MM_COUNT(kit_targets)), .times = 1, .per = 1};
        f->op = (enum kit_op)kit_roll(d, KIT_OPS);
        if (kit_type_of(f) == KIT_UINT ? f->op != KIT_SCALE : f->op == KIT_SCALE)
            f->op = KIT_COPY;
        if (kit_type_of(f) != KIT_ANY && f->op != KIT_SCALE)
            f->op = KIT_COPY;
        if (f->op == KIT_SCALE) {
            static const uint64_t factors[] = {1, 3, 1000, 1024, 1000000, 1000000000};

            f->times = factors[kit_roll(d, MM_COUNT(factors))];
            f->per = factors[kit_roll(d, MM_COUNT(factors))];
        }
        f->before = i == 0 ? MM_COUNT(kit_literals) : kit_roll(d, MM_COUNT(kit_literals));
    }
}

/* The type of a template's capture: the literal that follows ends a word. */
static inline const char *kit_capture(const struct kit *k, size_t i)
{
    switch (kit_type_of(&k->field[i])) {
    case KIT_IP:
        return "ip";
    case KIT_PORT:
        return "port";
    case KIT_UINT:
        return "num";
    case KIT_ANY:
        break;
    }
    return i + 1 == k->fields ? "rest" : "word";
}

static inline void kit_decoder_of(struct kit *k, struct kit_dice *d)
{
    static const char gaps[] = {' ', ',', ';', '|'}, assigns[] = {'=', ':', '~'};
    char text[128];

    k->gap = gaps[kit_roll(d, MM_COUNT(gaps))];
    k->assign = assigns[kit_roll(d, MM_COUNT(assigns))];
    k->quote = '"';
    k->escape = '\\';
    switch (k->decoder) {
    case KIT_KV:
        (void)snprintf(text, sizeof(text), "decode: kv\nkv: {gap: '%c', assign: '%c'}\n", k->gap,
                       k->assign);
        kit_say(k, text);
        break;
    case KIT_CSV:
        k->gap = k->gap == ' ' ? ',' : k->gap;
        (void)snprintf(text, sizeof(text), "decode: csv\ncsv: {gap: '%c', columns: [", k->gap);
        kit_say(k, text);
        for (size_t i = 0; i < k->fields; i++) {
            (void)snprintf(text, sizeof(text), "%sk%zu", i > 0 ? ", " : "", i);
            kit_say(k, text);
        }
        kit_say(k, "]}\n");
        break;
    case KIT_PATTERN:
        kit_say(k, "decode: pattern\npatterns:\n  - is: '");
        for (size_t i = 0; i < k->fields; i++) {
            (void)snprintf(text, sizeof(text), "%s{k%zu:%s}",
                           i > 0 ? kit_literals[k->field[i].before] : "go ", i, kit_capture(k, i));
            kit_say(k, text);
        }
        kit_say(k, "'\n");
        break;
    default:
        kit_say(k, "decode: json\n");
    }
}

/* Make up a format: k->yaml. */
static inline void kit_format(struct kit *k, struct kit_dice *d)
{
    char text[160];

    k->yaml_n = 0;
    k->decoder = (enum kit_decoder)kit_roll(d, KIT_DECODERS);
    k->wrapped = kit_roll(d, 2) == 1;
    k->rule = kit_roll(d, 2) == 1;
    kit_fields_of(k, d);
    kit_say(k, "format: kit\nrecognise: [{starts: ['never ']}]\ntimeless: true\nmore: "
               "[kit.extra]\nset: {event.category: host, event.outcome: success}\n");
    kit_say(k, k->wrapped ? "wrap: syslog\n" : "");
    kit_decoder_of(k, d);
    kit_say(k, "fields:\n");
    for (size_t i = 0; i < k->fields; i++) {
        const struct kit_field *f = &k->field[i];

        (void)snprintf(text, sizeof(text), "  k%zu: {to: %s", i, kit_targets[f->target].name);
        kit_say(k, text);
        if (f->op == KIT_SCALE) {
            (void)snprintf(text, sizeof(text), ", times: %llu, per: %llu",
                           (unsigned long long)f->times, (unsigned long long)f->per);
            kit_say(k, text);
        }
        kit_say(k, f->op == KIT_LOWER ? ", as: lower}\n"
                   : f->op == KIT_MAP ? ", map: {north: up, south: ~}, else: keep}\n"
                                      : "}\n");
    }
    if (k->rule)
        kit_say(k, "rules: [{when: {k0: north}, set: {event.action: 'was-{k0}'}}]\n");
}

/* ---- a line ---- */

/* A number with up to 20 digits, of a fraction with up to 9; what the field holds then. */
static inline void kit_number(struct kit_field *f, struct kit_dice *d)
{
    static const char digits[] = "0123456789";
    unsigned n = 1 + kit_roll(d, 20), behind = f->op == KIT_SCALE ? kit_roll(d, 10) : 0;
    kit_wide whole = 0, part = 0, unit = 1, product;
    size_t at = 0;

    for (unsigned i = 0; i < n; i++) {
        unsigned v = i == 0 ? 1 + kit_roll(d, 9) : kit_roll(d, 10);

        f->value[at++] = digits[v];
        whole = whole * 10 + v;
    }
    if (behind > 0)
        f->value[at++] = '.';
    for (unsigned i = 0; i < behind; i++) {
        unsigned v = kit_roll(d, 10);

        f->value[at++] = digits[v];
        part = part * 10 + v;
        unit *= 10;
    }
    f->value[at] = 0;
    product = whole * f->times + part * f->times / unit;
    f->wrong = whole > UINT64_MAX || product > UINT64_MAX;
    if (!f->wrong)
        (void)snprintf(f->expect, KIT_TEXT, "%llu", (unsigned long long)(product / f->per));
}

static inline void kit_text(const struct kit *k, struct kit_field *f, struct kit_dice *d)
{
    static const char plain[] = "abcXYZ019._-/";
    bool words = k->decoder != KIT_PATTERN && kit_roll(d, 2) == 0;
    size_t n = 1 + kit_roll(d, 12);

    if (words || kit_roll(d, 4) == 0) {
        const char *word = kit_words[words ? kit_roll(d, MM_COUNT(kit_words)) : 0];

        (void)snprintf(f->value, KIT_TEXT, "%s", word);
    } else {
        for (size_t i = 0; i < n; i++)
            f->value[i] = plain[kit_roll(d, sizeof(plain) - 1)];
        f->value[n] = 0;
    }
    (void)snprintf(f->expect, KIT_TEXT, "%s", f->value);
    for (char *c = f->expect; *c != 0 && f->op == KIT_LOWER; c++)
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
    if (f->op == KIT_MAP && strcmp(f->value, "north") == 0)
        (void)snprintf(f->expect, KIT_TEXT, "up");
}

static inline void kit_value(const struct kit *k, struct kit_field *f, struct kit_dice *d)
{
    unsigned v;

    f->wrong = false;
    f->expect[0] = 0;
    switch (kit_type_of(f)) {
    case KIT_IP:
        v = kit_roll(d, 250);
        (void)snprintf(f->value, KIT_TEXT, v % 5 == 4 ? "2001:db8::%x" : "192.0.%u.7", v + 1);
        (void)snprintf(f->expect, KIT_TEXT, "%s", f->value);
        if (k->decoder != KIT_PATTERN && v == 13) {
            (void)snprintf(f->value, KIT_TEXT, "192.0.2.256");
            f->expect[0] = 0;
            f->wrong = true;
        }
        return;
    case KIT_PORT:
        v = kit_roll(d, 256) << 8 | kit_roll(d, 256);
        f->wrong = k->decoder != KIT_PATTERN && v % 16 == 15;
        (void)snprintf(f->value, KIT_TEXT, "%u", f->wrong ? v + 65536 : v);
        if (!f->wrong)
            (void)snprintf(f->expect, KIT_TEXT, "%s", f->value);
        return;
    case KIT_UINT:
        kit_number(f, d);
        return;
    case KIT_ANY:
        kit_text(k, f, d);
    }
}

/* The value in quotes, `mark` in front of what would end it there. */
static inline void kit_quoted(struct kit *k, const char *v, char mark)
{
    kit_byte(k, '"');
    for (; *v != 0; v++) {
        if (*v == '"' || (mark == '\\' && *v == '\\'))
            kit_byte(k, mark);
        kit_byte(k, *v);
    }
    kit_byte(k, '"');
}

static inline void kit_render_value(struct kit *k, size_t i, struct kit_dice *d)
{
    const char *v = k->field[i].value;
    char name[8];
    int n;

    switch (k->decoder) {
    case KIT_KV:
        n = snprintf(name, sizeof(name), "k%zu%c", i, k->assign);
        kit_put(k, name, (size_t)n);
        if (*v == 0 || strpbrk(v, " \"\\,;|") != NULL || kit_roll(d, 4) == 0)
            kit_quoted(k, v, k->escape);
        else
            kit_put(k, v, strlen(v));
        return;
    case KIT_CSV:
        if (strpbrk(v, ",;|\"") != NULL || kit_roll(d, 4) == 0)
            kit_quoted(k, v, '"');
        else
            kit_put(k, v, strlen(v));
        return;
    case KIT_JSON:
        n = snprintf(name, sizeof(name), "\"k%zu\":", i);
        kit_put(k, name, (size_t)n);
        kit_quoted(k, v, '\\');
        return;
    default:
        kit_put(k, v, strlen(v));
    }
}

/* Make up a line of the format: k->line, and what its event must be. */
static inline void kit_line(struct kit *k, struct kit_dice *d)
{
    static const char head[] = "<13>Nov 20 10:00:00 h kit: ";

    k->line_n = 0;
    if (k->wrapped)
        kit_put(k, head, sizeof(head) - 1);
    kit_put(k, k->decoder == KIT_JSON ? "{" : "go ",
            k->decoder == KIT_JSON      ? 1
            : k->decoder == KIT_PATTERN ? 3
                                        : 0);
    for (size_t i = 0; i < k->fields; i++) {
        const char *between = kit_literals[k->field[i].before % MM_COUNT(kit_literals)];

        kit_value(k, &k->field[i], d);
        if (i > 0 && k->decoder == KIT_PATTERN)
            kit_put(k, between, strlen(between));
        else if (i > 0)
            kit_byte(k, k->decoder == KIT_JSON ? ',' : k->gap);
        kit_render_value(k, i, d);
    }
    if (k->decoder == KIT_JSON)
        kit_byte(k, '}');
}

/* Spoil the line: bytes that are others, gone, or there twice. */
static inline void kit_spoil(struct kit *k, struct kit_dice *d)
{
    for (unsigned n = kit_roll(d, 6); n > 0 && k->line_n > 2; n--) {
        size_t at = (kit_roll(d, 256) << 8 | kit_roll(d, 256)) % k->line_n;

        switch (kit_roll(d, 3)) {
        case 0:
            k->line[at] = (char)kit_roll(d, 256);
            break;
        case 1:
            k->line_n = at + 1;
            break;
        default:
            memmove(k->line + at, k->line + at + 1, k->line_n - at - 1);
            k->line_n--;
        }
    }
}

/* ---- the event ---- */

/* Whether some field of the format goes there. */
static inline bool kit_meant(const struct kit *k, enum mm_field f)
{
    for (size_t i = 0; i < k->fields; i++) {
        if (kit_targets[k->field[i].target].field == f && k->field[i].expect[0] != 0)
            return true;
    }
    return f == MM_F_EVENT_CATEGORY || f == MM_F_EVENT_OUTCOME || f == MM_F_SYSLOG_FACILITY ||
           f == MM_F_SYSLOG_SEVERITY ||
           (f == MM_F_EVENT_ACTION && k->rule && strcmp(k->field[0].value, "north") == 0);
}

/* Hold the event of a line that was not spoilt against what was meant. */
static inline void kit_check(const struct kit *k, const struct mm_event *ev)
{
    char tmp[MM_FIELD_TEXT];
    bool wrong = false;

    for (size_t i = 0; i < k->fields; i++) {
        const struct kit_field *f = &k->field[i];
        enum mm_field to = kit_targets[f->target].field;
        const struct mm_slice *extra = mm_event_extra(ev, MM_S("kit.extra"));
        struct mm_slice want = mm_slice_str(f->expect);

        wrong = wrong || f->wrong;
        if (to == MM_F_NONE)
            MM_ASSERT(want.n == 0 ? extra == NULL : extra != NULL && mm_slice_eq(*extra, want));
        else if (want.n > 0)
            MM_ASSERT(mm_event_has(ev, to) && mm_slice_eq(mm_event_as_text(ev, to, tmp), want));
    }
    MM_ASSERT(((ev->flags & MM_EV_UNPARSED) != 0) == wrong);
    for (unsigned f = 0; f < MM_F_COUNT; f++)
        MM_ASSERT(mm_event_has(ev, (enum mm_field)f) == kit_meant(k, (enum mm_field)f) ||
                  ((f == MM_F_SYSLOG_FACILITY || f == MM_F_SYSLOG_SEVERITY) && !k->wrapped));
}

#endif
