/* hunt/plan_test.c - promises of which files are read, and in which portions. */
#include "hunt/plan.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "codec/evtx.h"
#include "tests/harness/test.h"

static const char *at(const char *name, char path[MM_MAX_PATH])
{
    CHECK(snprintf(path, MM_MAX_PATH, "%s/%s", mm_test_dir(), name) < MM_MAX_PATH);
    return path;
}

static void make(const char *name, const char *begin, off_t size)
{
    char path[MM_MAX_PATH];
    int fd = open(at(name, path), O_CREAT | O_WRONLY, 0600);

    CHECK(fd >= 0 && write(fd, begin, strlen(begin) + 1) > 0 && ftruncate(fd, size) == 0);
    (void)close(fd);
}

TEST(plan_walks_folders_in_name_order_and_cuts_large_event_logs_at_chunks)
{
    struct mm_hunt_plan p;
    char path[MM_MAX_PATH];
    uint64_t end = 0;

    CHECK(mkdir(at("d", path), 0700) == 0);
    make("d/b.log", "text", 100);
    make("d/a.evtx", "ElfFile", 2 * (off_t)MM_HUNT_UNIT_BYTES + 5000);
    CHECK(symlink("/etc/passwd", at("d/link", path)) == 0);
    mm_hunt_plan_init(&p);
    CHECK(mm_hunt_plan_add(&p, mm_test_dir()) == MM_OK);
    CHECK_NUM(p.file_n, 3);
    CHECK(mm_slice_ends(p.file[0].path, MM_S("/d/a.evtx")));
    CHECK(mm_slice_ends(p.file[1].path, MM_S("/d/b.log")));
    CHECK_NUM(p.part_n, 4);
    for (size_t i = 0; i < 3; i++) {
        CHECK(p.part[i].file == 0 && p.part[i].evtx && p.part[i].from == end);
        CHECK(i == 0 || (p.part[i].from - MM_EVTX_HEAD) % MM_EVTX_CHUNK == 0);
        end = p.part[i].to;
    }
    CHECK_NUM(end, p.file[0].size);
    CHECK(p.part[3].file == 1 && !p.part[3].evtx && p.part[3].to == 100);
    /* The small rest and the small file go together. */
    CHECK_NUM(p.unit_n, 3);
    CHECK_NUM(p.unit[2].part_n, 2);
    CHECK_NUM(p.bytes, p.file[0].size + 100);
    /* A link is not followed, and not forgotten either. */
    CHECK(mm_slice_ends(p.file[2].path, MM_S("/d/link")));
    CHECK(p.file[2].state == MM_HUNT_NO_FILE && p.file[2].parts_left == 0);
    mm_hunt_plan_done(&p);
}

TEST(plan_reads_pipes_only_where_they_are_named)
{
    struct mm_hunt_plan p;
    char path[MM_MAX_PATH];

    CHECK(mkdir(at("d", path), 0700) == 0 && mkfifo(at("d/pipe", path), 0600) == 0);
    mm_hunt_plan_init(&p);
    CHECK(mm_hunt_plan_add(&p, path) == MM_OK);
    CHECK(p.part_n == 1 && p.part[0].to == 0 && p.file[0].state == MM_HUNT_WAITS);
    CHECK(mm_hunt_plan_add(&p, mm_test_dir()) == MM_OK);
    CHECK_NUM(p.part_n, 1);
    CHECK(p.file_n == 2 && p.file[1].state == MM_HUNT_NO_FILE);
    mm_hunt_plan_done(&p);
}

TEST(plan_cuts_large_files_of_lines_unless_records_have_several)
{
    struct mm_hunt_plan p;
    char path[MM_MAX_PATH];
    int fd = open(at("a.log", path), O_CREAT | O_WRONLY, 0600);

    for (int i = 0; i < 100; i++)
        CHECK(write(fd, "a line of text\n", 15) == 15);
    CHECK(ftruncate(fd, 3 * (off_t)MM_HUNT_UNIT_BYTES) == 0);
    (void)close(fd);
    mm_hunt_plan_init(&p);
    CHECK(mm_hunt_plan_add(&p, path) == MM_OK);
    CHECK_NUM(p.part_n, 3);
    CHECK(p.part[2].lines && !p.part[2].evtx);
    CHECK_NUM(p.part[2].from, 2 * (int64_t)MM_HUNT_UNIT_BYTES);
    mm_hunt_plan_done(&p);
    mm_hunt_plan_init(&p);
    p.whole_lines = true;
    CHECK(mm_hunt_plan_add(&p, path) == MM_OK);
    CHECK_NUM(p.part_n, 1);
    CHECK(!p.part[0].lines);
    mm_hunt_plan_done(&p);
}

TEST(plan_puts_so_many_files_into_a_unit_and_no_more)
{
    struct mm_hunt_plan p;

    for (int i = 0; i < MM_HUNT_UNIT_PARTS + 1; i++) {
        char name[32];

        (void)snprintf(name, sizeof(name), "%03d", i);
        make(name, "x", 1);
    }
    mm_hunt_plan_init(&p);
    CHECK(mm_hunt_plan_add(&p, mm_test_dir()) == MM_OK);
    CHECK_NUM(p.unit_n, 2);
    CHECK_NUM(p.unit[0].part_n, MM_HUNT_UNIT_PARTS);
    CHECK_NUM(p.unit[1].part_n, 1);
    CHECK(mm_hunt_plan_unit(&p, 3, 2) == MM_OK);
    CHECK_NUM(p.unit[2].part, 3);
    mm_hunt_plan_done(&p);
}

TEST(plan_says_what_is_not_there_and_names_members)
{
    struct mm_hunt_plan p;
    char path[MM_MAX_PATH];
    uint32_t file;

    mm_hunt_plan_init(&p);
    CHECK(mm_hunt_plan_add(&p, at("nothing", path)) == MM_E_NOTFOUND);
    CHECK_NUM(p.file_n, 0);
    make("a.zip", "PK", 10);
    CHECK(mm_hunt_plan_add(&p, at("a.zip", path)) == MM_OK);
    CHECK(mm_hunt_plan_member(&p, 0, MM_S("x/y.evtx"), &file) == MM_OK);
    CHECK_NUM(file, 1);
    CHECK(mm_slice_ends(p.file[1].path, MM_S("/a.zip!x/y.evtx")));
    mm_hunt_plan_done(&p);
}
