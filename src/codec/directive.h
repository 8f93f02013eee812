/*
 * codec/directive.h - lines that speak of the lines behind them: "#Fields: date time c-ip".
 *
 * Purpose   W3C extended logs (IIS, proxies) and Zeek's own files name their columns in such
 *           lines, at their beginning and wherever the columns change.
 * Owns      Nothing: slices borrow the input.
 * Threads   Pure functions.
 * Trust     Input is hostile; cost is linear.
 * Spec      W3C Working Draft "Extended Log File Format" (WD-logfile-960323), directives;
 *           Zeek manual, "Log files: TSV format". Fuzzed by directive_fuzz.c.
 */
#ifndef MM_CODEC_DIRECTIVE_H
#define MM_CODEC_DIRECTIVE_H

#include "base/base.h"

enum { MM_DIRECTIVE_MAX_NAME = 32 }; /* the longest known is "set_separator" */

struct mm_directive {
    struct mm_slice name;  /* "Fields", "separator": letters, `_` and `-` */
    struct mm_slice value; /* behind ": ", a blank or a tab; may be empty */
};

/* Read a line that begins with `#` and a name. False, *ret untouched, when it is none. */
MM_MUST_USE bool mm_directive_read(struct mm_slice line, struct mm_directive *ret);

#endif
