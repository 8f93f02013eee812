/*
 * app/content.h - where the content lies: formats, rules and other data that experts edit.
 *
 * Purpose   One rule for every program: $MIMAMORI_CONTENT, else share/mimamori/content beside an
 *           installed program, else the source tree of a build.
 * Owns      Nothing.
 * Threads   Reads the environment: call it before threads start.
 * Trust     The environment is the operator's.
 */
#ifndef MM_APP_CONTENT_H
#define MM_APP_CONTENT_H

#include "base/base.h"
#include "base/limits.h"

/*
 * The path of `part` ("formats") below the content, NUL-terminated. MM_E_NOTFOUND when there is no
 * content directory, MM_E_LIMIT when the path does not fit.
 */
MM_MUST_USE enum mm_code mm_content_path(const char *part, char ret[MM_MAX_PATH]);

#endif
