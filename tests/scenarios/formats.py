"""formats.py - formats come and go while the engine runs, and what lines say of a device is seen.

A device that nobody reads sends lines; a format of them is added, and the next lines are read. A
broken file changes nothing of what is in force. What a page wished for is done by the worker. A
source that is entered as a Palo Alto and sends FortiGate's lines is a finding.
"""
import os
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from senders import PAGE_BINDINGS, Company, Tcp, companies, page  # noqa: E402
from stage import BUILD, Stage, check, done  # noqa: E402

DOOR = """format: door
title: {ja: 'Door', en: 'Door'}
wrap: syslog
timeless: true
prefix: door.
recognise:
  - app: ['doord']
decode: pattern
set: {event.category: 'authentication', event.outcome: 'success'}
patterns:
  - is: 'opened by user {user.name:last} from {source.ip:ip}'
"""
STEPS = """format: steps
title: {ja: 'Steps', en: 'Steps'}
timeless: true
recognise:
  - starts: ['BEGIN ']
multiline: {starts: 'BEGIN {:rest}'}
decode: pattern
set: {event.category: 'process', event.outcome: 'success'}
patterns:
  - is: 'BEGIN job of {user.name:to} {:rest}'
"""
FORTI = ('<189>date=2026-11-20 time=10:00:{:02d} devname="fw1" devid="FGT60F0000000001" '
         'logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" '
         'srcip=192.168.1.20 srcport={} dstip=203.0.113.9 dstport=443 proto=6 action="accept" '
         'policyid=1 service="HTTPS" sentbyte=100 rcvdbyte=200 sessionid={}')


RULE = """title: Rule {0}
id: {0}
logsource:
  category: proxy
detection:
  s:
    host.name: x
  condition: s
"""


def opened(user):
    return f"<13>Nov 20 10:00:00 gate doord[7]: opened by user {user} from 192.0.2.7"


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def read_as(stage, user):
    rows = stage.events("SELECT format, bitAnd(flags, 1) FROM events WHERE position(original, "
                        f"'user {user} ') > 0")
    return rows[0] if rows else None


def log_of(stage):
    stage.log.flush()
    with open(stage.log.name, encoding="utf-8", errors="replace") as f:
        return f.read()


def reads(stage, tcp, name, want):
    """Lines are sent until one is read as wanted: the engine looks every two seconds, and shards
    are replaced at a position. What the last one was read as."""
    got = None
    for i in range(60):
        user = f"{name}{i}"
        tcp.lines([opened(user)])
        stage.wait(lambda u=user: read_as(stage, u) is not None, 30, f"{user} stored")
        got = read_as(stage, user)
        if got == want:
            break
        time.sleep(0.3)
    return got


def wish(stage, verb, name, yaml, what="format", test=""):
    """What the portal writes (coverage/wish.c, job/job.c)."""
    db = sqlite3.connect(f"{stage.state}/records.db", timeout=30)
    now = int(time.time() * 1e6)
    with db:
        at = db.execute("INSERT INTO format_wish(company, verb, name, yaml, test, user, who, "
                        "state, why, wished_us, what) VALUES (0, ?, ?, ?, ?, 0, 'test', "
                        "'waiting', '', ?, ?)", (verb, name, yaml, test, now, what)).lastrowid
        db.execute("INSERT INTO job(company, kind, subject, state, attempts, not_before_us, "
                   "lease_us, last_error, created_us, finished_us) VALUES (0, ?, ?, "
                   "'queued', 0, ?, 0, '', ?, NULL)",
                   ("format" if what == "format" else "rule", at, now, now))
    db.close()
    return at


def folder_id(path):
    """The folder as the portal names it in a wish (os/file.h, mm_dir_id): inode and birth."""
    out = subprocess.run(["stat", "-c", "%i %W %w", path], check=True, text=True,
                         stdout=subprocess.PIPE, env={**os.environ, "TZ": "UTC"}).stdout
    inode, born, _, clock, _ = out.split()
    return f"{int(inode):x}-{int(born):x}-{int(clock.split('.')[1]):x}"


def state_of(stage, at):
    return stage.records("SELECT state, why FROM format_wish WHERE wish = ?", at)[0]


with Stage("eventd engine intake worker") as stage:
    own = os.path.join(stage.state, "formats")
    sender = companies(stage, 1)[0]
    tcp = Tcp(stage, sender)
    got = reads(stage, tcp, "alice", ["", "1"])
    check("a line of an unknown device is kept unread", got == ["", "1"], got)

    write(os.path.join(own, "door.yaml"), DOOR)
    got = reads(stage, tcp, "bob", ["door", "0"])
    check("a format added at run time reads the next lines", got == ["door", "0"], got)

    write(os.path.join(own, "bad.yaml"),
          DOOR.replace("door", "bad").replace("recognise", "recognize"))
    stage.wait(lambda: log_of(stage).count("format refused: bad.yaml:6:1") >= 2, 30, "refused")
    check("a broken one is refused with its line and column",
          "format refused: bad.yaml:6:1" in log_of(stage), log_of(stage)[-500:])
    tcp.lines([opened("carol")])
    stage.wait(lambda: read_as(stage, "carol") is not None, 30, "carol stored")
    check("while those in force stay", read_as(stage, "carol") == ["door", "0"],
          read_as(stage, "carol"))
    os.unlink(os.path.join(own, "bad.yaml"))

    at = wish(stage, "remove", "door", "")
    stage.wait(lambda: state_of(stage, at)[0] != "waiting", 30, "the wish is granted")
    check("the worker takes a format away", state_of(stage, at) == ("done", "")
          and not os.path.exists(os.path.join(own, "door.yaml")), state_of(stage, at))
    got = reads(stage, tcp, "dave", ["", "1"])
    check("and its lines are unread again", got == ["", "1"], got)
    at = wish(stage, "add", "door2", DOOR.replace("format: door", "format: door2"))
    got = reads(stage, tcp, "erin", ["door2", "0"])
    check("what a page wished for is in force", got == ["door2", "0"]
          and state_of(stage, at)[0] == "done", (got, state_of(stage, at)))
    refused = wish(stage, "add", "fortigate", DOOR)
    escaped = wish(stage, "add", "../door", DOOR)
    stage.wait(lambda: state_of(stage, escaped)[0] != "waiting", 30, "refused")
    check("no wish takes a name of ours or leaves the folder",
          [state_of(stage, w)[0] for w in (refused, escaped)] == ["refused", "refused"]
          and not os.path.exists(os.path.join(stage.state, "door.yaml")),
          (state_of(stage, refused), state_of(stage, escaped)))

    rules = os.path.join(stage.state, "rules")
    at = wish(stage, "add", "rule-1", RULE.format("rule-1"), "rule")
    stage.wait(lambda: state_of(stage, at)[0] != "waiting", 30, "the rule's wish is granted")
    made = os.path.join(rules, "pages/rule-1.yml")
    check("the worker writes a rule of a page", state_of(stage, at) == ("done", "")
          and os.path.exists(made), state_of(stage, at))
    at = wish(stage, "remove", "rule-1", "", "rule")
    escaped = wish(stage, "add", "../rule", RULE.format("x"), "rule")
    stage.wait(lambda: state_of(stage, escaped)[0] != "waiting", 30, "the rule's wish is refused")
    check("and takes it away; none leaves the folder", state_of(stage, at) == ("done", "")
          and state_of(stage, escaped)[0] == "refused" and not os.path.exists(made)
          and not os.path.exists(os.path.join(rules, "rule.yml")),
          (state_of(stage, at), state_of(stage, escaped)))
    for name in ("old", "new"):
        write(os.path.join(stage.state, f"from-{name}", f"{name}.yml"), RULE.format(name))
        subprocess.run([os.path.join(BUILD, "mimamori-rules"), "update", "--yes", "--state",
                        stage.state, os.path.join(stage.state, f"from-{name}")], check=True,
                       stdout=subprocess.DEVNULL)
    at = wish(stage, "remove", "sigmahq", "", "set", folder_id(os.path.join(rules, "sigmahq")))
    nothing = wish(stage, "remove", "pages", "", "set")
    stage.wait(lambda: state_of(stage, nothing)[0] != "waiting", 30, "the set's wish is granted")
    check("a set goes back to its former state, and only where there is one",
          state_of(stage, at) == ("done", "") and state_of(stage, nothing)[0] == "refused"
          and os.path.exists(os.path.join(rules, "sigmahq/old.yml"))
          and not os.path.exists(os.path.join(rules, "sigmahq/new.yml")),
          (state_of(stage, at), state_of(stage, nothing)))

    # Records of several lines, as a format of the operator's says it.
    write(os.path.join(own, "steps.yaml"), STEPS)
    path = os.path.join(stage.state, "steps.log")
    write(path, "BEGIN job of frank\n one\n two\nBEGIN job of grace\n three\n")
    said = subprocess.run([os.path.join(BUILD, "mimamori-ingest"), "--company", "c1",
                           "--format", "steps", "--json", "--state", stage.state, path],
                          env=stage.env, check=False, capture_output=True, text=True)
    check("ingest knows records of the operator's own format",
          said.stdout.startswith('{"stored":2,'), said.stdout + said.stderr)

    other = Company(stage, 2, format="palo-alto")
    stage.wait(lambda: page(stage, PAGE_BINDINGS) >= 2, 20, "intake knows it")
    more = Tcp(stage, other)
    more.lines([FORTI.format(i % 60, 1024 + i, i) for i in range(200)])
    stage.wait(lambda: stage.records("SELECT count(*) FROM finding WHERE kind = 'format_other'")
               [0][0] > 0, 60, "the finding")
    found = stage.records("SELECT company, entity, state FROM finding WHERE kind = 'format_other'")
    check("a FortiGate that is entered as a Palo Alto is a finding of its company",
          [(f[0], f[1]) for f in found] == [(other.id, str(other.source))], found)
    more.end()
    tcp.end()
    check("the engine ends within ten seconds", stage.stop() < 10)
done()
