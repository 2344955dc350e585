# The lab of unit 11. A package waits for 0.45 s, so that one that is async in name only holds the
# loop 4.5 times the limit of 0.1 s; the others were measured below 5 ms. A judge may be mistaken
# when the machine is, so a busy machine makes its verdicts inconclusive.

# %% [markdown]
# # Lab 11 · Judge three packages, and write a card
#
# There is one exercise (30 points) and a stretch exercise (20 points). Run the cells in order, from the
# top.
#
# Write your program into each **answer cell**, in place of `raise NotImplementedError()`, then run the
# **test cell** below it. A hidden test does the same with other inputs. The tests judge what your program
# does; exercise 2 also checks what your functions import. Stuck? Each exercise has hints below it. They
# cost no points.

# %% setup="tools" jupyter={"source_hidden": true}
import asyncio
import builtins
import dis
import random
import sys
import threading
import time
from types import ModuleType, SimpleNamespace

from autograder import catalog, watch, world
from autograder.catalog import Card
from autograder.testing import Inconclusive, WrongValue, kept, reached, wrong

servers = await world.start("http")

# %% [markdown] exercise="judge_three" limit=0.1
# ---
# ## 1 · Three packages without labels
#
# You get three packages, each with an `async def fetch(url)`. One is async all the way down, one works
# in threads, one is async in name only. Nothing says which is which, and the next packages will be
# others. So do not judge them yourself: **write the judge**.
#
# `judge(fetch, url)` calls `fetch(url)` one to ten times (the server counts). It returns a tuple: the
# kind, and **for how many seconds one call holds the loop at a time**, as you measured it.
#
# | kind | it |
# |---|---|
# | `"blocks"` | holds the loop for **100 ms** or more |
# | `"threads"` | leaves the loop free, and a thread waits for the page |
# | `"async"` | leaves the loop free, without any thread |
#
# Each page takes about half a second, for every package. Your figure for one that blocks must be
# right within a factor of two.
#
# **Worked example.** Here are the two measurements, each by itself. The first measures how late the loop
# is; here it is free. The second looks for new threads during a call. A pool keeps its threads, and a
# second call uses them again, so then no thread is new. So take both measurements during one call. (For
# the same reason `watch` runs the example on a new loop, as the test does: the loop of this notebook has
# such threads already.)

# %%
late = []
for _ in range(5):
    began = time.perf_counter()
    await asyncio.sleep(0.01)
    late.append(time.perf_counter() - began - 0.01)
print(f"the loop was late by {max(late) * 1000:.1f} ms at most")

# %%
async def in_a_thread():
    before = set(threading.enumerate())
    call = asyncio.create_task(asyncio.to_thread(time.sleep, 0.2))
    await asyncio.sleep(0.1)
    new = [thread.name for thread in set(threading.enumerate()) - before]
    await call
    return new


print("while it waits:", (await watch(in_a_thread)).value)


# %% answer="judge_three"
async def judge(fetch, url):
    """Call `fetch(url)` and return (kind, held): "blocks", "threads" or "async", and seconds."""
    ### BEGIN SOLUTION
    before, new, held = set(threading.enumerate()), set(), 0.0
    call = asyncio.create_task(fetch(url))
    while not call.done():
        began = time.perf_counter()
        await asyncio.sleep(0.01)
        held = max(held, time.perf_counter() - began - 0.01)
        new |= set(threading.enumerate()) - before
    await call
    if held >= 0.1:
        return "blocks", held
    return "threads" if new else "async", held
    ### END SOLUTION


# %% setup="judge_three_packages" jupyter={"source_hidden": true}
async def first(url):
    import requests

    return requests.get(url, timeout=5).json()


async def second(url):
    import requests

    return (await asyncio.to_thread(requests.get, url, timeout=5)).json()


async def third(url):
    import aiohttp

    # Without this, aiohttp makes a resolver of aiodns, which tidies up in a thread of its own.
    connector = aiohttp.TCPConnector(resolver=aiohttp.ThreadedResolver())
    async with aiohttp.ClientSession(connector=connector) as session, session.get(url) as page:
        return await page.json()


KINDS = {"blocks": first, "threads": second, "async": third}


async def judged(address, urls):
    """Let `judge` judge these packages. Each package learns its kind only when it is called."""
    import aiohttp
    import requests

    assert aiohttp, requests  # their first import is no package's fault
    said = {}
    for name, url in urls.items():

        async def fetch(url, name=name):
            async with reached(address) as outside:
                kind = await outside.ask("kind", name)
            return await KINDS[kind](url)

        said[name] = await judge(fetch, url)
    return said


# %% setup="judge_three_plan" jupyter={"source_hidden": true}
NAMES = ["lantern", "harbour", "pebble", "willow", "copper", "meadow", "tinder", "quarry"]


class Arrivals:
    """Three packages in any order. Only the test knows which kind each of them is."""

    def __init__(self):
        kinds = random.sample(["blocks", "threads", "async"], 3)
        self.kinds = dict(zip(random.sample(NAMES, 3), kinds, strict=True))
        self.paths = {name: f"/{name}/{random.randint(1, 10**9)}" for name in self.kinds}

    def kind(self, name):
        """Called by a package, each time that it is called itself."""
        return self.kinds[name]


async def urls_of(arrivals):
    """The pages of the packages, {name: url}; each takes about half a second."""
    for name, path in arrivals.paths.items():
        await servers.http.plan(path=path, delay=0.45, body={"from": name})
    return {name: servers.http.url + path for name, path in arrivals.paths.items()}


async def well_judged(report, arrivals):
    """Raise WrongValue for a verdict that is not right, Inconclusive when the machine may be why."""
    verdicts, counted = report.value, servers.http.counters()["paths"]
    for name, kind in arrivals.kinds.items():
        said = verdicts[name]
        calls = counted.get(arrivals.paths[name], {"requests": 0})["requests"]
        if not calls:
            raise WrongValue(f"`judge` never called `{name}`, so its verdict is a guess; call it.")
        if calls > 10:
            raise WrongValue(f"`judge` called `{name}` {calls} times; the limit is ten.")
        parts = [type(part) for part in said] if type(said) in (tuple, list) else []
        if parts not in ([str, float], [str, int]):
            raise WrongValue(f"`judge` must return a tuple of a str and a float, not {said!r}.")
        compare_verdict(report, name, kind, *said)


# %% setup="judge_three_verdict" jupyter={"source_hidden": true}
FACTS = {
    "blocks": "held the loop for 0.45 s",
    "threads": "left the loop free, and a new thread waited for its page",
    "async": "left the loop free, and no thread waited for its page",
}


def compare_verdict(report, name, kind, said, held):
    """Raise WrongValue unless kind and figure of one package are right."""
    right = (0.225 <= held <= 0.9) if kind == "blocks" else held < 0.1
    if said == kind and right:
        return
    doubtful = 0.06 if said in ("blocks", kind) else 0.3  # s late: mistaken for a block, unseen
    if report.late_by_machine > doubtful:
        raise Inconclusive("This machine was too busy to judge a judge: run the cell again.")
    if said != kind:
        raise WrongValue(f"`{name}` {FACTS[kind]}; your judge calls it {said!r}, not {kind!r}.")
    raise WrongValue(
        f"`{name}` {FACTS[kind]}. Your judge has the right kind, but it says {held:.3g} s. Return "
        "seconds, and only the time for which the loop was held."
    )


# %% test="judge_three_visible" points=15
urls = await urls_of(arrivals := Arrivals())
async with kept(arrivals) as address:
    report = await watch(judged, address, urls)
await well_judged(report, arrivals)
for name, (kind, seconds) in report.value.items():
    print(f"{name:8} {kind:8} held the loop for {seconds * 1000:4.0f} ms")
print("Right: 15 of 15 points.")

# %% [markdown]
# The hidden test has three packages of the same kinds, built in other ways.

# %% test="judge_three_hidden" points=15
print("The hidden test runs when you check the lab.")


### BEGIN HIDDEN TESTS
async def others(address, urls):
    """Let `judge` judge the packages of these names, made by hand."""
    import asyncio
    import threading
    import urllib.request

    from autograder.testing import reached

    async def named_async(url):
        await asyncio.sleep(0)
        return urllib.request.urlopen(url, timeout=5).read()

    async def own_thread(url):
        loop = asyncio.get_running_loop()
        done = loop.create_future()

        def work():
            page = urllib.request.urlopen(url, timeout=5).read()
            loop.call_soon_threadsafe(done.set_result, page)

        threading.Thread(target=work, daemon=True).start()
        return await done

    async def by_hand(url):
        host, _, path = url.removeprefix("http://").partition("/")
        reader, writer = await asyncio.open_connection(*host.split(":"))
        writer.write(f"GET /{path} HTTP/1.0\r\n\r\n".encode())
        page = await reader.read()
        writer.close()
        return page

    def package(name):
        async def fetch(url):
            async with reached(address) as outside:
                kind = await outside.ask("kind", name)
            return await kinds[kind](url)

        return fetch

    kinds = {"blocks": named_async, "threads": own_thread, "async": by_hand}
    return {name: await judge(package(name), url) for name, url in urls.items()}


urls = await urls_of(arrivals := Arrivals())
async with kept(arrivals) as address:
    report = await watch(others, address, urls)
await well_judged(report, arrivals)
### END HIDDEN TESTS

# %% [markdown] hints="judge_three"
# <details><summary>Hint 1: a question</summary>
#
# You must measure *while* the call is under way. How can you start the call without waiting for it?
# </details>
# <details><summary>Hint 2: where to look</summary>
#
# Part 2, `new_threads`. For the loop: the worked example above, or part 7 of unit 10.
# </details>
# <details><summary>Hint 3: what goes into the gaps</summary>
#
# `create_task(fetch(url))`. Until it is done, sleep for 10 ms again and again. How late is each sleep,
# and which threads are new? Keep the largest lateness and all new threads. A thread may be gone when the
# call is over, so it is too late to look afterwards.
# </details>
# <details><summary>Our answer, next to yours</summary>
#
# Save the notebook (Ctrl+S), then run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("judge_three")
# ```
#
# If `check` has not passed your answer yet, `compare` asks you to confirm. It costs no points.
# </details>
# <details><summary>Once it passes: try this</summary>
#
# Add the fourth question of the lesson: give the call 0.1 s, and ask `servers.http.counters()` whether
# the client closed the connection. Which kind do you find without looking at any thread?
# </details>

# %% [markdown] exercise="own_card" limit=0.1 stretch=true
# ---
# ## 2 · A card of your own (stretch)
#
# Write a card for a library that the catalog does **not** have yet: an async HTTP client. Two of them
# are installed already, because other libraries need them: **tornado** (JupyterLab uses it;
# `tornado.httpclient.AsyncHTTPClient`) and **httpcore** (inside httpx; `httpcore.AsyncConnectionPool`).
# You may also take another one that is installed.
#
# Both functions get the page `/slow?seconds=0.45` of `servers.http.url` and return the same list:
# the status, and the value of `"path"` in the JSON that comes back, for instance `[200, "/slow"]`.
# The contract is the catalog's:
#
# 1. both really ask the server, and return **the same**;
# 2. `blocking` holds the loop. Limit for `use`: hold the loop for less than **100 ms** at a time;
# 3. `card()` also works where the library is not installed, and there `card().missing()`, which looks at
#    `modules`, returns a sentence. So import inside `use` and `blocking`, and name in `modules` what they
#    import;
# 4. no field of the card is empty, `status` names the version that you saw, and `servers=("http",)`.
#
# **Worked example**: `autograder/catalog/aiohttp.py`, and part 7 of the lesson.


# %% answer="own_card"
async def use(servers):
    """Return [status, "path" of the JSON] of servers.http.url + "/slow?seconds=0.45"."""
    ### BEGIN SOLUTION
    import json

    from tornado.httpclient import AsyncHTTPClient

    page = await AsyncHTTPClient().fetch(f"{servers.http.url}/slow?seconds=0.45")
    return [page.code, json.loads(page.body)["path"]]
    ### END SOLUTION


def blocking(servers):
    """The same without the library, with a blocking client."""
    ### BEGIN SOLUTION
    import requests

    page = requests.get(f"{servers.http.url}/slow?seconds=0.45", timeout=5)
    return [page.status_code, page.json()["path"]]
    ### END SOLUTION


def card():
    """Return the Card of your library: `Card(name=..., purpose=..., ..., use=use, ...)`."""
    ### BEGIN SOLUTION
    return Card(
        name="tornado",
        purpose="HTTP, client and server; what Jupyter stands on",
        twin="requests",
        status="maintained: 6.5",
        seen="2026-11-22",
        source="pypi.org/project/tornado",
        use=use,
        blocking=blocking,
        modules=("tornado.httpclient", "tornado.simple_httpclient", "requests"),
        servers=("http",),
    )
    ### END SOLUTION


# %% setup="own_card_runs" jupyter={"source_hidden": true}
async def described():
    """What the card says, once all that it names is imported."""
    made = card()
    if isinstance(made.modules, str):
        return made.modules
    made.load()
    texts = {key: getattr(made, key) for key in ("name", "purpose", "twin", "status", "source")}
    return {**texts, "modules": list(made.modules), "servers": list(made.servers)}


async def done_by(which, url):
    """Let the card's `use` or `blocking` do its work; its value, and what it imports and holds."""
    made, imported = card(), set()
    function, world = getattr(made, which), SimpleNamespace(http=SimpleNamespace(url=url))
    real = builtins.__import__

    def noted(name, scope=None, *rest, **keywords):
        if (scope or {}).get("__name__") == "__main__":
            imported.add(name.partition(".")[0])
        return real(name, scope, *rest, **keywords)

    builtins.__import__ = noted
    try:
        value = function(world)
        value = await value if which == "use" else value
    finally:
        builtins.__import__ = real
    known = {*sys.stdlib_module_names, "autograder", "__main__"}
    return value, sorted(imported - known), sorted(from_above(function) - known)


def from_above(function):
    """The packages of what a function uses and has not imported itself."""
    steps = dis.get_instructions(function.__code__)
    names = {step.argval for step in steps if step.opname == "LOAD_GLOBAL"}
    used = [function.__globals__[name] for name in names if name in function.__globals__]
    homes = [one.__name__ if isinstance(one, ModuleType) else one.__module__
             for one in used if hasattr(one, "__module__") or isinstance(one, ModuleType)]  # fmt: skip
    return {home.partition(".")[0] for home in homes if home}


# %% setup="own_card_left_out" jupyter={"source_hidden": true}
async def left_out(names):
    """What the card says where these modules cannot be found."""
    kept = {name: sys.modules.get(name) for name in names}
    sys.modules.update(dict.fromkeys(names))
    try:
        return card().missing()
    finally:
        for name in names:
            del sys.modules[name]
        sys.modules.update({name: kept[name] for name in names if kept[name] is not None})


# %% setup="own_card_facts" jupyter={"source_hidden": true}
def well_described(facts):
    """Raise WrongValue unless the card is of a library that is new to the catalog, and whole."""
    if isinstance(facts, str):
        raise WrongValue(f'`modules` is a str. A tuple with one item has a comma: ("{facts}",).')
    empty = [key for key in ("name", "purpose", "twin", "status", "source") if not facts[key]]
    if empty:
        raise WrongValue(f"The card says nothing about: {', '.join(empty)}.")
    if not any(map(str.isdigit, facts["status"])):
        raise WrongValue("The card's `status` must name the version that you saw.")
    if facts["servers"] != ["http"]:
        raise WrongValue('The card needs the web server: `servers=("http",)`.')
    known = {each.name for each in catalog.cards()} | {"requests"}
    if facts["name"] in known:
        raise WrongValue(f"The catalog has `{facts['name']}` already: take another library.")
    if new := {one.partition(".")[0] for one in facts["modules"]} - known:
        return new
    raise WrongValue("`modules` names no library that is new to the catalog.")


async def worked(report, which, page, modules):
    """Raise WrongValue unless one half of the card asked the server, and names what it imports."""
    value, imported, atop = report.value
    seen = [entry for entry in await servers.http.log() if entry["path"] == page["path"]]
    if not seen:
        raise WrongValue(f"`{which}` never asked the server for /slow, below `servers.http.url`.")
    if value != [200, page["word"]]:
        raise WrongValue(f"`{which}` returned {value!r}; expected {[200, page['word']]}.")
    if atop:
        raise WrongValue(f"`{which}` uses {atop}, imported above it: import it inside `{which}`.")
    if unsaid := set(imported) - {one.partition(".")[0] for one in modules}:
        raise WrongValue(f"`{which}` imports {sorted(unsaid)}, but `modules` does not name it.")
    await servers.http.reset()
    return imported


# %% setup="own_card_contract" jupyter={"source_hidden": true}
async def new_page():
    """A page below a new address, which takes 0.45 s and holds a word that cannot be guessed."""
    base = f"/card/{random.randint(1, 10**9)}"
    page = {
        "base": servers.http.url + base,
        "path": f"{base}/slow",
        "word": random.choice("abcdef"),
    }
    page["word"] *= random.randint(5, 25)
    await servers.http.plan(path=page["path"], delay=0.45, body={"path": page["word"]})
    return page


def held(report, limit):
    """Raise WrongValue unless the twin held the loop."""
    if max((block.seconds + block.doubt for block in report.blocks), default=0.0) < limit:
        wrong(
            report,
            f"`blocking` held the loop for only {report.longest_block * 1000:.0f} ms. Use a blocking "
            "client there, so that the table can show the difference.",
        )


def skips(sentence, names):
    """Raise WrongValue unless the card said that something is missing."""
    if not sentence:
        raise WrongValue(f"Without {sorted(names)} the card says that nothing is missing.")


# %% test="own_card_visible" points=10
facts = (await watch(described)).value
new = well_described(facts)
page = await new_page()
report = await watch(done_by, "use", page["base"])
report.responsive(0.1)
imported = await worked(report, "use", page, facts["modules"])
assert new & set(imported), f"`use` imports {imported}; none of it is new to the catalog."
page = await new_page()
report = await watch(done_by, "blocking", page["base"])
await worked(report, "blocking", page, facts["modules"])
held(report, 0.1)
skips((await watch(left_out, sorted(new))).value, new)
print(f"Right: 10 of 10 points, and the catalog could have a card for {facts['name']}.")

# %% [markdown]
# The hidden test does it again, with other pages.

# %% test="own_card_hidden" points=10
print("The hidden test runs when you check the lab.")
### BEGIN HIDDEN TESTS
facts = (await watch(described)).value
new = well_described(facts)
page = await new_page()
report = await watch(done_by, "blocking", page["base"])
await worked(report, "blocking", page, facts["modules"])
held(report, 0.1)
skips((await watch(left_out, sorted(new))).value, new)
page = await new_page()
report = await watch(done_by, "use", page["base"])
report.responsive(0.1)
imported = await worked(report, "use", page, facts["modules"])
assert new & set(imported), f"`use` imports {imported}; none of it is new to the catalog."
### END HIDDEN TESTS

# %% [markdown]
# Now measure your card beside two others, in the catalog's table. In a new cell:
#
# ```python
# from autograder.catalog import measure
#
# await measure([card(), catalog.find("aiohttp"), catalog.find("httpx")])
# ```
#
# If other people should know this library: put `use`, `blocking` and the card into a file of
# `autograder/catalog/`, named after the library, with `CARD = Card(...)` at its end. The table and the
# tests find it there.

# %% [markdown] hints="own_card"
# <details><summary>Hint 1: a question</summary>
#
# How do you make one request with this library? Its documentation begins with that.
# </details>
# <details><summary>Hint 2: where to look</summary>
#
# Part 7, the card of dnspython, and the file `autograder/catalog/aiohttp.py`.
# </details>
# <details><summary>Hint 3: what goes into the gaps</summary>
#
# `page = await AsyncHTTPClient().fetch(url)` has `page.code` and `page.body` (bytes: `json.loads`
# takes them). `blocking` is two lines of `requests`. (tornado has a blocking client, too, but it refuses
# to run where a loop runs.) The card: take the one of part 7 and change each line.
# </details>
# <details><summary>Hint 4: "imports ..., but `modules` does not name it"</summary>
#
# Name there everything that `use` or `blocking` imports and that is not part of Python, also the module
# of the twin.
# </details>
# <details><summary>Our answer, next to yours</summary>
#
# Save the notebook (Ctrl+S), then run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("own_card")
# ```
#
# If `check` has not passed your answer yet, `compare` asks you to confirm. It costs no points.
# </details>
# <details><summary>Once it passes: try this</summary>
#
# Write a card for the library that your own bot depends on most.
# </details>

# %% [markdown]
# ---
# **Done?** Click **Validate** above this notebook, or run `python3 -m autograder check
# work/11_catalog/11_catalog.ipynb` in the course folder. Both run all tests, also the hidden
# ones, as your instructor would.
