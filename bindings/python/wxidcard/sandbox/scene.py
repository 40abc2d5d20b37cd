"""Photographs of cards: a card lying a little askew on a table, under uneven light."""

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .pictures import Pixels, as_pixels

Floats = NDArray[np.float32]

SCENE_SIZE = (1600, 1200)
CORNER_RADIUS = 36
MAX_TURN_DEGREES = 11.0
NOISE_LEVELS = 5.0

# Desk, cloth, wood, slate: red, green and blue of the middle tone.
_TABLES = ((122, 96, 72), (70, 92, 84), (104, 74, 58), (84, 88, 98))


def photograph(card: Image.Image, seed: int) -> Image.Image:
    """Return an RGB picture of SCENE_SIZE in which ``card`` lies on a table.

    The same ``seed`` gives the same picture: the turn, the perspective, the table, the light
    and the noise all follow from it.
    """
    random = np.random.default_rng(seed)
    width, height = SCENE_SIZE
    table = _table(random)
    outline = _outline(card.size, random)
    source = np.array(
        [(0, 0), (card.width, 0), (card.width, card.height), (0, card.height)], np.float32
    )
    transform = cv2.getPerspectiveTransform(source, outline)
    mask = as_pixels(cv2.warpPerspective(_card_mask(card.size), transform, SCENE_SIZE))
    # A margin of the card's own edge colour, so that no black creeps in along its sides.
    laid = cv2.warpPerspective(
        np.asarray(card.convert("RGB"), np.float32),
        transform,
        SCENE_SIZE,
        borderMode=cv2.BORDER_REPLICATE,
    )
    cover = (mask.astype(np.float32) / 255)[..., None]
    laid_out = table * (1 - 0.5 * _shadow(mask)[..., None]) * (1 - cover) + laid * cover
    lit = laid_out * _light(random, width, height)[..., None]
    soft = cv2.GaussianBlur(lit, (0, 0), float(random.uniform(0.5, 0.9)))
    noisy = soft + random.normal(0, NOISE_LEVELS, soft.shape)
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


def empty_table(seed: int) -> Image.Image:
    """Return an RGB picture of SCENE_SIZE that shows a table and a blank sheet: no card."""
    random = np.random.default_rng(seed)
    sheet = Image.new("RGB", (900, 600), (214, 206, 190))
    return photograph(sheet, int(random.integers(1 << 30)))


def _table(random: np.random.Generator) -> Floats:
    width, height = SCENE_SIZE
    tone = np.array(_TABLES[int(random.integers(len(_TABLES)))], np.float32)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    grain = np.sin(rows / 9 + 3 * np.sin(columns / 170) + 2 * np.sin(rows / 60))
    coarse = random.normal(0, 1, (height // 8, width // 8)).astype(np.float32)
    cloth = cv2.resize(coarse, SCENE_SIZE, interpolation=cv2.INTER_CUBIC)
    table: Floats = tone + (5 * grain + 6 * cloth)[..., None]
    return table


def _outline(card_size: tuple[int, int], random: np.random.Generator) -> Floats:
    """Return the card's four corners in the scene, clockwise from its own top left."""
    width = float(random.uniform(980, 1120))
    height = width * card_size[1] / card_size[0]
    angle = np.radians(random.uniform(-MAX_TURN_DEGREES, MAX_TURN_DEGREES))
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], np.float32) * (width / 2, height / 2)
    turn = np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])
    middle = np.array(SCENE_SIZE) / 2 + random.uniform(-60, 60, 2)
    # Each corner moves by itself: that is the perspective.
    outline: Floats = (corners @ turn.T + middle + random.uniform(-18, 18, (4, 2))).astype(
        np.float32
    )
    return outline


def _card_mask(size: tuple[int, int]) -> Pixels:
    width, height = size
    radius = CORNER_RADIUS
    mask = np.zeros((height, width), np.uint8)
    cv2.rectangle(mask, (radius, 0), (width - radius - 1, height - 1), 255, -1)
    cv2.rectangle(mask, (0, radius), (width - 1, height - radius - 1), 255, -1)
    for x in (radius, width - radius - 1):
        for y in (radius, height - radius - 1):
            cv2.circle(mask, (x, y), radius, 255, -1)
    return mask


def _shadow(mask: Pixels) -> Floats:
    moved = cv2.warpAffine(mask, np.array([(1, 0, 12), (0, 1, 16)], np.float32), SCENE_SIZE)
    return cv2.GaussianBlur(moved.astype(np.float32) / 255, (0, 0), 14).astype(np.float32)


def _light(random: np.random.Generator, width: int, height: int) -> Floats:
    """Return the light's strength, 0.72 to 1.05, falling off from one side of the picture."""
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    angle = random.uniform(0, 2 * np.pi)
    across = columns / width * np.cos(angle) + rows / height * np.sin(angle)
    across = (across - across.min()) / (across.max() - across.min())
    light: Floats = (0.72 + 0.33 * across).astype(np.float32)
    return light
