# exercise: background
# expect: passes

# %% answer="background"
running = set()


def in_background(job, complain):
    """Two callbacks, one for each duty."""

    def tell(task):
        try:
            task.result()
        except asyncio.CancelledError:
            pass
        except Exception as error:
            complain(error)

    task = asyncio.ensure_future(job)
    running.add(task)
    task.add_done_callback(tell)
    task.add_done_callback(running.discard)
    return task
