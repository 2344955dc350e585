"""Runs in a bot's process before the bot's first line, and starts `autograder.own_bot.inside`.

`process.py` puts this folder in front of PYTHONPATH. The bot's own programs may run it in any
Python, so this file parses in old versions too. When something fails here, the process ends: a bot
that runs without its guard could reach Discord.
"""

import json
import os
import sys


def _begin():
    # type: () -> None
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path) != here]
    if "UNBLOCKED_RUN" in os.environ and sys.version_info >= (3, 10):
        _load_package(os.path.dirname(os.path.dirname(here)))
        from autograder.own_bot import inside

        inside.start(json.loads(os.environ["UNBLOCKED_RUN"]))
    if sys.version_info >= (3, 4):  # noqa: UP036 a bot may start programs in an older Python
        _go_on_with_the_next()


def _load_package(folder):
    # type: (str) -> None
    """Import `autograder` from its folder; its parent folder stays off the bot's path."""
    from importlib.util import module_from_spec, spec_from_file_location

    file = os.path.join(folder, "__init__.py")
    spec = spec_from_file_location("autograder", file, submodule_search_locations=[folder])
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["autograder"] = module_from_spec(spec)
    spec.loader.exec_module(module)


def _go_on_with_the_next():
    # type: () -> None
    """Run the sitecustomize that this file hides, if there is one."""
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    spec = PathFinder.find_spec("sitecustomize", sys.path)
    if spec is not None and spec.loader is not None:
        try:
            spec.loader.exec_module(module_from_spec(spec))
        except Exception:  # `site` would print it, and go on
            sys.excepthook(*sys.exc_info())


try:
    _begin()
except BaseException:  # `site` would go on without it
    sys.excepthook(*sys.exc_info())
    sys.stderr.flush()
    os._exit(70)
