/*
 * assess/quest_priv.h - what the parts of the questionnaire's reader share.
 *
 * Purpose   quest.c reads head, scales and score; quest_item.c sections and questions.
 * Owns      As quest.h.
 * Threads   One reader, one thread.
 * Trust     As read.h.
 */
#ifndef MM_ASSESS_QUEST_PRIV_H
#define MM_ASSESS_QUEST_PRIV_H

#include "assess/read.h"

struct mm_quest_reader {
    struct mm_reader r;
    struct mm_quest *q;
};

#define MM_QUEST_POLICIES "left-out lowest highest"

/* Levels and policies that stand in this map: of a scale, or of one question. */
void mm_quest_scale_read(struct mm_quest_reader *x, const struct mm_yaml *map, struct mm_scale *s);
/* Which of the groups has this id; fault and -1 when none has. Absent: fallback. */
int mm_quest_group_read(struct mm_quest_reader *x, const struct mm_yaml *map, const char *key,
                        const struct mm_quest_group *group, size_t n, int fallback);
/* sections: of the file. */
void mm_quest_sections_read(struct mm_quest_reader *x, const struct mm_yaml *doc);
/* action: of a question. */
void mm_quest_action_read(struct mm_quest_reader *x, const struct mm_yaml *map,
                          struct mm_question *q);

#endif
