"""backup.py - a backup made while lines come in becomes a state directory elsewhere that holds what
was received; what is damaged, half written, newer or changed is refused before anything is touched.
"""
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
from senders import counted  # noqa: E402
from stage import BUILD, Stage, check, done  # noqa: E402

ROOM = tempfile.mkdtemp(prefix="mm-backup-")
DIR = os.path.join(ROOM, "backups")


def run(program, *args, timeout=120):
    return subprocess.run([os.path.join(BUILD, "mimamori-" + program), *args], timeout=timeout,
                          capture_output=True, text=True, check=False)


def said(out):
    return (out.returncode, out.stdout, out.stderr)


def backups():
    return sorted(n for n in os.listdir(DIR) if re.fullmatch(r"\d{8}T\d{6}Z", n))


def unfinished():
    return [n for n in os.listdir(DIR) if n.endswith(".unfinished")]


def manifest(path):
    with open(os.path.join(path, "manifest"), encoding="ascii") as f:
        return f.read().splitlines()


def queue(path, number=0):
    """position, oldest, next of a queue."""
    for line in manifest(path):
        w = line.split(" ")
        if w[0] == "queue" and w[1] == str(number):
            return int(w[3]), int(w[5]), int(w[7])
    return None


def by_source(stage, below):
    return stage.events("SELECT company, source, count() FROM events WHERE queue = 0 AND "
                        "seq < {n:UInt64} GROUP BY company, source ORDER BY company, source",
                        n=below)


def cases(stage):
    return stage.records("SELECT company, number, title, state, level, entity FROM cases "
                         "ORDER BY company, number")


def search(stage):
    company = stage.records("SELECT min(company) FROM cases WHERE company > 0")[0][0]
    out = stage.run("search", "--company", str(company), "--json", "--limit", "500",
                    "failed or deny")
    return out.stdout if out.returncode == 0 else out.stderr


def resealed(path, change):
    """Somebody changes the list and makes its digest anew, without the key."""
    with open(os.path.join(path, "manifest"), encoding="ascii") as f:
        text = change(f.read())
    text = text[:text.rindex("sha256 ")]
    with open(os.path.join(path, "manifest"), "w", encoding="ascii") as f:
        f.write(text + "sha256 " + hashlib.sha256(text.encode()).hexdigest() + "\n")


def flip(path):
    with open(path, "r+b") as f:
        f.seek(os.path.getsize(path) // 2)
        byte = f.read(1)
        f.seek(-1, 1)
        f.write(bytes([byte[0] ^ 1]))


def copy_of(path):
    to = os.path.join(ROOM, "damaged")
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(path, to)
    return to


def one_of_each_kind(path):
    """A file of each kind that a backup has, by the names in its list."""
    kinds = {}
    for line in manifest(path):
        if not line.startswith("file ") or line.split(" ")[2] == "0":
            continue
        name = line.split(" ")[3]
        kind = re.sub(r"\d+_\d+_\d+_\d+(_\d+)?|[0-9a-f-]{36}|store/[0-9a-f]{3}|[0-9a-f]{16}", "N",
                      name)
        kinds.setdefault(kind, name)
    return kinds


def refused(name, path, *args):
    """verify and restore both say no, and no state directory is begun."""
    new = os.path.join(ROOM, "never")
    verified = run("backup", "verify", path)
    restored = run("restore", path, "--state", new, *(args or ("--without-keys",)))
    return check(name, verified.returncode == 1 and restored.returncode == 1 and
                 verified.stderr.startswith("mimamori: ") and not os.path.exists(new),
                 (said(verified), said(restored)))


def while_lines_come_in(stage):
    """Three backups while the pilot plays, one at rest; what the state held then."""
    played, outs = [], []
    t = threading.Thread(target=lambda: played.append(
        stage.play("--seed", "7", "--days", "60", "--incidents", "c2@seed", timeout=600)))
    t.start()
    stage.wait(lambda: int(stage.events("SELECT count() FROM events")[0][0]) > 0, 60, "first rows")
    for _ in range(3):
        outs.append(stage.run("backup", DIR, "--with-keys"))
        time.sleep(1.1)
    t.join()
    truth = played[0]
    check("backups are made while lines come in", all(o.returncode == 0 for o in outs) and
          truth is not None, [said(o) for o in outs])
    stage.wait(lambda: stage.whole(truth["lines"]), 120, "all stored")
    check("the running system goes on: sent = stored, each once", stage.whole(truth["lines"]),
          stage.events("SELECT count(), uniqExact(seq), max(seq) FROM events WHERE queue = 0"))
    time.sleep(1.1)
    last = stage.run("backup", DIR)
    check("a backup at rest", last.returncode == 0, said(last))
    time.sleep(1.1)
    again = stage.run("backup", DIR)
    said_bytes = re.search(r"files, (\d+) bytes.*, (\d+) bytes;", again.stdout)
    check("the next one writes only what is new", said_bytes is not None and
          int(said_bytes.group(2)) < int(said_bytes.group(1)) // 2, said(again))
    check("no half of a backup and no stage is left",
          len(os.listdir(DIR)) == len(backups()) + 1 and
          not os.path.exists(os.path.join(stage.state, "backup.tmp")), os.listdir(DIR))
    return truth


def restored_and_started(name, path, *keys):
    """A stage on what was restored; None when that failed."""
    stage = Stage()
    shutil.rmtree(stage.state)
    out = run("restore", path, "--state", stage.state, *keys)
    if not check(f"{name}: restored", out.returncode == 0, said(out)):
        return None
    stage.log.close()
    stage.log = open(os.path.join(ROOM, "log"), "w+", encoding="utf-8")
    stage.start()
    return stage


def goes_on(path, counts):
    """The backup made under load: all it had received is stored, the rest of its spool too."""
    position, _, below = queue(path)
    stage = restored_and_started("under load", path)
    if stage is None:
        return
    stage.wait(lambda: stage.whole(below - 1), 120, "the spool's rest")
    check(f"under load: received = stored, each once ({below - position} numbers behind the "
          "position)", stage.whole(below - 1),
          stage.events("SELECT count(), uniqExact(seq), max(seq) FROM events WHERE queue = 0"))
    check("under load: of each source as much", by_source(stage, below) == counts[path],
          (by_source(stage, below), counts[path]))
    rows, different = stage.events("SELECT count(), uniqExact(queue, seq, rule_id) FROM alerts")[0]
    stage.wait(lambda: int(rows) == counted(stage)[0], 30, "findings")
    check("under load: every alert is stored and counted once",
          rows == different and int(rows) == counted(stage)[0], (rows, different, counted(stage)))
    with socket.create_connection(("127.0.0.1", stage.tcp)) as s:
        s.sendall(b"<13>Nov 20 10:00:00 srv app: after the restore\n" * 100)
    stage.wait(lambda: stage.whole(below - 1 + 100), 60, "new lines")
    check("under load: new lines get the numbers behind", stage.whole(below - 1 + 100),
          stage.events("SELECT count(), uniqExact(seq), max(seq) FROM events WHERE queue = 0"))
    stage.stop()
    shutil.rmtree(stage.state)


def equals(path, before, keys_of):
    """The backup made at rest, without keys: cases and a search are what they were."""
    out = run("restore", path, "--state", os.path.join(ROOM, "x"))
    check("a backup without keys asks for them and says what fails without",
          out.returncode == 2 and "--keys" in out.stderr and "tokens" in out.stderr and
          not os.path.exists(os.path.join(ROOM, "x")), said(out))
    stage = restored_and_started("at rest", path, "--keys", keys_of)
    if stage is None:
        return
    check("at rest: the same cases", cases(stage) == before["cases"], cases(stage))
    check("at rest: a search finds the same", search(stage) == before["search"])
    with open(os.path.join(stage.state, "key"), "rb") as a, \
            open(os.path.join(keys_of, "key"), "rb") as b:
        check("at rest: the same key", a.read() == b.read())
    check("at rest: the operator's rules are there",
          os.path.exists(os.path.join(stage.state, "rules", "mine", "a rule.txt")))
    stage.stop()
    out = run("restore", path, "--state", stage.state, "--without-keys")
    check("nothing is restored over a state", out.returncode == 1 and "empty" in out.stderr,
          said(out))
    shutil.rmtree(stage.state)


def without_keys(path):
    """A backup that has keys, without them."""
    new = os.path.join(ROOM, "without")
    out = run("restore", path, "--state", new, "--without-keys")
    check("without its keys: none is there, and what fails is said", out.returncode == 0 and
          "new certificate" in out.stdout and os.path.exists(os.path.join(new, "records.db")) and
          not os.path.exists(os.path.join(new, "key")), said(out))
    shutil.rmtree(new)


def leads_away(path):
    """Whoever hands over a backup lays a link where verify works: what it leads to is not ours."""
    bad, kept = copy_of(path), os.path.join(ROOM, "kept")
    os.makedirs(os.path.join(kept, "deeper"))
    os.symlink(kept, bad + ".check")
    out = run("backup", "verify", bad)
    check("verify removes nothing that a link leads to", out.returncode == 0 and
          os.path.exists(os.path.join(kept, "deeper")), said(out))


def damage(path):
    for kind, name in sorted(one_of_each_kind(path).items()):
        bad = copy_of(path)
        flip(os.path.join(bad, name.replace("%20", " ")))
        refused(f"one bit of {kind} changed: refused", bad)
    bad = copy_of(path)
    name = next(line.split(" ")[3] for line in manifest(path) if line.endswith("/data.bin"))
    os.unlink(os.path.join(bad, name))
    refused("a missing file: refused", bad)
    bad = copy_of(path)
    os.unlink(os.path.join(bad, "manifest"))
    refused("half-written (no list): refused", bad)
    bad = copy_of(path)
    os.truncate(os.path.join(bad, "manifest"), os.path.getsize(os.path.join(bad, "manifest")) - 200)
    refused("a list that is cut short: refused", bad)
    bad = copy_of(path)
    resealed(bad, lambda t: re.sub(r"^mimamori-backup 1\nprogram \S+",
                                   "mimamori-backup 2\nprogram 9.9.9", t))
    refused("a newer form of backup: refused", bad)
    check("and the release that is needed is told", "9.9.9" in run("backup", "verify", bad).stderr)
    bad = copy_of(path)
    resealed(bad, lambda t: t.replace("\nstate 1\n", "\nstate 2\n", 1))
    refused("a newer layout of the state: refused", bad)
    bad = copy_of(path)
    resealed(bad, lambda t: re.sub(r"table events rows \d+", "table events rows 1", t))
    refused("a list made anew by somebody without the key: refused", bad)


def killed(path):
    """A restore that dies leaves what says so."""
    new = os.path.join(ROOM, "killed")
    p = subprocess.Popen([os.path.join(BUILD, "mimamori-restore"), path, "--state", new],
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    version = os.path.join(new, "VERSION")
    until = time.monotonic() + 30
    while not os.path.exists(version) and time.monotonic() < until:
        time.sleep(0.001)
    p.send_signal(signal.SIGKILL)
    p.wait()
    serve = run("serve", "--state", new)
    check("a killed restore: serve refuses what it left", serve.returncode == 1 and
          "not finished" in serve.stderr, said(serve))
    other = run("company", "list", "--state", new)
    check("a killed restore: other programs refuse it as well", other.returncode != 0 and
          "not finished" in other.stderr, said(other))
    again = run("restore", path, "--state", new)
    check("a killed restore: nor is it restored over", again.returncode == 1, said(again))
    shutil.rmtree(new)
    again = run("restore", path, "--state", new)
    check("a killed restore: once removed, the next one is whole", again.returncode == 0 and
          run("company", "list", "--state", new).returncode == 0, said(again))
    shutil.rmtree(new)


def full_disk(stage):
    """On a small file system of its own, when the test may mount one."""
    room = os.path.join(ROOM, "small")
    script = (f"mount -t tmpfs -o size=2m small {room} && "
              f"{BUILD}/mimamori-backup {room}/b --state {stage.state}; "
              f"echo $? >{ROOM}/status; ls -A {room}/b >{ROOM}/left")
    os.mkdir(room)
    out = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, text=True,
                         check=False, timeout=120)
    if not os.path.exists(os.path.join(ROOM, "left")):
        print("# no mount namespace: a full disk is not tried")
        return
    with open(os.path.join(ROOM, "left"), encoding="utf-8") as f:
        left = [n for n in f.read().split() if n != "lock"]
    with open(os.path.join(ROOM, "status"), encoding="utf-8") as f:
        status = f.read().strip()
    check("a full disk: said, and nothing is left there or in the state", status == "1" and
          "no space" in out.stderr and left == [] and
          not os.path.exists(os.path.join(stage.state, "backup.tmp")), (status, out.stderr, left))


def begun(stage):
    """A backup that is stopped at its work; most are done before they can be stopped."""
    for _ in range(50):
        time.sleep(1.1)  # their names are seconds
        at_work = subprocess.Popen([os.path.join(BUILD, "mimamori-backup"), DIR, "--state",
                                    stage.state], stderr=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL)
        while at_work.poll() is None and not unfinished():
            pass
        at_work.send_signal(signal.SIGSTOP)
        time.sleep(0.1)
        if at_work.poll() is None and unfinished():
            return at_work
        at_work.send_signal(signal.SIGCONT)
        at_work.wait()
    raise AssertionError("no backup was seen at work")


def main():
    with Stage() as stage:
        os.makedirs(os.path.join(stage.state, "rules", "mine"))
        with open(os.path.join(stage.state, "rules", "mine", "a rule.txt"), "w",
                  encoding="utf-8") as f:
            f.write("mine\n")
        while_lines_come_in(stage)
        all_of_them = [os.path.join(DIR, n) for n in backups()]
        if not check("five backups", len(all_of_them) == 5, all_of_them):
            done()
        # All were made while the first ones' lines were on their way.
        loaded = max(all_of_them[:3], key=lambda p: queue(p)[2] - queue(p)[0])
        counts = {loaded: by_source(stage, queue(loaded)[2])}
        before = {"cases": cases(stage), "search": search(stage)}
        check("there are cases, and the search finds something",
              len(before["cases"]) > 0 and before["search"].count("\n") > 1, before)
        out = run("backup", "verify", all_of_them[-1], "--key", os.path.join(stage.state, "key"))
        check("verify: the last one is good and ours", out.returncode == 0 and "good" in out.stdout,
              said(out))
        full_disk(stage)
        one = begun(stage)
        out = stage.run("backup", DIR)
        one.send_signal(signal.SIGCONT)
        check("two at once: one is made, the other one says why not",
              out.returncode == 1 and "another backup" in out.stderr and one.wait(60) == 0,
              (said(out), one.returncode))
        dies = begun(stage)
        dies.kill()
        dies.wait()
        left = unfinished()
        time.sleep(1.1)
        out = stage.run("backup", DIR)
        check("a killed backup is none, and the next one takes away what it left",
              left != [] and out.returncode == 0 and
              unfinished() == [] and
              not os.path.exists(os.path.join(stage.state, "backup.tmp")), (left, said(out)))
        stage.serve.kill()
        stage.serve.wait()
        for name in ("intake", "engine", "eventd", "worker"):
            stage.kill(name)
        time.sleep(1)
        off = stage.run("backup", os.path.join(ROOM, "off"))
        check("a backup of a system that does not run", off.returncode == 0, said(off))
        keys = os.path.join(ROOM, "keys")
        os.mkdir(keys)
        shutil.copy(os.path.join(stage.state, "key"), keys)
    goes_on(loaded, counts)
    equals(all_of_them[3], before, keys)
    killed(loaded)
    without_keys(loaded)
    leads_away(loaded)
    damage(loaded)
    out = run("backup", "verify", os.path.join(ROOM, "off"))
    check("verify: the one made at rest without the system is good", out.returncode == 0, said(out))


try:
    main()
finally:
    shutil.rmtree(ROOM, ignore_errors=True)
done()
