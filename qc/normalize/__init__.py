"""NORMALIZE: a page upright at its true resolution, its color and its paper; what is printed on it at all."""
