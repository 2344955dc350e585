"""A bot that prints what it finds around itself, and holds four loops before it connects."""

import asyncio
import json
import os
import sys
import time

import beside  # its own module, in its own folder

try:
    import uvloop
except ImportError:  # on Windows
    uvloop = asyncio


async def hold():
    time.sleep(0.15)


asyncio.run(hold())
loop = asyncio.new_event_loop()
loop.run_until_complete(hold())
loop.run_until_complete(hold())
loop.close()
uvloop.run(hold())
around = [sys.argv, os.getcwd(), sys.path[0], __name__, os.environ["KEPT"], beside.NAME]
print("found", json.dumps([*around, "autograder.cli" in sys.modules, "tests" in sys.modules]))
sys.exit(int(sys.argv[1]))
