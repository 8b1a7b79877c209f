"""A pipeline folder of a test: its spec, SQL and landing folder, and the tables it makes."""
import collections
import os

from read_table import Table

SPEC = """name: {name}
storage: storage
libraries:
  - glob: {{include: transformations/**}}
"""


class Pipeline:
    def __init__(self, folder, sql, name="test"):
        self.folder = str(folder)
        self.landing = os.path.join(self.folder, "landing")
        os.makedirs(os.path.join(self.folder, "transformations"), exist_ok=True)
        os.makedirs(self.landing, exist_ok=True)
        self.put("spark-pipeline.yml", SPEC.format(name=name))
        self.put("transformations/all.sql", sql)

    def put(self, name, text):
        """Writes a file below the folder, complete under its name at once."""
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        temporary = os.path.join(os.path.dirname(path), "." + os.path.basename(path))
        with open(temporary, "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())
        os.rename(temporary, path)
        return path

    def land(self, name, text):
        return self.put(os.path.join("landing", name), text)

    def path(self, table):
        return os.path.join(self.folder, "storage", "tables", "main", "default", table)

    def table(self, name):
        return Table(self.path(name))

    def rows(self, name):
        """Rows of a table that has passed all checks."""
        table = self.table(name)
        findings = table.check()
        assert findings == [], findings
        return table.rows()


def repeated(values, count):
    """What is wrong with ids that should be 1..count, each once; "" when nothing is."""
    seen = collections.Counter(values)
    twice = sorted(v for v, n in seen.items() if n > 1)
    lost = sorted(set(range(1, count + 1)) - set(seen))
    alien = sorted(set(seen) - set(range(1, count + 1)))
    if not (twice or lost or alien):
        return ""
    return (f"{len(lost)} lost {lost[:5]}, {len(twice)} doubled {twice[:5]}, "
            f"{len(alien)} alien {alien[:5]}")
