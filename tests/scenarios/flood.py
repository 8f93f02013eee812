"""flood.py - who makes up names holds up nobody's alarms, and hides nobody among them.

One company sends as fast as it can lines that each alert about an account of their own. Meanwhile
another one is attacked now and then: its case and mail are there within 5 s. Of the flood come some
cases and one that counts the rest, and the login that succeeded in its midst has a case of its own.
Then more of it comes while the engine is killed at random moments: each event is counted once.

MIMAMORI_FLOOD: lines (default 200000). MIMAMORI_KILLS: deaths (default 6).
"""
import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
from senders import Tcp, companies, failed_login, judged  # noqa: E402
from smtp import Server  # noqa: E402
from stage import Stage, UnixHttp, check, done, free_port  # noqa: E402

LINES = int(os.environ.get("MIMAMORI_FLOOD", "200000"))
KILLS = min(int(os.environ.get("MIMAMORI_KILLS", "6")), 20)
SEED = int(os.environ.get("MIMAMORI_SEED", str(random.randrange(1 << 32))))
LIMIT, PROBES, RULE_HOUR = 5.0, 25, 40
RULES = """title: Ghosts
id: rule-ghost
level: high
logsource: {product: linux}
detection: {s: {user.name|startswith: ghost}, condition: s}
mimamori: {entity: user.name}
---
title: Real
id: rule-real
level: high
logsource: {product: linux}
detection: {s: {user.name|startswith: real}, condition: s}
mimamori: {entity: host.name}
"""
print(f"# seed of the moments: {SEED} (MIMAMORI_SEED repeats it)")
dice = random.Random(SEED)


class Attacks(threading.Thread):
    """One every half second, and when its case and its mail are there."""

    def __init__(self, stage, company, server):
        super().__init__()
        self.stage, self.company, self.server = stage, company, server
        self.sent, self.cases, self.mails = {}, {}, {}
        self.over = threading.Event()

    def look(self):
        now = time.monotonic()
        for name, case in self.stage.records("SELECT entity, case_id FROM cases WHERE company = ?",
                                             self.company.id):
            self.cases.setdefault(name, (now, case))
        texts = list(zip(self.server.ids(), self.server.at))
        for name, (_, case) in self.cases.items():
            for mail_id, at in texts:
                if mail_id.startswith(f"<case-{case}-"):
                    self.mails.setdefault(name, at)

    def run(self):
        t = Tcp(self.stage, self.company)
        until = time.monotonic() + 120
        while time.monotonic() < until:
            if len(self.sent) < PROBES and not self.over.is_set():
                name = f"b{len(self.sent)}"
                self.sent[name] = time.monotonic()
                t.lines([failed_login(name, f"real-{name}", 1)])
            self.look()
            if self.over.is_set() and len(self.mails) == len(self.sent):
                break
            time.sleep(0.5)
        t.end()

    def delays(self, found):
        return sorted(found[n] - at if n in found else 999.0 for n, at in self.sent.items())


def flood(stage, company, mark, lines, pause=lambda: 0.0):
    t = Tcp(stage, company, timeout=300)
    for at in range(0, lines, 1000):
        t.lines([failed_login("srv", f"ghost-{mark}-{n}", n)
                 for n in range(at, min(at + 1000, lines))])
        if at == lines // 2000 * 1000:
            t.lines([failed_login("srv", "ghost-who-is-real", 1).replace("Failed", "Accepted")])
        time.sleep(pause())
    t.end()
    return lines + 1


def knew(stage, company, name):
    """The store has had an event of that user since yesterday."""
    c = UnixHttp(os.path.join(stage.state, "run", "eventd.sock"))
    c.request("POST", "/", body=(
        "INSERT INTO events (company, received, time, queue, seq, keep_days, user_name) SELECT "
        f"{company.id}, now64(6) - INTERVAL 1 DAY, now64(6) - INTERVAL 1 DAY, 9, 1, 400, "
        f"'{name}'").encode())
    answer = c.getresponse()
    text = answer.read().decode("utf-8", "replace")
    c.close()
    return check("the logs know one of the names", answer.status == 200, text)


def told(stage, delays, what):
    print(f"# {what}: {len(delays)}, after {delays[len(delays) // 2]:.2f} s (median), "
          f"{delays[-1]:.2f} s (longest)")
    check(f"{what} within {LIMIT:.0f} s", delays[-1] < LIMIT, delays)


port = free_port()
env = {"MIMAMORI_MAIL_URL": f"smtp://127.0.0.1:{port}",
       "MIMAMORI_MAIL_FROM": "mimamori@example.jp", "MIMAMORI_MAIL_PAUSE": "1"}
server = Server(port, tricks=0)
server.start()
with Stage(env=env) as stage:
    os.makedirs(os.path.join(stage.state, "rules"), exist_ok=True)
    with open(os.path.join(stage.state, "rules", "flood.yml"), "w", encoding="utf-8") as f:
        f.write(RULES)
    stage.run("user", "add", "--company", "operator", "--login", "helper", "--name", "Helper",
              "--role", "analyst", "--mail", "helper@example.jp")
    one, other, early = companies(stage, 3)
    sent = 0
    while sent < 400 and not stage.records("SELECT 1 FROM finding WHERE rule = 'rule-real'"):
        t = Tcp(stage, early)  # until the rules are in force
        t.lines([failed_login("before", "real-before", sent)])
        t.end()
        sent += 1
        time.sleep(0.2)
    knew(stage, one, f"ghost-a-{LINES - 7}")
    attacks = Attacks(stage, other, server)
    attacks.start()
    time.sleep(0.7)
    began = time.monotonic()
    sent += flood(stage, one, "a", LINES)
    print(f"# {LINES} lines were sent in {time.monotonic() - began:.1f} s")
    stage.wait(lambda: judged(stage) >= sent, 300, "judged")
    print(f"# and judged after {time.monotonic() - began:.1f} s")
    attacks.over.set()
    attacks.join()
    sent += len(attacks.sent)
    check("some of the attacks came during the flood", len(attacks.sent) > 2, len(attacks.sent))
    told(stage, attacks.delays({k: v[0] for k, v in attacks.cases.items()}), "cases of the other")
    told(stage, attacks.delays(attacks.mails), "mails of these")

    own = "SELECT count(*), sum(count) FROM finding WHERE rule = 'rule-ghost' AND kind = 'alert'"
    many = ("SELECT f.count, m.entities, m.events, c.many, c.state FROM finding f JOIN many m "
            "USING (finding) JOIN cases c ON c.case_id = f.case_id WHERE f.rule = 'rule-ghost' "
            "AND f.kind = 'many'")
    check("some names have a finding of their own", stage.records(own) == [(RULE_HOUR + 1,) * 2],
          stage.records(own))
    check("one of them the login that succeeded", stage.records(
        "SELECT count FROM finding WHERE entity = 'ghost-who-is-real'") == [(1,)])
    rest, rows = LINES - RULE_HOUR, stage.records(many)
    check("the rest is counted in one finding and an open case", len(rows) == 1 and
          rows[0][0] == rest and rows[0][2] == rest and rows[0][4] == "new", rows)
    check("about as many names as there were", len(rows) == 1 and rows[0][1] == rows[0][3] and
          abs(rows[0][1] - rest) < rest * 0.08, rows)
    first = "SELECT entity FROM many_entity ORDER BY known DESC, events DESC LIMIT 1"
    check("the one that the logs knew before is the first of those named", stage.wait(
        lambda: stage.records(first) == [(f"ghost-a-{LINES - 7}",)], 60, "a look"),
          stage.records(first))
    check("all of them can be looked for", stage.events(
        "SELECT uniqExact(entity), sum(events) FROM alerts WHERE rule_id = 'rule-ghost'")
        == [[str(LINES + 1)] * 2])

    for kill in range(KILLS):
        sent += flood(stage, one, f"k{kill}", 3000, lambda: dice.uniform(0, 0.2))
        time.sleep(dice.uniform(0, 0.5))
        stage.kill("engine")
    check("what comes while the engine dies is judged",
          stage.wait(lambda: judged(stage) == sent, 120, "judged"), (judged(stage), sent))
    check("and counted once", stage.records(
        "SELECT sum(count) FROM finding WHERE rule = 'rule-ghost'")
        == [(LINES + 1 + KILLS * 3001,)], stage.records(own) + stage.records(many))
    check("without one more finding", stage.records(own)[0][0] == RULE_HOUR + 1)
done()
