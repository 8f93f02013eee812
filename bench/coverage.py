"""coverage.py - how fast the page of all sources' coverage is.

Run: coverage.py BUILD-DIR SOURCE-DIR [--sources N] [--days N] [--rounds N]. A state of the pages'
fixture with that many sources and days of lines in the records; a browser asks for the page of all
companies, of one programme, and of one source, each anew. Each answer's status and a word of its
content are held against what must be there. Ends in one line with p95 and its share of 200 ms.
"""
import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

BOUND_MS = 200


def arguments():
    p = argparse.ArgumentParser()
    p.add_argument("build")
    p.add_argument("source")
    p.add_argument("--sources", type=int, default=1000)
    p.add_argument("--days", type=int, default=30)
    p.add_argument("--rounds", type=int, default=40)
    return p.parse_args()


def fill(path, a):
    """Sources and days beyond the fixture's own; how many sources there are."""
    db = sqlite3.connect(path, timeout=60)
    with db:
        have = db.execute("SELECT count(*) FROM source WHERE ended_us IS NULL").fetchone()[0]
        columns = ", ".join(c[1] for c in db.execute("PRAGMA table_info(source)")
                            if c[1] not in ("source", "name"))
        first = [r[0] for r in db.execute("SELECT min(source) FROM source WHERE company > 0 "
                                          "GROUP BY company")]
        for i in range(max(a.sources - have, 0)):
            db.execute(f"INSERT INTO source(name, {columns}) SELECT ?, {columns} FROM source "
                       "WHERE source = ?", (f"more {i}", first[i % len(first)]))
        today = int((time.time() + 9 * 3600) // 86400)
        db.execute("DELETE FROM coverage_day")
        db.executemany("INSERT INTO coverage_day(company, source, day, parsed, unparsed, topics) "
                       "SELECT company, source, ?, 9000 + source, source % 97, 231 FROM source",
                       [(today - i,) for i in range(a.days)])
        n = db.execute("SELECT count(*) FROM source").fetchone()[0]
    db.close()
    return n


def measure(portal, path, word, rounds):
    took = []
    for i in range(rounds + 3):
        began = time.monotonic()
        status, text = portal.ask("GET", path)
        if i >= 3:
            took.append((time.monotonic() - began) * 1000)
        if status != 200 or word not in text:
            sys.exit(f"{path}: {status}, no {word!r}: {text[:400]}")
    took.sort()
    return took[len(took) // 2], took[len(took) * 95 // 100], len(text)


def main():
    a = arguments()
    sys.argv = [sys.argv[0], a.build, a.source]
    import pages  # noqa: E402
    import whole  # noqa: E402

    base = tempfile.mkdtemp(prefix="mm-coverage-")
    state, port = os.path.join(base, "state"), whole.free_port()
    programs = os.path.join(a.build, "src", "app")
    fixture = json.loads(subprocess.run([f"{programs}/portal-fixture", state, "300"], check=True,
                                        capture_output=True, text=True).stdout)
    n = fill(os.path.join(state, "records.db"), a)
    conf = os.path.join(base, "conf")
    with open(conf, "w", encoding="utf-8") as f:
        f.write(f"portal.listen = 127.0.0.1:{port}\n")
    portal = subprocess.Popen([f"{programs}/mimamori-portal", "--state", state, "--config", conf],
                              stderr=subprocess.PIPE, text=True)
    try:
        for line in portal.stderr:
            if "listens on" in line:
                break
        pages.PASSWORD = fixture["password"]
        browser = pages.Portal(port)
        browser.login("soc", fixture["totp"])
        worst = 0.0
        for path, word in (("/coverage", 'class="bars"'),
                           ("/coverage?programme=shien", 'class="bars"'),
                           ("/companies/1/sources/1", 'class="bars"')):
            p50, p95, size = measure(browser, path, word, a.rounds)
            worst = max(worst, p95)
            print(f"{path}: p50 {p50:.1f} ms, p95 {p95:.1f} ms, {size // 1024} KiB")
    finally:
        portal.terminate()
        portal.wait(20)
        shutil.rmtree(base, ignore_errors=True)
    print(f"coverage: {n} sources, {a.days} days, p95 {worst:.1f} ms, "
          f"{worst / BOUND_MS:.2f} of {BOUND_MS} ms")


main()
