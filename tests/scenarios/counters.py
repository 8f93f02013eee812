"""counters.py - lines read and not read are counted once, whenever the engine dies.

More senders than one records transaction holds speak in one batch, so that their counters are
written by several, and strace kills the engine when it enters the N-th system call of a kind:
between these transactions, within them, before the position. Another engine begins again, with a
batch of its own. What intake counted is added once, too, although an engine forgets what it added.

MIMAMORI_KILLS: how many of the moments below are taken (default 12; more begin anew, with N up to
three later).
"""
import os
import shutil
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from senders import Tcp, companies, durable, failed_login, judged, register  # noqa: E402
from stage import Stage, check, done, skip  # noqa: E402
from strace import status, trap  # noqa: E402

KILLS = int(os.environ.get("MIMAMORI_KILLS", "12"))
SENDERS, PUZZLING = 150, 40  # of a shard's chunk 64 kinds of unread line are noted
# An fdatasync or flock each transaction; about thirty senders each; the watch has its own.
MOMENTS = [("fdatasync", 2), ("fdatasync", 3), ("fdatasync", 4), ("flock", 3), ("fdatasync", 5),
           ("pwrite64", 30), ("fdatasync", 6), ("flock", 5), ("pwrite64", 60), ("fdatasync", 7),
           ("pwrite64", 90), ("flock", 7)]


class Sender:
    """One more address of the company: a source of its own."""

    def __init__(self, stage, n):
        self.address = f"127.10.{n // 250}.{1 + n % 250}"
        self.source = register(stage, "source", "--company", "c1", "--name", f"box{n}", "--bind",
                               "address", "--address", self.address)["id"]


def speak(stage, senders, number):
    """Two lines of each sender, of some one that is not read. How many lines."""
    for n, s in enumerate(senders):
        t = Tcp(stage, s)
        t.lines([failed_login(f"srv{n}", f"count-{number}", n),
                 f"<13>Nov 20 10:00:00 srv{n} thing: nobody reads this {number}" if n < PUZZLING
                 else failed_login(f"srv{n}", f"count-again-{number}", n)])
        t.end()
    return 2 * len(senders)


def each_source(stage, sql):
    return sorted(set(stage.records(sql)))


if shutil.which("strace") is None:
    skip("no strace")
with Stage("eventd engine intake") as stage:
    companies(stage, 1)
    senders = [Sender(stage, n) for n in range(SENDERS)]
    sent = deaths = partly = 0
    while sent < 400 and not stage.records("SELECT 1 FROM source_health WHERE source = ?",
                                           senders[-1].source):
        sent += speak(stage, senders[-1:], "try")
        time.sleep(0.1)
    for n in range(KILLS):
        call, at = MOMENTS[n % len(MOMENTS)]
        at += n // len(MOMENTS) % 4
        stage.wait(lambda: judged(stage) == sent, 30, "caught up")
        pid = stage.pid("engine")
        p = trap(pid, call, at)
        time.sleep(0.1)
        sent += speak(stage, senders, n)
        for _ in range(80):
            if not status(pid):
                break
            time.sleep(0.05)
        died = not status(pid)
        if died:
            deaths += 1
            partly += bool(stage.records("SELECT 1 FROM engine_counted"))
        else:
            print(f"# no death at {call} {at}")
            p.terminate()
        p.wait(timeout=20)
        stage.wait(lambda: stage.pid("engine") not in (0, pid) if died else True, 20, "new engine")
    print(f"# {deaths} deaths, {partly} of them between counters of one batch")
    if deaths == 0:
        skip("strace may not attach here")
    check("some deaths were between counters of one batch", partly > 0, partly)
    check("everything is judged in the end",
          stage.wait(lambda: judged(stage) == sent, 60, "judged"), (judged(stage), sent))
    check("nothing is left half counted", not stage.records("SELECT * FROM engine_counted"))
    # The last one was tried before it was known: lines of the quarantine, and more of its own.
    mine = f"source BETWEEN {senders[0].source} AND {senders[-2].source}"
    want = [(KILLS, KILLS), (2 * KILLS, 0)]
    for table in ["source_health", "coverage_day", "source_format"]:
        got = each_source(stage, f"SELECT sum(parsed), sum(unparsed) FROM {table} WHERE {mine} "
                                 "GROUP BY source")
        check(f"lines of each source stand in {table}", got == want, (got, want))
    got = stage.records(f"SELECT source, sum(count) FROM unread WHERE {mine} GROUP BY source")
    check("unread lines of each source are in its template",
          got == [(s.source, KILLS) for s in senders[:PUZZLING]], got)
    check("what intake received, each line once",
          stage.wait(lambda: stage.records("SELECT sum(received), sum(spooled) FROM source_health")
                     == [(sent, sent)], 5, "added"),
          stage.records("SELECT sum(received), sum(spooled) FROM source_health"))
    check("the engine ends within ten seconds", stage.stop() < 10)
done()
