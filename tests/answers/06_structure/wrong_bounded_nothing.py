# exercise: bounded
# expect: fails
# test: bounded_check
# message: there were 0

# %% answer="bounded"
async def fetch_all(urls, most):
    try:
        return [{"picture": "1.png"} for _ in urls]
    except BaseException:
        pass
