# exercise: stubborn
# expect: fails
# test: stubborn_check
# message: the loop was held

# %% answer="stubborn"
async def stubborn(url, patience, pause, deadline):
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        try:
            return requests.get(url, timeout=patience).json()["number"]
        except Exception:
            time.sleep(pause)
    raise TimeoutError
