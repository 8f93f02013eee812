"""aside.py - a record that kills a shard, and one at which it hangs, stop nothing but themselves.

Test builds know two marks (MM_TEST_CRASH_MARK, MM_TEST_HANG_MARK): a shard that sees one in a
record aborts, or stays at it for good.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
from senders import Tcp, companies, each_once, failed_login, judged  # noqa: E402
from stage import Stage, check, done  # noqa: E402

TOLD = "SELECT company, kind, count, state FROM finding WHERE kind NOT LIKE 'clock%'"
BOOM, STUCK = "planted-death", "planted-sleep"


def one(stage, company, mark, seconds):
    lines = [failed_login("srv", f"{mark}-u{i}", i) for i in range(4000)]
    lines[1234] = f"<38>Nov 20 10:00:00 srv sshd[1]: Failed password for {mark}-x {mark}! port"
    before = judged(stage)
    t = Tcp(stage, company)
    t.lines(lines)
    t.end()
    if not check(f"{mark}: everything behind it is judged",
                 stage.wait(lambda: judged(stage) == before + len(lines), seconds, "judged")):
        return
    check(f"{mark}: every line is stored once", *each_once(stage, lines, mark + "-"))
    raw = stage.events("SELECT seq, original, company, source, bitAnd(flags, 1) FROM events WHERE "
                       "bitAnd(flags, 1) = 1 AND position(original, {m:String}) > 0", m=mark + "!")
    check(f"{mark}: it is kept as it came, unread",
          raw == [[str(before + 1235), lines[1234], str(company.id), str(company.source), "1"]],
          raw)
    unread = stage.events("SELECT count() FROM events WHERE bitAnd(flags, 1) = 1 AND "
                          "position(original, {m:String}) > 0", m=mark + "-")
    check(f"{mark}: all others were read", unread == [["1"]], unread)
    rows = stage.records("SELECT queue, seq, company, source, why, bytes FROM set_aside WHERE "
                         "seq > ? AND seq <= ?", before, before + len(lines))
    check(f"{mark}: it alone is set aside, with its bytes",
          rows == [(0, before + 1235, company.id, company.source, "shard_died",
                    lines[1234].encode())], rows)


with Stage(env={"MM_TEST_CRASH_MARK": BOOM + "!", "MM_TEST_HANG_MARK": STUCK + "!"}) as stage:
    company = companies(stage, 1)[0]
    one(stage, company, BOOM, 15)
    found = stage.records(TOLD)
    check("the operator is told, the company is not", found == [(0, "set_aside", 1, "open")], found)
    # Ten seconds, twice: the second time at the same record sets it aside.
    one(stage, company, STUCK, 45)
    found = stage.records(TOLD)
    check("both are counted", found == [(0, "set_aside", 2, "open")], found)
    check("the engine itself never ended", next(
        p for p in stage.programs() if p["name"] == "engine")["restarts"] == 0, stage.programs())
done()
