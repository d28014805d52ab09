"""signlet pack."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.table import Table

from signlet.cli.parsing import add_columns, add_names, make_parser, parse
from signlet.cli.training import print_notes
from signlet.pack import PackedSet, pack
from signlet.sources import open_source
from signlet.text.bars import on_console
from signlet.text.console import SafeConsole

_EXAMPLES = """
  signlet pack asl-signs/ -o packed/asl25 --max_len 25
  signlet pack my_clips/ -o packed/mine            <sign>/<signer>_<anything>.npz, .npy, ...
  signlet pack clips.csv -o packed/mine            a manifest: path,sign,signer
  signlet pack wlasl:WLASL/ -o packed/wlasl        a published set (docs/datasets.md)
  signlet pack fingerspelling -o packed/letters
  signlet pack asl-signs/ -o /shared/asl25 --backend ray --address 10.0.0.1:6379
"""
_SHOWN = 10


def run(arguments: list[str]) -> None:
    """Parse, pack, print what was packed and what was not."""
    parser = make_parser(
        "pack",
        "Read every clip once, preprocess it, and write a memory-mapped data set. An\n"
        "interrupted pack continues where it stopped; clips that cannot be read are listed\n"
        "in skipped.parquet.",
        _EXAMPLES,
    )
    parser.add_argument(
        "source", type=str, help="folder, CSV table, published set, or fingerspelling"
    )
    parser.add_argument("-o", "--out", type=str, required=True, help="directory to write")
    add_columns(parser)
    add_names(parser)
    parser.add_argument(
        "--max_len",
        type=int,
        default=16,
        help="frames to keep per clip: 16 for the recipe small, 25 and 80 for asl-signs-25 and -80",
    )
    parser.add_argument("--dtype", type=Literal["float32", "float16"], default="float32")
    parser.add_argument("--jobs", type=int, default=-1, help="processes; -1: one per core")
    parser.add_argument(
        "--backend",
        type=Literal["local", "ray"],
        default="local",
        help="where to pack: processes on this machine, or a running Ray cluster",
    )
    parser.add_argument(
        "--address",
        type=str,
        default=None,
        help="address of the Ray cluster, host:port; default: found automatically",
    )
    parsed = parse(parser, arguments)
    console = SafeConsole()
    source = open_source(parsed.source, parsed.columns, parsed.names)
    print_notes(source, console)
    packed = pack(
        source,
        Path(parsed.out),
        parsed.max_len,
        jobs=parsed.jobs,
        dtype=parsed.dtype,
        progress=on_console(console),
        backend=parsed.backend,
        address=parsed.address,
    )
    _print_summary(packed, parsed.out, console)


def _print_summary(packed: PackedSet, out: str, console: Console) -> None:
    signers = set(packed.signers) - {""}
    console.print(
        f"{out}: {len(packed.names):,} clips, {len(packed.signs)} signs, {len(signers)} signers, "
        f"{len(packed.frames):,} frames; {packed.skipped.num_rows} clips skipped",
        soft_wrap=True,
    )
    if packed.skipped.num_rows:
        table = Table("clip", "reason", title="skipped")
        for row in packed.skipped.slice(0, _SHOWN).to_pylist():
            table.add_row(row["name"], row["reason"])
        console.print(table)
