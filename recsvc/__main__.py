"""`python -m recsvc`: the command line."""

from recsvc.cli import main

if __name__ == "__main__":
    main()
