/* parse/decode_csv.c - cells by column: fixed, chosen by the line, or named by header lines. */
#include "codec/csv.h"

#include "base/ip.h"

#include "codec/directive.h"
#include "codec/winmsg.h"
#include "parse/columns.h"
#include "parse/format.h"

enum {
    CELLS_MAX = 256, /* of one line; SKYSEA's and Palo Alto's widest have about 120 */
    WORK_CELL = 6,   /* units of work to find a cell, or to look at one */
};

struct cells {
    struct mm_slice cell[CELLS_MAX];
    size_t count; /* also those beyond the table */
    bool whole;
};

static size_t kept_cells(const struct cells *c)
{
    return mm_min_size(c->count, CELLS_MAX);
}

static void split(const struct mm_format *f, struct mm_wire *w, struct mm_slice text,
                  struct cells *ret)
{
    struct mm_csv csv;
    struct mm_csv_cell cell;

    ret->count = 0;
    ret->whole = true;
    mm_csv_init(&csv, text, f->csv.gap, f->csv.quotes);
    while (mm_work_take(&w->work, WORK_CELL) && mm_csv_next(&csv, &cell)) {
        if (cell.doubled)
            (void)mm_work_take(&w->work, cell.text.n);
        if (cell.doubled && !mm_csv_unquote(w->arena, cell.text, &cell.text))
            ret->whole = false;
        ret->whole = ret->whole && !cell.torn;
        if (ret->count < CELLS_MAX)
            ret->cell[ret->count] = cell.text;
        ret->count++;
    }
    ret->whole = ret->whole && ret->count <= CELLS_MAX;
}

/* A header line is news of the log itself: it has no time of its own, and a name. */
static void put_header(const struct mm_format *f, struct mm_wire *w, struct mm_slice name,
                       struct mm_slice value)
{
    w->header = true;
    mm_wire_slot(w, f->csv.slot_header, name);
    mm_wire_slot(w, f->csv.slot_value, value);
}

/* "#Fields: ..." names the columns of the lines behind it; others are only news. */
static bool read_directive(const struct mm_format *f, struct mm_wire *w, struct mm_slice text)
{
    bool tabs;
    MM_UNINIT struct mm_slice name[MM_COLUMNS_MAX];
    struct mm_directive d;
    struct mm_csv csv;
    struct mm_csv_cell cell;
    size_t count = 0;

    if (!mm_directive_read(text, &d))
        return false;
    w->whole = true;
    put_header(f, w, d.name, d.value);
    if (mm_slice_ieq(d.name, MM_S("path")) || mm_slice_ieq(d.name, MM_S("separator")))
        mm_columns_path(w->columns, w, d.name.p[0] == 'p' ? d.value : (struct mm_slice){0});
    if (mm_slice_ieq(d.name, MM_S("date")) && mm_when_any(d.value, &w->when)) {
        w->when.has_zone = true; /* the draft: dates are GMT */
        w->has_when = true;
    }
    if (!mm_slice_ieq(d.name, MM_S("fields")))
        return true;
    tabs = mm_slice_find(d.value, '\t', 0) != SIZE_MAX;
    mm_csv_init(&csv, d.value, tabs ? '\t' : f->csv.gap == '\t' ? ' ' : f->csv.gap, false);
    while (count < MM_COLUMNS_MAX && mm_work_take(&w->work, WORK_CELL) &&
           mm_csv_next(&csv, &cell)) {
        cell.text = mm_slice_trim(cell.text);
        if (cell.text.n > 0)
            name[count++] = cell.text;
    }
    w->whole = csv.ended && mm_columns_note(w->columns, f, w, name, count);
    return true;
}

/* The first line of a CSV file: at least half of its cells are names the format knows. */
static bool is_names(const struct mm_format *f, const struct cells *c)
{
    size_t known = 0, other = 0, cells = kept_cells(c);

    for (size_t i = 0; i < cells && other * 2 <= cells; i++) {
        if (mm_symtab_get(&f->names, mm_slice_trim(c->cell[i])) != MM_SYM_NONE)
            known++;
        else
            other++;
    }
    return known >= 2 && known * 2 >= cells;
}

static bool read_names(const struct mm_format *f, struct mm_wire *w, struct cells *c,
                       struct mm_slice text)
{
    if (!is_names(f, c))
        return false;
    for (size_t i = 0; i < kept_cells(c); i++)
        c->cell[i] = mm_slice_trim(c->cell[i]);
    w->whole = c->whole && mm_columns_note(w->columns, f, w, c->cell, kept_cells(c));
    put_header(f, w, MM_S("names"), text);
    return true;
}

static bool where_holds(const struct mm_csv_where *where, const struct cells *c)
{
    for (; where != NULL; where = where->next) {
        size_t i = 0;

        if (where->column >= kept_cells(c))
            return false;
        while (i < where->count && !mm_slice_eq(where->word[i], c->cell[where->column]))
            i++;
        if (i == where->count)
            return false;
    }
    return true;
}

static bool count_fits(const struct mm_csv_set *set, size_t count)
{
    return set->any || (set->least > 0 ? count >= set->least : count == set->count);
}

/* The first set of the format that fits the line; `columns` alone fit every line. */
static const struct mm_csv_set *choose(const struct mm_format *f, const struct cells *c)
{
    const struct mm_csv_set *set = f->csv.sets;

    while (set != NULL && (!count_fits(set, c->count) || !where_holds(set->where, c)))
        set = set->next;
    return set;
}

/* Can this cell be what the format makes of this column? Addresses and numbers tell columns apart.
 */
static bool cell_fits(const struct mm_format *f, uint16_t slot, struct mm_slice cell)
{
    const struct mm_op *op = slot == MM_SYM_NONE ? NULL : f->slot[slot].ops;
    struct mm_ip ip;
    uint64_t u;

    if (op == NULL || op->kind != MM_OP_COPY || op->loose || op->to.field == MM_F_NONE ||
        cell.n == 0 || mm_symtab_get(&f->absent, cell) != MM_SYM_NONE)
        return true;
    if (mm_field_type(op->to.field) == MM_FT_IP)
        return mm_ip_parse(cell, &ip);
    return mm_field_type(op->to.field) != MM_FT_UINT || mm_slice_u64(cell, &u);
}

/* The newest header that fits. Only where another one, or a set of the format, has as many columns
 * are the cells looked at. */
static const struct mm_columns_kept *choose_kept(const struct mm_format *f, struct mm_wire *w,
                                                 const struct cells *c)
{
    const struct mm_columns_kept *k = mm_columns_find(w->columns, f, w, c->count, NULL), *next;
    bool set = k != NULL && choose(f, c) != NULL;

    for (; k != NULL; k = next) {
        size_t i = 0;

        next = mm_columns_find(w->columns, f, w, c->count, k);
        if ((set || next != NULL) && !mm_work_take(&w->work, k->count * WORK_CELL))
            return NULL;
        while ((set || next != NULL) && i < k->count && cell_fits(f, k->name[i].slot, c->cell[i]))
            i++;
        if ((!set && next == NULL) || i == k->count)
            break;
    }
    return k;
}

static void put_kept(const struct mm_columns_kept *k, struct mm_wire *w, const struct cells *c,
                     const struct mm_format *f)
{
    struct mm_slice own;

    for (size_t i = 0; i < k->count; i++) {
        if (!mm_work_take(&w->work, MM_WORK_VALUE))
            return;
        if (k->name[i].slot != MM_SYM_NONE) {
            mm_wire_slot(w, k->name[i].slot, c->cell[i]);
        } else if (mm_arena_dup(w->arena, mm_slice_of(k->text + k->name[i].at, k->name[i].n),
                                &own)) {
            /* The event outlives the table's copy of the name. */
            mm_wire_put(w, own, c->cell[i]);
        } else {
            w->whole = false;
        }
    }
    if (k->path_n > 0 && mm_arena_dup(w->arena, mm_slice_of(k->path, k->path_n), &own))
        mm_wire_slot(w, f->csv.slot_set, own);
}

static void put_set(const struct mm_csv_set *set, struct mm_wire *w, const struct cells *c,
                    const struct mm_format *f)
{
    (void)mm_work_take(&w->work, mm_min_size(set->count, kept_cells(c)) * MM_WORK_VALUE);
    for (size_t i = 0; i < set->count && i < kept_cells(c); i++) {
        if (set->slot[i] != MM_SYM_NONE)
            mm_wire_slot(w, set->slot[i], c->cell[i]);
    }
    if (set->name.n > 0)
        mm_wire_slot(w, f->csv.slot_set, set->name);
    w->whole = w->whole && c->count >= (set->least > 0 ? set->least : set->count);
}

/* Tabs that a relay (rsyslog) has written as "#011" are tabs again. */
static bool tabs_back(struct mm_wire *w, struct mm_slice *text)
{
    uint8_t *out;
    size_t n = 0;

    if (mm_slice_find(*text, '\t', 0) != SIZE_MAX ||
        mm_slice_search(*text, MM_S("#011")) == SIZE_MAX)
        return true;
    out = mm_arena_bytes(w->arena, text->n);
    if (out == NULL || !mm_work_take(&w->work, text->n))
        return false;
    for (size_t i = 0; i < text->n; i++) {
        bool tab = text->n - i >= 4 && memcmp(text->p + i, "#011", 4) == 0;

        out[n++] = tab ? '\t' : text->p[i];
        i += tab ? 3 : 0;
    }
    *text = mm_slice_of(out, n);
    return true;
}

/* "Section.Name" with `_` for blanks, by the section before when only that is a name the format
 * knows. */
static bool put_value(struct mm_wire *w, const struct mm_winmsg_pair *pair)
{
    struct mm_slice under[] = {pair->section, pair->outer}, name = {0};

    for (size_t i = 0; i < MM_COUNT(under) && (i == 0 || under[i].n > 0); i++) {
        size_t n = under[i].n + (under[i].n > 0 ? 1 : 0) + pair->name.n;
        uint8_t *p = n > MM_MAX_FIELD_NAME ? NULL : mm_arena_bytes(w->arena, n);

        if (p == NULL)
            return false;
        if (under[i].n > 0) {
            memcpy(p, under[i].p, under[i].n);
            p[under[i].n] = '.';
        }
        memcpy(p + n - pair->name.n, pair->name.p, pair->name.n);
        for (size_t k = 0; k < n; k++)
            p[k] = p[k] == ' ' ? '_' : p[k];
        if (i == 0 || mm_symtab_get(w->names, mm_slice_of(p, n)) != MM_SYM_NONE)
            name = mm_slice_of(p, n);
        if (mm_symtab_get(w->names, name) != MM_SYM_NONE)
            break;
    }
    mm_wire_put(w, name, pair->value);
    return true;
}

/* What the message of a Windows event says; its first sentence is `csv.title`. */
static void read_message(const struct mm_format *f, struct mm_wire *w)
{
    struct mm_winmsg walk;
    struct mm_winmsg_pair pair;
    struct mm_slice title;

    if (f->csv.slot_message == MM_SYM_NONE || !mm_wire_has(w, f->csv.slot_message))
        return;
    (void)mm_work_take(&w->work, w->value[f->csv.slot_message].n);
    mm_winmsg_init(&walk, w->value[f->csv.slot_message], &title);
    if (title.n > 0)
        mm_wire_slot(w, f->csv.slot_title, title);
    while (!mm_wire_spent(w) && mm_winmsg_next(&walk, &pair)) {
        if (!put_value(w, &pair))
            w->whole = false;
    }
}

/* A column that is a JSON object: its members are wire fields too. */
static void read_json(const struct mm_format *f, struct mm_wire *w)
{
    uint16_t slot = f->csv.slot_json;
    bool whole = w->whole;

    if (slot == MM_SYM_NONE || !mm_wire_has(w, slot) || w->value[slot].n == 0)
        return;
    w->whole = mm_decode_json(f, w, w->value[slot]) && w->whole && whole;
}

bool mm_decode_csv(const struct mm_format *f, struct mm_wire *w, struct mm_slice text)
{
    MM_UNINIT struct cells c;
    const struct mm_columns_kept *kept = NULL;
    const struct mm_csv_set *set;

    if (f->csv.header == MM_CSV_DIRECTIVES && text.n > 0 && text.p[0] == '#')
        return read_directive(f, w, text);
    if (f->csv.header != MM_CSV_NO_HEADER && mm_slice_starts(text, MM_S("\xEF\xBB\xBF")))
        text = mm_slice_sub(text, 3, SIZE_MAX); /* a file's byte order mark */
    if (f->csv.gap == '\t' && !tabs_back(w, &text))
        return false;
    split(f, w, text, &c);
    if (f->csv.header == MM_CSV_NAMES && read_names(f, w, &c, text))
        return true;
    w->whole = c.whole;
    if (f->csv.header != MM_CSV_NO_HEADER && c.count <= CELLS_MAX)
        kept = choose_kept(f, w, &c);
    set = kept == NULL ? choose(f, &c) : NULL;
    if (kept != NULL)
        put_kept(kept, w, &c, f);
    else if (set != NULL)
        put_set(set, w, &c, f);
    else
        w->whole = false;
    read_message(f, w);
    read_json(f, w);
    return c.count > 1 && (kept != NULL || set != NULL);
}
