# Links lead out of the folder, and are written through.

# %%
import os

for target in (COURSE, "/etc", "/proc/1/root", "/proc/1/cwd", "/proc/self/root"):
    name = "link" + target.replace("/", "-")
    try:
        os.symlink(target, name)
        open(f"{name}/pwned-by-a-submission", "w").close()
        succeeded(f"wrote through a link to {target}")
    except OSError:
        pass
    try:
        os.link(f"{COURSE}/gradebook.db", "book")
        succeeded("linked the gradebook")
    except OSError:
        pass
tried()
