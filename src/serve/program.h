/*
 * serve/program.h - how a program that `serve` starts begins.
 *
 * Purpose   The command line and configuration that engine, worker and portal share: read whole or
 *           refused with a sentence, and the state directory made ready.
 * Owns      The configuration, for the length of the run.
 * Threads   Called by main, before there are any.
 * Trust     The operator's command line and file; mistakes are expected and named.
 */
#ifndef MM_SERVE_PROGRAM_H
#define MM_SERVE_PROGRAM_H

#include "serve/config.h"

struct mm_program {
    int (*usage)(void); /* says how the program is called; its status */
    int (*run)(const char *state, const struct mm_config *config); /* the status to end with */
};

/*
 * Take `[--state DIR] [--config FILE]`, prepare the state directory and run. Returns the status for
 * main: that of usage, of run, or 1 after a sentence on stderr.
 */
int mm_program_main(const struct mm_program *p, int argc, char **argv);

#endif
