# Cells that must do the same under MicroPython in the page and under CPython 3.11 with the real
# NumPy, h5py and Dask. tests/oracle/python_shims.py --write runs them there and writes
# cells.expected.json; python-cells.test.ts runs them here and compares.
# %% fstrings
x, w, name = 3.14159, 10, 'ab'
print(f'{x:.2f}|{x:>{w}.3f}|{x!r}|{name!r:>6}|{{}}|{x=}|{x = :.1f}|{name:^7}|{5:,}|{1234567.891:,.2f}')
print(f"{'nested'} " 'plain {braces} ' f'{x:e}' f"{1 if x > 3 else 2}")
print(f'''line one {x:.1f}
line two {name}''')
print(f'{0.1 + 0.2}', f'{-83.915}', f'{1e16}', f'{123456789.123456789:.3f}', f'{0.5:.0f} {1.5:.0f} {2.5:.0f}')
print(f'{True} {None} {[1.5, "a"]} {12:05d} {12:<5}| {255:#x} {7:b} {0.25:%} {0.256:.1%}')
d = {'k': 1}
print(f"{d['k']} {(lambda v: v + 1)(2)} {x:{w}.{2}f}")
# %% percent
print('%s %r %d %5.2f|%-8s|%08.3f|%+d|%x|%%' % ('a', 'b', 3, 2.71828, 'left', 3.14159, 5, 255))
print('%(a)s and %(b).1f' % {'a': 1, 'b': 2.55})
print('%s' % 0.1, '%s' % (1, ), '%s %s' % (1.5, [0.1]))
print('%.3f' % 5191145987.62251377, '%.0f' % 0.5, '%5s|%-5s|' % ('é', 'x'))
# %% format
print('{} {1}'.replace('1', '') .format(1, 2))
print('{0:.3f} {name:>8} {0!r}'.format(1.23456, name='x'), '{:>10}|{:<10}|{:^10}|'.format('a', 'b', 'c'))
print('{:,} {:.2e} {:g} {:5d}'.format(1234567, 12345.678, 0.0001, 42), format(3.14159, '.2f'), format(12, '04d'))
# %% displays
a, b = {'x': 1}, {'y': 2}
print({**a, **b}, {**a, 'z': 3, **b}, [*range(3), 9], (*'ab', 'c'), {*[1, 1]}, [*a, *b])
first, *rest = 1, 2, 3
print(first, rest)
[p, *q] = [1, 2, 3]
print(p, q)
def f(a, /, b, *, c=1, **k):
    return a, b, c, k
print(f(1, 2, c=3, d=4), f(1, **{'b': 2}, **{'c': 5}))
# %% strings
print('abc'.ljust(6) + '|', 'abc'.rjust(6, '*'), '7'.zfill(3), '-7'.zfill(4), 'hello world'.title(), 'hELLO'.capitalize())
print('prefix_x'.removeprefix('prefix_'), 'x.py'.removesuffix('.py'), 'abc1'.isalnum(), 'a b'.isidentifier())
print('a,b'.split(','), ' x '.strip(), 'x'.join(['1', '2']), 'abc'[::-1], repr('é'), repr("it's"), repr('a\nb\t\\'))
print('a' 'b', r'\d', b'x', 'αβγ', len('αβγ'), 'x'.center(5) + '|')
# %% numbers
print(0.1, 1/3, -83.915, 1e100, 1e-7, 123456789012345680.0, 5e-324, float('inf'), float('nan'), -0.0)
print([0.1, -83.915], (1.5,), {'a': 2.5}, {1.5}, 2**100, 10**15, 7 // 2, -7 // 2, -7 % 3, divmod(7, 2), 1_000)
print(round(2.5), round(3.14159, 2), round(-1.5), round(2.675, 2), round(12345, -2), abs(-2), pow(2, 10), pow(2, 10, 7))
print(int('12'), float('1.5'), int(3.9), bool([]), max(1, 2.5), min([3, 1]), sum([0.1] * 10), sorted([3, 1, 2], reverse=True))
print((10).bit_length(), (2.0).is_integer(), hex(255), bin(5), 1e3, 3.0, 100000.0, 1e16, 12345678.9)
print(str(0.1), str([0.1, 'a']), repr(0.1 + 0.2), str(True), str(None))
# %% comprehensions
print([i * j for i in range(3) for j in range(2) if i], {k: v for k, v in zip('ab', (1, 2))}, {c for c in 'a'}, sum(i for i in range(5)))
print(list(map(lambda v: v * 2, [1, 2])), list(filter(None, [0, 1])), any(v > 1 for v in (1, 2)), all([]), list(enumerate('ab', 1)))
gen = (i ** 2 for i in range(3))
print(next(gen), list(gen))
# %% loops
total = 0
for i in range(10):
    if i == 3:
        continue
    if i == 6:
        break
    total += i
else:
    print('never')
n = 0
while n < 5: n += 1
else: print('done', n)
for i in range(2): print(i, end=' ')
for i in range(2):
    for j in range(2):
        print(i, j, end=';')
for k, v in {'a': 1}.items():
    # a comment first
    print(k, v)
for i in 1, 2: total += i
while True:
    try:
        total += 1
    finally:
        break
print(total, n)
# %% classes
class Point:
    """A point."""
    count = 0
    def __init__(self, x=0.0, *, y=1):
        self.x, self.y = x, y
        Point.count += 1
    def __repr__(self):
        return f'Point({self.x}, {self.y})'
    def __add__(self, other):
        return Point(self.x + other.x, y=self.y + other.y)
    def __eq__(self, other):
        return self.x == other.x
    @property
    def norm(self):
        return (self.x ** 2 + self.y ** 2) ** 0.5
    @staticmethod
    def zero():
        return Point()
    @classmethod
    def make(cls, v):
        return cls(v)
class Sub(Point):
    def __init__(self, x):
        super().__init__(x, y=2)
print(Point(1.5) + Point.make(2), Sub(3), Point.zero().norm, Point.count, isinstance(Sub(1), Point), [Point(0.1)])
Point(1)
# %% exceptions
try:
    {}['missing']
except KeyError as e:
    print('KeyError', e, repr(e), str(e), e.args)
try:
    1 / 0
except ZeroDivisionError as e:
    print(e)
try:
    raise ValueError('bad', 3)
except (TypeError, ValueError) as e:
    print(e, repr(e), f'{e}', '%s' % e)
try:
    undefined_name
except NameError as e:
    print(e)
class MyError(Exception):
    pass
try:
    try:
        raise MyError('mine')
    finally:
        print('finally')
except MyError as e:
    print(type(e).__name__, e)
try:
    raise RuntimeError('outer') from ValueError('inner')
except RuntimeError as e:
    print(e)
try:
    open('/no/such/file')
except FileNotFoundError as e:
    print('not found', isinstance(e, OSError), e.errno)
try:
    import pandas_does_not_exist
except ModuleNotFoundError as e:
    print(str(e).split(';')[0])
try:
    [][5]
except IndexError as e:
    print(e)
try:
    int('x')
except ValueError as e:
    print('value')
# %% tuple value
1, 'a', 0.5
# %% semicolon
5;
# %% none value
None
# %% string value
'text'
# %% long list value
list(range(40))
# %% long dict value
{f'key number {i}': [i] * 5 for i in range(5)}
# %% type value
int
# %% contextlib
from contextlib import contextmanager, suppress
@contextmanager
def managed(v):
    print('enter', v)
    try:
        yield v * 2
    finally:
        print('exit')
with managed(2) as m, suppress(KeyError):
    print(m)
    {}['x']
print('after')
# %% stdlib
import math, json, itertools, functools, collections, time, os, sys, re, string, random, io, operator, datetime, copy, struct, heapq
print(math.sqrt(2), math.pi, math.floor(2.7), json.dumps({'a': [1, 2]}), json.loads('{"b": 1.5}'))
print(list(itertools.chain([1], [2])), list(itertools.islice(itertools.count(), 3)), functools.reduce(operator.add, [1, 2, 3]))
print(collections.defaultdict(list)['x'], collections.Counter('aab').most_common(1))
print(re.match(r'(\d+)-(\d+)', '12-34').group(2), os.path.join('a', 'b'), os.path.splitext('a/b.txt'), os.path.basename('x/y'))
start = time.perf_counter(); time.sleep(0.01); print(time.perf_counter() - start >= 0.01, time.time() > 1e9)
# %% closures
def counter():
    n = 0
    def step():
        nonlocal n
        n += 1
        return n
    return step
c = counter()
print(c(), c())
def gen():
    yield 1
    yield from [2, 3]
print(list(gen()), (lambda *a, **k: (a, k))(1, b=2))
x: int = 3
if (half := x / 2) > 1:
    print(half)
@functools.lru_cache(maxsize=None)
def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
print(fib(15))
# %% pprint
from pprint import pprint, pformat
pprint({'b': 1, 'a': [1, 2, {'c': 3}]})
pprint({'key %d' % i: list(range(i * 5)) for i in range(8)})
pprint([list(range(30)), 'x' * 70, ('a' * 40, 'b' * 40)])
pprint([1.5, {'nested': {'deep': list(range(25)), 'other': tuple(range(30))}}, set(range(40))])
print(pformat({'x': 1}), pformat(['aaaaaaaaaa'] * 10, width=40), pformat(list(range(50)), compact=True))
pprint('some long text that does not fit on one line, so that it must be cut into pieces at the spaces in it')
pprint({('a', 0): 1, 'b': 2, 3: 4}, width=10)
pprint({'z': 1, 'a': 2}, sort_dicts=False)
# %% numpy scalars
import numpy as np
s = np.float64(0.5)
print(s, repr(s), s + 1, repr(s + 1), 2 * s, repr(1 / s), s ** 2, -s, abs(-s), s == 0.5, s < 1, float(s), int(np.int64(3)), bool(s))
print(f'{s:.3f} {s} {s!r}', '%.2f' % s, '{:.1f}'.format(s), str(s), [s], (s, np.int64(2)), {'a': s}, round(np.float64(1.2345), 2))
print(repr(np.int64(7) // 2), repr(np.int64(7) / 2), repr(np.int64(1) + 1.5), repr(np.float32(0.1)), np.float32(0.1), repr(np.float32(1) + 1), repr(np.bool_(True)), repr(np.float64(3) * np.int64(2)))
print([10, 20, 30][np.int64(1)], list(range(np.int64(3))), sum([s, s]), max(s, 2), sorted([np.float64(2), np.float64(1)]), np.uint8(255), repr(np.float64(1e300) * 10))
print(s.dtype, repr(s.dtype), np.dtype('f4'), repr(np.dtype('<i8')), np.float64 == s.dtype, s.dtype == 'float64', s.dtype == np.float32, np.dtype(float).itemsize, np.dtype('int16').kind)
print(np.sqrt(2), repr(np.sqrt(2.0)), repr(np.floor(2.7)), np.isnan(float('nan')), np.maximum(1, 2), np.pi, np.exp(0))
# %% numpy scalar value
np.float64(1) / 3
# %% numpy arrays
a = np.array([[1, 2, 3], [4, 5, 6]])
print(a, a.shape, a.dtype, a.ndim, a.size, len(a), a.nbytes)
print(repr(a), repr(a * 1.5), a + a, a.T, a[0], a[:, 1], a[-1, -1], repr(a[0, 0]), a[::-1], a[..., 0], a[:, ::2])
print(a.sum(), a.mean(), a.var(), a.std(), a.min(), a.max(), a.sum(axis=0), a.mean(axis=1), a.sum(axis=1, keepdims=True), a.prod(), a.any(), a.all())
print(2 - a, a ** 2, a > 2, (a > 2).sum(), -a, a / 2, a // 2, a % 2, 1 / np.array([1.0, 2.0]), a == a, a != 1)
b = a[0]; b[1] = 99
print(a, b)
a[1] = [7, 8, 9]; a[:, 0] = 0; a[0, 2] = -1
print(a, a.tolist(), a.reshape(3, 2), a.ravel(), a.reshape(-1), a.flatten().shape)
c = a.copy(); c += 1; c *= 2
print(c, a.astype(float), a.astype('float32').dtype, list(a[0]), [int(v) for v in a[0]])
for row in a: print(row)
print(np.zeros((2, 3)), np.ones(3), np.full((2, 2), 7), np.arange(5), np.arange(0, 1, 0.25), np.concatenate([a, a]).shape, np.array([True, False]))
print(np.sum(a), np.mean([1, 2, 3]), np.var([1.0, 2.0]), np.max(a), np.abs(np.array([-1.5, 2])), np.allclose([1.0], [1.0 + 1e-9]), np.array_equal([1, 2], [1, 2]))
print(a[a > 0], a[[0, 1]].shape, np.where(a > 0, a, 0), 3 in a, a.argmax(), float(np.array([2.5])[0]), a[np.newaxis].shape, a[:, None].shape)
print(np.array([1.5, 2.5])[1:], np.array([[1.0]]).item(), (np.arange(6).reshape(2, 3) * 2).T.shape, np.isnan(np.array([1.0, float('nan')])))
# %% numpy array value
np.array([[0.5, 1.25], [3, 4]])
# %% numpy print
print(np.array([1.0, 2.5, 1000.25]), np.array([1e-5, 1.0]), np.array([1e10, 1.0]), np.array([0.1, 0.25, 1/3]), np.array([1e8]), np.array([123456.789, 0.001]))
print(np.array([float('nan'), 1.0, float('inf'), -float('inf')]), np.array([-0.5, 10.0]), np.array([100000.0, 0.5]), np.array([0.0001, 0.5]), np.array([0.0]), np.array([]))
print(np.arange(2000.0), repr(np.arange(2000.0)), np.arange(1200).reshape(30, 40))
print(repr(np.arange(10000).reshape(100, 100)), repr(np.zeros((2, 3, 4))), repr(np.ones((2, 2), dtype='float32')), repr(np.zeros((0, 3))))
print(np.arange(100), np.arange(30) / 7, repr(np.arange(30) / 7), np.array([[1.5, -2.25], [100.125, 0.0625]]), np.array([True, False, True]))
print(np.array([1e-300, 1.0]), np.array([1.23456789012345, 2.1]), np.array([12345678.9, 1.0]), np.array([-1, 10, 100]), np.array([[1e5, 1e-5]]), np.array([5e-324]))
print(np.arange(6, dtype='float32') / 3, np.array([1e-5, 65504, 0.1], dtype='float32'), np.float32(2) / 3, np.float16(0.1), repr(np.float16(1) / 3))
print(repr(np.array([0.1, 0.2], dtype='float32')), np.array([1e7, 1.0], dtype='float32'), repr(np.array([1, 2], dtype='uint8')), np.array([1/3], dtype='float32'))
# %% numpy errors
def attempt(call):
    try:
        call()
    except Exception as e:
        print(type(e).__name__, e)
attempt(lambda: a[10])
attempt(lambda: a[0, 0, 0])
attempt(lambda: bool(a))
attempt(lambda: a + np.ones(7))
attempt(lambda: a.reshape(4, 4))
attempt(lambda: a.sum(axis=5))
attempt(lambda: np.array([[1, 2], [3]]))
attempt(lambda: a.__setitem__(0, [1, 2, 3, 4]))
attempt(lambda: np.zeros((0,)).max())
attempt(lambda: np.zeros(3, dtype=int).__iadd__(1.5))
attempt(lambda: float(a))
print(np.zeros((0,)).sum(), np.zeros((0, 3)).shape)
# %% h5py
import h5py
with h5py.File('cells.h5', 'w') as f:
    d = f.create_dataset('/data', shape=(6, 4), dtype='float64', chunks=(2, 4))
    for i in range(0, 6, 2):
        d[i:i + 2] = np.arange(8).reshape(2, 4) + i
    d[0, 1] = 50; d[:, 3] = 7; d[5] = np.ones(4); d[1:3, 0] = [8, 9]
    g = f.create_group('g')
    e = g.create_dataset('ints', data=np.array([1, 2, 3]))
    g.attrs['note'] = 'text'; g.attrs['n'] = 3; f.attrs['list'] = [1.5, 2.5]
    print(d, f, g, e, d.shape, d.dtype, d.chunks, d.size, len(d), d.ndim, d.name, e.name, d.maxshape, d.compression, d.nbytes)
    print(list(f), list(f.keys()), f.keys(), 'data' in f, 'nope' in f, 'g/ints' in f, f['g/ints'][:], f['g']['ints'][1], d.parent, d.file.filename, len(f))
    f.visit(print)
    f.visititems(lambda name, item: print(name, item))
    print(g.attrs['note'], repr(g.attrs['n']), f.attrs['list'], list(g.attrs), 'note' in g.attrs, dict(g.attrs), f.name, g.name)
    print(d[()].shape, d[...].sum(), d[0], d[-1, -1], d[1:3, ::2], d[4:100].shape, d[5:2].shape, type(d), type(g), type(f), isinstance(f, h5py.Group))
f, d, bool(f), d
# %% h5py read
f = h5py.File('cells.h5', 'r')
d = f['/data']
print(d[:], d[:].mean(), np.sum(d), d[2:4].tolist(), repr(d[0, 0]))
print('nope' in f, f.get('nope'), f.get('nope', 3))
for t in (lambda: d[40], lambda: d[::-1], lambda: d[0, 0, 0], lambda: d['field'], lambda: h5py.File('cells.h5', 'q')):
    attempt(t)
f.close()
print(f, d, f'{f}')
# %% dask
import dask, dask.array as da
f = h5py.File('cells.h5', 'r')
x = da.from_array(f['data'], chunks=f['data'].chunks)
print(x, x.shape, x.dtype, x.chunks, x.chunksize, x.numblocks, x.npartitions, x.ndim, x.size, x.nbytes, len(x))
print(repr(x.sum()), repr(x.max(axis=0)), repr(x + 1), x.sum().compute(), repr(x.mean().compute()), x.mean(axis=0).compute(), (x + 1).sum().compute(), (x * x).mean().compute())
print(dask.compute(x.sum(), x.max(), {'a': x.min()}), repr(x.std(ddof=1).compute()), da.sum(x).compute(), np.sum(x).compute(), (x > 2).sum().compute(), x[0].compute(), x[1:3, 2].compute())
print(x.compute().shape, da.from_array(np.arange(10), chunks=4), da.from_array(np.arange(10), chunks=(4, )).chunks, float(x.sum()), type(x))
with dask.config.set(scheduler='synchronous'):
    print(x.sum().compute())
attempt(lambda: bool(x > 1))
from dask.diagnostics import ProgressBar
import dask.threaded, dask.multiprocessing
total = x.sum()
key = total.__dask_keys__()[0]
print(len(key), key[0].rpartition('-')[0], dask.threaded.get(total.dask, key), dask.threaded.get(dict(total.dask), [key]))
# %% dask value
x.sum().compute()
# %% print options
print('a', 'b', sep='-', end='!\n', flush=True)
print()
print([np.float64(1.5), None], np.array([1, 2]), 'x', 1.0, sep='\n')
import sys
sys.stdout.write('written\n')
print('to stderr is elsewhere', file=sys.stdout)
# %% order
d = {'z': 1, 'a': 2, **{'m': 3}, 'b': 4}
d['first'] = 0
del d['a']
print(d, list(d), dict(d), dict([('q', 1), ('p', 2)]), {k: v for k, v in zip('zyx', range(3))}, {}, dict(), {1: {}}, isinstance(d, dict))
nested = {
    'one': [1, 2],  # a comment
    'two': {'three': 3},
}
print(nested, nested['two']['three'], {**nested}, len({**d, **nested}), {'a': 1}.get('b', 'none'))
print(json.dumps({'z': 1, 'a': [1.5, None, True]}))
# %% dates
import datetime
first = datetime.date(2000, 1, 1)
print([first + datetime.timedelta(days=40), datetime.timedelta(0), datetime.timedelta(hours=-5), datetime.timedelta(days=29, microseconds=3)])
print([datetime.datetime(2000, 1, 1) + datetime.timedelta(days=5), datetime.datetime(1999, 12, 31, 23, 59, 58), datetime.datetime(1, 2, 3, 4, 5, 0, 7)])
first
# %% slices
s = 'abcdef'
print(s[::-1], s[::2], s[1:5:2], s[-1:0:-2], (1, 2, 3)[::-1], [1, 2, 3][::-1], b'abc'[::-1], list(range(10)[::3]))
l = list(range(6))
print(l, l[slice(1, 3)], l[slice(None, None, 2)], np.arange(10)[::-3], np.arange(10)[slice(2, 4)])
m = np.zeros((2, 4)); m[:, ::2] = 1; m[0, ::-1] += 2
print(m)
# %% comparisons
v = np.float64(0.5)
print(0 < v < 1, 0.25 < v, 1 > v, 1 <= v, 3 == v, 0 < np.int64(3) <= 3, 1 < 2 < 3 > 0, 'a' < 'b', 3 > max(1, v), min(2, v), sorted([2, v, 1]))
print((0 < np.array([-1, 1])), (1 >= np.array([0, 1, 2])), max([v, 1, 2.5]), max([1, 2], key=lambda q: -q), min('b', 'a'), max(range(3)))
i = 0
while 0 <= i < len('abc'): i += 1
print(i, 5 in (1, 5), None is None, not 3 < 2, (1, 2) < (1, 3))
print(sorted(range(40), key=lambda q: q % 3), sorted(range(40), key=lambda q: -(q % 3), reverse=True), sorted('bBaAcC', key=lambda q: q.lower()), sorted([3, 1, 2], reverse=True))
l = list(range(40)); l.sort(key=lambda q: q % 3); print(l); l.sort(key=lambda q: -(q % 2), reverse=True); print(l, l.sort(), l)
print(sorted([np.float64(q % 2) for q in range(4)] + [1], key=lambda q: -q), collections.Counter('mississippi and more').most_common())
# %% itertools and friends
print(list(itertools.product('ab', [1, 2])), list(itertools.permutations([1, 2, 3], 2))[:3], list(itertools.combinations('abc', 2)), list(itertools.chain.from_iterable([[1], [2]])))
print([(k, list(g)) for k, g in itertools.groupby('aab')], list(itertools.accumulate([1, 2, 3])), list(itertools.zip_longest([1], 'ab')), list(itertools.takewhile(lambda q: q < 2, range(5))))
print(math.gcd(12, 18), math.hypot(3, 4), math.fsum([0.1] * 10), math.comb(5, 2), math.prod([2, 3]), math.isqrt(17), math.log(8, 2), math.tau)
print(collections.Counter('banana').most_common(2), collections.OrderedDict(a=1)['a'], collections.deque([1, 2, 3], maxlen=2)[0], collections.namedtuple('P', 'x y')(1, 2).x)
print(re.findall(r'\d+', 'a1b22'), re.sub('a', 'b', 'banana'), re.split(',', 'a,b'), bool(re.search('x', 'y')), operator.itemgetter(1)([5, 6]), operator.mul(2, 3))
print(functools.partial(pow, 2)(3), [1, 2] + [3], [0] * 3, 'ab' * 2, (1,) + (2,), {1, 2} & {2})
