"""away.py - eventd is away for a while: intake goes on acknowledging, nothing is lost or doubled.

Away in three ways: killed again and again before it can serve, asleep (SIGSTOP), asleep while the
engine that has just asked it to insert dies. MIMAMORI_AWAY: seconds asleep (default 10; a minute
with 300 kills).
"""
import os
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from senders import (Tcp, companies, counted, durable, each_once,  # noqa: E402
                     failed_login, judged, log_cleared, post)
from stage import Stage, check, done  # noqa: E402

KILLS = int(os.environ.get("MIMAMORI_KILLS", "20"))
AWAY = int(os.environ.get("MIMAMORI_AWAY", "60" if KILLS >= 300 else "10"))
# What the engine may hold while the store is away: three batches, the rings, rules and formats.
ENGINE_MIB = 1200
sent = []


def memory_mib(stage, name):
    """Resident MiB of a program and its children."""
    pids = {stage.pid(name)}
    for p in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{p}/stat", encoding="utf-8", errors="replace") as f:
                parent = int(f.read().rsplit(")", 1)[1].split()[1])
            if parent in pids:
                pids.add(int(p))
        except (OSError, ValueError, IndexError):
            continue
    total = 0
    for p in pids:
        try:
            with open(f"/proc/{p}/smaps_rollup", encoding="utf-8") as f:
                total += next(int(x.split()[1]) for x in f if x.startswith("Pss:"))
        except (OSError, StopIteration):
            continue
    return total // 1024


def lines(mark, count):
    made = [failed_login("srv", f"away-{mark}-{i}", i) for i in range(count)]
    sent.extend(made)
    return made


def alert(mark):
    line = log_cleared(f"PC-away-{mark}", len(sent))
    sent.append(line)
    return line


def whole(stage, what):
    check(f"{what}: everything acknowledged is judged",
          stage.wait(lambda: judged(stage) == len(sent), 90, "judged"), (judged(stage), len(sent)))
    check(f"{what}: every line is stored once", *each_once(stage, sent, "away-"))
    rows = stage.events("SELECT count(), uniqExact(queue, seq, rule_id) FROM alerts")[0]
    want = sum(1 for x in sent if '"EventID":1102' in x)
    check(f"{what}: every alert is stored and counted once",
          [int(x) for x in rows] == [want, want] and counted(stage)[:2] == (want, want),
          (rows, counted(stage), want))


def asleep(stage, tcp, http):
    """Stopped in the middle of whatever it does."""
    t = Tcp(stage, tcp)
    stage.kill("eventd", signal.SIGSTOP)
    began, worst, acknowledged, most = time.monotonic(), 0.0, 0, 0
    while time.monotonic() - began < AWAY:
        t.lines(lines(f"tcp{len(sent)}", 2000))
        mark = f"http{len(sent)}"
        asked = time.monotonic()
        answer = post(stage, http, lines(mark, 99) + [alert(mark)])
        worst = max(worst, time.monotonic() - asked)
        if answer is None or answer[0] != 200 or answer[1]["count"] != 100:
            check("asleep: intake goes on acknowledging", False, answer)
        acknowledged += 100
        most = max(most, memory_mib(stage, "engine"))
        time.sleep(0.1)
    t.end()
    stored = stage.wait(lambda: durable(stage) == len(sent), 10, "durable")
    stage.kill("eventd", signal.SIGCONT)
    check(f"asleep {AWAY} s: intake goes on acknowledging", stored and acknowledged > 1000,
          (acknowledged, durable(stage), len(sent)))
    check("asleep: an acknowledgement does not wait for the store", worst < 2, worst)
    check(f"asleep: the engine stays below {ENGINE_MIB} MiB", most < ENGINE_MIB, most)
    print(f"# {acknowledged} acknowledged meanwhile, slowest {worst * 1000:.0f} ms, "
          f"engine at most {most} MiB")
    whole(stage, "asleep")


def dying(stage, tcp):
    """Never up for long enough to take much."""
    began = time.monotonic()
    t = Tcp(stage, tcp)
    while time.monotonic() - began < AWAY / 2:
        t.lines(lines(f"die{len(sent)}", 2000) + [alert(f"die{len(sent)}")])
        stage.kill("eventd")
        time.sleep(0.3)
    t.end()
    whole(stage, "killed over and over")


def asleep_and_orphaned(stage, tcp, times):
    """The engine dies with an insert on its way; the next one cuts other batches than the dead."""
    for i in range(times):
        stage.kill("eventd", signal.SIGSTOP)
        t = Tcp(stage, tcp)
        # So few that the whole request lies in the socket when its sender dies.
        t.lines(lines(f"orphan{i}a", 100) + [alert(f"orphan{i}a")])
        t.end()
        time.sleep(1.6)  # a batch is a second old when it is sent
        pid = stage.pid("engine")
        stage.kill("engine")
        t = Tcp(stage, tcp)
        t.lines(lines(f"orphan{i}b", 3000) + [alert(f"orphan{i}b")])
        t.end()
        stage.wait(lambda: stage.pid("engine") not in (0, pid), 20, "a new engine")
        time.sleep(2.5)  # it has asked for its own batch
        stage.kill("eventd", signal.SIGCONT)
        stage.wait(lambda: judged(stage) == len(sent), 60, "judged")
    whole(stage, "asleep while the engine died")


with Stage() as stage:
    tcp, http = companies(stage, 2, token=True)
    asleep(stage, tcp, http)
    dying(stage, tcp)
    asleep_and_orphaned(stage, tcp, 3)
done()
