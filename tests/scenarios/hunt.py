"""hunt.py - `mimamori hunt` over SigmaHQ's regression data: each rule finds the event logs that
were recorded for it, and what is found in an event log is what is found in the JSON that another
reader made of it; packed, in pieces and as many at once as there are cores it is the same.

Needs $MIMAMORI_CORPORA with sigma/ (tests/corpora.sh lays it out); else it is skipped.
Run: hunt.py BUILD-DIR SOURCE-DIR
"""
import collections
import json
import lzma
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

sys.path.insert(0, os.path.dirname(__file__))
from stage import check, done  # noqa: E402

CORPUS = os.path.join(os.environ.get("MIMAMORI_CORPORA", ""), "sigma")
ROOT = os.path.join(CORPUS, "regression_data")
HUNT = os.path.join(sys.argv[1], "src", "app", "mimamori-hunt")
RULES = ["rules", "rules-emerging-threats", "rules-threat-hunting"]
# Where the two ways differ, and why: the JSON of another reader is not always the whole event.
KNOWN = {}


def hunt(path, *options):
    """([alerts], what stands on standard error)."""
    rules = [word for r in RULES for word in ("--rules", os.path.join(CORPUS, r))]
    out = subprocess.run([HUNT, "--json", "--most", "0", "--lang", "en", *rules, *options, path],
                         capture_output=True, text=True, check=False,
                         env=dict(os.environ, MIMAMORI_CONTENT=os.path.join(sys.argv[2],
                                                                            "content")))
    return [json.loads(line) for line in out.stdout.splitlines()], out.stderr


def own(path, *options):
    """(exit status, standard output): tables with the rules that come along."""
    out = subprocess.run([HUNT, "--lang", "en", *options, path], capture_output=True, text=True,
                         check=False, env=dict(os.environ, MIMAMORI_CONTENT=os.path.join(
                             sys.argv[2], "content")))
    return out.returncode, out.stdout


def bomb(path):
    """An event log of empty chunks, 400 MB of them, in some 60 kB."""
    packer, zeros = lzma.LZMACompressor(preset=0), bytes(1 << 20)
    with open(path, "wb") as f:
        f.write(packer.compress(b"ElfFile\0" + bytes(4088)))
        for _ in range(400):
            f.write(packer.compress(zeros))
        f.write(packer.flush())


def archives():
    """What archives can do to a reader."""
    corpus = os.path.join(sys.argv[2], "tests", "corpus", "archive")
    with tempfile.TemporaryDirectory() as folder:
        def put(sample, name):
            shutil.copy(os.path.join(corpus, sample), os.path.join(folder, name))
        bomb(os.path.join(folder, "bomb.xz"))
        put("locked-zip", "locked.zip")
        put("torn-zip", "torn.zip")
        with tarfile.open(os.path.join(folder, "outer.tar"), "w") as tar:
            tar.add(os.path.join(corpus, "gz"), arcname="inner.gz")
        status, out = own(folder)
        check("what packs too well is given up", "bomb.xz: packed, and grows" in out, out)
        check("encrypted members are named", "locked.zip!a.log: encrypted" in out, out)
        check("a torn archive is named", "torn.zip" in out, out)
        check("an archive in an archive is named", "outer.tar!inner.gz: an archive in" in out, out)
        check("nothing found and not all read is 3", status == 3, status)
        os.unlink(os.path.join(folder, "bomb.xz"))
        _, out = own(folder, "--password", "infected")
        check("a password opens it", "locked.zip" not in out, out)


RULE = """title: Marked
id: 33333333-2222-4333-8444-555555555555
status: test
logsource:
  product: linux
  service: sshd
detection:
  marked:
    user.name: marked
  condition: marked
level: low
"""


def large_files():
    """A file of lines that several readers share: no line is lost, doubled or torn."""
    line = "Nov 20 12:59:58 gw sshd[1]: Failed password for %s from 192.0.2.1 port 5 ssh2\n"
    with tempfile.TemporaryDirectory() as folder:
        log, rule = os.path.join(folder, "a.log"), os.path.join(folder, "rule.yml")
        with open(rule, "w", encoding="ascii") as f:
            f.write(RULE)
        size, number, marked = 0, 0, []
        with open(log, "w", encoding="ascii") as f:
            while size < 50 << 20:
                number += 1
                who = "marked" if number % 9973 == 0 else "u" * (number % 97 + 1)
                marked += [number] if who == "marked" else []
                size += f.write(line % who)
        out = subprocess.run([HUNT, "--json", "--most", "0", "--lang", "en", "--jobs", "2",
                              "--rules", rule, log], capture_output=True, text=True, check=False,
                             env=dict(os.environ, MIMAMORI_CONTENT=os.path.join(
                                 sys.argv[2], "content")))
        found = [json.loads(one)["record"] for one in out.stdout.splitlines()]
        check("every line of a shared file is read once", f"{number:,} records (0 not" in
              out.stderr, out.stderr)
        check("lines keep their numbers", found == marked, (found[:9], marked[:9]))
        web, size, number = os.path.join(folder, "web.log"), 0, 4
        with open(web, "w", encoding="ascii") as f:
            f.write("#Software: Microsoft Internet Information Services 10.0\n#Version: 1.0\n"
                    "#Date: 2026-11-20 00:00:00\n#Fields: date time c-ip cs-method cs-uri-stem "
                    "cs-uri-query s-port sc-status time-taken\n")
            while size < 36 << 20:
                size += f.write(f"2026-11-20 03:59:00 192.0.2.1 GET /{number} - 443 200 9\n")
                number += 1
        _, out = own(web)
        check("later parts know the columns that the first lines name",
              f"{number:,} records (0 not" in out, out[:400])


def by_file(alerts, root):
    found = collections.defaultdict(collections.Counter)
    for a in alerts:
        found[os.path.relpath(a["file"].split("!")[-1], root)][a["rule.id"]] += 1
    return found


def expected():
    """(event log, rule) of each info.yml that promises a match."""
    for top, _, names in sorted(os.walk(ROOT)):
        if "info.yml" not in names:
            continue
        with open(os.path.join(top, "info.yml"), encoding="utf-8") as f:
            text = f.read()
        rules = re.findall(r"^\s+- id:\s*(\S+)", text.split("regression_tests_info")[0], re.M)
        for path in re.findall(r"^\s+path:\s*(\S+\.evtx)", text, re.M):
            yield os.path.relpath(os.path.join(CORPUS, path), ROOT), rules


def main():
    archives()
    large_files()
    if not os.path.isdir(ROOT):
        print("# the rest needs a corpus")
        done()
    alerts, said = hunt(ROOT, "--jobs", "1")
    found = by_file(alerts, ROOT)
    logs = {path: rules for path, rules in expected()}
    silent = [(path, rule) for path, rules in logs.items() for rule in rules
              if rule not in found[path]]
    print(f"# {len(logs)} event logs, {len(alerts)} alerts; silent: {len(silent)}")
    for path, rule in silent:
        print(f"#   {rule} {path}")
    check("each rule finds the event log recorded for it", len(logs) > 100 and not silent)
    differ = []
    for path in logs:
        beside = path[:-len("evtx")] + "json"
        if os.path.exists(os.path.join(ROOT, beside)) and path not in KNOWN \
                and found[path] != found[beside]:
            differ.append(path)
            print(f"#   {path}: {found[path] - found[beside]} {found[beside] - found[path]}")
    check("the JSON of another reader gives the same alerts", not differ)
    more, _ = hunt(ROOT, "--jobs", "4")
    check("as many readers as you like give the same list", more == alerts)
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(os.path.join(folder, "all.tar.xz"), "w:xz") as tar:
            tar.add(ROOT, arcname=".", filter=lambda m: m)
        packed, _ = hunt(folder)
    check("packed they give the same alerts",
          collections.Counter((a["rule.id"], os.path.normpath(a["file"].split("!")[-1]),
                               a["record"]) for a in packed) ==
          collections.Counter((a["rule.id"], os.path.relpath(a["file"], ROOT), a["record"])
                              for a in alerts))
    check("nothing was broken", "0 broken places" in said)
    done()


if __name__ == "__main__":
    main()
