# exercise: names
# expect: fails
# test: names_check
# message: resolver.resolve(name

# %% answer="names"
async def look_up(names, server):
    """One question after the other, on the loop."""
    resolver = dns.resolver.Resolver(configure=False)
    host, port = server.split(":")
    resolver.nameservers, resolver.port = [host], int(port)
    return {name: resolver.resolve(name, "A")[0].to_text() for name in names}
