"""What a learner does in the notebooks: predict, compare, look at progress, keep copies of work."""
