# The submission of another learner is read and overwritten.

# %%
path = f"{COURSE}/submitted/bo/90_toy/90_toy.ipynb"
for mode in ("r", "a", "w"):
    try:
        open(path, mode).close()
        succeeded(f"opened {path} as {mode}")
    except OSError:
        pass
tried()
