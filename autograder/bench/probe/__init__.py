"""`bench probe`: labelled snippets under our probe and its peers, quiet and under load."""
