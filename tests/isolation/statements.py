"""statements.py - every statement of both stores, asked by one company for another.

Run: statements.py BUILD-DIR SOURCE-DIR. TAP. Those of the records are statements.c's, on what
world.py makes. Those of the store of events run here: about company A, with B's numbers and words,
each has to answer what a store answers that knows A alone; and without its company it has to answer
something else, or it has proved nothing.
"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from world import A, B, FILLERS, HOUR, NOW, RULE, World, event_seq  # noqa: E402

SCOPES = [("company = {company:UInt32}", "{company:UInt32} = {company:UInt32}"),
          ("company IN {companies:Array(UInt32)}", "length({companies:Array(UInt32)}) > 0")]
LATE = 9_000_000_000_000_000
VALUES = {
    "company": A, "companies": "[1,4,5,6,7]", "queue": 0, "seq": event_seq(B), "rule": RULE,
    "from": 0, "week": 0, "before": 0, "to": LATE, "received": LATE, "limit": 100, "rows": 100,
    "ip": f"192.0.2.{B}", "dest_ip": f"192.0.2.{B}", "dest_domain": "", "pc": "Zqxpc"}
CLOSER = {("ALERTS_OF_EVENT", "received"): NOW - HOUR}
# Statements about no company, and why they need not be: everything else must name one.
OF_NONE = {
    "COUNT_RANGE": "numbers of a queue, for the engine", "PARTS": "files, for backups",
    "COUNT_ALERTS_RANGE": "numbers of a queue, for the engine", "ROWS": "sums, for backups",
    "STORE_SIZE": "sums, for the operator", "SETTLE": "ends inserts that still run"}


def promise(number, what, faults):
    for fault in faults:
        print("# " + fault)
    print(f"{'not ok' if faults else 'ok'} {number} - {what}", flush=True)
    return bool(faults)


def events(world):
    """(name, format, SQL) of each statement that asks."""
    out = subprocess.run([os.path.join(world.bin, "isolation-statements"), "--events"],
                         capture_output=True, text=True, check=True)
    rows = [line.split("\t") for line in out.stdout.splitlines()]
    return [r for r in rows if r[1] != "" and r[0] not in OF_NONE]


def ask(world, state, name, form, sql):
    params = {"param_" + k: CLOSER.get((name, k), v) for k, v in VALUES.items()
              if "{" + k + ":" in sql}
    return world.ask_store(state, sql, default_format=form, **params)


def test_events(world, alone, number):
    leaks, blind, bare, n = [], [], [], 0
    for name, form, sql in events(world):
        mutant = sql
        for scope, nothing in SCOPES:
            mutant = mutant.replace(scope, nothing)
        if mutant == sql:
            bare.append(f"{name} names no company, and is not in OF_NONE of statements.py")
            continue
        n += 1
        rest = ask(world, alone, name, form, sql)
        if ask(world, world.state, name, form, sql) != rest:
            leaks.append(f"{name}: another company makes a difference")
        if ask(world, world.state, name, form, mutant) == rest:
            blind.append(f"{name} answers the same without its company: nothing is proved")
    failed = promise(number, "every statement about events names a company", bare)
    failed += promise(number + 1, f"none of {n} shows another company's events", leaks)
    return failed + promise(number + 2, "each would without its company", blind)


def main():
    world = World(sys.argv[1], sys.argv[2])
    tests = 5  # of statements.c
    try:
        world.make()
        programme = [A] + [c for c, code in FILLERS.items() if code == "pa"]
        alone = world.only("alone", [A])
        out = subprocess.run([os.path.join(world.bin, "isolation-statements"), world.state, alone,
                              world.only("group", programme)], stdout=subprocess.PIPE, text=True,
                             check=False)
        failed = out.returncode
        print(out.stdout.replace(f"1..{tests}\n", ""), end="")
        if world.start_eventd():
            world.start_store(alone, [A])
            failed += test_events(world, alone, tests + 1)
            tests += 3
    finally:
        world.close()
    print(f"1..{tests}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
