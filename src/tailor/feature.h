/*
 * tailor/feature.h - what this feature brings to the records.
 *
 * Purpose   Tables and statements of lists and adjustments, for who opens the records.
 * Owns      Nothing.
 * Threads   A constant.
 * Trust     SQL is ours.
 */
#ifndef MM_TAILOR_FEATURE_H
#define MM_TAILOR_FEATURE_H

#include "store/records/records.h"

extern const struct mm_feature mm_tailor_feature;

#endif
