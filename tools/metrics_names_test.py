"""Tests of metrics_names.py: names that nobody exports and names against the rules show."""

import metrics_names as mn
import tree as source

TABLE = ('MM_METRIC(UP, GAUGE, "mimamori_up", "", "One while up.")\n'
         'MM_METRIC(CPU, COUNTER, "mimamori_cpu_seconds", "seconds", "Time.")\n'
         'MM_METRIC(TOOK, HISTOGRAM, "mimamori_took_seconds", "seconds",\n          "Time.")\n')


def samples_have_the_suffix_of_their_type():
    assert mn.exported(TABLE) == {
        "mimamori_up": "mimamori_up", "mimamori_cpu_seconds_total": "mimamori_cpu_seconds",
        "mimamori_took_seconds_bucket": "mimamori_took_seconds",
        "mimamori_took_seconds_sum": "mimamori_took_seconds",
        "mimamori_took_seconds_count": "mimamori_took_seconds"}, mn.exported(TABLE)


def names_against_the_rules_are_told():
    assert not list(mn.misnamed(TABLE))
    assert len(list(mn.misnamed('MM_METRIC(A, COUNTER, "mimamori_a_total", "lines", "")'))) == 2
    assert len(list(mn.misnamed('MM_METRIC(A, HISTOGRAM, "mimamori_a", "", "")'))) == 1


def what_is_not_exported_is_told():
    told = mn.unknown_in("p", "rate(mimamori_cpu_seconds[5m]) mimamori_up", mn.exported(TABLE))
    assert told == ["p: mimamori_cpu_seconds is not exported"], told
    assert mn.expressions('{"panels":[{"targets":[{"expr":"mimamori_up"}]}]}') == ["mimamori_up"]


if __name__ == "__main__":
    source.self_test([(name, case) for name, case in sorted(globals().items())
                      if callable(case) and case.__module__ == "__main__"])
