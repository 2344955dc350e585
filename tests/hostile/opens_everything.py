# Descriptors and sockets are opened until there are none.

# %%
import os

opened = []
try:
    while len(opened) < 100_000:
        opened.append(os.open("/dev/null", os.O_RDONLY))
except OSError:
    pass
if len(opened) > 10_000:
    succeeded(f"opened {len(opened)}")
for descriptor in opened:
    os.close(descriptor)
tried()
