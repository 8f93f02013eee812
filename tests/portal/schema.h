/*
 * tests/portal/schema.h - does a document keep what docs/api/ promises?
 *
 * Purpose   The part of JSON Schema that docs/api/NAME.json uses: type, properties, required,
 *           items, enum, $ref into $defs. Stricter than the standard: a member that no property
 *           describes is a fault, so that no field goes out undocumented.
 * Owns      Nothing.
 * Threads   One.
 * Trust     Test code only.
 */
#ifndef MM_TESTS_PORTAL_SCHEMA_H
#define MM_TESTS_PORTAL_SCHEMA_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"

/* True when the document fits; otherwise why says where and what. */
bool schema_fits(struct mm_arena *arena, struct mm_slice schema, struct mm_slice document,
                 struct mm_buf *why);

#endif
