/*
 * codec/pattern.c - see pattern.h for the contract.
 *
 * A node of the trie has literal edges (no two begin with the same byte) and capture edges (sorted
 * by type). A template ends at a node with `accept`.
 */
#include "codec/pattern.h"

#include "codec/pattern_scan.h"

enum {
    NO_NAME = UINT16_MAX,
    NO_PATTERN = UINT32_MAX,
    /* Nodes with captures on one way of literals: where matching may fall back to. */
    MAX_FALL = 8,
};

struct node;

struct lit_edge {
    struct mm_slice text;
    struct node *to;
    struct lit_edge *next;
};

struct cap_edge {
    enum mm_scan scan;
    struct mm_slice follow; /* word: its stop byte; to, last: the literal that ends it */
    uint16_t name[2];       /* NO_NAME when unnamed or not the same in all templates */
    struct node *to;
    struct cap_edge *next;
};

struct node {
    struct lit_edge *lit;
    struct lit_edge **jump; /* by first byte; made when there are many */
    struct cap_edge *cap;
    size_t lit_count;
    uint32_t accept; /* index into set->pattern, or NO_PATTERN */
    bool rest;       /* a capture that may be empty stands here */
};

struct pattern {
    uint16_t number;
    uint16_t count;
    uint16_t name[MM_PATTERN_MAX_CAPTURES];
};

struct mm_patterns {
    struct mm_arena *arena;
    struct node *root;
    struct pattern *pattern;
    size_t pattern_count; /* with the variants of optional parts */
    size_t pattern_room;
    struct mm_slice name[MM_PATTERN_MAX_NAMES];
    size_t name_count;
};

struct token {
    bool capture;
    enum mm_scan scan;
    uint16_t name[2];
    struct mm_slice text; /* literal */
};

/* A template on its way into the trie. */
struct draft {
    struct token token[MM_PATTERN_MAX_TOKENS];
    size_t count;
};

static struct node *node_new(struct mm_arena *arena)
{
    struct node *n = mm_arena_alloc(arena, sizeof(*n));

    if (n != NULL)
        n->accept = NO_PATTERN;
    return n;
}

struct mm_patterns *mm_patterns_new(struct mm_arena *arena)
{
    struct mm_patterns *set = mm_arena_alloc(arena, sizeof(*set));

    if (set == NULL)
        return NULL;
    set->arena = arena;
    set->root = node_new(arena);
    return set->root == NULL ? NULL : set;
}

size_t mm_patterns_names(const struct mm_patterns *set)
{
    return set->name_count;
}

struct mm_slice mm_patterns_name(const struct mm_patterns *set, size_t index)
{
    MM_ASSERT(index < set->name_count);
    return set->name[index];
}

static enum mm_code intern(struct mm_patterns *set, struct mm_slice base, struct mm_slice tail,
                           uint16_t *ret)
{
    uint8_t text[MM_PATTERN_MAX_TEXT + 8];
    struct mm_slice name = mm_slice_of(text, base.n + tail.n);

    if (name.n == 0) {
        *ret = NO_NAME;
        return MM_OK;
    }
    MM_ASSERT(base.n <= MM_PATTERN_MAX_TEXT && tail.n <= 8);
    if (base.n > 0)
        memcpy(text, base.p, base.n);
    if (tail.n > 0)
        memcpy(text + base.n, tail.p, tail.n);
    for (size_t i = 0; i < set->name_count; i++) {
        if (mm_slice_eq(set->name[i], name)) {
            *ret = (uint16_t)i; /* below MM_PATTERN_MAX_NAMES */
            return MM_OK;
        }
    }
    if (set->name_count >= MM_PATTERN_MAX_NAMES)
        return MM_E_LIMIT;
    if (!mm_arena_dup(set->arena, name, &set->name[set->name_count]))
        return MM_E_NOMEM;
    *ret = (uint16_t)set->name_count++;
    return MM_OK;
}

/* A literal edge that begins with the same byte, or NULL. */
static struct lit_edge *lit_find(const struct node *n, uint8_t first)
{
    struct lit_edge *e;

    if (n->jump != NULL)
        return n->jump[first];
    for (e = n->lit; e != NULL && e->text.p[0] != first; e = e->next)
        continue;
    return e;
}

static enum mm_code lit_new(struct mm_patterns *set, struct node *n, struct mm_slice text,
                            struct node **ret)
{
    struct lit_edge *e = mm_arena_alloc(set->arena, sizeof(*e));
    enum { JUMP_FROM = 5 };

    if (e == NULL || (e->to = node_new(set->arena)) == NULL)
        return MM_E_NOMEM;
    e->text = text;
    e->next = n->lit;
    n->lit = e;
    n->lit_count++;
    if (n->lit_count >= JUMP_FROM && n->jump == NULL) {
        n->jump = mm_arena_array(set->arena, 256, sizeof(*n->jump));
        if (n->jump == NULL)
            return MM_E_NOMEM;
    }
    for (struct lit_edge *i = n->lit; i != NULL && n->jump != NULL; i = i->next)
        n->jump[i->text.p[0]] = i;
    *ret = e->to;
    return MM_OK;
}

/* Walk literal text down from n, splitting edges where texts part. */
static enum mm_code lit_insert(struct mm_patterns *set, struct node *n, struct mm_slice text,
                               struct node **ret)
{
    while (text.n > 0) {
        struct lit_edge *e = lit_find(n, text.p[0]);
        struct node *mid;
        size_t same = 0;
        enum mm_code code;

        if (e == NULL)
            return lit_new(set, n, text, ret);
        while (same < text.n && same < e->text.n && text.p[same] == e->text.p[same])
            same++;
        if (same < e->text.n) {
            struct node *tail = e->to, *fresh;

            mid = node_new(set->arena);
            if (mid == NULL)
                return MM_E_NOMEM;
            code = lit_new(set, mid, mm_slice_sub(e->text, same, SIZE_MAX), &fresh);
            if (code != MM_OK)
                return code;
            mid->lit->to = tail;
            e->text = mm_slice_sub(e->text, 0, same);
            e->to = mid;
        }
        n = e->to;
        text = mm_slice_sub(text, same, SIZE_MAX);
    }
    *ret = n;
    return MM_OK;
}

static int cap_order(const struct cap_edge *a, const struct cap_edge *b)
{
    if (a->scan != b->scan)
        return a->scan < b->scan ? -1 : 1;
    /* Words that stop early and literals that say more come first. */
    if (a->follow.n != b->follow.n)
        return a->follow.n > b->follow.n ? -1 : 1;
    return mm_slice_cmp(b->follow, a->follow);
}

static enum mm_code cap_insert(struct mm_patterns *set, struct node *n, const struct token *t,
                               struct mm_slice next, struct node **ret)
{
    struct cap_edge probe = {.scan = t->scan, .name = {t->name[0], t->name[1]}};
    struct cap_edge **at = &n->cap, *e;

    if (t->scan == MM_SCAN_WORD)
        probe.follow = mm_slice_sub(next, 0, 1);
    else if (t->scan == MM_SCAN_TO || t->scan == MM_SCAN_LAST)
        probe.follow = next;
    while (*at != NULL && cap_order(*at, &probe) < 0)
        at = &(*at)->next;
    if (*at != NULL && cap_order(*at, &probe) == 0) {
        for (size_t i = 0; i < 2; i++) {
            if ((*at)->name[i] != probe.name[i])
                (*at)->name[i] = NO_NAME;
        }
        *ret = (*at)->to;
        return MM_OK;
    }
    e = mm_arena_alloc(set->arena, sizeof(*e));
    if (e == NULL || (probe.to = node_new(set->arena)) == NULL)
        return MM_E_NOMEM;
    probe.next = *at;
    *e = probe;
    *at = e;
    n->rest = n->rest || t->scan == MM_SCAN_REST;
    *ret = e->to;
    return MM_OK;
}

static enum mm_code pattern_new(struct mm_patterns *set, struct pattern **ret)
{
    if (set->pattern_count == set->pattern_room) {
        size_t room = set->pattern_room == 0 ? 16 : set->pattern_room * 2;
        struct pattern *grown = mm_arena_array(set->arena, room, sizeof(*grown));

        if (grown == NULL)
            return MM_E_NOMEM;
        if (set->pattern_count > 0)
            memcpy(grown, set->pattern, set->pattern_count * sizeof(*grown));
        set->pattern = grown;
        set->pattern_room = room;
    }
    *ret = &set->pattern[set->pattern_count++];
    **ret = (struct pattern){0};
    return MM_OK;
}

/* Put one draft without optional parts into the trie. */
static enum mm_code insert(struct mm_patterns *set, const struct draft *d, uint16_t number)
{
    struct node *n = set->root;
    struct pattern *p;
    enum mm_code code = pattern_new(set, &p);

    if (code != MM_OK)
        return code;
    if (set->pattern_count > MM_PATTERN_MAX * 8)
        return MM_E_LIMIT;
    p->number = number;
    for (size_t i = 0; i < d->count; i++) {
        const struct token *t = &d->token[i];
        bool more = i + 1 < d->count && !d->token[i + 1].capture;

        if (!t->capture) {
            code = lit_insert(set, n, t->text, &n);
        } else {
            code = cap_insert(set, n, t, more ? d->token[i + 1].text : (struct mm_slice){0}, &n);
            for (size_t k = 0; k < (mm_scan_pair(t->scan) ? 2u : 1u); k++) {
                if (p->count >= MM_PATTERN_MAX_CAPTURES)
                    return MM_E_LIMIT;
                p->name[p->count++] = t->name[k];
            }
        }
        if (code != MM_OK)
            return code;
    }
    if (n->accept != NO_PATTERN && set->pattern[n->accept].number != number)
        return MM_E_EXISTS;
    n->accept = (uint32_t)(set->pattern_count - 1);
    return MM_OK;
}

static enum mm_code draft_add(struct draft *d, const struct token *t)
{
    if (d->count >= MM_PATTERN_MAX_TOKENS)
        return MM_E_LIMIT;
    d->token[d->count++] = *t;
    return MM_OK;
}

/* Add literal text; next to other literal text the two become one. */
static enum mm_code draft_text(struct mm_patterns *set, struct draft *d, struct mm_slice text)
{
    struct token *last = d->count > 0 ? &d->token[d->count - 1] : NULL;
    uint8_t *joined;

    if (text.n == 0)
        return MM_OK;
    if (last == NULL || last->capture)
        return draft_add(d, &(struct token){.text = text});
    joined = mm_arena_bytes(set->arena, last->text.n + text.n);
    if (joined == NULL)
        return MM_E_NOMEM;
    memcpy(joined, last->text.p, last->text.n);
    memcpy(joined + last->text.n, text.p, text.n);
    last->text = mm_slice_of(joined, last->text.n + text.n);
    return MM_OK;
}

/* "name:type" between braces. */
static enum mm_code draft_capture(struct mm_patterns *set, struct draft *d, struct mm_slice body)
{
    size_t colon = mm_slice_find(body, ':', 0);
    struct token t = {.capture = true, .name = {NO_NAME, NO_NAME}};
    struct mm_slice name = mm_slice_sub(body, 0, colon);
    enum mm_code code;
    bool pair;

    if (colon == SIZE_MAX)
        return MM_E_SYNTAX;
    t.scan = mm_scan_find(mm_slice_sub(body, colon + 1, SIZE_MAX));
    if (t.scan == MM_SCAN_COUNT)
        return MM_E_SYNTAX;
    pair = mm_scan_pair(t.scan);
    if (name.n > 0) {
        code = intern(set, name, pair ? MM_S(".ip") : (struct mm_slice){0}, &t.name[0]);
        if (code == MM_OK && pair)
            code = intern(set, name, MM_S(".port"), &t.name[1]);
        if (code != MM_OK)
            return code;
    }
    return draft_add(d, &t);
}

/* Offset of the brace that closes the one at `open`, or SIZE_MAX. */
static size_t closing(struct mm_slice text, size_t open)
{
    size_t depth = 0;

    for (size_t i = open; i < text.n; i++) {
        if (text.p[i] == '{' && i + 1 < text.n && text.p[i + 1] == '{')
            i++;
        else if (text.p[i] == '{')
            depth++;
        else if (text.p[i] == '}' && --depth == 0)
            return i;
    }
    return SIZE_MAX;
}

/* One way of reading a template: bit i of `choice` says whether optional part i is there. */
struct reading {
    struct mm_patterns *set;
    struct draft *draft;
    unsigned choice;
    unsigned options; /* optional parts met so far */
};

static enum mm_code read_part(struct reading *r, struct mm_slice text, size_t offset,
                              unsigned depth, struct mm_fault *fault);

static enum mm_code read_brace(struct reading *r, struct mm_slice text, size_t at, size_t offset,
                               unsigned depth, size_t *ret_end, struct mm_fault *fault)
{
    size_t end = closing(text, at);
    struct mm_slice body;
    enum mm_code code;

    if (end == SIZE_MAX)
        return mm_fail(fault, MM_E_SYNTAX, offset + at, "pattern.brace");
    *ret_end = end + 1;
    body = mm_slice_sub(text, at + 1, end - at - 1);
    if (body.n > 0 && body.p[0] == '?') {
        unsigned option = r->options++;

        if (option >= MM_PATTERN_MAX_OPTIONS || depth >= MM_PATTERN_MAX_OPTIONS)
            return mm_fail(fault, MM_E_LIMIT, offset + at, "pattern.options");
        /* A part that is left out is still read, so that its inner parts are counted. */
        if ((r->choice >> option & 1) == 0) {
            struct draft unused = {.count = 0};
            struct reading skip = {r->set, &unused, 0, r->options};

            code = read_part(&skip, mm_slice_sub(body, 1, SIZE_MAX), offset + at + 2, depth + 1,
                             fault);
            r->options = skip.options;
            return code;
        }
        return read_part(r, mm_slice_sub(body, 1, SIZE_MAX), offset + at + 2, depth + 1, fault);
    }
    code = draft_capture(r->set, r->draft, body);
    return code == MM_OK ? MM_OK : mm_fail(fault, code, offset + at + 1, "pattern.capture");
}

static enum mm_code read_part(struct reading *r, struct mm_slice text, size_t offset,
                              unsigned depth, struct mm_fault *fault)
{
    size_t at = 0, from = 0;

    while (at < text.n) {
        bool brace = text.p[at] == '{';
        bool doubled = brace && at + 1 < text.n && text.p[at + 1] == '{';
        enum mm_code code;

        if (!brace) {
            at++;
            continue;
        }
        /* Of a doubled brace the first belongs to the text before it. */
        code =
            draft_text(r->set, r->draft, mm_slice_sub(text, from, at - from + (doubled ? 1 : 0)));
        if (code != MM_OK)
            return mm_fail(fault, code, offset + at, "pattern.length");
        if (doubled) {
            at += 2;
        } else {
            code = read_brace(r, text, at, offset, depth, &at, fault);
            if (code != MM_OK)
                return code;
        }
        from = at;
    }
    if (draft_text(r->set, r->draft, mm_slice_sub(text, from, at - from)) != MM_OK)
        return mm_fail(fault, MM_E_LIMIT, offset + at, "pattern.length");
    return MM_OK;
}

/* A capture that ends nowhere by itself needs a literal behind it. */
static enum mm_code check_draft(const struct draft *d, struct mm_fault *fault)
{
    for (size_t i = 0; i < d->count; i++) {
        const struct token *t = &d->token[i];
        bool last = i + 1 == d->count;

        if (!t->capture)
            continue;
        if (t->scan == MM_SCAN_REST && !last)
            return mm_fail(fault, MM_E_SYNTAX, 0, "pattern.rest");
        if ((t->scan == MM_SCAN_TO || t->scan == MM_SCAN_LAST) && (last || d->token[i + 1].capture))
            return mm_fail(fault, MM_E_SYNTAX, 0, "pattern.to");
    }
    return d->count > 0 ? MM_OK : mm_fail(fault, MM_E_SYNTAX, 0, "pattern.empty");
}

enum mm_code mm_patterns_add(struct mm_patterns *set, struct mm_slice text, uint16_t number,
                             struct mm_fault *fault)
{
    struct draft *d;
    struct mm_slice own;
    unsigned choices = 1;

    if (text.n > MM_PATTERN_MAX_TEXT)
        return mm_fail(fault, MM_E_LIMIT, MM_PATTERN_MAX_TEXT, "pattern.length");
    d = mm_arena_alloc(set->arena, sizeof(*d));
    if (d == NULL || !mm_arena_dup(set->arena, text, &own))
        return mm_fail(fault, MM_E_NOMEM, 0, "pattern.memory");
    for (unsigned choice = 0; choice < choices; choice++) {
        struct reading r = {set, d, choice, 0};
        enum mm_code code;

        d->count = 0;
        code = read_part(&r, own, 0, 0, fault);
        if (code == MM_OK)
            code = check_draft(d, fault);
        if (code != MM_OK)
            return code;
        choices = 1u << r.options;
        code = insert(set, d, number);
        if (code != MM_OK)
            return mm_fail(fault, code, 0,
                           code == MM_E_EXISTS ? "pattern.same_as_another" : "pattern.limit");
    }
    return MM_OK;
}

/* Whether matching can go on at this node: the literals that follow are looked at up to the next
 * capture, so that a capture is only taken where its own template's text goes on. */
static bool can_begin(const struct node *n, struct mm_slice in, size_t at)
{
    for (;;) {
        const struct lit_edge *lit;

        if (at >= in.n)
            return n->accept != NO_PATTERN || n->rest;
        if (n->cap != NULL)
            return true;
        lit = lit_find(n, in.p[at]);
        if (lit == NULL || !mm_slice_starts(mm_slice_sub(in, at, SIZE_MAX), lit->text))
            return false;
        at += lit->text.n;
        n = lit->to;
    }
}

bool mm_patterns_may_begin(const struct mm_patterns *set, uint8_t first)
{
    if (set->root->accept != NO_PATTERN || lit_find(set->root, first) != NULL)
        return true;
    for (const struct cap_edge *e = set->root->cap; e != NULL; e = e->next) {
        if (mm_scan_may_begin(e->scan, first))
            return true;
    }
    return false;
}

void mm_patterns_begin(struct mm_slice in, struct mm_pattern_begin *ret)
{
    *ret = (struct mm_pattern_begin){.text = in, .may = mm_scan_may(in, 0)};
}

/* May a capture of that type stand in front? Times and addresses are read once to know. */
static bool may_stand(enum mm_scan scan, struct mm_pattern_begin *begin)
{
    uint64_t bit = UINT64_C(1) << scan;
    bool read = mm_scan_time(scan) || (scan >= MM_SCAN_MAC && scan <= MM_SCAN_IP);

    if ((begin->may & bit) != 0 && read && (begin->tried & bit) == 0) {
        struct mm_when when = {0};
        struct mm_scanned got;

        begin->tried |= bit;
        if (!mm_scan_take(scan, (struct mm_slice){0}, begin->text, 0, &when, &got))
            begin->may &= ~bit;
    }
    return (begin->may & bit) != 0 && mm_scan_may_begin(scan, begin->text.p[0]);
}

bool mm_patterns_may_take(const struct mm_patterns *set, struct mm_pattern_begin *begin)
{
    const struct lit_edge *lit;

    if (begin->text.n == 0)
        return set->root->accept != NO_PATTERN || set->root->rest;
    lit = lit_find(set->root, begin->text.p[0]);
    if (lit != NULL && mm_slice_starts(begin->text, lit->text))
        return true;
    for (const struct cap_edge *e = set->root->cap; e != NULL; e = e->next) {
        if (may_stand(e->scan, begin))
            return true;
    }
    return false;
}

/* Units of work of a capture that was tried: those that search look at all that is left. */
static size_t price(enum mm_scan scan, struct mm_slice in, size_t at, size_t end)
{
    enum { TRY = 8, PER_UNIT = 4 /* bytes */ };
    bool searches = scan == MM_SCAN_TO || scan == MM_SCAN_LAST || scan == MM_SCAN_QUOTED;

    return TRY + ((searches && end == at ? in.n : end) - at) / PER_UNIT;
}

static const struct cap_edge *take(const struct node *n, struct mm_slice in, size_t at,
                                   struct mm_work *work, struct mm_pattern_hit *hit,
                                   struct mm_scanned *ret)
{
    for (const struct cap_edge *e = n->cap; e != NULL; e = e->next) {
        struct mm_when when = hit->when;
        struct mm_scanned got = {.end = at};
        bool taken = mm_scan_take(e->scan, e->follow, in, at, &when, &got);

        if (!mm_work_take(work, price(e->scan, in, at, got.end)))
            return NULL;
        if (!taken)
            continue;
        if (!can_begin(e->to, in, got.end))
            continue;
        if (mm_scan_time(e->scan)) {
            hit->when = when;
            hit->has_when = true;
        }
        *ret = got;
        return e;
    }
    return NULL;
}

static void keep(struct mm_pattern_hit *hit, const struct cap_edge *e, const struct mm_scanned *got)
{
    size_t n = mm_scan_pair(e->scan) ? 2 : 1;

    MM_ASSERT(hit->count + n <= MM_PATTERN_MAX_CAPTURES);
    hit->capture[hit->count] = (struct mm_pattern_capture){e->name[0], got->text};
    if (n == 2)
        hit->capture[hit->count + 1] = (struct mm_pattern_capture){e->name[1], got->second};
    hit->count += n;
}

/* Every capture gets its template's own name; unnamed ones are dropped. */
static void settle(const struct pattern *p, struct mm_pattern_hit *hit)
{
    size_t kept = 0;

    for (size_t i = 0; i < hit->count; i++) {
        uint16_t name = p != NULL ? p->name[i] : hit->capture[i].name;

        if (name == NO_NAME)
            continue;
        hit->capture[kept] = hit->capture[i];
        hit->capture[kept++].name = name;
    }
    hit->count = kept;
}

/* Where matching ended, and what could have gone on there. */
struct stuck {
    const struct node *node;
    size_t at;
    const struct node *fall[MAX_FALL];
    size_t fall_at[MAX_FALL];
    size_t falls;
};

static void note_stuck(struct stuck *stuck, const struct node *n, size_t at,
                       const struct node *const *fall, const size_t *fall_at, size_t falls)
{
    *stuck = (struct stuck){.node = n, .at = at, .falls = falls};
    for (size_t i = 0; i < falls; i++) {
        stuck->fall[i] = fall[i];
        stuck->fall_at[i] = fall_at[i];
    }
}

static bool match(const struct mm_patterns *set, struct mm_slice in, struct mm_work *work,
                  struct mm_pattern_hit *hit, struct stuck *stuck)
{
    const struct node *n = set->root;
    size_t at = 0;

    hit->whole = false;
    hit->has_when = false;
    hit->when = (struct mm_when){0};
    hit->count = 0;
    for (;;) {
        MM_UNINIT const struct node *fall[MAX_FALL];
        MM_UNINIT size_t fall_at[MAX_FALL];
        size_t falls = 0;
        const struct cap_edge *e = NULL;
        struct mm_scanned got = {0};

        for (;;) {
            const struct lit_edge *lit;

            if (at == in.n && n->accept != NO_PATTERN) {
                const struct pattern *p = &set->pattern[n->accept];

                hit->whole = true;
                hit->pattern = p->number;
                hit->stop = at;
                MM_ASSERT(p->count == hit->count);
                settle(p, hit);
                return true;
            }
            if (n->cap != NULL) {
                fall[falls % MAX_FALL] = n;
                fall_at[falls++ % MAX_FALL] = at;
            }
            lit = at < in.n ? lit_find(n, in.p[at]) : NULL;
            if (lit == NULL || !mm_slice_starts(mm_slice_sub(in, at, SIZE_MAX), lit->text))
                break;
            at += lit->text.n;
            n = lit->to;
        }
        if (stuck != NULL)
            note_stuck(stuck, n, at, fall, fall_at, mm_min_size(falls, MAX_FALL));
        for (size_t i = 0; i < MAX_FALL && e == NULL && falls > 0; i++) {
            falls--;
            e = take(fall[falls % MAX_FALL], in, fall_at[falls % MAX_FALL], work, hit, &got);
        }
        if (e == NULL) {
            hit->stop = at;
            settle(NULL, hit);
            return false;
        }
        keep(hit, e, &got);
        at = got.end;
        n = e->to;
    }
}

bool mm_patterns_match(const struct mm_patterns *set, struct mm_slice in, struct mm_work *work,
                       struct mm_pattern_hit *hit)
{
    return match(set, in, work, hit, NULL);
}

/* ---- what would have fitted ---- */

/* Words for the furthest place that any way came to. */
struct wish {
    size_t at;
    struct mm_buf *out;
};

static void wish(struct wish *w, size_t at, const char *before, struct mm_slice what,
                 const char *behind)
{
    if (at < w->at)
        return;
    if (at > w->at)
        mm_buf_reset(w->out);
    w->at = at;
    if (w->out->n > 0)
        mm_buf_str(w->out, " | ");
    mm_buf_str(w->out, before);
    mm_buf_add(w->out, what);
    mm_buf_str(w->out, behind);
}

static void wish_text(struct wish *w, const struct node *n, struct mm_slice in, size_t at)
{
    for (const struct lit_edge *e = n->lit; e != NULL; e = e->next) {
        size_t same = 0;

        while (same < e->text.n && at + same < in.n && e->text.p[same] == in.p[at + same])
            same++;
        if (same < e->text.n)
            wish(w, at + same, "\"", mm_slice_sub(e->text, same, SIZE_MAX), "\"");
    }
    if (n->accept != NO_PATTERN && at < in.n)
        wish(w, at, "", (struct mm_slice){0}, "$");
}

/* What may follow a capture. */
static void wish_behind(struct wish *w, const struct node *n, struct mm_slice in, size_t at)
{
    wish_text(w, n, in, at);
    for (const struct cap_edge *e = n->cap; e != NULL; e = e->next)
        wish(w, at, "{", mm_scan_name(e->scan), "}");
}

bool mm_patterns_expected(const struct mm_patterns *set, struct mm_slice in, size_t *ret_at,
                          struct mm_buf *ret)
{
    struct mm_pattern_hit hit;
    struct stuck stuck = {.node = set->root};
    struct wish w = {.at = 0, .out = ret};

    mm_buf_reset(ret);
    if (match(set, in, NULL, &hit, &stuck))
        return false;
    wish_text(&w, stuck.node, in, stuck.at);
    for (size_t i = 0; i < stuck.falls; i++) {
        for (const struct cap_edge *e = stuck.fall[i]->cap; e != NULL; e = e->next) {
            struct mm_when when = {0};
            struct mm_scanned got;

            if (mm_scan_take(e->scan, e->follow, in, stuck.fall_at[i], &when, &got))
                wish_behind(&w, e->to, in, got.end);
            else
                wish(&w, stuck.fall_at[i], "{", mm_scan_name(e->scan), "}");
        }
    }
    *ret_at = w.at;
    return true;
}
