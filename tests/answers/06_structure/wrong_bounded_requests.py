# exercise: bounded
# expect: fails
# test: bounded_check
# message: the loop stood still

# %% answer="bounded"
async def fetch_all(urls, most):
    return [requests.get(url).json() for url in urls]
