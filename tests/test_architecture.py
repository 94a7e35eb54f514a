"""Who may import whom: the plan of the house, read off the syntax tree of every file. No exceptions."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OURS = ("deploy", "stages", "transport", "weights")
FILES = sorted(path.relative_to(ROOT) for package in OURS for path in (ROOT / package).rglob("*.py"))
MAY = {  # the most particular line counts: a package, and what of ours it may import
    "deploy": ("deploy", "stages", "transport", "weights"),
    "stages": ("stages", "transport.messages", "weights.load"),
    "stages.nets": ("stages.nets",),
    "transport": ("transport",),
    "weights": ("weights",),
}
HEAVY = {"numpy", "cv2", "av", "zmq", "torch"}


def imports(path: Path) -> Iterator[str]:
    """Yield every name that a file imports, dotted: a.b for `import a.b` and for `from a import b`; .b if relative."""
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names)


def within(name: str, packages: tuple[str, ...]) -> bool:
    return any(f"{name}.".startswith(f"{package}.") for package in packages)


def importers(package: str) -> set[Path]:
    return {path for path in FILES if any(within(name, (package,)) for name in imports(path))}


@pytest.mark.parametrize("path", FILES, ids=str)
def test_a_file_imports_only_what_its_package_may(path: Path) -> None:
    home = ".".join(path.with_suffix("").parts)
    may = MAY[max((package for package in MAY if within(home, (package,))), key=len)]
    assert [name for name in imports(path) if within(name, OURS) and not within(name, may)] == []
    assert [name for name in imports(path) if name.startswith(".") or within(name, ("pickle",))] == []


def test_every_seam_to_a_library_is_in_one_place() -> None:
    assert importers("zmq") == {Path(f"transport/{name}.py") for name in ("sockets", "endpoint", "curve")}
    assert importers("prometheus_client") == {Path("deploy/metrics.py")}
    assert {path.parts[:2] for path in importers("av")} == {("stages", "decode"), ("stages", "encode")}
    assert "transport" not in {path.parts[0] for path in importers("torch")}


def test_networks_are_made_of_torch_and_nothing_else() -> None:
    nets = [path for path in FILES if path.parts[:2] == ("stages", "nets")]
    foreign = {name for path in nets for name in imports(path) if name.split(".")[0] not in sys.stdlib_module_names}
    assert [name for name in foreign if not within(name, ("torch", "stages.nets"))] == []


def test_help_is_instant_because_nothing_heavy_is_imported_for_it() -> None:
    asked = "import sys, runpy; sys.argv[1:] = ['--help']\ntry: runpy.run_module('deploy', run_name='__main__')\n"
    told = "except SystemExit: print(*sys.modules, file=sys.stderr)"
    run = subprocess.run([sys.executable, "-c", asked + told], capture_output=True, text=True, check=True, cwd=ROOT)
    assert run.stdout.startswith("usage: cleanplate")
    assert {name.split(".")[0] for name in run.stderr.split()} & HEAVY == set()
