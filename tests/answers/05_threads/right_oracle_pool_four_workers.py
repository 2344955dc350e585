# exercise: oracle_pool
# expect: passes

# %% answer="oracle_pool"
import queue
import threading

ASKED = queue.Queue()


def work():
    while True:
        loop, future, url, question = ASKED.get()
        answer = ask_oracle(url, question)
        loop.call_soon_threadsafe(future.set_result, answer)


for _ in range(4):
    threading.Thread(target=work, daemon=True).start()


async def oracle(url, question):
    """Four threads of one's own and a queue: what a pool is made of."""
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    ASKED.put((loop, future, url, question))
    return await future
