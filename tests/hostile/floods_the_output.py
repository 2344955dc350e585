# A hundred megabytes are printed, displayed and raised.

# %%
import os, sys
from IPython.display import HTML, display

tried()
print("x" * 50_000_000)
sys.stderr.write("y" * 50_000_000)
os.write(1, b"z" * 20_000_000)
for _ in range(600):
    display(HTML("w" * 100_000))
raise ValueError("v" * 20_000_000)
