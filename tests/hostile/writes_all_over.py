# Files are written where others would find them.

# %%
import os, sys, sysconfig, pwd
import autograder

places = [
    "/",
    "/etc",
    "/usr",
    "/usr/local/bin",
    "/var/tmp",
    "/root",
    "/home",
    "/opt",
    sys.prefix,
    COURSE,
    os.path.dirname(COURSE),
    os.path.dirname(autograder.__file__),
    sysconfig.get_path("purelib"),
    sysconfig.get_path("stdlib"),
    *(p.pw_dir for p in pwd.getpwall()),
]
for place in places:
    try:
        open(f"{place}/pwned-by-a-submission", "w").close()
        succeeded(f"wrote into {place}")
    except OSError:
        pass
tried()
