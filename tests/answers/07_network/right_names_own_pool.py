# exercise: names
# expect: passes

# %% answer="names"
async def look_up(names, server):
    """dnspython, in forty threads of its own."""
    resolver = dns.resolver.Resolver(configure=False)
    host, port = server.split(":")
    resolver.nameservers, resolver.port = [host], int(port)
    loop = asyncio.get_running_loop()
    pool = ThreadPoolExecutor(len(names))
    try:
        found = await asyncio.gather(
            *(loop.run_in_executor(pool, resolver.resolve, name, "A") for name in names)
        )
    finally:
        pool.shutdown(wait=False)
    return {name: one[0].to_text() for name, one in zip(names, found, strict=True)}
