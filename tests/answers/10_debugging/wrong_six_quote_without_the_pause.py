# exercise: six_faults
# expect: fails
# test: six_faults_quote_check
# message: Keep the pause

# %% answer="six_faults_quote"
async def quote(urls):
    """The pause is gone, and with it the fault."""
    for url in urls:
        try:
            return (await first_that_works([url]))["quote"]
        except LookupError:
            pass
