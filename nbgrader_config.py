"""What nbgrader reads when it runs in this repository: it grades with the course's examiner.

If that cannot be set up, grading must stop: nbgrader alone would log one line and go on with its
own Execute, which runs a stranger's code beside the tests, in your account.
"""

c = get_config()  # noqa: F821 nbgrader provides it

try:
    from autograder.grading.configuration import configure

    configure(c)
except Exception as error:
    from nbgrader.preprocessors import NbGraderPreprocessor

    class Refuse(NbGraderPreprocessor):
        """Takes the place of everything that would run a submission."""

        why = (
            f"nbgrader_config.py cannot set up the examiner ({type(error).__name__}: {error}), so "
            f"nothing is graded. Run nbgrader with the course's own Python: .venv/bin/nbgrader"
        )

        def preprocess(self, nb, resources):
            raise RuntimeError(self.why)

    c.Autograde.sanitize_preprocessors = [Refuse]
    c.Autograde.autograde_preprocessors = [Refuse]

# Your own settings go below, for example:
# c.CourseDirectory.db_url = "postgresql://..."
