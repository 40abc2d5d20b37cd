"""What the server saw, by key: a fault's name, or "listener/LABEL"."""

import threading

FIELDS = ("connections", "posts_begun", "posts_whole", "bytes", "open", "most_open")


class Counters:
    def __init__(self):
        self.lock = threading.Lock()
        self.rows = {}

    def row(self, key):
        return self.rows.setdefault(key, dict.fromkeys(FIELDS, 0))

    def add(self, key, **amounts):
        with self.lock:
            row = self.row(key)
            for field, amount in amounts.items():
                row[field] += amount
            row["most_open"] = max(row["most_open"], row["open"])

    def begin(self, key, method):
        """Counts a request whose head has come; returns how many POSTs that makes."""
        with self.lock:
            row = self.row(key)
            if method == "POST":
                row["posts_begun"] += 1
            return row["posts_begun"]

    def seen(self, key=None):
        with self.lock:
            if key is not None:
                return dict(self.rows.get(key, dict.fromkeys(FIELDS, 0)))
            return {name: dict(row) for name, row in self.rows.items()}

    def reset(self):
        """Connections that are open stay open, and are still counted as that."""
        with self.lock:
            for row in self.rows.values():
                for field in FIELDS:
                    if field != "open":
                        row[field] = 0
