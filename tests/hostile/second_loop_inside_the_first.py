# A second loop, inside of a call of the first one, answers the examiner's knocks.
# with: finds_the_pulse
# with: second_loop

# %%
import asyncio
import os

tried()
