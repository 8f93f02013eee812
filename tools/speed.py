"""Keeps what benches measured in docs/*/speed.md. Run: ./dev bench NAME | tools/speed.py ROOT

Reads a bench's output: its last line `NAME: figures` becomes that bench's row with the day and the
processor, other benches' rows stay; lines of `parse` for each format become the table of formats.
Only tables are written, the words around them are the pages' own.
"""

import datetime
import pathlib
import re
import sys

import formats_list

LANGUAGES = ("en", "ja")
FORMAT = re.compile(r"^(\S+) +(\d+) lines/s, +(\d+) bytes a line, +([\d.]+) MB/s", re.M)
FIGURES = re.compile(r"^([a-z][a-z-]*): (.*\d.*)$", re.M)
ROW = re.compile(r"^\| `([a-z-]+)` \|.*\|$", re.M)


def processor(cpuinfo):
    name = re.search(r"^model name\s*: (.*)$", cpuinfo, re.M)
    return " ".join(name.group(1).split()) if name else "unknown"


def figure_rows(page, output, day, cpu):
    """Rows of the benches: those of the page, the measured ones anew."""
    rows = {m.group(1): m.group(0) for m in ROW.finditer(page)}
    for name, figures in FIGURES.findall(output):
        rows[name] = f"| `{name}` | {day} | {cpu} | {formats_list.cell(figures)} |"
    return [rows[name] for name in sorted(rows)]


def format_rows(page, output):
    """Rows of the formats, the slowest first; those of the page when none was measured."""
    measured = sorted(((int(rate), name, int(size), mb) for name, rate, size, mb
                       in FORMAT.findall(output)))
    if not measured:
        return re.findall(r"^\| [a-z][\w-]* \| [\d,]+ \|.*\|$", page, re.M)
    return [f"| {name} | {rate:,} | {size} | {mb} |" for rate, name, size, mb in measured]


def document(page, output, day, cpu):
    return formats_list.fill(page, [figure_rows(page, output, day, cpu),
                                    format_rows(page, output)])


def main(root):
    output = sys.stdin.read()
    if not FIGURES.search(output):
        sys.exit("no line `NAME: figures`: nothing was measured")
    cpu = processor(pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    for lang in LANGUAGES:
        path = pathlib.Path(root, "docs", lang, "speed.md")
        page = path.read_text(encoding="utf-8")
        path.write_text(document(page, output, datetime.date.today().isoformat(), cpu),
                        encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
