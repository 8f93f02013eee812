/*
 * tests/harness/test.h - TEST(), CHECK() and FUZZ(): how a promise is written down.
 *
 * Purpose   TEST(name) registers itself in a linker section; the runner prints
 *           TAP. FUZZ(in) is one body for two programs: a libFuzzer target
 *           with -Dfuzz=true, otherwise a test that replays a corpus.
 * Owns      Nothing.
 * Threads   Tests run one after another, each in its own process, so that a
 *           crash or a hang is one failed test and not a lost run.
 * Trust     Test code only.
 */
#ifndef MM_TESTS_HARNESS_TEST_H
#define MM_TESTS_HARNESS_TEST_H

#include "base/base.h"

struct mm_test {
    const char *name;
    void (*run)(void);
    const char *file;
};

#define TEST(test_name)                                                                            \
    static void test_name(void);                                                                   \
    static const struct mm_test mm_test_##test_name = {#test_name, test_name, __FILE__};           \
    __attribute__((                                                                                \
        used, section("mm_tests"))) static const struct mm_test *const mm_test_ptr_##test_name =   \
        &mm_test_##test_name;                                                                      \
    static void test_name(void)

void mm_test_fail(const char *file, int line, const char *what) MM_NORETURN;
void mm_test_fail_slice(const char *file, int line, const char *what, struct mm_slice got,
                        struct mm_slice want) MM_NORETURN;
void mm_test_fail_num(const char *file, int line, const char *what, int64_t got,
                      int64_t want) MM_NORETURN;
/* Ends this test as `skipped` with the reason: for corpora and tools that are absent. */
void mm_test_skip(const char *why) MM_NORETURN;
/* A directory of this test's own, removed when the test ends. The same one at every call. */
const char *mm_test_dir(void);
/* Absolute path of a file in the source tree ("content/formats"); one static buffer of 1 KiB. */
const char *mm_test_source(const char *relative);

#define CHECK(x) ((x) ? (void)0 : mm_test_fail(__FILE__, __LINE__, #x))
#define CHECK_SLICE(got, want)                                                                     \
    (mm_slice_eq((got), mm_slice_str(want))                                                        \
         ? (void)0                                                                                 \
         : mm_test_fail_slice(__FILE__, __LINE__, #got, (got), mm_slice_str(want)))
#define CHECK_NUM(got, want)                                                                       \
    ((int64_t)(got) == (int64_t)(want)                                                             \
         ? (void)0                                                                                 \
         : mm_test_fail_num(__FILE__, __LINE__, #got, (int64_t)(got), (int64_t)(want)))

#define FUZZ(in) void mm_fuzz_one(struct mm_slice in)
void mm_fuzz_one(struct mm_slice in);

#endif
