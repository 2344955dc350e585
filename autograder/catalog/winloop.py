"""winloop: uvloop's port to Windows."""

from __future__ import annotations

from dataclasses import replace

from autograder.catalog import uvloop

CARD = replace(
    uvloop.CARD,
    name="winloop",
    purpose="uvloop's port to Windows: faster, and it blocks just the same",
    twin="http.client",
    status="maintained: 0.8.2; Windows only",
    source="https://pypi.org/project/winloop/",
    care="Start it with winloop.run(main()).",
    modules=("winloop",),
    platforms=("win32",),
    loop="asyncio",  # the comparison runs on Windows' own loop, not on winloop
)
