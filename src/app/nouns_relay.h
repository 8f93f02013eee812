/*
 * app/nouns_relay.h - how a relay is, for `mimamori relays show`.
 *
 * Purpose   What the relay said of itself when it spoke last, beside what the register knows.
 * Owns      Nothing.
 * Threads   One.
 * Trust     As model/relay_page.h: a relay's own words, bounded to numbers and times.
 */
#ifndef MM_APP_NOUNS_RELAY_H
#define MM_APP_NOUNS_RELAY_H

#include "app/nouns.h"

/* Into the document, and to standard output unless JSON was asked for. */
void mm_noun_relay_live(struct mm_noun *n, const struct mm_rec *rec);

#endif
