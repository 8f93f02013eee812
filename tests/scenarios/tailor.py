"""tailor.py - values, levels and switches of rules by company, taken in while lines come.

Run: tailor.py BUILD-DIR SOURCE-DIR. TAP. Two companies send the same lines; what one says about a
rule changes nothing in the other, no line is lost, also when the engine is killed in between.
"""
import os
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from stage import Stage, check, done  # noqa: E402

RULE = "0d7a4f5e-7f62-4f0b-9a0e-3b6f0c5f1a77"
TEXT = f"""title: Somebody tries an account of ours
id: {RULE}
level: high
logsource: {{product: linux, service: sshd}}
detection:
  s: {{user.name|expand: '%Ours%'}}
  condition: s
"""
LINE = "Nov 20 12:59:58 gw sshd[{n}]: Failed password for {user} from 192.0.2.1 port 5 ssh2\n"


class Company:
    """Sends lines of its own and counts them."""

    def __init__(self, s, code):
        self.s, self.code, self.sent = s, code, 0
        s.run("company", "add", "--code", code, "--name", code)
        self.number = s.records("SELECT company FROM company WHERE code = ?", code)[0][0]

    def send(self, user, n):
        path = os.path.join(self.s.state, "lines.log")
        with open(path, "w", encoding="utf-8") as f:
            for _ in range(n):
                self.sent += 1
                f.write(LINE.format(n=self.sent, user=user))
        return self.s.run("ingest", "--company", self.code, path).returncode == 0

    def stored(self):
        row = self.s.events(f"SELECT count(), uniqExact(seq) FROM events WHERE company = "
                            f"{self.number}")[0]
        return int(row[0]), int(row[1])

    def whole(self):
        return self.s.wait(lambda: self.stored() == (self.sent, self.sent), 60,
                           f"{self.sent} events of {self.code}, is {self.stored()}")

    def alerts(self):
        """Of the rule: how many, and the levels of the newest."""
        n = self.s.events(f"SELECT sum(events) FROM alerts WHERE rule_id = '{RULE}' AND company = "
                          f"{self.number}")[0][0]
        last = self.s.events(f"SELECT level, rule_level FROM alerts WHERE rule_id = '{RULE}' AND "
                             f"company = {self.number} ORDER BY seq DESC LIMIT 1")
        return int(n), tuple(last[0]) if last else None

    def until(self, user, what):
        """One line after the other until what(before, after) is so: the shards know it then."""
        for _ in range(20):
            before = self.alerts()
            if not self.send(user, 1) or not self.whole():
                return False
            if what(before, self.alerts()):
                return True
            time.sleep(1)
        return False


def more(before, after):
    return after[0] == before[0] + 1


def none(before, after):
    return after[0] == before[0]


def main():
    with Stage("eventd engine intake") as s:
        a, b = Company(s, "alpha"), Company(s, "beta")
        rule = os.path.join(s.state, "rule.yml")
        with open(rule, "w", encoding="utf-8") as f:
            f.write(TEXT)
        check("the rule is added", s.run("rules", "add", rule).returncode == 0)
        s.run("values", "set", "Ours", "--company", "alpha", "root", "adm*")
        check("values of a company are taken in by themselves", a.until("admin1", more))
        check("the other company sends the same and its rule waits",
              b.send("admin1", 3) and b.whole() and b.alerts()[0] == 0, b.alerts())

        s.run("values", "set", "Ours", "--company", "beta", "bob")
        s.kill("engine")
        before = a.alerts()[0]
        check("lines come while the engine is dead",
              a.send("root", 20) and b.send("root", 20))
        check("none is lost, none is doubled", a.whole() and b.whole())
        check("those of before and after are judged in the company that has the value",
              s.wait(lambda: a.alerts()[0] == before + 20, 20, "20 more alerts"), a.alerts())
        check("what was said when the engine died counts", b.until("bob", more))
        check("and is not the other's", a.until("bob", none) and b.until("root", none))

        out = s.run("rules", "set", RULE, "--company", "alpha", "--level", "low", "--reason", "r")
        check("a level is changed", out.returncode == 0, out.stderr)
        check("alerts carry both levels",
              a.until("root", lambda x, y: y == (x[0] + 1, ("low", "high"))), a.alerts())
        check("those of the other company stay", b.until("bob", more) and
              b.alerts()[1] == ("high", "high"), b.alerts())
        s.run("rules", "set", RULE, "--company", "alpha", "--off", "--reason", "r")
        check("a rule that is off finds nothing", a.until("root", none))
        check("it goes on in the other company", b.until("bob", more))
        s.run("rules", "unset", RULE, "--company", "alpha", "--reason", "r")
        check("and comes back", a.until("root", more) and a.alerts()[1] == ("high", "high"),
              a.alerts())
        check("every line is stored once", a.whole() and b.whole())
    done()


main()
