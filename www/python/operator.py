"""The operators as functions."""

add = lambda a, b: a + b
sub = lambda a, b: a - b
mul = lambda a, b: a * b
truediv = lambda a, b: a / b
floordiv = lambda a, b: a // b
mod = lambda a, b: a % b
pow = lambda a, b: a**b
and_ = lambda a, b: a & b
or_ = lambda a, b: a | b
xor = lambda a, b: a ^ b
neg = lambda a: -a
pos = lambda a: +a
not_ = lambda a: not a
invert = inv = lambda a: ~a
abs = abs
eq = lambda a, b: a == b
ne = lambda a, b: a != b
lt = lambda a, b: a < b
le = lambda a, b: a <= b
gt = lambda a, b: a > b
ge = lambda a, b: a >= b
is_ = lambda a, b: a is b
contains = lambda a, b: b in a
getitem = lambda a, b: a[b]
truth = bool


def itemgetter(*keys):
    if len(keys) == 1:
        return lambda owner: owner[keys[0]]
    return lambda owner: tuple([owner[key] for key in keys])


def attrgetter(*names):
    def get(owner, path):
        for name in path.split("."):
            owner = getattr(owner, name)
        return owner

    if len(names) == 1:
        return lambda owner: get(owner, names[0])
    return lambda owner: tuple([get(owner, name) for name in names])


def methodcaller(name, *args, **options):
    return lambda owner: getattr(owner, name)(*args, **options)
