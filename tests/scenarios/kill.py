"""kill.py - engine and eventd die at random moments while lines come in; nothing is lost, nothing
is doubled, findings count each alert once.

MIMAMORI_KILLS: kills of each kind (default 20), in rounds of at most 20: lines come in for seconds
only, and who dies for minutes without a pause gets no batch done. The seed of the moments is
printed.
"""
import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
from stage import Stage, check, done  # noqa: E402

KILLS = int(os.environ.get("MIMAMORI_KILLS", "20"))
ROUND = 20
SEED = int(os.environ.get("MIMAMORI_SEED", str(random.randrange(1 << 32))))
print(f"# seed of the moments: {SEED} (MIMAMORI_SEED repeats it)")
dice = random.Random(SEED)


def alerts_once(stage):
    """Alerts are stored once each, and findings have counted exactly them."""
    rows, different, events = stage.events(
        "SELECT count(), uniqExact(queue, seq, rule_id), sum(events) FROM alerts")[0]
    counted = stage.records("SELECT coalesce(sum(count), 0) FROM finding "
                            "WHERE kind IN ('alert', 'many')")
    return (rows == different and int(events) == counted[0][0],
            (rows, different, events, counted))


def killed_while_playing(name, kills):
    """One round; how often it was killed, or 0 when the round failed."""
    with Stage() as stage:
        over = threading.Event()
        count = [0]

        def killer():
            while not over.is_set() and count[0] < kills:
                time.sleep(dice.uniform(0.05, 1.2))
                if stage.pid(name) > 0:
                    stage.kill(name)
                    count[0] += 1

        t = threading.Thread(target=killer)
        # Started again at once, not after a pause that grows: what matters are the deaths.
        t.start()
        truth = stage.play("--seed", str(dice.randrange(1000)), "--days", "40",
                           "--incidents", "c2@seed", timeout=900)
        over.set()
        t.join()
        if not check(f"{name} killed {count[0]} times: every line is judged in the end",
                     truth is not None and count[0] > 0, count):
            return 0
        stage.wait(lambda: stage.whole(truth["lines"]), 60, "rows whole")
        check(f"{name}: sent = stored, each once", stage.whole(truth["lines"]),
              stage.events("SELECT count(), uniqExact(seq), max(seq) FROM events"))
        stage.wait(lambda: alerts_once(stage)[0], 20, "alerts counted")
        ok, detail = alerts_once(stage)
        check(f"{name}: every alert is stored and counted once", ok, detail)
        cases = stage.records("SELECT count(*) FROM cases WHERE how = 'detected'")[0][0]
        check(f"{name}: one C&C call, one case", cases == (1 if truth["c2"] else 0), cases)
        return count[0]


def killed(name):
    so_far, more = 0, 1
    while more > 0 and so_far < KILLS:
        more = killed_while_playing(name, min(ROUND, KILLS - so_far))
        so_far += more
    check(f"{name} killed as often as asked for", so_far == KILLS, (so_far, KILLS))


killed("engine")
killed("eventd")
done()
