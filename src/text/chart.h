/*
 * text/chart.h - charts that a template draws from a document's numbers.
 *
 * Purpose   Small pictures beside the numbers they are made of: no script, no styles in the
 *           markup (the policy of our pages forbids them), nothing that a reader needs.
 * Owns      Nothing.
 * Threads   Pure functions.
 * Trust     Only numbers of the document go out; names and texts never do.
 */
#ifndef MM_TEXT_CHART_H
#define MM_TEXT_CHART_H

#include "text/doc.h"

enum { MM_CHART_BARS_MAX = 400 }; /* a year of days */

/*
 * Append an SVG picture: one bar an element of `list` (an array of objects), made of member `low`
 * and, standing on it, member `high`. Bars are as high as their sum beside the greatest sum, or
 * with `share` all of one height. An element without numbers is a gap. Hidden from readers of the
 * page's words: the numbers stand beside it. Anything but such an array draws nothing.
 */
void mm_chart_bars(struct mm_buf *out, const struct mm_doc *list, struct mm_slice low,
                   struct mm_slice high, bool share);

#endif
