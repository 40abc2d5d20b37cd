"""Finding the card in a picture and turning it upright.

The card is looked for as the quadrilateral of its edges; its proportions are those of
ISO/IEC 7810 ID-1, 85.6 x 54 mm.
"""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from .pictures import Pixels, as_pixels

Floats = NDArray[np.float32]
Points = NDArray[np.int32]

CARD_WIDTH, CARD_HEIGHT = 1011, 638
PROPORTION = CARD_WIDTH / CARD_HEIGHT

# The longer side of the picture in which edges are looked for.
SEARCH_SIDE = 1000
MIN_AREA = 0.06
MAX_CANDIDATES = 3
# How far a quadrilateral's proportion may be from the card's; perspective shortens sides.
PROPORTION_TOLERANCE = 1.28
# A picture with the card's own proportion is taken for the card alone.
WHOLE_TOLERANCE = 1.04


def upright_cards(picture: Pixels) -> Iterator[Pixels]:
    """Yield what may be the card, grey, CARD_WIDTH x CARD_HEIGHT, likeliest first.

    ``picture`` is grey. Each candidate comes twice, the second time turned by 180 degrees.
    """
    for corners in _candidates(picture):
        card = _warp(picture, corners)
        yield card
        yield as_pixels(cv2.rotate(card, cv2.ROTATE_180))


def _candidates(picture: Pixels) -> Iterator[Floats]:
    height, width = picture.shape
    whole = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    fits = _distance(max(width, height) / min(width, height)) <= WHOLE_TOLERANCE
    if fits:
        yield whole
    yield from find_outlines(picture)
    if not fits:
        yield whole


def _distance(proportion: float) -> float:
    return max(proportion / PROPORTION, PROPORTION / proportion)


def find_outlines(picture: Pixels) -> list[Floats]:
    """Return the quadrilaterals with a card's proportions, at most MAX_CANDIDATES.

    Each is a 4 x 2 array of pixel positions in ``picture``, clockwise. The largest come first.
    """
    scale = min(1.0, SEARCH_SIDE / max(picture.shape))
    small = as_pixels(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    found: list[tuple[float, Floats]] = []
    for edges in _edge_maps(small):
        contours, _ = cv2.findContours(edges, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        for contour in contours:
            outline = _outline(contour.astype(np.int32), small.size)
            if outline is not None:
                found.append((float(cv2.contourArea(outline)), outline))
    found.sort(key=lambda item: -item[0])
    distinct: list[Floats] = []
    for _, outline in found:
        if all(float(np.abs(outline - other).max()) > SEARCH_SIDE / 50 for other in distinct):
            distinct.append(outline)
    return [(outline / scale).astype(np.float32) for outline in distinct[:MAX_CANDIDATES]]


def _edge_maps(small: Pixels) -> Iterator[Pixels]:
    calm = cv2.GaussianBlur(cv2.medianBlur(small, 7), (0, 0), 2)
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (5, 5))
    level, bright = cv2.threshold(calm, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    for inside in (bright, cv2.bitwise_not(bright)):
        yield as_pixels(cv2.morphologyEx(inside, cv2.MORPH_CLOSE, kernel, iterations=3))
    for high in (level * 0.6, level * 0.3):
        edges = cv2.Canny(calm, high / 2, high)
        yield as_pixels(cv2.dilate(edges, kernel))


def _outline(contour: Points, area: int) -> Floats | None:
    """Return the card-like quadrilateral around ``contour``, or None when it is no such thing."""
    hull = cv2.convexHull(contour).astype(np.int32)
    hull_area = cv2.contourArea(hull)
    if hull_area < MIN_AREA * area or hull_area > 0.98 * area:
        return None
    rough = _four_corners(hull)
    if rough is None:
        return None
    outline = _fit_sides(rough, hull.reshape(-1, 2).astype(np.float32))
    if outline is None or hull_area < 0.9 * cv2.contourArea(outline):
        return None
    sides = np.linalg.norm(outline - np.roll(outline, -1, axis=0), axis=1)
    across, down = (sides[0] + sides[2]) / 2, (sides[1] + sides[3]) / 2
    proportion = max(across, down) / max(1.0, min(across, down))
    return outline if _distance(float(proportion)) <= PROPORTION_TOLERANCE else None


def _four_corners(hull: Points) -> Floats | None:
    length = cv2.arcLength(hull, True)
    for share in (0.02, 0.03, 0.04, 0.05, 0.07):
        polygon = cv2.approxPolyDP(hull, share * length, True)
        if len(polygon) == 4:
            return polygon.reshape(4, 2).astype(np.float32)
    return None


def _fit_sides(rough: Floats, points: Floats) -> Floats | None:
    """Return the corners where the four straight sides meet.

    A card's corners are rounded, so a polygon through the outline's points cuts them off.
    """
    dense = _dense(points)
    lines: list[Floats] = []
    for start, end in zip(rough, np.roll(rough, -1, axis=0), strict=True):
        along = end - start
        length = float(np.linalg.norm(along))
        if length < 20:
            return None
        relative = dense - start
        place = relative @ along / length**2
        away = np.abs(relative[:, 0] * along[1] - relative[:, 1] * along[0]) / length
        near = dense[(place > 0.12) & (place < 0.88) & (away < 0.04 * length)]
        if len(near) < 10:
            return None
        lines.append(cv2.fitLine(near, cv2.DIST_HUBER, 0, 0.01, 0.01).reshape(4))
    corners = [_meeting(lines[index - 1], lines[index]) for index in range(4)]
    if any(corner is None for corner in corners):
        return None
    outline = np.array(corners, np.float32)
    # Clockwise on screen, where y grows downwards, is a positive signed area.
    return outline if cv2.contourArea(outline, oriented=True) > 0 else outline[::-1].copy()


def _dense(points: Floats) -> Floats:
    """Return points a pixel or so apart along the closed polygon through ``points``."""
    pieces: list[Floats] = []
    for start, end in zip(points, np.roll(points, -1, axis=0), strict=True):
        count = max(1, int(np.linalg.norm(end - start)))
        steps = np.arange(count, dtype=np.float32)[:, None] / count
        pieces.append((start + (end - start) * steps).astype(np.float32))
    return np.concatenate(pieces)


def _meeting(first: Floats, second: Floats) -> tuple[float, float] | None:
    ax, ay, px, py = (float(value) for value in first)
    bx, by, qx, qy = (float(value) for value in second)
    turn = ax * by - ay * bx
    if abs(turn) < 0.2:
        return None
    step = ((qx - px) * by - (qy - py) * bx) / turn
    return px + ax * step, py + ay * step


def _warp(picture: Pixels, corners: Floats) -> Pixels:
    """Return the quadrilateral as a card lying on its long side."""
    sides = np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1)
    if sides[0] + sides[2] < sides[1] + sides[3]:
        corners = np.roll(corners, -1, axis=0)
    # Begin at the end nearest the top left, so that a slight turn stays slight.
    turned = np.roll(corners, 2, axis=0)
    corners = min((corners, turned), key=lambda four: float(four[0].sum()))
    flat = np.array(
        [(0, 0), (CARD_WIDTH, 0), (CARD_WIDTH, CARD_HEIGHT), (0, CARD_HEIGHT)], np.float32
    )
    transform = cv2.getPerspectiveTransform(corners.astype(np.float32), flat)
    shrinks = sides.max() > 1.5 * CARD_WIDTH
    return as_pixels(
        cv2.warpPerspective(
            picture,
            transform,
            (CARD_WIDTH, CARD_HEIGHT),
            flags=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        )
    )
