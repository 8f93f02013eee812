"""posts.py - what HTTP acknowledges is stored, once, also when intake is killed while requests run.

Senders repeat a request with its Idempotency-Key until it is acknowledged, as the documentation
asks them to. MIMAMORI_KILLS: kills of intake (default 20); the seed of the moments is printed.
"""
import gzip
import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
from senders import companies, durable, each_once, failed_login, judged, post  # noqa: E402
from stage import Stage, check, done  # noqa: E402

KILLS = int(os.environ.get("MIMAMORI_KILLS", "20"))
SEED = int(os.environ.get("MIMAMORI_SEED", str(random.randrange(1 << 32))))
print(f"# seed of the moments: {SEED} (MIMAMORI_SEED repeats it)")
SENDERS, AT_ONCE = 6, 300
over = threading.Event()


def made(mark, count=AT_ONCE):
    return [failed_login("srv", f"http-{mark}-{i}", i) for i in range(count)]


def plain(stage, company):
    """One request of each kind, and again."""
    lines = made("plain")
    first = post(stage, company, lines, key="plain")
    check("a request is acknowledged with its count", first is not None and first[0] == 200 and
          first[1]["count"] == AT_ONCE and not first[1]["repeated"], first)
    at_once = durable(stage)
    check("acknowledged is durable", at_once == AT_ONCE, at_once)
    again = post(stage, company, lines, key="plain")
    check("the same key again is answered again, not stored again",
          again is not None and again[0] == 200 and again[1]["count"] == AT_ONCE and
          again[1]["repeated"] and durable(stage) == AT_ONCE, (again, durable(stage)))
    other = post(stage, company, lines[:10], key="plain")
    check("other lines under a used key are refused", other is not None and other[0] == 422, other)
    packed = made("packed")
    answer = post(stage, company, None, key="packed",
                  body=gzip.compress("\n".join(packed).encode()), encoding="gzip")
    check("gzip is taken", answer is not None and answer[0] == 200 and
          answer[1]["count"] == AT_ONCE, answer)
    return lines + packed


def across_a_kill(stage, company):
    """A key that was acknowledged before intake was killed is known behind it."""
    lines = made("across")
    first = post(stage, company, lines, key="across")
    before = durable(stage)
    pid = stage.pid("intake")
    stage.kill("intake")
    stage.wait(lambda: stage.pid("intake") not in (0, pid) and
               post(stage, company, [], body=b"") is not None, 20, "a new intake")
    again = post(stage, company, lines, key="across")
    check("a key is known across kill -9", first[0] == 200 and again is not None and
          again[0] == 200 and again[1]["repeated"] and durable(stage) == before,
          (first, again, before, durable(stage)))
    return lines


def sender(stage, company, name, sent, repeats):
    """Until it is over: a request after the other, each repeated until acknowledged."""
    number = 0
    while not over.is_set():
        lines = made(f"{name}-{number}")
        for attempt in range(2000):
            answer = post(stage, company, lines, key=f"{name}-{number}", timeout=10)
            if answer is not None and answer[0] == 200:
                sent.extend(lines)
                repeats.append(answer[1]["repeated"])
                break
            time.sleep(0.02)
        number += 1


with Stage() as stage:
    dice = random.Random(SEED)
    company = companies(stage, 1, token=True)[0]
    sent, repeats = plain(stage, company), []
    sent += across_a_kill(stage, company)
    threads = [threading.Thread(target=sender, args=(stage, company, f"s{i}", sent, repeats))
               for i in range(SENDERS)]
    for t in threads:
        t.start()
    kills, pid = 0, 0
    until = time.monotonic() + 60 + KILLS * 3
    while kills < KILLS and time.monotonic() < until:
        time.sleep(dice.uniform(0.05, 0.6))
        if stage.pid("intake") not in (0, pid):
            pid = stage.pid("intake")
            stage.kill("intake")
            kills += 1
    over.set()
    for t in threads:
        t.join()
    check(f"intake killed {kills} times while {len(sent)} lines came", kills == KILLS and
          len(sent) > 50 * AT_ONCE, (kills, len(sent)))
    print(f"# {sum(repeats)} of {len(repeats)} requests were durable, their answer was lost")
    check("everything durable is judged",
          stage.wait(lambda: judged(stage) == durable(stage), 60, "judged"))
    check("acknowledged = stored, each line once", *each_once(stage, sent, "http-"))
    numbers = stage.events("SELECT count(), uniqExact(seq), max(seq), min(seq) FROM events")[0]
    check("every number is stored once", numbers == [str(len(sent))] * 3 + ["1"],
          (numbers, len(sent)))
    back = stage.events("SELECT countIf(received < before) FROM (SELECT received, "
                        "lagInFrame(received) OVER (ORDER BY seq ROWS BETWEEN 1 PRECEDING AND "
                        "CURRENT ROW) AS before FROM events)")
    check("received never goes backwards, across kills too", back == [["0"]], back)
done()
