BEGIN TRANSACTION;
CREATE TABLE decisions (
        id INTEGER PRIMARY KEY,
        inspection_id INTEGER NOT NULL REFERENCES inspections(id),
        verdict_id INTEGER REFERENCES verdicts(id),
        made TEXT NOT NULL,
        outcome TEXT NOT NULL,
        refund TEXT,
        route TEXT,
        person TEXT NOT NULL,
        reason TEXT NOT NULL
    ) STRICT;
INSERT INTO "decisions" VALUES(1,1,1,'2026-11-30T18:57:16+00:00','no-defect','not-eligible','none','A. Mueller','seen on the copy');
INSERT INTO "decisions" VALUES(2,2,2,'2026-11-30T18:57:16+00:00','needs-review',NULL,NULL,'B. Okafor','not sure');
INSERT INTO "decisions" VALUES(3,2,2,'2026-11-30T18:57:16+00:00','defect','eligible','refund','B. Okafor','cut into the text');
CREATE TABLE file_hashes (
        path TEXT NOT NULL,
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        sha256 TEXT NOT NULL,
        PRIMARY KEY (path, size, mtime_ns)
    ) STRICT;
CREATE TABLE inspections (
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
    ) STRICT;
INSERT INTO "inspections" VALUES(1,'RMA-1','RMA-1',1,'k1','done',0,'','2026-10-12T22:58:40+02:00',1.5,'9780000000002','The Long Field','pdf 9780000000002','/inbox/RMA-1','/night/RMA-1/report.html','{"copy": {"id": "RMA-1", "path": "/inbox/RMA-1", "scans": [{"path": "/inbox/RMA-10482/cover-front.jpg", "name": "cover-front.jpg", "frame": 0, "role": "cover-front", "found": "", "inside": false}, {"path": "/inbox/RMA-10482/p-0001.jpg", "name": "p-0001.jpg", "frame": 0, "role": "page", "found": "", "inside": false}, {"path": "/inbox/RMA-10482/p-0002.jpg", "name": "p-0002.jpg", "frame": 0, "role": "page", "found": "", "inside": false}], "isbn": "9780000000002", "title": "The Long Field", "pages_expected": 24, "claim": {"reason": "defective", "ordered_isbn": null, "received_on": "2026-10-01", "notified_on": null, "claimed_on": "2026-10-12", "content_updated_on": null, "printed_on": null}, "scan": {"scanner": "flatbed-a3", "dpi": 300.0, "backing": "auto", "bound": false, "complete": false, "first_page": 1, "spine": "bench", "cover": "auto"}, "reference": {"file": null, "trim": null, "bleed": null, "direction": null}}, "reference": {"kind": "pdf", "id": "9780000000002", "sha256": "3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d", "note": "", "colors": ""}, "pages": [{"file": "cover-front.jpg", "frame": 0, "role": "cover-front", "reference_page": null, "side": null, "kind": null, "reason": "cover-front in its name", "dpi": [300.0, 300.0], "skew_deg": null, "upside_down": false, "same_as": null}, {"file": "p-0001.jpg", "frame": 0, "role": "page", "reference_page": 1, "side": "recto", "kind": "content", "reason": "matched to reference page 1", "dpi": [300.0, 300.0], "skew_deg": 0.42, "upside_down": false, "same_as": null}, {"file": "p-0002.jpg", "frame": 0, "role": "page", "reference_page": 2, "side": "verso", "kind": "content", "reason": "matched to reference page 2", "dpi": [300.0, 300.0], "skew_deg": 0.42, "upside_down": false, "same_as": null}], "rescan": [], "provenance": {"qc": "0.1.0", "measures": {"trim-offset": 1, "trim-offset-block": 1, "print-defect": 1, "blank-pages-at-end": 1}, "scanner": {"profile": "flatbed-a3", "measured": "2026-09-20", "scale_u": 0.0005}, "scans": {"cover-front.jpg": "0000000000000000000000000000000000000000000000000000000000000000", "p-0001.jpg": "0000000000000000000000000000000000000000000000000000000000000001", "p-0002.jpg": "0000000000000000000000000000000000000000000000000000000000000002"}, "started": "2026-10-12T22:58:40+02:00"}}');
INSERT INTO "inspections" VALUES(2,'RMA-2','RMA-2',1,'k2','done',0,'','2026-10-12T22:58:40+02:00',1.25,'9780000000002','The Long Field','pdf 9780000000002','/inbox/RMA-2','/night/RMA-2/report.html','{"copy": {"id": "RMA-2", "path": "/inbox/RMA-2", "scans": [{"path": "/inbox/RMA-10482/cover-front.jpg", "name": "cover-front.jpg", "frame": 0, "role": "cover-front", "found": "", "inside": false}, {"path": "/inbox/RMA-10482/p-0001.jpg", "name": "p-0001.jpg", "frame": 0, "role": "page", "found": "", "inside": false}, {"path": "/inbox/RMA-10482/p-0002.jpg", "name": "p-0002.jpg", "frame": 0, "role": "page", "found": "", "inside": false}], "isbn": "9780000000002", "title": "The Long Field", "pages_expected": 24, "claim": {"reason": "defective", "ordered_isbn": null, "received_on": "2026-10-01", "notified_on": null, "claimed_on": "2026-10-12", "content_updated_on": null, "printed_on": null}, "scan": {"scanner": "flatbed-a3", "dpi": 300.0, "backing": "auto", "bound": false, "complete": false, "first_page": 1, "spine": "bench", "cover": "auto"}, "reference": {"file": null, "trim": null, "bleed": null, "direction": null}}, "reference": {"kind": "pdf", "id": "9780000000002", "sha256": "3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d", "note": "", "colors": ""}, "pages": [{"file": "cover-front.jpg", "frame": 0, "role": "cover-front", "reference_page": null, "side": null, "kind": null, "reason": "cover-front in its name", "dpi": [300.0, 300.0], "skew_deg": null, "upside_down": false, "same_as": null}, {"file": "p-0001.jpg", "frame": 0, "role": "page", "reference_page": 1, "side": "recto", "kind": "content", "reason": "matched to reference page 1", "dpi": [300.0, 300.0], "skew_deg": 0.42, "upside_down": false, "same_as": null}, {"file": "p-0002.jpg", "frame": 0, "role": "page", "reference_page": 2, "side": "verso", "kind": "content", "reason": "matched to reference page 2", "dpi": [300.0, 300.0], "skew_deg": 0.42, "upside_down": false, "same_as": null}], "rescan": [], "provenance": {"qc": "0.1.0", "measures": {"trim-offset": 1, "trim-offset-block": 1, "print-defect": 1, "blank-pages-at-end": 1}, "scanner": {"profile": "flatbed-a3", "measured": "2026-09-20", "scale_u": 0.0005}, "scans": {"cover-front.jpg": "0000000000000000000000000000000000000000000000000000000000000000", "p-0001.jpg": "0000000000000000000000000000000000000000000000000000000000000001", "p-0002.jpg": "0000000000000000000000000000000000000000000000000000000000000002"}, "started": "2026-10-12T22:58:40+02:00"}}');
INSERT INTO "inspections" VALUES(3,'RMA-3','RMA-3',1,'k3','failed',3,'no scans','2026-11-30T18:57:16+00:00',0.5,NULL,NULL,NULL,'/inbox/RMA-3',NULL,NULL);
INSERT INTO "inspections" VALUES(4,'RMA-2','RMA-2',3,'k2b','done',0,'','2026-10-12T22:58:40+02:00',1.0,'9780000000002','The Long Field','pdf 9780000000002','/inbox/RMA-2','/night/RMA-2/report.html','{"copy": {"id": "RMA-2", "path": "/inbox/RMA-2", "scans": [{"path": "/inbox/RMA-10482/cover-front.jpg", "name": "cover-front.jpg", "frame": 0, "role": "cover-front", "found": "", "inside": false}, {"path": "/inbox/RMA-10482/p-0001.jpg", "name": "p-0001.jpg", "frame": 0, "role": "page", "found": "", "inside": false}, {"path": "/inbox/RMA-10482/p-0002.jpg", "name": "p-0002.jpg", "frame": 0, "role": "page", "found": "", "inside": false}], "isbn": "9780000000002", "title": "The Long Field", "pages_expected": 24, "claim": {"reason": "defective", "ordered_isbn": null, "received_on": "2026-10-01", "notified_on": null, "claimed_on": "2026-10-12", "content_updated_on": null, "printed_on": null}, "scan": {"scanner": "flatbed-a3", "dpi": 300.0, "backing": "auto", "bound": false, "complete": false, "first_page": 1, "spine": "bench", "cover": "auto"}, "reference": {"file": null, "trim": null, "bleed": null, "direction": null}}, "reference": {"kind": "pdf", "id": "9780000000002", "sha256": "3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d", "note": "", "colors": ""}, "pages": [{"file": "cover-front.jpg", "frame": 0, "role": "cover-front", "reference_page": null, "side": null, "kind": null, "reason": "cover-front in its name", "dpi": [300.0, 300.0], "skew_deg": null, "upside_down": false, "same_as": null}, {"file": "p-0001.jpg", "frame": 0, "role": "page", "reference_page": 1, "side": "recto", "kind": "content", "reason": "matched to reference page 1", "dpi": [300.0, 300.0], "skew_deg": 0.42, "upside_down": false, "same_as": null}, {"file": "p-0002.jpg", "frame": 0, "role": "page", "reference_page": 2, "side": "verso", "kind": "content", "reason": "matched to reference page 2", "dpi": [300.0, 300.0], "skew_deg": 0.42, "upside_down": false, "same_as": null}], "rescan": [], "provenance": {"qc": "0.1.0", "measures": {"trim-offset": 1, "trim-offset-block": 1, "print-defect": 1, "blank-pages-at-end": 1}, "scanner": {"profile": "flatbed-a3", "measured": "2026-09-20", "scale_u": 0.0005}, "scans": {"cover-front.jpg": "0000000000000000000000000000000000000000000000000000000000000000", "p-0001.jpg": "0000000000000000000000000000000000000000000000000000000000000001", "p-0002.jpg": "0000000000000000000000000000000000000000000000000000000000000002"}, "started": "2026-10-12T22:58:40+02:00"}}');
CREATE TABLE observations (
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
    , side TEXT) STRICT;
INSERT INTO "observations" VALUES(1,1,'trim-offset',1,1,'spine',NULL,NULL,NULL,-2.14775304808704881054e+00,'mm',0.045,'["bench-cut"]','{"trim_mm": [[0.0, 0.0], [0.0, 228.6]], "cut_mm": [[2.05, 0.0], [2.05, 228.6]]}','[]',NULL);
INSERT INTO "observations" VALUES(2,1,'trim-offset',1,1,'head',NULL,NULL,NULL,9.20214970270182175404e-01,'mm',0.045,'[]','{"trim_mm": [[0.0, 0.0], [152.4, 0.0]], "cut_mm": [[0.0, -0.84], [152.4, -0.84]]}','[]',NULL);
INSERT INTO "observations" VALUES(3,1,'trim-offset',1,1,'fore-edge',NULL,NULL,NULL,-3.5222469519129511184e+00,'mm',0.045,'[]','{"trim_mm": [[152.4, 0.0], [152.4, 228.6]], "cut_mm": [[148.78, 0.0], [148.78, 228.6]]}','[]',NULL);
INSERT INTO "observations" VALUES(4,1,'trim-offset',1,1,'tail',NULL,NULL,NULL,-1.20021497027018231307e+00,'mm',0.045,'[]','{"trim_mm": [[0.0, 228.6], [152.4, 228.6]], "cut_mm": [[0.0, 227.48], [152.4, 227.48]]}','[]',NULL);
INSERT INTO "observations" VALUES(5,1,'trim-offset-block',1,NULL,'head',NULL,NULL,NULL,0.84,'mm',0.03,'[]','{}','[]',NULL);
INSERT INTO "observations" VALUES(6,1,'trim-offset-block',1,NULL,'tail',NULL,NULL,NULL,-1.12,'mm',0.03,'[]','{}','[]',NULL);
INSERT INTO "observations" VALUES(7,1,'trim-offset-block',1,NULL,'spine',NULL,NULL,NULL,-2.05,'mm',0.03,'[]','{}','[]',NULL);
INSERT INTO "observations" VALUES(8,1,'trim-offset-block',1,NULL,'fore-edge',NULL,NULL,NULL,-3.62,'mm',0.03,'[]','{}','[]',NULL);
INSERT INTO "observations" VALUES(9,2,'trim-offset',1,1,'spine',NULL,NULL,NULL,-2.14775304808704881054e+00,'mm',0.045,'["bench-cut"]','{"trim_mm": [[0.0, 0.0], [0.0, 228.6]], "cut_mm": [[2.05, 0.0], [2.05, 228.6]]}','[]',NULL);
INSERT INTO "observations" VALUES(10,2,'trim-offset',1,1,'head',NULL,NULL,NULL,9.20214970270182175404e-01,'mm',0.045,'[]','{"trim_mm": [[0.0, 0.0], [152.4, 0.0]], "cut_mm": [[0.0, -0.84], [152.4, -0.84]]}','[]',NULL);
INSERT INTO "observations" VALUES(11,2,'trim-offset',1,1,'fore-edge',NULL,NULL,NULL,5.07753048087049130288e-01,'mm',0.045,'[]','{"trim_mm": [[152.4, 0.0], [152.4, 228.6]], "cut_mm": [[148.78, 0.0], [148.78, 228.6]]}','[]',NULL);
INSERT INTO "observations" VALUES(12,2,'trim-offset',1,1,'tail',NULL,NULL,NULL,-1.20021497027018231307e+00,'mm',0.045,'[]','{"trim_mm": [[0.0, 228.6], [152.4, 228.6]], "cut_mm": [[0.0, 227.48], [152.4, 227.48]]}','[]',NULL);
INSERT INTO "observations" VALUES(13,2,'trim-offset-block',1,NULL,'head',NULL,NULL,NULL,0.84,'mm',0.03,'[]','{}','[]',NULL);
INSERT INTO "observations" VALUES(14,2,'trim-offset-block',1,NULL,'tail',NULL,NULL,NULL,-1.12,'mm',0.03,'[]','{}','[]',NULL);
INSERT INTO "observations" VALUES(15,2,'trim-offset-block',1,NULL,'spine',NULL,NULL,NULL,-2.05,'mm',0.03,'[]','{}','[]',NULL);
INSERT INTO "observations" VALUES(16,2,'trim-offset-block',1,NULL,'fore-edge',NULL,NULL,NULL,4.10000000000000142108e-01,'mm',0.03,'[]','{}','[]',NULL);
INSERT INTO "observations" VALUES(17,4,'trim-offset',1,1,'spine',NULL,NULL,NULL,-2.14775304808704881054e+00,'mm',0.045,'["bench-cut"]','{"trim_mm": [[0.0, 0.0], [0.0, 228.6]], "cut_mm": [[2.05, 0.0], [2.05, 228.6]]}','[]',NULL);
INSERT INTO "observations" VALUES(18,4,'trim-offset',1,1,'head',NULL,NULL,NULL,9.20214970270182175404e-01,'mm',0.045,'[]','{"trim_mm": [[0.0, 0.0], [152.4, 0.0]], "cut_mm": [[0.0, -0.84], [152.4, -0.84]]}','[]',NULL);
INSERT INTO "observations" VALUES(19,4,'trim-offset',1,1,'fore-edge',NULL,NULL,NULL,5.07753048087049130288e-01,'mm',0.045,'[]','{"trim_mm": [[152.4, 0.0], [152.4, 228.6]], "cut_mm": [[148.78, 0.0], [148.78, 228.6]]}','[]',NULL);
INSERT INTO "observations" VALUES(20,4,'trim-offset',1,1,'tail',NULL,NULL,NULL,-1.20021497027018231307e+00,'mm',0.045,'[]','{"trim_mm": [[0.0, 228.6], [152.4, 228.6]], "cut_mm": [[0.0, 227.48], [152.4, 227.48]]}','[]',NULL);
INSERT INTO "observations" VALUES(21,4,'trim-offset-block',1,NULL,'head',NULL,NULL,NULL,0.84,'mm',0.03,'[]','{}','[]',NULL);
INSERT INTO "observations" VALUES(22,4,'trim-offset-block',1,NULL,'tail',NULL,NULL,NULL,-1.12,'mm',0.03,'[]','{}','[]',NULL);
INSERT INTO "observations" VALUES(23,4,'trim-offset-block',1,NULL,'spine',NULL,NULL,NULL,-2.05,'mm',0.03,'[]','{}','[]',NULL);
INSERT INTO "observations" VALUES(24,4,'trim-offset-block',1,NULL,'fore-edge',NULL,NULL,NULL,4.10000000000000142108e-01,'mm',0.03,'[]','{}','[]',NULL);
CREATE TABLE policies (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        version TEXT NOT NULL,
        sha256 TEXT NOT NULL UNIQUE,
        toml TEXT NOT NULL
    ) STRICT;
INSERT INTO "policies" VALUES(1,'house','2026.1','705357c61bf8cdaad282da02cbda606ad5961bf1accfc30dff930d3209f9326d','schema = 1
id = "house"
version = "2026.1"
k = 2
claim_days = 30

[[rule]]
id = "trim-offset-block"
measure = "trim-offset-block"
magnitude = true
within = "< 0.125 in"
outside = "> 3.2 mm"
severity = "defect"
required = true
source = "House rules, page 1"
clause = "Shifting of less than 0.125 in is expected."

[clauses.defect]
clause = "What is beyond is refunded."
source = "House rules, page 1"
');
INSERT INTO "policies" VALUES(2,'other','2026.1','f1d8cb65a52cc7d62046d43d973e15e57b887029afe6488aa85adb7b2a3cbad4','schema = 1
id = "other"
version = "2026.1"
k = 2
claim_days = 30

[[rule]]
id = "trim-offset-block"
measure = "trim-offset-block"
magnitude = true
within = "< 0.2 in"
outside = "> 6 mm"
severity = "defect"
required = true
source = "Other rules, page 7"
clause = "Shifting of less than 0.2 in is expected."

[clauses.defect]
clause = "What is beyond is refunded."
source = "Other rules, page 7"
');
CREATE TABLE runs (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        command TEXT NOT NULL,
        started TEXT NOT NULL,
        qc TEXT NOT NULL
    ) STRICT;
INSERT INTO "runs" VALUES(1,'batch 2026-11-30T18:57:16+00:00','batch inbox --store qc.db','2026-11-30T18:57:16+00:00','0.1.0');
INSERT INTO "runs" VALUES(2,'judge 2026-11-30T18:57:16+00:00','judge --store qc.db --policy ingram','2026-11-30T18:57:16+00:00','0.1.0');
INSERT INTO "runs" VALUES(3,'batch 2026-11-30T18:57:16+00:00','batch inbox --store qc.db --redo RMA-2','2026-11-30T18:57:16+00:00','0.1.0');
CREATE TABLE verdicts (
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
    , rescan TEXT CHECK (rescan IS NULL OR json_valid(rescan))) STRICT;
INSERT INTO "verdicts" VALUES(1,1,1,1,'2026-11-30T18:57:16+00:00','defect','The fore-edge is cut 3.6 mm (0.14 in) too deep; up to 3.2 mm (0.125 in) is allowed; not checked: cover, 22 of 24 pages.',-4.19999999999999928945e-01,'eligible','refund','[{"code": "defect", "clause": "Shifting of less than 0.125 in is expected.", "source": "House rules, page 1", "verbatim": false, "detail": ""}, {"code": "defect", "clause": "What is beyond is refunded.", "source": "House rules, page 1", "verbatim": false, "detail": ""}]','["cover", "pages not scanned: 22 of 24"]','[{"rule": "trim-offset-block", "outcome": "within", "severity": "defect", "measure": "trim-offset-block", "value": 0.84, "unit": "mm", "u": 0.03, "within": "< 3.175 mm", "outside": "> 3.2 mm", "magnitude": true, "where": {"page": null, "edge": "head", "axis": null, "copy": null, "copies": null, "side": null}, "margin": 2.335, "code": null, "message": "The head keeps 0.8 mm (0.03 in) of paper beyond the trim line; up to 3.2 mm (0.125 in) is allowed.", "clause": "Shifting of less than 0.125 in is expected.", "source": "House rules, page 1", "verbatim": false, "required": true, "flags": [], "doubt": [], "evidence": []}, {"rule": "trim-offset-block", "outcome": "within", "severity": "defect", "measure": "trim-offset-block", "value": -1.12, "unit": "mm", "u": 0.03, "within": "< 3.175 mm", "outside": "> 3.2 mm", "magnitude": true, "where": {"page": null, "edge": "tail", "axis": null, "copy": null, "copies": null, "side": null}, "margin": 2.0549999999999997, "code": null, "message": "The tail is cut 1.1 mm (0.04 in) too deep; up to 3.2 mm (0.125 in) is allowed.", "clause": "Shifting of less than 0.125 in is expected.", "source": "House rules, page 1", "verbatim": false, "required": true, "flags": [], "doubt": [], "evidence": []}, {"rule": "trim-offset-block", "outcome": "outside", "severity": "defect", "measure": "trim-offset-block", "value": -3.62, "unit": "mm", "u": 0.03, "within": "< 3.175 mm", "outside": "> 3.2 mm", "magnitude": true, "where": {"page": null, "edge": "fore-edge", "axis": null, "copy": null, "copies": null, "side": null}, "margin": -0.41999999999999993, "code": null, "message": "The fore-edge is cut 3.6 mm (0.14 in) too deep; up to 3.2 mm (0.125 in) is allowed.", "clause": "Shifting of less than 0.125 in is expected.", "source": "House rules, page 1", "verbatim": false, "required": true, "flags": [], "doubt": [], "evidence": []}]','[]');
INSERT INTO "verdicts" VALUES(2,2,1,1,'2026-11-30T18:57:16+00:00','no-defect','No defect found: the worst of 3 cuts, the tail, is 1.1 mm (0.04 in) off; up to 3.2 mm (0.125 in) is allowed; not checked: cover, 22 of 24 pages.',2.05499999999999971578e+00,'not-eligible','none','[{"code": "none-found", "clause": "Policy house states no sentence for none-found.", "source": "/policies/house.toml", "verbatim": false, "detail": ""}]','["cover", "pages not scanned: 22 of 24"]','[{"rule": "trim-offset-block", "outcome": "within", "severity": "defect", "measure": "trim-offset-block", "value": 0.84, "unit": "mm", "u": 0.03, "within": "< 3.175 mm", "outside": "> 3.2 mm", "magnitude": true, "where": {"page": null, "edge": "head", "axis": null, "copy": null, "copies": null, "side": null}, "margin": 2.335, "code": null, "message": "The head keeps 0.8 mm (0.03 in) of paper beyond the trim line; up to 3.2 mm (0.125 in) is allowed.", "clause": "Shifting of less than 0.125 in is expected.", "source": "House rules, page 1", "verbatim": false, "required": true, "flags": [], "doubt": [], "evidence": []}, {"rule": "trim-offset-block", "outcome": "within", "severity": "defect", "measure": "trim-offset-block", "value": -1.12, "unit": "mm", "u": 0.03, "within": "< 3.175 mm", "outside": "> 3.2 mm", "magnitude": true, "where": {"page": null, "edge": "tail", "axis": null, "copy": null, "copies": null, "side": null}, "margin": 2.0549999999999997, "code": null, "message": "The tail is cut 1.1 mm (0.04 in) too deep; up to 3.2 mm (0.125 in) is allowed.", "clause": "Shifting of less than 0.125 in is expected.", "source": "House rules, page 1", "verbatim": false, "required": true, "flags": [], "doubt": [], "evidence": []}, {"rule": "trim-offset-block", "outcome": "within", "severity": "defect", "measure": "trim-offset-block", "value": 0.41000000000000014, "unit": "mm", "u": 0.03, "within": "< 3.175 mm", "outside": "> 3.2 mm", "magnitude": true, "where": {"page": null, "edge": "fore-edge", "axis": null, "copy": null, "copies": null, "side": null}, "margin": 2.7649999999999997, "code": null, "message": "The fore-edge keeps 0.4 mm (0.016 in) of paper beyond the trim line; up to 3.2 mm (0.125 in) is allowed.", "clause": "Shifting of less than 0.125 in is expected.", "source": "House rules, page 1", "verbatim": false, "required": true, "flags": [], "doubt": [], "evidence": []}]','[]');
INSERT INTO "verdicts" VALUES(3,1,2,2,'2026-11-30T18:57:16+00:00','no-defect','No defect found: the worst of 3 cuts, the fore-edge, is 3.6 mm (0.14 in) off; up to 5.1 mm (0.2 in) is allowed; not checked: cover, 22 of 24 pages.',1.46,'not-eligible','none','[{"code": "none-found", "clause": "Policy other states no sentence for none-found.", "source": "/policies/other.toml", "verbatim": false, "detail": ""}]','["cover", "pages not scanned: 22 of 24"]','[{"rule": "trim-offset-block", "outcome": "within", "severity": "defect", "measure": "trim-offset-block", "value": 0.84, "unit": "mm", "u": 0.03, "within": "< 5.08 mm", "outside": "> 6 mm", "magnitude": true, "where": {"page": null, "edge": "head", "axis": null, "copy": null, "copies": null, "side": null}, "margin": 4.24, "code": null, "message": "The head keeps 0.8 mm (0.03 in) of paper beyond the trim line; up to 5.1 mm (0.2 in) is allowed.", "clause": "Shifting of less than 0.2 in is expected.", "source": "Other rules, page 7", "verbatim": false, "required": true, "flags": [], "doubt": [], "evidence": []}, {"rule": "trim-offset-block", "outcome": "within", "severity": "defect", "measure": "trim-offset-block", "value": -1.12, "unit": "mm", "u": 0.03, "within": "< 5.08 mm", "outside": "> 6 mm", "magnitude": true, "where": {"page": null, "edge": "tail", "axis": null, "copy": null, "copies": null, "side": null}, "margin": 3.96, "code": null, "message": "The tail is cut 1.1 mm (0.04 in) too deep; up to 5.1 mm (0.2 in) is allowed.", "clause": "Shifting of less than 0.2 in is expected.", "source": "Other rules, page 7", "verbatim": false, "required": true, "flags": [], "doubt": [], "evidence": []}, {"rule": "trim-offset-block", "outcome": "within", "severity": "defect", "measure": "trim-offset-block", "value": -3.62, "unit": "mm", "u": 0.03, "within": "< 5.08 mm", "outside": "> 6 mm", "magnitude": true, "where": {"page": null, "edge": "fore-edge", "axis": null, "copy": null, "copies": null, "side": null}, "margin": 1.46, "code": null, "message": "The fore-edge is cut 3.6 mm (0.14 in) too deep; up to 5.1 mm (0.2 in) is allowed.", "clause": "Shifting of less than 0.2 in is expected.", "source": "Other rules, page 7", "verbatim": false, "required": true, "flags": [], "doubt": [], "evidence": []}]','[]');
INSERT INTO "verdicts" VALUES(4,2,2,2,'2026-11-30T18:57:16+00:00','no-defect','No defect found: the worst of 3 cuts, the tail, is 1.1 mm (0.04 in) off; up to 5.1 mm (0.2 in) is allowed; not checked: cover, 22 of 24 pages.',3.96,'not-eligible','none','[{"code": "none-found", "clause": "Policy other states no sentence for none-found.", "source": "/policies/other.toml", "verbatim": false, "detail": ""}]','["cover", "pages not scanned: 22 of 24"]','[{"rule": "trim-offset-block", "outcome": "within", "severity": "defect", "measure": "trim-offset-block", "value": 0.84, "unit": "mm", "u": 0.03, "within": "< 5.08 mm", "outside": "> 6 mm", "magnitude": true, "where": {"page": null, "edge": "head", "axis": null, "copy": null, "copies": null, "side": null}, "margin": 4.24, "code": null, "message": "The head keeps 0.8 mm (0.03 in) of paper beyond the trim line; up to 5.1 mm (0.2 in) is allowed.", "clause": "Shifting of less than 0.2 in is expected.", "source": "Other rules, page 7", "verbatim": false, "required": true, "flags": [], "doubt": [], "evidence": []}, {"rule": "trim-offset-block", "outcome": "within", "severity": "defect", "measure": "trim-offset-block", "value": -1.12, "unit": "mm", "u": 0.03, "within": "< 5.08 mm", "outside": "> 6 mm", "magnitude": true, "where": {"page": null, "edge": "tail", "axis": null, "copy": null, "copies": null, "side": null}, "margin": 3.96, "code": null, "message": "The tail is cut 1.1 mm (0.04 in) too deep; up to 5.1 mm (0.2 in) is allowed.", "clause": "Shifting of less than 0.2 in is expected.", "source": "Other rules, page 7", "verbatim": false, "required": true, "flags": [], "doubt": [], "evidence": []}, {"rule": "trim-offset-block", "outcome": "within", "severity": "defect", "measure": "trim-offset-block", "value": 0.41000000000000014, "unit": "mm", "u": 0.03, "within": "< 5.08 mm", "outside": "> 6 mm", "magnitude": true, "where": {"page": null, "edge": "fore-edge", "axis": null, "copy": null, "copies": null, "side": null}, "margin": 4.67, "code": null, "message": "The fore-edge keeps 0.4 mm (0.016 in) of paper beyond the trim line; up to 5.1 mm (0.2 in) is allowed.", "clause": "Shifting of less than 0.2 in is expected.", "source": "Other rules, page 7", "verbatim": false, "required": true, "flags": [], "doubt": [], "evidence": []}]','[]');
INSERT INTO "verdicts" VALUES(5,4,3,1,'2026-11-30T18:57:16+00:00','no-defect','No defect found: the worst of 3 cuts, the tail, is 1.1 mm (0.04 in) off; up to 3.2 mm (0.125 in) is allowed; not checked: cover, 22 of 24 pages.',2.05499999999999971578e+00,'not-eligible','none','[{"code": "none-found", "clause": "Policy house states no sentence for none-found.", "source": "/policies/house.toml", "verbatim": false, "detail": ""}]','["cover", "pages not scanned: 22 of 24"]','[{"rule": "trim-offset-block", "outcome": "within", "severity": "defect", "measure": "trim-offset-block", "value": 0.84, "unit": "mm", "u": 0.03, "within": "< 3.175 mm", "outside": "> 3.2 mm", "magnitude": true, "where": {"page": null, "edge": "head", "axis": null, "copy": null, "copies": null, "side": null}, "margin": 2.335, "code": null, "message": "The head keeps 0.8 mm (0.03 in) of paper beyond the trim line; up to 3.2 mm (0.125 in) is allowed.", "clause": "Shifting of less than 0.125 in is expected.", "source": "House rules, page 1", "verbatim": false, "required": true, "flags": [], "doubt": [], "evidence": []}, {"rule": "trim-offset-block", "outcome": "within", "severity": "defect", "measure": "trim-offset-block", "value": -1.12, "unit": "mm", "u": 0.03, "within": "< 3.175 mm", "outside": "> 3.2 mm", "magnitude": true, "where": {"page": null, "edge": "tail", "axis": null, "copy": null, "copies": null, "side": null}, "margin": 2.0549999999999997, "code": null, "message": "The tail is cut 1.1 mm (0.04 in) too deep; up to 3.2 mm (0.125 in) is allowed.", "clause": "Shifting of less than 0.125 in is expected.", "source": "House rules, page 1", "verbatim": false, "required": true, "flags": [], "doubt": [], "evidence": []}, {"rule": "trim-offset-block", "outcome": "within", "severity": "defect", "measure": "trim-offset-block", "value": 0.41000000000000014, "unit": "mm", "u": 0.03, "within": "< 3.175 mm", "outside": "> 3.2 mm", "magnitude": true, "where": {"page": null, "edge": "fore-edge", "axis": null, "copy": null, "copies": null, "side": null}, "margin": 2.7649999999999997, "code": null, "message": "The fore-edge keeps 0.4 mm (0.016 in) of paper beyond the trim line; up to 3.2 mm (0.125 in) is allowed.", "clause": "Shifting of less than 0.125 in is expected.", "source": "House rules, page 1", "verbatim": false, "required": true, "flags": [], "doubt": [], "evidence": []}]','[]');
CREATE INDEX inspections_by_copy ON inspections(copy, key);
CREATE INDEX observations_by_inspection ON observations(inspection_id, measure);
CREATE INDEX verdicts_by_inspection ON verdicts(inspection_id);
CREATE INDEX decisions_by_inspection ON decisions(inspection_id);
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
    WHERE i.id IN (SELECT max(id) FROM inspections GROUP BY copy);
CREATE VIEW findings AS
    SELECT i.copy, p.name AS policy, p.version AS policy_version, f.value ->> 'rule' AS rule,
           f.value ->> 'outcome' AS outcome, f.value ->> 'severity' AS severity, f.value ->> 'measure' AS measure,
           f.value ->> '$.where.page' AS page, f.value ->> '$.where.edge' AS edge, f.value ->> 'value' AS value,
           f.value ->> 'unit' AS unit, f.value ->> 'u' AS u, f.value ->> 'margin' AS margin,
           f.value ->> 'message' AS message, v.made AS judged, v.id AS verdict_id
    FROM verdicts v, json_each(v.findings) f
    JOIN inspections i ON i.id = v.inspection_id
    JOIN policies p ON p.id = v.policy_id;
CREATE TRIGGER runs_no_update BEFORE update ON runs BEGIN SELECT RAISE(ABORT, 'rows of a qc store are only added'); END;
CREATE TRIGGER runs_no_delete BEFORE delete ON runs BEGIN SELECT RAISE(ABORT, 'rows of a qc store are only added'); END;
CREATE TRIGGER policies_no_update BEFORE update ON policies BEGIN SELECT RAISE(ABORT, 'rows of a qc store are only added'); END;
CREATE TRIGGER policies_no_delete BEFORE delete ON policies BEGIN SELECT RAISE(ABORT, 'rows of a qc store are only added'); END;
CREATE TRIGGER inspections_no_update BEFORE update ON inspections BEGIN SELECT RAISE(ABORT, 'rows of a qc store are only added'); END;
CREATE TRIGGER inspections_no_delete BEFORE delete ON inspections BEGIN SELECT RAISE(ABORT, 'rows of a qc store are only added'); END;
CREATE TRIGGER observations_no_update BEFORE update ON observations BEGIN SELECT RAISE(ABORT, 'rows of a qc store are only added'); END;
CREATE TRIGGER observations_no_delete BEFORE delete ON observations BEGIN SELECT RAISE(ABORT, 'rows of a qc store are only added'); END;
CREATE TRIGGER verdicts_no_update BEFORE update ON verdicts BEGIN SELECT RAISE(ABORT, 'rows of a qc store are only added'); END;
CREATE TRIGGER verdicts_no_delete BEFORE delete ON verdicts BEGIN SELECT RAISE(ABORT, 'rows of a qc store are only added'); END;
CREATE TRIGGER decisions_no_update BEFORE update ON decisions BEGIN SELECT RAISE(ABORT, 'rows of a qc store are only added'); END;
CREATE TRIGGER decisions_no_delete BEFORE delete ON decisions BEGIN SELECT RAISE(ABORT, 'rows of a qc store are only added'); END;
CREATE TRIGGER file_hashes_no_update BEFORE update ON file_hashes BEGIN SELECT RAISE(ABORT, 'rows of a qc store are only added'); END;
CREATE TRIGGER file_hashes_no_delete BEFORE delete ON file_hashes BEGIN SELECT RAISE(ABORT, 'rows of a qc store are only added'); END;
CREATE VIEW latest_observations AS
        SELECT i.copy, o.measure, o.version, o.page, o.edge, o.axis, o.side, o.copy AS where_copy, o.copies AS where_copies,
               o.value, o.unit, o.u, o.flags, o.detail, o.evidence, i.id AS inspection_id, o.id AS observation_id
        FROM observations o JOIN inspections i ON i.id = o.inspection_id
        WHERE i.id IN (SELECT max(id) FROM inspections GROUP BY copy);
COMMIT;PRAGMA application_id = 1902337841;
PRAGMA user_version = 3;
