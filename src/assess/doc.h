/*
 * assess/doc.h - questionnaires and results as documents: what --json prints and pages show.
 *
 * Purpose   One form for command line, API and pages, so that they cannot say different things.
 * Owns      Nothing: documents live in their own arena.
 * Threads   As the document.
 * Trust     Texts are foreign text; who writes the document escapes them.
 */
#ifndef MM_ASSESS_DOC_H
#define MM_ASSESS_DOC_H

#include "assess/score.h"
#include "text/doc.h"

/* {"ja": ..., "en": ...}; nothing where there is no text. */
void mm_words_doc(struct mm_doc *at, const char *key, const struct mm_words *w);
/* The whole questionnaire: head, scales, sections with their questions. */
void mm_quest_doc(struct mm_doc *at, const struct mm_quest *q);
/* Id, version, title and how many sections, questions and scored questions there are. */
void mm_quest_head_doc(struct mm_doc *at, const struct mm_quest *q);
/*
 * A result: "total", "sections", "categories", "pillars", "measures" with exact value (num, den),
 * what is printed, counts and lines; "tiers"; "band"; and of each question what counted.
 */
void mm_result_doc(struct mm_doc *at, const struct mm_result *r);

#endif
