"""The rules for units: of the whole course, of code cells, lessons, labs, test cells, and pages."""
