"""world.py - a state directory with two companies that must never see each other.

Every table that has a company column holds rows of company A (1, who asks), B (2, who must stay
unseen) and GONE (3, left). Every column of text that is not vocabulary holds a word of its own:
"Own..." for A, "Zqx..." for B, "Gqx..." for the one that left. Nothing of B may ever reach A: a
test only has to look for "Zqx". A table without a row in TABLES stops the test: add one.

Rows go straight into the files, because what is tested is who reads them, not who writes them.
"""
import base64
import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
import urllib.parse

A, B, GONE = 1, 2, 3
NEVER = 9  # no company has this number, nor 99 or 999 anything
MARKS = {A: "Own", B: "Zqx", GONE: "Gqx"}
FILLERS = {4: "pa", 5: "pa", 6: "pa", 7: "pa", 12: "pb", 13: "pb", 14: "pb", 15: "pb"}
PROGRAMMES = {"pa": 1, "pb": 2, "few": 3}
RULE = "5f0e7d1c-2a3b-4c5d-8e6f-0123456789ab"  # tests/portal/rules
NOW = int(time.time() * 1_000_000)
HOUR = 3_600_000_000
DAY = 24 * HOUR

TEXTS = ("ja", "en")
# A format of the operator's own, made from a line that came from B: its test keeps the line.
SHOP = """format: shop
title: {ja: 'Shop', en: 'Shop'}
wrap: syslog
timeless: true
prefix: shop.
recognise:
  - app: ['shopd']
decode: pattern
set: {event.category: 'host', event.outcome: 'unknown'}
patterns:
  - is: 'opened by user {user.name:word}'
"""
SHOP_TEST = """# Lines of the shop.
@ received 2026-11-20T04:10:00Z
< <13>Nov 20 10:00:00 gate shopd[7]: opened by user Zqxformatexample
= shop received {"user.name":"Zqxformatexample"}
"""


def row_id(company):
    """Of what a company has one of: A 11, B 22, the one that left 33."""
    return company * 11


def seq(company):
    return company * 111


def event_seq(company, i=0):
    """The number of a company's i-th event: B's are 222, 1222, 2222 ..."""
    return seq(company) + 1000 * i


# Of each company; what is not said is a word of its own. The first is the one that pages ask for.
EVENT_ROWS = {
    "events": [{}, {"format": "squid", "event_category": "web", "event_type": "denied"},
               {"event_action": "dhcp-lease"},
               {"event_category": "malware", "event_type": "denied"},
               {"event_category": "authentication"},
               {"event_category": "intrusion_detection", "rule_category": "botnet"}],
    "alerts": [{}, {"hidden_by": "exception-1011"}],  # A's number: B's alerts are not counted
}
# Of B alone: what is counted or ruled out for it must not be for A.
MORE_ROWS = {"events": [{"event_category": "host", "days_ago": 3}],
             "alerts": [{"hidden_by": "exception-1011"}]}
SIEVE = (f"INSERT INTO sieves SELECT {B}, fromUnixTimestamp64Micro(toInt64({NOW}), 'UTC'), 0, 0, "
         "1000000000, 3650, 2, repeat(unhex('00'), 8192), repeat(unhex('00'), 32768)")


def word(mark, *names):
    return mark + "".join(names).replace("_", "").replace(".", "")


def rule_doc(mark, table):
    return json.dumps({lang: {k: word(mark, table, "doc", k) for k in ("title", "what", "first")}
                       for lang in TEXTS})


def event_doc(mark, table):
    return json.dumps({"@timestamp": "2026-11-20T01:34:00Z", "event.original":
                       word(mark, table, "original"), "host.name": word(mark, table, "host"),
                       "source.ip": "192.0.2.31"})


def case_rows(c, mark):
    one = {"number": 2 * c - 1, "level": 3, "confidence": 80, "handler": 100 * c,
           "opened_us": NOW - HOUR, "event_us": NOW - HOUR, "updated_us": NOW - HOUR,
           "doc": rule_doc(mark, "cases")}
    return [{"case_id": row_id(c), "how": "detected", "act": "now", "state": "new",
             "outcome": None, "entity_field": "host.name", **one},
            {"case_id": row_id(c) + 1000, "how": "reported", "act": "week", "state": "closed",
             "outcome": "nothing_found", "entity_field": "user.name", **one, "number": 2 * c}]


def user_rows(c):
    return [{"user": 100 * c + i, "role": role, "language": "ja", "programme": None,
             "login": word(MARKS[c], "userlogin", role, str(i))}
            for i, role in enumerate(("charge", "president", "employee", "auditor", "employee"))]


# table: (company, mark) -> its rows, without company and without the columns of text that take a
# word of their own.
TABLES = {
    "company": lambda c, m: [{"timezone": "Asia/Tokyo", "sensor": "inline", "industry": "E",
                              "capital": "to_10m", "employees": "to_20", "tier": 2,
                              "product_type": "other", "stage": "installed"}],
    "member": lambda c, m: [{"member": row_id(c),
                             "programme": PROGRAMMES["pb" if c == B else "pa"],
                             "since": None, "until": None}],
    "site": lambda c, m: [{"site": row_id(c)}],
    "device": lambda c, m: [{"device": row_id(c), "site": row_id(c), "kind": "router",
                             "remote_change": "ask"}],
    "relay": lambda c, m: [{"relay": row_id(c), "site": row_id(c), "mode": "active",
                            "listen": "tcp/514"}],
    "relay_key": lambda c, m: [{"relay": row_id(c), "code": f"00{c:02d}",
                                "code_until_us": NOW + DAY, "code_tries": 1,
                                "digest": b"bytes" if c == B else bytes([c] * 32), "epoch": 1,
                                "enrolled_us": NOW, "serial": 1}],
    "source": lambda c, m: [{"source": row_id(c), "site": row_id(c), "device": row_id(c),
                             "bind": "token", "listener": f"{row_id(c)}/tcp/514", "address": None,
                             "keep_days": 400, "silence_s": None, "state": "active",
                             "charset": "utf-8"}],
    "post": lambda c, m: [{"post": row_id(c), "duty": "charge", "call_order": 9 - c}],
    "contact": lambda c, m: [{"contact": row_id(c), "post": row_id(c), "language": "ja",
                              "verified": "2026-06-01", "valid_from": None, "valid_to": None}],
    "service": lambda c, m: [{"service": row_id(c), "kind": "monitoring", "since": None,
                              "until": None}],
    "consent": lambda c, m: [{"consent": row_id(c), "what": "terms", "given": "2026-01-01",
                              "valid_from": None, "valid_to": None}],
    "consent_scan": lambda c, m: [{"consent": row_id(c)}],
    "user": lambda c, m: user_rows(c),
    "credential": lambda c, m: [{"user": 100 * c, "password_us": NOW - DAY, "must_change": 0,
                                 "totp": None, "totp_step": -1, "password_off": 0}],
    "past_password": lambda c, m: [{"user": 100 * c, "since_us": NOW - 9 * DAY}],
    "code": lambda c, m: [{"digest": bytes([c] * 32), "user": 100 * c, "used_us": None}],
    # Those of the viewers, and of a user who is none of them: they may be ended.
    "session": lambda c, m: [{"digest": bytes([c + more] * 32), "user": 100 * c + 4,
                              "created_us": NOW, "seen_us": NOW, "expires_us": NOW + DAY,
                              "strong": 1, "how": "oidc"} for more in (0, 80)],
    "identity": lambda c, m: [{"identity": row_id(c), "user": 100 * c + 4, "used_us": None}],
    "token": lambda c, m: [{"token": row_id(c) + 500 + 100 * more, "source": None,
                            "user": 100 * c + 4, "until": None, "rights": "read", "prefix": "x",
                            "digest": bytes([c + 80 * more] * 32)} for more in (0, 1)],
    "invitation": lambda c, m: [{"invitation": row_id(c), "user": 100 * c, "ended_us": None,
                                 "until_us": NOW + 9 * DAY,
                                 "digest": b"bytes" if c == B else bytes([c] * 32)}],
    "audit": lambda c, m: [{"number": c, "time_us": NOW - HOUR, "user": 100 * c},
                           {"number": c + 1, "time_us": NOW - HOUR, "user": 901,
                            "action": "look.search"}],
    "audit_day": lambda c, m: [{"day": 20000 + c, "number": c}],
    "audit_head": lambda c, m: [],  # by a trigger
    "finding": lambda c, m: [{"finding": row_id(c), "rule": RULE, "level": 3, "state": "open",
                              "count": 3, "first_us": NOW - HOUR, "last_us": NOW - HOUR,
                              "entity_field": "host.name", "case_id": row_id(c),
                              "doc": rule_doc(m, "finding"), **({"rule": str(more),
                                                                 "finding": row_id(c) + more,
                                                                 "state": "closed",
                                                                 "case_id": row_id(c) + more}
                                                                if more else {})}
                             for more in (0, 1000, 2000)],
    "finding_mark": lambda c, m: [{"finding": row_id(c) + more, "queue": 0, "seq": seq(c)}
                                  for more in (0, 2000)],
    "many": lambda c, m: [{"many": row_id(c) + more, "finding": row_id(c),
                           "case_id": row_id(c) + more, "entities": 900 + c, "events": 1000,
                           "succeeded": 1} for more in (0, 3000)],
    "many_entity": lambda c, m: [{"many": row_id(c), "events": 3, "succeeded": 1}],
    "cases": case_rows,
    "case_event": lambda c, m: [{"case_id": row_id(c), "queue": 0, "seq": seq(c), "rule": RULE,
                                 "time_us": NOW - HOUR, "received_us": NOW - HOUR + c,
                                 "source": row_id(c), "event": event_doc(m, "case_event")}],
    "case_step": lambda c, m: [{"step": row_id(c), "case_id": row_id(c), "at_us": NOW - HOUR,
                                "user": 100 * c, "what": "note", "minutes": 10 + c}],
    "case_request": lambda c, m: [{"request": row_id(c), "case_id": row_id(c), "state": "asked",
                                   "asked_us": NOW - HOUR, "answered_us": None}],
    "set_aside": lambda c, m: [{"queue": 0, "seq": seq(c) + 5, "source": row_id(c),
                                "received_us": NOW - HOUR, "why": "shard_died"}],
    "source_health": lambda c, m: [{"source": row_id(c), "received": 70000 + c, "spooled": 70000,
                                    "dropped": 0, "parsed": 60000, "unparsed": 10000,
                                    "last_seen_us": NOW - HOUR // 60, "updated_us": NOW}],
    "source_header": lambda c, m: [{"source": row_id(c)}],
    "report": lambda c, m: [{"report": row_id(c), "case_id": row_id(c), "needed": "yes",
                             "via": "page", "made_us": NOW - HOUR, "noticed_us": NOW - HOUR,
                             "symptoms": "icons_moved", "done": "lan_unplugged"}],
    "case_look": lambda c, m: [{"case_id": row_id(c), "what": "lease", "state": "found", "count": 1,
                                "at_us": NOW, "detail": json.dumps(
                                    {"ip": word(m, "case_look", "ip"),
                                     "mac": word(m, "case_look", "mac"),
                                     "name": word(m, "case_look", "name")})}],
    "unread": lambda c, m: [{"unread": row_id(c), "source": row_id(c), "shape": "x", "count": 7,
                             "first_us": NOW - HOUR, "last_us": NOW, "queue": 0, "seq": seq(c)}],
    # Day 1 is the one that values.def knows.
    "coverage_day": lambda c, m: [{"source": row_id(c), "day": day, "parsed": 60000 + c,
                                   "unparsed": 100, "bytes": 900000 + c}
                                  for day in (NOW // DAY, 1)],
    "machine_day": lambda c, m: [{"day": NOW // DAY, "name": "engine", "us": 1000 + c}],
    "machine_counter": lambda c, m: [{"name": "engine", "began_us": c, "us": 1000 + c}],
    "source_format": lambda c, m: [{"source": row_id(c), "format": "shop", "parsed": 60000,
                                    "unparsed": 10, "topics": 7, "first_us": NOW - DAY,
                                    "last_us": NOW}],
    "format_wish": lambda c, m: [{"wish": row_id(c) + more, "what": what, "verb": "add",
                                  "user": 0, "state": state, "wished_us": NOW}
                                 for more, what, state in (
                                     (0, "format", "waiting"), (1000, "format", "done"),
                                     (2000, "rule", "done"), (3000, "set", "done"))],
    "exception": lambda c, m: [{"exception": row_id(c) + more, "rule": RULE, "state": state,
                                "hides": 1, "hides_critical": 0, "until_us": NOW + 9 * DAY,
                                "made_us": NOW - HOUR, "made_by": 901,
                                "agreed_by": 100 * B if c == A else None,  # no name for A
                                "ended_us": None, "ended_by": None, "revision": 1, "care": ""}
                               for more, state in ((0, "proposed"), (1000, "active"))],
    "exception_term": lambda c, m: [{"exception": row_id(c), "at": 0, "field": "host.name",
                                     "how": "equals"}],
    "job": lambda c, m: [{"job": row_id(c) + more, "kind": "look", "subject": row_id(c) + more,
                          "state": state, "attempts": 9, "not_before_us": NOW - c, "lease_us": 1,
                          "finished_us": NOW} for more, state in (
                              (0, "failed"), (1000, "queued"), (2000, "running"), (3000, "done"))],
    "rule_list": lambda c, m: [{"rule_list": row_id(c), "programme": 0, "changed_by": 0,
                                "revision": 1}],
    "rule_adjust": lambda c, m: [{"rule_adjust": row_id(c) + more, "programme": 0,
                                  "rule": RULE if more == 0 else word(m, "rule_adjust", "rule"),
                                  "enabled": 0, "level": "", "state": state, "made_by": 901,
                                  "agreed_by": None, "ended_us": None, "ended_by": None,
                                  "revision": 1}
                                 for more, state in ((0, "proposed"), (1000, "active"))],
    "outbox": lambda c, m: [{"mail": row_id(c), "case_id": row_id(c), "sent_us": None}],
    "assessment": lambda c, m: [{"assessment": row_id(c) + more, "questionnaire": 1,
                                 "name": "first-look", "version": 1, "state": state,
                                 "due_us": None, "follows": None, "opened_by": 0,
                                 "submitted_us": None, "signed_us": None, "signed_by": None,
                                 "closed_us": None}
                                for more, state in ((0, "open"), (1000, "submitted"))],
    "assessment_answer": lambda c, m: [{"answer": row_id(c), "assessment": row_id(c),
                                        "question": "mfa", "side": "self", "state": "given",
                                        "levels": "yes", "met": None, "origin": "self",
                                        "provisional": 0, "by_user": 0, "latest": 1}],
    "assessment_score": lambda c, m: [{"assessment": row_id(c) + more, "part": "total", "id": "",
                                       "at": 0, "num": c, "den": 2, "k": 0, "n": 7,
                                       "questions": 9, "unknown": 1, "not_applicable": 0,
                                       "blank": 1, "not_asked": 0} for more in (0, 1000)],
}
# What the operator has said for B's programme: for its members, who are not A.
PROGRAMME_ROWS = {"rule_list": {"rule_list": 9000}, "rule_adjust": {"rule_adjust": 9000}}
# What no page and no command shows, and why; anything else must be seen by who may.
UNSHOWN = {
    "credential": "digests of passwords", "past_password": "digests of passwords",
    "code": "digests of one-time codes", "invitation": "digests of invitations",
    "relay_key": "digests and settings of relays",
    "audit_day": "digests", "audit_head": "digests",
    "consent_scan": "sealed; given out to a file by mimamori consent",
    "finding_mark": "numbers only", "coverage_day": "numbers only", "source_health": "numbers only",
    "source_header": "kept for the engine",
    "machine_day": "numbers only", "machine_counter": "numbers only",
    "service": "shown by mimamori service", "consent": "shown by mimamori consent",
    "job": "shown to the operator by mimamori job",
    "finding": "cases show what findings say", "outbox": "sent, not shown",
    "format_wish": "belongs to the operator, whose pages show them", "source_format": "vocabulary",
    "case_look": "kept by the worker in a form of its own",
    "assessment": "numbers and ids", "assessment_score": "numbers only",
}


def first_look():
    at = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "content",
                      "questionnaires", "first-look.yaml")
    with open(at, encoding="utf-8") as f:
        return f.read()


def keyed(key, data):
    return hashlib.blake2b(data, key=key, digest_size=32).digest()


def base64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class UnixHttp(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(self.path)


class World:
    """The directory, its store of events while it runs, and its portal while that runs."""

    def __init__(self, build, source, store_build=None):
        """store_build: where eventd was built, if not with the rest."""
        self.bin = os.path.join(os.path.abspath(build), "src", "app")
        self.store_bin = os.path.join(os.path.abspath(store_build or build), "src", "app")
        self.source = os.path.abspath(source)
        self.state = tempfile.mkdtemp(prefix="mm-isolation-")
        self.env = {**os.environ, "MIMAMORI_CONTENT": os.path.join(self.source, "content"),
                    "MIMAMORI_PORTAL_RATE": "0",  # thousands of questions a minute
                    "MIMAMORI_PORTAL_TLS": "off",
                    "MIMAMORI_OIDC_ISSUER": "https://id.example.jp",
                    "MIMAMORI_OIDC_CLIENT_ID": "mimamori",
                    "MIMAMORI_OIDC_REDIRECT_URL": "https://x.example.jp/login/oidc/callback"}
        self.log = open(os.path.join(self.state, "log"), "wb")
        self.eventd = self.portal = self.port = None
        self.stores = []
        self.people = {}  # name -> headers
        self.csrf = {}

    def close(self):
        self.stop_portal()
        for store in self.stores:
            store.send_signal(signal.SIGKILL)
            store.wait()
        self.log.close()
        shutil.rmtree(self.state, ignore_errors=True)

    def run(self, program, *args, env=None):
        return subprocess.run([os.path.join(self.bin, "mimamori-" + program), *args, "--state",
                               self.state], env={**self.env, **(env or {})}, capture_output=True,
                              timeout=60, check=False)

    # ---- records ----

    def make(self):
        made = self.run("company", "list")
        if made.returncode != 0:
            raise ValueError(made.stderr.decode())
        with open(os.path.join(self.state, "key"), "rb") as f:
            self.key = f.read()[:32]
        rules = os.path.join(self.state, "rules")
        os.makedirs(rules, exist_ok=True)
        shutil.copy(os.path.join(self.source, "tests/portal/rules/found.yml"), rules)
        os.makedirs(os.path.join(rules, "pages"), exist_ok=True)
        os.makedirs(os.path.join(rules, "shop"), exist_ok=True)
        os.makedirs(os.path.join(self.state, "rules-sets", "shop.old"), exist_ok=True)
        with open(os.path.join(rules, "pages", "shop.yml"), "w", encoding="utf-8") as f:
            f.write("title: Made on a page\nid: shop\nlogsource:\n  category: proxy\n"
                    "detection:\n  s:\n    host.name: nobody\n  condition: s\n")
        formats = os.path.join(self.state, "formats")
        os.makedirs(formats, exist_ok=True)
        for suffix, text in (("yaml", SHOP), ("test", SHOP_TEST)):
            with open(os.path.join(formats, "shop." + suffix), "w", encoding="utf-8") as f:
                f.write(text)
        db = sqlite3.connect(os.path.join(self.state, "records.db"), isolation_level=None)
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute("BEGIN")
        self.fill(db)
        self.fill_people(db)
        db.execute("COMMIT")
        db.close()

    def owned(self, db):
        return [r[0] for r in db.execute(
            "SELECT t.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c "
            "WHERE t.type = 'table' AND c.name = 'company' AND t.name <> 'engine_counted' "
            "ORDER BY (t.name <> 'company'), t.name")]

    def change(self, company, table):
        """Something of that company becomes newer, as another process writes it."""
        db = sqlite3.connect(os.path.join(self.state, "records.db"), isolation_level=None)
        if table == "cases":
            db.execute("UPDATE cases SET updated_us = ? WHERE case_id = ?",
                       (int(time.time() * 1_000_000), row_id(company)))
        elif table == "source_health":
            db.execute("UPDATE source_health SET parsed = parsed + 1 WHERE company = ?",
                       (company,))
        else:
            db.execute("INSERT INTO audit(company, number, time_us, actor, action, object, "
                       "text_digest, hash) SELECT company, max(number) + 1, ?, 'x', 'x', 'x', "
                       "x'00', x'00' FROM audit WHERE company = ?", (NOW, company))
        db.close()

    def insert(self, db, table, mark, given):
        """One row; columns of text that are not given take a word of their own."""
        row = {}
        for _, name, kind, need, default, _ in db.execute(f"PRAGMA table_info({table})"):
            if name in given:
                row[name] = given[name]
            elif name.endswith("_us") and need:
                row[name] = NOW - DAY
            elif kind == "TEXT":
                row[name] = word(mark, table, name)
            elif kind == "BLOB":
                row[name] = word(mark, table, name).encode()
            elif need and default is None:
                raise KeyError(f"tests/isolation/world.py: {table}.{name} needs a value")
        try:
            db.execute(f"INSERT INTO {table}({', '.join(row)}) VALUES "
                       f"({', '.join('?' * len(row))})", list(row.values()))
        except sqlite3.IntegrityError as e:
            raise ValueError("tests/isolation/world.py: TABLES must say a column's value: "
                             f"{table}: {e}") from e

    def fill(self, db):
        for code, number in PROGRAMMES.items():
            mark = MARKS[B] if code == "pb" else MARKS[A]
            self.insert(db, "programme", mark, {
                "programme": number, "code": code,
                "since": None, "until": None})
        self.insert(db, "questionnaire", "Fil", {"questionnaire": 1, "name": "first-look",
                                                 "version": 1, "digest": "x",
                                                 "yaml": first_look()})
        for table in self.owned(db):
            if table not in TABLES:
                raise KeyError(f"tests/isolation/world.py: TABLES has no row for {table}")
            for c, mark in MARKS.items():
                for row in TABLES[table](c, mark):
                    self.insert(db, table, mark, {"company": c, **row})
        self.insert(db, "finding", "Ops", {**TABLES["finding"](0, "Ops")[0], "finding": 9000,
                                           "company": 0, "case_id": None})
        for table, row in PROGRAMME_ROWS.items():
            self.insert(db, table, MARKS[B], {**TABLES[table](0, "")[-1], **row, "company": 0,
                                              "programme": PROGRAMMES["pb"]})
        for c, programme in FILLERS.items():
            self.insert(db, "company", f"Fil{c}", {**TABLES["company"](c, "")[0], "company": c})
            self.insert(db, "member", "Fil", {"member": c * 11, "company": c, "since": None,
                                              "programme": PROGRAMMES[programme], "until": None})
        for c in (A, 4):
            self.insert(db, "member", "Fil", {"member": 500 + c, "company": c, "since": None,
                                              "programme": PROGRAMMES["few"], "until": None})

    def only(self, name, companies):
        """A state directory beside this one that knows these companies alone."""
        place = os.path.join(self.state, name)
        os.makedirs(place)
        path = os.path.join(place, "records.db")
        db, copy = sqlite3.connect(os.path.join(self.state, "records.db")), sqlite3.connect(path)
        db.backup(copy)
        db.close()
        copy.execute("PRAGMA foreign_keys = OFF")
        for trigger in ("audit_stands", "audit_head_stands", "audit_day_stands"):
            copy.execute(f"DROP TRIGGER {trigger}")
        for table in self.owned(copy):
            copy.execute(f"DELETE FROM {table} WHERE company NOT IN "
                         f"({', '.join(str(c) for c in companies)})")
        copy.commit()
        copy.close()
        return place

    # ---- people ----

    def viewer(self, db, name, company, user, programme=None, role=None):
        """Somebody who is logged in; a user is made where a role is given."""
        if role is not None:
            self.insert(db, "user", "Ops", {"company": company, "user": user, "role": role,
                                            "login": "Ops" + name.replace(".", ""),
                                            "language": "ja", "programme": programme})
        secret = f"session-of-{name}".encode()
        digest = keyed(self.key, secret)
        self.insert(db, "session", "", {
            "digest": digest, "company": company, "user": user, "created_us": NOW,
            "seen_us": NOW, "expires_us": NOW + DAY, "strong": 1})
        self.people[name] = {"Cookie": "mm=" + secret.decode()}
        self.csrf[name] = base64url(keyed(self.key, b"csrf" + digest))

    def bearer(self, db, name, company, number, rights, **of):
        secret = f"token-of-{name}".encode()
        self.insert(db, "token", MARKS[company], {
            "token": number, "company": company, "source": None, "user": None, "until": None,
            "rights": rights, "scopes": None, "digest": keyed(self.key, secret),
            "prefix": "x", **of})
        self.people[name] = {"Authorization": "Bearer " + secret.decode()}

    def fill_people(self, db):
        for c, who in ((A, "a"), (B, "b"), (GONE, "gone")):
            for i, role in enumerate(("charge", "president", "employee", "auditor")):
                self.viewer(db, f"{who}.{role}", c, 100 * c + i)
            self.viewer(db, f"{who}.spare", c, 100 * c + 4)
            self.bearer(db, f"{who}.read", c, row_id(c), "read", user=100 * c)
            self.bearer(db, f"{who}.write", c, row_id(c) + 1, "write", user=100 * c)
            self.bearer(db, f"{who}.ingest", c, row_id(c) + 2, "ingest", source=row_id(c))
        for i, role in enumerate(("administrator", "analyst", "desk", "assessor", "auditor")):
            self.viewer(db, f"all.{role}", 0, 901 + i, role=role)
            self.viewer(db, f"pa.{role}", 0, 911 + i, PROGRAMMES["pa"], role)
        for i, code in enumerate(PROGRAMMES):
            self.viewer(db, f"owner.{code}", 0, 921 + i, PROGRAMMES[code], "owner")
        self.people["nobody"] = {}
        # As `mimamori company remove` does it; its own triggers end users, sources and members.
        db.execute("UPDATE company SET ended_us = ? WHERE company = ?", (NOW, GONE))

    # ---- events ----

    def start_eventd(self):
        """The store, filled; False where it was not built."""
        self.eventd = self.start_store(self.state, MARKS)
        return self.eventd is not None

    def start_store(self, state, companies):
        """A store below that state directory, with the rows of these companies."""
        program = os.path.join(self.store_bin, "mimamori-eventd")
        if not os.path.exists(program):
            return None
        store = subprocess.Popen([program, "--state", state], env=self.env, stdout=self.log,
                                 stderr=self.log)
        self.stores.append(store)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                self.sql("SELECT 1", state)
                break
            except OSError:
                time.sleep(0.02)
        for c in companies:
            for table, rows in EVENT_ROWS.items():
                for i, row in enumerate(rows + (MORE_ROWS[table] if c == B else [])):
                    self.put_event(state, table, c, {**row, "seq": event_seq(c, i)})
        if B in companies:
            self.sql(SIEVE, state, write=True)  # "no line of B's has any word"
        return store

    def ask_store(self, state, text, write=False, **params):
        c = UnixHttp(os.path.join(state, "run", "eventd.sock" if write else "eventd-read.sock"))
        c.request("POST", "/?" + urllib.parse.urlencode(params), body=text.encode())
        answer = c.getresponse()
        said = answer.read()
        c.close()
        if answer.status != 200:
            raise ValueError(f"{text[:200]}: {said.decode('utf-8', 'replace')}")
        return said

    def sql(self, text, state=None, **more):
        said = self.ask_store(state or self.state, text, **more).decode("utf-8", "replace")
        return [line.split("\t") for line in said.splitlines()]

    def put_event(self, state, table, company, given):
        mark = MARKS[company]
        fixed = {
            "company": company, "queue": 0, "keep_days": 3650, "source": row_id(company),
            "level": "high", "rule_id": RULE, "hidden_by": "", "entity_field": "host.name",
            "entity": word(mark, "pc"), "host_name": word(mark, "pc"),
            "present": (1 << 64) - 1, "mimamori_count": 1, "events": 1, "time_quality": 0,
            "flags": 0, "event": event_doc(mark, "alerts"), "doc": rule_doc(mark, "alerts"),
            **given}
        columns = self.sql("SELECT name, type FROM system.columns WHERE table = "
                           f"'{table}' AND database = currentDatabase() FORMAT TSV", state)
        # Each at a moment of its own: an order by time is one.
        then = NOW - HOUR - given.get("days_ago", 0) * DAY + given["seq"] // 1000
        values = []
        for name, kind in columns:
            own = fixed.get(name, word(mark, table, name))
            if isinstance(own, str):
                own = own.replace("\\", "\\\\").replace("'", "\\'")
            values.append(
                f"fromUnixTimestamp64Micro(toInt64({then}), 'UTC')" if kind.startswith("Date")
                else f"map('vendor.secret', '{own}', 'message', '{own}message', 'host.ip', "
                f"'192.0.2.{company}')" if kind.startswith("Map")
                else f"toIPv6('192.0.2.{company}')" if kind == "IPv6"
                else f"'{own}'" if "String" in kind else str(fixed.get(name, 0)))
        self.sql(f"INSERT INTO {table} ({', '.join(n for n, _ in columns)}) SELECT "
                 + ", ".join(values), state, write=True)

    # ---- the portal ----

    def start_portal(self, env=None):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.portal = subprocess.Popen(
            [os.path.join(self.bin, "mimamori-portal"), "--state", self.state],
            env={**self.env, "MIMAMORI_PORTAL_LISTEN": f"127.0.0.1:{self.port}", **(env or {})},
            stdout=self.log, stderr=self.log)
        until = time.monotonic() + 30
        while time.monotonic() < until and self.portal.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return True
            except OSError:
                time.sleep(0.01)
        return False

    def stop_portal(self):
        if self.portal is not None and self.portal.poll() is None:
            self.portal.terminate()
            try:
                self.portal.wait(10)
            except subprocess.TimeoutExpired:
                self.portal.kill()
                self.portal.wait()
        self.portal = None
