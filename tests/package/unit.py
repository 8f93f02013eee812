"""unit.py - the unit of the package leaves the service little: what systemd's own check says of it.

Needs systemd-analyze; nothing is started.
"""
import re
import shutil
import subprocess
import sys

UNIT = sys.argv[1]
EXPOSURE_MAX = 2.0


def main():
    if shutil.which("systemd-analyze") is None:
        print("1..0 # SKIP no systemd-analyze")
        return 0
    out = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--no-pager",
                          f"--threshold={int(EXPOSURE_MAX * 10)}", UNIT],
                         capture_output=True, text=True, timeout=30, check=False)
    found = re.search(r"exposure level for \S+: ([0-9.]+)", out.stdout)
    level = float(found.group(1)) if found else None
    good = level is not None and level <= EXPOSURE_MAX and out.returncode == 0
    if not good:
        print("# " + (out.stdout[-1500:] + out.stderr).replace("\n", "\n# "))
    print(f"{'ok' if good else 'not ok'} 1 - exposure of the service is {level}, "
          f"at most {EXPOSURE_MAX}")
    print("1..1")
    return 0 if good else 1


sys.exit(main())
