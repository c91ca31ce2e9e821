"""Copies of one title held against each other."""
