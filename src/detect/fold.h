/*
 * detect/fold.h - text without case, so that rules compare what Sigma says is equal.
 *
 * Purpose   Simple case folding of UTF-8: ASCII quickly, the rest by table.
 * Owns      Nothing.
 * Threads   Pure functions.
 * Trust     Input is hostile; bytes that are not UTF-8 stay as they are. Cost is linear.
 * Spec      Unicode CaseFolding, status C and S (fold.def); no locale, no Turkish i.
 */
#ifndef MM_DETECT_FOLD_H
#define MM_DETECT_FOLD_H

#include "base/base.h"

enum {
    /* U+023A (2 bytes) folds to U+2C65 (3 bytes): nothing grows by more than half. */
    MM_FOLD_GROW_NUM = 3,
    MM_FOLD_GROW_DEN = 2,
};

/* Bytes that folding n bytes may need at most. n <= SIZE_MAX / 4. */
size_t mm_fold_room(size_t n);
/* Fold s into out (at least mm_fold_room(s.n) bytes); returns the length written. */
size_t mm_fold(uint8_t *out, struct mm_slice s);
/* One code point folded. */
uint32_t mm_fold_point(uint32_t c);

#endif
