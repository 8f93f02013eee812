/* detect/eval.c - values of an event, and whether sets hold. */
#include "detect/fold.h"
#include "detect/matcher.h"
#include "detect/number.h"

enum { GEN_MAX = UINT32_MAX / 4 - 1 };

static bool is_text(enum mm_field f)
{
    return mm_field_type(f) == MM_FT_KEYWORD || mm_field_type(f) == MM_FT_TEXT;
}

struct mm_matcher *mm_matcher_new(struct mm_ruleset *set)
{
    struct mm_matcher *m = calloc(1, sizeof(*m));

    if (m == NULL)
        return NULL;
    m->set = mm_rules_ref(set);
    m->regex = mm_regex_ctx_new();
    m->place = calloc(MM_PLACES, sizeof(*m->place));
    m->text = calloc(MM_TEXTS_MAX, sizeof(struct mm_place *));
    m->text_own = calloc(MM_TEXTS_MAX, sizeof(*m->text_own));
    m->word = calloc((size_t)MM_TEXTS_MAX * MM_WORD_SIZES, sizeof(*m->word));
    m->set_mark = calloc(set->set_n + 1, sizeof(*m->set_mark));
    m->atom_mark = calloc(set->atom_n + 1, sizeof(*m->atom_mark));
    m->posting_mark = calloc(set->posting_n + 1, sizeof(*m->posting_mark));
    m->rule_mark = calloc(set->rule_n + 1, sizeof(*m->rule_mark));
    m->index_mark = calloc(set->index_n + 1, sizeof(*m->index_mark));
    m->candidate = calloc(set->rule_n + 1, sizeof(*m->candidate));
    m->undecided = calloc(set->rule_n + 1, sizeof(*m->undecided));
    m->hidden = calloc(set->rule_n + 1, sizeof(*m->hidden));
    m->filter_hits = calloc(set->filter_n + 1, sizeof(*m->filter_hits));
    m->route = calloc(MM_ROUTES, sizeof(*m->route));
    m->room = malloc(MM_MATCH_ROOM);
    if (m->regex == NULL || m->place == NULL || m->text == NULL || m->text_own == NULL ||
        m->word == NULL || m->set_mark == NULL || m->atom_mark == NULL || m->posting_mark == NULL ||
        m->rule_mark == NULL || m->index_mark == NULL || m->candidate == NULL ||
        m->undecided == NULL || m->hidden == NULL || m->filter_hits == NULL || m->route == NULL ||
        m->room == NULL)
        mm_matcher_free(&m);
    for (size_t f = 0; f < MM_F_COUNT && m != NULL; f++)
        m->texts[f / 64] |= (uint64_t)is_text((enum mm_field)f) << (f % 64);
    return m;
}

void mm_matcher_free(struct mm_matcher **pm)
{
    struct mm_matcher *m = *pm;

    *pm = NULL;
    if (m == NULL)
        return;
    mm_rules_unref(&m->set);
    mm_regex_ctx_free(&m->regex);
    free(m->place);
    free(m->text);
    free(m->text_own);
    free(m->word);
    free(m->set_mark);
    free(m->atom_mark);
    free(m->posting_mark);
    free(m->rule_mark);
    free(m->index_mark);
    free(m->candidate);
    free(m->undecided);
    free(m->hidden);
    free(m->filter_hits);
    free(m->route);
    free(m->room);
    free(m);
}

/* The number of an extra that rules know, or MM_EXTRA_MAX. */
static uint32_t extra_number(const struct mm_ruleset *s, struct mm_slice name)
{
    uint32_t at = s->extra_n == 0 ? 0 : mm_table_get(&s->extra, mm_small_key(name.p, name.n));

    while (at != 0 && !mm_slice_eq(s->extra_name[at - 1], name))
        at = s->extra_next[at - 1];
    return at == 0 ? MM_EXTRA_MAX : at - 1;
}

/* Are they equal? Names are compared for every extra of every event. */
static bool is_name(struct mm_slice a, struct mm_slice b)
{
    uint64_t differ = 0;

    if (a.n != b.n || a.n < 8)
        return mm_slice_eq(a, b);
    for (size_t i = 0; i + 8 < a.n; i += 8)
        differ |= mm_load64(a.p + i) ^ mm_load64(b.p + i);
    return (differ | (mm_load64(a.p + a.n - 8) ^ mm_load64(b.p + a.n - 8))) == 0;
}

/*
 * Put the event's extras that rules know into their places. Events of one way bring the same names
 * in the same order: the last one's numbers are tried first.
 */
static void see_extras(struct mm_matcher *m)
{
    const struct mm_ruleset *s = m->set;

    for (size_t i = 0; i < m->ev->extra_n; i++) {
        const struct mm_extra *x = &m->ev->extra[i];
        uint16_t *guess = i < MM_ROUTE_EXTRAS ? &m->way->extra[i] : NULL;
        uint32_t known;
        struct mm_place *p;

        if (guess != NULL && *guess > 0 && is_name(s->extra_name[*guess - 1], x->name)) {
            known = *guess - 1U;
        } else {
            known = extra_number(s, x->name);
            if (guess != NULL && known != MM_EXTRA_MAX)
                *guess = (uint16_t)(known + 1); /* MM_EXTRA_MAX at most */
        }
        p = &m->place[MM_F_COUNT + known];
        /* of two of one name the first counts, as in mm_event_extra */
        if (known != MM_EXTRA_MAX && p->gen != m->gen)
            *p = (struct mm_place){.gen = m->gen, .present = true, .raw = x->value};
    }
}

void mm_match_begin(struct mm_matcher *m, const struct mm_event *ev, struct mm_route *way)
{
    if (++m->gen > GEN_MAX) {
        const struct mm_ruleset *s = m->set;

        memset(m->place, 0, MM_PLACES * sizeof(*m->place));
        memset(m->set_mark, 0, s->set_n * sizeof(*m->set_mark));
        memset(m->posting_mark, 0, s->posting_n * sizeof(*m->posting_mark));
        memset(m->rule_mark, 0, s->rule_n * sizeof(*m->rule_mark));
        memset(m->index_mark, 0, s->index_n * sizeof(*m->index_mark));
        m->gen = 1;
    }
    m->ev = ev;
    m->way = way;
    m->words_seen = m->texts_seen = m->words_sorted = false;
    m->candidate_n = 0;
    m->hidden_n = 0;
    m->room_n = 0;
    see_extras(m);
}

/* n bytes that live as long as the event, or NULL. */
static uint8_t *room(struct mm_matcher *m, size_t n)
{
    if (MM_MATCH_ROOM - m->room_n < n)
        return NULL;
    m->room_n += n;
    return m->room + (m->room_n - n);
}

static struct mm_place *field_place(struct mm_matcher *m, enum mm_field f)
{
    struct mm_place *p = &m->place[f];
    uint8_t *tmp;

    if (p->gen == m->gen)
        return p;
    *p = (struct mm_place){.gen = m->gen, .present = mm_event_has(m->ev, f)};
    if (!p->present)
        return p;
    if ((m->texts[f / 64] >> (f % 64) & 1) != 0) {
        p->raw = m->ev->val[f].text;
        return p;
    }
    tmp = room(m, MM_FIELD_TEXT);
    p->lost = tmp == NULL;
    if (tmp != NULL)
        p->raw = mm_event_as_text(m->ev, f, (char *)tmp);
    return p;
}

/* The path of a URL ("http://host/a/b?c" or "/a/b?c"), without query and fragment. */
static struct mm_slice url_path(struct mm_slice url)
{
    size_t scheme = mm_slice_search(url, MM_S("://")), at, end;

    at = mm_slice_find(url, '/', scheme == SIZE_MAX ? 0 : scheme + 3);
    if (at == SIZE_MAX)
        return (struct mm_slice){0};
    for (end = at; end < url.n && url.p[end] != '?' && url.p[end] != '#'; end++)
        continue;
    return mm_slice_sub(url, at, end - at);
}

static struct mm_slice extension(struct mm_slice path)
{
    for (size_t i = path.n; i > 0 && path.p[i - 1] != '/'; i--) {
        if (path.p[i - 1] == '.')
            return mm_slice_sub(path, i, SIZE_MAX);
    }
    return (struct mm_slice){0};
}

/* A value that is worked out of other fields. */
static struct mm_place *made_place(struct mm_matcher *m, uint16_t cand)
{
    struct mm_place *p = &m->place[MM_PLACE_MADE + (cand - MM_CAND_MADE)];

    if (p->gen == m->gen)
        return p;
    *p = (struct mm_place){.gen = m->gen, .present = cand == MM_CAND_TIME};
    if (cand == MM_CAND_TIME || !mm_event_has(m->ev, MM_F_URL_ORIGINAL))
        return p;
    p->raw = url_path(m->ev->val[MM_F_URL_ORIGINAL].text);
    p->present = p->raw.n > 0;
    if (cand == MM_CAND_URL_EXTENSION)
        p->raw = extension(p->raw);
    return p;
}

struct mm_place *mm_match_place(struct mm_matcher *m, uint16_t cand)
{
    struct mm_place *p;

    if (cand < MM_F_COUNT)
        return field_place(m, (enum mm_field)cand);
    if (cand >= MM_CAND_MADE)
        return made_place(m, cand);
    p = &m->place[MM_F_COUNT + (cand - MM_CAND_EXTRA)];
    if (p->gen != m->gen)
        *p = (struct mm_place){.gen = m->gen};
    return p;
}

/* The value of a slot, or NULL when the event has none. */
struct mm_place *mm_match_value(struct mm_matcher *m, uint16_t slot)
{
    const struct mm_slot *s = &m->set->slot[slot];

    MM_ASSERT(s->kind == MM_SLOT_FIELD);
    for (size_t i = 0; i < s->cand_n; i++) {
        struct mm_place *p;

        if (s->cand[i] < MM_F_COUNT && !mm_event_has(m->ev, (enum mm_field)s->cand[i]))
            continue; /* most that are asked for are not there */
        p = mm_match_place(m, s->cand[i]);
        if (p->present)
            return p;
    }
    return NULL;
}

void mm_match_fold(struct mm_matcher *m, struct mm_place *p)
{
    uint8_t *out;

    if (p->is_folded || p->lost)
        return;
    out = p->raw.n > MM_MATCH_ROOM ? NULL : room(m, mm_fold_room(p->raw.n));
    p->lost = out == NULL;
    if (out == NULL)
        return;
    p->folded = mm_slice_of(out, mm_fold(out, p->raw));
    m->room_n -= mm_fold_room(p->raw.n) - p->folded.n; /* give back what wasn't needed */
    p->is_folded = true;
}

struct mm_slice mm_match_look(struct mm_matcher *m, struct mm_place *p)
{
    if (!p->is_seen) {
        p->ascii = mm_text_is_ascii(p->raw);
        p->is_seen = true;
    }
    if (p->ascii)
        return p->raw;
    mm_match_fold(m, p);
    return p->folded;
}

static void note(void *ctx, uint32_t tag)
{
    bool *any = ctx;

    (void)tag;
    *any = true;
}

static void add_text(struct mm_matcher *m, struct mm_slice raw)
{
    struct mm_place *p = &m->text_own[m->text_n];

    if (raw.n == 0)
        return;
    MM_ASSERT(m->text_n < MM_TEXTS_MAX);
    *p = (struct mm_place){.gen = m->gen, .present = true, .raw = raw};
    m->text[m->text_n++] = p;
}

/* XML, and not the "<13>" of a syslog line. */
static bool is_xml(struct mm_slice s)
{
    return s.n > 1 && s.p[0] == '<' && (s.p[1] < '0' || s.p[1] > '9');
}

/* May the event's values stand in keywords? Its line alone does where it is no document. */
static bool has_values(struct mm_slice line)
{
    return line.n == 0 || line.p[0] == '{' || is_xml(line) || line.p[line.n - 1] == '}' ||
           line.p[line.n - 1] == '>';
}

/* The fields of the event, either those that are texts or the others. */
static void add_fields(struct mm_matcher *m, bool texts)
{
    for (size_t w = 0; w < MM_F_WORDS; w++) {
        uint64_t has = m->ev->has[w] & (texts ? m->texts[w] : ~m->texts[w]);

        for (; has != 0; has &= has - 1) /* folded once, for its own rules too */
            m->text[m->text_n++] =
                field_place(m, (enum mm_field)(w * 64 + (size_t)__builtin_ctzll(has)));
    }
}

/* Do keywords look at the line itself, and at the values? */
static void words_where(const struct mm_event *ev, bool *ret_line, bool *ret_values)
{
    struct mm_slice s = mm_slice_trim(ev->original);
    bool whole = s.n == 0 || s.p[0] == '{' || is_xml(s);

    *ret_line = !whole || (ev->flags & (MM_EV_EXTRA_FULL | MM_EV_UNPARSED | MM_EV_TRUNCATED)) != 0;
    *ret_values = has_values(s);
}

/*
 * What keywords look at: the line as it came. Of documents (JSON, XML), whose line is escaped, the
 * values instead, and the line as well when not all of it is in them or something stands around.
 */
void mm_match_words(struct mm_matcher *m)
{
    const struct mm_event *ev = m->ev;
    bool line, values;

    if (m->words_seen)
        return;
    m->words_seen = true;
    m->text_n = 0;
    words_where(ev, &line, &values);
    if (line)
        add_text(m, ev->original);
    if (!values)
        return;
    add_fields(m, true);
    for (size_t i = 0; i < ev->extra_n; i++)
        add_text(m, ev->extra[i].value);
}

static void put_word(struct mm_matcher *m, struct mm_slice s)
{
    size_t k = mm_min_size((s.n + MM_WORD_STEP - MM_WORD_SHORT) / MM_WORD_STEP, MM_WORD_SIZES - 1);

    m->word[k * MM_TEXTS_MAX + m->word_n[k]++] = s;
}

/* Fold those that are not of ASCII alone; false when there is no room. */
static bool fold_words(struct mm_matcher *m, struct mm_slice *word, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t *out;

        if (MM_LIKELY(mm_text_is_ascii(word[i])))
            continue;
        out = word[i].n > MM_MATCH_ROOM ? NULL : room(m, mm_fold_room(word[i].n));
        if (out == NULL)
            return false;
        word[i] = mm_slice_of(out, mm_fold(out, word[i]));
        m->words_ascii = false;
    }
    return true;
}

static void sort_words(struct mm_matcher *m)
{
    const struct mm_event *ev = m->ev;
    bool line, values, fits = true;

    memset(m->word_n, 0, sizeof(m->word_n));
    m->words_ascii = true;
    words_where(ev, &line, &values);
    if (line)
        put_word(m, ev->original);
    for (size_t w = 0; w < MM_F_WORDS && values; w++) {
        for (uint64_t has = ev->has[w] & m->texts[w]; has != 0; has &= has - 1)
            put_word(m, ev->val[w * 64 + (size_t)__builtin_ctzll(has)].text);
    }
    for (size_t i = 0; i < ev->extra_n && values; i++)
        put_word(m, ev->extra[i].value);
    for (size_t k = 0; k < MM_WORD_SIZES && fits; k++)
        fits = fold_words(m, m->word + k * MM_TEXTS_MAX, m->word_n[k]);
    m->words_sorted = true;
    m->words_fit = fits;
}

bool mm_match_no_word(struct mm_matcher *m, const struct mm_lits *l)
{
    bool any = false;

    if (!m->words_sorted)
        sort_words(m);
    any = !m->words_fit;
    /* Folding makes two letters longer (U+023A, U+023E): then a short word may match, too. */
    for (size_t k = l->shortest >= MM_WORD_SHORT && m->words_ascii ? 1 : 0;
         k < MM_WORD_SIZES && !any; k++) {
        const struct mm_slice *word = m->word + k * MM_TEXTS_MAX;

        mm_pieces_find_each(&l->plain, l->lit, word, m->word_n[k], note, &any);
        if (!m->words_ascii)
            mm_pieces_find_each(&l->beyond, l->lit, word, m->word_n[k], note, &any);
    }
    return !any;
}

void mm_match_texts(struct mm_matcher *m)
{
    mm_match_words(m);
    if (!m->texts_seen && has_values(mm_slice_trim(m->ev->original)))
        add_fields(m, false);
    m->texts_seen = true;
}

static bool edge_match(enum mm_atom_op op, struct mm_slice text, struct mm_slice lit)
{
    switch (op) {
    case MM_A_EXACT:
        return mm_slice_eq(text, lit);
    case MM_A_PREFIX:
        return mm_slice_starts(text, lit);
    case MM_A_SUFFIX:
        return mm_slice_ends(text, lit);
    default:
        return mm_slice_search(text, lit) != SIZE_MAX;
    }
}

static enum mm_verdict verdict(bool yes)
{
    return yes ? MM_YES : MM_NO;
}

static enum mm_verdict ref_holds(struct mm_matcher *m, const struct mm_atom *a, struct mm_place *p)
{
    struct mm_place *q = mm_match_value(m, a->ref);

    if (q == NULL)
        return MM_NO;
    mm_match_fold(m, p);
    mm_match_fold(m, q);
    if (p->lost || q->lost)
        return MM_UNDECIDED;
    if (a->cased)
        return verdict(edge_match((enum mm_atom_op)a->how, p->raw, q->raw));
    return verdict(edge_match((enum mm_atom_op)a->how, p->folded, q->folded));
}

static enum mm_verdict time_holds(struct mm_matcher *m, const struct mm_atom *a,
                                  const struct mm_place *p)
{
    double have;

    if (p == &m->place[MM_PLACE_MADE + (MM_CAND_TIME - MM_CAND_MADE)])
        have = mm_unit_of_us(m->ev->time_us, (enum mm_unit)a->unit);
    else if (!mm_unit_of_text(p->raw, (enum mm_unit)a->unit, &have))
        return MM_NO;
    return verdict(mm_compare(have, (enum mm_cmp)a->cmp, a->num));
}

/* One comparison with a value that is there. */
enum mm_verdict mm_match_atom(struct mm_matcher *m, const struct mm_atom *a, struct mm_place *p)
{
    struct mm_slice text;
    struct mm_ip ip;
    double have;

    switch ((enum mm_atom_op)a->op) {
    case MM_A_PRESENT:
        return MM_YES;
    case MM_A_ABSENT:
        return MM_NO;
    case MM_A_REF:
        return ref_holds(m, a, p);
    case MM_A_TIME:
        return time_holds(m, a, p);
    default:
        break;
    }
    if (!a->cased)
        mm_match_fold(m, p);
    if (p->lost)
        return MM_UNDECIDED;
    text = a->cased ? p->raw : p->folded;
    switch ((enum mm_atom_op)a->op) {
    case MM_A_GLOB:
        return verdict(mm_glob_match(&a->glob, text));
    case MM_A_REGEX:
        return mm_regex_search(a->re, m->regex, text);
    case MM_A_CIDR:
        return verdict(mm_ip_parse(text, &ip) && mm_cidr_has(&a->cidr, &ip));
    case MM_A_NUMBER:
        return verdict(mm_number_parse(text, &have) &&
                       mm_compare(have, (enum mm_cmp)a->cmp, a->num));
    default:
        return verdict(edge_match((enum mm_atom_op)a->op, text, a->lit));
    }
}

static enum mm_verdict atoms_hold(struct mm_matcher *m, const struct mm_set *set,
                                  struct mm_place *p)
{
    enum mm_verdict v = MM_NO;

    if (set->lits != NULL) {
        struct mm_slice text = mm_match_look(m, p);
        bool any = false;

        if (p->lost)
            return MM_UNDECIDED;
        mm_lits_find(set->lits, text, p->ascii, note, &any);
        return verdict(any);
    }
    for (uint32_t i = 0; i < set->atom_n; i++) {
        enum mm_verdict one = mm_match_atom(m, &m->set->atom[set->atom + i], p);

        if (one == MM_YES)
            return MM_YES;
        if (one == MM_UNDECIDED)
            v = MM_UNDECIDED;
    }
    return v;
}

/* Does the set hold for this event? Worked out once. */
enum mm_verdict mm_match_set(struct mm_matcher *m, uint32_t id)
{
    const struct mm_set *set = &m->set->sets[id];
    enum mm_verdict v = MM_NO, one;
    struct mm_place *p;

    if (m->set_mark[id] / 4 == m->gen)
        return (enum mm_verdict)(m->set_mark[id] % 4);
    if (set->choice != NULL) {
        uint32_t chosen = mm_choice_of(set->choice, m->ev->company);

        if (chosen != MM_SET_NONE) /* and that one chooses nothing */
            v = mm_match_set(m, chosen);
    } else if (set->home != MM_HOME_NONE && m->index_mark[set->home] == m->gen) {
        v = MM_NO; /* the index would have found it */
    } else if (m->set->slot[set->slot].kind == MM_SLOT_ALL) {
        mm_match_texts(m);
        for (size_t i = 0; i < m->text_n && v != MM_YES; i++) {
            one = atoms_hold(m, set, m->text[i]);
            v = one == MM_NO ? v : one;
        }
    } else {
        p = mm_match_value(m, set->slot);
        v = p == NULL ? verdict(set->absent) : atoms_hold(m, set, p);
    }
    m->set_mark[id] = m->gen * 4 + (uint32_t)v;
    return v;
}
