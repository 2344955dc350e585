# The record is emptied of its blocks on its way out.
# with: denies_its_blocks

# %%
tried()
