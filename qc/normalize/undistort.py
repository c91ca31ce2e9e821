"""Shear and local distortion of a calibrated scanner, taken out of the pixels."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.geometry import Affine
from qc.scan.scanner_profile import ScannerScale
from qc.units import mm_per_px

MATTERS_MM = 0.005
_CELL_PX = 16
_ROUNDS = 4


def undistorted(
    images: tuple[NDArray[Any], ...], dpi: tuple[float, float], scale: ScannerScale, mapped: bool
) -> tuple[tuple[NDArray[Any], ...], Affine] | None:
    """Images of one scan in which equal steps are equal lengths.

    Parameters
    ----------
    images : tuple of ndarray, shapes (h, w) or (h, w, 3), float32 or uint8
        Alike in size; the frame is that of the whole scan. Those of float32 keep their sharpness.
    dpi : tuple of float
        Their true resolution along x and y; it stays.
    scale : ScannerScale
    mapped : bool
        Whether its map holds for this frame.

    Returns
    -------
    images : tuple of ndarray
        Of the same size. What moves beyond the frame, a few tenths of a millimeter at most, is lost; the rim repeats.
    to_given : Affine
        Their pixels -> pixels of those given, as near as an affine map comes.

    None where nothing would move by more than `MATTERS_MM`.
    """
    height, width = images[0].shape[:2]
    pixel = np.array([mm_per_px(dpi[0]), mm_per_px(dpi[1])])
    # Nodes every few pixels carry the displacement, which changes over centimeters.
    columns, rows = np.arange(0, width + _CELL_PX, _CELL_PX), np.arange(0, height + _CELL_PX, _CELL_PX)
    nodes = np.column_stack([np.tile(columns, len(rows)), np.repeat(rows, len(columns))]).astype(float)
    true = (nodes + 0.5) * pixel
    place = true.copy()
    for _ in range(_ROUNDS):
        place = place + true - scale.true_mm(place, mapped)
    move = (place - true) / pixel
    move -= move.mean(axis=0)
    if np.abs(move * pixel).max() < MATTERS_MM:
        return None
    field = move.reshape(len(rows), len(columns), 2).astype(np.float32)
    step = np.array([[1 / _CELL_PX, 0, 0], [0, 1 / _CELL_PX, 0]])
    dense = cv2.warpAffine(field, step, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    at_x = dense[:, :, 0] + np.arange(width, dtype=np.float32)[None, :]
    at_y = dense[:, :, 1] + np.arange(height, dtype=np.float32)[:, None]
    result = tuple(_moved(image, at_x, at_y) for image in images)
    design = np.column_stack([nodes, np.ones(len(nodes))])
    affine = np.linalg.lstsq(design, nodes + move, rcond=None)[0]
    return result, Affine(affine.T)


def _moved(image: NDArray[Any], at_x: NDArray[np.float32], at_y: NDArray[np.float32]) -> NDArray[Any]:
    # Edges are measured on the plane of floats: it must stay sharp and nothing may move in it. OpenCV's cubic moves things
    # by up to 0.04 px.
    if image.dtype != np.float32:
        return cv2.remap(image, at_x, at_y, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE)
    sharp = cv2.remap(image, at_x, at_y, cv2.INTER_LANCZOS4, None, cv2.BORDER_REPLICATE)
    return np.clip(sharp, 0, None, out=sharp)
