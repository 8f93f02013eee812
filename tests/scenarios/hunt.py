"""hunt.py - `mimamori hunt` over SigmaHQ's regression data: each rule finds the event logs that
were recorded for it, and what is found in an event log is what is found in the JSON that another
reader made of it; packed, in pieces and as many at once as there are cores it is the same.

Needs $MIMAMORI_CORPORA with sigma/ (tests/corpora.sh lays it out); else it is skipped.
Run: hunt.py BUILD-DIR SOURCE-DIR
"""
import collections
import gzip
import json
import lzma
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile

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


LINE = "Nov 20 12:59:58 gw sshd[1]: Failed password for marked from 192.0.2.1 port 5 ssh2\n"
IPS = ('<185>date=2026-11-20 time=13:06:59 devname="FGT60F-HQ" devid="FGT60FTK20990001" '
       'eventtime=1795147619123456789 tz="+0900" logid="0419016384" type="utm" subtype="ips" '
       'eventtype="signature" level="alert" vd="root" severity="critical" srcip=203.0.113.99 '
       'dstip=192.168.1.80 action="%s" proto=6 service="HTTP" policyid=7 '
       'attack="Example.Remote.Code.Execution" srcport=42100 dstport=80\n')
IPS_RULE = """title: Struck
id: 33333333-2222-4333-8444-555555555556
status: test
logsource:
  category: ids
detection:
  struck:
    event.category: intrusion_detection
  condition: struck
level: critical
"""


def write(folder, name, content):
    path = os.path.join(folder, name)
    with open(path, "wb") as f:
        f.write(content if isinstance(content, bytes) else content.encode())
    return path


def names_in_archives(folder, rule):
    """Members are read whatever they are called."""
    corpus = os.path.join(sys.argv[2], "tests", "corpus", "archive")
    for kind, logs, named in (("zip", 4, ["\u53d7\u4fe1.log", "#3"]),
                              ("tar", 4, ["\u53d7\u4fe1.log", "#4"]),
                              ("7z", 2, ["\u53d7\u4fe1.log"])):
        path = os.path.join(folder, "names." + kind)
        shutil.copy(os.path.join(corpus, "names-" + kind), path)
        _, out = own(path, "--summary", "--json")
        files = json.loads(out)["files"]
        read = [f["path"] for f in files if f["state"] == "read" and f["events"] > 0]
        check(f"all members of a {kind} are read, and have names", len(read) == logs and
              all(any(one.endswith("!" + n) for one in read) for n in named), files)
    path = os.path.join(folder, "many.zip")
    with zipfile.ZipFile(path, "w") as z:
        for name in ("\u53d7\u4fe1.log", "\u30ed\u30b0.log", "plain.log"):
            z.writestr(name, LINE)
    status, out = own(path, "--rules", rule)
    check("what is in each of them is found", status == 11 and "3 alerts" in out, out)


def bombs(folder):
    """What is unpacked only to be passed over counts."""
    zeros = bytes(1 << 20)
    packer = lzma.LZMACompressor(preset=0)
    head = tarfile.TarInfo("zeros")
    head.size = 300 << 20
    parts = [packer.compress(head.tobuf())] + [packer.compress(zeros) for _ in range(300)]
    path = write(folder, "zeros.tar.xz", b"".join(parts + [packer.flush()]))
    status, out = own(path)
    check("a bomb that is no log is a bomb", status == 3 and "grows out of" in out, out)
    path = write(folder, "twice.gz", gzip.compress(gzip.compress(LINE.encode())))
    status, out = own(path)
    check("what is packed twice is named", status == 3 and "an archive in" in out, out)


def nothing_read(folder, rule):
    """Where nothing was read nothing is said to be fine."""
    top = os.path.join(folder, "linked")
    os.mkdir(top)
    check("an empty folder is not read", own(top)[0] == 3)
    log = write(folder, "bad.log", LINE)
    os.symlink(log, os.path.join(top, "bad.log"))
    status, out = own(top)
    check("a link is named", status == 3 and "bad.log: a link" in out, out)
    end, other = os.pipe()
    os.write(other, LINE.encode())
    os.close(other)
    out = subprocess.run([HUNT, "--rules", rule, f"/dev/fd/{end}"], pass_fds=[end], check=False,
                         capture_output=True, text=True, env=dict(
                             os.environ, MIMAMORI_CONTENT=os.path.join(sys.argv[2], "content")))
    os.close(end)
    check("a pipe that is named is read", out.returncode == 11, out)
    path = write(folder, "a.rar", b"Rar!\x1a\x07\x01\0" + bytes(range(256)))
    status, out = own(log, path)
    check("an archive of another kind is named", status == 3 and "a.rar: an archive or" in out, out)
    for n in (1, 64, 5000):
        path = write(folder, f"nuls-{n}.log", bytes(n) + LINE.encode())
        status, out = own(path, "--rules", rule)
        check(f"{n} NULs hide nothing", status == 11 and "1 alerts" in out, out)
    path = write(folder, "odd.log", "Nov 20 12:59:57 gw a\0b: " + "x" * 99 + "\n" + LINE)
    check("nor does one in a line", own(path, "--rules", rule)[0] == 11)


def documents(folder, rule):
    """A first line that looks like a document does not hide the lines below it."""
    for first in ("[{}]", '{"note": 1,', '{"value": [{}]}'):
        path = write(folder, "first.log", first + "\n" + LINE)
        check(f"{first} hides no line", own(path, "--rules", rule)[0] == 11)
    for first in ('{"note": 1,\n"x": 2,', "[{},", "<Event>", "<?xml", '{"value": [{}],'):
        path = write(folder, "first.log", first + "\n" + LINE)
        status, out = own(path, "--rules", rule)
        check(f"{first!r} is told", status == 11 or (status == 3 and "1 broken places" in out), out)
    inside = '{"note": 1,\n"x": 2,\n' + LINE + "}\n"
    path = write(folder, "first.log", inside)
    status, out = own(path, "--rules", rule)
    check("nor do braces around lines", status == 11 and "1 broken places" in out, out)


def prevented(folder):
    """What was stopped is no intrusion, however often it is listed."""
    rule = write(folder, "ips.yml", IPS_RULE)
    for action, status in (("dropped", 13), ("detected", 14)):
        path = write(folder, "ips.log", (IPS % action) * 3)
        got, out = own(path, "--rules", rule, "--most", "1")
        check(f"{action} is {status}", got == status, out)
    path = write(folder, "ips.log", IPS % "dropped")
    _, out = own(path, "--rules", rule, "--summary")
    check("the page says that it was stopped", "[high] Struck  (prevented)" in out, out)


def hiding():
    """None of these may end in "nothing found, everything read"."""
    with tempfile.TemporaryDirectory() as folder:
        rule = write(folder, "rule.yml", RULE)
        names_in_archives(folder, rule)
        bombs(folder)
        nothing_read(folder, rule)
        documents(folder, rule)
        prevented(folder)


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
    hiding()
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
