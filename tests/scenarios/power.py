"""power.py - the power fails: every process dies at the same moment, again and again, and is
started again. What was acknowledged is stored, once; alerts, findings and cases too.

MIMAMORI_KILLS: a quarter of it is how often (default 20); the seed of the moments is printed.
"""
import os
import random
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
from senders import companies, counted, durable, each_once, judged, log_cleared, post  # noqa: E402
from senders import failed_login  # noqa: E402
from stage import Stage, check, done  # noqa: E402

TIMES = max(1, int(os.environ.get("MIMAMORI_KILLS", "20")) // 4)
SEED = int(os.environ.get("MIMAMORI_SEED", str(random.randrange(1 << 32))))
print(f"# seed of the moments: {SEED} (MIMAMORI_SEED repeats it)")
sent, over = [], threading.Event()


def sender(stage, company):
    """A request after the other, each repeated with its key until it is acknowledged."""
    number = 0
    while not over.is_set():
        mark = f"power-{company.id}-{number}"
        lines = [failed_login("srv", f"{mark}-{i}", i) for i in range(200)]
        lines.append(log_cleared(f"PC-{mark}", number))
        while True:
            answer = post(stage, company, lines, key=mark, timeout=5)
            if answer is not None and answer[0] == 200:
                break
            time.sleep(0.05)
        sent.extend(lines)
        number += 1
        time.sleep(0.2)


def family(pid):
    """A process and all below it."""
    parents = {}
    for p in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{p}/stat", encoding="utf-8", errors="replace") as f:
                parents[int(p)] = int(f.read().rsplit(")", 1)[1].split()[1])
        except (OSError, ValueError, IndexError):
            continue
    found = [pid]
    for p in found:
        found += [c for c, parent in parents.items() if parent == p and c not in found]
    return found


def power_cut(stage):
    pids = family(stage.serve.pid)
    # Stopped first, so that nobody sees another die.
    for sig in (signal.SIGSTOP, signal.SIGKILL):
        for p in pids:
            try:
                os.kill(p, sig)
            except ProcessLookupError:
                pass
    stage.serve.wait()
    os.unlink(os.path.join(stage.state, "run", "serve.json"))


with Stage() as stage:
    dice = random.Random(SEED)
    made = companies(stage, 3, token=True)
    threads = [threading.Thread(target=sender, args=(stage, c)) for c in made]
    for t in threads:
        t.start()
    for _ in range(TIMES):
        time.sleep(dice.uniform(0.3, 2.5))
        power_cut(stage)
        stage.start()
    over.set()
    for t in threads:
        t.join()
    want = sum(1 for x in sent if '"EventID":1102' in x)
    check(f"power cut {TIMES} times while {len(sent)} lines came: everything durable is judged",
          stage.wait(lambda: judged(stage) == durable(stage), 60, "judged") and want > 5 * TIMES,
          (judged(stage), durable(stage), want))
    check("acknowledged = stored, each line once", *each_once(stage, sent, "power-"))
    numbers = stage.events("SELECT count(), uniqExact(seq), max(seq) FROM events")[0]
    check("every number is stored once", numbers == [str(len(sent))] * 3, (numbers, len(sent)))
    rows = stage.events("SELECT count(), uniqExact(queue, seq, rule_id) FROM alerts")[0]
    check("every alert is stored once", rows == [str(want)] * 2, (rows, want))
    found = counted(stage)
    check("every alert is counted once, every PC is in a case", found == (want, want, 1, want),
          (found, want))
done()
