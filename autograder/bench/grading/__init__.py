"""`bench grading`: CPU, time and memory of grading a class, beside stock nbgrader and otter."""
