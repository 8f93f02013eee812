"""thousand.py - what a thousand companies cost at a steady 3,000 lines a second.

Run: thousand.py BUILD-DIR SOURCE-DIR [--companies N] [--rate LINES] [--seconds N] [--shards N].
Each company has four senders on connections of their own, which send a line at a time; 1 line in
200 alerts. First a few lines of each sender go ahead: a case of every company is opened and looked
after, as companies do not all get their first case in the same second of a quiet day. Then lines
come at the rate; after WARM_S the processor time of every program is counted for --seconds, and the
memory of all (PSS) looked at every second. No figure is printed unless everything that was sent is
stored once and every alert is there.
"""
import os
import resource
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import whole  # noqa: E402

WARM_S = 15  # first batches and merges
AHEAD = 2  # lines of each sender
ROUNDS = 3  # an alert of each sensor once a round
BOUND_PERCENT, BOUND_MIB = 15, 1536


def go_ahead(s, base, companies):
    """A case of each company, looked after; how long that took, and what was sent."""
    began = time.monotonic()
    flood = whole.Flood(s.tcp, "--companies", companies, "--each", AHEAD)
    flood.start()
    flood.wait()
    whole.wait_for(lambda: whole.position(s) >= base + flood.lines, 60, "first lines stored")
    whole.wait_for(lambda: s.records(
        "SELECT count(*) FROM job WHERE kind IN ('look', 'tell') AND state IN ('queued', "
        "'running') AND not_before_us < ?", int(time.time() * 1e6))[0][0] == 0, 240,
        "cases looked after", 0.5)
    return time.monotonic() - began, flood


def check_stored(s, base, ahead, flood):
    rows, numbers = s.events("SELECT count(), uniqExact(seq) FROM events WHERE queue = 0 "
                             "AND seq > {base:UInt64}", base=base)[0]
    alerts = int(s.events("SELECT sum(events) FROM alerts WHERE queue = 0 "
                          "AND seq > {base:UInt64}", base=base)[0][0])
    lines = ahead.lines + flood.lines
    if (int(rows), int(numbers), alerts) != (lines, lines, ahead.alerts + flood.alerts):
        sys.exit(f"sent {lines} with {ahead.alerts + flood.alerts} alerts, stored {rows}, "
                 f"different numbers {numbers}, alerts {alerts}")


def measure(s, companies, rate, seconds):
    base = whole.enrol(s, companies, silent=True)
    each = (WARM_S + seconds + 3) * rate // (4 * companies * ROUNDS) + 1
    took, ahead = go_ahead(s, base, companies)
    flood = whole.Flood(s.tcp, "--companies", companies, "--each", each, "--times", ROUNDS,
                        "--rate", rate, "--apart")
    cases = s.records("SELECT count(*) FROM cases")[0][0]
    print(f"  {cases} cases opened and looked after in {took:.0f} s")
    rest = sum(u[2] for u in whole.usage(s).values())
    flood.start()
    time.sleep(WARM_S)
    done, before, began = whole.position(s), whole.usage(s), time.monotonic()
    with whole.MemoryPeak(s) as memory:
        time.sleep(seconds)
        after, took = whole.usage(s), time.monotonic() - began
    done = whole.position(s) - done
    share = sum(100 * (use[0] - before.get(name, (0.0,))[0]) / took
                for name, use in after.items())
    whole.tell_usage(before, after, done)
    flood.wait()
    whole.wait_for(lambda: whole.position(s) >= base + ahead.lines + flood.lines, 60, "all stored")
    check_stored(s, base, ahead, flood)
    print(f"  {companies} companies, {flood.lines} lines of {flood.bytes / flood.lines:.0f} bytes, "
          f"{done / took:.0f} a second over {took:.0f} s; memory {rest:.0f} MiB before; SigmaHQ's "
          f"rules: {'yes' if s.sigma else 'no'}")
    print(f"thousand: {share:.1f} % of one core (at most {BOUND_PERCENT}), {memory.peak:.0f} MiB "
          f"(at most {BOUND_MIB}) with {companies} companies at {done / took:.0f} events/s, "
          f"{whole.load()}")


whole.without_libchdb()
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # a connection for each sender
shards = whole.option("--shards", 0)
with whole.stage(env={"MIMAMORI_ENGINE_SHARDS": str(shards)} if shards else None) as stage:
    measure(stage, whole.option("--companies", 1000), whole.option("--rate", 3000),
            whole.option("--seconds", 180))
