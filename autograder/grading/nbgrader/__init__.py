"""All that knows nbgrader: its converters, gradebook, configuration, feedback and exports."""
