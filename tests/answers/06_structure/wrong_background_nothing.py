# exercise: background
# expect: fails
# test: background_check
# message: must return the task, not a NoneType

# %% answer="background"
def in_background(job, complain):
    job.close()
