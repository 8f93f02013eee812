/*
 * codec/xml.h - one small XML document into a tree.
 *
 * Purpose   Windows events as XML, as Windows itself and forwarders write them.
 * Owns      Nothing: nodes live in the arena, texts there or in the input.
 * Threads   Pure functions.
 * Trust     Input is hostile: no document type, no entities but the five and characters by number,
 *           depth bounded by MM_XML_MAX_DEPTH, memory by the arena; cost is linear.
 * Spec      W3C XML 1.0 (fifth edition), the part without 2.8's document type declaration, for
 *           UTF-8. Prefixes of names are left out. White space between elements is no text. Of
 *           well-formedness what a reader of events needs: tags match, nothing stands behind the
 *           element. Fuzzed by xml_fuzz.c.
 */
#ifndef MM_CODEC_XML_H
#define MM_CODEC_XML_H

#include "base/work.h"
#include "codec/tree.h"

enum { MM_XML_MAX_DEPTH = 48 };

/*
 * The document's element becomes the child of a new node *ret. MM_E_SYNTAX names the byte and why;
 * MM_E_LIMIT: too deep, or more tags and attributes than `work` (may be NULL) pays for; MM_E_NOMEM:
 * the arena is full.
 */
MM_MUST_USE enum mm_code mm_xml_parse(struct mm_slice in, struct mm_work *work, struct mm_arena *a,
                                      struct mm_tree **ret, struct mm_fault *fault);

#endif
