"""planted.py - faults are put into the readers of lines: the fuzz target has to find each.

Run: planted.py SOURCE-DIR [NAME...]. TAP, a line a fault. The sources are copied to build-planted
and built there once as `./dev fuzz` builds; then one fault after the other is put in, the target
runs for at most SECONDS, and the fault is taken out. A fault that is not found says what the
target does not look at. A text that is not found any more ends the run: what has moved must be
found again.
"""
import os
import re
import shutil
import subprocess
import sys
import time

SECONDS = 20
TARGET = "formats"
# name, file, text as it stands, text with the fault
FAULTS = [
    ("codec: the last byte of a value is not looked at", "src/codec/kv.c",
     "while (at < in.n && in.p[at] != a && in.p[at] != b)",
     "while (at + 1 < in.n && in.p[at] != a && in.p[at] != b)"),
    ("capture: a run goes on behind the end of the line", "src/codec/pattern_scan.c",
     "while (at < in.n && (classes[in.p[at]] & class) != 0)",
     "while (at <= in.n && (classes[in.p[at]] & class) != 0)"),
    ("unterminated: a quoted value has no end", "src/codec/kv.c",
     "if (at >= kv->in.n || p[at] == quote)", "if (p[at] == quote)"),
    ("endless: a stray gap is skipped for ever", "src/codec/kv.c",
     "while (at < n && (p[at] == kv->style.gap || p[at] == ' '))",
     "while (at < n && p[at] == ' ')"),
    ("conversion: a product that does not fit is taken", "src/parse/convert.c",
     "if (__builtin_mul_overflow(whole, a, &whole) ||",
     "if (((whole *= a), false) ||"),
    ("field: an address goes to the other end", "src/parse/map.c",
     "return mm_event_parse(m->ev, to->field, value);",
     "return mm_event_parse(m->ev, to->field == MM_F_DESTINATION_IP ? MM_F_SOURCE_IP : "
     "to->field, value);"),
    ("csv: of doubled quotes both stay", "src/codec/csv.c",
     "at += at + 1 < raw.n && raw.p[at + 1] == '\"' ? 2 : 1;", "at += 1;"),
    ("rule: one is taken whose condition does not hold", "src/parse/map.c",
     "        if (c != NULL)\n            continue;\n        run_sets(m, r->sets);",
     "        run_sets(m, r->sets);"),
]


class Planter:
    def __init__(self, source):
        self.source = os.path.abspath(source)
        self.place = os.path.join(self.source, "build-planted")
        self.build = os.path.join(self.place, "build")

    def copy(self):
        listing = ["git", "-C", self.source, "ls-files", "-coz", "--exclude-standard"]
        files = subprocess.run(listing, check=True, capture_output=True, text=True)
        files = files.stdout.split("\0")
        for name in filter(None, files):
            to, of = os.path.join(self.place, name), os.path.join(self.source, name)
            if not os.path.exists(of):
                continue
            os.makedirs(os.path.dirname(to), exist_ok=True)
            if not os.path.exists(to) or open(to, "rb").read() != open(of, "rb").read():
                shutil.copyfile(of, to)

    def make(self):
        if not os.path.exists(os.path.join(self.build, "build.ninja")):
            self.call(["meson", "setup", self.build, self.place, "-Dfuzz=true",
                       "-Db_sanitize=address,undefined", "-Db_lundef=false", "-Doptimization=1"],
                      {"CC": "clang", "CXX": "clang++"})
        self.call(["ninja", "-C", self.build, f"src/fuzz-{TARGET}"])

    @staticmethod
    def call(command, more=None):
        out = subprocess.run(command, capture_output=True, text=True, check=False,
                             env={**os.environ, **(more or {})})
        if out.returncode != 0:
            raise ValueError(f"{command[0]}: {out.stdout[-3000:]}{out.stderr[-3000:]}")

    def run(self):
        """(seconds until something was found or None, what it was)"""
        corpus = os.path.join(self.place, "found")
        shutil.rmtree(corpus, ignore_errors=True)
        os.makedirs(corpus)
        began = time.monotonic()
        out = subprocess.run([os.path.join(self.build, "src", f"fuzz-{TARGET}"), "-timeout=5",
                              "-entropic=0",
                              f"-max_total_time={SECONDS}", f"-artifact_prefix={corpus}/",
                              "-dict=" + os.path.join(self.place, f"src/parse/{TARGET}.dict"),
                              "-print_final_stats=1", corpus,
                              os.path.join(self.place, "tests/corpus", TARGET)],
                             capture_output=True, encoding="utf-8", errors="replace", check=False,
                             env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
        said = re.search(r"assertion[^\n]*|AddressSanitizer: [\w-]+|runtime error: [^\n]*|ALARM: "
                         r"working[^\n]*|SUMMARY: [^\n]*", out.stderr, re.I)
        runs = re.search(r"number_of_executed_units: (\d+)", out.stderr)
        took = time.monotonic() - began
        if out.returncode == 0:
            return None, f"{runs[1] if runs else '?'} inputs in {took:.0f} s"
        return took, said[0] if said else out.stderr[-300:].replace("\n", " ")

    def planted(self, file, text, fault):
        path = os.path.join(self.place, file)
        before = open(path, encoding="utf-8").read()
        if before.count(text) != 1:
            raise ValueError(f"{file}: stands there {before.count(text)} times: {text}")
        try:
            with open(path, "w", encoding="utf-8") as f:
                f.write(before.replace(text, fault))
            self.make()
            return self.run()
        finally:
            with open(path, "w", encoding="utf-8") as f:
                f.write(before)


def main():
    planter = Planter(sys.argv[1])
    faults = [f for f in FAULTS if len(sys.argv) < 3 or f[0].split(":")[0] in sys.argv[2:]]
    bad = 0
    planter.copy()
    planter.make()
    print(f"1..{len(faults) + 1}", flush=True)
    took, what = planter.run()
    bad += took is not None
    print(f"{'ok' if took is None else 'not ok'} 1 - without a fault nothing is found ({what})",
          flush=True)
    for i, (name, file, text, fault) in enumerate(faults, 2):
        took, what = planter.planted(file, text, fault)
        bad += took is None
        found = f"{took:.1f} s, {what}" if took is not None else f"not found: {what}"
        print(f"{'not ok' if took is None else 'ok'} {i} - {name} ({found})", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
