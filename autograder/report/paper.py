"""The white paper below a picture, which is grey where the notebook's theme is dark.

A picture has its colours for light and for dark themes (a block is dark in the text as well), so it
is not inverted. But white paper in a dark page dazzles. JupyterLab's themes have a variable for the
colour of the page: a fifth of it makes #fff (light) stay white, and #ccc of it beside #111 (dark).
The picture is multiplied with the paper. Where a browser does not know `color-mix`, or no theme is
there, the picture is as it was drawn.
"""

PAPER = (
    "background:color-mix(in srgb,#fff 78%,var(--jp-layout-color0,#fff));isolation:isolate;"
    "border-radius:8px"
)
INK = "mix-blend-mode:multiply"
