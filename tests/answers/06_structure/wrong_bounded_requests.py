# exercise: bounded
# expect: fails
# test: bounded_check
# message: the loop was held

# %% answer="bounded"
async def fetch_all(urls, most):
    return [requests.get(url).json() for url in urls]
