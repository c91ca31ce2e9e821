"""The tables and views of a store, as the steps that lead from each version to the next; steps are never changed."""

from __future__ import annotations

APPLICATION_ID = 0x71635F31
"""``qc_1``: tells a store from any other SQLite file."""

# Datasette and its like show a row that others refer to by its column `name`.

_TABLES = {
    "runs": """
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        command TEXT NOT NULL,
        started TEXT NOT NULL,
        qc TEXT NOT NULL
    """,
    "policies": """
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        version TEXT NOT NULL,
        sha256 TEXT NOT NULL UNIQUE,
        toml TEXT NOT NULL
    """,
    "inspections": """
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        copy TEXT NOT NULL,
        run_id INTEGER NOT NULL REFERENCES runs(id),
        key TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('done', 'failed')),
        exit INTEGER NOT NULL,
        message TEXT NOT NULL,
        inspected TEXT NOT NULL,
        seconds REAL NOT NULL,
        isbn TEXT,
        title TEXT,
        reference TEXT,
        path TEXT NOT NULL,
        report TEXT,
        facts TEXT CHECK (facts IS NULL OR json_valid(facts))
    """,
    "observations": """
        id INTEGER PRIMARY KEY,
        inspection_id INTEGER NOT NULL REFERENCES inspections(id),
        measure TEXT NOT NULL,
        version INTEGER NOT NULL,
        page INTEGER,
        edge TEXT,
        axis TEXT,
        copy TEXT,
        copies TEXT CHECK (copies IS NULL OR json_valid(copies)),
        value REAL,
        unit TEXT NOT NULL,
        u REAL,
        flags TEXT NOT NULL CHECK (json_valid(flags)),
        detail TEXT NOT NULL CHECK (json_valid(detail)),
        evidence TEXT NOT NULL CHECK (json_valid(evidence))
    """,
    "verdicts": """
        id INTEGER PRIMARY KEY,
        inspection_id INTEGER NOT NULL REFERENCES inspections(id),
        run_id INTEGER NOT NULL REFERENCES runs(id),
        policy_id INTEGER NOT NULL REFERENCES policies(id),
        made TEXT NOT NULL,
        outcome TEXT NOT NULL,
        summary TEXT NOT NULL,
        margin_mm REAL,
        refund TEXT NOT NULL,
        route TEXT NOT NULL,
        reasons TEXT NOT NULL CHECK (json_valid(reasons)),
        not_checked TEXT NOT NULL CHECK (json_valid(not_checked)),
        findings TEXT NOT NULL CHECK (json_valid(findings))
    """,
    "decisions": """
        id INTEGER PRIMARY KEY,
        inspection_id INTEGER NOT NULL REFERENCES inspections(id),
        verdict_id INTEGER REFERENCES verdicts(id),
        made TEXT NOT NULL,
        outcome TEXT NOT NULL,
        refund TEXT,
        route TEXT,
        person TEXT NOT NULL,
        reason TEXT NOT NULL
    """,
    "file_hashes": """
        path TEXT NOT NULL,
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        sha256 TEXT NOT NULL,
        PRIMARY KEY (path, size, mtime_ns)
    """,
}

_INDEXES = (
    "CREATE INDEX inspections_by_copy ON inspections(copy, key)",
    "CREATE INDEX observations_by_inspection ON observations(inspection_id, measure)",
    "CREATE INDEX verdicts_by_inspection ON verdicts(inspection_id)",
    "CREATE INDEX decisions_by_inspection ON decisions(inspection_id)",
)

_VIEWS = (
    """
    CREATE VIEW latest_verdicts AS
    SELECT i.copy, i.title, i.isbn, i.status, v.outcome, d.outcome AS decided, d.person, d.reason,
           coalesce(d.refund, v.refund) AS refund, coalesce(d.route, v.route) AS route, v.margin_mm,
           coalesce(v.summary, i.message) AS summary,
           p.name AS policy, p.version AS policy_version, v.made AS judged, d.made AS decided_on,
           i.reference, i.inspected, i.exit, i.path, i.report, i.id AS inspection_id, v.id AS verdict_id
    FROM inspections i
    LEFT JOIN verdicts v ON v.id = (SELECT max(id) FROM verdicts WHERE inspection_id = i.id)
    LEFT JOIN policies p ON p.id = v.policy_id
    LEFT JOIN decisions d ON d.id = (SELECT max(id) FROM decisions WHERE inspection_id = i.id)
    WHERE i.id IN (SELECT max(id) FROM inspections GROUP BY copy)
    """,
    """
    CREATE VIEW latest_observations AS
    SELECT i.copy, o.measure, o.version, o.page, o.edge, o.axis, o.copy AS where_copy, o.copies AS where_copies,
           o.value, o.unit, o.u, o.flags, o.detail, o.evidence, i.id AS inspection_id, o.id AS observation_id
    FROM observations o JOIN inspections i ON i.id = o.inspection_id
    WHERE i.id IN (SELECT max(id) FROM inspections GROUP BY copy)
    """,
    """
    CREATE VIEW findings AS
    SELECT i.copy, p.name AS policy, p.version AS policy_version, f.value ->> 'rule' AS rule,
           f.value ->> 'outcome' AS outcome, f.value ->> 'severity' AS severity, f.value ->> 'measure' AS measure,
           f.value ->> '$.where.page' AS page, f.value ->> '$.where.edge' AS edge, f.value ->> 'value' AS value,
           f.value ->> 'unit' AS unit, f.value ->> 'u' AS u, f.value ->> 'margin' AS margin,
           f.value ->> 'message' AS message, v.made AS judged, v.id AS verdict_id
    FROM verdicts v, json_each(v.findings) f
    JOIN inspections i ON i.id = v.inspection_id
    JOIN policies p ON p.id = v.policy_id
    """,
)

_NO_CHANGES = tuple(
    f"CREATE TRIGGER {table}_no_{what} BEFORE {what} ON {table} "
    "BEGIN SELECT RAISE(ABORT, 'rows of a qc store are only added'); END"
    for table in _TABLES
    for what in ("update", "delete")
)

STEPS: tuple[tuple[str, ...], ...] = (
    (
        *(f"CREATE TABLE {name} ({columns}) STRICT" for name, columns in _TABLES.items()),
        *_INDEXES,
        *_VIEWS,
        *_NO_CHANGES,
    ),
    # The scans that a verdict asks for; of older verdicts nobody chose them.
    ("ALTER TABLE verdicts ADD COLUMN rescan TEXT CHECK (rescan IS NULL OR json_valid(rescan))",),
    # Of which side of a cover.
    (
        "ALTER TABLE observations ADD COLUMN side TEXT",
        "DROP VIEW latest_observations",
        """
        CREATE VIEW latest_observations AS
        SELECT i.copy, o.measure, o.version, o.page, o.edge, o.axis, o.side, o.copy AS where_copy, o.copies AS where_copies,
               o.value, o.unit, o.u, o.flags, o.detail, o.evidence, i.id AS inspection_id, o.id AS observation_id
        FROM observations o JOIN inspections i ON i.id = o.inspection_id
        WHERE i.id IN (SELECT max(id) FROM inspections GROUP BY copy)
        """,
    ),
)
"""Statements of each step; a store of version n has the first n behind it."""
