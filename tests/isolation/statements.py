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
from world import A, B, DAY, FILLERS, HOUR, NOW, RULE, World, event_seq  # noqa: E402

SCOPES = [("company = {company:UInt32}", "{company:UInt32} = {company:UInt32}"),
          ("company IN {companies:Array(UInt32)}", "length({companies:Array(UInt32)}) > 0")]
LATE = 9_000_000_000_000_000
VALUES = {
    "company": A, "companies": "[1,4,5,6,7]", "queue": 0, "seq": event_seq(B), "rule": RULE,
    "day": (NOW - HOUR) // DAY * DAY // 1_000_000, "from": 0, "week": 0, "before": 0, "to": LATE,
    "received": LATE, "limit": 100, "rows": 100,
    "ip": f"192.0.2.{B}", "dest_ip": f"192.0.2.{B}", "dest_domain": "", "pc": "Zqxpc",
    "field": "host.name"}
CLOSER = {("ALERTS_OF_EVENT", "received"): NOW - HOUR,
          ("LOOK_KNOWN", "from"): NOW - DAY}  # B's host is known from before
# Statements about no company, and why they need not be: everything else must name one.
OF_NONE = {
    "COUNT_RANGE": "numbers of a queue, for the engine", "PARTS": "files, for backups",
    "COUNT_ALERTS_RANGE": "numbers of a queue, for the engine", "ROWS": "sums, for backups",
    "ERASING": "how much is left to do, for who erases a company",
    "STORE_SIZE": "sums, for the operator", "SETTLE": "ends inserts that still run"}


def promise(number, what, faults):
    for fault in faults:
        print("# " + fault)
    print(f"{'not ok' if faults else 'ok'} {number} - {what}", flush=True)
    return bool(faults)


def events(world):
    """(name, format, SQL) of each statement; without a format it asks nothing."""
    out = subprocess.run([os.path.join(world.bin, "isolation-statements"), "--events"],
                         capture_output=True, text=True, check=True)
    return [line.split("\t") for line in out.stdout.splitlines()]


def without_company(sql):
    for scope, nothing in SCOPES:
        sql = sql.replace(scope, nothing)
    return sql


def ask(world, state, name, form, sql):
    params = {"param_" + k: CLOSER.get((name, k), v) for k, v in VALUES.items()
              if "{" + k + ":" in sql}
    try:
        return world.ask_store(state, sql, default_format=form, **params)
    except ValueError as e:
        raise ValueError(f"{name}: has a parameter no value in VALUES of statements.py? {e}") from e


def test_events(world, alone, number):
    leaks, blind, bare, n = [], [], [], 0
    for name, form, sql in events(world):
        mutant = without_company(sql)
        if form == "" or name in OF_NONE:
            continue
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


def erase(world, name, sql):
    """Run it about A, and wait until it is done. Rows of B that are left."""
    world.ask_store(world.state, sql, write=True, query_id=name, param_company=A)
    while world.sql("SELECT count() FROM system.mutations WHERE NOT is_done")[0] != ["0"]:
        pass
    table = sql.split()[2]
    return int(world.sql(f"SELECT count() FROM {table} WHERE company = {B}")[0][0])


def test_changes(world, number):
    """Statements that change what is stored about a company, last of all."""
    faults = []
    for name, form, sql in events(world):
        if form != "" or without_company(sql) == sql:
            continue
        if erase(world, name, sql) == 0:
            faults.append(f"{name} takes another company's rows")
        elif erase(world, name, without_company(sql)) != 0:
            faults.append(f"{name} leaves another's without its company, too: nothing is proved")
    return promise(number, "none takes another's rows, and each would without its company", faults)


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
            failed += test_events(world, alone, tests + 1) + test_changes(world, tests + 4)
            tests += 4
    finally:
        world.close()
    print(f"1..{tests}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
