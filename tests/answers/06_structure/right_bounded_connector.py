# exercise: bounded
# expect: passes

# %% answer="bounded"
async def fetch_all(urls, most):
    """The client limits its connections by itself."""
    connector = aiohttp.TCPConnector(limit=most)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def get(url):
            async with session.get(url) as page:
                return await page.json()

        return await asyncio.gather(*map(get, urls))
