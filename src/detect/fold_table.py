#!/usr/bin/env python3
"""Write detect/fold.def: simple case folding of Unicode beyond ASCII, as ranges.

Run by hand when the table should follow a newer Unicode; the build does not need Python.
Simple folding (CaseFolding.txt, status C and S) = casefold() where it is one character,
otherwise lower() where that is one character.
"""
import sys
import unicodedata


def fold(c):
    s = chr(c)
    for t in (s.casefold(), s.lower()):
        if len(t) == 1:
            return ord(t)
    return c


pairs = [(c, fold(c) - c) for c in range(0x80, 0x110000)
         if not 0xD800 <= c <= 0xDFFF and fold(c) != c]
ranges = []
for c, d in pairs:
    if ranges:
        lo, hi, step, delta = ranges[-1]
        if delta == d and (c - hi == step or (lo == hi and c - hi <= 2)):
            ranges[-1] = (lo, c, c - hi, d)
            continue
    ranges.append((c, c, 1, d))

out = sys.stdout
out.write("/*\n * detect/fold.def - simple case folding beyond ASCII: "
          "MM_FOLD(first, last, step, delta).\n"
          " *\n * Written by fold_table.py from Unicode %s. Sorted; every step-th code point of a\n"
          " * range folds to itself plus delta.\n */\n" % unicodedata.unidata_version)
for lo, hi, step, delta in ranges:
    out.write("MM_FOLD(0x%04x, 0x%04x, %d, %d)\n" % (lo, hi, step, delta))
