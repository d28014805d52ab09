"""Building the live page, and serving it beside the service: no browser needed."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from signlet.cli import main
from signlet.errors import SignletError
from signlet.landmarks import EDGES
from signlet.pretrained import STARTER, model_path
from signlet.report.page import render
from signlet.serve.app import make_app
from signlet.web import build, libraries
from signlet.web.build import build_site
from signlet_testing import browsing
from signlet_testing.serving import Standin

FILES = {
    "@mediapipe/holistic": build._MEDIAPIPE,
    "onnxruntime-web/dist": build._ONNXRUNTIME,
}


@pytest.fixture(autouse=True)
def caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "caches"))
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    return tmp_path / "caches"


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """npm's place is taken by one that writes empty files; gives what it was asked."""
    asked: list[list[str]] = []

    def npm(command: list[str], cwd: Path, **_: Any) -> Any:
        asked.append(command)
        for folder, names in FILES.items():
            place = cwd / "node_modules" / folder
            place.mkdir(parents=True)
            for name in names:
                (place / name).write_text(name)
        return type("Done", (), {"returncode": 0, "stderr": ""})

    monkeypatch.setattr(libraries.shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(libraries, "run_minded", npm)
    return asked


def test_a_site_is_whole_and_says_what_it_is(
    tmp_path: Path, installed: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["page", "build", "-o", str(tmp_path / "site")]) == 0
    site = tmp_path / "site"
    assert f"{site}: built, " in capsys.readouterr().out
    assert installed[0][1:4] == ["ci", "--ignore-scripts", "--omit=dev"]
    about = json.loads((site / "site.json").read_text())
    assert about["name"] == f"{STARTER}.onnx"
    assert (site / about["model"]).read_bytes() == model_path(STARTER).read_bytes()
    assert sorted(path.name for path in (site / "mediapipe").iterdir()) == sorted(build._MEDIAPIPE)
    ours = {path.relative_to(browsing.WEB) for path in browsing.modules()}
    theirs = {path.relative_to(site) for path in _scripts(site)}
    assert theirs == ours | {Path("page/layout.js")}
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".site")] == []


def test_every_file_that_the_page_names_is_there(
    tmp_path: Path, installed: list[list[str]]
) -> None:
    site, size = build_site(tmp_path / "site", STARTER)
    assert size == sum(path.stat().st_size for path in site.rglob("*") if path.is_file())
    named = re.compile(r"""(?:from|import|src=|href=)\s*["']([^"'#:]+)["']""")
    for path in (*_scripts(site), *site.glob("*.html")):
        code = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.S)
        for name in named.findall(code):
            assert (path.parent / name).exists(), (path.name, name)
    page = (site / "page" / "page.js").read_text(encoding="utf-8")
    workers = re.findall(r'new Remote\("([^"]+)"', page)
    assert sorted(workers) == sorted(path.name for path in (site / "live").glob("*-worker.js"))
    assert "https://" not in re.sub(r"<pre>.*?</pre>", "", _code(site), flags=re.S)


def _scripts(site: Path) -> list[Path]:
    """The page's own modules, without those of its libraries."""
    libraries = ("mediapipe", "onnxruntime")
    return [path for path in site.rglob("*.js") if path.parent.name not in libraries]


def _code(site: Path) -> str:
    files = (*_scripts(site), *site.glob("*.html"), *site.glob("*.css"))
    return "".join(path.read_text(encoding="utf-8") for path in files)


def test_a_second_build_asks_npm_for_nothing_and_replaces_the_first(
    tmp_path: Path, installed: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    site, _ = build_site(tmp_path / "site", STARTER)
    (site / "of the first").write_text("")
    monkeypatch.setattr(libraries.shutil, "which", lambda name: None)
    build_site(site, STARTER)
    assert (site / "index.html").is_file()
    assert not (site / "of the first").exists()


def test_without_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries.shutil, "which", lambda name: None)
    with pytest.raises(SignletError, match=r"^npm is not installed; .* install Node\.js"):
        build_site(tmp_path / "site", STARTER)
    assert not (tmp_path / "site").exists()


def test_npm_that_fails(tmp_path: Path, caches: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And leaves nothing that a later build would take for whole."""
    failed = type("Done", (), {"returncode": 1, "stderr": "npm error code ENOTFOUND\nnpm error x"})
    monkeypatch.setattr(libraries.shutil, "which", lambda name: "/bin/npm")
    monkeypatch.setattr(libraries, "run_minded", lambda *_, **__: failed)
    with pytest.raises(SignletError, match=r"npm could not install .*ENOTFOUND.*try again"):
        build_site(tmp_path / "site", STARTER)
    assert [path for path in caches.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("model.tflite", "the page runs .onnx files"),
        ("absent.onnx", "no such model file"),
        ("text.onnx", "text.onnx: "),
    ],
)
def test_what_is_no_model_is_refused(
    tmp_path: Path, given: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.onnx").write_text("hello")
    out = tmp_path / "site"
    assert main(["page", "build", "-o", str(out), "--model", str(tmp_path / given)]) == 2
    told = capsys.readouterr().err.strip()
    assert said in told
    assert len(told.splitlines()) == 1
    assert not out.exists()


def test_a_folder_of_something_else_is_kept(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_text("meow")
    with pytest.raises(SignletError, match=r"photos: holds files that are not a page"):
        build_site(tmp_path / "photos", STARTER)
    with pytest.raises(SignletError, match=r"cat\.jpg: is not a folder"):
        build_site(tmp_path / "photos" / "cat.jpg", STARTER)
    assert (tmp_path / "photos" / "cat.jpg").read_text() == "meow"


def test_a_full_disk_leaves_the_old_page(
    tmp_path: Path, installed: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    site, _ = build_site(tmp_path / "site", STARTER)
    before = sorted(site.rglob("*"))
    copy = shutil.copyfile

    def full(source: Any, target: Any) -> Any:
        if str(target).endswith("model.onnx"):
            raise OSError(28, "No space left on device")
        return copy(source, target)

    monkeypatch.setattr(build.shutil, "copyfile", full)
    with pytest.raises(SignletError, match=r"site: cannot be written \(No space left"):
        build_site(site, STARTER)
    assert sorted(site.rglob("*")) == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".site")] == []


def test_every_folder_of_the_page_and_every_twin_is_documented_and_there() -> None:
    text = (browsing.WEB / "README.md").read_text(encoding="utf-8")
    folders = {path.parent.name for path in browsing.modules()} - {browsing.WEB.name}
    assert sorted(re.findall(r"^\| `(\w+)/`", text, re.M)) == sorted(folders)
    assert folders == set(build._FOLDERS)
    twins = re.findall(r"^\| `(\w+/[\w-]+\.js)` \| (.+) \| `(test_\w+\.py)` \|$", text, re.M)
    assert len(twins) > 10
    for script, pythons, test in twins:
        assert (browsing.WEB / script).is_file(), script
        assert (Path(__file__).parent / test).is_file(), test
        for name in re.findall(r"`([\w.]+)`", pythons):
            found = importlib.util.find_spec(name)
            assert found is not None, name
            assert found.origin is not None, f"{name} has moved"


def test_the_skeleton_is_that_of_python() -> None:
    lines = build.layout().splitlines()[2:-1]
    drawn = {
        part.strip(): json.loads(pairs.rstrip(","))
        for part, pairs in (line.split(":", 1) for line in lines)
    }
    assert drawn == {part: pairs.tolist() for part, pairs in EDGES.items()}


def test_reports_and_page_have_their_colours_from_one_file() -> None:
    """No other style sheet names a colour; both take in base.css."""
    report = Path(build.__file__).parents[1] / "report"
    colour = re.compile(r"(?<!--paper: )#[0-9a-fA-F]{3,8}\b|(?:rgb|hsl|oklch)\((?!0 0 0 /)")
    for style in (report / "report.css", browsing.WEB / "page.css"):
        text = style.read_text(encoding="utf-8")
        used = set(re.findall(r"var\((--[a-z-]+)", text))
        known = set(re.findall(r"^\s*(--[a-z-]+):", (report / "base.css").read_text(), re.M))
        assert colour.findall(text) == [], style.name
        own = {"--at", "--low", "--high", "--wide", "--ratio", "--share"}
        assert used - own <= known, style.name
    assert 'href="base.css"' in (browsing.WEB / "index.html").read_text()
    assert "--accent:" in render("base.html")


# --- signlet serve --page -----------------------------------------------------------------


@pytest.fixture
def site(tmp_path: Path, installed: list[list[str]]) -> Path:
    return build_site(tmp_path / "site", STARTER)[0]


def test_the_service_serves_the_page_too(site: Path) -> None:
    with TestClient(make_app(Standin(), site=site)) as client:
        page = client.get("/")
        assert page.status_code == 200
        assert page.text == (site / "index.html").read_text()
        assert page.headers["content-type"].startswith("text/html")
        assert page.headers["content-security-policy"] == "frame-ancestors 'self'"
        assert page.headers["cache-control"] == "no-cache"
        assert page.headers["x-content-type-options"] == "nosniff"
        model = client.get("/model.onnx")
        assert model.content == (site / "model.onnx").read_bytes()
        assert client.get("/page/page.js").headers["content-type"].startswith("text/javascript")
        again = client.get(
            "/page/page.js", headers={"if-none-match": client.get("/page/page.js").headers["etag"]}
        )
        assert again.status_code == 304
        labels = client.get("/labels")
        assert labels.json()["signs"] == list(Standin.signs)
        assert labels.headers["content-security-policy"].startswith("default-src 'none'")
        assert client.get("/health").status_code == 200
        assert client.get("/docs").status_code == 200


@pytest.mark.parametrize("path", ["/../secret", "/%2e%2e/secret", "/..%2fsecret", "/nothing"])
def test_nothing_beside_the_page_is_served(site: Path, path: str) -> None:
    (site.parent / "secret").write_text("secret")
    with TestClient(make_app(Standin(), site=site)) as client:
        answer = client.get(path)
        assert answer.status_code == 404
        assert "detail" in answer.json()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--page", "--token_file", "{token}"], "--page: the page cannot send a token"),
        (["--page", "{folder}"], "the page runs .onnx files"),
    ],
)
def test_what_serve_cannot_do(
    tmp_path: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "token.txt").write_text("0123456789abcdef0123")
    places = {"token": tmp_path / "token.txt", "folder": tmp_path}
    assert main(["serve", *(text.format(**places) for text in arguments)]) == 2
    assert said in capsys.readouterr().err


def test_no_page_is_built_that_nobody_could_serve(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "signlet.serve.app", None)
    assert main(["serve", "fingerspelling", "--page"]) == 2
    (line,) = capsys.readouterr().err.splitlines()  # none on a page that is made
    assert "signlet serve needs the extra serve" in line
