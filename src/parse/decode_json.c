/* parse/decode_json.c - decoders for JSON lines; see SCHEMA.md for what formats see of them. */
#include "codec/ext/json.h"
#include "codec/json_mend.h"
#include "codec/xml.h"
#include "decode/flat.h"
#include "decode/treedoc.h"
#include "decode/winevent.h"
#include "parse/format.h"

enum {
    WORK_ITEM = 6,      /* units of work to look at an item of a document once */
    WORK_WIN_ITEM = 16, /* and to make a part of a Windows event of it */
};

/* The scalars of a list joined by ", "; false when something else is in it. */
static bool join_list(struct mm_wire *w, const struct mm_json_doc *doc,
                      const struct mm_json_item *list, struct mm_slice *ret)
{
    const struct mm_json_item *last = doc->item + list->end;
    size_t n = 0, at = 0;
    uint8_t *p;

    if (list + 1 == last)
        return false;
    for (const struct mm_json_item *it = list + 1; it < last; it++) {
        if (!mm_json_is_scalar(it))
            return false;
        n += it->text.n + 2;
    }
    if (list + 2 == last) {
        *ret = list[1].text;
        return true;
    }
    p = mm_arena_bytes(w->arena, n);
    if (p == NULL || !mm_work_take(&w->work, n / 2))
        return false;
    for (const struct mm_json_item *it = list + 1; it < last; it++) {
        if (it->text.n > 0)
            memcpy(p + at, it->text.p, it->text.n);
        at += it->text.n;
        if (it + 1 < last) {
            p[at++] = ',';
            p[at++] = ' ';
        }
    }
    *ret = mm_slice_of(p, at);
    return true;
}

static void put_member(const struct mm_format *f, struct mm_wire *w, struct mm_slice name,
                       struct mm_slice value, bool in_list)
{
    uint16_t slot = mm_symtab_get(w->names, name);
    struct mm_slice own;

    if (slot != MM_SYM_NONE) {
        mm_wire_slot(w, slot, value);
        return;
    }
    /* A list's own text has it, too. */
    if (in_list || !f->keep_unknown)
        return;
    /* The walk builds its names in a buffer of its own. */
    if (w->unknown_count >= MM_MAX_EXTRA || !mm_arena_dup(w->arena, name, &own)) {
        w->unknown_full = true;
        return;
    }
    w->unknown[w->unknown_count++] = (struct mm_extra){.name = own, .value = value};
}

/* The first member that may hold the value of a pair: a scalar, or a list of them. */
static bool pair_value(struct mm_wire *w, const struct mm_json_doc *doc, size_t object,
                       const struct mm_json_pairs *pairs, struct mm_slice *ret)
{
    for (size_t i = 0; i < pairs->value_count; i++) {
        const struct mm_json_item *it = mm_json_get(doc, object, pairs->value[i]);

        if (it == NULL || it->type == MM_JSON_NULL)
            continue;
        *ret = it->text;
        if (it->type == MM_JSON_ARRAY)
            (void)join_list(w, doc, it, ret);
        return true;
    }
    return false;
}

/* Objects of a list that say a name and its value; names that the format doesn't know stay in the
 * list's own text. */
static void put_pairs(struct mm_wire *w, const struct mm_json_doc *doc,
                      const struct mm_json_item *list, const struct mm_json_pairs *pairs)
{
    uint8_t name[MM_MAX_FIELD_NAME];
    size_t n = pairs->list.n + 1;

    if (n >= sizeof(name))
        return;
    memcpy(name, pairs->list.p, pairs->list.n);
    name[n - 1] = '.';
    for (size_t i = mm_json_index(doc, list) + 1; i < list->end; i = doc->item[i].end) {
        const struct mm_json_item *key;
        struct mm_slice value;
        uint16_t slot;

        if (doc->item[i].type != MM_JSON_OBJECT)
            continue;
        key = mm_json_get(doc, i, pairs->name);
        if (key == NULL || !mm_json_is_scalar(key) || key->text.n == 0 ||
            key->text.n > sizeof(name) - n)
            continue;
        memcpy(name + n, key->text.p, key->text.n);
        slot = mm_symtab_get(w->names, mm_slice_of(name, n + key->text.n));
        if (slot != MM_SYM_NONE && pair_value(w, doc, i, pairs, &value))
            mm_wire_slot(w, slot, value);
    }
}

/* A list under its name: its pairs, and its text. Of pairs, the first is not walked once more. */
static void put_list(const struct mm_format *f, struct mm_wire *w, struct mm_flat *flat,
                     const struct mm_json_item *list, struct mm_slice name)
{
    struct mm_slice value = list->text;
    const struct mm_json_pairs *pairs = f->json.pairs;
    bool in_list = mm_flat_in_list(flat, list);

    if (mm_json_index(flat->doc, list) + 1 == list->end)
        return;
    for (; pairs != NULL; pairs = pairs->next) {
        size_t items = list->end - mm_json_index(flat->doc, list);

        if (!mm_slice_eq(pairs->list, name))
            continue;
        if (!mm_work_take(&w->work, items * WORK_ITEM * (1 + pairs->value_count)))
            return;
        put_pairs(w, flat->doc, list, pairs);
        mm_flat_skip(flat, list);
    }
    (void)join_list(w, flat->doc, list, &value);
    put_member(f, w, name, value, in_list);
}

/* Members of an envelope go by their own names. */
static struct mm_slice without_envelope(const struct mm_format *f, struct mm_slice name)
{
    for (size_t i = 0; i < f->json.open_count; i++) {
        size_t n = f->json.open[i].n;

        if (name.n > n + 1 && name.p[n] == '.' && mm_slice_starts(name, f->json.open[i]))
            return mm_slice_sub(name, n + 1, SIZE_MAX);
    }
    return name;
}

/* An object that the format drops is dropped with all that is in it; so is one that holds nothing
 * that the format knows, where the rest is not kept. A list's first object goes by the list's name,
 * but the list and its members are two things. */
static bool leaves_out(const struct mm_format *f, const struct mm_json_item *it,
                       struct mm_slice name)
{
    uint16_t slot = it->key.n == 0 ? MM_SYM_NONE : mm_symtab_get(&f->names, name);

    return (slot != MM_SYM_NONE && f->slot[slot].dropped) ||
           (!f->keep_unknown && mm_symtab_get(&f->json.above, name) == MM_SYM_NONE);
}

/* Times under the names that loggers use; the first that can be read. */
static void find_when(struct mm_wire *w, const struct mm_json_doc *doc)
{
    static const struct mm_slice names[] = {
        MM_S_INIT("@timestamp"), MM_S_INIT("timestamp"), MM_S_INIT("time"),
        MM_S_INIT("eventTime"),  MM_S_INIT("datetime"),  MM_S_INIT("date"),
        MM_S_INIT("ts"),         MM_S_INIT("created"),   MM_S_INIT("TimeGenerated"),
    };

    for (size_t i = 0; i < MM_COUNT(names) && !w->has_when; i++) {
        const struct mm_json_item *it = mm_json_get(doc, 0, names[i]);

        if (it == NULL || (it->type != MM_JSON_STRING && it->type != MM_JSON_NUMBER))
            continue;
        w->has_when = mm_when_any(it->text, &w->when);
    }
}

/* The object in `text`; of a line that intake has cut, what stands before the cut. */
static bool read_object(struct mm_wire *w, struct mm_slice text, struct mm_json_doc *ret)
{
    struct mm_slice mended;

    /* Syslog forwarders put this in front of JSON (Common Event Expression, CLT 1.0). */
    if (mm_slice_starts(text, MM_S("@cee:")))
        text = mm_slice_sub(text, 5, SIZE_MAX);
    if (mm_json_parse_within(w->json, text, &w->work, w->arena, ret, NULL) != MM_OK) {
        if (mm_wire_spent(w) || (w->ev->flags & MM_EV_TRUNCATED) == 0 ||
            !mm_json_mend(w->arena, text, &mended) ||
            mm_json_parse_within(w->json, mended, &w->work, w->arena, ret, NULL) != MM_OK)
            return false;
        w->mended = true;
    }
    return ret->item[0].type == MM_JSON_OBJECT;
}

bool mm_decode_json(const struct mm_format *f, struct mm_wire *w, struct mm_slice text)
{
    struct mm_json_doc doc;
    struct mm_flat flat;
    struct mm_slice name;
    const struct mm_json_item *it;

    if (!read_object(w, text, &doc))
        return false;
    if ((f->time == NULL || f->time->from == MM_TIME_DECODER) &&
        mm_work_take(&w->work, doc.n * WORK_ITEM))
        find_when(w, &doc);
    mm_flat_init(&flat, &doc, 0);
    flat.objects = true;
    while (mm_work_take(&w->work, MM_WORK_VALUE) && mm_flat_next(&flat, &name, &it)) {
        name = without_envelope(f, name);
        if (it->type == MM_JSON_OBJECT) {
            if (leaves_out(f, it, name))
                mm_flat_skip(&flat, it);
            continue;
        }
        if (it->type == MM_JSON_NULL)
            continue;
        if (it->type == MM_JSON_ARRAY)
            put_list(f, w, &flat, it, name);
        else
            put_member(f, w, name, it->text, mm_flat_in_list(&flat, it));
    }
    w->whole = flat.left_out == 0 && !w->mended;
    return true;
}

/* A Windows event in any shape, already a document. */
static bool windows_doc(struct mm_wire *w, const struct mm_json_doc *doc)
{
    struct mm_decode_env env = {.arena = w->arena, .offset_s = w->offset_s};

    if (!mm_work_take(&w->work, doc->n * WORK_WIN_ITEM) ||
        mm_winevent_decode(w->win, doc, &env, w->ev, NULL) != MM_OK)
        return false;
    w->timed = true;
    w->whole = (w->ev->flags & MM_EV_UNPARSED) == 0 && !w->mended;
    return true;
}

bool mm_decode_winevent(const struct mm_format *f, struct mm_wire *w, struct mm_slice text)
{
    struct mm_json_doc doc;

    (void)f;
    if (w->tree != NULL)
        return mm_tree_doc(w->tree, w->arena, &doc) && windows_doc(w, &doc);
    return read_object(w, text, &doc) && windows_doc(w, &doc);
}

bool mm_decode_winxml(const struct mm_format *f, struct mm_wire *w, struct mm_slice text)
{
    struct mm_json_doc doc;
    struct mm_tree *top;

    (void)f;
    return mm_xml_parse(text, &w->work, w->arena, &top, NULL) == MM_OK &&
           mm_tree_doc(top, w->arena, &doc) && windows_doc(w, &doc);
}
