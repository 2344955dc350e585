"""`bench door`: how long a newcomer waits for the first page."""
