"""statements.py - every statement of the records, asked by one company for another.

Run: statements.py BUILD-DIR SOURCE-DIR. TAP, of statements.c in this folder, on what world.py
makes.
"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from world import A, FILLERS, World  # noqa: E402


def main():
    world = World(sys.argv[1], sys.argv[2])
    try:
        world.make()
        programme = [A] + [c for c, code in FILLERS.items() if code == "pa"]
        return subprocess.run([os.path.join(world.bin, "isolation-statements"), world.state,
                               world.only("alone", [A]), world.only("group", programme)],
                              check=False).returncode
    finally:
        world.close()


if __name__ == "__main__":
    sys.exit(main())
