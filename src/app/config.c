/* serve/config_main.c - `mimamori config check|show`: is the configuration good, and what is it? */
#include <stdio.h>

#include "serve/config.h"

static int usage(void)
{
    fputs("usage: mimamori config check|show [FILE]\n"
          "  check   read FILE and say what is wrong with it, if anything\n"
          "  show    print every key with its value, default and meaning\n",
          stderr);
    return 2;
}

int main(int argc, char **argv)
{
    struct mm_config config;
    struct mm_buf why, out;
    bool show;

    if (argc < 2 || argc > 3)
        return usage();
    show = strcmp(argv[1], "show") == 0;
    if (!show && strcmp(argv[1], "check") != 0)
        return usage();
    mm_buf_init(&why, 8192);
    mm_buf_init(&out, 256 * 1024);
    if (mm_config_load(argc == 3 ? argv[2] : NULL, &config, &why) != MM_OK) {
        fprintf(stderr, "mimamori: %.*s\n", MM_S_ARG(mm_buf_slice(&why)));
        mm_buf_done(&why);
        return 1;
    }
    mm_config_show(&config, &out);
    if (show)
        (void)fwrite(out.p, 1, out.n, stdout);
    else
        puts("ok");
    mm_config_done(&config);
    mm_buf_done(&out);
    mm_buf_done(&why);
    return 0;
}
