/* app/lists.c - see lists.h for the contract. */
#include "app/lists.h"

#include <stdio.h>

#include "codec/ext/yaml.h"
#include "os/file.h"

struct mm_tuning *mm_app_lists(const char *path)
{
    struct mm_tuning *t = NULL;
    struct mm_fault fault = {0};
    struct mm_buf text;

    mm_buf_init(&text, MM_YAML_MAX_SIZE);
    if (mm_file_read(path, &text) != MM_OK)
        fprintf(stderr, "mimamori: cannot read %s\n", path);
    else if (mm_tuning_read(mm_buf_slice(&text), &t, &fault) != MM_OK)
        fprintf(stderr, "mimamori: %s:%zu: %s\n", path, fault.at, mm_rules_reason(fault.what));
    mm_buf_done(&text);
    return t;
}
