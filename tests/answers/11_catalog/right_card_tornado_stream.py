# exercise: own_card
# expect: passes

# %% answer="own_card"
async def use(servers):
    """tornado's stream, and HTTP by hand."""
    import json

    import tornado.tcpclient

    host, port = servers.http.url.removeprefix("http://").partition("/")[0].split(":")
    path = "/" + servers.http.url.removeprefix("http://").partition("/")[2] + "/slow?seconds=0.45"
    stream = await tornado.tcpclient.TCPClient().connect(host, int(port))
    await stream.write(f"GET {path.replace('//', '/')} HTTP/1.0\r\n\r\n".encode())
    head, _, body = (await stream.read_until_close()).partition(b"\r\n\r\n")
    return [int(head.split()[1]), json.loads(body)["path"]]


def blocking(servers):
    """Python's own client."""
    import json
    from urllib.request import urlopen

    with urlopen(f"{servers.http.url}/slow?seconds=0.45", timeout=5) as page:
        return [page.status, json.loads(page.read())["path"]]


def card():
    """The card."""
    return Card(
        name="tornado",
        purpose="HTTP",
        twin="urllib",
        status="maintained: 6.5",
        seen="2026-11-22",
        source="PyPI",
        use=use,
        blocking=blocking,
        modules=("tornado.tcpclient",),
        servers=("http",),
    )
