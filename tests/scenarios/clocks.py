"""clocks.py - the wall clock jumps an hour back, two days ahead and home again: every line is
stored and found at once, numbers and received times never go backwards, and the operator is told.

A preloaded library (tests/harness/wall_clock.c) moves the clock of every program.
"""
import os
import struct
import sys
import tempfile

sys.path.insert(0, os.path.dirname(__file__))
from senders import Tcp, companies, each_once, failed_login, judged, log_cleared, post  # noqa: E402
from stage import Stage, check, done  # noqa: E402

LIBRARY = os.path.join(os.path.abspath(sys.argv[1]), "tests", "libwall_clock.so")
JUMPS = [("an hour back", -3600), ("two days ahead", 2 * 86400), ("home again", 0)]
sent = []


def told(stage):
    row = stage.records("SELECT company, count FROM finding WHERE kind = 'clock_step'")
    return row[0] if row else (0, 0)


def some(stage, company, mark):
    """Lines over both ways, judged within seconds whatever the wall clock says."""
    lines = [failed_login("srv", f"clock-{mark}-tcp-{i}", i) for i in range(500)]
    lines.append(log_cleared(f"PC-clock-{mark}", len(sent)))
    t = Tcp(stage, company)
    t.lines(lines)
    t.end()
    more = [failed_login("srv", f"clock-{mark}-http-{i}", i) for i in range(200)]
    answer = post(stage, company, more, key=f"clock-{mark}")
    check(f"{mark}: requests are acknowledged", answer is not None and answer[0] == 200, answer)
    sent.extend(lines + more)
    check(f"{mark}: everything is judged soon",
          stage.wait(lambda: judged(stage) == len(sent), 10, "judged"), (judged(stage), len(sent)))


with tempfile.NamedTemporaryFile() as clock:
    clock.write(struct.pack("q", 0))
    clock.flush()
    env = {"LD_PRELOAD": LIBRARY, "MM_TEST_CLOCK": clock.name}
    with Stage(env=env) as stage:
        company = companies(stage, 1, token=True)[0]
        some(stage, company, "before")
        for number, (what, ahead) in enumerate(JUMPS):
            os.pwrite(clock.fileno(), struct.pack("q", ahead), 0)
            some(stage, company, what.replace(" ", "-"))
            check(f"{what}: the operator is told of the jump",
                  stage.wait(lambda: told(stage) == (0, number + 1), 15, "told"), told(stage))
        lines = [failed_login("srv", f"clock-before-http-{i}", i) for i in range(200)]
        again = post(stage, company, lines, key="clock-an-hour-back")
        check("a key from before the jumps is known", again is not None and again[0] == 200 and
              again[1]["repeated"], again)
        check("every line is stored once", *each_once(stage, sent, "clock-"))
        back = stage.events("SELECT countIf(received < before), max(received) > now() + "
                            "INTERVAL 1 DAY FROM (SELECT received, lagInFrame(received) OVER "
                            "(ORDER BY seq ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before "
                            "FROM events)")
        check("received never goes backwards, though the clock did", back == [["0", "1"]], back)
        found = stage.records("SELECT count(*), max(count) FROM finding WHERE kind = 'alert'")
        check("alerts are counted once each", found == [(len(JUMPS) + 1, 1)], found)
        ended = [(p["name"], p["restarts"]) for p in stage.programs() if p["restarts"]]
        check("no program ended over it", ended == [], ended)
done()
