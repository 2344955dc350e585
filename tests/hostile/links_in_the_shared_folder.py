# A link in the folder that it shares with the servers leads them to a file outside.

# %%
import os

shared = os.path.join(os.path.dirname(os.path.dirname(os.environ["HOME"])), "shared")
for target, name in ((COURSE, "course"), ("/etc", "settings"), (os.environ["HOME"], "home")):
    os.symlink(target, f"{shared}/{name}")
    try:
        os.listdir(f"{shared}/{name}")
        succeeded(f"a link to {target} was followed")
    except OSError:
        pass
tried()
