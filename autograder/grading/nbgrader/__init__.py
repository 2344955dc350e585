"""All that knows nbgrader: its course directory, gradebook, converters, feedback and exports."""
