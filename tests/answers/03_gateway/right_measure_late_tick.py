# exercise: measure_twelve
# expect: passes

# %% answer="measure_twelve"
async def measure(calls):
    """Measure what the loop feels: how late a callback is that was due at once."""
    loop, figures = asyncio.get_running_loop(), {}
    for name, call in calls.items():
        late = loop.create_future()
        due = loop.time()
        loop.call_soon(call)
        loop.call_soon(lambda: late.set_result(loop.time() - due))
        figures[name] = await late
    return figures
