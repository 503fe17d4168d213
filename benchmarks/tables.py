"""How figures are printed."""

from collections.abc import Iterable, Sequence
from statistics import median


def print_table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Print a table, its first column to the left."""
    table = [tuple(head), *map(tuple, rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for first, *others in table:
        cells = (cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))
        print("  ".join([first.ljust(widths[0]), *cells]))
    print(flush=True)


def spread(figures: Sequence[float]) -> tuple[str, str]:
    """Return the median of figures, and the lowest and the highest."""
    return f"{median(figures):.2f}", f"{min(figures):.2f} - {max(figures):.2f}"
