/*
 * base/banned.h - names that never compile here, forced in by the build.
 *
 * Purpose   Unbounded or locale-dependent functions of libc have no place in
 *           a program that reads hostile bytes.
 * Owns      Nothing.
 * Threads   Preprocessor only.
 * Trust     Included before any other header; system headers come first so
 *           that their own declarations stay legal.
 */
#ifndef MM_BASE_BANNED_H
#define MM_BASE_BANNED_H
#ifndef __cplusplus

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison gets strcpy strcat sprintf vsprintf strncpy strncat strtok
#pragma GCC poison atoi atol atoll strtol strtoul strtoll strtoull sscanf scanf
#pragma GCC poison asctime ctime gmtime localtime tmpnam mktemp

/* OpenSSL names parameters `rand`: renamed, they stay legal, and a call finds no function. */
#define rand mm_banned_rand
#define srand mm_banned_srand

#endif
#endif
