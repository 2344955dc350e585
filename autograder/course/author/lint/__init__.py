"""The rules for units, one file for each kind: the course, code, lessons, labs, test cells."""
