"""Adds up the tests of one `./dev test`: reads meson's testlog.json files, prints the last line.

A TAP program counts once for each of its tests, any other program once. A TAP program that
failed without a failing test of its own (it crashed, hung, or printed too few) counts as one
failure. No tests at all is a failure, because then nothing was proved.
"""

import json
import pathlib
import re
import sys

TAP_LINE = re.compile(r"^(not )?ok\b(.*)$", re.M)
SKIPPED = re.compile(r"#\s*skip", re.I)


def count_one(test):
    """(passed, failed, skipped) of one meson test record."""
    passed = failed = skipped = 0
    for broken, rest in TAP_LINE.findall(test.get("stdout") or ""):
        if SKIPPED.search(rest):
            skipped += 1
        elif broken:
            failed += 1
        else:
            passed += 1
    if passed + failed + skipped == 0:
        if test["result"] == "SKIP":
            return 0, 0, 1
        return (1, 0, 0) if test["result"] in ("OK", "EXPECTEDFAIL") else (0, 1, 0)
    if failed == 0 and test["result"] not in ("OK", "SKIP", "EXPECTEDFAIL"):
        failed = 1
    return passed, failed, skipped


def count_dir(folder):
    """Sums over every log in the folder; names the programs that failed."""
    sums = [0, 0, 0]
    broken = []
    for path in sorted(pathlib.Path(folder).iterdir()):
        if path.suffix == ".missing":
            sums[1] += 1
            broken.append(f"{path.stem}: no tests ran")
            continue
        for line in path.read_text(encoding="utf-8").splitlines():
            test = json.loads(line)
            one = count_one(test)
            sums = [a + b for a, b in zip(sums, one)]
            if one[1]:
                broken.append(f"{path.stem}: {test['name']}")
    return sums, broken


def main():
    (passed, failed, skipped), broken = count_dir(sys.argv[1])
    if passed + failed == 0:
        failed, broken = 1, ["nothing ran"]
    for name in broken:
        print(f"failed: {name}")
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
