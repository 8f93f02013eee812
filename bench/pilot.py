"""pilot.py - the main job through the real sockets: how long, how fast, with how much.

Run: pilot.py BUILD-DIR SOURCE-DIR [--full]. Everything that `./dev run` starts is running; the
generator's CPU is counted in the time (it is on the same machine) and shown apart. The figure is
printed only when every line is stored once and judged.
"""
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import whole  # noqa: E402


def main():
    whole.without_libchdb()
    full = ["--full"] if "--full" in sys.argv[3:] else []
    stage = whole.stage(rules=False)
    stage.env["MIMAMORI_PORTAL_TLS"] = "on"  # the pilot's report comes in through the API
    with stage as s:
        before, children = whole.usage(s), whole.cpu_of_children()
        with whole.MemoryPeak(s) as memory:
            began = time.monotonic()
            truth = s.play("--portal", f"https://127.0.0.1:{s.portal}", *full, timeout=1800)
            took = time.monotonic() - began
        if truth is None or not s.whole(truth["lines"]):
            sys.exit("not every line was stored once")
        rate = truth["lines"] / took
        print(f"{truth['lines']} lines in {took:.1f} s, {whole.load()}")
        print(f"  play     {whole.cpu_of_children() - children:7.2f} s CPU (makes the lines)")
        whole.tell_usage(before, whole.usage(s), truth["lines"])
        time.sleep(20)  # merges end, memory is given back
        rest = sum(u[2] for u in whole.usage(s).values())
        cases = s.records("SELECT count(case_id) FROM cases")[0][0]
        print(f"pilot: {took:.1f} s for {truth['lines']} lines, {rate:.0f} events/s, "
              f"{cases} case(s), {memory.peak:.0f} MiB at most, {rest:.0f} at rest")


main()
