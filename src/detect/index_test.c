/* detect/index_test.c - what an index finds is what searching for each literal alone finds. */
#include "detect/index.h"
#include "tests/harness/test.h"

enum { LITS = 40, TEXT = 300 };

struct game {
    struct mm_arena arena;
    struct mm_lits lits;
    struct mm_lit lit[LITS];
    uint8_t bytes[LITS][64];
    size_t n;
    bool found[LITS];
    uint64_t seed;
};

static uint32_t roll(struct game *g, uint32_t below)
{
    g->seed = g->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(g->seed >> 33) % below;
}

static void mark(void *ctx, uint32_t tag)
{
    struct game *g = ctx;

    g->found[tag] = true;
}

/* Few letters, so that literals share pieces and texts hold them. */
static void fill(struct game *g, uint8_t *p, size_t n, bool beyond)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(beyond && roll(g, 8) == 0 ? 0xe3 : 'a' + roll(g, 3));
}

static void deal(struct game *g, size_t n, uint32_t shortest, uint32_t longest)
{
    struct mm_everyday everyday;

    mm_everyday_init(&everyday);
    mm_arena_init(&g->arena, 16 * 1024 * 1024);
    g->n = n;
    for (size_t i = 0; i < n; i++) {
        size_t len = shortest + roll(g, longest - shortest + 1);

        fill(g, g->bytes[i], len, roll(g, 6) == 0);
        g->lit[i] = (struct mm_lit){.text = mm_slice_of(g->bytes[i], len),
                                    .tag = (uint32_t)i,
                                    .kind = (uint8_t)roll(g, MM_LIT_KINDS + 3)};
        if (g->lit[i].kind >= MM_LIT_KINDS)
            g->lit[i].kind = MM_LIT_CONTAINS;
    }
    CHECK(mm_lits_build(&g->arena, &everyday, g->lit, n, &g->lits) == MM_OK);
}

static bool alone(const struct mm_lit *l, struct mm_slice text)
{
    switch ((enum mm_lit_kind)l->kind) {
    case MM_LIT_EXACT:
        return mm_slice_eq(text, l->text);
    case MM_LIT_PREFIX:
        return mm_slice_starts(text, l->text);
    case MM_LIT_SUFFIX:
        return mm_slice_ends(text, l->text);
    default:
        return mm_slice_search(text, l->text) != SIZE_MAX;
    }
}

/* The text as folding leaves it, and, where it is ASCII, with letters of both sizes. */
static void hold(struct game *g, struct mm_slice folded)
{
    uint8_t loud[TEXT];
    bool ascii = mm_text_is_ascii(folded);

    for (int way = 0; way < (ascii ? 2 : 1); way++) {
        struct mm_slice text = folded;

        for (size_t i = 0; i < folded.n && way == 1; i++)
            loud[i] = (uint8_t)(folded.p[i] - (roll(g, 2) == 0 ? 'a' - 'A' : 0));
        if (way == 1)
            text = mm_slice_of(loud, folded.n);
        memset(g->found, 0, sizeof(g->found));
        mm_lits_find(&g->lits, text, ascii, mark, g);
        for (size_t i = 0; i < g->n; i++)
            CHECK(g->found[i] == alone(&g->lit[i], folded));
    }
}

TEST(index_finds_what_searching_for_each_literal_finds)
{
    static const struct {
        size_t n;
        uint32_t shortest, longest;
    } games[] = {
        {LITS, 1, 6}, {LITS, 4, 12}, {LITS, 11, 60}, {3, 1, 3}, {5, 2, 14}, {20, 7, 20}, {1, 4, 4},
    };
    struct game g = {.seed = 7};
    uint8_t text[TEXT];

    for (size_t i = 0; i < MM_COUNT(games); i++) {
        deal(&g, games[i].n, games[i].shortest, games[i].longest);
        for (int round = 0; round < 60; round++) {
            size_t len = roll(&g, TEXT);
            const struct mm_lit *l = &g.lit[roll(&g, (uint32_t)g.n)];

            fill(&g, text, len, round % 3 == 0);
            hold(&g, mm_slice_of(text, len));
            if (len >= l->text.n) /* at a place of its own, and as the whole */
                memcpy(text + roll(&g, (uint32_t)(len - l->text.n + 1)), l->text.p, l->text.n);
            hold(&g, mm_slice_of(text, len));
            hold(&g, l->text);
        }
        mm_arena_done(&g.arena);
    }
}

TEST(index_knows_literals_that_no_number_holds)
{
    static const struct {
        struct mm_slice text;
        bool worded;
    } cases[] = {{MM_S_INIT("10.0.0.1"), false}, {MM_S_INIT("fe80::1"), false},
                 {MM_S_INIT("443/tcp"), true},   {MM_S_INIT("beef"), false},
                 {MM_S_INIT("sekurlsa"), true},  {MM_S_INIT("-1"), true}};
    struct mm_everyday everyday;

    mm_everyday_init(&everyday);
    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_lit lit = {.text = cases[i].text, .kind = MM_LIT_CONTAINS};
        struct mm_arena arena;
        struct mm_lits lits;

        mm_arena_init(&arena, 1024 * 1024);
        CHECK(mm_lits_build(&arena, &everyday, &lit, 1, &lits) == MM_OK);
        CHECK(lits.worded == cases[i].worded && lits.anywhere);
        mm_arena_done(&arena);
    }
}

TEST(everyday_texts_tell_less_than_their_length)
{
    struct mm_everyday e;

    mm_everyday_init(&e);
    CHECK_NUM(mm_everyday_left(&e, MM_S("_ctypes.pyd+")), 12);
    CHECK_NUM(mm_everyday_left(&e, MM_S("C:\\Windows\\System32\\zqx.exe")), 4);
    CHECK_NUM(mm_everyday_left(&e, MM_S("abc")), 3);
    CHECK_NUM(mm_everyday_left(&e, MM_S("")), 0);
}
