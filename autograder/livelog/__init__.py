"""The live log: what the gateways see, as it happens, in a panel at the right of JupyterLab.

The events come from the process that runs the gateways, go through Jupyter's own server, and never
touch the kernel: they keep coming while a learner's code blocks its loop, or holds the GIL.

    gateway's process --(world/observers.py)--> Jupyter's server --(serving.py)--> browser

`lines.py` says what a line of the log reads. The panel, in `labextensions/`, is an extension of
JupyterLab in the form in which a browser loads it, written by hand: `remoteEntry.js` puts it in its
place, `log.js` draws it, `log.css` makes it look like JupyterLab's theme. Nothing is compiled.

Jupyter's server, and JupyterLab or Notebook 7 in the browser, find their parts in this folder
because `lab` (see `environment/bootstrap.py`) and Binder's `start` name it in JUPYTER_CONFIG_PATH
and JUPYTER_PATH. Without them (VS Code, nbconvert) there is no panel, and nothing else changes.
"""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "autograder.livelog"}]


def _load_jupyter_server_extension(server: Any) -> None:
    from autograder.livelog import serving

    serving.add_route(server.web_app)
