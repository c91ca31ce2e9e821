"""What `qc plan` tells of a copy before it is inspected."""
