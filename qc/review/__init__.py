"""The review page of `qc review`, and the packet for a dispute: what a person looks at to decide of stored copies."""
