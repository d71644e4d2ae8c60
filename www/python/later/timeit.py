"""`timeit` for functions and statements."""

from time import perf_counter as default_timer

from _timing import namespace as _cells


def timeit(stmt="pass", setup="pass", timer=default_timer, number=1000000, globals=None):
    """Seconds that `number` runs of a statement or function take."""
    return repeat(stmt, setup, timer, 1, number, globals)[0]


def repeat(stmt="pass", setup="pass", timer=default_timer, repeat=5, number=1000000, globals=None):
    """`timeit`, several times."""
    names = dict(_cells if globals is None else globals)
    if isinstance(setup, str):
        exec(setup, names)
    else:
        setup()
    if isinstance(stmt, str):
        program = compile(stmt, "<timeit>", "exec")
        call = lambda: exec(program, names)
    else:
        call = stmt
    results = []
    for _ in range(repeat):
        start = timer()
        for _ in range(number):
            call()
        results.append(timer() - start)
    return results
