"""Only a folder to put in front of a bot's path: see `sitecustomize.py`."""
