/*
 * assess/feature.h - what this feature brings to the records.
 *
 * Purpose   Tables and statements of assessments, for who opens the records.
 * Owns      Nothing.
 * Threads   A constant.
 * Trust     SQL is ours.
 */
#ifndef MM_ASSESS_FEATURE_H
#define MM_ASSESS_FEATURE_H

#include "store/records/records.h"

extern const struct mm_feature mm_assess_feature;

#endif
