"""nbgrader's Validate button: it does what `check` does, and the page stays alive meanwhile.

nbgrader's own Validate runs every cell in the server's one thread, which answers nobody until the
last has ended (20 s for the lab of unit 03); it runs no hidden tests, and says of a lesson, which
has no tests at all, that it passes them all.
"""

from __future__ import annotations

import asyncio
import html
import json
import os
import sys
from pathlib import Path
from typing import Any

from autograder.course.unit import repository
from autograder.outcomes import UserMistake

HANDLERS = "nbgrader.server_extensions.validate_assignment.handlers"


def install() -> None:
    """Put `check` behind the button, in a process that is a Jupyter server with nbgrader's."""
    if handlers := sys.modules.get(HANDLERS):
        from tornado import web

        handlers.ValidateAssignmentHandler.post = web.authenticated(_post)


async def _post(handler: Any) -> None:
    from tornado import web

    path = handler.get_argument("path", None) or handler.get_json_body()["path"]
    notebook = _inside(handler.root_dir, path)
    if notebook is None:
        raise web.HTTPError(403, f"{path} is outside of what this server serves")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "autograder.grading.nbgrader.validate_button", str(notebook)),
        cwd=repository(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complaint = await process.communicate()
    answer = said.decode(errors="replace").strip().rpartition("\n")[2]
    if process.returncode:
        answer = json.dumps({"success": False, "value": complaint.decode(errors="replace")})
    handler.finish(answer)


def _inside(root: str, path: str) -> Path | None:
    folder = Path(root).resolve()
    notebook = (folder / path).resolve()
    return notebook if notebook.is_relative_to(folder) else None


def validated(notebook: Path) -> dict[str, Any]:
    """Check a notebook, and return what nbgrader's dialog shows: cells that failed, or a word."""
    from autograder.grading import check
    from autograder.grading.examination.cells import ExaminationFailed

    try:
        _, rows, _ = check.checked(notebook, repository())
    except UserMistake as mistake:
        return {"success": False, "value": str(mistake).replace(f"{repository()}{os.sep}", "")}
    except ExaminationFailed as fault:
        return {"success": False, "value": f"The examiner itself failed, our fault: {fault}"}
    failed = [
        {
            "source": f"{row.name}: {row.score:g} of {row.points:g} points",
            "error": html.escape(row.seen.message),
            "raw_error": row.seen.message,
        }
        for row in rows
        if row.score < row.points
    ]
    return {"success": True, "value": {"failed": failed} if failed else {}}


if __name__ == "__main__":
    print(json.dumps(validated(Path(sys.argv[1]))))
