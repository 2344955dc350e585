# exercise: bounded
# expect: fails
# message: the loop stood still

# %% answer="bounded"
async def fetch_all(urls, most):
    return [requests.get(url).json() for url in urls]
