/* backup/files_test.c - promises of copying and walking. */
#include "backup/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness/test.h"

static const char *in_dir(const char *name, char path[MM_MAX_PATH])
{
    CHECK(mm_path_join(path, mm_test_dir(), name) == MM_OK);
    return path;
}

TEST(copy_is_the_same_bytes_with_holes_and_its_digest)
{
    struct mm_copier *c = mm_copier_new();
    struct mm_copied a = {0}, b = {0};
    char from[MM_MAX_PATH], to[MM_MAX_PATH];
    struct stat st;
    int fd = open(in_dir("from", from), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    CHECK(fd >= 0 && pwrite(fd, "head", 4, 0) == 4 && pwrite(fd, "tail", 4, 9000000) == 4);
    CHECK(ftruncate(fd, 20000000) == 0 && close(fd) == 0);
    CHECK(mm_copier_copy(c, from, in_dir("a/b/to", to), &a) == MM_OK);
    CHECK(mm_copier_digest(c, to, &b) == MM_OK);
    CHECK(a.size == 20000000 && memcmp(&a, &b, sizeof(a)) == 0);
    CHECK(mm_copier_digest(c, from, &b) == MM_OK && memcmp(&a, &b, sizeof(a)) == 0);
    CHECK(stat(to, &st) == 0 && (st.st_mode & 0777) == 0600);
    CHECK(st.st_blocks < 8192); /* of 512 bytes: not all of it is on the disk */
    /* Never over something, and never through a link. */
    CHECK(mm_copier_copy(c, from, to, &b) == MM_E_EXISTS);
    CHECK(symlink(from, in_dir("link", to)) == 0);
    CHECK(mm_copier_digest(c, to, &b) != MM_OK);
    /* Nor does it wait for what may never come. */
    CHECK(mkfifo(in_dir("pipe", to), 0600) == 0);
    CHECK(mm_copier_digest(c, to, &b) == MM_E_SYNTAX);
    CHECK(mm_copier_copy(c, to, in_dir("of-pipe", from), &b) == MM_E_SYNTAX);
    CHECK(access(from, F_OK) != 0);
    CHECK(mm_copier_digest(c, "/dev/null", &b) == MM_E_SYNTAX);
    mm_copier_free(&c);
    CHECK(c == NULL);
}

struct seen {
    unsigned files, dirs;
    uint64_t bytes;
};

static enum mm_code see(void *ctx, const struct mm_tree_entry *e, bool *ret_skip)
{
    struct seen *s = ctx;

    *ret_skip = strcmp(e->path, "x/not") == 0;
    s->dirs += e->is_dir;
    s->files += !e->is_dir;
    s->bytes += e->is_dir ? 0 : e->size;
    return MM_OK;
}

TEST(walk_sees_files_and_directories_and_leaves_out_what_is_skipped)
{
    static const char *const names[] = {"t/a", "t/x/b", "t/x/not/c", "t/x/y/d"};
    char path[MM_MAX_PATH];
    struct seen s = {0};
    bool empty = true;

    for (size_t i = 0; i < MM_COUNT(names); i++)
        CHECK(mm_file_put(in_dir(names[i], path), MM_S("12345")) == MM_OK);
    CHECK(symlink("/", in_dir("t/link", path)) == 0);
    CHECK(mm_tree_walk(in_dir("t", path), see, &s) == MM_OK);
    CHECK(s.files == 3 && s.dirs == 3 && s.bytes == 15);
    CHECK(mm_tree_empty(path, &empty) == MM_OK && !empty);
    CHECK(mm_tree_remove(path) == MM_OK && access(path, F_OK) != 0 && errno == ENOENT);
    CHECK(mm_tree_remove(path) == MM_OK);
    CHECK(mm_tree_walk(path, see, &s) == MM_E_NOTFOUND);
    CHECK(mm_tree_empty(path, &empty) == MM_E_NOTFOUND);
}

TEST(removing_a_link_leaves_what_it_leads_to)
{
    char path[MM_MAX_PATH], kept[MM_MAX_PATH], link[MM_MAX_PATH];

    CHECK(mm_file_put(in_dir("kept/a", kept), MM_S("12345")) == MM_OK);
    CHECK(symlink(in_dir("kept", path), in_dir("link", link)) == 0);
    CHECK(mm_tree_remove(link) == MM_OK);
    CHECK(access(kept, F_OK) == 0 && access(link, F_OK) != 0);
    /* Also below what is removed. */
    CHECK(mm_file_put(in_dir("t/x/b", link), MM_S("12345")) == MM_OK);
    CHECK(symlink(path, in_dir("t/x/link", link)) == 0);
    CHECK(mm_tree_remove(in_dir("t", path)) == MM_OK);
    CHECK(access(kept, F_OK) == 0 && access(path, F_OK) != 0);
}

TEST(walk_ends_at_its_depth)
{
    static const char deep[] = "t/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8";
    char path[MM_MAX_PATH];
    struct seen s = {0};

    static_assert(sizeof(deep) / 2 > MM_TREE_DEPTH + 2, "deeper than is looked");
    CHECK(mm_file_put(in_dir(deep, path), MM_S("x")) == MM_OK);
    CHECK(mm_tree_walk(in_dir("t", path), see, &s) == MM_E_LIMIT);
}
