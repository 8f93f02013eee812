/*
 * codec/javadate.h - dates in a form that the line itself names: "yyyy-MM-dd HH:mm:ss.SSS Z".
 *
 * Purpose   LEEF records say how their time is written (devTimeFormat), in the letters of Java's
 *           SimpleDateFormat.
 * Owns      Nothing.
 * Threads   Pure functions: no clock, no locale; names of months are English.
 * Trust     Date and form are hostile: cost is linear in the form, numbers have at most 9 digits.
 * Spec      java.text.SimpleDateFormat: y M d E H k K h a m s S z Z X, text in '…'. Other letters
 *           are refused. Fuzzed by javadate_fuzz.c.
 */
#ifndef MM_CODEC_JAVADATE_H
#define MM_CODEC_JAVADATE_H

#include "codec/when.h"

enum { MM_JAVADATE_MAX = 64 }; /* letters of a form; the longest of IBM's examples has 35 */

/* Read the whole text by the form. False when it is not written so: *ret is untouched then. */
MM_MUST_USE bool mm_javadate_read(struct mm_slice text, struct mm_slice form, struct mm_when *ret);

#endif
