"""whole.py - what benches of the whole system share: a stage, a flood of lines, who used what.

Run by ./dev bench with BUILD-DIR SOURCE-DIR and options; imports tests/scenarios/stage.py, which
starts `mimamori serve` on a directory of its own.
"""
import os
import shutil
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.abspath(sys.argv[2]), "tests", "scenarios"))
from stage import BUILD, SOURCE, Stage, UnixHttp, free_port  # noqa: E402

TICK = os.sysconf("SC_CLK_TCK")
CORPORA = os.environ.get("MIMAMORI_CORPORA", "")
PROGRAMS = "eventd engine intake worker portal"


def option(name, otherwise):
    """The value of --NAME among our arguments."""
    args = sys.argv[3:]
    return type(otherwise)(args[args.index(name) + 1]) if name in args else otherwise


def without_libchdb():
    """Says so and ends when there is no store of events to measure."""
    if not os.path.exists(os.path.join(BUILD, "mimamori-eventd")):
        print("skipped, no libchdb")
        sys.exit(0)


def stage(rules=True, env=None, portal=True):
    """A Stage, not started, with SigmaHQ's rules beside ours when the corpus is there."""
    s = Stage(PROGRAMS if portal else PROGRAMS.replace(" portal", ""), env=env)
    sigma = os.path.join(CORPORA, "sigma", "rules")
    s.sigma = bool(rules and CORPORA and os.path.isdir(sigma))
    if s.sigma:
        shutil.copytree(sigma, os.path.join(s.state, "rules"))
    return s


def enrol(s, companies=31, silent=False):
    """Companies and sources of the flood's world; the number that queue 0 has reached."""
    truth = s.play("--days", "1", "--incidents", "none", "--companies", str(companies),
                   *(["--enrol"] if silent else []))
    if truth is None:
        sys.exit("companies could not be entered")
    return truth["lines"]


def position(s):
    """Numbers of queue 0 that are wholly stored: events, alerts, findings, cases."""
    rows = s.records("SELECT seq FROM engine_position WHERE queue = 0")
    return rows[0][0] - 1 if rows else 0


class Flood:
    """bench/flood.c: everything is made and connected when this returns."""

    def __init__(self, port, *args):
        command = [os.path.join(BUILD, "flood"), "--to", f"127.0.0.1:{port}",
                   *[str(a) for a in args]]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        words = self.process.stdout.readline().split()
        if not words or words[0] != "ready":
            sys.exit("flood did not get ready")
        self.lines, self.alerts, self.bytes = (int(w) for w in words[1:])

    def start(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def wait(self):
        """Seconds that sending took, CPU seconds of the senders."""
        before = cpu_of_children()
        text = self.process.stdout.read()
        if self.process.wait() != 0 or not text.startswith("sent "):
            sys.exit("flood: not everything was sent")
        return float(text.split()[2]), cpu_of_children() - before

    def stop(self):
        self.process.kill()
        self.process.wait()


def cpu_of_children():
    t = os.times()
    return t.children_user + t.children_system


def read(path):
    try:
        with open(path, encoding="ascii", errors="replace") as f:
            return f.read()
    except OSError:
        return ""


def tree(root):
    """{pid: (parent, name)} of root and all below."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        stat = read(f"/proc/{pid}/stat")
        if stat:
            name, rest = stat[stat.index("(") + 1:].rsplit(")", 1)
            found[int(pid)] = (int(rest.split()[1]), name)
    kept = {root: found.get(root, (0, "serve"))}
    grew = True
    while grew:
        more = {p: v for p, v in found.items() if v[0] in kept and p not in kept}
        kept.update(more)
        grew = bool(more)
    return kept


def usage(s):
    """{program: (cpu seconds, peak RSS MiB, PSS MiB)}; master and shards apart from the engine."""
    all_of = tree(s.serve.pid)
    result = {}
    for pid, (parent, name) in all_of.items():
        name = name.replace("mimamori-", "")
        if name == "engine" and all_of.get(parent, (0, ""))[1].endswith("engine"):
            grand = all_of.get(all_of[parent][0], (0, ""))[1]
            name = "shards" if grand.endswith("engine") else "master"
        stat = read(f"/proc/{pid}/stat").rsplit(")", 1)[-1].split()
        status = dict(line.split(":", 1) for line in read(f"/proc/{pid}/status").splitlines())
        rollup = dict(line.split(":", 1) for line in
                      read(f"/proc/{pid}/smaps_rollup").splitlines()[1:])
        if len(stat) < 14 or "VmHWM" not in status:
            continue
        cpu = (int(stat[11]) + int(stat[12])) / TICK
        peak = int(status["VmHWM"].split()[0]) / 1024
        pss = int(rollup.get("Pss", "0").split()[0]) / 1024
        old = result.get(name, (0.0, 0.0, 0.0))
        result[name] = (old[0] + cpu, old[1] + peak, old[2] + pss)
    return result


def tell_usage(before, after, events):
    """One line a program: CPU since `before`, memory now."""
    for name, (cpu, peak, pss) in sorted(after.items(), key=lambda i: -i[1][0]):
        cpu -= before.get(name, (0.0,))[0]
        print(f"  {name:8} {cpu:7.2f} s CPU, {cpu * 1e6 / max(events, 1):5.2f} us/event, "
              f"peak RSS {peak:5.0f} MiB, PSS {pss:5.0f} MiB")


class MemoryPeak:
    """The whole system's greatest PSS while the block runs, looked at every second."""

    def __init__(self, s):
        self.stage, self.peak, self.over = s, 0.0, threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def watch(self):
        while not self.over.wait(1.0):
            self.peak = max(self.peak, sum(u[2] for u in usage(self.stage).values()))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def load():
    return f"load {os.getloadavg()[0]:.1f}"


def wait_for(condition, seconds, what, step=0.02):
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            sys.exit(f"waited {seconds} s in vain: {what}")
        time.sleep(step)


def percentile(values, p):
    """The value that p percent of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * p / 100))] if ordered else float("nan")


__all__ = ["BUILD", "SOURCE", "CORPORA", "TICK", "Flood", "MemoryPeak", "cpu_of_children",
           "enrol", "free_port", "load", "read",
           "option", "percentile", "position", "stage", "tell_usage", "usage", "wait_for",
           "without_libchdb"]
