"""JUDGE: policies, rules, findings, verdict and refund. Only numbers are read here."""
