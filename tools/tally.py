"""Adds up the tests of one `./dev test`: reads meson's testlog.json files, prints the last line.

A TAP program counts once for each of its tests, any other program once. A TAP program that
failed without a failing test of its own (it crashed, hung, or printed too few) counts as one
failure. No tests at all is a failure, because then nothing was proved. What a failing test
said is printed again just above the last line: meson does not show the output of TAP programs.
"""

import json
import pathlib
import re
import sys

TAP_LINE = re.compile(r"^(not )?ok\b(.*)$", re.M)
REMARKS_MAX = 40
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


def said(test):
    """The lines of a failing program that say why: `not ok` and the comments just before it."""
    remarks, why = [], []
    for line in (test.get("stdout") or "").splitlines():
        if line.startswith("not ok"):
            why += remarks[-REMARKS_MAX:] + [line]
        remarks = remarks + [line] if line.startswith("#") else []
    return why or remarks[-REMARKS_MAX:]


def count_dir(folder):
    """Sums over every log in the folder; names the programs that failed and what they said."""
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
                broken.append(f"{path.stem}: {test['name']}: {test['result']}")
                broken += [f"    {line}" for line in said(test)]
    return sums, broken


def main():
    (passed, failed, skipped), broken = count_dir(sys.argv[1])
    if passed + failed == 0:
        failed, broken = 1, ["nothing ran"]
    if broken:
        print("\n".join(["failed:"] + broken))
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
