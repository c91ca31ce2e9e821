"""The tables and views of a store, as the steps that lead from each version to the next; steps are never changed."""

from __future__ import annotations

from collections.abc import Iterable

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


def _no_change(table: str, what: str) -> str:
    return (
        f"CREATE TRIGGER {table}_no_{what} BEFORE {what} ON {table} "
        "BEGIN SELECT RAISE(ABORT, 'rows of a qc store are only added'); END"
    )


def _no_changes(tables: Iterable[str]) -> tuple[str, ...]:
    return tuple(_no_change(table, what) for table in tables for what in ("update", "delete"))


def _rounded(value: str, unit: str) -> str:
    """A number as it is printed in records: 4 decimals, 6 of a fraction or density."""
    return f"round({value}, iif({unit} IN ('fraction', 'density'), 6, 4))"


_HISTORY = """
    CREATE VIEW decision_history AS
    SELECT d.*, i.copy, d.id IN (SELECT withdraws FROM decisions WHERE withdraws IS NOT NULL) AS withdrawn
    FROM decisions d JOIN inspections i ON i.id = d.inspection_id
"""

_LATEST_VERDICTS = """
    CREATE VIEW latest_verdicts AS
    WITH standing AS (
        SELECT copy, max(id) AS id FROM decision_history WHERE withdraws IS NULL AND NOT withdrawn GROUP BY copy
    )
    SELECT i.copy, i.title, i.isbn, i.status, v.outcome, d.outcome AS decided, d.person, d.reason,
           coalesce(iif(d.scans IS i.scans, d.refund, NULL), v.refund) AS refund,
           coalesce(iif(d.scans IS i.scans, d.route, NULL), v.route) AS route, v.margin_mm,
           coalesce(v.summary, i.message) AS summary,
           p.name AS policy, p.version AS policy_version, v.made AS judged, d.made AS decided_on,
           i.reference, i.inspected, i.exit, i.path, i.report, i.id AS inspection_id, v.id AS verdict_id,
           d.code, iif(d.id IS NULL, NULL, d.scans IS NOT i.scans) AS stale,
           iif(d.id IS NULL, coalesce(v.refund, 'review') = 'review', d.scans IS NOT i.scans) AS waits,
           v.shows, v.run_id IS NOT NULL AND v.run_id != i.run_id AS judged_since, d.id AS decision_id
    FROM inspections i
    LEFT JOIN verdicts v ON v.id = (SELECT max(id) FROM verdicts WHERE inspection_id = i.id AND in_force)
    LEFT JOIN policies p ON p.id = coalesce(v.policy_id, i.policy_id)
    LEFT JOIN standing s ON s.copy = i.copy
    LEFT JOIN decisions d ON d.id = s.id
    WHERE i.id IN (SELECT max(id) FROM inspections GROUP BY copy)
"""

_FINDINGS = f"""
    CREATE VIEW findings AS
    SELECT i.copy, p.name AS policy, p.version AS policy_version, f.value ->> 'rule' AS rule,
           f.value ->> 'outcome' AS outcome, f.value ->> 'severity' AS severity, f.value ->> 'measure' AS measure,
           f.value ->> '$.where.page' AS page, f.value ->> '$.where.edge' AS edge,
           {_rounded("f.value ->> 'value'", "f.value ->> 'unit'")} AS value, f.value ->> 'unit' AS unit,
           {_rounded("f.value ->> 'u'", "f.value ->> 'unit'")} AS u,
           {_rounded("f.value ->> 'margin'", "f.value ->> 'unit'")} AS margin,
           f.value ->> 'message' AS message, v.made AS judged, v.id AS verdict_id,
           coalesce(f.value ->> 'clause', s.clause) AS clause, coalesce(f.value ->> 'source', s.source) AS source,
           coalesce(f.value ->> 'verbatim', s.verbatim) AS verbatim
    FROM verdicts v, json_each(v.findings) f
    JOIN inspections i ON i.id = v.inspection_id
    JOIN policies p ON p.id = v.policy_id
    LEFT JOIN sentences s ON s.id = f.value ->> 'sentence'
"""

_LATEST_OBSERVATIONS = f"""
    CREATE VIEW latest_observations AS
    SELECT i.copy, o.measure, o.version, o.page, o.edge, o.axis, o.side, o.copy AS where_copy, o.copies AS where_copies,
           {_rounded("o.value", "o.unit")} AS value, o.unit, {_rounded("o.u", "o.unit")} AS u, o.flags, o.detail, o.evidence,
           i.id AS inspection_id, o.id AS observation_id
    FROM observations o JOIN inspections i ON i.id = o.inspection_id
    WHERE i.id IN (SELECT max(id) FROM inspections GROUP BY copy)
"""

_ADDED = {
    # A sentence of a policy, which findings and reasons name by its number.
    "sentences": """
        id INTEGER PRIMARY KEY,
        clause TEXT NOT NULL,
        source TEXT NOT NULL,
        verbatim INTEGER NOT NULL CHECK (verbatim IN (0, 1)),
        UNIQUE (clause, source, verbatim)
    """,
    # A summary.csv and index.html, and the copies that it lists.
    "listings": """
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        folder TEXT NOT NULL,
        title TEXT NOT NULL,
        made TEXT NOT NULL
    """,
    "listed": """
        id INTEGER PRIMARY KEY,
        listing_id INTEGER NOT NULL REFERENCES listings(id),
        copy TEXT NOT NULL,
        UNIQUE (listing_id, copy)
    """,
}

_DESCRIBE = (
    "DELETE FROM columns",
    """
    INSERT INTO columns
    SELECT t.name, n.name, qc_text(t.name, n.name)
    FROM sqlite_master t, (SELECT name AS of, '' AS name FROM sqlite_master
                           UNION ALL SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c) n
    WHERE n.of = t.name AND t.type IN ('table', 'view') AND t.name NOT LIKE 'sqlite%'
    """,
)
"""Says in `columns` what all tables and views hold; every step that changes one ends in it."""

_WHAT_HOLDS = (
    *(f"CREATE TABLE {name} ({columns}) STRICT" for name, columns in _ADDED.items()),
    *_no_changes(_ADDED),
    "CREATE INDEX listed_by_copy ON listed(copy)",
    'CREATE TABLE columns ("table" TEXT NOT NULL, "column" TEXT NOT NULL, text TEXT NOT NULL, '
    'PRIMARY KEY ("table", "column")) STRICT',
    # Scans are told by one hash, so that a decision is known to be on those that were inspected. A decision of an older store was
    # on the latest inspection at that time, which is the one that it names.
    "ALTER TABLE inspections ADD COLUMN scans TEXT",
    "ALTER TABLE inspections ADD COLUMN policy_id INTEGER REFERENCES policies(id)",
    "ALTER TABLE decisions ADD COLUMN code TEXT",
    "ALTER TABLE decisions ADD COLUMN scans TEXT",
    "ALTER TABLE decisions ADD COLUMN withdraws INTEGER REFERENCES decisions(id)",
    "ALTER TABLE verdicts ADD COLUMN in_force INTEGER NOT NULL DEFAULT 1 CHECK (in_force IN (0, 1))",
    "ALTER TABLE verdicts ADD COLUMN shows TEXT CHECK (shows IS NULL OR json_valid(shows))",
    *(f"DROP TRIGGER {table}_no_update" for table in ("inspections", "decisions", "verdicts")),
    "UPDATE inspections SET scans = qc_scans(facts)",
    "UPDATE decisions SET scans = (SELECT scans FROM inspections i WHERE i.id = inspection_id)",
    # `qc judge` stored every verdict that it printed, also where somebody only asked what another printer would say: nobody put
    # those in force, and reports, index and summary kept to the inspection. They stay as rows, but the policy of a copy is that
    # of its inspection again; `qc judge --save` puts one in force, which takes seconds.
    "UPDATE verdicts SET in_force = run_id NOT IN (SELECT id FROM runs WHERE command = 'judge' OR command LIKE 'judge %')",
    # The margin was that of the nearest cut, also beside a verdict on color; each cut still has its own among the findings.
    "UPDATE verdicts SET shows = qc_shows(findings), margin_mm = qc_margin(outcome, findings)",
    *(_no_change(table, "update") for table in ("inspections", "decisions", "verdicts")),
    # Sentences of older findings and reasons stay where they are: rows are not made anew.
    "CREATE INDEX verdicts_in_force ON verdicts(inspection_id, in_force)",
    "CREATE UNIQUE INDEX decisions_withdrawn ON decisions(withdraws) WHERE withdraws IS NOT NULL",
    *(f"DROP VIEW {view}" for view in ("latest_verdicts", "latest_observations", "findings")),
    _HISTORY,
    _LATEST_VERDICTS,
    _LATEST_OBSERVATIONS,
    _FINDINGS,
    *_DESCRIBE,
)
"""What a person decided follows the copy, a verdict of `judge` counts where it was saved, and no sentence stands there twice."""

_TO_SCAN_AGAIN = """
    CREATE VIEW latest_verdicts AS
    WITH standing AS (
        SELECT copy, max(id) AS id FROM decision_history WHERE withdraws IS NULL AND NOT withdrawn GROUP BY copy
    ), holds AS (
        SELECT d.*, i.id AS of, d.scans IS NOT i.scans AS stale,
               coalesce(d.refund, iif(d.outcome IN ('defect', 'no-defect'), '', 'review')) = 'review' AS open
        FROM standing s JOIN decisions d ON d.id = s.id
        JOIN inspections i ON i.id = (SELECT max(id) FROM inspections WHERE copy = s.copy)
    )
    SELECT i.copy, i.title, i.isbn, i.status, v.outcome, d.outcome AS decided, d.person, d.reason,
           coalesce(iif(d.stale, NULL, d.refund), v.refund) AS refund,
           coalesce(iif(d.stale, NULL, d.route), v.route) AS route, v.margin_mm,
           coalesce(v.summary, i.message) AS summary,
           p.name AS policy, p.version AS policy_version, v.made AS judged, d.made AS decided_on, i.reference, i.inspected,
           CASE v.outcome WHEN 'defect' THEN 10 WHEN 'needs-review' THEN 11 WHEN 'insufficient-evidence' THEN 12
                          WHEN 'no-defect' THEN 0 ELSE i.exit END AS exit,
           i.path, i.report, i.id AS inspection_id, v.id AS verdict_id, d.code, d.stale,
           CASE WHEN d.id IS NULL THEN coalesce(v.refund, 'review') = 'review' WHEN d.stale THEN 1
                ELSE d.open AND NOT (d.code IS 'rescan' OR d.outcome = 'insufficient-evidence') END AS waits,
           v.shows, v.run_id IS NOT NULL AND v.run_id != i.run_id AS judged_since, d.id AS decision_id,
           coalesce(d.open AND NOT d.stale AND (d.code IS 'rescan' OR d.outcome = 'insufficient-evidence'), 0) AS scan_again,
           v.outcome IS 'insufficient-evidence' AND i.facts ->> '$.copy.claim.reason' IS 'lost'
               AND json_array_length(i.facts, '$.copy.scans') IS 0 AS lost
    FROM inspections i
    LEFT JOIN verdicts v ON v.id = (SELECT max(id) FROM verdicts WHERE inspection_id = i.id AND in_force)
    LEFT JOIN policies p ON p.id = coalesce(v.policy_id, i.policy_id)
    LEFT JOIN holds d ON d.of = i.id
    WHERE i.id IN (SELECT max(id) FROM inspections GROUP BY copy)
"""

STEPS: tuple[tuple[str, ...], ...] = (
    (
        *(f"CREATE TABLE {name} ({columns}) STRICT" for name, columns in _TABLES.items()),
        *_INDEXES,
        *_VIEWS,
        *_no_changes(_TABLES),
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
    _WHAT_HOLDS,
    # A copy that a person wants scanned again waits for scans, one that another is to look at for that person; `exit` is one number
    # whether it could be inspected or not.
    ("DROP VIEW latest_verdicts", _TO_SCAN_AGAIN, *_DESCRIBE),
)
"""Statements of each step; a store of version n has the first n behind it."""
