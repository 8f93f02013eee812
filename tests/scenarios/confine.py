"""confine.py - every wall of every process is run into, from inside: the programs as they are
shipped, at work, are made to try what src/app/confine.def does not give them (confine/inject.c).

Which calls and files a process needs, the other scenarios show: they all run behind these walls.
"""
import errno
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(__file__))
from senders import companies, durable, failed_login, post  # noqa: E402
from stage import Stage, check, done, free_port, skip  # noqa: E402

INJECT = os.path.join(os.path.abspath(sys.argv[1]), "tests", "inject")
REFUSED = (-errno.EPERM, -errno.EACCES)
# What serve may, and would do: become another program, wait, ask the machine.
UNTRIED = ("exec", "connect", "disk", "kernel")
BIND_ONLY = 1 << 10  # CAP_NET_BIND_SERVICE

# Calls that no process of ours has: numbers of x86-64, as no library needs them.
NEVER = {"ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311, "bpf": 321,
         "io_uring_setup": 425, "perf_event_open": 298, "keyctl": 250, "add_key": 248,
         "userfaultfd": 323, "mount": 165, "umount2": 166, "pivot_root": 155, "chroot": 161,
         "unshare": 272, "setns": 308, "init_module": 175, "kexec_load": 246, "reboot": 169,
         "swapon": 167, "settimeofday": 164, "open_by_handle_at": 304, "move_mount": 429,
         "fsopen": 430, "open_tree": 428, "mount_setattr": 442, "quotactl": 179,
         "acct": 163, "setuid": 105, "setgroups": 116, "mknod": 133, "chown": 92,
         "iopl": 172, "modify_ldt": 154, "personality": 135, "vhangup": 153, "lookup_dcookie": 212,
         "name_to_handle_at": 303, "pidfd_getfd": 438, "process_madvise": 440}


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [int(p) for p in f.read().split()]


def threads(pid):
    return sorted(int(t) for t in os.listdir(f"/proc/{pid}/task"))


def status(tid):
    with open(f"/proc/{tid}/status", encoding="ascii", errors="replace") as f:
        return {k: v.strip() for k, _, v in (line.partition(":") for line in f)}


def inject(tid, *probes):
    """What the kernel answered to each; a killed process ends the list with "killed N"."""
    out = subprocess.run([INJECT, str(tid), *probes], capture_output=True, text=True, timeout=60,
                         check=False)
    if out.returncode == 77:
        skip("this user may not trace its own processes")
    answers = [a if a.startswith("killed") else int(a) for a in out.stdout.split("\n") if a]
    if out.returncode != 0 or not answers:
        raise OSError(f"inject {tid} {probes}: {out.stderr.strip()} {answers}")
    return answers


class Process:
    """One process and what it may: names of the probes below that are not refused there."""

    def __init__(self, name, pid, may="", caps=0):
        self.name, self.pid, self.may, self.caps = name, pid, set(may.split()), caps


def probes(s, outside, port):
    """Name -> probe. What a name stands for is the same in every process."""
    other = os.getpid()
    found = {
        "outside": f"read:{outside}/secret", "make": f"write:{outside}/made",
        "remove": f"unlink:{outside}/secret", "shadow": "read:/etc/shadow",
        "home": "read:/root", "memory": f"write:/proc/{other}/mem", "tmp": "write:/tmp/mm-made",
        "disk": "read:/dev/vda", "kernel": "read:/proc/kcore",
        "other": f"read:/proc/{other}/status", "sys": "read:/sys/kernel/debug",
        "lib": "read:/usr/lib/os-release",
        "key": f"read:{s.state}/key", "keys": f"read:{s.state}/tls",
        "version": f"write:{s.state}/VERSION", "records": f"write:{s.state}/records.db",
        "lines": f"read:{s.state}/spool/q0", "change-lines": f"write:{s.state}/spool/q0/commit",
        "events": f"read:{s.state}/eventd", "change-events": f"write:{s.state}/eventd/lock",
        "rules": f"read:{s.state}/rules", "change-rules": f"write:{s.state}/rules/mm-made",
        "hide": f"write:{s.state}/exceptions/exceptions.yml",
        "content": f"read:{s.env['MIMAMORI_CONTENT']}/rules",
        "change-content": f"write:{s.env['MIMAMORI_CONTENT']}/mm-made",
        "tcp": "socket:tcp", "udp": "socket:udp", "connect": f"connect:{port}",
        "unix": "socket:unix", "tell": "socket:datagram", "raw": "socket:raw",
        "packet": "socket:packet", "netlink": "socket:netlink", "vsock": "socket:vsock",
        "exec": "exec:/bin/true", "namespace": "namespace", "code": "code",
        "signal": f"signal:{other}", "thread-signal": f"thread_signal:{other}",
        "limits": f"limits:{other}",
        **{n: f"call:{number}" for n, number in NEVER.items()},
    }
    # What is not there is not refused.
    return {n: p for n, p in found.items()
            if not p.startswith("read:") or os.path.exists(p[len("read:"):])}


def processes(s):
    engine = s.pid("engine")
    master = next(p for p in children(engine) if status(p)["Name"] == "mm-shards")
    records = "records rules content"
    return [
        # Reads and makes what its programs need before they give it away.
        Process("serve", s.serve.pid, "outside shadow home disk kernel other sys lib key keys "
                "version records lines change-lines events change-events hide change-rules tcp udp "
                "connect unix tell exec code " + records, BIND_ONLY),
        Process("intake", s.pid("intake"), "records lines change-lines keys tcp udp tell",
                BIND_ONLY),
        Process("engine", engine, "lines change-lines hide unix tell " + records),
        Process("master", master, "rules content code"),
        Process("eventd", s.pid("eventd"), "other events change-events"),
        Process("portal", s.pid("portal"), "lib lines unix tell " + records),
        Process("worker", s.pid("worker"), "lib change-rules lines unix tell " + records),
    ]


def refused(p, all_probes, abi):
    """What is tried and what is not: the landlock of this kernel may not know signals yet."""
    old = abi < 6 and p.name in ("serve", "engine", "master", "portal", "worker")
    return {n: t for n, t in all_probes.items()
            if n not in p.may and not (old and n in ("signal", "thread-signal"))}


def try_all(p, forbidden):
    answers = dict(zip(forbidden, inject(p.pid, *forbidden.values())))
    through = {n: a for n, a in answers.items()
               if a not in REFUSED}
    check(f"{p.name}: {len(forbidden)} things it has no use for are refused",
          len(answers) == len(forbidden) and not through, through)


def try_allowed(p, all_probes):
    """The test would prove nothing if everything were refused."""
    tried = {n: all_probes[n] for n in p.may & set(all_probes) if n not in UNTRIED}
    answers = dict(zip(tried, inject(p.pid, *tried.values()))) if tried else {}
    # Not by a wall: a file may be missing or be a directory.
    walled = {n: a for n, a in answers.items() if a in REFUSED}
    check(f"{p.name}: {', '.join(sorted(tried)) or 'nothing'} is not refused", not walled, walled)


def threads_bound(p, secret):
    """Walls of files and capabilities are a thread's own: who began before them is outside."""
    loose = []
    for tid in threads(p.pid):
        st = status(tid)
        caps = int(st["CapEff"], 16) | int(st["CapPrm"], 16) | int(st["CapAmb"], 16)
        # The bounding set is what serve left: only who holds more could make use of it.
        if st["NoNewPrivs"] != "1" or st["Seccomp"] != "2" or caps & ~p.caps != 0 or \
                int(st["CapBnd"], 16) & ~BIND_ONLY != 0:
            loose.append((tid, st["Name"], st["NoNewPrivs"], st["Seccomp"], hex(caps)))
        elif "outside" not in p.may and inject(tid, f"read:{secret}")[0] not in REFUSED:
            loose.append((tid, st["Name"], "reads outside"))
    check(f"{p.name}: all its threads are behind the walls ({len(threads(p.pid))})", not loose,
          loose)


def no_core(p):
    check(f"{p.name}: leaves no core file",
          resource.prlimit(p.pid, resource.RLIMIT_CORE) == (0, 0))


def shards_are_ended(s, master, outside, port):
    """A shard has nothing, and does not live to hear it."""
    words = ["outside", "make", "tcp", "unix", "exec", "code", "signal", "ptrace", "limits"]
    all_probes = probes(s, outside, port)
    lived = []
    for word in words:
        shards = children(master)
        answer = inject(shards[0], all_probes[word])[-1]
        if answer != "killed 31":
            lived.append((word, answer))
        s.wait(lambda: answer != "killed 31" or set(children(master)) != set(shards), 10, "shard")
        time.sleep(0.1)
    check("shard: is ended by the first call that it has no use for", not lived, lived)


def goes_on(s, company):
    post(s, company, [failed_login("srv", f"after-{i}", i) for i in range(50)])
    check("afterwards lines are still taken, judged and stored",
          durable(s) == 100 and s.wait(lambda: s.whole(100), 30, "lines stored"))


def run(s, outside):
    if s.serve.poll() is not None:
        check("everything starts", False)
        return
    company = companies(s, 1, token=True)[0]
    post(s, company, [failed_login("srv", f"before-{i}", i) for i in range(50)])
    s.wait(lambda: s.whole(50), 30, "lines stored")
    abi = landlock_abi()
    with socket.create_server(("127.0.0.1", free_port())) as listener:
        port = listener.getsockname()[1]
        all_probes = probes(s, outside, port)
        found = processes(s)
        for p in found:
            try_all(p, refused(p, all_probes, abi))
            try_allowed(p, all_probes)
            threads_bound(p, f"{outside}/secret")
            no_core(p)
        shards_are_ended(s, next(p.pid for p in found if p.name == "master"), outside, port)
    goes_on(s, company)


def landlock_abi():
    import ctypes
    return ctypes.CDLL(None).syscall(444, None, 0, 1)


def main():
    if landlock_abi() < 1:
        skip("this kernel has no landlock")
    with tempfile.TemporaryDirectory() as outside:
        with open(os.path.join(outside, "secret"), "w", encoding="ascii") as f:
            f.write("of another program\n")
        with Stage("eventd engine intake worker portal") as s:
            run(s, outside)
    done()


main()
