# exercise: fetches
# expect: passes

# %% answer="fetches"
async def fetch_all(urls):
    """As they come, with their numbers, and put in order at the end."""

    async def numbered(number, url):
        return number, await fetch(url)

    found = {}
    for one in asyncio.as_completed([numbered(n, url) for n, url in enumerate(urls)]):
        number, text = await one
        found[number] = text
    return [found[number] for number in sorted(found)]
