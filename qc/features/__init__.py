"""From the pixels of a registered page to small arrays: tiles, marks, strips, letters. Measures are made of these."""
