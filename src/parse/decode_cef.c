/* parse/decode_cef.c - decoders for CEF and LEEF; see SCHEMA.md for what formats see of them. */
#include "codec/cef.h"
#include "codec/javadate.h"
#include "codec/leef.h"
#include "parse/format.h"

/* A label as a name: what no field's name is made of becomes "_". */
static bool name_of(struct mm_arena *arena, struct mm_slice label, struct mm_slice *ret)
{
    uint8_t *out = NULL;

    label = mm_slice_sub(label, 0, MM_MAX_FIELD_NAME);
    for (size_t i = 0; i < label.n; i++) {
        uint8_t c = label.p[i];
        bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '_' || c == '-' || c == '.' || c >= 0x80;

        if (good)
            continue;
        if (out == NULL) {
            out = mm_arena_bytes(arena, label.n);
            if (out == NULL)
                return false;
            memcpy(out, label.p, label.n);
        }
        out[i] = '_';
    }
    *ret = out == NULL ? label : mm_slice_of(out, label.n);
    return true;
}

/* What the sender calls this key, unless the format knows only the key. */
static struct mm_slice called(const struct mm_wire *w, const struct mm_cef_label *label,
                              size_t labels, struct mm_slice key)
{
    uint8_t last = key.p[key.n - 1];

    for (size_t i = 0; i < labels && last >= '0' && last <= '9'; i++) {
        if (!mm_slice_eq(label[i].key, key))
            continue;
        return mm_symtab_get(w->names, label[i].name) == MM_SYM_NONE &&
                       mm_symtab_get(w->names, key) != MM_SYM_NONE
                   ? key
                   : label[i].name;
    }
    return key;
}

static bool plain(struct mm_wire *w, bool escaped, struct mm_slice *text)
{
    return !escaped || mm_cef_unescape(w->arena, *text, text);
}

/* The line's own time: when the device had it, else when the activity began or ended. */
static void cef_time(struct mm_wire *w, const struct mm_slice time[3])
{
    bool bad = false;

    for (size_t i = 0; i < 3 && !w->has_when; i++) {
        w->has_when = time[i].n > 0 && mm_when_any(time[i], &w->when);
        bad = bad || time[i].n > 0;
    }
    if (bad && !w->has_when)
        w->whole = false;
}

static void cef_pairs(struct mm_wire *w, struct mm_slice extension)
{
    static const struct mm_slice times[] = {MM_S_INIT("rt"), MM_S_INIT("start"), MM_S_INIT("end")};
    MM_UNINIT struct mm_cef_label label[MM_CEF_MAX_LABELS];
    struct mm_slice time[MM_COUNT(times)] = {{0}};
    struct mm_cef_walk walk;
    struct mm_cef_pair pair;
    size_t labels = mm_cef_labels(extension, label);

    /* Looking for labels was a walk over all pairs. */
    if (labels > 0)
        (void)mm_work_take(&w->work, extension.n / 2);
    for (size_t i = 0; i < labels; i++) {
        if (!name_of(w->arena, label[i].name, &label[i].name))
            w->whole = false;
    }
    if (mm_cef_walk(&walk, extension) > 0)
        w->whole = false;
    while (!mm_wire_spent(w) && mm_cef_next(&walk, &pair)) {
        /* A label, or a key that is looked for among the labels. */
        (void)mm_work_take(&w->work, 2 + labels);
        if (mm_cef_is_label(pair.key))
            continue;
        if (!plain(w, pair.escaped, &pair.value))
            w->whole = false;
        for (size_t i = 0; i < MM_COUNT(times); i++) {
            if (time[i].n == 0 && mm_slice_eq(pair.key, times[i]))
                time[i] = pair.value;
        }
        mm_wire_put(w, called(w, label, labels, pair.key), pair.value);
    }
    cef_time(w, time);
}

bool mm_decode_cef(const struct mm_format *f, struct mm_wire *w, struct mm_slice text)
{
    static const struct mm_slice names[MM_CEF_PARTS] = {
        [MM_CEF_VERSION] = MM_S_INIT("cef.version"),
        [MM_CEF_VENDOR] = MM_S_INIT("cef.vendor"),
        [MM_CEF_PRODUCT] = MM_S_INIT("cef.product"),
        [MM_CEF_DEVICE_VERSION] = MM_S_INIT("cef.device_version"),
        [MM_CEF_CLASS] = MM_S_INIT("cef.class"),
        [MM_CEF_NAME] = MM_S_INIT("cef.name"),
        [MM_CEF_SEVERITY] = MM_S_INIT("cef.severity"),
    };
    struct mm_cef cef;

    (void)f;
    if (mm_cef_parse(text, &cef, NULL) != MM_OK)
        return false;
    w->whole = true;
    for (size_t i = 0; i < MM_CEF_PARTS; i++) {
        if (!plain(w, cef.escaped[i], &cef.part[i]))
            w->whole = false;
        mm_wire_put(w, names[i], cef.part[i]);
    }
    cef_pairs(w, cef.extension);
    return true;
}

bool mm_decode_leef(const struct mm_format *f, struct mm_wire *w, struct mm_slice text)
{
    static const struct mm_slice names[MM_LEEF_PARTS] = {
        [MM_LEEF_VERSION] = MM_S_INIT("leef.version"),
        [MM_LEEF_VENDOR] = MM_S_INIT("leef.vendor"),
        [MM_LEEF_PRODUCT] = MM_S_INIT("leef.product"),
        [MM_LEEF_PRODUCT_VERSION] = MM_S_INIT("leef.product_version"),
        [MM_LEEF_EVENT] = MM_S_INIT("leef.event"),
    };
    struct mm_slice time = {0}, form = {0};
    struct mm_leef leef;
    struct mm_leef_walk walk;
    struct mm_leef_pair pair;
    size_t stray = 0;

    (void)f;
    if (mm_leef_parse(text, &leef, NULL) != MM_OK)
        return false;
    for (size_t i = 0; i < MM_LEEF_PARTS; i++)
        mm_wire_put(w, names[i], leef.part[i]);
    mm_leef_walk(&walk, &leef);
    while (!mm_wire_spent(w) && mm_leef_next(&walk, &pair, &stray)) {
        if (time.n == 0 && mm_slice_eq(pair.key, MM_S("devTime")))
            time = pair.value;
        else if (form.n == 0 && mm_slice_eq(pair.key, MM_S("devTimeFormat")))
            form = pair.value;
        mm_wire_put(w, pair.key, pair.value);
    }
    (void)mm_work_take(&w->work, stray * MM_WORK_VALUE / 2);
    w->whole = stray == 0;
    if (time.n > 0) {
        w->has_when = mm_javadate_read(time, form, &w->when) || mm_when_any(time, &w->when);
        w->whole = w->whole && w->has_when;
    }
    return true;
}
