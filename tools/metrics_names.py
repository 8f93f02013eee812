"""Holds the dashboard and the pages about metrics against src/status/metrics.def.

Run: metrics_names.py ROOT, prints TAP. A name that is shown and not exported is an empty panel, one
that is exported and not explained is noise.
"""

import json
import re
import sys

import tree as source

ROW = re.compile(r'^MM_METRIC\(\w+, (\w+), "(\w+)", "(\w*)",', re.M)
NAME = re.compile(r"\bmimamori_[a-z_]+\b")
DASHBOARD = "docs/grafana/mimamori.json"
PAGES = ("docs/en/status.md", "docs/ja/status.md")
SUFFIXES = {"GAUGE": ("",), "COUNTER": ("_total",), "INFO": ("_info",),
            "HISTOGRAM": ("_bucket", "_sum", "_count")}


def exported(table):
    """{sample name: family} of every row."""
    return {name + suffix: name for kind, name, _ in ROW.findall(table)
            for suffix in SUFFIXES[kind]}


def misnamed(table):
    """Names against the conventions of OpenMetrics."""
    for kind, name, unit in ROW.findall(table):
        if unit and not name.endswith("_" + unit):
            yield f"src/status/metrics.def: {name} does not end in its unit {unit}"
        if re.search(r"_(total|info|count|sum|bucket)$", name):
            yield f"src/status/metrics.def: {name} ends in a suffix that is added by its type"
        if kind == "HISTOGRAM" and unit != "seconds":
            yield f"src/status/metrics.def: {name} is a histogram of {unit or 'nothing'}"


def unknown_in(path, text, samples):
    return [f"{path}: {name} is not exported"
            for name in sorted(set(NAME.findall(text)) - set(samples))]


def expressions(dashboard):
    return [t["expr"] for p in json.loads(dashboard)["panels"] for t in p["targets"]]


def main(root):
    tree = source.load(root)
    samples = exported(tree["src/status/metrics.def"])
    results = {
        "names of metrics keep to the conventions": list(misnamed(tree["src/status/metrics.def"])),
        "every metric of the dashboard is exported":
            unknown_in(DASHBOARD, " ".join(expressions(tree[DASHBOARD])), samples)}
    for path in PAGES:
        told = set(NAME.findall(tree[path]))
        results[f"{path} explains every metric, and no other"] = (
            [f"{path}: {name} is not there" for name in sorted(set(samples.values()))
             if name not in told
            and not any(s in told for s, family in samples.items() if family == name)]
            + unknown_in(path, tree[path], [*samples, *samples.values()]))
    source.report_tap(results)


if __name__ == "__main__":
    main(sys.argv[1])
