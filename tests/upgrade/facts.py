"""facts.py - what is asked of a state directory before it is packed and after it was opened."""

# A line that only the operator's own format reads.
DOOR = "<13>Nov 20 10:00:00 gate doord[7]: opened by user {} from 192.0.2.7"


def facts(s):
    """What a later release has to find in it."""
    return {
        "events": s.events("SELECT company, source, count() FROM events GROUP BY company, source "
                           "ORDER BY company, source"),
        "alerts": s.events("SELECT company, rule_id, count() FROM alerts GROUP BY company, rule_id "
                           "ORDER BY company, rule_id"),
        "cases": s.records("SELECT company, number, how, entity, title, state FROM cases "
                           "ORDER BY company, number"),
        "evidence": s.records("SELECT company, seq, event FROM case_event ORDER BY company, seq"),
        "companies": s.records("SELECT company, code, name, note FROM company ORDER BY company"),
        "devices": s.records("SELECT company, name, kind FROM device ORDER BY device"),
        "users": s.records("SELECT login, role FROM user ORDER BY user"),
        "audit": s.records("SELECT company, number, action, hex(hash) FROM audit "
                           "ORDER BY company, number"),
        "position": s.records("SELECT queue, seq FROM engine_position ORDER BY queue"),
    }
