/* parse/symtab.c - see symtab.h for the contract. */
#include "parse/symtab.h"

void mm_symtab_init(struct mm_symtab *t, struct mm_arena *arena)
{
    *t = (struct mm_symtab){.arena = arena};
}

static void place(struct mm_symtab_slot *slot, size_t cap, uint32_t hash, uint16_t sym)
{
    size_t at = hash & (cap - 1);

    while (slot[at].sym != MM_SYM_NONE)
        at = (at + 1) & (cap - 1);
    slot[at] = (struct mm_symtab_slot){.hash = hash, .sym = sym};
}

static enum mm_code grow(struct mm_symtab *t)
{
    size_t cap = t->cap == 0 ? 16 : t->cap * 2;
    struct mm_symtab_slot *slot = mm_arena_array(t->arena, cap, sizeof(*slot));
    struct mm_slice *word = mm_arena_array(t->arena, cap / 2, sizeof(*word));

    if (slot == NULL || word == NULL)
        return MM_E_NOMEM;
    for (size_t i = 0; i < cap; i++)
        slot[i].sym = MM_SYM_NONE;
    for (size_t i = 0; i < t->count; i++) {
        word[i] = t->word[i];
        place(slot, cap, mm_symtab_hash(word[i]), (uint16_t)i); /* below MM_SYM_MAX */
    }
    t->slot = slot;
    t->word = word;
    t->cap = cap;
    t->room = cap / 2;
    return MM_OK;
}

enum mm_code mm_symtab_add(struct mm_symtab *t, struct mm_slice word, uint16_t *ret)
{
    uint16_t sym = mm_symtab_get(t, word);
    struct mm_slice own;

    if (sym != MM_SYM_NONE) {
        *ret = sym;
        return MM_OK;
    }
    if (t->count >= MM_SYM_MAX)
        return MM_E_LIMIT;
    if (t->count >= t->room) {
        enum mm_code code = grow(t);

        if (code != MM_OK)
            return code;
    }
    if (!mm_arena_dup(t->arena, word, &own))
        return MM_E_NOMEM;
    sym = (uint16_t)t->count++;
    t->word[sym] = own;
    place(t->slot, t->cap, mm_symtab_hash(own), sym);
    *ret = sym;
    return MM_OK;
}
