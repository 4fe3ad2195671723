"""What the system tells of processes, read from /proc."""

from pathlib import Path


def children_of(pid: int) -> list[int]:
    """Processes started by this one that are still there."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # the name, in brackets, may hold anything
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:  # it ended in the meantime
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def rss_bytes(pid: int) -> int:
    """Memory of a process that is not swapped out."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024
