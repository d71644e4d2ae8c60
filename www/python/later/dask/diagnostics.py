"""Progress, which the page shows by itself, and what ran when on which thread."""

import _bridge
import _display
from collections import namedtuple


class ProgressBar:
    """Accepted wherever Dask takes it; the page has a progress bar of its own below the cell."""

    def __init__(self, *args, **options):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def register(self):
        pass

    def unregister(self):
        pass


class CacheProfiler(ProgressBar):
    """Accepted wherever Dask takes it; takes no notes."""


TaskData = namedtuple("TaskData", ("key", "task", "start_time", "end_time", "worker_id"))
ResourceData = namedtuple("ResourceData", ("time", "mem", "cpu"))


class _Notes:
    """Takes note of the tasks that run from `register` to `unregister`."""

    def __init__(self):
        self._from = None
        self.results = []

    def __enter__(self):
        self.clear()
        self.register()
        return self

    def __exit__(self, *error):
        self.unregister()

    def register(self):
        if self._from is None:
            self._from = _bridge.call("da_trace")

    def unregister(self):
        if self._from is None:
            return
        notes = _bridge.call("da_trace", **{"from": self._from})
        self._from = None
        tasks, memory = [], []
        for note in notes:
            if note[0] is not None:
                tasks.append(note)
            elif note[1] is not None:
                memory.append(note)
            else:
                print("%s: %d more tasks have run, which are not noted one by one" % (type(self).__name__, note[2]))
        self._take(tasks, memory)

    def clear(self):
        self.results = []


class Profiler(_Notes):
    """Takes note of every task that runs, and of those that run as one under the key of the last of them.

    `results` are `TaskData`: key, the layers that ran, begin and end in seconds, and the thread; `visualize` draws a
    lane for each thread.
    """

    def _take(self, tasks, memory):
        for key, layers, start, end, thread, _ in tasks:
            task = tuple([name.rpartition("-")[0] or name for name in layers])
            self.results.append(TaskData(tuple(key), task, start, end, thread))
        # Not by the list's own sort: of the same tick of the clock they stay as they ended.
        self.results = sorted(self.results, key=lambda task: task.start_time)

    def visualize(self, show=True, **options):
        """The task stream, as a picture."""
        stream = _TaskStream(self.results)
        if show:
            _display.show(stream)
        return stream


class ResourceProfiler(_Notes):
    """Memory and processor use while tasks run.

    `results` are `ResourceData`, one as each task ends and each time that arrays take more memory or less: the time in
    seconds, the memory in MB that tasks and arrays hold together, and the threads at work in percent of one. Arrays
    count from when they are first used while this takes notes. Dask's own samples the whole process every `dt` seconds.
    """

    def __init__(self, dt=1):
        super().__init__()

    def _take(self, tasks, memory):
        begins = sorted([note[2] for note in tasks])
        ends = sorted([note[3] for note in tasks])
        begun = 0
        samples = []
        for ended, end in enumerate(ends):
            while begun < len(begins) and begins[begun] < end:
                begun += 1
            samples.append((end, 100.0 * (begun - ended)))
        held = dict([(note[3], note[5]) for note in tasks])
        self.results.extend([ResourceData(end, held[end] / 1e6, cpu) for end, cpu in samples])
        # Between tasks the thread that runs the cell is at work.
        self.results.extend([ResourceData(time, bytes / 1e6, 100.0) for _, time, bytes in memory])
        self.results = sorted(self.results, key=lambda sample: sample.time)


def visualize(profilers, show=True, **options):
    """The task stream of the profiler, or of the one among several."""
    among = profilers if isinstance(profilers, (list, tuple)) else [profilers]
    for profiler in among:
        if isinstance(profiler, Profiler):
            return profiler.visualize(show=show)
    raise TypeError("visualize draws a Profiler; the others of dask.diagnostics have no picture here")


_WIDTH = 720
_LEFT = 64
_LANE = 26
_COLOURS = ("#2a9d8f", "#e9a23b", "#5b7fd1", "#d1495b", "#8e6bbf", "#6a994e", "#b08968", "#4f5d75")


class _TaskStream:
    def __init__(self, results):
        self._results = results
        self._drawn = False

    def __repr__(self):
        return "<task stream of %d tasks>" % len(self._results)

    def _repr_svg_(self):
        # Shown already where it was drawn: the same picture is not wanted below it again.
        if self._drawn:
            return None
        self._drawn = True
        return _draw(self._results)


def _draw(results):
    if not results:
        return '<svg xmlns="http://www.w3.org/2000/svg" width="240" height="24"><text x="0" y="16" fill="currentColor">No task has run.</text></svg>'
    begin = min([task.start_time for task in results])
    end = max([task.end_time for task in results])
    scale = (_WIDTH - _LEFT - 16) / max(end - begin, 1e-9)
    threads = sorted(set([task.worker_id for task in results]))
    kinds = []
    colours = {}
    counts = {}
    seconds = {}
    for task in results:
        kind = task.task
        if kind not in colours:
            colours[kind] = _COLOURS[len(kinds) % len(_COLOURS)]
            kinds.append(kind)
        counts[kind] = counts.get(kind, 0) + 1
        seconds[kind] = seconds.get(kind, 0) + task.end_time - task.start_time
    bottom = 8 + _LANE * len(threads)
    height = bottom + 34 + 20 * len(kinds)
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-size="12" '
        'font-family="system-ui, sans-serif" role="img" aria-label="Task stream of %d tasks on %d threads in %s">'
        % (_WIDTH, height, _WIDTH, height, len(results), len(threads), _duration(end - begin))
    ]
    for lane, thread in enumerate(threads):
        top = 8 + lane * _LANE
        parts.append('<text x="0" y="%d" fill="currentColor">thread %d</text>' % (top + 16, thread))
        parts.append(
            '<rect x="%d" y="%d" width="%d" height="%d" fill="currentColor" opacity="0.06"/>'
            % (_LEFT, top, _WIDTH - _LEFT - 16, _LANE - 4)
        )
        # Tasks narrower than half a pixel are drawn as one with those of their kind that follow at once.
        run = None
        for task in results:
            if task.worker_id != thread:
                continue
            left = _LEFT + (task.start_time - begin) * scale
            right = _LEFT + (task.end_time - begin) * scale
            if run and run[2] == task.task and right - run[0] < 0.5:
                run = (run[0], right, run[2], None, run[4] + 1, run[5] + task.end_time - task.start_time)
            else:
                parts.append(_bar(run, top, colours))
                run = (left, right, task.task, task.key, 1, task.end_time - task.start_time)
        parts.append(_bar(run, top, colours))
    parts.append(
        '<text x="%d" y="%d" fill="currentColor">0</text><text x="%d" y="%d" text-anchor="end" fill="currentColor">%s</text>'
        % (_LEFT, bottom + 14, _WIDTH - 16, bottom + 14, _duration(end - begin))
    )
    for row, kind in enumerate(kinds):
        y = bottom + 28 + 20 * row
        parts.append('<rect x="%d" y="%d" width="12" height="12" rx="2" fill="%s"/>' % (_LEFT, y, colours[kind]))
        parts.append(
            '<text x="%d" y="%d" fill="currentColor">%s: %d %s, %s</text>'
            % (
                _LEFT + 18,
                y + 10,
                _escaped(", ".join(kind)),
                counts[kind],
                "task" if counts[kind] == 1 else "tasks",
                _duration(seconds[kind]),
            )
        )
    parts.append("</svg>")
    return "".join(parts)


def _bar(run, top, colours):
    if run is None:
        return ""
    left, right, kind, key, count, seconds = run
    what = "%d tasks" % count if count > 1 else repr(key)
    title = "%s: %s, %s" % (_escaped(what), _escaped(", ".join(kind)), _duration(seconds))
    return '<rect x="%.2f" y="%d" width="%.2f" height="%d" fill="%s"><title>%s</title></rect>' % (
        left,
        top,
        max(right - left, 0.5),
        _LANE - 4,
        colours[kind],
        title,
    )


def _duration(seconds):
    return "%.2f s" % seconds if seconds >= 1 else "%.2f ms" % (1000 * seconds)


def _escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
