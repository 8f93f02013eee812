/*
 * app/language.h - the language in which a program speaks to whoever started it.
 *
 * Purpose   One rule for all: LC_ALL, LC_MESSAGES, LANG; English where they say nothing, since such
 *           a terminal may not show Japanese.
 * Owns      Nothing.
 * Threads   Reads the environment: call it before threads start.
 * Trust     The environment is the user's.
 */
#ifndef MM_APP_LANGUAGE_H
#define MM_APP_LANGUAGE_H

#include "text/lang.h"

enum mm_lang mm_app_language(void);

#endif
