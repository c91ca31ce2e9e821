"""What was ordered: a print-ready PDF or an approved copy, title.toml, the trim."""
