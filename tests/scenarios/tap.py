"""tap.py - what a test in Python says: a line for each check, and how many there were."""
import sys

results = []


def check(name, ok, detail=""):
    results.append(bool(ok))
    if not ok and detail != "":
        print("# " + str(detail).replace("\n", "\n# "))
    print(f"{'ok' if ok else 'not ok'} {len(results)} - {name}", flush=True)
    return bool(ok)


def skip(why):
    print(f"1..0 # SKIP {why}")
    sys.exit(0)


def done():
    print(f"1..{len(results)}")
    sys.exit(0 if results and all(results) else 1)
