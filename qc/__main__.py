"""``python -m qc``."""

from qc.cli import entry

if __name__ == "__main__":
    entry()
