"""Turns files into rows of a C table: {"NAME", bytes, size}. embed.py OUTPUT PREFIX FILE...

NAME is the file's name; of templates (.mustache) without the suffix. The bytes stand as
`static const uint8_t` arrays in front, so the table's file is included twice: once with
MM_EMBED_BYTES defined, once inside the table.
"""

import os
import sys


def main(output, prefix, *paths):
    blobs, rows = [], []
    for number, path in enumerate(sorted(paths, key=os.path.basename)):
        with open(path, "rb") as file:
            data = file.read()
        name = os.path.basename(path).removesuffix(".mustache")
        lines = [", ".join(str(b) for b in data[at:at + 24]) for at in range(0, len(data), 24)]
        blobs.append(f"static const uint8_t {prefix}_{number}[] = {{\n"
                     + "".join(f"    {line},\n" for line in lines) + "    0};\n")
        rows.append(f'{{"{name}", {prefix}_{number}, {len(data)}}},\n')
    with open(output, "w", encoding="ascii") as file:
        file.write("#ifdef MM_EMBED_BYTES\n" + "".join(blobs) + "#else\n" + "".join(rows)
                   + "#endif\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
