"""erase.py - a company that leaves gets everything that is kept of it; then nothing of it is left
in any file of the state, and what is kept of others is what it was.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(__file__))
from senders import Tcp, companies, failed_login, register  # noqa: E402
from stage import BUILD, Stage, check, done  # noqa: E402

ROOM = tempfile.mkdtemp(prefix="mm-erase-")
CANARY = "Zwitscherling"  # stands in every text of the company that goes
OTHER = "Bleibender"


def files_with(state, text):
    """Files that hold the text as it is, compressed ones too: its first bytes are literal there."""
    found = []
    for folder, _, names in os.walk(state):
        for name in names:
            path = os.path.join(folder, name)
            # What an earlier socket left is no file; the stage's own log is not the state's.
            if not os.path.isfile(path) or path == os.path.join(state, "log"):
                continue
            with open(path, "rb") as f:
                if text.encode() in f.read():
                    found.append(os.path.relpath(path, state))
    return found


def lines_of(word, count):
    return [failed_login(word, f"{word}-{i}-" + os.urandom(24).hex(), i % 60) for i in range(count)]


def rows(stage, company):
    return int(stage.events("SELECT count() FROM events WHERE company = {c:UInt32}",
                            c=company.id)[0][0])


def said(out):
    return (out.returncode, out.stdout, out.stderr)


def jsonl(*path):
    with open(os.path.join(*path), encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def exported(stage, goes, sent):
    to = os.path.join(ROOM, "export")
    out = stage.run("company", "export", "c1", to)
    if not check("export: made while everything runs", out.returncode == 0, said(out)):
        return
    events, table = jsonl(to, "events.jsonl"), os.path.join(to, "records")
    texts = {e["event"]["event.original"] for e in events}
    check("export: every line that was sent, and no other", texts == set(sent) and
          len(events) == len(sent), (len(events), len(texts), len(sent)))
    check("export: the company and its devices", jsonl(table, "company.jsonl")[0]["name"] ==
          CANARY + " Inc" and jsonl(table, "device.jsonl")[0]["name"] == CANARY + "-device")
    check("export: what was done in it", any(a["action"] == "device.add"
                                             for a in jsonl(table, "audit.jsonl")))
    check("export: nothing of another company", not files_with(to, OTHER), files_with(to, OTHER))
    check("export: no digest of a token, no login's secrets", not any(
        "digest" in t for t in jsonl(table, "token.jsonl")) and
        not os.path.exists(os.path.join(table, "credential.jsonl")))
    with open(os.path.join(to, "export.json"), encoding="utf-8") as f:
        whole = json.load(f)
    check("export: says how much it is", whole["events"] == len(sent) and
          whole["company"] == goes.id, whole)
    out = stage.run("company", "export", "c1", to)
    check("export: never into something", out.returncode == 1 and "empty" in out.stderr, said(out))


def refused(stage):
    out = stage.run("company", "erase", "c1")
    check("erase: first it only says what there is, and what to type", out.returncode == 0 and
          "events" in out.stdout and "--name" in out.stdout, said(out))
    out = stage.run("company", "erase", "c1", "--name", CANARY)
    check("erase: not with another name", out.returncode == 1 and "another name" in out.stderr,
          said(out))
    out = stage.run("company", "erase", "operator", "--name", "Mimamori")
    check("erase: never the operator", out.returncode == 1, said(out))


def leave_behind(stage):
    """What crashes leave: a segment that was never finished."""
    with open(os.path.join(stage.state, "spool", "q0", "%016x.new" % 99999), "w",
              encoding="utf-8") as f:
        f.write(CANARY)


def set_aside(stage):
    """Parts that the store set aside hold lines of any company, perhaps the only ones there are."""
    store = os.path.join(stage.state, "eventd", "store")
    table = next(folder for folder, dirs, _ in os.walk(store) if "detached" in dirs)
    part = os.path.join(table, "detached", "broken-on-start_202611_1_1_0")
    os.makedirs(part)
    with open(os.path.join(part, "data.bin"), "w", encoding="utf-8") as f:
        f.write(OTHER)
    before = files_with(stage.state, CANARY)
    out = stage.run("company", "erase", "c1", "--name", CANARY + " Inc")
    check("erase: refused while parts that were set aside may hold others' lines; nothing is gone",
          out.returncode == 1 and "detached" in out.stderr and
          os.path.exists(os.path.join(part, "data.bin")) and
          files_with(stage.state, CANARY) == before, said(out))
    shutil.rmtree(part)


def while_running(stage, stays):
    """A second company goes while everything runs: it stands still, and goes on."""
    goes = register(stage, "company", "--code", "c3", "--name", CANARY + " Ltd")["id"]
    register(stage, "device", "--company", "c3", "--name", CANARY + "-device", "--kind", "nas")
    pids = {p["name"]: p["pid"] for p in stage.programs()}
    out = stage.run("company", "erase", "c3", "--name", CANARY + " Ltd")
    check("erase: done while Mimamori runs", out.returncode == 0 and "records" in out.stdout,
          said(out))
    check("erase: every program was stopped for it and runs again", stage.wait(
        lambda: all(p["pid"] > 0 and p["ready"] and p["pid"] != pids[p["name"]]
                    for p in stage.programs()), 60, "programs"), stage.programs())
    check("erase: what ran has not written it again", not files_with(stage.state, CANARY),
          files_with(stage.state, CANARY))
    check("erase: the other company still has its lines", rows(stage, stays) == 3100 and goes > 0)


def main():
    with Stage() as stage:
        goes, stays = companies(stage, 2, token=True)
        for word, code in ((CANARY, "c1"), (OTHER, "c2")):
            stage.run("company", "set", code, "--name", word + " Inc", "--note", word + " note")
            register(stage, "device", "--company", code, "--name", word + "-device", "--kind",
                     "firewall")
            register(stage, "post", "--company", code, "--title", word + " chief")
        sent, others = lines_of(CANARY, 3000), lines_of(OTHER, 3000)
        Tcp(stage, goes).lines(sent)
        Tcp(stage, stays).lines(others)
        stage.wait(lambda: rows(stage, goes) == 3000 and rows(stage, stays) == 3000, 60, "rows")
        check("lines of both are stored", rows(stage, goes) == 3000 and rows(stage, stays) == 3000)
        exported(stage, goes, sent)
        refused(stage)
        stage.stop()
        leave_behind(stage)
        set_aside(stage)
        before = files_with(stage.state, CANARY)
        check("the text is in records, events and spool, and is found there", any(
            f.startswith("records.db") for f in before) and any(
                f.startswith("eventd") for f in before) and any(
                    f.startswith("spool") for f in before), before)
        for pause in (0.005, 0.02, 0.05):
            killed = subprocess.Popen(
                [os.path.join(BUILD, "mimamori-company"), "erase", "c1", "--name", CANARY + " Inc",
                 "--state", stage.state], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(pause)
            killed.kill()
            killed.wait()
            time.sleep(1)  # the store it had started ends as well
        check("erase: killed three times, it is still called what it was called",
              stage.run("company", "show", "c1").returncode == 0)
        began = time.monotonic()
        out = stage.run("company", "erase", "c1", "--name", CANARY + " Inc")
        print(f"# what was left of 3,000 of 6,000 events went in {time.monotonic() - began:.1f} s")
        check("erase: done, with a list of what went", out.returncode == 0 and
              "records" in out.stdout, said(out))
        check("erase: no file of the state holds the text", not files_with(stage.state, CANARY),
              files_with(stage.state, CANARY))
        again = stage.run("company", "erase", "erased-1", "--name", "erased")
        check("erase: once more is no harm", again.returncode == 0, said(again))
        stage.start()
        check("erase: no event of it, all of the other", rows(stage, goes) == 0 and
              rows(stage, stays) == 3000)
        check("erase: no alert of it", stage.events(
            "SELECT count() FROM alerts WHERE company = {c:UInt32}", c=goes.id) == [["0"]])
        out = stage.run("audit", "verify", "--company", "erased-1")
        check("erase: its audit chain is whole and says so", out.returncode == 0 and
              stage.records("SELECT count(*) FROM audit WHERE company = ? AND action = "
                            "'company.erase'", goes.id)[0][0] >= 1, said(out))
        check("erase: the other's records are there", len(files_with(stage.state, OTHER)) > 0 and
              stage.records("SELECT name FROM company WHERE code = 'c2'") == [(OTHER + " Inc",)])
        more = lines_of(OTHER, 100)
        Tcp(stage, stays).lines(more)
        stage.wait(lambda: rows(stage, stays) == 3100, 60, "new rows")
        total, numbers, last = stage.events(
            "SELECT count(), uniqExact(seq), max(seq) FROM events WHERE queue = 0")[0]
        check("erase: everything goes on, numbers too", rows(stage, stays) == 3100 and
              total == numbers == "3100" and last == "6100", (total, numbers, last))
        while_running(stage, stays)


try:
    main()
finally:
    shutil.rmtree(ROOM, ignore_errors=True)
done()
