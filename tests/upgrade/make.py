"""make.py - a small state directory as the programs of this release make it, packed for the
releases to come: tests/upgrade/upgrade.py opens each of them.

Run: make.py BUILD-DIR SOURCE-DIR, once a release (and when a format on the disk changes), with that
release's programs; it writes tests/upgrade/VERSION-DAY.tar.xz, which is committed.
"""
import json
import os
import shutil
import sys
import tarfile
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "scenarios"))
from facts import DOOR, facts  # noqa: E402
from senders import Tcp, companies, failed_login, log_cleared, register  # noqa: E402
from stage import SOURCE, Stage, check, done  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
# Whoever opens it in fifty years finds the lines: nothing of it is deleted by age before.
DAYS = 18000
LINES = 40
# Not part of a state, or made anew at each start; the page of counters stays as a specimen.
LEFT_OUT = {"log", "run", "truth.json"}
PAGE = "run/intake.page"
# Of the operator: a format, a rule, and what both make of a line.
FORMAT = """format: door
title: {ja: 'Door', en: 'Door'}
wrap: syslog
timeless: true
prefix: door.
recognise:
  - app: ['doord']
decode: pattern
set: {event.category: 'authentication', event.outcome: 'success'}
patterns:
  - is: 'opened by user {user.name:last} from {source.ip:ip}'
"""
RULE = """title: Kept rule
id: 5f0c9a52-2f0f-4d3c-9d0a-8e3a1d6b7c11
status: stable
level: high
logsource:
  category: authentication
detection:
  s:
    user.name: 'kept3'
  condition: s
"""


def pack(s, backups, path):
    def trim(member):
        below = member.name.partition("/")[2]
        top = below.split("/")[0]
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        return None if top in LEFT_OUT and below not in ("run", PAGE) else member
    with tarfile.open(path, "w:xz", preset=9) as tar:
        tar.add(s.state, "state", filter=trim)
        tar.add(backups, "backup", filter=trim)


def own(s):
    """What the operator has put into the state by hand."""
    for name, text in (("formats/door.yaml", FORMAT), ("rules/kept.yml", RULE)):
        at = os.path.join(s.state, name)
        os.makedirs(os.path.dirname(at), exist_ok=True)
        with open(at, "w", encoding="utf-8") as f:
            f.write(text)


def main():
    with open(os.path.join(SOURCE, "VERSION"), encoding="utf-8") as f:
        version = f.read().strip()
    env = {"MIMAMORI_EVENTS_KEEP_DAYS": str(DAYS)}
    backups = tempfile.mkdtemp(prefix="mm-upgrade-")
    stage = Stage(env=env)
    own(stage)
    with stage as s:
        one, two = companies(s, 2, keep_days=DAYS)
        register(s, "device", "--company", "c1", "--name", "Gate", "--kind", "firewall")
        register(s, "user", "--company", "operator", "--login", "helper", "--name", "Helper",
                 "--role", "analyst")
        s.run("company", "set", "c2", "--note", "two words")
        a, b = Tcp(s, one), Tcp(s, two)
        a.lines([failed_login("gate", f"kept{i}", i) for i in range(LINES)])
        b.lines([failed_login("other", f"other{i}", i) for i in range(LINES)])
        a.lines([log_cleared("PC-7", 1), "a line that no format reads", DOOR.format("kept-door")])
        a.end()
        b.end()
        check("all lines are stored", s.wait(lambda: s.whole(2 * LINES + 3), 60, "lines"))
        check("the operator's own format reads its line and its rule alerts", s.wait(lambda: (
            s.events("SELECT format FROM events WHERE user_name = 'kept-door'"),
            len(s.events("SELECT 1 FROM alerts WHERE rule_title = 'Kept rule'"))) ==
            ([["door"]], 1), 20, "format and rule"))
        check("a case is opened and looked at", s.wait(lambda: s.records(
            "SELECT count(*) FROM job WHERE kind = 'tell' AND state = 'done'")[0][0] >= 1, 60,
            "a case"))
        time.sleep(2)  # counters and positions are written behind
        known = facts(s)
        check("its audit chains are whole", all(s.run(
            "audit", "verify", "--company", c).returncode == 0 for c in ("c1", "c2", "operator")))
        made = s.run("backup", backups, "--with-keys")
        check("and a backup of it", made.returncode == 0, made.stderr)
        page = os.path.join(s.state, PAGE)
        shutil.copy(page, page + ".kept")
        s.stop()
        os.replace(page + ".kept", page)
        with open(os.path.join(s.state, "facts.json"), "w", encoding="utf-8") as f:
            json.dump(known, f, indent=1)
        path = os.path.join(HERE, f"{version}-{time.strftime('%Y%m%dT%H%M')}.tar.xz")
        pack(s, backups, path)
        size = os.path.getsize(path)
        check(f"packed: {size} bytes, less than 300 KB", size < 300_000)
    shutil.rmtree(backups)


main()
done()
