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

/* Rights and fields that Debian 12's header (kernel 6.1, ABI 2) does not name yet. */
enum {
    LL_ABI1 = (1 << 13) - 1,
    LL_REFER = 1 << 13,     /* ABI 2 */
    LL_TRUNCATE = 1 << 14,  /* ABI 3 */
    LL_IOCTL_DEV = 1 << 15, /* ABI 5 */
    LL_NET_CONNECT = 1 << 1,
    LL_RULE_PORT = 2,
    LL_SCOPE_ABSTRACT = 1 << 0, /* unix sockets without a path */
    LL_SCOPE_SIGNAL = 1 << 1,
    LL_READ = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
    LL_RUN = LL_READ | LANDLOCK_ACCESS_FS_EXECUTE,
    LL_NEVER = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
               LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
               LANDLOCK_ACCESS_FS_MAKE_SOCK | LL_IOCTL_DEV,
    LL_WRITE = (LL_ABI1 | LL_REFER | LL_TRUNCATE) & ~LL_NEVER,
    /* What a rule on a file, not a directory, may name. */
    LL_FILE = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE |
              LANDLOCK_ACCESS_FS_WRITE_FILE | LL_TRUNCATE,
    CAP_MAX = 63,
    NEW_NAMESPACES = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
                     CLONE_NEWPID | CLONE_NEWNET,
};

/* struct landlock_ruleset_attr as ABI 6 has it; older kernels take its beginning. */
struct ll_ruleset {
    uint64_t fs;
    uint64_t net;   /* ABI 4 */
    uint64_t scope; /* ABI 6 */
};

struct ll_port {
    uint64_t access;
    uint64_t port;
};

/* What includes what. */
static unsigned whole(unsigned may)
{
    if ((may & MM_MAY_WRITE_FILES) != 0)
        may |= MM_MAY_READ_FILES;
    if ((may & MM_MAY_NET) != 0)
        may |= MM_MAY_UNIX | MM_MAY_LISTEN;
    if ((may & MM_MAY_LISTEN) != 0)
        may |= MM_MAY_ACCEPT;
    if ((may & MM_MAY_UNIX) != 0)
        may |= MM_MAY_TELL;
    if ((may & MM_MAY_RUN) != 0)
        may |= MM_MAY_FORK;
    if ((may & MM_MAY_FORK) != 0)
        may |= MM_MAY_CHILDREN | MM_MAY_THREADS;
    return may;
}

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

enum mm_code mm_sandbox_no_capabilities(const struct mm_sandbox *box)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}}, had[2] = {{0}};
    const uint32_t bind = box->low_ports ? UINT32_C(1) << CAP_NET_BIND_SERVICE : 0;
    enum mm_code c = no_new_privs();

    if (c != MM_OK)
        return c;
    if (syscall(SYS_capget, &head, had) != 0)
        return mm_code_of_errno(errno);
    /* The bounding set can only be cut by who has CAP_SETPCAP; others cannot gain from it,
     * because no_new_privs is set. */
    for (int cap = 0; cap <= CAP_MAX; cap++) {
        if (cap != CAP_NET_BIND_SERVICE || bind == 0)
            (void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
    }
    /* What stays in the ambient set is what stays permitted: the kernel sees to that. */
    if (bind == 0)
        (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    data[0].permitted = data[0].effective = had[0].permitted & bind;
    data[0].inheritable = had[0].inheritable & bind;
    return syscall(SYS_capset, &head, data) == 0 ? MM_OK : mm_code_of_errno(errno);
}

static enum mm_code add_path(int ruleset, const struct mm_sandbox_path *p, uint64_t handled)
{
    static const uint64_t allowed[] = {[MM_REACH_READ] = LL_READ,
                                       [MM_REACH_WRITE] = LL_WRITE,
                                       [MM_REACH_BIND] = LL_WRITE | LANDLOCK_ACCESS_FS_MAKE_SOCK,
                                       [MM_REACH_RUN] = LL_RUN};
    struct landlock_path_beneath_attr rule = {.allowed_access = allowed[p->reach] & handled};
    struct stat st;
    enum mm_code c = MM_OK;

    rule.parent_fd = open(p->path, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0)
        return p->may_lack ? MM_OK : errno == ENOENT ? MM_E_CONFIG : mm_code_of_errno(errno);
    if (fstat(rule.parent_fd, &st) != 0)
        c = mm_code_of_errno(errno);
    if (c == MM_OK && !S_ISDIR(st.st_mode))
        rule.allowed_access &= LL_FILE;
    if (c == MM_OK &&
        syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
        c = mm_code_of_errno(errno);
    (void)close(rule.parent_fd);
    return c;
}

static enum mm_code add_ports(int ruleset, const struct mm_sandbox *box)
{
    for (size_t i = 0; i < box->ports_n; i++) {
        struct ll_port rule = {.access = LL_NET_CONNECT, .port = box->ports[i]};

        if (syscall(SYS_landlock_add_rule, ruleset, LL_RULE_PORT, &rule, 0) != 0)
            return mm_code_of_errno(errno);
    }
    return MM_OK;
}

/* What is forbidden unless a rule allows it, as far as this kernel can. Returns its size. */
static size_t handled_by(long abi, const struct mm_sandbox *box, struct ll_ruleset *ret)
{
    const unsigned may = whole(box->may);

    *ret = (struct ll_ruleset){.fs = LL_ABI1};
    if (abi >= 2)
        ret->fs |= LL_REFER;
    if (abi >= 3)
        ret->fs |= LL_TRUNCATE;
    if (abi >= 5)
        ret->fs |= LL_IOCTL_DEV;
    if ((may & MM_MAY_NET) == 0 || box->ports_n > 0)
        ret->net = LL_NET_CONNECT;
    ret->scope = LL_SCOPE_ABSTRACT;
    /* Who ends children that it did not make here ends them from outside of their walls. */
    if ((may & (MM_MAY_CHILDREN | MM_MAY_FORK)) != MM_MAY_CHILDREN)
        ret->scope |= LL_SCOPE_SIGNAL;
    if (abi < 4)
        ret->net = 0;
    return abi < 4 ? sizeof(ret->fs) : abi < 6 ? 2 * sizeof(uint64_t) : sizeof(*ret);
}

enum mm_code mm_sandbox_paths(const struct mm_sandbox *box)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    struct ll_ruleset attr;
    enum mm_code c = no_new_privs();
    size_t size;
    int ruleset;

    MM_ASSERT(box->paths_n <= MM_SANDBOX_PATHS_MAX);
    if (abi < 1)
        return MM_E_NOTFOUND;
    size = handled_by(abi, box, &attr);
    ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
    if (ruleset < 0)
        return mm_code_of_errno(errno);
    for (size_t i = 0; c == MM_OK && i < box->paths_n; i++)
        c = add_path(ruleset, &box->paths[i], attr.fs);
#ifdef MM_SANITIZED /* a leak detector asks which threads there are */
    if (c == MM_OK && box->paths_n > 0)
        c = add_path(ruleset, &(struct mm_sandbox_path){"/proc", MM_REACH_READ, true}, attr.fs);
#endif
    if (c == MM_OK && attr.net != 0)
        c = add_ports(ruleset, box);
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
#define VALUE(name, at, number, group)
#include "os/sandbox.def"
#undef VALUE
#undef CALL
};

static enum mm_code added(int rc)
{
    return rc == 0 ? MM_OK : rc == -ENOMEM ? MM_E_NOMEM : MM_E_IO;
}

/* Values of one argument with which a call is allowed, to who may do that. */
static const struct {
    int nr;
    unsigned arg;
    unsigned may;
    uint64_t value;
} values[] = {
#define CALL(name, group)
#define VALUE(name, at, number, group) {SCMP_SYS(name), at, group, number},
#include "os/sandbox.def"
#undef VALUE
#undef CALL
};

static int allow(scmp_filter_ctx f, int nr, struct scmp_arg_cmp when)
{
    return seccomp_rule_add_array(f, SCMP_ACT_ALLOW, nr, 1, &when);
}

/* Executable memory: never; from files, as loading a program needs; or any. */
static int add_code(scmp_filter_ctx f, unsigned may)
{
    const struct scmp_arg_cmp of_file[] = {
        SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_WRITE, 0),
        SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, 0),
    };
    int rc = 0;

    if ((may & MM_MAY_MAKE_CODE) != 0)
        return 0;
    rc |= allow(f, SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    rc |= allow(f, SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if ((may & MM_MAY_RUN) != 0)
        rc |= seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), MM_COUNT(of_file), of_file);
    return rc;
}

/* Processes and threads; never a namespace of its own, in which it would be somebody. */
static int add_processes(scmp_filter_ctx f, unsigned may)
{
    /* glibc asks for clone3 first, whose flags no filter can see, and falls back. */
    int rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);

    if ((may & MM_MAY_FORK) != 0) {
        rc |= allow(f, SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, NEW_NAMESPACES, 0));
        rc |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 0);
        return rc;
    }
    if ((may & MM_MAY_THREADS) != 0)
        rc |= allow(f, SCMP_SYS(clone),
                    SCMP_A0(SCMP_CMP_MASKED_EQ, NEW_NAMESPACES | CLONE_THREAD, CLONE_THREAD));
    /* A process that forks no more keeps its number. */
    rc |= allow(f, SCMP_SYS(tgkill), SCMP_A0(SCMP_CMP_EQ, (uint64_t)getpid(), 0));
    return rc;
}

/* Sockets of one domain and type; a connection oriented or a datagram one, nothing raw. */
static int add_socket(scmp_filter_ctx f, int domain, int type)
{
    const struct scmp_arg_cmp when[] = {
        SCMP_A0(SCMP_CMP_EQ, (uint64_t)domain, 0),
        SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX & ~(uint64_t)(SOCK_CLOEXEC | SOCK_NONBLOCK),
                (uint64_t)type),
    };

    return seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), MM_COUNT(when), when);
}

static int add_sockets(scmp_filter_ctx f, unsigned may)
{
    int rc = 0;

    if ((may & MM_MAY_TELL) != 0)
        rc |= add_socket(f, AF_UNIX, SOCK_DGRAM);
    if ((may & MM_MAY_UNIX) != 0)
        rc |= add_socket(f, AF_UNIX, SOCK_STREAM);
    if ((may & MM_MAY_LISTEN) != 0)
        rc |= add_socket(f, AF_INET, SOCK_STREAM) | add_socket(f, AF_INET6, SOCK_STREAM) |
              add_socket(f, AF_INET, SOCK_DGRAM) | add_socket(f, AF_INET6, SOCK_DGRAM);
    return rc;
}

/* Calls that are allowed only with certain arguments. */
static enum mm_code add_narrow(scmp_filter_ctx f, unsigned may)
{
    const uint64_t writing = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY);
    int rc = add_code(f, may) | add_processes(f, may) | add_sockets(f, may);

    if ((may & (MM_MAY_READ_FILES | MM_MAY_WRITE_FILES)) == MM_MAY_READ_FILES)
        rc |= allow(f, SCMP_SYS(openat), SCMP_A2(SCMP_CMP_MASKED_EQ, writing, 0));
    for (size_t i = 0; i < MM_COUNT(values); i++) {
        struct scmp_arg_cmp when = {values[i].arg, SCMP_CMP_EQ, values[i].value, 0};

        if ((values[i].may & ~may) == 0)
            rc |= allow(f, values[i].nr, when);
    }
    return rc == 0 ? MM_OK : MM_E_IO;
}

enum mm_code mm_sandbox_calls(const struct mm_sandbox *box)
{
    uint32_t denied = box->kill ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ERRNO(EPERM);
    const unsigned may = whole(box->may);
    scmp_filter_ctx f;
    enum mm_code c;

    if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0)
        return MM_E_NOTFOUND;
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
        c = add_narrow(f, may);
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
        c = mm_sandbox_no_capabilities(box);
    if (c == MM_OK)
        c = mm_sandbox_paths(box);
    if (c == MM_E_NOTFOUND) {
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
