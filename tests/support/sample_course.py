"""A small course that `lint` accepts, for the tests that break one thing in it."""

from __future__ import annotations

from pathlib import Path

LESSON = """\
# The lesson that the tests break.

# %% [markdown]
# # Judge a library by its loop
# *You will* judge one. *You learn* to measure. *You need* unit 00.
#
# **You will** see. **You learn** how.
#
# - You will judge
# - You learn to look
# - You need a loop
#
# ![a loop](figures/11_catalog/loop.svg)

# %%
import asyncio

from autograder import predict, recall, watch

# %%
recall("11_catalog")

# %%
predict("?", about="sleepy")

# %% experiment="sleepy"
await asyncio.sleep(0)

# %%
predict(about="sleepy")

# %% [markdown]
# ## In your bot
# Look for it.
#
# ## In practice
# Fine print.
#
# ## You have seen
# Three things.
#
# ## Next
# Nothing.
"""

LAB = '''\
# %% [markdown]
# # Lab: judge

# %% setup="tools"
import asyncio

from autograder import watch

# %% [markdown] exercise="judge" limit=0.1
# ## 1 Judge
# Say what it is; the loop must stay free for all but 100 ms. ![a loop](figures/loop.svg)

# %% answer="judge"
async def judge(name):
    """Says "async" or "fake"."""
    ### BEGIN SOLUTION
    await asyncio.sleep(0.001)
    verdicts_of_judging = {"httpx": "async"}
    return verdicts_of_judging.get(name, "fake")
    ### END SOLUTION

# %% test="judge_visible" points=10
report = await watch(judge, "httpx")
report.returned("async").responsive(0.1);

# %% test="judge_hidden" points=20
# The same with other libraries.
### BEGIN HIDDEN TESTS
async def twice(name):
    import asyncio
    return [await judge(name), await judge(name)]

report = await watch(twice, "hidden_library")
assert report.value == ["fake", "fake"], "judge() changed its mind"
### END HIDDEN TESTS

# %% [markdown] hints="judge"
# <details><summary>1</summary>What does it wait for?</details>
# <details><summary>2</summary>The lesson.</details>
# <details><summary>3</summary>Gaps.</details>

# %% [markdown] exercise="card" limit=0.05 stretch=true
# ## 2 Your card
# At most 50 ms.

# %% answer="card"
async def card():
    """Returns a card."""
    ### BEGIN SOLUTION
    return {"name": "mine"}
    ### END SOLUTION

# %% test="card_visible" points=20
report = await watch(card)
report.responsive(0.05);
### BEGIN HIDDEN TESTS
report.returned({"name": "mine"});
### END HIDDEN TESTS

# %% [markdown] hints="card"
# <details>1</details><details>2</details><details>3</details>
'''

QUESTIONS = """\
[[question]]
id = "sleepy"
kind = "predict"
ask = "What does `sleep(0)` do?"
options = {A = "nothing", B = "it lets others run"}
right = "B"
because = {A = "It takes no time, so it seems so.", B = "The loop gets its turn."}

[[question]]
id = "what-blocks"
kind = "recall"
ask = "What blocks?"
options = {A = "all code, some less", B = "only sleep"}
right = "A"
because = {A = "Even an addition takes time.", B = "It is only the best known."}
"""

DESIGN = "Goal: judge.\nTeach: measuring.\nNot: packaging.\n"
FIGURE = '<svg xmlns="http://www.w3.org/2000/svg"/>\n'
TEST = {"judge": "judge_visible", "card": "card_visible"}
ANSWER = {
    "judge": 'async def judge(name):\n    return "fake"\n',
    "card": "async def card():\n    return {}\n",
}


def write(root: Path, name: str = "11_catalog", **texts: str) -> Path:
    """Writes the unit, with some of its texts replaced; returns its folder."""
    unit = root / "source" / name
    files = {
        "lesson.py": texts.get("lesson", LESSON).replace("11_catalog", name),
        "questions.toml": texts.get("questions", QUESTIONS),
        "design.md": texts.get("design", DESIGN),
        "figures/loop.svg": FIGURE,
    }
    if (lab := texts.get("lab", LAB)) != "":
        files["lab.py"] = lab
        for exercise, source in ANSWER.items():
            for number in (1, 2, 3):
                text = f'# %% answer="{exercise}"\n{source}'
                right = f"# exercise: {exercise}\n# expect: passes\n{text}"
                head = f"# exercise: {exercise}\n# expect: fails\n# test: {TEST[exercise]}\n"
                wrong = f"{head}# message: no\n{text}"
                folder = f"../../tests/answers/{name}"
                files[f"{folder}/right_{exercise}_{number}.py"] = right
                files[f"{folder}/wrong_{exercise}_{number}.py"] = wrong
    for path, text in files.items():
        (unit / path).parent.mkdir(parents=True, exist_ok=True)
        (unit / path).write_text(text, encoding="utf-8")
    return unit


def start_page(root: Path) -> Path:
    """Writes a unit 00 that has only a lesson, and a question for others to recall."""
    lesson = LESSON.replace('recall("11_catalog")', "asyncio").replace("sleepy", "first-beat")
    questions = QUESTIONS.replace("sleepy", "first-beat").replace("what-blocks", "what-beats")
    return write(root, "00_start_here", lesson=lesson, questions=questions, lab="")
