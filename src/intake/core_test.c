/* intake/core_test.c - lines become durable, are counted, and wait while the disk does not take
 * them. */
#include "intake/core.h"

#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "intake/intake_test.h"
#include "tests/harness/fault_fs.h"

TEST(core_makes_lines_durable_and_counts_them)
{
    struct mm_intake *core = t_open();
    uint64_t seq;

    CHECK_NUM(t_add(core, 3, 31, "one"), 1);
    CHECK_NUM(t_add(core, 4, 41, "two"), 2);
    seq = t_add(core, 3, 31, "three");
    CHECK(mm_intake_wait(core, seq + 1, T_WAIT_MS) == MM_OK);
    CHECK_SPOOL("3/31 one|4/41 two|3/31 three|");
    CHECK_NUM(t_source(core, 3, 31)->received, 2);
    CHECK_NUM(t_source(core, 3, 31)->spooled, 2);
    CHECK_NUM(t_source(core, 3, 31)->bytes, 8);
    CHECK_NUM(t_source(core, 4, 41)->spooled, 1);
    CHECK_NUM(t_source(core, 4, 41)->last_us, 5);
    CHECK_NUM(mm_intake_page(core)->next, 4);
    CHECK(mm_intake_close(&core, T_WAIT_MS) == MM_OK);
    CHECK(core == NULL);
}

TEST(core_commits_what_is_pending_when_it_closes)
{
    struct mm_intake *core = t_open();

    for (int i = 0; i < 50; i++)
        (void)t_add(core, 1, 1, "x");
    CHECK(mm_intake_close(&core, T_WAIT_MS) == MM_OK);
    core = t_open();
    mm_intake_lock(core);
    CHECK_NUM(mm_intake_next_locked(core), 51);
    mm_intake_unlock(core);
    CHECK(mm_intake_close(&core, T_WAIT_MS) == MM_OK);
}

TEST(core_page_is_made_anew_and_read_by_others)
{
    struct mm_intake *core = t_open();
    char path[MM_MAX_PATH];
    struct mm_buf b;
    const struct mm_intake_page *page;

    (void)t_add(core, 9, 91, "x");
    CHECK(mm_intake_close(&core, T_WAIT_MS) == MM_OK);
    CHECK(mm_path_join(path, mm_test_dir(), MM_INTAKE_PAGE_NAME) == MM_OK);
    mm_buf_init(&b, 1 << 20);
    CHECK(mm_file_read(path, &b) == MM_OK);
    page = mm_intake_page_of(mm_buf_slice(&b));
    CHECK(page != NULL);
    CHECK_NUM(page->state, MM_INTAKE_STOPPED);
    CHECK_NUM(page->sources, 2);
    CHECK(page->source[1].company == 9 && page->source[1].spooled == 1);
    CHECK(mm_intake_page_of(mm_slice_sub(mm_buf_slice(&b), 0, 100)) == NULL);
    b.p[0] ^= 1;
    CHECK(mm_intake_page_of(mm_buf_slice(&b)) == NULL);
    mm_buf_done(&b);
    core = t_open();
    CHECK_NUM(mm_intake_page(core)->sources, 1);
    CHECK(mm_intake_close(&core, T_WAIT_MS) == MM_OK);
}

static void *repair(void *fault)
{
    mm_fault_fs_fail(fault, 0, MM_OK);
    return NULL;
}

TEST(core_waits_while_the_disk_is_full_and_goes_on_alone)
{
    struct mm_fault_fs *fault = mm_fault_fs_new();
    struct mm_intake *core = t_open_fs(mm_fault_fs_ops(fault), 4096);
    uint64_t seq;
    pthread_t t;

    seq = t_add(core, 1, 1, "before");
    CHECK(mm_intake_wait(core, seq + 1, T_WAIT_MS) == MM_OK);
    mm_fault_fs_fail(fault, 1000000, MM_E_FULL);
    seq = t_add(core, 1, 1, "while full");
    CHECK(mm_intake_wait(core, seq + 1, T_WAIT_MS) == MM_E_FULL);
    CHECK(mm_intake_condition(core) == MM_E_FULL);
    CHECK_NUM(mm_intake_page(core)->state, MM_INTAKE_FULL);
    CHECK_NUM(t_source(core, 1, 1)->spooled, 1);
    mm_intake_lock(core);
    CHECK(mm_intake_wait_room_locked(core,
                                     &(struct mm_turn){.slot = MM_SLOT_QUARANTINE, .bytes = 4096},
                                     T_WAIT_MS) == MM_E_FULL ||
          mm_intake_room_locked(core) == 4096);
    mm_intake_unlock(core);
    CHECK(pthread_create(&t, NULL, repair, fault) == 0);
    CHECK(pthread_join(t, NULL) == 0);
    /* Nobody tells the core: it tries again by itself. */
    for (int64_t until = mm_mono_us() + 20 * MM_US_PER_S; mm_intake_condition(core) != MM_OK;)
        CHECK(mm_mono_us() < until);
    CHECK(mm_intake_wait(core, seq + 1, T_WAIT_MS) == MM_OK);
    CHECK_NUM(t_source(core, 1, 1)->spooled, 2);
    CHECK_SPOOL("1/1 before|1/1 while full|");
    CHECK(mm_intake_close(&core, T_WAIT_MS) == MM_OK);
    mm_fault_fs_free(&fault);
}

TEST(core_says_when_it_closes_with_lines_that_are_not_durable)
{
    struct mm_fault_fs *fault = mm_fault_fs_new();
    struct mm_intake *core = t_open_fs(mm_fault_fs_ops(fault), 0);

    mm_fault_fs_fail(fault, 1000000, MM_E_IO);
    (void)t_add(core, 1, 1, "lost");
    CHECK(mm_intake_close(&core, 100) == MM_E_IO);
    mm_fault_fs_free(&fault);
}

TEST(core_gives_each_company_its_share_of_a_group)
{
    struct mm_fault_fs *fault = mm_fault_fs_new();
    /* The disk takes nothing, so that one group stays the one being filled. */
    struct mm_intake *core = t_open_fs(mm_fault_fs_ops(fault), 4 * 1024 * 1024);
    static char line[60000];
    size_t storm, quiet;
    int lines = 0;

    mm_fault_fs_fail(fault, 1000000, MM_E_FULL);
    memset(line, 'x', sizeof(line) - 1);
    (void)t_add(core, 1, 1, "first"); /* goes into the group that fails */
    CHECK(mm_intake_wait(core, 2, T_WAIT_MS) == MM_E_FULL);
    (void)t_add(core, 2, 2, "quiet");
    mm_intake_lock(core);
    storm = mm_intake_slot_locked(core, 1, 1);
    quiet = mm_intake_slot_locked(core, 2, 2);
    mm_intake_unlock(core);
    for (bool over = false; !over; lines++) {
        (void)t_add(core, 1, 1, line);
        mm_intake_lock(core);
        over = mm_intake_over_share_locked(core, storm);
        mm_intake_unlock(core);
        CHECK(lines < 70);
    }
    mm_intake_lock(core);
    CHECK(!mm_intake_over_share_locked(core, quiet));
    CHECK(mm_intake_room_locked(core) > 2 * 1024 * 1024);
    mm_intake_unlock(core);
    CHECK(mm_intake_close(&core, 0) == MM_E_FULL);
    mm_fault_fs_free(&fault);
}

TEST(core_has_a_bounded_number_of_sources)
{
    struct mm_intake *core = t_open();

    mm_intake_lock(core);
    for (uint32_t i = 1; i < MM_INTAKE_SOURCES; i++)
        CHECK_NUM(mm_intake_slot_locked(core, 1, i), i);
    CHECK_NUM(mm_intake_slot_locked(core, 1, 5), 5);
    CHECK_NUM(mm_intake_slot_locked(core, 2, 1), MM_SLOT_NONE);
    mm_intake_unlock(core);
    (void)t_add(core, 2, 1, "still stored");
    CHECK(mm_intake_close(&core, T_WAIT_MS) == MM_OK);
    CHECK_SPOOL("2/1 still stored|");
}
