"""What nbgrader reads before a course's own nbgrader_config.py, wherever this course is installed.

A mistake in that file makes nbgrader log one line and go on as if there were none, that is, with
its own Execute, which runs a stranger's code in your account. So the guard stands in the settings
that are left then. A file without mistakes puts the examiner in its place; a course that has
nothing to do with the examiner is let through.
"""

from nbgrader.converters import Autograde

c = get_config()  # type: ignore[name-defined]  # noqa: F821 nbgrader provides it

stock = Autograde.class_traits()["sanitize_preprocessors"].make_dynamic_default()
c.Autograde.sanitize_preprocessors = ["autograder.grading.guarding.Guard", *stock]
