"""`python -m vedette.cli` is `vedette`."""

from vedette.cli.root import main

if __name__ == "__main__":
    main()
