"""Builds the notebooks from the units' texts; to build again changes nothing.

source/NN/lesson.py -> notebooks/NN.ipynb
source/NN/lab.py    -> source/NN/NN.ipynb -> (nbgrader) -> release/NN/NN.ipynb
source/toolbox/     -> notebooks/toolbox/

A build also draws the README's picture, from the stored record of a real run, and writes its Binder
badges, with the address in pyproject.toml.
"""

from __future__ import annotations

import re
from pathlib import Path

from autograder.course.author import badges, parse, readme_figure, release, render, toolbox
from autograder.course.author.diff import differences
from autograder.course.author.parse import BrokenUnit, TextCell
from autograder.course.author.render import as_bytes
from autograder.course.unit import FOLDER, PICTURES, Unit, shown, written
from autograder.outcomes import UserMistake

_FIGURE = re.compile(r"figures/[\w./-]+")


def build(root: Path, check: bool = False) -> list[str]:
    """Write every generated file, and return what has changed, one sentence for each file.

    With `check` nothing is written, and the sentences say what a build would change, cell by cell.
    If one unit is broken, the others are still built. Then raises UserMistake about the broken ones
    (with `check` they are sentences like the others).
    """
    files, broken = _generate(root)
    strays = _strays(
        root, files, {unit.name for unit in written(root)} | {FOLDER} if broken else set()
    )
    if check:
        return (
            broken
            + differences(root, files)
            + strays
            + readme_figure.check(root)
            + badges.check(root)
        )
    changed = []
    for path, content in sorted(files.items()):
        if not path.exists() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            changed.append(f"{shown(root, path)}: written.")
    if broken:
        raise UserMistake("\n".join(broken))
    return changed + strays + readme_figure.draw(root) + badges.write(root)


def _generate(root: Path) -> tuple[dict[Path, bytes], list[str]]:
    """Return the content of every generated file, and a sentence for each broken unit."""
    files: dict[Path, bytes] = {}
    labs: dict[str, dict[str, bytes]] = {}
    broken = []
    for unit in written(root):
        try:
            if unit.lesson_text.exists():
                files |= _lesson(unit)
            if unit.lab_text.exists():
                labs[unit.name] = _lab(unit)
                files[unit.lab] = labs[unit.name][unit.lab.name]
        except BrokenUnit as mistake:
            broken.append(mistake.sentence)
    released, refused = release.release(labs)
    broken += [f"{shown(root, Unit(root, name).lab_text)}: {what}" for name, what in refused]
    for name, contents in released.items():
        for relative, content in contents.items():
            files[Unit(root, name).release.parent / relative] = content
    kept, refused_pages = toolbox.generate(root, files)
    return files | kept, broken + refused_pages


def _lesson(unit: Unit) -> dict[Path, bytes]:
    called = shown(unit.root, unit.lesson_text)
    cells = parse.read(unit.lesson_text, called)
    files = {unit.lesson: as_bytes(render.lesson(cells, called))}
    for name, content in _figures(unit, cells, called, f"figures/{unit.name}/").items():
        files[unit.lesson_figures / name] = content
    return files


def _lab(unit: Unit) -> dict[str, bytes]:
    """Return the files of a unit that nbgrader gets: path inside the assignment -> content."""
    called = shown(unit.root, unit.lab_text)
    cells = parse.read(unit.lab_text, called)
    files = {unit.lab.name: as_bytes(render.lab(cells, called))}
    for name, content in _figures(unit, cells, called, "figures/").items():
        files[f"figures/{name}"] = content
    return files


def _figures(unit: Unit, cells: list[TextCell], called: str, prefix: str) -> dict[str, bytes]:
    """Return the figures that the text cells name; a link to one must begin with `prefix`."""
    found = {}
    for cell in cells:
        if cell.kind != "markdown":
            continue
        for number, line in enumerate(cell.source.splitlines()):
            for link in _FIGURE.findall(line):
                where = f"{called}:{cell.line + number}"
                name = link.removeprefix(prefix)
                path = unit.figures / name
                if not link.startswith(prefix) or "/" in name:
                    raise BrokenUnit(f"{where}: write `{link}` as `{prefix}{path.name}`.")
                if path.suffix.lower() not in PICTURES:
                    raise BrokenUnit(f"{where}: `{link}` is not a picture; use svg or png.")
                if not path.is_file():
                    raise BrokenUnit(f"{where}: there is no {shown(unit.root, path)}; add it.")
                found[name] = path.read_bytes()
    return found


def _strays(root: Path, files: dict[Path, bytes], spared: set[str]) -> list[str]:
    """Name the files in generated folders that no unit makes.

    They are never deleted, because an unknown file may be a person's work. Files of the units in
    `spared` are not named, because these units may be broken.
    """
    generated = [root / "notebooks", root / "release"]
    present = [path for folder in generated for path in folder.rglob("*") if path.is_file()]
    present += (root / "source").glob("*/*.ipynb")
    return [
        f"{shown(root, path)}: no unit makes this file; delete it, or write its unit in source/."
        for path in sorted(present)
        if path not in files
        and ".ipynb_checkpoints" not in path.parts
        and not spared & {path.stem, *path.relative_to(root).parts}
    ]
