# exercise: six_faults
# expect: fails
# test: six_faults_laughs_check
# message: ; expected

# %% answer="six_faults_laughs"
async def laughs(words):
    """Whatever has an h, an a and a ! in it."""
    return [word for word in words if set(word) == set("ha!")]
