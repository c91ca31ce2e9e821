"""Sheets and their sides: which page lies on which side, and sheets that were scanned twice."""
