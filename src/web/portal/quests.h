/*
 * web/portal/quests.h - the questionnaires that can be begun, and the words of the glossary.
 *
 * Purpose   content/questionnaires and content/controls, read once when the portal is opened.
 * Owns      The shelf owns all that it hands out.
 * Threads   Read-only after _new.
 * Trust     Files are ours or the operator's; one that is refused is left out and counted.
 */
#ifndef MM_WEB_PORTAL_QUESTS_H
#define MM_WEB_PORTAL_QUESTS_H

#include "assess/controls.h"

struct mm_quest_shelf;

struct mm_shelved {
    struct mm_quest *q;
    struct mm_slice yaml; /* the text that it was read from */
};

/* Folders may be NULL or absent: then there are none. NULL without memory. */
struct mm_quest_shelf *mm_quest_shelf_new(const char *quest_dir, const char *control_dir);
void mm_quest_shelf_free(struct mm_quest_shelf **s);
size_t mm_quest_shelf_count(const struct mm_quest_shelf *s);
/* Files that were refused; `mimamori questionnaire check` says why. */
size_t mm_quest_shelf_refused(const struct mm_quest_shelf *s);
/* Sorted by id. */
const struct mm_shelved *mm_quest_shelf_get(const struct mm_quest_shelf *s, size_t at);
/* By id; NULL: none. */
const struct mm_shelved *mm_quest_shelf_find(const struct mm_quest_shelf *s, struct mm_slice id);
const struct mm_controls *mm_quest_shelf_controls(const struct mm_quest_shelf *s);

#endif
