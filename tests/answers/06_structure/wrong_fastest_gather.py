# exercise: fastest
# expect: fails
# test: fastest_check
# message: `fastest` still waited

# %% answer="fastest"
async def fastest(urls):
    answers = await asyncio.gather(*map(fetch, urls), return_exceptions=True)
    return next(answer for answer in answers if not isinstance(answer, Exception))
