"""SCAN: the folder of a copy, copy.toml, image files and their decoders, scanner profiles."""
