# exercise: names
# expect: passes

# %% answer="names"
async def look_up(names, server):
    """The async half of dnspython, and a TaskGroup."""
    import dns.asyncresolver

    resolver = dns.asyncresolver.Resolver(configure=False)
    host, port = server.split(":")
    resolver.nameservers, resolver.port = [host], int(port)
    found = {}

    async def one(name):
        found[name] = (await resolver.resolve(name, "A"))[0].to_text()

    async with asyncio.TaskGroup() as tasks:
        for name in names:
            tasks.create_task(one(name))
    return {name: found[name] for name in names}
