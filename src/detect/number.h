/*
 * detect/number.h - numbers and parts of dates in texts, for lt, gt, hour and their like.
 *
 * Purpose   Whole slices as numbers, without locale and without libc's parsers.
 * Owns      Nothing.
 * Threads   Pure functions.
 * Trust     Text is hostile: at most 64 bytes are looked at.
 * Spec      Decimal with sign and fraction, or 0x and hexadecimal digits.
 */
#ifndef MM_DETECT_NUMBER_H
#define MM_DETECT_NUMBER_H

#include "base/base.h"
#include "detect/ir.h"

MM_MUST_USE bool mm_number_parse(struct mm_slice s, double *ret);
/*
 * Part of a date that a text begins with (2025-01-31 13:05:00…, also with T), as written: no zone
 * is applied. Weeks are those of ISO 8601.
 */
MM_MUST_USE bool mm_unit_of_text(struct mm_slice s, enum mm_unit unit, double *ret);
/* The same of a moment in UTC. */
double mm_unit_of_us(int64_t us, enum mm_unit unit);
bool mm_compare(double a, enum mm_cmp cmp, double b);

#endif
