/*
 * decode/eventjson.h - an event from JSON that we wrote: the other direction of mm_event_json.
 *
 * Purpose   Alerts keep their event as JSON; rules, filters and people want it back as an event.
 * Owns      Nothing: texts borrow the document.
 * Threads   Pure functions.
 * Trust     Whatever the document holds becomes fields and extras within the limits of an event.
 * Spec      Flat ECS names: what `mimamori parse --json` prints.
 */
#ifndef MM_DECODE_EVENTJSON_H
#define MM_DECODE_EVENTJSON_H

#include "codec/ext/json.h"
#include "model/event.h"

/*
 * Fill a reset event from the object doc->item[0]; false when it is no object. *ret_unfit (may be
 * NULL) counts members that are no value of their field and were left out.
 */
MM_MUST_USE bool mm_event_of_json(const struct mm_json_doc *doc, struct mm_event *ret,
                                  size_t *ret_unfit);

#endif
