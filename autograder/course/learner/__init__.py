"""What learners call in the notebooks: predict, compare, progress, show, save and restore."""
