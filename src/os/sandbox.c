/* os/sandbox.c - see sandbox.h for the contract. */
#include "os/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/file.h"

/* Rights that Debian 12's header (kernel 6.1, ABI 2) does not name yet. */
enum {
    LL_TRUNCATE = 1 << 14,  /* ABI 3 */
    LL_IOCTL_DEV = 1 << 15, /* ABI 5 */
    LL_ABI1 = (1 << 13) - 1,
    LL_REFER = 1 << 13, /* ABI 2 */
    LL_FILE_READ = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE,
    LL_READ = LL_FILE_READ | LANDLOCK_ACCESS_FS_READ_DIR,
    LL_FILE = LL_FILE_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LL_TRUNCATE | LL_IOCTL_DEV,
    CAP_MAX = 63,
};

static enum mm_code no_new_privs(void)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? MM_OK : mm_code_of_errno(errno);
}

static enum mm_code limit(__rlimit_resource_t what, uint64_t max)
{
    struct rlimit now, lim = {.rlim_cur = max, .rlim_max = max};

    if (getrlimit(what, &now) != 0)
        return mm_code_of_errno(errno);
    if (now.rlim_max < max) /* already stricter: only root may raise it, and need not */
        lim = (struct rlimit){.rlim_cur = now.rlim_max, .rlim_max = now.rlim_max};
    return setrlimit(what, &lim) == 0 ? MM_OK : mm_code_of_errno(errno);
}

enum mm_code mm_sandbox_limits(const struct mm_sandbox *box)
{
    enum mm_code c = limit(RLIMIT_CORE, 0); /* a core file holds companies' logs */

#ifndef MM_SANITIZED /* a sanitizer's shadow is terabytes of address space */
    if (c == MM_OK && box->memory_max != 0)
        c = limit(RLIMIT_AS, box->memory_max);
#endif
    if (c == MM_OK && box->files_max != 0)
        c = limit(RLIMIT_NOFILE, box->files_max);
    if (c == MM_OK && box->file_size_max != 0)
        c = limit(RLIMIT_FSIZE, box->file_size_max);
    return c;
}

enum mm_code mm_sandbox_no_capabilities(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}};
    enum mm_code c = no_new_privs();

    if (c != MM_OK)
        return c;
    /* The bounding set can only be cut by who has CAP_SETPCAP; others cannot gain from it,
     * because no_new_privs is set. */
    for (int cap = 0; cap <= CAP_MAX; cap++)
        (void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    return syscall(SYS_capset, &head, data) == 0 ? MM_OK : mm_code_of_errno(errno);
}

static enum mm_code add_path(int ruleset, const struct mm_sandbox_path *p, uint64_t handled)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = p->write ? handled : LL_READ};
    struct stat st;
    enum mm_code c = MM_OK;

    rule.parent_fd = open(p->path, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0)
        return mm_code_of_errno(errno);
    if (fstat(rule.parent_fd, &st) != 0)
        c = mm_code_of_errno(errno);
    if (c == MM_OK && !S_ISDIR(st.st_mode))
        rule.allowed_access &= LL_FILE;
    rule.allowed_access &= handled;
    if (c == MM_OK &&
        syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
        c = mm_code_of_errno(errno);
    (void)close(rule.parent_fd);
    return c;
}

enum mm_code mm_sandbox_paths(const struct mm_sandbox *box)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    struct landlock_ruleset_attr attr = {.handled_access_fs = LL_ABI1};
    enum mm_code c = no_new_privs();
    int ruleset;

    MM_ASSERT(box->paths_n <= MM_SANDBOX_PATHS_MAX);
    if (abi < 1)
        return MM_E_NOTFOUND;
    if (abi >= 2)
        attr.handled_access_fs |= LL_REFER;
    if (abi >= 3)
        attr.handled_access_fs |= LL_TRUNCATE;
    if (abi >= 5)
        attr.handled_access_fs |= LL_IOCTL_DEV;
    ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
    if (ruleset < 0)
        return mm_code_of_errno(errno);
    for (size_t i = 0; c == MM_OK && i < box->paths_n; i++)
        c = add_path(ruleset, &box->paths[i], attr.handled_access_fs);
    if (c == MM_OK && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
        c = mm_code_of_errno(errno);
    (void)close(ruleset);
    return c;
}

/* Which group a call belongs to; MM_MAY_COMPUTE is always there. */
static const struct {
    int nr;
    unsigned may;
} calls[] = {
#define CALL(name, group) {SCMP_SYS(name), group},
#include "os/sandbox.def"
#undef CALL
};

static enum mm_code added(int rc)
{
    return rc == 0 ? MM_OK : rc == -ENOMEM ? MM_E_NOMEM : MM_E_IO;
}

/* Calls that are allowed only with certain arguments. */
static enum mm_code add_narrow(scmp_filter_ctx f, const struct mm_sandbox *box)
{
    static const int domains[] = {AF_UNIX, AF_INET, AF_INET6};
    static const unsigned long ioctls[] = {TCGETS, FIONREAD, FIONBIO};
    const uint64_t writing = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY);
    const struct scmp_arg_cmp not_code = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    const struct scmp_arg_cmp read_only = SCMP_A2(SCMP_CMP_MASKED_EQ, writing, 0);
    const struct scmp_arg_cmp thread = SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD);
    const struct scmp_arg_cmp set_name = SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME, 0);
    int rc = seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, &set_name);

    if ((box->may & MM_MAY_MAKE_CODE) == 0) {
        rc |= seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, &not_code);
        rc |= seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, &not_code);
    }
    if ((box->may & (MM_MAY_READ_FILES | MM_MAY_WRITE_FILES)) == MM_MAY_READ_FILES)
        rc |= seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1, &read_only);
    if ((box->may & MM_MAY_PROCESSES) == 0) {
        /* glibc asks for clone3 first, whose flags no filter can see, and falls back. */
        rc |= seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
        if ((box->may & MM_MAY_THREADS) != 0)
            rc |= seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, &thread);
    }
    for (size_t i = 0; i < MM_COUNT(domains) && (box->may & MM_MAY_NET) != 0; i++)
        rc |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
                               SCMP_A0(SCMP_CMP_EQ, (uint64_t)domains[i], 0));
    for (size_t i = 0; i < MM_COUNT(ioctls); i++)
        rc |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                               SCMP_A1(SCMP_CMP_EQ, ioctls[i], 0));
    return rc == 0 ? MM_OK : MM_E_IO;
}

enum mm_code mm_sandbox_calls(const struct mm_sandbox *box)
{
    uint32_t denied = box->kill ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ERRNO(EPERM);
    unsigned may = box->may;
    scmp_filter_ctx f;
    enum mm_code c;

    if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0)
        return MM_E_NOTFOUND;
    if ((may & MM_MAY_WRITE_FILES) != 0)
        may |= MM_MAY_READ_FILES;
    if ((may & MM_MAY_PROCESSES) != 0)
        may |= MM_MAY_THREADS;
    if ((may & MM_MAY_NET) != 0)
        may |= MM_MAY_ACCEPT;
    f = seccomp_init(denied);
    if (f == NULL)
        return MM_E_NOMEM;
    c = added(seccomp_attr_set(f, SCMP_FLTATR_CTL_NNP, 1));
    if (c == MM_OK)
        c = added(seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1));
    for (size_t i = 0; c == MM_OK && i < MM_COUNT(calls); i++) {
        if ((calls[i].may & ~may) == 0)
            c = added(seccomp_rule_add(f, SCMP_ACT_ALLOW, calls[i].nr, 0));
    }
    if (c == MM_OK)
        c = add_narrow(f, box);
    if (c == MM_OK)
        c = added(seccomp_load(f));
    seccomp_release(f);
    return c;
}

enum mm_code mm_sandbox_enter(const struct mm_sandbox *box, unsigned *ret_missing)
{
    unsigned missing = 0;
    enum mm_code c = mm_sandbox_limits(box);

    if (c == MM_OK)
        c = mm_sandbox_no_capabilities();
    if (c == MM_OK)
        c = mm_sandbox_paths(box);
    if (c == MM_E_NOTFOUND &&
        syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) < 1) {
        missing |= MM_LAYER_PATHS;
        c = MM_OK;
    }
    if (c == MM_OK) {
        c = mm_sandbox_calls(box);
        if (c == MM_E_NOTFOUND) {
            missing |= MM_LAYER_CALLS;
            c = MM_OK;
        }
    }
    if (c == MM_OK)
        *ret_missing = missing;
    return c;
}
