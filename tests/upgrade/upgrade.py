"""upgrade.py - the state directory of each release is opened by the present programs: every line,
alert, case and entry is there, a search finds what it has to, its formats and rules are at work,
its backup is restored, and new lines go on behind the old. Migrations are broken off behind each of
their statements first, killed, and run into a full disk, and done again. Whatever on a disk a newer
release has written is refused before anything is touched, with the release that is needed.

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
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "scenarios"))
from facts import DOOR, facts  # noqa: E402
from senders import Tcp, failed_login  # noqa: E402
from stage import BUILD, SOURCE, Stage, check, done  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
KILLS = 20
# Mounts of a namespace of our own vanish with it. Not every machine allows one.
if "MIMAMORI_OWN_MOUNTS" not in os.environ and subprocess.run(
        ["unshare", "-m", "true"], check=False, capture_output=True).returncode == 0:
    os.execvpe("unshare", ["unshare", "-m", sys.executable, "-B", *sys.argv],
               dict(os.environ, MIMAMORI_OWN_MOUNTS="1"))


def unpack(path, to, what="state"):
    """Its state, or its backup; False when it has none."""
    found = False
    with tarfile.open(path) as tar:
        for member in tar.getmembers():
            top, _, member.name = member.name.partition("/")
            if top == what and member.name:
                tar.extract(member, to)
                found = True
    return found


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


def open_it(state, program="upgrade"):
    """What `mimamori serve` has done before it starts anything."""
    return subprocess.run([os.path.join(BUILD, "mimamori-" + program), "--state", state],
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
    if new:
        killed(path, name, want)
        full_disk(path, name, want)


def restored(path, name):
    """The backup that this release has made."""
    room = tempfile.mkdtemp(prefix="mm-upgrade-")
    try:
        if not unpack(path, os.path.join(room, "backup"), "backup"):
            return
        for command in (["backup", "verify", "backup"], ["restore", "backup", "--state", "state"],
                        ["upgrade", "--state", "state"]):
            out = subprocess.run([os.path.join(BUILD, "mimamori-" + command[0]), *command[1:]],
                                 cwd=room, capture_output=True, text=True, timeout=120, check=False)
            check(f"{name}: {command[0]} of its backup", out.returncode == 0,
                  (out.stdout, out.stderr))
        listed = subprocess.run([os.path.join(BUILD, "mimamori-company"), "list", "--state",
                                 os.path.join(room, "state")], capture_output=True, text=True,
                                check=False).stdout
        check(f"{name}: its companies are in what was restored", "c1" in listed and "c2" in listed,
              listed)
    finally:
        shutil.rmtree(room)


def still_at_work(s, tcp_of, name):
    """A format and a rule that the operator of then has put there."""
    tcp = Tcp(s, tcp_of)
    tcp.lines([DOOR.format("later-door"), failed_login("gate", "kept3", 77)])
    tcp.end()
    check(f"{name}: the operator's format and rule are at work", s.wait(lambda: (
        s.events("SELECT format FROM events WHERE user_name = 'later-door'"),
        len(s.events("SELECT 1 FROM alerts WHERE rule_title = 'Kept rule'"))) == ([["door"]], 2),
        60, "door read, kept3 alerted"))


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
        if os.path.exists(os.path.join(s.state, "rules", "kept.yml")):
            still_at_work(s, Old, name)
    finally:
        s.__exit__()


def killed(path, name, want):
    """Not at places that a test chose: whenever it happens to be."""
    faults = []
    for n in range(KILLS):
        state = tempfile.mkdtemp(prefix="mm-upgrade-")
        unpack(path, state)
        at_work = subprocess.Popen([os.path.join(BUILD, "mimamori-upgrade"), "--state", state],
                                   stderr=subprocess.DEVNULL)
        time.sleep(0.05 * n / KILLS)
        at_work.kill()
        at_work.wait()
        again = open_it(state)
        records = os.path.join(state, "records.db")
        if again.returncode != 0 or (schema(records), content(records)) != want:
            faults.append((n, again.stderr[-300:]))
        shutil.rmtree(state)
    check(f"{name}: killed at {KILLS} moments, each is done again", not faults, faults[:5])


def full_disk(path, name, want):
    """On small file systems of its own; they are less and less full."""
    room = tempfile.mkdtemp(prefix="mm-upgrade-")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160m", "full", room], check=False,
                      capture_output=True).returncode != 0:
        os.rmdir(room)
        print("# no file system may be mounted: a full disk is not tried")
        return
    state, ballast = os.path.join(room, "state"), os.path.join(room, "ballast")
    records, faults, refused = os.path.join(state, "records.db"), [], 0
    try:
        for left in (0, 8, 40, 120, 400, 1200):  # KiB
            os.mkdir(state)
            unpack(path, state)
            with open(ballast, "wb") as f:
                free = os.statvfs(room)
                f.write(bytes(max(free.f_bavail * free.f_frsize - (left << 10), 0)))
            first = open_it(state)
            refused += first.returncode != 0
            if first.returncode != 0 and not first.stderr:
                faults.append((left, "said nothing"))
            os.unlink(ballast)
            again = open_it(state)
            if again.returncode != 0 or (schema(records), content(records)) != want:
                faults.append((left, first.stderr[-300:], again.stderr[-300:]))
            shutil.rmtree(state)
    finally:
        subprocess.run(["umount", "-l", room], check=False)
        os.rmdir(room)
    check(f"{name}: a full disk is told ({refused} of 6 times) and nothing is half done",
          refused > 0 and not faults, faults)


def set_at(state, pattern, offset, data):
    """Bytes of a file, as a newer release would write them."""
    path = sorted(glob.glob(os.path.join(state, pattern)))[0]
    with open(path, "r+b") as f:
        f.seek(offset)
        f.write(data)


def newer_records(state):
    db = sqlite3.connect(os.path.join(state, "records.db"))
    db.execute("INSERT INTO mm_migration VALUES ('register', 999, 'x', 1, '9.9.9', 1)")
    db.commit()
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


# What lies on a disk with a form of its own, and how a newer one looks.
FORMS = {
    "layout": lambda state: set_at(state, "VERSION", 0, b"99\n"),
    "records": newer_records,
    "spool segment": lambda state: set_at(state, "spool/q0/*.seg", 8, b"\x02"),
    "commit page": lambda state: set_at(state, "spool/q0/commit", 8, b"\x02"),
    "store of events": lambda state: set_at(state, "eventd/store/*/*/format_version.txt", 0,
                                            b"2\n"),
}


def everything(folder):
    """Every file below, with its bytes; SQLite's lock and log of a closed file are none."""
    found = {}
    for at, _, names in os.walk(folder):
        for name in names:
            if name not in ("records.lock", "records.db-shm", "records.db-wal"):
                with open(os.path.join(at, name), "rb") as f:
                    found[os.path.join(at, name)] = f.read()
    return found


def newer(path, what, change):
    """A state of a release to come is refused before anything is touched."""
    state = tempfile.mkdtemp(prefix="mm-upgrade-")
    try:
        unpack(path, state)
        made = open_it(state)
        # Whatever each start makes where it is missing.
        subprocess.run([os.path.join(BUILD, "mimamori-config"), "seal", "--state", state],
                       input="x\n", capture_output=True, text=True, check=True)
        with open(os.path.join(state, "release"), "w", encoding="utf-8") as f:
            f.write("release 9.9.9\n")
        change(state)
        before = everything(state)
        for program in ("upgrade", "serve"):
            out = open_it(state, program)
            check(f"newer {what}: {program} refuses it with the release that is needed",
                  made.returncode == 0 and out.returncode == 1 and "release 9.9.9" in out.stderr and
                  "newer" in out.stderr, (out.returncode, out.stderr))
        after = everything(state)
        check(f"newer {what}: nothing was changed", before == after,
              [p for p in {**before, **after} if before.get(p) != after.get(p)])
    finally:
        shutil.rmtree(state)


def main():
    packed = sorted(glob.glob(os.path.join(HERE, "*.tar.xz")))
    check("there is a state to open", packed)
    for path in packed:
        name = os.path.basename(path)[:-len(".tar.xz")]
        broken_off(path, name)
        opened(path, name)
        restored(path, name)
    if packed:
        for what, change in FORMS.items():
            newer(packed[-1], what, change)


main()
done()
