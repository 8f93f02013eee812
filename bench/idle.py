"""idle.py - how soon everything is ready, and what it costs while nothing happens.

Run: idle.py BUILD-DIR SOURCE-DIR [--seconds N] [--starts N]. A state directory with 31 companies is
started several times, the first time fresh; ready is when serve says so: every program has. Then
nothing is sent, and what each program uses of one core is counted.
"""
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import whole  # noqa: E402

SETTLE_S = 20  # merges and first looks after a start


def seconds_to_ready(s):
    def said():
        return whole.read(s.log.name).count("serve: ready")

    before, began = said(), time.monotonic()
    s.start()
    whole.wait_for(lambda: said() > before, 60, "ready", 0.01)
    return time.monotonic() - began


def measure(s, seconds, starts):
    fresh = seconds_to_ready(s)
    whole.enrol(s)
    again = []
    for _ in range(starts):
        s.stop()
        again.append(seconds_to_ready(s))
    time.sleep(SETTLE_S)
    before, began = whole.usage(s), time.monotonic()
    time.sleep(seconds)
    after, took = whole.usage(s), time.monotonic() - began
    share = {name: 100 * (use[0] - before[name][0]) / took for name, use in after.items()}
    for name, percent in sorted(share.items(), key=lambda item: -item[1]):
        print(f"  {name:8} {percent:5.2f} % of one core")
    print(f"idle: ready after {max(again):.2f} s (fresh state {fresh:.2f} s), at rest "
          f"{sum(share.values()):.2f} % of one core, {whole.load()}")


whole.without_libchdb()
stage = whole.stage()
try:
    measure(stage, whole.option("--seconds", 60), whole.option("--starts", 3))
finally:
    stage.__exit__()
