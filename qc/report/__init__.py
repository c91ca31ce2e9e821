"""Text, HTML and JSON of inspections and comparisons."""
