/*
 * tests/harness/cli.h - programs of ours as a person or a script runs them.
 *
 * Purpose   Start a program in a test's directory, with input, and look at what it said.
 * Owns      struct mm_ran owns the texts.
 * Threads   Test code.
 * Trust     Test code only.
 */
#ifndef MM_TESTS_HARNESS_CLI_H
#define MM_TESTS_HARNESS_CLI_H

#include "base/limits.h"
#include "tests/harness/test.h"

struct mm_ran {
    int status;
    char *out, *err; /* NUL-terminated */
};

/* The path of a name in the test's directory. */
const char *mm_cli_path(const char *name, char path[MM_MAX_PATH]);
/* Write a file there. */
void mm_cli_put(const char *name, struct mm_slice text);
/* Run with these arguments (NULL behind the last) and `in` as standard input. */
struct mm_ran mm_cli_run(const char *program, struct mm_slice in, const char *const *args);
void mm_ran_done(struct mm_ran *r);
/* The same where it does not matter which of both said it: what it wrote to standard output, then
 * to standard error, into out. Returns the exit status. */
int mm_cli_say(const char *program, struct mm_slice in, const char *const *args, char *out,
               size_t size);

#endif
