"""thousand.py - what a thousand companies cost at a steady 3,000 lines a second.

Run: thousand.py BUILD-DIR SOURCE-DIR [--companies N] [--rate LINES] [--seconds N] [--shards N].
Each company has four senders on connections of their own, which send a line at a time. After
WARM_S the processor time of every program is counted for --seconds, and the memory of all (PSS)
looked at every second. No figure is printed unless everything that was sent is stored once and
every alert is there.
"""
import os
import resource
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import whole  # noqa: E402

WARM_S = 25  # first batches, the looks of new cases
BOUND_PERCENT, BOUND_MIB = 15, 1536


def check_stored(s, base, flood):
    rows, numbers = s.events("SELECT count(), uniqExact(seq) FROM events WHERE queue = 0 "
                             "AND seq > {base:UInt64}", base=base)[0]
    alerts = int(s.events("SELECT sum(events) FROM alerts WHERE queue = 0 "
                          "AND seq > {base:UInt64}", base=base)[0][0])
    if (int(rows), int(numbers), alerts) != (flood.lines, flood.lines, flood.alerts):
        sys.exit(f"sent {flood.lines} with {flood.alerts} alerts, stored {rows}, different "
                 f"numbers {numbers}, alerts {alerts}")


def measure(s, companies, rate, seconds):
    base = whole.enrol(s, companies)
    each = (WARM_S + seconds + 3) * rate // (4 * companies) + 1
    flood = whole.Flood(s.tcp, "--companies", companies, "--each", each, "--rate", rate, "--apart")
    time.sleep(5)
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
    whole.wait_for(lambda: whole.position(s) >= base + flood.lines, 60, "all stored")
    check_stored(s, base, flood)
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
