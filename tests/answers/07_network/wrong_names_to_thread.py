# exercise: names
# expect: fails
# test: names_check
# message: of 40 questions at the same time

# %% answer="names"
async def look_up(names, server):
    """The default pool, which is full."""
    resolver = dns.resolver.Resolver(configure=False)
    host, port = server.split(":")
    resolver.nameservers, resolver.port = [host], int(port)
    found = await asyncio.gather(
        *(asyncio.to_thread(resolver.resolve, name, "A") for name in names)
    )
    return {name: one[0].to_text() for name, one in zip(names, found, strict=True)}
