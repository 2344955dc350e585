# exercise: repair_five
# expect: fails
# test: repair_five_oracle_check
# message: `ask_oracle` was called on the loop, before `to_thread` was

# %% answer="repair_five_oracle"
async def oracle(url, question):
    """The brackets call the SDK here, on the loop; the thread gets its answer to call."""
    return await asyncio.to_thread(ask_oracle(url, question))
