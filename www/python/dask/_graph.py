"""The task graph of a lazy array as a mapping from keys to tasks, and its drawing."""

import _bridge
from _text import qualified_names, represent

# A graph of more tasks than this is not made into Python objects.
TASK_LIMIT = 100000


class Task:
    """One task: a function and the keys it takes."""

    def __init__(self, key, function, inputs, lazy):
        self.key = key
        self.func = function
        self.dependencies = inputs
        self._lazy_number = lazy

    def __repr__(self):
        return "<Task %s(%s)>" % (self.func, ", ".join([represent(key) for key in self.dependencies]))


class TaskGraph:
    """A mapping from key to task, as Dask's HighLevelGraph is. Tasks are fetched when first looked at."""

    def __init__(self, lazy, name, optimized=False):
        self._lazy_number = lazy
        self._name = name
        self._optimized = optimized
        self._tasks = None

    def _all(self):
        if self._tasks is None:
            answer = _bridge.call(
                "da_graph", lazy=self._lazy_number, optimize=self._optimized, limit=TASK_LIMIT
            )
            if answer["total"] > len(answer["tasks"]):
                raise MemoryError(
                    "the graph has %d tasks; at most %d are made into Python objects"
                    % (answer["total"], TASK_LIMIT)
                )
            # Ordered while the graph is small enough for a person to read.
            tasks = __dict__(()) if answer["total"] <= 2000 else {}
            for task in answer["tasks"]:
                key = tuple(task["key"])
                inputs = [tuple(k) for k in task["inputs"]]
                tasks[key] = Task(key, task["function"], inputs, self._lazy_number)
            self._tasks = tasks
        return self._tasks

    @property
    def layers(self):
        """The layers' names, each with its tasks."""
        found = __dict__()
        for key, task in self._all().items():
            found.setdefault(key[0], __dict__())[key] = task
        return found

    def __getitem__(self, key):
        return self._all()[key]

    def __contains__(self, key):
        return key in self._all()

    def __iter__(self):
        return iter(self._all())

    def __len__(self):
        return len(self._all())

    def keys(self):
        return self._all().keys()

    def values(self):
        return self._all().values()

    def items(self):
        return self._all().items()

    def get(self, key, default=None):
        return self._all().get(key, default)

    def to_dict(self):
        return dict(self._all())

    def visualize(self, filename=None, **options):
        fused, color = options.get("optimize_graph", False), options.get("color")
        return Drawing(self._lazy_number, self._name, fused=fused, color=color)

    def __repr__(self):
        names = list(self.layers)
        lines = ["HighLevelGraph with %d layers." % len(names)]
        return "\n".join(lines + [" %d. %s" % (i, name) for i, name in enumerate(names)])


def get_key(lazies, key):
    """The value of one key of the graph of some lazy arrays: what the page runs for a task that was clicked."""
    from dask._compute import task_value

    return task_value(_bridge.call("da_get", lazies=lazies, keys=[list(key)])[0])


class Drawing:
    """A task graph as the page draws it; `fused` draws tasks that run as one as one, `color` is what by at first."""

    def __init__(self, lazy, name, max_nodes=300, fused=False, color=None):
        if color not in (None, "", "order"):
            raise NotImplementedError(
                "visualize() colours by 'order', not by %s; state, time and size are chosen above the drawing"
                % represent(color)
            )
        self._drawing = _bridge.call("da_draw", lazies=[lazy], max_nodes=max_nodes, fused=fused)
        self._drawing["lazies"] = [[lazy, name]]
        self._drawing["fused"] = bool(fused)
        if color:
            self._drawing["colouring"] = color

    def _repr_mimebundle_(self, **options):
        return {"application/vnd.chunkbook.graph+json": self._drawing}

    def __repr__(self):
        count = self._drawing["tasks"]
        return "<task graph of %d task%s>" % (count, "" if count == 1 else "s")


qualified_names[TaskGraph] = "dask.highlevelgraph.HighLevelGraph"
qualified_names[Task] = "dask._task_spec.Task"
