/*
 * serve/config_check.h - do the values of a configuration agree with each other?
 *
 * Purpose   What no value alone can tell: half of a certificate, a listener that two want.
 * Owns      Nothing.
 * Threads   Pure functions.
 * Trust     Values that were read by config.c.
 */
#ifndef MM_SERVE_CONFIG_CHECK_H
#define MM_SERVE_CONFIG_CHECK_H

#include "serve/config.h"

/* MM_E_CONFIG with a sentence when they do not; path is the file's or NULL. */
MM_MUST_USE enum mm_code mm_config_agrees(const struct mm_config *c, const char *path,
                                          struct mm_buf *why);

#endif
