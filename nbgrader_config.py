"""What nbgrader reads when it runs in this repository.

If anything here fails, grading must stop: nbgrader itself would log one line and go on with its own
Execute, which runs a stranger's code beside the tests, in your account. Hence the SystemExit.
"""

import sys

try:
    from autograder.grading.configuration import configure

    configure(get_config())  # noqa: F821 nbgrader provides get_config
except Exception as error:
    print(
        f"nbgrader_config.py: {type(error).__name__}: {error}. Nothing was graded: run nbgrader "
        f"with the course's own Python (.venv/bin/nbgrader), in the course's folder.",
        file=sys.stderr,
    )
    raise SystemExit(2) from None

# Your own settings go below, for example:
# get_config().CourseDirectory.db_url = "postgresql://..."
