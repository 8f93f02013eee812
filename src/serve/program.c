/* serve/program.c - see program.h for the contract. */
#include "serve/program.h"

#include <stdio.h>

#include "serve/state.h"

enum { WHY_MAX = 8192 }; /* one sentence with paths and a value */

int mm_program_main(const struct mm_program *p, int argc, char **argv)
{
    const char *state = MM_STATE_DEFAULT, *config_path = NULL;
    struct mm_config config;
    struct mm_buf why;
    int rc = 1;

    MM_ASSERT(p->usage != NULL && p->run != NULL);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--state") == 0 && i + 1 < argc)
            state = argv[++i];
        else if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
            config_path = argv[++i];
        else
            return p->usage();
    }
    mm_buf_init(&why, WHY_MAX);
    if (mm_config_load(config_path, &config, &why) != MM_OK) {
        fprintf(stderr, "mimamori: %.*s\n", MM_S_ARG(mm_buf_slice(&why)));
    } else {
        if (mm_state_prepare(state, &why) != MM_OK)
            fprintf(stderr, "mimamori: %.*s\n", MM_S_ARG(mm_buf_slice(&why)));
        else
            rc = p->run(state, &config);
        mm_config_done(&config);
    }
    mm_buf_done(&why);
    return rc;
}
