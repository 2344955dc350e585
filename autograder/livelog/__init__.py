"""The live log: the events of the gateways, as they happen, in a panel at the right of JupyterLab.

The events go from the process that runs the gateways through Jupyter's own server to the browser.
They do not pass through the kernel, so they arrive even while a learner's code blocks its loop or
holds the GIL.

    gateway's process --(world/observers.py)--> Jupyter's server --(serving.py)--> browser

`lines.py` makes the text of each line. The panel, in `labextensions/`, is an extension of
JupyterLab, written by hand in the form that a browser loads, so nothing is compiled.
`remoteEntry.js` puts it into JupyterLab, `log.js` draws it, `log.css` follows JupyterLab's theme.

Jupyter's server, and JupyterLab or Notebook 7 in the browser, find their parts in this folder,
because `lab` (see `environment/bootstrap.py`) and Binder's `start` name it in JUPYTER_CONFIG_PATH
and JUPYTER_PATH. Without these variables (VS Code, nbconvert) only the panel is missing.
"""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "autograder.livelog"}]


def _load_jupyter_server_extension(server: Any) -> None:
    from autograder.livelog import serving

    serving.add_route(server.web_app)
