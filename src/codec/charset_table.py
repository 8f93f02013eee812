#!/usr/bin/env python3
"""Write codec/charset.def: the double-byte characters of Windows code page 932 as Unicode.

Run by hand when the table should follow another Python; the build does not need Python. 120 rows
of 94 cells, in the order of JIS rows: 1-84 JIS X 0208 with NEC's row 13, 89-92 IBM's characters
as NEC selected them, 95-114 user-defined, 115-120 IBM's own places. 0 stands for "nothing there".
"""
import sys


def cell(row, col):
    pair, odd = divmod(row, 2)
    lead = pair + (0x81 if pair < 0x1F else 0xC1)
    trail = odd * 94 + col + 0x40
    trail += trail >= 0x7F
    try:
        text = bytes([lead, trail]).decode("cp932")
    except UnicodeDecodeError:
        return 0
    return ord(text) if len(text) == 1 else 0


values = [cell(r, c) for r in range(120) for c in range(94)]
out = sys.stdout
out.write("/*\n * codec/charset.def - the double-byte characters of code page 932 by JIS row and "
          "cell.\n *\n * Written by charset_table.py; 120 rows of 94 cells, 0: nothing there.\n"
          " */\n")
for i in range(0, len(values), 14):
    out.write("".join("0x%04x," % v for v in values[i:i + 14]) + "\n")
