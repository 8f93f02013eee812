"""noise.py - a rule that matches everything costs some rows an entity and batch, not one an event.

Two companies speak while the engine is killed at random moments: every match is counted once, in
the findings of each host and in the table of alerts, another rule's alerts are all there with their
events, and the loud rule is named to the operator.

MIMAMORI_KILLS: deaths (default 6; at most 20).
"""
import os
import random
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from senders import Tcp, companies, failed_login, judged  # noqa: E402
from stage import Stage, check, done  # noqa: E402

KILLS = min(int(os.environ.get("MIMAMORI_KILLS", "6")), 20)
SEED = int(os.environ.get("MIMAMORI_SEED", str(random.randrange(1 << 32))))
# Of one company in one round; a host has one rare line in it, so no batch has more than are kept.
LINES, HOSTS, RARE = 4000, 3, 2
RULES = """title: Loud
id: rule-loud
author: nobody
level: high
logsource: {product: linux}
detection: {s: {event.provider|startswith: sshd}, condition: s}
mimamori: {entity: host.name}
---
title: Rare
id: rule-rare
level: high
logsource: {product: linux}
detection: {s: {user.name|startswith: rare}, condition: s}
mimamori: {entity: host.name}
"""
print(f"# seed of the moments: {SEED} (MIMAMORI_SEED repeats it)")
dice = random.Random(SEED)


def speak(stage, company, number):
    t = Tcp(stage, company)
    for at in range(0, LINES, 500):
        t.lines([failed_login(f"srv{n % HOSTS}", f"{'rare' if n < RARE else 'user'}-{number}-{n}",
                              n) for n in range(at, at + 500)])
        time.sleep(dice.uniform(0, 0.1))
    t.end()


def of_alerts(stage, rule, what):
    return [int(v) for v in stage.events(f"SELECT {what} FROM alerts WHERE rule_id = '{rule}'")[0]]


with Stage("eventd engine intake") as stage:
    os.makedirs(os.path.join(stage.state, "rules"), exist_ok=True)
    with open(os.path.join(stage.state, "rules", "noise.yml"), "w", encoding="utf-8") as f:
        f.write(RULES)
    both = companies(stage, 2)
    sent = 0
    while sent < 400 and not stage.records("SELECT 1 FROM finding WHERE rule = 'rule-loud'"):
        t = Tcp(stage, both[0])  # until the rules are in force
        t.lines([failed_login("before", "before", sent)])
        t.end()
        sent += 1
        time.sleep(0.2)
    for kill in range(KILLS):
        for company in both:
            speak(stage, company, kill)
            sent += LINES
        time.sleep(dice.uniform(0, 0.6))
        stage.kill("engine")
    want = KILLS * 2 * LINES
    check("everything is judged in the end",
          stage.wait(lambda: judged(stage) == sent, 60, "judged"), (judged(stage), sent))
    hosts = stage.records("SELECT company, entity, count FROM finding WHERE rule = 'rule-loud' "
                          "AND entity != 'before' ORDER BY company, entity")
    check("findings count every match of each company and host once",
          hosts == [(c.id, f"srv{h}", KILLS * len(range(h, LINES, HOSTS)))
                    for c in both for h in range(HOSTS)], hosts)
    rows, different, events = of_alerts(
        stage, "rule-loud", "countIf(entity != 'before'), uniqExactIf((queue, seq), "
        "entity != 'before'), sumIf(events, entity != 'before')")
    check("alerts stand for every match once", events == want, (events, want))
    check("each in a row of its own number", rows == different, (rows, different))
    check("in far fewer rows", rows < want / 4, (rows, want))
    rare = of_alerts(stage, "rule-rare", "count(), countIf(event != ''), sum(events)")
    check("the other rule's alerts are all there", rare == [KILLS * 2 * RARE] * 3, rare)
    named = stage.records("SELECT entity, level FROM finding WHERE company = 0 AND "
                          "kind = 'rule_noisy'")
    check("the loud rule is named to the operator", [n[0] for n in named] == ["rule-loud"], named)
    check("nothing is left half counted", not stage.records("SELECT * FROM engine_counted"))
done()
