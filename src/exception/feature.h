/*
 * exception/feature.h - what this feature brings to the records.
 *
 * Purpose   Tables and statements of exceptions, for who opens the records: without the words of
 *           rules, which register/value.h has other meanings for.
 * Owns      Nothing.
 * Threads   A constant.
 * Trust     SQL is ours.
 */
#ifndef MM_EXCEPTION_FEATURE_H
#define MM_EXCEPTION_FEATURE_H

#include "store/records/records.h"

extern const struct mm_feature mm_exception_feature;

#endif
