# exercise: images
# expect: fails
# test: images_visible
# message: the loop was held

# %% answer="images"
import threading


async def portrait(photo):
    """A thread, and a `join` that waits for it with this one."""
    made = []
    thread = threading.Thread(target=lambda: made.append(jobs.shrink(photo)))
    thread.start()
    thread.join()
    return made[0]
