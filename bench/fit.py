"""Time and memory of a photograph made to fit: wxidcard beside Pillow and libvips.

A photograph of 12 megapixels, as a telephone writes it, has to become a JPEG of fewer than 2 MiB,
upright, in the best quality that is small enough. The others are told the width and height of
wxidcard's picture, and look for the quality by halving 75 to 95; "told the quality" spares them the
search too. Each contender is a process of its own, all in turn, round after round; ratios are taken
within a round. Wants `make build` before; `make bench` does both.
"""

import argparse
import io
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

from rich.console import Console
from rich.table import Table

LIMIT = 2 * 1024 * 1024
QUALITIES = (75, 95)
OURS = "wxidcard"
BASE = "Pillow"


def search(encode: Callable[[int], bytes]) -> bytes:
    """The picture in the best quality that fits, found by halving."""
    least, most = QUALITIES
    best = b""
    while least <= most:
        quality = (least + most) // 2
        made = encode(quality)
        if len(made) < LIMIT:
            best, least = made, quality + 1
        else:
            most = quality - 1
    return best


def fit_wxidcard(data: bytes, size: tuple[int, int], quality: int) -> bytes:
    import wxidcard

    return wxidcard.fit_image(data)


def _pillow(data: bytes, size: tuple[int, int], draft: bool) -> Callable[[int], bytes]:
    from PIL import Image, ImageOps

    opened = Image.open(io.BytesIO(data))
    if draft:
        opened.draft("RGB", size)
    upright = ImageOps.exif_transpose(opened)
    if upright.size != size:
        upright = upright.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)

    def encode(quality: int) -> bytes:
        output = io.BytesIO()
        upright.save(output, "JPEG", quality=quality)
        return output.getvalue()

    return encode


def fit_pillow(data: bytes, size: tuple[int, int], quality: int) -> bytes:
    return search(_pillow(data, size, draft=False))


def fit_pillow_told(data: bytes, size: tuple[int, int], quality: int) -> bytes:
    return _pillow(data, size, draft=True)(quality)


def _libvips(data: bytes, size: tuple[int, int]) -> Callable[[int], bytes]:
    import pyvips

    opened = pyvips.Image.new_from_buffer(data, "", access="sequential")
    if opened.get_typeof("orientation") and opened.get("orientation") != 1:
        opened = pyvips.Image.new_from_buffer(data, "")  # turned, it is not read in one go
    upright = opened.autorot()
    if (upright.width, upright.height) != size:
        upright = upright.resize(size[0] / upright.width, vscale=size[1] / upright.height)
    kept = upright.copy_memory()

    def encode(quality: int) -> bytes:
        made: bytes = kept.jpegsave_buffer(Q=quality, keep="none")
        return made

    return encode


def fit_libvips(data: bytes, size: tuple[int, int], quality: int) -> bytes:
    return search(_libvips(data, size))


def fit_libvips_told(data: bytes, size: tuple[int, int], quality: int) -> bytes:
    return _libvips(data, size)(quality)


CONTENDERS: dict[str, Callable[[bytes, tuple[int, int], int], bytes]] = {
    OURS: fit_wxidcard,
    BASE: fit_pillow,
    "Pillow, told the quality": fit_pillow_told,
    "libvips": fit_libvips,
    "libvips, told the quality": fit_libvips_told,
}


def memory_mib(name: str) -> float:
    """VmRSS, what is in memory now, or VmHWM, the most that was."""
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.partition(f"{name}:")[2].split()[0]) / 1024


def forget_peak() -> None:
    pathlib.Path("/proc/self/clear_refs").write_text("5")


def contend(name: str, path: str, width: int, height: int, quality: int, times: int) -> None:
    """In a process of its own: prints figures as JSON. A small picture loads the libraries."""
    data = pathlib.Path(path).read_bytes()
    fit = CONTENDERS[name]
    warm_up = pathlib.Path(path).with_suffix(".small.jpg").read_bytes()
    fit(warm_up, (64, 64), quality)
    forget_peak()
    before = memory_mib("VmRSS")
    made = fit(data, (width, height), quality)
    peak = memory_mib("VmHWM") - before
    taken = []
    for _ in range(times):
        start = time.perf_counter(), time.process_time()
        made = fit(data, (width, height), quality)
        taken.append((time.perf_counter() - start[0], time.process_time() - start[1]))
    wall, processor = (statistics.median(column) * 1000 for column in zip(*taken, strict=True))
    print(json.dumps({"wall_ms": wall, "processor_ms": processor, "mib": peak, "bytes": len(made)}))


def photograph(quality: int, orientation: int) -> bytes:
    """A specimen of 5 to 8 MB, as a telephone that was held upright writes it."""
    import numpy as np
    from PIL import Image

    from wxidcard.sandbox.drawing import draw_front
    from wxidcard.sandbox.people import PEOPLE
    from wxidcard.sandbox.scene import photograph as lay_down

    scene = lay_down(draw_front(PEOPLE[0]), 1).resize((4032, 3024), Image.Resampling.BICUBIC)
    noise = np.random.default_rng(1).standard_normal((3024, 4032, 3), np.float32) * 8
    noisy = np.clip(np.asarray(scene, np.float32) + noise, 0, 255).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    output = io.BytesIO()
    Image.fromarray(noisy).save(output, "JPEG", quality=quality, exif=exif)
    return output.getvalue()


def quality_of(data: bytes) -> int:
    """Pillow's quality whose quantisation of luminance is nearest to the picture's."""
    from PIL import Image

    wanted = sum(Image.open(io.BytesIO(data)).quantization[0])  # type: ignore[attr-defined]
    blank = Image.new("L", (8, 8))

    def distance(quality: int) -> int:
        output = io.BytesIO()
        blank.save(output, "JPEG", quality=quality)
        return abs(sum(Image.open(output).quantization[0]) - wanted)  # type: ignore[attr-defined]

    return min(range(1, 100), key=distance)


def show(title: str, rounds: dict[str, list[dict[str, float]]]) -> None:
    table = Table(title=title)
    for heading in (
        "",
        "wall ms",
        "of Pillow",
        "processor ms",
        "of Pillow",
        "MiB",
        "of Pillow",
        "KB",
    ):
        table.add_column(heading, justify="left" if not heading else "right")

    def ratio(figures: list[dict[str, float]], name: str) -> str:
        pairs = zip(figures, rounds[BASE], strict=True)
        return f"{statistics.median(mine[name] / other[name] for mine, other in pairs):.2f}"

    for contender, figures in rounds.items():
        row = [contender]
        for name in ("wall_ms", "processor_ms", "mib"):
            row += [
                f"{statistics.median(each[name] for each in figures):.0f}",
                ratio(figures, name),
            ]
        table.add_row(*row, f"{figures[0]['bytes'] / 1000:.0f}")
    Console(width=110).print(table)


def measure(path: pathlib.Path, rounds: int, times: int) -> dict[str, list[dict[str, float]]]:
    from PIL import Image

    import wxidcard

    fitted = wxidcard.fit_image(path.read_bytes())
    width, height = Image.open(io.BytesIO(fitted)).size
    arguments = [str(path), str(width), str(height), str(quality_of(fitted)), str(times)]
    found: dict[str, list[dict[str, float]]] = {name: [] for name in CONTENDERS}
    for _ in range(rounds):
        for name in CONTENDERS:
            command = [sys.executable, __file__, "--contender", name, *arguments]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode != 0:
                sys.exit(f"{name} failed:\n{done.stderr}{done.stdout}")
            found[name].append(json.loads(done.stdout))
    print(f"wxidcard made {width} x {height} in quality {arguments[3]}, {len(fitted):,} bytes")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--times", type=int, default=5, help="in each round, of each contender")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wxidcard-bench-") as folder:
        for about, quality, orientation in (("lying", 95, 1), ("turned by EXIF", 96, 6)):
            path = pathlib.Path(folder) / "photograph.jpg"
            path.write_bytes(photograph(quality, orientation))
            from PIL import Image

            small = Image.open(path).resize((640, 480))
            small.save(path.with_suffix(".small.jpg"), quality=90)
            size = path.stat().st_size / 1e6
            title = f"12 megapixels, {about}, {size:.1f} MB, to fewer than 2 MiB"
            show(title, measure(path, arguments.rounds, arguments.times))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--contender"]:
        name, path, *numbers = sys.argv[2:]
        contend(name, path, *map(int, numbers))
    else:
        main()
