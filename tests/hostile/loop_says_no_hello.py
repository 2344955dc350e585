# The loop does not tell the examiner that it began, so that nobody knocks.
# with: denies_its_blocks

# %%
from autograder.grading.examination import candidate

candidate._let_it_answer = lambda pulse: None
tried()
