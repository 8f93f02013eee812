/* app/backup.c - `mimamori backup DIR` while everything runs, and `mimamori backup verify DIR`. */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "app/tables.h"
#include "backup/check.h"
#include "backup/stage.h"
#include "backup/take.h"
#include "base/limits.h"
#include "base/time.h"
#include "engine/batch.h"
#include "engine/sink.h"
#include "os/file.h"
#include "serve/state.h"

enum {
    EXIT_USAGE = 2,
    WHY_MAX = 8192,
    POLITE = 10, /* more than the engine's: a backup has time */
};

/* A restore looks for what is stored already in this many records behind the position; one batch is
 * being stored when the moment is taken. */
static_assert((int)MM_STAGE_AHEAD + (int)MM_BATCH_RECORDS <=
                  (int)MM_SINK_IN_FLIGHT * (int)MM_BATCH_RECORDS,
              "what a backup lets the events be ahead, an engine finds");

struct arguments {
    const char *state;
    const char *dir;
    const char *key;
    bool keys;
    bool verify;
};

static int usage(void)
{
    fputs(
        "usage: mimamori backup DIR [--state STATE] [--with-keys]\n"
        "       mimamori backup verify DIR [--key FILE]\n"
        "Makes a backup of the state directory in DIR while the system runs; what has not changed\n"
        "since the backup before in DIR is not written again.\n"
        "  --state STATE  what to back up (default " MM_STATE_DEFAULT ")\n"
        "  --with-keys    the keys, too: who has such a backup can read sealed secrets and\n"
        "                 answer as this server\n"
        "verify reads every byte of a backup (the newest in DIR), and has its events counted.\n"
        "  --key FILE     the `key` of the state directory: was the list of files made with it?\n",
        stderr);
    return EXIT_USAGE;
}

static bool parse(int argc, char **argv, struct arguments *ret)
{
    struct arguments a = {.state = MM_STATE_DEFAULT};
    int i = 1;

    if (argc > 1 && strcmp(argv[1], "verify") == 0) {
        a.verify = true;
        i = 2;
    }
    for (; i < argc; i++) {
        bool more = i + 1 < argc;

        if (strcmp(argv[i], "--state") == 0 && more && !a.verify)
            a.state = argv[++i];
        else if (strcmp(argv[i], "--key") == 0 && more && a.verify)
            a.key = argv[++i];
        else if (strcmp(argv[i], "--with-keys") == 0 && !a.verify)
            a.keys = true;
        else if (argv[i][0] != '-' && a.dir == NULL)
            a.dir = argv[i];
        else
            return false;
    }
    *ret = a;
    return a.dir != NULL;
}

/* Who looks at a page or sends lines goes first, on the processor and on the disk. */
static void be_polite(void)
{
    enum { WHO_PROCESS = 1, CLASS_BEST_EFFORT = 2, CLASS_SHIFT = 13, LAST = 7 };

    (void)setpriority(PRIO_PROCESS, 0, POLITE);
    (void)syscall(SYS_ioprio_set, WHO_PROCESS, 0, CLASS_BEST_EFFORT << CLASS_SHIFT | LAST);
}

static int complain(struct mm_buf *why, enum mm_code code)
{
    if (why->n == 0)
        mm_buf_str(why, mm_code_key(code));
    fprintf(stderr, "mimamori: %.*s\n", MM_S_ARG(mm_buf_slice(why)));
    return 1;
}

/* For `mimamori status`: when the last one was made. */
static void remember(const char *state, int64_t made_us)
{
    char path[MM_MAX_PATH], text[MM_TIME_TEXT];

    mm_time_text(made_us, text);
    if (mm_path_join(path, state, MM_STATE_BACKUP) != MM_OK ||
        mm_file_put(path, mm_slice_str(text)) != MM_OK)
        fputs("note: the backup is good, but the state directory could not remember its time\n",
              stderr);
}

static int take(const struct arguments *a, struct mm_buf *why)
{
    struct mm_backup_options o = {.state = a->state,
                                  .dir = a->dir,
                                  .program = MM_VERSION,
                                  .now_us = mm_now_us(),
                                  .keys = a->keys};
    struct mm_backup_taken done;
    struct mm_records *records = NULL;
    int64_t began = mm_mono_us();
    enum mm_code code;

    if (mm_app_records(a->state, &records) != MM_OK)
        return 1;
    o.records = records;
    code = mm_backup_take(&o, &done, why);
    mm_records_close(&records);
    if (code != MM_OK)
        return complain(why, code);
    remember(a->state, o.now_us);
    printf("%s/%s: %llu files, %llu bytes, %llu events; new: %llu files, %llu bytes; %.1f s\n",
           a->dir, done.name, (unsigned long long)done.files, (unsigned long long)done.bytes,
           (unsigned long long)done.rows, (unsigned long long)done.new_files,
           (unsigned long long)done.new_bytes, (double)(mm_mono_us() - began) / 1e6);
    if (!a->keys)
        puts("The keys are not in it: keep a copy of `key` and `tls/` apart from it.");
    return fflush(stdout) == 0 ? 0 : 1;
}

/* MM_E_DENIED is not the backup's fault: it is said, and the rest stands. */
static enum mm_code count(const struct mm_backup *b, struct mm_buf *why)
{
    enum mm_code code = mm_backup_count_here(b, mm_now_us(), why);

    if (code != MM_E_DENIED)
        return code;
    printf("note: %.*s\n", MM_S_ARG(mm_buf_slice(why)));
    return MM_OK;
}

static int verify(const struct arguments *a, struct mm_buf *why)
{
    struct mm_backup b;
    struct mm_key key;
    uint64_t bytes = 0;
    enum mm_code code = mm_backup_open(a->dir, &b, why);

    if (code != MM_OK)
        return complain(why, code);
    if (a->key != NULL) {
        code = mm_backup_key(a->key, &key);
        if (code != MM_OK)
            mm_buf_fmt(why, "%s: is no key of a state directory (32 bytes)", a->key);
    }
    if (code == MM_OK)
        code = mm_backup_check(&b, a->key != NULL ? &key : NULL, mm_app_tables(), why);
    mm_wipe(&key, sizeof(key));
    if (code == MM_OK)
        code = count(&b, why);
    for (size_t i = 0; i < b.m.files_n; i++)
        bytes += b.m.file[i].size;
    if (code == MM_OK) {
        printf("%s: good: %zu files, %llu bytes", b.dir, b.m.files_n, (unsigned long long)bytes);
        for (size_t i = 0; i < b.m.tables_n; i++)
            printf(", %llu %.*s", (unsigned long long)b.m.table[i].rows,
                   MM_S_ARG(b.m.table[i].name));
        printf(b.m.keys ? ", with keys\n" : ", without keys\n");
    }
    mm_backup_close(&b);
    return code == MM_OK ? 0 : complain(why, code);
}

int main(int argc, char **argv)
{
    struct arguments a;
    struct mm_buf why;
    int rc;

    if (!parse(argc, argv, &a))
        return usage();
    if (mm_crypt_init() != MM_OK)
        return 1;
    be_polite();
    mm_buf_init(&why, WHY_MAX);
    rc = a.verify ? verify(&a, &why) : take(&a, &why);
    mm_buf_done(&why);
    return rc;
}
