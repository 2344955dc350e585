# Files are written until there is no more room.

# %%
import os

written = 0
for place in (
    ".",
    os.environ["HOME"],
    "/tmp",
    "/dev/shm",
    os.path.dirname(os.environ["HOME"]) + "/../shared",
):
    try:
        for number in range(12):
            with open(f"{place}/full-{number}", "wb") as file:
                for _ in range(20):
                    written += file.write(bytes(10_000_000))
    except OSError:
        pass
if written > 1_000_000_000:
    succeeded(f"wrote {written / 1e9:.1f} GB")
tried()
