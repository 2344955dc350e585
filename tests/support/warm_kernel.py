"""A kernel that is forked from a process which has drawn a picture of a run: see warm.py."""

from __future__ import annotations

import os
import sys

import aiohttp
import discord.ext.commands
import ipykernel.kernelapp
import matplotlib.pyplot
from example_runs import bot
from warm import arguments

from autograder.report import timeline

# What nearly every lesson imports, 0.4 s of CPU for each of them.
IMPORTED = (aiohttp, discord.ext.commands, matplotlib.pyplot)

os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"  # as a kernel sets it
timeline.as_html(bot(), 0.1)
file, folder = arguments()
os.setsid()  # a kernel has a session of its own: see autograder/bench/hogs.py
os.chdir(folder)
sys.path.remove(os.path.dirname(__file__))  # a learner's kernel imports nothing from here
ipykernel.kernelapp.launch_new_instance(argv=["-f", file])
