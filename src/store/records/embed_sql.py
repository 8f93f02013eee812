#!/usr/bin/env python3
"""embed_sql.py FEATURE OUTPUT FILE... - migrations NNN-what.sql as a C table.

OUTPUT defines `static const struct mm_migration mm_FEATURE_migrations[]`. Refuses gaps in the
numbers, so that what was released stays in order.
"""
import os
import re
import sys


def main():
    feature, output, files = sys.argv[1], sys.argv[2], sorted(sys.argv[3:], key=os.path.basename)
    rows = []
    for at, path in enumerate(files, 1):
        m = re.fullmatch(r"(\d{3})-([a-z0-9-]+)\.sql", os.path.basename(path))
        if not m or int(m.group(1)) != at:
            sys.exit(f"{path}: want {at:03d}-what.sql, numbered without gaps")
        with open(path, encoding="utf-8") as f:
            lines = f.read().splitlines()
        text = "\n".join(
            '     "' + ln.replace("\\", "\\\\").replace('"', '\\"') + '\\n"' for ln in lines)
        rows.append(f'    {{{at}, "{m.group(2)}",\n{text}}},')
    with open(output, "w", encoding="utf-8") as f:
        f.write(f"/* Made from {feature}/migrations by embed_sql.py. */\n"
                f"static const struct mm_migration mm_{feature}_migrations[] = {{\n"
                + "\n".join(rows) + "\n};\n")


main()
