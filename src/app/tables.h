/*
 * app/tables.h - every feature that has tables, in the order of their migrations.
 *
 * Purpose   One list, so that each program opens the same records.
 * Owns      Nothing.
 * Threads   Constants.
 * Trust     Only programs include this: it names every feature.
 */
#ifndef MM_APP_TABLES_H
#define MM_APP_TABLES_H

#include "store/records/records.h"

/* What all of them know; without a directory. */
const struct mm_records_options *mm_app_tables(void);
/*
 * Open the records of a state directory that this program may work on (serve/state.h). On failure a
 * sentence for the operator went to stderr and the code says what kind it is.
 */
MM_MUST_USE enum mm_code mm_app_records(const char *state_dir, struct mm_records **ret);
/*
 * The same for a process that locks itself in: one connection stays open until the records are
 * closed, so that SQLite does not remove and make anew the files beside them, which would then lie
 * outside of the walls.
 */
MM_MUST_USE enum mm_code mm_app_records_held(const char *state_dir, struct mm_records **ret);
/*
 * The company that an operator names on a command line: by its code, or by its number. System
 * scope. MM_E_NOTFOUND when there is none.
 */
MM_MUST_USE enum mm_code mm_app_company(struct mm_tx *tx, const char *text, uint32_t *ret);
/* A programme likewise. */
MM_MUST_USE enum mm_code mm_app_programme(struct mm_tx *tx, const char *text, uint32_t *ret);
struct mm_audit;
/* Who works on a command line, as the audit log names them: "uid 1000". */
enum { MM_APP_ACTOR = 32 };
void mm_app_actor(char ret[MM_APP_ACTOR]);
/*
 * mm_app_company for a program that shows data of the company and needs no more of the records: the
 * look is noted first, with this action, object and text. Says itself what is wrong.
 */
MM_MUST_USE enum mm_code mm_app_company_look(const char *state_dir, const char *text,
                                             const struct mm_audit *look, uint32_t *ret);

#endif
