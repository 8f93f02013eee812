/*
 * parse/decode.c - the decoders a format may name, and the built-in ones.
 *
 * A new kind of wire format is one function and one row of the table at the end.
 */
#include "parse/format.h"

/* Put every pair of text; false when not all of it was pairs in whole. */
static bool put_pairs(const struct mm_format *f, struct mm_wire *w, struct mm_slice text,
                      size_t *ret_pairs)
{
    struct mm_kv kv;
    struct mm_kv_pair pair;
    size_t stray = 0, pairs = 0;
    bool whole = true;

    mm_kv_init(&kv, text, f->kv);
    while (!mm_wire_spent(w) && mm_kv_next(&kv, &pair, &stray)) {
        if ((stray > 0 || pair.torn) && w->stray == NULL)
            w->stray = pair.torn ? pair.value.p : pair.key.p;
        if (pair.escaped)
            (void)mm_work_take(&w->work, pair.value.n);
        if (pair.escaped && !mm_kv_unescape(w->arena, pair.value, f->kv.escape, &pair.value))
            whole = false;
        whole = whole && !pair.torn;
        mm_wire_put(w, pair.key, pair.value);
        pairs++;
    }
    (void)mm_work_take(&w->work, stray * MM_WORK_VALUE / 2);
    *ret_pairs = pairs;
    return whole && (stray == 0 || !f->kv_strict);
}

static bool decode_kv(const struct mm_format *f, struct mm_wire *w, struct mm_slice text)
{
    size_t pairs;

    w->whole = put_pairs(f, w, text, &pairs);
    return pairs > 0;
}

static bool decode_pattern(const struct mm_format *f, struct mm_wire *w, struct mm_slice text)
{
    MM_UNINIT struct mm_pattern_hit hit;

    bool whole = mm_patterns_match(f->patterns, mm_slice_trim(text), &w->work, &hit);

    w->whole = whole;
    for (size_t i = 0; i < hit.count; i++) {
        size_t pairs;

        if (hit.capture[i].name != f->pattern_pairs)
            mm_wire_slot(w, f->pattern_slot[hit.capture[i].name], hit.capture[i].text);
        else if (!put_pairs(f, w, hit.capture[i].text, &pairs))
            w->whole = false;
    }
    if (hit.has_when) {
        w->when = hit.when;
        w->has_when = true;
    }
    if (whole)
        w->pattern = hit.pattern;
    return whole;
}

/* RFC 5424 6.3.3: a backslash escapes a quote, a bracket and itself, and is one before all else. */
static bool sd_unescape(struct mm_arena *arena, struct mm_slice *value)
{
    uint8_t *out = mm_arena_bytes(arena, value->n);
    size_t n = 0;

    if (out == NULL)
        return false;
    for (size_t i = 0; i < value->n; i++) {
        uint8_t next = i + 1 < value->n ? value->p[i + 1] : 0;

        if (value->p[i] == '\\' && (next == '"' || next == ']' || next == '\\'))
            i++;
        out[n++] = value->p[i];
    }
    *value = mm_slice_of(out, n);
    return true;
}

/* The parameters of RFC 5424 structured data; the text behind them may be anything. */
static bool decode_sd(const struct mm_format *f, struct mm_wire *w, struct mm_slice text)
{
    struct mm_syslog_sd sd;
    struct mm_syslog_param one;
    size_t params = 0;

    (void)text;
    if (!w->has_syslog)
        return false;
    if (f->sd_pairs) {
        struct mm_slice inner = mm_slice_sub(w->syslog.sd, 1, SIZE_MAX);

        inner.n -= inner.n > 0 ? 1 : 0; /* the brackets */
        w->whole = put_pairs(f, w, inner, &params);
        return params > 0;
    }
    w->whole = true;
    mm_syslog_sd_init(&sd, w->syslog.sd);
    while (!mm_wire_spent(w) && mm_syslog_sd_next(&sd, &one)) {
        if (one.escaped)
            (void)mm_work_take(&w->work, one.value.n);
        if (one.escaped && !sd_unescape(w->arena, &one.value))
            w->whole = false;
        mm_wire_put(w, one.name, one.value);
        params++;
    }
    return params > 0;
}

mm_decoder *mm_decoder_find(struct mm_slice name)
{
    static const struct {
        struct mm_slice name;
        mm_decoder *run;
    } decoders[] = {
        {MM_S_INIT("kv"), decode_kv},
        {MM_S_INIT("csv"), mm_decode_csv},
        {MM_S_INIT("pattern"), decode_pattern},
        {MM_S_INIT("sd"), decode_sd},
        {MM_S_INIT("json"), mm_decode_json},
        {MM_S_INIT("cef"), mm_decode_cef},
        {MM_S_INIT("leef"), mm_decode_leef},
        {MM_S_INIT("auditd"), mm_decode_auditd},
        {MM_S_INIT("journal"), mm_decode_journal},
        {MM_S_INIT("winevent"), mm_decode_winevent},
        {MM_S_INIT("winxml"), mm_decode_winxml},
    };

    for (size_t i = 0; i < MM_COUNT(decoders); i++) {
        if (mm_slice_eq(decoders[i].name, name))
            return decoders[i].run;
    }
    return NULL;
}
