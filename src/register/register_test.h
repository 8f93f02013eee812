/*
 * register/register_test.h - short ways for the tests of the register to fill it.
 *
 * Purpose   Open the register in the test's own directory, add rows from pairs of texts.
 * Owns      Nothing.
 * Threads   One.
 * Trust     Test code only.
 */
#ifndef MM_REGISTER_REGISTER_TEST_H
#define MM_REGISTER_REGISTER_TEST_H

#include "register/entity.h"
#include "store/records/system_scope.h"

#define MM_REGISTER_NOW INT64_C(1600000000000000) /* 2020-09-13T12:26:40Z */

struct mm_records *mm_register_open(void);
uint32_t mm_register_company(struct mm_records *rec, const char *code);
/* Field name and text in turn, then NULL. _add stops the test when it is refused. */
enum mm_code mm_register_try(struct mm_records *rec, uint32_t company, enum mm_entity_id entity,
                             uint32_t *ret_id, ...) __attribute__((sentinel));
uint32_t mm_register_add(struct mm_records *rec, uint32_t company, enum mm_entity_id entity, ...)
    __attribute__((sentinel));
/* Adds a row with a different value in every field, reads it back, holds every field against it. */
uint32_t mm_register_round_trip(struct mm_records *rec, const struct mm_entity *e,
                                uint32_t company);
/* Writes the row with a new change time, or ends it, under `scope`. */
enum mm_code mm_register_set(struct mm_records *rec, const struct mm_scope *scope,
                             const struct mm_entity *e, uint32_t id);
enum mm_code mm_register_end(struct mm_records *rec, const struct mm_scope *scope,
                             const struct mm_entity *e, uint32_t id);

#endif
