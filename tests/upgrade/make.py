"""make.py - a small state directory as the programs of this release make it, packed for the
releases to come: tests/upgrade/upgrade.py opens each of them.

Run: make.py BUILD-DIR SOURCE-DIR, once a release (and when a format on the disk changes), with that
release's programs; it writes tests/upgrade/VERSION-DAY.tar.xz, which is committed.
"""
import json
import os
import sys
import tarfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "scenarios"))
from facts import facts  # noqa: E402
from senders import Tcp, companies, failed_login, log_cleared, register  # noqa: E402
from stage import SOURCE, Stage, check, done  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
# Whoever opens it in fifty years finds the lines: nothing of it is deleted by age before.
DAYS = 18000
LINES = 40
# Not part of a state, or made anew at each start.
LEFT_OUT = {"log", "run", "truth.json"}


def pack(s, path):
    def trim(member):
        top = member.name.split("/")[1] if "/" in member.name else ""
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        return None if top in LEFT_OUT else member
    with tarfile.open(path, "w:xz", preset=9) as tar:
        tar.add(s.state, "state", filter=trim)


def main():
    with open(os.path.join(SOURCE, "VERSION"), encoding="utf-8") as f:
        version = f.read().strip()
    env = {"MIMAMORI_EVENTS_KEEP_DAYS": str(DAYS)}
    with Stage(env=env) as s:
        one, two = companies(s, 2, keep_days=DAYS)
        register(s, "device", "--company", "c1", "--name", "Gate", "--kind", "firewall")
        register(s, "user", "--company", "operator", "--login", "helper", "--name", "Helper",
                 "--role", "analyst")
        s.run("company", "set", "c2", "--note", "two words")
        a, b = Tcp(s, one), Tcp(s, two)
        a.lines([failed_login("gate", f"kept{i}", i) for i in range(LINES)])
        b.lines([failed_login("other", f"other{i}", i) for i in range(LINES)])
        a.lines([log_cleared("PC-7", 1), "a line that no format reads"])
        a.end()
        b.end()
        check("all lines are stored", s.wait(lambda: s.whole(2 * LINES + 2), 60, "lines"))
        check("a case is opened and looked at", s.wait(lambda: s.records(
            "SELECT count(*) FROM job WHERE kind = 'tell' AND state = 'done'")[0][0] >= 1, 60,
            "a case"))
        time.sleep(2)  # counters and positions are written behind
        known = facts(s)
        check("its audit chains are whole", all(s.run(
            "audit", "verify", "--company", c).returncode == 0 for c in ("c1", "c2", "operator")))
        s.stop()
        with open(os.path.join(s.state, "facts.json"), "w", encoding="utf-8") as f:
            json.dump(known, f, indent=1)
        path = os.path.join(HERE, f"{version}-{time.strftime('%Y%m%d')}.tar.xz")
        pack(s, path)
        size = os.path.getsize(path)
        check(f"packed: {size} bytes, less than 300 KB", size < 300_000)


main()
done()
