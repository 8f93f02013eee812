/* tests/harness/fuzz_main.c - FUZZ() bodies as libFuzzer targets or as a replay of their corpus. */
#include "tests/harness/test.h"

#ifdef MM_FUZZ_BUILD

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mm_fuzz_one(mm_slice_of(data, size));
    return 0;
}

#else

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

enum { INPUT_MAX = 1024 * 1024 };

/* Each input sits alone at the end of an allocation, so that sanitizers see one byte too far. */
static void replay(const char *path)
{
    FILE *f = fopen(path, "rb");
    uint8_t *big = malloc(INPUT_MAX), *own;
    size_t n;

    MM_ASSERT(f != NULL && big != NULL);
    n = fread(big, 1, INPUT_MAX, f);
    (void)fclose(f);
    own = malloc(n == 0 ? 1 : n);
    MM_ASSERT(own != NULL);
    memcpy(own, big, n);
    free(big);
    mm_fuzz_one(mm_slice_of(own, n));
    free(own);
}

int main(int argc, char **argv)
{
    int count = 0;
    struct dirent **list;
    int n;

    MM_ASSERT(argc == 2);
    n = scandir(argv[1], &list, NULL, alphasort);
    if (n < 0) {
        printf("not ok 1 - no corpus at %s\n1..1\n", argv[1]);
        return 1;
    }
    for (int i = 0; i < n; i++) {
        char path[2048];

        if (list[i]->d_name[0] != '.') {
            (void)snprintf(path, sizeof(path), "%s/%s", argv[1], list[i]->d_name);
            printf("# %s\n", path);
            fflush(stdout);
            replay(path);
            count++;
        }
        free(list[i]);
    }
    free(list);
    printf("%s 1 - %d inputs replayed\n1..1\n", count > 0 ? "ok" : "not ok", count);
    return count > 0 ? 0 : 1;
}

#endif
