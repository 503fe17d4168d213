"""`python -m sandbox` is `segment-sandbox`."""

from .cli import main

main()
