# exercise: names
# expect: fails
# test: names_check
# message: at most 1 of 40 questions

# %% answer="names"
async def look_up(names, server):
    """The right library, one question after the other."""
    found = {}
    async with aiodns.DNSResolver(nameservers=[server]) as resolver:
        for name in names:
            found[name] = (await resolver.query_dns(name, "A")).answer[0].data.addr
    return found
