"""Decoders of single scans, one module a file format; only `qc.scan.image_file` calls them.

Each has ``count(path)``, ``info(path, frame)`` and ``pixels(path, frame, reduce)`` and raises `raster.Unusable`, or
whatever its library raises on a damaged file; `qc.scan.image_file` turns both into one sentence.
"""
