"""Names for annotations, which are not checked."""


class _Any:
    def __getitem__(self, item):
        return self

    def __call__(self, *args, **options):
        return self

    def __or__(self, other):
        return self

    __ror__ = __or__


Any = Optional = Union = List = Dict = Tuple = Set = Callable = Iterable = Iterator = Sequence = Mapping = (
    _Any()
)
Literal = Type = Generator = ClassVar = Final = TypeVar = NoReturn = Self = _Any()
TYPE_CHECKING = False


def cast(kind, value):
    return value
