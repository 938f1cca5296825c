"""One target in a process of libFuzzer's, every branch of ours counted: `tests.fuzzing` starts it."""

import sys

import atheris

with atheris.instrument_imports(include=["recsvc"]):
    from tests.fuzzing.targets import TARGETS, tried


def main() -> None:
    """Run the target that the first argument names, with libFuzzer's arguments behind it."""
    target = TARGETS[sys.argv.pop(1)]

    def once(data: bytes) -> None:
        tried(target, data)

    atheris.Setup(sys.argv, once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
