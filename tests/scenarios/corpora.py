"""corpora.py - data nobody here wrote: recorded attacks (OTRF datasets) and the rules of SigmaHQ
go through the same path into alerts, findings and cases; rules are loaded anew meanwhile.

Needs $MIMAMORI_CORPORA with otrf/ and sigma/ (tests/corpora.sh lays them out); else it is skipped.
"""
import os
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
from senders import Tcp, companies, durable, each_once, failed_login, judged  # noqa: E402
from stage import Stage, check, done, skip  # noqa: E402

CORPORA = os.environ.get("MIMAMORI_CORPORA", "")
RULES = os.path.join(CORPORA, "sigma", "rules")
# What was done in the recording, on which host, and the SigmaHQ rules that are about just that.
ATTACKS = [
    ("credential_access_host_empire_shell_reg_dump_sam", "WORKSTATION5.theshire.local",
     {"fd877b94-9bb5-4191-bb25-d79cbd93c167": "Dumping of Sensitive Hives Via Reg.EXE"}),
    ("credential_access_host_cmd_sam_copy_esentutl", "WORKSTATION5",
     {"e7be6119-fc37-43f0-ad4f-1f3f99be2f9f": "Copying Sensitive Files with Credential Data",
      "5aad0995-46ab-41bd-a9ff-724f41114971": "Esentutl Volume Shadow Copy Service Keys"}),
    ("credential_access_host_psh_lsass_memory_dump_comsvcs", "WORKSTATION5",
     {"646ea171-dded-4578-8a4d-65e9822892e3": "Process Memory Dump Via Comsvcs.DLL"}),
    ("privilege_escalation_host_empire_uac_shellapi_fodhelper", "WORKSTATION5.theshire.local",
     {"7f741dcf-fc22-4759-87b4-9ae8376676a2": "Bypass UAC via Fodhelper.exe"}),
]


def recording(name):
    return os.path.join(CORPORA, "otrf", f"atomic_windows_{name}-1.json")


def rules_in_use(stage):
    """How many rules the shards were last prepared with."""
    return int(loads(stage)[-1].split("loaded=")[1].split()[0])


def attack(stage, company, name):
    with open(recording(name), "rb") as f:
        lines = [x for x in f.read().split(b"\n") if x.strip()]
    t = Tcp(stage, company)
    t.raw(b"\n".join(lines) + b"\n")
    t.end()
    return len(lines)


def hold(stage, company, name, host, rules):
    """The rules that are about it have alerted, on that host, and one case has them."""
    alerts = {row[0]: row[1:] for row in stage.events(
        "SELECT rule_id, any(rule_title), any(entity), uniqExact(entity), sum(events) FROM alerts "
        "WHERE company = {c:UInt32} GROUP BY rule_id", c=company.id)}
    for rule, title in rules.items():
        got = alerts.get(rule)
        check(f"{name}: \"{title}\" alerts on {host}", got is not None and
              got[:3] == [title, host, "1"], got or sorted(alerts))
        found = stage.records(
            "SELECT f.count, f.title, c.how, c.entity, length(f.author) > 0 FROM finding f JOIN "
            "cases c ON c.case_id = f.case_id WHERE f.company = ? AND f.rule = ?", company.id, rule)
        check(f"{name}: the case about {host} has it", found ==
              [(int(got[3]) if got else 0, title, "detected", host, 1)], found)
    cases = stage.records("SELECT entity_field, entity FROM cases WHERE company = ?", company.id)
    check(f"{name}: it is one case", cases == [("host.name", host)], cases)


def reload_while_lines_come(stage, company, times):
    """Shards are replaced between two chunks: no line is lost, none is judged twice."""
    sent, over = [], threading.Event()

    def talk():
        t = Tcp(stage, company)
        while not over.is_set():
            lines = [failed_login("srv", f"reload-{len(sent) + i}", i) for i in range(500)]
            t.lines(lines)
            sent.extend(lines)
            time.sleep(0.02)
        t.end()

    before = judged(stage)
    thread = threading.Thread(target=talk)
    thread.start()
    for _ in range(times):
        seen = len(loads(stage))
        stage.kill("engine", signal.SIGHUP)
        # Tried in a child first, then in earnest: two lines.
        stage.wait(lambda: len(loads(stage)) >= seen + 2, 40, "rules loaded anew")
    over.set()
    thread.join()
    stage.wait(lambda: judged(stage) == durable(stage) == before + len(sent), 60, "judged")
    check(f"{times} reloads while {len(sent)} lines come: each is stored once",
          *each_once(stage, sent, "reload-"))


def loads(stage):
    with open(stage.log.name, encoding="utf-8", errors="replace") as f:
        return [x for x in f if "rules: loaded=" in x]


if not os.path.isdir(RULES) or not all(os.path.exists(recording(a[0])) for a in ATTACKS):
    skip("no corpus")
with Stage() as stage:
    made = companies(stage, len(ATTACKS) + 1)
    added = stage.run("rules", "add", RULES, "--json")
    check("SigmaHQ's rules are taken in", added.returncode == 0, added.stdout + added.stderr)
    check("and are in use without a restart",
          stage.wait(lambda: rules_in_use(stage) > 3000, 60, "rules in use"), rules_in_use(stage))
    time.sleep(3)  # the preparation in a child says the same; the shards follow
    count = sum(attack(stage, c, a[0]) for c, a in zip(made, ATTACKS))
    check("every recorded event is judged",
          stage.wait(lambda: judged(stage) == count, 60, "judged"), (judged(stage), count))
    for company, (name, host, rules) in zip(made, ATTACKS):
        hold(stage, company, name, host, rules)
    reload_while_lines_come(stage, made[-1], 2)
    check("nothing died", not any(p["restarts"] for p in stage.programs()) and
          stage.records("SELECT count(*) FROM set_aside") == [(0,)], stage.programs())
done()
