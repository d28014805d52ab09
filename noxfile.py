"""The few commands of this repository: `nox` runs them all, `nox -s lint` one of them.

They run in the environment that is active, which CONTRIBUTING.md makes with one pip command: an
environment for each of them would download torch each time. .ci/run runs the same sessions.
"""

import shutil

import nox

nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "types", "layers", "dead", "js", "docs", "tests"]


@nox.session
def lint(session: nox.Session) -> None:
    """Style and layout of the code."""
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Types of the package."""
    session.run("mypy")


@nox.session
def layers(session: nox.Session) -> None:
    """Imports between rooms run one way."""
    session.run("lint-imports", "--no-cache")


@nox.session
def dead(session: nox.Session) -> None:
    """Code that nothing uses; pyproject.toml lists the names that other libraries call."""
    session.run("vulture")


@nox.session
def js(session: nox.Session) -> None:
    """Types, style and unit tests of the JavaScript; needs Node."""
    if shutil.which("npm") is None:
        session.skip("npm is not here: the JavaScript is neither checked nor tested in Node")
    session.run(
        "npm",
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--prefer-offline",
        external=True,
    )
    session.run("npm", "run", "-s", "check", external=True)


@nox.session
def docs(session: nox.Session) -> None:
    """The site, links, paths, commands, the code map, and the code in the pages."""
    session.run("mkdocs", "build", "--strict", "--quiet")
    pages = ("test_readme", "test_contributing", "test_docs_snippets", "test_stream_docs")
    session.run("pytest", *(f"tests/{page}.py" for page in pages), *session.posargs)


@nox.session
def quick(session: nox.Session) -> None:
    """Tests that take no more than a few seconds each."""
    session.run("pytest", "-m", "not slow", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """All tests: `nox -s tests -- tests/test_augment.py -k flip` runs some."""
    session.run("pytest", *session.posargs)


@nox.session
def code_map(session: nox.Session) -> None:
    """Draw the code map anew, after imports between rooms have changed."""
    session.run("python", "docs/make_code_map.py")
