# exercise: six_faults
# expect: fails
# test: six_faults_quote_check
# message: `time.sleep(seconds)`

# %% answer="six_faults_quote"
async def quote(urls):
    """As it was found."""
    page = await first_that_works(urls)
    return page["quote"]
