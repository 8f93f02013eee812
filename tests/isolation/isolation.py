"""isolation.py - can another company see mine? Every address, every viewer, every number.

Run: isolation.py BUILD-DIR SOURCE-DIR. TAP. The table is matrix.py, the two companies are
world.py's. What each attacker is answered about company B, or about a company that has left, has
to be the answer about a company that never was: same status, same headers, same bytes, about the
same time; and no word of B may stand in it. B's own people and the operator's see these words on
the same pages: without that the test would prove nothing. In the end B's rows are what they were.
"""
import hashlib
import html
import http.client
import os
import re
import socket
import sqlite3
import statistics
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import matrix  # noqa: E402
from world import A, B, EVENT_ROWS, GONE, NEVER, TABLES, UNSHOWN, World, event_seq  # noqa: E402

PAGE = {"Accept": "text/html", "Accept-Language": "ja"}
ENGLISH = {"Accept": "text/html", "Accept-Language": "en"}
JSON = {"Accept": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SAID = re.compile(rb"[ZG]qx[A-Za-z0-9]+")
HEX = [b"Zqxset".hex().encode(), b"Gqxset".hex().encode()]  # lines set aside are shown so
CHANGING = re.compile(rb"\d{4}-\d\d-\d\dT[0-9:.]+Z|\"(?:elapsed_ms|read_rows)\":\d+"
                      rb"|name=\"csrf\" value=\"[^\"]*\"|<time[^>]*>[^<]*</time>|\d+\.\d\d")
HEADERS = {"date", "content-length", "set-cookie"}  # differ by nature, or with the path's length
OWN_EVENTS = {f"0/{event_seq(A, i)}".encode() for i in range(len(EVENT_ROWS["events"]))}
OF_A = {"a.charge", "a.auditor", "pa.analyst", "all.analyst"}
LISTENERS = sorted(OF_A | {"b.charge", "owner.pa", "owner.pb"})
HEARD_S, PAUSE_S = 3, 4  # told within so long; at least so long between two tellings, and a bit
TIMES, SLACK_S = 21, 0.004  # least of so many, and what a busy machine may add


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body
        self.all = str(headers).encode() + body

    def secrets(self):
        """Words of B or of the company that left."""
        found = set(SAID.findall(self.all))
        return found | {h for h in HEX if h in self.all.lower()}


class Ear(threading.Thread):
    """Somebody's page that stays open: `heard` is set when it is told of a change."""

    def __init__(self, world, who):
        super().__init__(daemon=True)
        self.opened, self.heard = threading.Event(), threading.Event()
        self.wire = http.client.HTTPConnection("127.0.0.1", world.port, timeout=60)
        self.head = world.people[who]
        self.start()

    def run(self):
        try:
            self.wire.request("GET", "/live", headers=self.head)
            answer = self.wire.getresponse()
            while line := answer.readline():
                if line.startswith(b"retry:"):
                    self.opened.set()
                elif line.startswith(b"event: changed"):
                    self.heard.set()
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            pass  # closed; whoever was to hear has not

    def close(self):
        if self.wire.sock is not None:
            self.wire.sock.shutdown(socket.SHUT_RDWR)
        self.join(5)
        self.wire.close()


class Fault(Exception):
    """The first one, where that is enough."""


class Tester:
    """few, for mutants.py: one viewer of each kind, no controls, no words, and the first fault ends
    it."""

    def __init__(self, world, few=False):
        self.world, self.few = world, few
        self.wire = None
        self.tests = self.failed = self.requests = 0

    # ---- TAP ----

    def check(self, name, faults):
        self.tests += 1
        if self.few and faults:
            raise Fault(f"{name}: {faults[0]}")
        if self.few:
            return
        for fault in faults[:20]:
            print("# " + fault)
        print(f"{'not ok' if faults else 'ok'} {self.tests} - {name}", flush=True)
        self.failed += bool(faults)

    # ---- asking ----

    def ask(self, who, method, path, accept, form=None):
        head = {**accept, **self.world.people[who]}
        body = None
        if method == "POST":
            fields = {**(form or {})}
            if who in self.world.csrf:
                fields["csrf"] = self.world.csrf[who]
            head.update(FORM)
            body = urllib.parse.urlencode(fields)
        for again in (False, True):
            if self.wire is None:
                self.wire = http.client.HTTPConnection("127.0.0.1", self.world.port, timeout=60)
            try:
                self.wire.request(method, path, body=body, headers=head)
                got = self.wire.getresponse()
                text = got.read()
                break
            except (OSError, http.client.HTTPException):
                self.wire = None
                if again:
                    raise
        self.requests += 1
        kept = sorted((k, v) for k, v in got.getheaders() if k.lower() not in HEADERS)
        return Answer(got.status, kept, text)

    def fill(self, path, numbers):
        return re.sub(r":(\w+)", lambda m: str(matrix.ID[m[1]](numbers(m[1]))), path)

    def asked(self, row, path, company, rest):
        """(path with its query, form) for the company in the path and all other numbers."""
        whose = {"company": company, "code": rest}
        target = self.fill(path, lambda part: whose.get(part, rest))
        values = {k: f(company if k == "company" and ":company" in path else rest)
                  for k, f in matrix.ID.items()}
        form = None if row["form"] is None else {
            k: v.format(**values) for k, v in row["form"].items()}
        queries = [""] + [q.format(**values) for q in row["ask"]]
        return [(target + q, form) for q in queries]

    # ---- what an attacker is told ----

    def kinds(self, method):
        return [PAGE, JSON] if self.few or method == "POST" else [PAGE, ENGLISH, JSON]

    def plain(self, answer, path):
        """What is compared: without the address that was asked for, and without the time."""
        body = answer.body
        given = [v for _, v in urllib.parse.parse_qsl(urllib.parse.urlsplit(path).query)
                 if len(v) > 2 or not v.isdigit()]
        for text in [path, html.escape(path), path.split("?")[0], *given]:
            body = body.replace(text.encode(), b"@")
        head = str(answer.headers).replace(path.split("?")[0], "@")
        return answer.status, head, CHANGING.sub(b"", body)

    def compare(self, who, method, accept, real, never):
        """Faults of one question, and of its twin about what never existed."""
        one = self.ask(who, method, real[0], accept, real[1])
        said = f"{who} {method} {real[0]} ({accept['Accept']}): "
        faults = [said + f"says {w.decode()}" for w in
                  sorted(self.not_allowed(who, real[0], one))]
        if one.status >= 500:
            faults.append(said + f"status {one.status}")
        if never is None or (who == "owner.pb" and real[0].startswith("/programmes")):
            return faults
        two = self.ask(who, method, never[0], accept, never[1])
        if self.plain(one, real[0]) != self.plain(two, never[0]):
            faults.append(said + f"{one.status}, but {two.status} for what never was: "
                          + self.difference(self.plain(one, real[0]), self.plain(two, never[0])))
        return faults

    @staticmethod
    def difference(one, two):
        for x, y in zip(one[1:], two[1:]):
            if x != y:
                at = next((i for i, (p, q) in enumerate(zip(x, y)) if p != q),
                          min(len(x), len(y)))
                return f"{x[max(at - 30, 0):at + 50]!r} / {y[max(at - 30, 0):at + 50]!r}"
        return "status"

    @staticmethod
    def not_allowed(who, path, answer):
        """Words that the answer may not have. Owners see their programme itself, and sums: nothing
        of its companies, whoever they are."""
        found = answer.secrets()
        if who.startswith("owner."):
            found |= set(re.findall(rb"Own[a-z]+", answer.all))
            own = b"Zqxprogramme" if who == "owner.pb" else b"Ownprogramme"
            return {w for w in found if not w.startswith(own)}
        return found

    def mixtures(self, method, path):
        """(company, other numbers) to ask for, each with its twin that never existed."""
        if ":" not in path:
            return [((B, B), (NEVER, NEVER)), ((GONE, GONE), (NEVER, NEVER))]
        mixed = [((A, A), None)]  # may be answered, but with A's own
        row = matrix.ROWS[method, path]
        others = re.sub(":company", "", path) + "".join(row["ask"]) + str(row["form"])
        for target in (B,) if self.few else (B, GONE):
            mixed.append(((target, target), (NEVER, NEVER)))
            if ":company" in path and re.search(r":\w|\{[a-z]", others):
                mixed.append(((A, target), (A, NEVER)))
                mixed.append(((target, A), (NEVER, A)))
        return mixed

    def attack(self, method, path):
        row = matrix.ROWS[method, path]
        faults = []
        for who in matrix.FEW_ATTACKERS if self.few else matrix.ATTACKERS:
            if row["only"]:
                if method == "GET" and path != "/live":
                    got = self.ask(who, method, path, PAGE)
                    faults += [f"{who} {path}: {w.decode()}" for w in got.secrets()]
                continue
            for real, never in self.mixtures(method, path):
                asked = self.asked(row, path, *real)
                twins = self.asked(row, path, *never) if never else [None] * len(asked)
                for r, n in zip(asked, twins):
                    for accept in self.kinds(method):
                        faults += self.compare(who, method, accept, r, n)
        self.check(f"{method} {path} shows nothing of another company", faults)

    # ---- what who may see does see ----

    def control(self, method, path):
        """B's words are there for who may see them; this is what gives the rest its meaning."""
        row = matrix.ROWS[method, path]
        if row["only"] or (method == "POST" and not row["shows"]):
            return set()
        seen = set()
        for accept in (PAGE, JSON):
            for target, form in self.asked(row, path, B, B):
                seen |= self.ask(row["by"], method, target, accept, form).secrets()
        seen |= {h and b"Zqxsetaside" for h in HEX[:1] if h in seen}
        missing = [t for t in row["shows"] if not any(
            w.startswith(b"Zqx" + t.replace("_", "").encode()) for w in seen)]
        self.check(f"{method} {path} shows B's {' '.join(row['shows'])} to {row['by']}",
                   [f"nothing of {t}" for t in missing])
        return seen

    def control_posts(self):
        """What A was refused is done for who may: the refusals were the scope's."""
        faults = []
        for (method, path), row in matrix.ROWS.items():
            if method != "POST" or row["only"] or row["shows"]:
                continue
            target, form = self.asked(row, path, B, B)[0]
            got = self.ask(row["by"], method, target, JSON, form)
            if got.status not in (200, 303):
                faults.append(f"{row['by']} {method} {target}: {got.status} {got.body[:200]!r}")
        self.check("each form does its work for who may", faults)

    # ---- the search ----

    def search(self):
        faults = []
        for q in matrix.QUERIES:
            path = "/companies/1/events?q=" + urllib.parse.quote(q)
            got = self.ask("pa.analyst", "GET", path, JSON)
            ids = set(re.findall(rb'"id":"([0-9/]+)"', got.body))
            if got.status not in (200, 422) or ids - OWN_EVENTS or got.secrets():
                faults.append(f"{q}: {got.status} {sorted(ids)} {sorted(got.secrets())}")
        self.check("no question to the search finds another company's event", faults)
    def own(self):
        """Each is told of itself, rightly: nothing of B's is counted, and nothing ruled out."""
        faults = []
        for who, path, own in matrix.OWN:
            got = self.ask(who, "GET", path, JSON)
            if own not in got.body:
                faults.append(f"{who} {path}: {got.status}, not {own}: {got.body[:300]!r}")
        self.check("each is told of itself, and rightly", faults)

    # ---- how long it takes ----

    def times(self):
        faults = []
        for who, path in (("a.charge", "/companies/{c}"), ("a.charge", "/companies/1/cases/{i}"),
                          ("a.charge", "/companies/{c}/cases/{i}"), ("a.read", "/companies/{c}"),
                          ("pa.analyst", "/companies/{c}/events?q=x"),
                          ("pa.analyst", "/companies/1/events/0/{s}"),
                          ("owner.pa", "/programmes/{p}")):
            took = {B: [], NEVER: []}
            for _ in range(TIMES):
                for c, values in took.items():
                    target = path.format(c=c, i=11 * c, s=111 * c, p={B: "pb", NEVER: "px"}[c])
                    began = time.perf_counter()
                    self.ask(who, "GET", target, JSON)
                    values.append(time.perf_counter() - began)
            least = [min(v) for v in took.values()]
            if abs(least[0] - least[1]) > SLACK_S + min(least) / 2:
                faults.append(f"{who} {path}: {least[0]:.4f} s, {least[1]:.4f} s for what never "
                              f"was (medians {[statistics.median(v) for v in took.values()]})")
        self.check("what is another's takes as long as what never was", faults)

    # ---- the command line ----

    def commands(self):
        faults = []
        for program, words, shown in matrix.COMMANDS:
            for c, mark in ((A, "Own"), (B, "Zqx")):
                got = self.world.run(program, *words[:1], "--company", f"{mark}companycode",
                                     *words[1:])
                said = f"mimamori {program} {' '.join(words)} of {mark}: "
                if got.returncode != 0:
                    faults.append(said + got.stderr.decode("utf-8", "replace"))
                if mark == "Own" and SAID.search(got.stdout):
                    faults.append(said + SAID.search(got.stdout)[0].decode())
                if (mark + shown).encode() not in got.stdout:
                    faults.append(said + f"not a word of its {shown}: {got.stdout[:300]!r}")
        self.check("a command for one company says nothing of another", faults)

    def exports(self):
        """What a company is given when it leaves is its own."""
        faults = []
        for mark, other in (("Own", b"Zqx"), ("Zqx", b"Own")):
            to = os.path.join(self.world.state, "export-" + mark)
            got = self.world.run("company", "export", f"{mark}companycode", to)
            given = b""
            for folder, _, names in os.walk(to):
                for name in names:
                    with open(os.path.join(folder, name), "rb") as f:
                        given += f.read()
            if got.returncode != 0 or mark.encode() + b"eventsoriginal" not in given:
                faults.append(f"{mark}: {got.stderr.decode('utf-8', 'replace')} {len(given)} bytes")
            faults += [f"{mark} is given {w.decode()}" for w in
                       # letters only: digests stand in there, too, as text of any kind
                       sorted(set(re.findall(other + rb"[a-z]{5,}|Gqx[a-z]{5,}", given)))]
        self.check("an export holds nothing of another company", faults)

    # ---- all ----

    def rows_of(self, company):
        """A digest a table. That who may look has looked is noted, and changes nothing else."""
        db = sqlite3.connect(os.path.join(self.world.state, "records.db"))
        noted = "AND NOT (action GLOB 'look.*' AND (actor GLOB 'Opsall*' OR actor GLOB 'uid *')) "
        digest = {t: hashlib.sha256(repr(db.execute(
            f"SELECT * FROM {t} WHERE company = ? {noted if t == 'audit' else ''}"
            "ORDER BY 1, 2, 3", (company,)).fetchall()).encode()).hexdigest()
            for t in TABLES if t != "audit_head"}
        db.close()
        return digest

    def whole(self, name, before):
        after = {c: self.rows_of(c) for c in before}
        self.check(name, [f"rows of company {c} in {t} have changed" for c in before
                          for t in before[c] if before[c][t] != after[c][t]])

    # ---- what changes while they look ----

    def live(self):
        """A page that stays open hears of its own changes, and of nobody else's."""
        ears = {who: Ear(self.world, who) for who in LISTENERS}
        faults = [f"{who}: no stream" for who, ear in ears.items() if not ear.opened.wait(10)]
        for company, kind, hearers in ((B, "cases", {"all.analyst", "b.charge"}),
                                       (A, "cases", OF_A), (A, "source_health", OF_A),
                                       (A, "audit", OF_A)):
            for ear in ears.values():
                ear.heard.clear()
            self.world.change(company, kind)
            until = time.monotonic() + HEARD_S
            late = [who for who in sorted(hearers)
                    if not ears[who].heard.wait(until - time.monotonic())]
            time.sleep(max(until - time.monotonic(), 0))  # the others have as long
            faults += [f"{who} is not told of {kind} of company {company}" for who in late]
            faults += [f"{who} is told of {kind} of company {company}" for who in LISTENERS
                       if who not in hearers and ears[who].heard.is_set()]
            if self.few:
                break
            time.sleep(PAUSE_S - HEARD_S)
        for ear in ears.values():
            ear.close()
        self.check("a page that stays open is told of its own company's changes alone", faults)

    def run(self):
        began = time.monotonic()
        before = {c: self.rows_of(c) for c in (B, GONE)}
        for method, path in matrix.ROWS:
            self.attack(method, path)
        self.own()
        if self.world.eventd is not None:
            self.search()
        if not self.few:
            self.times()
        self.commands()
        if not self.few:
            self.exports()
        self.whole("nothing that A tried has changed a row of another company", before)
        self.live()
        if not self.few:
            self.controls()
        if not self.few:
            print(f"# {self.requests} requests in {time.monotonic() - began:.1f} s")

    def controls(self):
        seen = set()
        for method, path in matrix.ROWS:
            seen |= self.control(method, path)
        shown = {t for t in TABLES if any(
            w.startswith(b"Zqx" + t.replace("_", "").encode()) for w in seen)}
        shown |= {c[2] for c in matrix.COMMANDS}
        self.check("words of every table are seen by who may, or it is said why not",
                   [f"{t}: seen nowhere, and not in UNSHOWN of world.py"
                    for t in sorted(set(TABLES) - shown - set(UNSHOWN))])
        self.control_posts()


def main():
    world = World(sys.argv[1], sys.argv[2])
    tester = Tester(world)
    try:
        world.make()
        if not world.start_eventd():
            print("1..0 # SKIP no store of events (libchdb)")
            return 0
        if not world.start_portal():
            raise ValueError("the portal did not start")
        tester.run()
    finally:
        world.close()
    print(f"1..{tester.tests}")
    return 1 if tester.failed or tester.tests == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
