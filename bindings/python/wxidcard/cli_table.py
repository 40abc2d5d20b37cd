"""Cards in a table on a terminal. Needs rich."""

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from .cli_records import Record
from .cli_text import fields_of, findings_of

# What is wrapped; everything else keeps to its line.
LONG = ("addr",)
LONG_WIDTH = 16
PICTURE_WIDTH = 16
# A table's frame takes three columns for each of its own, and one more.
FRAME = 3
# Of a card in one cell: its lines, by the fields that they are of.
TOGETHER = (
    ("type", "name", "gender", "nationality", "birth", "valid_date"),
    ("id",),
    ("addr",),
)


def print_table(records: Sequence[Record]) -> None:
    """Print cards: a row of fields for each if the terminal is wide enough, else one cell."""
    console = Console(highlight=False)
    names = list(dict.fromkeys(name for record in records for name in fields_of(record)))
    is_wide = _width_of(records, names) <= console.width
    console.print(_wide(records, names) if is_wide else _narrow(records, console.width))


def _width_of(records: Sequence[Record], names: Sequence[str]) -> int:
    """The columns that a row of fields for each card needs at least."""
    columns = [PICTURE_WIDTH]
    for name in names:
        values = [cell_len(fields_of(record).get(name, "")) for record in records]
        widest = max([cell_len(name), *values])
        columns.append(min(widest, LONG_WIDTH) if name in LONG else widest)
    if any(record.report for record in records):
        columns.append(LONG_WIDTH)
    return sum(columns) + FRAME * len(columns) + 1


def _wide(records: Sequence[Record], names: Sequence[str]) -> Table:
    table = Table(header_style="bold")
    table.add_column("picture", overflow="fold", min_width=PICTURE_WIDTH)
    for name in names:
        is_long = name in LONG
        table.add_column(Text(name), no_wrap=not is_long, min_width=LONG_WIDTH if is_long else None)
    is_checked = any(record.report for record in records)
    if is_checked:
        table.add_column("check", min_width=LONG_WIDTH)
    for record in records:
        fields = fields_of(record)
        cells = [Text(fields.get(name, "")) for name in names]
        if is_checked:
            cells.append(Text("\n".join(findings_of(record))))
        table.add_row(Text(record.picture), *cells)
    return table


def _narrow(records: Sequence[Record], width: int) -> Table:
    table = Table(header_style="bold", show_lines=True)
    # Whatever is left to the picture: a number keeps to its line.
    table.add_column("picture", overflow="fold", max_width=max(width // 3, 8))
    table.add_column("card", overflow="fold")
    for record in records:
        lines = [Text(line) for line in _together(fields_of(record))]
        style = "yellow" if record.report and record.report["findings"] else ""
        lines += [Text(f"- {sentence}", style=style) for sentence in findings_of(record)]
        table.add_row(Text(record.picture), Group(*lines))
    return table


def _together(fields: dict[str, str]) -> Iterator[str]:
    """The fields of a card in a few lines: those that speak for themselves without their names."""
    shown = {name for names in TOGETHER for name in names}
    for names in TOGETHER:
        if line := "  ".join(fields[name] for name in names if fields.get(name)):
            yield line
    yield from (f"{name}: {value}" for name, value in fields.items() if name not in shown)
