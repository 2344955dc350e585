"""What a learner sees and clicks in a real Chromium.

One server, one Chromium and one page serve the whole folder: to load JupyterLab takes 4 s of CPU,
to open a notebook in a loaded one takes 1. The folder is a package so that pytest ends them after
its last test. The files run in the order of their names, as a person would go through a course.
"""
