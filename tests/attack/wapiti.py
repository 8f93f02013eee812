"""wapiti.py - Wapiti (Debian's package) against the running portal, as staff and as a company.

Run: wapiti.py BUILD-DIR SOURCE-DIR. TAP. Not part of every run: `./dev attack` starts it, and it
takes MIMAMORI_WAPITI_S seconds at most (default 240), now half of that. It is logged in as
an operator's administrator, then as a company's person in charge, and tries every module that needs
nothing from elsewhere: ssrf and xxe ask for a server on the internet, nikto and wapp for lists from
there, brute_login_form is the matter of doors.py, buster asks for names of files as portal.py does.

What it finds and is no fault stands in KNOWN, each with its reason; anything else is a fault.
"""
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
for folder in ("isolation", "scenarios"):
    sys.path.insert(0, os.path.join(HERE, "..", folder))
from tap import check, done, skip  # noqa: E402
import world  # noqa: E402

SECONDS = int(os.environ.get("MIMAMORI_WAPITI_S", "240"))
MODULES = ["backup", "blindsql", "cookieflags", "crlf", "csp", "csrf", "exec", "file", "htaccess",
           "http_headers", "methods", "permanentxss", "redirect", "shellshock", "sql", "xss"]
# (kind, beginning of what is said, why it is none)
KNOWN = [
    ("Secure Flag cookie", "Secure flag is not set", "plain HTTP on loopback here; doors.py sees it"
     " over TLS"),
    ("HTTP Secure Headers", "Strict-Transport-Security is not set", "likewise"),
    ("HTTP Secure Headers", "X-XSS-Protection is not set", "browsers have taken it out; the "
     "content policy does its work"),
]


class Sessions(threading.Thread):
    """Wapiti presses every button, also those that end its session, and leaving one out (-x) does
    not work in Debian 12's: what it has ended is put back."""

    def __init__(self, state):
        super().__init__(daemon=True)
        self.path, self.over = os.path.join(state, "records.db"), threading.Event()
        db = sqlite3.connect(self.path)
        self.rows = db.execute("SELECT * FROM session").fetchall()
        db.close()
        self.start()

    def run(self):
        db = sqlite3.connect(self.path, isolation_level=None, timeout=5)
        marks = ", ".join("?" * len(self.rows[0]))
        while not self.over.wait(0.2):
            for row in self.rows:
                try:
                    db.execute(f"INSERT OR IGNORE INTO session VALUES ({marks})", row)
                except sqlite3.Error:
                    pass  # its user has left
        db.close()


def scan(place, who, seconds):
    """What Wapiti says."""
    base = f"http://127.0.0.1:{place.port}"
    out = os.path.join(place.state, f"wapiti-{who}.json")
    command = ["wapiti", "-u", base + "/", "--scope", "domain", "-m", ",".join(MODULES),
               "--flush-session", "--store-session", place.state, "-H",
               "Cookie: " + place.people[who]["Cookie"], "-f", "json", "-o", out, "-v", "0",
               "--no-bugreport", "--max-links-per-page", "60", "--max-files-per-dir", "25",
               "--max-scan-time", str(seconds / 4),
               "--max-attack-time", str(seconds * 3 / 4 / len(MODULES)), "-t", "10"]
    for path in ("/companies/1", "/companies/1/events", "/companies/1/cases/11", "/account"):
        command += ["-s", base + path]
    ran = subprocess.run(command, capture_output=True, text=True, check=False,
                         timeout=seconds * 3 + 120, env={**os.environ, "HOME": place.state})
    if not os.path.exists(out):
        raise ValueError(ran.stdout[-2000:] + ran.stderr[-2000:])
    with open(out, encoding="utf-8") as f:
        report = json.load(f)
    return [(kind, one["info"], one["method"], one["path"]) for part in (
        "vulnerabilities", "anomalies") for kind, ones in report[part].items() for one in ones]


def reach(place):
    """What it has done so far: requests, looks at lines that were noted, and what forms stored."""
    status = json.loads(place.run("status", "--json").stdout)
    requests = [d["n"] for d in status["durations"] if d["name"] == "request"][0]
    db = sqlite3.connect(os.path.join(place.state, "records.db"))
    counts = [db.execute(q).fetchone()[0] for q in (
        "SELECT count(*) FROM audit WHERE action GLOB 'look.*'", "SELECT count(*) FROM case_step")]
    db.close()
    return [requests, *counts]


def is_known(finding):
    return any(finding[0] == kind and finding[1].startswith(said) for kind, said, _ in KNOWN)


def main():
    if shutil.which("wapiti") is None:
        skip("wapiti is not installed")
    place = world.World(sys.argv[1], sys.argv[2])
    try:
        place.make()
        if not place.start_eventd():
            skip("no store of events (libchdb)")
        if not place.start_portal():
            raise ValueError("the portal did not start")
        sessions = Sessions(place.state)
        for who in ("all.administrator", "a.charge"):
            before = reach(place)
            found = scan(place, who, SECONDS / 2)
            fresh = sorted({f for f in found if not is_known(f)})
            done_ = [b - a for a, b in zip(before, reach(place))]
            print(f"# {who}: {done_[0]} requests, {len(found)} findings, {len(fresh)} not known")
            check(f"it was inside as {who}: it asked, looked, and its forms were taken",
                  done_[0] > 500 and done_[2] > 0 and (done_[1] > 0 or who != "all.administrator"),
                  done_)
            check(f"wapiti finds nothing as {who}", not fresh, "\n".join(map(str, fresh[:40])))
        sessions.over.set()
        sessions.join()
        check("the portal lives", place.portal.poll() is None, place.portal.poll())
    finally:
        place.close()
    done()


if __name__ == "__main__":
    main()
