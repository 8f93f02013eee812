"""between.py - the engine dies exactly between its steps: before and after each question to the
store of events, before and in the middle of its records transaction, before the disk's answer.

strace kills it when it enters the N-th system call of a kind; the call is not made any more.
MIMAMORI_KILLS: how many of the moments below are taken (default 14; more begin anew, with N up to
three later).
"""
import os
import shutil
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from senders import (Tcp, companies, counted, each_once, failed_login,  # noqa: E402
                     judged, log_cleared)
from stage import Stage, check, done, skip  # noqa: E402
from strace import status, trap  # noqa: E402

KILLS = int(os.environ.get("MIMAMORI_KILLS", "14"))
# Of one batch with alerts: question and answer twice (events, alerts), then the transaction. The
# first batches after a start are asked about before they are sent, so that there are more.
MOMENTS = [("fdatasync", 1), ("flock", 1), ("recvfrom", 3), ("pwrite64", 1), ("sendto", 2),
           ("pwrite64", 9), ("recvfrom", 1), ("flock", 2), ("fdatasync", 2), ("sendto", 4),
           ("recvfrom", 6), ("pwrite64", 20), ("sendto", 1), ("recvfrom", 2)]
sent = []


def one(stage, company, number, call, at):
    """True when it died, and how many of this round's rows stood beyond the position then."""
    # Every other time the engine dies while it still makes up for the last death.
    calm = number % 2 == 0
    if calm:
        stage.wait(lambda: judged(stage) == len(sent), 30, "caught up")
    pid = stage.pid("engine")
    p = trap(pid, call, at)
    time.sleep(0.1)  # the other threads are attached one by one
    for i in range(3):
        lines = [failed_login("srv", f"between-{number}-{i}-{k}", k) for k in range(40)]
        lines.append(log_cleared(f"PC-between-{number}-{i}", len(sent)))
        sent.extend(lines)
        t = Tcp(stage, company)
        t.lines(lines)
        t.end()
        for _ in range(60):
            if not status(pid):
                break
            time.sleep(0.05)
        if not status(pid):
            break
    died = not status(pid)
    stored = int(stage.events("SELECT count() FROM events")[0][0]) if died else 0
    beyond = stored - judged(stage) if died and calm else 0
    if not died:
        p.terminate()
    p.wait(timeout=20)
    stage.wait(lambda: stage.pid("engine") not in (0, pid) if died else True, 20, "new engine")
    return died, max(beyond, 0)


if shutil.which("strace") is None:
    skip("no strace")
with Stage() as stage:
    company = companies(stage, 1)[0]
    deaths = between = 0
    for n in range(KILLS):
        call, at = MOMENTS[n % len(MOMENTS)]
        at += n // len(MOMENTS) % 4
        died, beyond = one(stage, company, n, call, at)
        deaths += died
        between += died and beyond > 0
        if not died:
            print(f"# no death at {call} {at}")
    if deaths == 0:
        skip("strace may not attach here")
    print(f"# {deaths} deaths, {between} of them with rows stored beyond the position")
    check("it died at most moments asked for", deaths * 4 >= KILLS * 3, (deaths, KILLS))
    check("some deaths were between insert and position", between > 0, between)
    check("everything is judged in the end",
          stage.wait(lambda: judged(stage) == len(sent), 60, "judged"), (judged(stage), len(sent)))
    check("every line is stored once", *each_once(stage, sent, "between-"))
    want = sum(1 for x in sent if '"EventID":1102' in x)
    rows = stage.events("SELECT count(), uniqExact(queue, seq, rule_id) FROM alerts")[0]
    check("every alert is stored once", [int(x) for x in rows] == [want, want], (rows, want))
    found = counted(stage)
    check("every alert is counted once, every PC is in a case", found == (want, want, 1, want),
          (found, want))
    cases = stage.records("SELECT count(*), count(DISTINCT entity) FROM cases")[0]
    check("in one", cases[0] == cases[1], cases)
done()
