"""`bench grading`: CPU, time and memory of grading a class: this course, stock nbgrader, otter."""
