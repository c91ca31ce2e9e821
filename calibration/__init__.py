"""Scanner profiles: who measures the scanner before the scanner measures the book."""
