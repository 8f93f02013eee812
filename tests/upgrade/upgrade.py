"""upgrade.py - the state directory of each release is opened by the present programs: every line,
alert, case and entry is there, a search finds what it has to, and new lines go on behind the old.
Migrations are broken off behind each of their statements first, and done again.

Run: upgrade.py BUILD-DIR SOURCE-DIR. TAP. States: make.py.
"""
import glob
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "scenarios"))
from facts import facts  # noqa: E402
from senders import Tcp, failed_login  # noqa: E402
from stage import BUILD, SOURCE, Stage, check, done  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))


def unpack(path, to):
    with tarfile.open(path) as tar:
        for member in tar.getmembers():
            member.name = member.name.partition("/")[2]
            if member.name:
                tar.extract(member, to)


def schema(path):
    db = sqlite3.connect(path)
    try:
        return db.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema "
                          "WHERE name NOT LIKE 'sqlite_%' ORDER BY 1, 2").fetchall()
    finally:
        db.close()


def content(path):
    """Every row of every table but the list of migrations, which tells the time."""
    db = sqlite3.connect(path)
    try:
        tables = [r[0] for r in db.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'mm_migration' "
            "AND name NOT LIKE 'sqlite_%' ORDER BY 1")]
        return {t: sorted(map(repr, db.execute(f"SELECT * FROM {t}"))) for t in tables}
    finally:
        db.close()


def statements(sql):
    """A migration's statements, as SQLite tells where one ends (triggers have more than one ;)."""
    parts, text = [], ""
    for piece in sql.split(";"):
        text += piece + ";"
        if sqlite3.complete_statement(text):
            parts.append(text)
            text = ""
    return parts


def texts():
    """(feature, number) -> the SQL of a migration."""
    out = {}
    for path in glob.glob(os.path.join(SOURCE, "src", "*", "migrations", "*.sql")):
        with open(path, encoding="utf-8") as f:
            out[path.split(os.sep)[-3], int(os.path.basename(path)[:3])] = f.read()
    return out


def applied(path):
    """Rows of the list of migrations, in the order in which they were applied."""
    db = sqlite3.connect(path)
    try:
        return db.execute("SELECT feature, number, name, digest, version, applied_us "
                          "FROM mm_migration ORDER BY rowid").fetchall()
    finally:
        db.close()


BROKEN_OFF = """
import json, os, sqlite3, sys
job = json.load(sys.stdin)
db = sqlite3.connect(job["path"], isolation_level=None)
for setting in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "cache_size = 1",
                "cache_spill = 1", "wal_autocheckpoint = 0"):
    db.execute("PRAGMA " + setting).fetchall()
for before in job["before"]:
    db.execute("BEGIN IMMEDIATE")
    for statement in before["statements"]:
        db.execute(statement)
    db.execute("INSERT INTO mm_migration VALUES (?, ?, ?, ?, ?, ?)", before["row"])
    db.execute("COMMIT")
db.execute("BEGIN IMMEDIATE")
for statement in job["part"]:
    db.execute(statement)
os._exit(9)
"""


def open_it(state):
    """What each program does at its start, and no more."""
    return subprocess.run([os.path.join(BUILD, "mimamori-company"), "list", "--state", state],
                          capture_output=True, text=True, timeout=60, check=False)


def break_off(path, before, part, want):
    """What is wrong after a kill behind these statements and the next start; "" if nothing."""
    state = tempfile.mkdtemp(prefix="mm-upgrade-")
    records = os.path.join(state, "records.db")
    try:
        unpack(path, state)
        killed = subprocess.run(
            [sys.executable, "-c", BROKEN_OFF], check=False, capture_output=True, text=True,
            timeout=60, input=json.dumps({"path": records, "before": before, "part": part}))
        if killed.returncode != 9:
            return killed.stderr[-300:]
        again = open_it(state)
        if again.returncode != 0:
            return again.stderr[-300:]
        return "" if (schema(records), content(records)) == want else "other schema or rows"
    finally:
        shutil.rmtree(state)


def broken_off(path, name):
    """Killed before every pending migration and behind each of its statements; then done."""
    whole = tempfile.mkdtemp(prefix="mm-upgrade-")
    records = os.path.join(whole, "records.db")
    try:
        unpack(path, whole)
        old = {r[:2] for r in applied(records)}
        first = open_it(whole)
        check(f"{name}: its records are migrated", first.returncode == 0, first.stderr)
        new = [r for r in applied(records) if r[:2] not in old]
        want = (schema(records), content(records))
    finally:
        shutil.rmtree(whole)
    sql, before, faults, places = texts(), [], [], 0
    for row in new:
        parts = statements(sql[row[:2]])
        for upto in range(len(parts) + 1):
            wrong = break_off(path, before, parts[:upto], want)
            places += 1
            if wrong:
                faults.append(f"{row[0]} {row[1]} broken off behind statement {upto}: {wrong}")
        before.append({"statements": parts, "row": row})
    check(f"{name}: migrations broken off at {places} places are done again", not faults,
          "\n".join(faults[:10]))


def opened(path, name):
    s = Stage()
    try:
        unpack(path, s.state)
        with open(os.path.join(s.state, "facts.json"), encoding="utf-8") as f:
            want = json.load(f)
        s.start()
        have = json.loads(json.dumps(facts(s)))
        audit = want.pop("audit")
        check(f"{name}: audit", audit and all(row in have["audit"] for row in audit),
              (have["audit"], audit))
        for what, rows in want.items():
            check(f"{name}: {what}", have[what] == rows, (have[what], rows))
        out = s.run("search", "--company", "c1", "--json", "user.name:kept7")
        found = [json.loads(line) for line in out.stdout.splitlines()]
        check(f"{name}: a search finds its line and no other",
              [e["user.name"] for e in found] == ["kept7"], (out.stdout, out.stderr))
        out = s.run("audit", "verify")
        check(f"{name}: every audit chain is whole", out.returncode == 0, (out.stdout, out.stderr))
        total = sum(int(r[2]) for r in want["events"])
        address = s.records("SELECT address FROM source WHERE company = 1 AND bind = 'address'")

        class Old:
            pass
        Old.address = address[0][0]
        tcp = Tcp(s, Old)
        tcp.lines([failed_login("gate", f"later{i}", i) for i in range(10)])
        tcp.end()
        check(f"{name}: new lines go on behind the old ones",
              s.wait(lambda: s.whole(total + 10), 60, "lines"))
    finally:
        s.__exit__()


def newer(path, name):
    """A state of a release to come is refused before anything is touched."""
    state = tempfile.mkdtemp(prefix="mm-upgrade-")
    try:
        unpack(path, state)
        db = sqlite3.connect(os.path.join(state, "records.db"))
        db.execute("INSERT INTO mm_migration VALUES ('register', 999, 'x', 1, '9.9.9', 1)")
        db.commit()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()
        before = (schema(os.path.join(state, "records.db")),
                  content(os.path.join(state, "records.db")))
        out = open_it(state)
        check(f"{name}: records of a newer release are refused, with its number",
              out.returncode != 0 and "9.9.9" in out.stderr, (out.returncode, out.stderr))
        check(f"{name}: and nothing of them was changed", before == (
            schema(os.path.join(state, "records.db")), content(os.path.join(state, "records.db"))))
        with open(os.path.join(state, "VERSION"), "w", encoding="utf-8") as f:
            f.write("99\n")
        out = open_it(state)
        check(f"{name}: a newer layout is refused", out.returncode != 0, out.stderr)
    finally:
        shutil.rmtree(state)


def main():
    packed = sorted(glob.glob(os.path.join(HERE, "*.tar.xz")))
    check("there is a state to open", packed)
    for path in packed:
        name = os.path.basename(path)[:-len(".tar.xz")]
        broken_off(path, name)
        opened(path, name)
    if packed:
        newer(packed[-1], "newer")


main()
done()
