"""ingest.py - events a second from 120 TCP senders to stored, matched and queryable.

Run: ingest.py BUILD-DIR SOURCE-DIR [--times N] [--cores 1|2] [--others 0|1] [--look 1].
30 companies with four senders each; 120,000 different lines of 7 formats, sent --times times; 1 in
1,000 must alert. The clock runs from the first byte until all of it is stored and judged. No figure
is printed unless sent = stored by (queue, seq) and alerts = expected. The yardsticks of the last
line are measured in the same run: inserting the same rows with nothing else, and what Debian's
syslog programs need to write the same lines to a file (a ratio is left out where its program is not
to be had). --look 1 shows what the store's threads and merges did.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import whole  # noqa: E402
from whole import Flood  # noqa: E402

RSYSLOG = """module(load="imtcp" maxsessions="500")
global(workDirectory="{dir}")
input(type="imtcp" port="{port}" address="127.0.0.1")
template(name="raw" type="string" string="%rawmsg%\\n")
action(type="omfile" file="{out}" template="raw")
"""
# A window as large as everything that is sent, and no names looked up: else it only waits.
SYSLOG_NG = """@version: 3.38
options {{ stats-freq(0); use-dns(no); log-fifo-size(20000000); flush-lines(1000); }};
source s {{ network(ip(127.0.0.1) port({port}) transport("tcp") max-connections(130)
  log-iw-size(13000000) log-fetch-limit(1000) flags(no-parse)); }};
destination d {{ file("{out}" template("$MSG\\n")); }};
log {{ source(s); destination(d); flags(flow-control); }};
"""


def check_stored(s, base, flood):
    """Exactly what was sent, each number once; exactly the alerts that must be."""
    rows, numbers = s.events("SELECT count(), uniqExact(seq) FROM events WHERE queue = 0 "
                             "AND seq > {base:UInt64}", base=base)[0]
    if (int(rows), int(numbers)) != (flood.lines, flood.lines):
        sys.exit(f"sent {flood.lines}, stored {rows}, different numbers {numbers}")
    unread = s.events("SELECT count() FROM events WHERE bitAnd(flags, 1) = 1 "
                      "AND seq > {base:UInt64}", base=base)[0][0]
    alerts = s.events("SELECT rule_title, sum(events) FROM alerts WHERE queue = 0 "
                      "AND seq > {base:UInt64} GROUP BY rule_title", base=base)
    print(f"  sent = stored: {rows}; unparsed: {unread}; alerts: {alerts}")
    if sum(int(a[1]) for a in alerts) != flood.alerts:
        sys.exit(f"alerts {alerts}, expected {flood.alerts}")


def look_inside(s):
    """What the store did: its threads' CPU, the parts that batches became and their merges."""
    pid, threads = s.pid("eventd"), {}
    for tid in os.listdir(f"/proc/{pid}/task"):
        name, rest = whole.read(f"/proc/{pid}/task/{tid}/stat").split("(", 1)[1].rsplit(")", 1)
        threads[name] = threads.get(name, 0) + sum(int(t) for t in rest.split()[11:13])
    for name, ticks in sorted(threads.items(), key=lambda t: -t[1])[:8]:
        print(f"  thread {name:16} {ticks / whole.TICK:6.2f} s CPU")
    for row in s.events("SELECT level, active, count(), sum(rows), groupArray(rows) FROM "
                        "system.parts WHERE table = 'events' GROUP BY level, active ORDER BY 1, 2"):
        print("  parts: level {} active {} count {} rows {}: {}".format(*row))


def ingest(cores, times):
    """Events a second of the whole system on that many cores."""
    os.sched_setaffinity(0, set(range(cores)))
    with whole.stage() as s:
        base = whole.enrol(s)
        time.sleep(15)  # entering companies sends lines; what that took is given back
        rest = sum(u[2] for u in whole.usage(s).values())
        flood = Flood(s.tcp, "--times", times)
        before = whole.usage(s)
        with whole.MemoryPeak(s) as memory:
            began = time.monotonic()
            flood.start()
            whole.wait_for(lambda: whole.position(s) >= base + flood.lines, 600, "all stored",
                           0.05)
            took = time.monotonic() - began
        sending, cpu = flood.wait()
        print(f"{cores} core(s): {flood.lines} lines of {flood.bytes / flood.lines:.0f} bytes in "
              f"{took:.2f} s (sending {sending:.2f} s, senders' CPU {cpu:.2f} s), SigmaHQ's rules: "
              f"{'yes' if s.sigma else 'no'}, {whole.load()}")
        whole.tell_usage(before, whole.usage(s), flood.lines)
        print(f"  memory: {rest:.0f} MiB at rest, {memory.peak:.0f} MiB at most (PSS, all "
              "programs, portal included)")
        if whole.option("--look", 0):
            look_inside(s)
        check_stored(s, base, flood)
    return flood.lines / took


def bare_insert(times):
    """Rows a second of eventd alone with rows of the same lines, encoded before the clock."""
    out = subprocess.run([os.path.join(whole.BUILD, "bare_lines"), str(times)], text=True,
                         capture_output=True, check=False)
    print("  " + out.stdout.strip() + out.stderr.strip())
    found = re.search(r"bare: (\d+) rows/s", out.stdout)
    return int(found.group(1)) if found else None


def debian(program, packages, into):
    """The program's path and the root it was unpacked to; None when it is not to be had."""
    there = shutil.which(program, path="/usr/sbin:/usr/bin")
    if there:
        return there, ""
    subprocess.run(["apt-get", "download", *packages], cwd=into, capture_output=True, check=False)
    for name in os.listdir(into):
        if name.endswith(".deb"):
            subprocess.run(["dpkg-deb", "-x", name, "."], cwd=into, check=False)
    path = os.path.join(into, "usr/sbin", program)
    return (path, into) if os.path.exists(path) else (None, "")


def count_lines(path):
    n = 0
    with open(path, "rb") as f:
        while piece := f.read(1 << 24):
            n += piece.count(b"\n")
    return n


def timed_file(command, env, port, out, times):
    """Lines a second until the program has written them all."""
    log = open(out + ".log", "w", encoding="utf-8")
    program = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    try:
        time.sleep(1.5)
        flood = Flood(port, "--times", times, "--lf")
        began = time.monotonic()
        flood.start()
        size, still = -1, time.monotonic()
        while time.monotonic() - still < 5:
            now = os.path.getsize(out) if os.path.exists(out) else 0
            if now != size:
                size, still = now, time.monotonic()
            if size >= flood.bytes:
                break
            time.sleep(0.02)
        took = still - began
        flood.stop() if flood.process.poll() is None and size < flood.bytes else flood.wait()
        lines = count_lines(out)
        if lines != flood.lines:
            print(f"  {os.path.basename(command[0])}: {lines} of {flood.lines} lines written")
            return None
        print(f"  {os.path.basename(command[0])}: {lines / took:.0f} lines/s, {whole.load()}")
        return lines / took
    except SystemExit as e:
        print(f"  {os.path.basename(command[0])}: {e}")
        return None
    finally:
        program.terminate()
        program.wait()
        log.close()


def rsyslog(times):
    with tempfile.TemporaryDirectory(prefix="mm-bench-") as d:
        path, root = debian("rsyslogd", ["rsyslog", "libestr0", "libfastjson4"], d)
        if path is None:
            print("  rsyslog: not to be had")
            return None
        env = dict(os.environ, LD_LIBRARY_PATH=f"{root}/usr/lib/x86_64-linux-gnu")
        port, out = whole.free_port(), os.path.join(d, "out")
        with open(os.path.join(d, "conf"), "w", encoding="utf-8") as f:
            f.write(RSYSLOG.format(dir=d, port=port, out=out))
        return timed_file([path, "-n", "-f", f"{d}/conf", "-i", f"{d}/pid", "-M",
                           f"{root}/usr/lib/x86_64-linux-gnu/rsyslog"], env, port, out, times)


def syslog_ng(times):
    with tempfile.TemporaryDirectory(prefix="mm-bench-") as d:
        path, root = debian("syslog-ng", ["syslog-ng-core", "libivykis0", "libevtlog0"], d)
        if path is None:
            print("  syslog-ng: not to be had")
            return None
        env = dict(os.environ, LD_LIBRARY_PATH=f"{root}/usr/lib/x86_64-linux-gnu:"
                   f"{root}/usr/lib/syslog-ng")
        port, out = whole.free_port(), os.path.join(d, "out")
        with open(os.path.join(d, "conf"), "w", encoding="utf-8") as f:
            f.write(SYSLOG_NG.format(port=port, out=out))
        return timed_file([path, "-F", "-f", f"{d}/conf", "-R", f"{d}/persist", "-p", f"{d}/pid",
                           "-c", f"{d}/ctl", "--no-caps",
                           f"--module-path={root}/usr/lib/syslog-ng/3.38"], env, port, out, times)


def main():
    whole.without_libchdb()
    times, cores = whole.option("--times", 25), whole.option("--cores", 0)
    rates = {n: ingest(n, times) for n in ([cores] if cores else [1, 2])}
    best = max(rates)
    yardsticks = []
    if whole.option("--others", 1):
        print(f"yardsticks on {best} core(s):")
        for name, figure in [("bare insert", bare_insert(times)), ("rsyslog", rsyslog(times)),
                             ("syslog-ng", syslog_ng(times))]:
            if figure:
                yardsticks.append(f"{rates[best] / figure:.2f} x {name}")
    also = f" on {best} cores, {rates[1]:.0f} on one" if len(rates) > 1 else f" on {best} core(s)"
    print(f"ingest: {rates[best]:.0f} events/s" + ", ".join(["", *yardsticks]) + "," + also)


main()
