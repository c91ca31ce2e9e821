"""One file per measure. Page measures see pixels; copy measures see observations only. None imports another."""
