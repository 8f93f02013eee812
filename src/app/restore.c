/* app/restore.c - `mimamori restore DIR --state NEW`: a backup becomes a state directory. */
#include <stdio.h>

#include "app/tables.h"
#include "backup/restore.h"
#include "base/limits.h"
#include "base/time.h"

enum {
    EXIT_USAGE = 2,
    WHY_MAX = 8192,
    STATE_MAX = 80, /* sockets lie in it */
};

struct arguments {
    const char *state;
    const char *dir;
    const char *keys;
    bool without;
};

static int usage(void)
{
    fputs("usage: mimamori restore DIR --state NEW [--keys KEYS | --without-keys]\n"
          "Makes NEW, a new or empty directory, the state directory that was backed up; DIR is a\n"
          "backup or holds several (the newest is taken). Everything is checked first.\n"
          "  --keys KEYS     a directory with the `key` (and `tls/`) of then, if the backup has "
          "none\n"
          "  --without-keys  do without them: see what is said then\n",
          stderr);
    return EXIT_USAGE;
}

static bool parse(int argc, char **argv, struct arguments *ret)
{
    struct arguments a = {0};

    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;

        if (strcmp(argv[i], "--state") == 0 && more)
            a.state = argv[++i];
        else if (strcmp(argv[i], "--keys") == 0 && more)
            a.keys = argv[++i];
        else if (strcmp(argv[i], "--without-keys") == 0)
            a.without = true;
        else if (argv[i][0] != '-' && a.dir == NULL)
            a.dir = argv[i];
        else
            return false;
    }
    *ret = a;
    return a.dir != NULL && a.state != NULL && !(a.keys != NULL && a.without) &&
           strlen(a.state) <= STATE_MAX;
}

static const char without[] =
    "Without the keys of then a new key is made at the next start, and:\n"
    "  - tokens of sources and programs are refused: give out new ones (mimamori token add)\n"
    "  - who has a second factor cannot log in: set it anew (mimamori user set)\n"
    "  - scanned pages and other sealed texts cannot be opened\n"
    "  - browsers and senders see a new certificate\n";

static int restore(const struct arguments *a, struct mm_backup *b, struct mm_buf *why)
{
    struct mm_restore_options o = {.state = a->state,
                                   .keys_dir = a->keys,
                                   .without_keys = a->without,
                                   .tables = mm_app_tables(),
                                   .now_us = mm_now_us()};
    int64_t began = mm_mono_us();
    enum mm_code code;

    if (!b->m.keys && a->keys == NULL && !a->without) {
        fprintf(stderr,
                "mimamori: %s has no keys in it. Give the directory that has them with --keys, or\n"
                "do without them with --without-keys.\n%s",
                b->dir, without);
        return EXIT_USAGE;
    }
    code = mm_backup_restore(b, &o, why);
    if (code != MM_OK)
        return 1;
    printf("%s: restored from %s (%zu files, made by %.*s) in %.1f s; start it with "
           "`mimamori serve --state %s`\n",
           a->state, b->dir, b->m.files_n, MM_S_ARG(b->m.program),
           (double)(mm_mono_us() - began) / 1e6, a->state);
    if (a->without)
        printf("%s", without);
    return fflush(stdout) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct arguments a;
    struct mm_backup b = {0};
    struct mm_buf why;
    int rc = 1;

    if (!parse(argc, argv, &a))
        return usage();
    if (mm_crypt_init() != MM_OK)
        return 1;
    mm_buf_init(&why, WHY_MAX);
    if (mm_backup_open(a.dir, &b, &why) == MM_OK)
        rc = restore(&a, &b, &why);
    if (rc == 1 && why.n > 0)
        fprintf(stderr, "mimamori: %.*s\n", MM_S_ARG(mm_buf_slice(&why)));
    mm_backup_close(&b);
    mm_buf_done(&why);
    return rc;
}
