# exercise: repair_two
# expect: fails
# test: repair_two_remind_check
# message: The bot could not send its heartbeat

# %% answer="repair_two_remind"
import threading


async def remind(ctx, seconds: float, *, what: str):
    """A thread asks the loop for heartbeats, and the loop does not listen."""
    loop, done = asyncio.get_running_loop(), threading.Event()

    async def beat():
        await ctx.bot.ws.send_heartbeat({"op": 1, "d": ctx.bot.ws.sequence})

    def heart():
        while not done.wait(0.1):
            asyncio.run_coroutine_threadsafe(beat(), loop)

    threading.Thread(target=heart, daemon=True).start()
    time.sleep(seconds)
    done.set()
    await ctx.send(f"{ctx.author.name}: {what}")
