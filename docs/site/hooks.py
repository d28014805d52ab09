"""Pages of the site that are no page in docs: README, model card, helps, reference, notebooks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from nbconvert import MarkdownExporter

ROOT = Path(__file__).parents[2]
CARD = "src/signlet/pretrained/fingerspelling.md"
ORDER = (
    *("demo", "teach", "train", "evaluate", "recognise", "live", "page", "serve", "export"),
    *("inspect", "extract", "convert", "pack", "calibrate", "tune", "ensemble", "models"),
)
API = {
    "Recognise": ["signlet.load", "signlet.recognition.recogniser.Recogniser"],
    "Answers": ["signlet.recognition.recogniser.Prediction"],
    "Teach": ["signlet.teach"],
    "Train": ["signlet.train", "signlet.training.job.Trained"],
    "Clips": ["signlet.clip.Clip", "signlet.sources.open_source", "signlet.sources.read_clip"],
    "Streams": ["signlet.stream.StreamRecogniser", "signlet.stream.StreamSettings"],
    "Data for training": ["signlet.pack.pack", "signlet.preprocess.Preprocess"],
    "Scores": ["signlet.evaluation.scores.score", "signlet.evaluation.folds.signer_folds"],
    "Export": ["signlet.export.export_ensemble", "signlet.export.Exported"],
    "Errors": ["signlet.errors.SignletError", "signlet.errors.ClipError"],
}
"""What the reference describes, by heading."""


def commands() -> str:
    """The help of every command, as `signlet COMMAND --help all` prints it."""
    helps = ROOT / "src/signlet/cli/help"
    parts = [
        f"## signlet {name}\n\n```text\n{(helps / f'{name}.txt').read_text(encoding='utf-8')}```"
        for name in ORDER
    ]
    lead = "---\nhide: [navigation]\n---\n# Commands"
    return "\n\n".join(
        [
            lead,
            "`signlet COMMAND --help all` prints these texts; `--help` a screen of each.",
            *parts,
        ]
    )


def api() -> str:
    """The page that mkdocstrings fills from the docstrings."""
    parts = [
        f"## {heading}\n\n" + "\n\n".join(f"::: {name}" for name in names)
        for heading, names in API.items()
    ]
    return "# Python reference\n\n[In Python](python.md) has examples.\n\n" + "\n\n".join(parts)


def moved(text: str) -> str:
    """Links of a page of the repository as links of the site."""
    text = re.sub(r"\]\((?:\.\./)*(?:docs/)?", "](", text)
    text = text.replace(f"]({CARD}", "](starter_model.md")
    text = re.sub(r"\]\((?:notebooks/)?(\w+)\.ipynb\)", r"](\1.md)", text)
    text = text.replace("](benchmarks/README.md", "](benchmarks.md")
    text = re.sub(r"\[([^\]]+)\]\((?:results|signlet_testing)\)", r"\1", text)  # folders
    return re.sub(r"\]\(benchmarks/results/", "](results/", text)


def notebook(path: Path) -> tuple[str, dict[str, bytes]]:
    """A notebook as a page with its outputs, and the pictures in it by name."""
    text, found = MarkdownExporter().from_filename(str(path), {"unique_key": path.stem})
    file = f'<a href="../notebooks/{path.name}" download>This page as a notebook</a>'
    return f"{text}\n{file}\n", found["outputs"]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages and pictures that lie outside docs."""
    pages = {
        "index.md": moved((ROOT / "README.md").read_text(encoding="utf-8")),
        "CONTRIBUTING.md": moved((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")),
        "benchmarks.md": moved((ROOT / "benchmarks/README.md").read_text(encoding="utf-8")),
        "starter_model.md": moved((ROOT / CARD).read_text(encoding="utf-8")),
        "commands.md": commands(),
        "api.md": api(),
    }
    for path in sorted(ROOT.glob("docs/notebooks/*.ipynb")):
        pages[f"{path.stem}.md"], pictures = notebook(path)
        for name, picture in pictures.items():
            files.append(File.generated(config, name, content=picture))
    for name, text in pages.items():
        files.append(File.generated(config, name, content=text))
    linked = "".join(page.read_text(encoding="utf-8") for page in ROOT.glob("docs/*.md"))
    for path in sorted(set(re.findall(r"\]\(\.\./(benchmarks/results/[^)]+)\)", linked))):
        name = path.removeprefix("benchmarks/")
        files.append(File.generated(config, name, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Links that lead out of docs lead to where `on_files` put their targets."""
    return moved(markdown)
