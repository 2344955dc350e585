# Interfaces of the kernel that change the machine are tried.

# %%
import os

for path, text in (
    ("/proc/sys/kernel/hostname", "pwned"),
    ("/proc/sys/user/max_user_namespaces", "99"),
    ("/proc/sysrq-trigger", "h"),
    ("/proc/self/oom_score_adj", "-1000"),
    ("/proc/self/uid_map", "0 0 1"),
    ("/sys/kernel/mm/ksm/run", "0"),
):
    try:
        with open(path, "w") as file:
            file.write(text)
        succeeded(f"wrote {path}")
    except OSError:
        pass
tried()
