/*
 * app/mimamori.c - the dispatcher: `mimamori NAME ...` executes `mimamori-NAME` beside itself.
 *
 * Each program is its own executable that links only what it needs; this one links nothing but
 * libc, looks in its own folder (not in PATH) and knows of a program only its name and one line.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"

enum {
    NAME_MAX_BYTES = 32, /* longest program name we would ever type */
    EXIT_USAGE = 2,
    EXIT_CANNOT = 126, /* as the shell says: found, but cannot be executed */
};

/* One row a program of src/app/meson.build; the build writes the file. */
static const struct {
    const char *name;
    const char *says;
} programs[] = {
#define MM_PROGRAM(name, says) {name, says},
#include MM_PROGRAMS
#undef MM_PROGRAM
    {NULL, NULL},
};

/* Folder of this executable with a final slash; false when the kernel will not say. */
static bool own_folder(char *ret, size_t size)
{
    ssize_t n = readlink("/proc/self/exe", ret, size - 1);

    if (n <= 0 || (size_t)n >= size - 1)
        return false;
    ret[n] = 0;
    for (char *slash = ret + n; slash >= ret; slash--) {
        if (*slash == '/') {
            slash[1] = 0;
            return true;
        }
    }
    return false;
}

/* A name is lower-case letters, digits and '-': it never leaves our folder. */
static bool is_name(const char *s)
{
    size_t n = strlen(s);

    return n > 0 && n <= NAME_MAX_BYTES && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

/* Path of a program beside us; false when it would not fit. */
static bool program_path(const char *name, char *ret, size_t size)
{
    char folder[PATH_MAX];
    int n;

    if (!own_folder(folder, sizeof(folder)))
        return false;
    n = snprintf(ret, size, "%smimamori-%s", folder, name);
    return n > 0 && (size_t)n < size;
}

static void print_help(FILE *to)
{
    (void)fprintf(to, "usage: mimamori PROGRAM [ARGUMENT...]\n"
                      "       mimamori help [PROGRAM] | --version\n\nPrograms:\n");
    for (size_t i = 0; programs[i].name != NULL; i++) {
        char path[PATH_MAX];

        if (program_path(programs[i].name, path, sizeof(path)) && access(path, X_OK) == 0)
            (void)fprintf(to, "  %-10s %s\n", programs[i].name, programs[i].says);
    }
}

/* Becomes the program; returns the exit status only when that failed. */
static int become(const char *name, char **argv)
{
    char path[PATH_MAX];

    MM_ASSERT(name != NULL && argv != NULL);
    if (!is_name(name) || !program_path(name, path, sizeof(path))) {
        (void)fprintf(stderr, "mimamori: not the name of a program (`mimamori help` lists them)\n");
        return EXIT_USAGE;
    }
    argv[0] = path;
    (void)execv(path, argv);
    if (errno == ENOENT) {
        (void)fprintf(stderr, "mimamori: no program %s (`mimamori help` lists them)\n", name);
        return EXIT_USAGE;
    }
    (void)fprintf(stderr, "mimamori: cannot execute %s: %s\n", path, strerror(errno));
    return EXIT_CANNOT;
}

int main(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : NULL;

    if (verb == NULL) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(verb, "--version") == 0) {
        (void)printf("mimamori %s\n", MM_VERSION);
        return 0;
    }
    if (strcmp(verb, "help") == 0 || strcmp(verb, "--help") == 0) {
        char help[] = "--help";
        char *ask[] = {NULL, help, NULL};

        if (argc > 2)
            return become(argv[2], ask);
        print_help(stdout);
        return fflush(stdout) == 0 ? 0 : 1;
    }
    return become(verb, argv + 1);
}
