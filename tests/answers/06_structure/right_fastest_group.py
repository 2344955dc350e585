# exercise: fastest
# expect: passes

# %% answer="fastest"
class Enough(Exception):
    """Thrown to end a group."""


async def fastest(urls):
    """A TaskGroup cancels the others when one of its tasks raises."""
    answers = []

    async def ask(url):
        with suppress(aiohttp.ClientError):
            answers.append(await fetch(url))
            raise Enough

    with suppress(BaseExceptionGroup):
        async with asyncio.TaskGroup() as group:
            for url in urls:
                group.create_task(ask(url))
    return answers[0]
